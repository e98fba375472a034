#include "spec/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "spec/read.h"
#include "spec/rows.h"
#include "spec/value.h"

#define BIT(setting) (UINT64_C(1) << (setting))
#define EXCLUDES_MAX 1000

/* Refuses a key that is neither a setting nor the name of a list of rows. */
static int refuse_axis(swb__reader *reader, const yaml_node_t *key)
{
    const char *name = swb__node_text(key);
    if (strncmp(name, "modes.", 6) == 0) {
        char shown[SWB__EXCERPT_BYTES];
        return swb__refuse(reader, key,
                           "'%s' is not an axis: an option of a driver is varied by "
                           "one mode for each of its values",
                           swb__excerpt(shown, sizeof shown, name));
    }
    swb__names names = {{NULL}, 0};
    char paths[SWB__SETTING_COUNT][64];
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        swb__names_add(&names, swb__setting_path(paths[id], sizeof paths[id], id));
    }
    return swb__refuse_unknown(reader, key, "axis", &names);
}

/* An axis of another name than a setting's is a list of rows. */
static bool is_composite(swb__reader *reader, const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return false;
    }
    swb__member first = swb__members(reader, node);
    return swb__next_member(&first) && first.value->type == YAML_MAPPING_NODE;
}

static int read_axis_rows(swb__rows *out, swb__reader *reader, const yaml_node_t *key,
                          const yaml_node_t *node)
{
    const char *name = swb__node_text(key);
    bool setting = swb__is_setting("", name);
    if (!setting && (strchr(name, '.') != NULL || !is_composite(reader, node))) {
        return refuse_axis(reader, key);
    }
    int status = swb__expect(reader, node, YAML_SEQUENCE_NODE, "an axis", "size: [2, 8, 16]");
    if (status != SWB_OK || !setting) {
        return status != SWB_OK ? status : swb__rows_read(out, reader, "", node);
    }
    status = swb__rows_start(out, reader);
    if (status == SWB_OK) {
        status = swb__rows_add(out, reader, "", key, node, SWB__LISTS_EXPANDED);
        if (status != SWB_OK) {
            swb__rows_finish(out);
        }
    }
    return status;
}

/* Whether two rows of an axis give a setting different values. */
static bool varies(const swb__rows *rows, size_t column)
{
    const swb__assignment *first = rows->cells[column];
    for (size_t row = 1; row < rows->count; row++) {
        const swb__assignment *other = rows->cells[row * rows->width + column];
        if (first == NULL || other == NULL || first->faults != NULL) {
            if (first != other) {
                return true;
            }
        } else if (swb__value_compare(&swb__setting_at(first->setting)->option, &first->value,
                                      &other->value) != 0) {
            return true;
        }
    }
    return false;
}

/* Gives the settings of the axis that was read last to it. */
static int own_settings(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *key)
{
    char path[64];
    const swb__axis *axis = &experiment->axes[experiment->axis_count];
    for (size_t column = 0; column < axis->rows.width; column++) {
        size_t setting = axis->rows.columns[column];
        swb__owner *owner = &experiment->owners[setting];
        swb__setting_path(path, sizeof path, setting);
        if (swb__setting_at(setting)->no_axis) {
            return swb__refuse(reader, key, "%s holds for the whole experiment and is not an axis",
                               path);
        }
        if (owner->axis >= 0) {
            return swb__refuse(reader, key, "%s is set by axis '%s' already", path,
                               experiment->axes[owner->axis].name);
        }
        owner->axis = (int)experiment->axis_count;
        owner->column = column;
        owner->varies = varies(&axis->rows, column);
    }
    return SWB_OK;
}

static int read_axis(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *key,
                     const yaml_node_t *node)
{
    const char *name = swb__node_text(key);
    if (experiment->axis_count == SWB__AXES_MAX) {
        return swb__refuse(reader, key, "more than %d axes", SWB__AXES_MAX);
    }
    swb__axis *axis = &experiment->axes[experiment->axis_count];
    axis->place = swb__place_of(key);
    axis->name = swb__arena_text(reader->arena, name, strlen(name));
    if (axis->name == NULL) {
        return swb__fail_nomem(reader->error);
    }
    int status = read_axis_rows(&axis->rows, reader, key, node);
    if (status != SWB_OK) {
        return status;
    }
    uint64_t points = swb__matrix_points(experiment);
    status = own_settings(experiment, reader, key);
    experiment->axis_count++;
    if (status == SWB_OK && axis->rows.count > SWB__CELLS_MAX / points) {
        status = swb__refuse(reader, key, "the matrix has more than %u cells with this axis",
                             (unsigned)SWB__CELLS_MAX);
    }
    return status;
}

static int read_excludes(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    int status =
        swb__expect(reader, node, YAML_SEQUENCE_NODE, "exclude", "[{file_size: 5GB, size: 32}]");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(node);
    experiment->exclude_place = swb__place_of(node);
    if (count > EXCLUDES_MAX) {
        return swb__refuse(reader, node, "%zu rows of exclude; at most %d", count, EXCLUDES_MAX);
    }
    experiment->excludes = swb__arena_array(reader->arena, count, sizeof *experiment->excludes);
    if (experiment->excludes == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        swb__rows *rows = &experiment->excludes[experiment->exclude_count];
        status = swb__expect(reader, m.value, YAML_MAPPING_NODE, "a row of exclude",
                             "{file_size: 5GB, size: 32}");
        if (status == SWB_OK) {
            status = swb__rows_read(rows, reader, "", m.value);
        }
        if (status != SWB_OK) {
            return status;
        }
        experiment->exclude_count++;
        if (rows->width == 0) {
            return swb__refuse(reader, m.value, "an empty row excludes every cell");
        }
    }
    return SWB_OK;
}

int swb__read_matrix(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, "matrix", "{size: [2, 8, 16]}");
    for (swb__member m = swb__members(reader, node); status == SWB_OK && swb__next_member(&m);) {
        if (strcmp(swb__node_text(m.key), "exclude") == 0) {
            status = read_excludes(experiment, reader, m.value);
        } else {
            status = read_axis(experiment, reader, m.key, m.value);
        }
    }
    return status;
}

void swb__matrix_finish(swb_experiment *experiment)
{
    for (size_t i = 0; i < experiment->axis_count; i++) {
        swb__rows_finish(&experiment->axes[i].rows);
    }
    for (size_t i = 0; i < experiment->exclude_count; i++) {
        swb__rows_finish(&experiment->excludes[i]);
    }
}

static int add_order(swb_experiment *experiment, uint64_t *seen, swb__reader *reader,
                     const yaml_node_t *node)
{
    int status = swb__expect(reader, node, YAML_SCALAR_NODE, "an item of order.by", "file_size");
    if (status != SWB_OK) {
        return status;
    }
    int setting = swb__setting_find("", swb__node_text(node));
    if (setting < 0) {
        swb__names names = {{NULL}, 0};
        char paths[SWB__SETTING_COUNT][64];
        for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
            swb__names_add(&names, swb__setting_path(paths[id], sizeof paths[id], id));
        }
        return swb__refuse_unknown(reader, node, "setting", &names);
    }
    if (setting == SWB__FAULTS) {
        return swb__refuse(reader, node, "faults have no order to sort by");
    }
    if (*seen & BIT(setting)) {
        return swb__refuse(reader, node, "'%s' stands here already", swb__node_text(node));
    }
    *seen |= BIT(setting);
    experiment->order_by[experiment->order_by_count++] = (uint8_t)setting;
    return SWB_OK;
}

int swb__read_order(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    swb__fields fields = {.list = swb__order_options};
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, "order",
                             "{by: [file_size, size], modes: shuffled}");
    if (status == SWB_OK) {
        status = swb__read_options(&fields, 1, "by", reader, node);
    }
    if (status != SWB_OK) {
        return status;
    }
    experiment->modes_listed = fields.values[0].integer != 0;
    const yaml_node_t *by = swb__mapping_get(reader, node, "by");
    if (by == NULL) {
        return SWB_OK;
    }
    status = swb__expect(reader, by, YAML_SEQUENCE_NODE, "order.by", "[file_size, size]");
    uint64_t seen = 0;
    for (swb__member m = swb__members(reader, by); status == SWB_OK && swb__next_member(&m);) {
        status = add_order(experiment, &seen, reader, m.value);
    }
    return status;
}
