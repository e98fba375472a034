/* From the text of an experiment file to a checked experiment. */
#include "spec/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "spec/matrix.h"
#include "spec/modes.h"
#include "spec/read.h"
#include "spec/rows.h"
#include "spec/value.h"

static int set_defaults(swb_experiment *experiment, swb_error *error)
{
    char why[512];
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        swb_option_value value;
        const swb_option *option = &swb__setting_at(id)->option;
        experiment->owners[id].axis = -1;
        if (option->fallback == NULL) {
            continue;
        }
        if (!swb__value_parse(&value, option, option->fallback, why, sizeof why)) {
            return swb__fail(error, SWB_EINVAL, "default of %s: %s", option->name, why);
        }
        swb__setting_store(&experiment->base, id, &value);
    }
    return SWB_OK;
}

/* "dir/sizes.yaml" names the experiment "sizes"; what could not be a name, "experiment". */
static int name_by_file(swb_experiment *experiment, swb_error *error)
{
    const char *slash = strrchr(experiment->file, '/');
    const char *from = slash == NULL ? experiment->file : slash + 1;
    const char *dot = strrchr(from, '.');
    size_t length = dot == NULL || dot == from ? strlen(from) : (size_t)(dot - from);
    char *name = swb__arena_text(&experiment->arena, from, length < 64 ? length : 64);
    if (name == NULL) {
        return swb__fail_nomem(error);
    }
    experiment->name = swb__is_name(name) ? name : "experiment";
    return SWB_OK;
}

/* Reads the keys that hold one value for the whole experiment; `others` are all other keys. */
static int read_whole(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *root,
                      const char *others)
{
    swb__fields fields = {.list = swb__whole_options};
    int status = swb__read_options(&fields, 1, others, reader, root);
    if (status != SWB_OK) {
        return status;
    }
    if (fields.places[SWB__WHOLE_VERSION].line == 0) {
        return swb__refuse(reader, root, "no format version; begin the file with 'swarmbench: 1'");
    }
    experiment->seed = (uint64_t)fields.values[SWB__WHOLE_SEED].integer;
    experiment->allow_stand_in = fields.values[SWB__WHOLE_ALLOW_STAND_IN].integer != 0;
    experiment->name = fields.values[SWB__WHOLE_NAME].string;
    if (experiment->name == NULL) {
        return name_by_file(experiment, reader->error);
    }
    if (!swb__is_name(experiment->name)) {
        char shown[SWB__EXCERPT_BYTES];
        return swb__refuse_place(reader, fields.places[SWB__WHOLE_NAME],
                                 "'%s' cannot be the name of an experiment; " SWB__NAME_RULE,
                                 swb__excerpt(shown, sizeof shown, experiment->name));
    }
    return SWB_OK;
}

static int read_baseline(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    swb__names names = {{NULL}, 0};
    if (node == NULL) {
        return SWB_OK;
    }
    for (size_t i = 0; i < experiment->mode_count; i++) {
        if (strcmp(experiment->modes[i].name, swb__node_text(node)) == 0) {
            experiment->baseline = i;
            return SWB_OK;
        }
        swb__names_add(&names, experiment->modes[i].name);
    }
    return swb__refuse_unknown(reader, node, "mode", &names);
}

static int read_verdict(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    swb__fields fields = {.list = swb__verdict_options};
    int status = node == NULL ? SWB_OK
                              : swb__expect(reader, node, YAML_MAPPING_NODE, "verdict",
                                            "{margin: 20%, confidence: 95%}");
    if (status == SWB_OK) {
        status = swb__read_options(&fields, 1, NULL, reader, node);
    }
    if (status == SWB_OK) {
        experiment->margin = fields.values[SWB__VERDICT_MARGIN].number;
        experiment->confidence = fields.values[SWB__VERDICT_CONFIDENCE].number;
    }
    return status;
}

static void take_base(swb_experiment *experiment, const swb__rows *base)
{
    for (size_t i = 0; i < base->width; i++) {
        const swb__assignment *given = base->cells[i];
        experiment->base_places[given->setting] = given->place;
        if (given->faults == NULL) {
            swb__setting_store(&experiment->base, given->setting, &given->value);
            continue;
        }
        experiment->base_faults = given->faults;
        experiment->base.fault_count = given->faults->count;
        memcpy(experiment->base.faults, given->faults->items, sizeof experiment->base.faults);
    }
}

static int describe_base(swb_experiment *experiment, swb_error *error)
{
    static const swb__fault_list none = {0};
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        swb__assignment base = {.setting = id};
        if (id == SWB__FAULTS) {
            base.faults = experiment->base_faults != NULL ? experiment->base_faults : &none;
        } else {
            swb__setting_load(&base.value, &experiment->base, id);
        }
        base.unset = swb__setting_at(id)->option.fallback == NULL && id != SWB__FAULTS &&
                     experiment->base_places[id].line == 0;
        experiment->base_texts[id] = swb__assignment_text(&experiment->arena, &base);
        if (experiment->base_texts[id] == NULL) {
            return swb__fail_nomem(error);
        }
    }
    return SWB_OK;
}

/* Reads what the top level says about settings: it holds for all cells. */
static int read_base(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *root)
{
    swb__rows base;
    int status = swb__rows_start(&base, reader);
    if (status != SWB_OK) {
        return status;
    }
    for (swb__member m = swb__members(reader, root); status == SWB_OK && swb__next_member(&m);) {
        if (swb__is_setting("", swb__node_text(m.key))) {
            status = swb__rows_add(&base, reader, "", m.key, m.value, SWB__LISTS_REFUSED);
        }
    }
    if (status == SWB_OK) {
        take_base(experiment, &base);
        status = describe_base(experiment, reader->error);
    }
    swb__rows_finish(&base);
    return status;
}

/* The keys of the top level that are no plain options: settings, sections and those below. */
static void top_keys(char *out, size_t size)
{
    swb__names names = {{NULL}, 0};
    size_t used = (size_t)snprintf(out, size, "modes|matrix|order|verdict|deploy");
    swb__setting_names(&names, "");
    for (size_t i = 0; i < names.count && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "|%s", names.items[i]);
    }
}

/* The parts in the order in which they need each other; a reader is given NULL for a part that the
 * file does not have. */
static int read_experiment(swb_experiment *experiment, swb__reader *reader)
{
    static const struct {
        const char *key;
        int (*read)(swb_experiment *, swb__reader *, const yaml_node_t *);
    } parts[] = {
        {"deploy", swb__read_deploy},       {"modes", swb__read_modes},
        {"deploy", swb__read_deploy_nodes}, {"baseline", read_baseline},
        {"verdict", read_verdict},          {NULL, read_base},
        {"order", swb__read_order},         {"matrix", swb__read_matrix},
    };
    char others[512];
    const yaml_node_t *root = swb__document_root(reader);
    experiment->top = swb__place_of(root);
    top_keys(others, sizeof others);
    int status = read_whole(experiment, reader, root, others);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == SWB_OK; i++) {
        const char *key = parts[i].key;
        status = parts[i].read(experiment, reader,
                               key == NULL ? root : swb__mapping_get(reader, root, key));
    }
    return status;
}

/* An experiment is known to be sound when all of its cells are. */
static int check_cells(swb_experiment *experiment, swb_error *error)
{
    uint64_t *points;
    uint64_t count;
    int status = swb__expand(&points, &count, experiment, error);
    if (status == SWB_OK) {
        status = swb__digest(experiment, points, count, error);
        free(points);
    }
    return status;
}

static swb_experiment *make(const char *text, size_t length, const char *name)
{
    swb_experiment *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->text = swb__arena_text(&made->arena, text, length);
    made->file = swb__arena_text(&made->arena, name, strlen(name));
    if (made->text == NULL || made->file == NULL) {
        swb_experiment_destroy(made);
        return NULL;
    }
    return made;
}

int swb_experiment_parse(swb_experiment **out, const char *text, size_t length, const char *name,
                         swb_error *error)
{
    if (out == NULL || text == NULL || name == NULL) {
        return swb__fail(error, SWB_EINVAL, "out, text and name are required");
    }
    swb_experiment *experiment = make(text, length, name);
    if (experiment == NULL) {
        return swb__fail_nomem(error);
    }
    swb__reader reader = {.file = experiment->file, .error = error, .arena = &experiment->arena};
    int status = set_defaults(experiment, error);
    if (status == SWB_OK) {
        status = swb__document_load(&reader, text, length);
    }
    if (status == SWB_OK) {
        status = read_experiment(experiment, &reader);
        swb__document_unload(&reader);
    }
    if (status == SWB_OK) {
        status = check_cells(experiment, error);
    }
    if (status != SWB_OK) {
        swb_experiment_destroy(experiment);
        return status;
    }
    *out = experiment;
    return SWB_OK;
}

int swb_experiment_load(swb_experiment **out, const char *path, swb_error *error)
{
    if (out == NULL || path == NULL) {
        return swb__fail(error, SWB_EINVAL, "out and path are required");
    }
    char *text;
    size_t length;
    int status = swb__read_file(&text, &length, path, SWB__TEXT_MAX_BYTES, error);
    if (status == SWB_ENOSPACE) {
        return swb__fail_at(error, SWB_EINPUT, path, 1, 1, "the file is longer than 1 MiB");
    }
    if (status != SWB_OK) {
        return status;
    }
    status = swb_experiment_parse(out, text, length, path, error);
    free(text);
    return status;
}

void swb_experiment_destroy(swb_experiment *experiment)
{
    if (experiment == NULL) {
        return;
    }
    swb__matrix_finish(experiment);
    swb__arena_finish(&experiment->arena);
    free(experiment);
}
