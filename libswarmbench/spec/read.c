#include "spec/read.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "spec/value.h"

/* A quoted "5" is a text to every reader of YAML, and to the JSON schema. */
static bool is_quoted_number(const swb_option *option, const yaml_node_t *node)
{
    bool plain_type = option->type == SWB_OPTION_INTEGER || option->type == SWB_OPTION_NUMBER ||
                      option->type == SWB_OPTION_BOOL;
    return plain_type && node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

#define SEVERAL_MAX 256
#define TEXTS_MAX_BYTES ((size_t)64 << 10)

/* One text of several: "text", or "name=text". */
static int add_text(swb__buffer *texts, swb__reader *reader, const swb__member *m, const char *path)
{
    int status = swb__expect(reader, m->value, YAML_SCALAR_NODE, path, "some-text");
    if (status != SWB_OK) {
        return status;
    }
    const char *name = m->key == NULL ? "" : swb__node_text(m->key);
    const char *text = swb__node_text(m->value);
    bool bad_name = strpbrk(name, "=\x1f") != NULL;
    if (bad_name || strchr(text, SWB_OPTION_SEPARATOR) != NULL) {
        return swb__refuse(reader, bad_name ? m->key : m->value,
                           "%s: a name with '=', or a text with the byte 0x1f, cannot be taken",
                           path);
    }
    swb__buffer_printf(texts, "%s%s%s", name, m->key == NULL ? "" : "=", text);
    return SWB_OK;
}

static int read_several(swb_option_value *out, swb__reader *reader, const swb_option *option,
                        const yaml_node_t *node, const char *path)
{
    bool map = option->type == SWB_OPTION_MAP;
    swb__buffer texts = SWB__BUFFER_INIT(TEXTS_MAX_BYTES);
    size_t count = 0;
    int status = swb__expect(reader, node, map ? YAML_MAPPING_NODE : YAML_SEQUENCE_NODE, path,
                             swb__kind_of(option->type)->example);
    if (status != SWB_OK) {
        return status;
    }
    for (swb__member m = swb__members(reader, node); status == SWB_OK && swb__next_member(&m);) {
        if (count++ > 0) {
            swb__buffer_char(&texts, SWB_OPTION_SEPARATOR);
        }
        status = add_text(&texts, reader, &m, path);
    }
    if (status == SWB_OK && (texts.status == SWB_ENOSPACE || count > SEVERAL_MAX)) {
        status = swb__refuse(reader, node, "%s: %zu texts; there can be %d, of %zu KiB together",
                             path, count, SEVERAL_MAX, TEXTS_MAX_BYTES >> 10);
    }
    if (status == SWB_OK) {
        const char *all = swb__buffer_string(&texts);
        out->integer = (int64_t)count;
        out->string = swb__arena_text(reader->arena, all, strlen(all));
        bool made = texts.status == SWB_OK && out->string != NULL;
        status = made ? SWB_OK : swb__fail_nomem(reader->error);
    }
    swb__buffer_finish(&texts);
    return status;
}

int swb__read_value(swb_option_value *out, swb__reader *reader, const swb_option *option,
                    const yaml_node_t *node, const char *path)
{
    char why[512];
    char example[64];
    if (swb__type_is_several(option->type)) {
        return read_several(out, reader, option, node, path);
    }
    swb__value_example(example, sizeof example, option);
    int status = swb__expect(reader, node, YAML_SCALAR_NODE, path, example);
    if (status != SWB_OK) {
        return status;
    }
    if (swb__node_is_null(node)) {
        return swb__refuse(reader, node, "%s has no value; for example: %s", path, example);
    }
    if (is_quoted_number(option, node)) {
        return swb__refuse(reader, node,
                           "%s: a quoted text where %s is wanted; leave the quotes out", path,
                           swb__kind_of(option->type)->noun);
    }
    swb_option_value value;
    if (!swb__value_parse(&value, option, swb__node_text(node), why, sizeof why)) {
        return swb__refuse(reader, node, "%s: %s", path, why);
    }
    if (value.string != NULL) {
        value.string = swb__arena_text(reader->arena, value.string, strlen(value.string));
        if (value.string == NULL) {
            return swb__fail_nomem(reader->error);
        }
    }
    *out = value;
    return SWB_OK;
}

static int set_defaults(swb__fields *fields, swb__reader *reader, const yaml_node_t *node)
{
    swb__option_list list = fields->list;
    fields->values = swb__arena_array(reader->arena, list.count, sizeof *fields->values);
    fields->places = swb__arena_array(reader->arena, list.count, sizeof *fields->places);
    if (fields->values == NULL || fields->places == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (size_t i = 0; i < list.count; i++) {
        const swb_option *option = &list.options[i];
        char why[512];
        if (option->fallback == NULL ||
            swb__value_parse(&fields->values[i], option, option->fallback, why, sizeof why)) {
            continue;
        }
        /* Only the table of a driver or deployer of one's own can be wrong in this way. */
        swb__place top = {1, 1};
        return swb__refuse_place(reader, node == NULL ? top : swb__place_of(node),
                                 "the default of option %s is wrong: %s", option->name, why);
    }
    return SWB_OK;
}

#define OTHERS_MAX 32

typedef struct known_keys {
    swb__fields *fields;
    size_t count;
    const char *others;
    swb__reader *reader;
} known_keys;

static bool find_option(swb__fields **fields_out, size_t *index_out, const known_keys *known,
                        const char *name)
{
    for (size_t f = 0; f < known->count; f++) {
        for (size_t i = 0; i < known->fields[f].list.count; i++) {
            if (strcmp(known->fields[f].list.options[i].name, name) == 0) {
                *fields_out = &known->fields[f];
                *index_out = i;
                return true;
            }
        }
    }
    return false;
}

/* Whether options stand below `prefix`, which ends with a dot. */
static bool has_below(const known_keys *known, const char *prefix)
{
    for (size_t f = 0; f < known->count; f++) {
        for (size_t i = 0; i < known->fields[f].list.count; i++) {
            if (strncmp(known->fields[f].list.options[i].name, prefix, strlen(prefix)) == 0) {
                return true;
            }
        }
    }
    return false;
}

static int refuse_key(const known_keys *known, const yaml_node_t *key, const char *prefix)
{
    swb__names names = {{NULL}, 0};
    char others[OTHERS_MAX][32];
    for (size_t f = 0; f < known->count; f++) {
        for (size_t i = 0; i < known->fields[f].list.count; i++) {
            const char *name = known->fields[f].list.options[i].name;
            if (strncmp(name, prefix, strlen(prefix)) == 0) {
                swb__names_add(&names, name + strlen(prefix));
            }
        }
    }
    for (size_t i = 0; known->others != NULL && i < OTHERS_MAX &&
                       swb__choice_at(others[i], sizeof others[i], known->others, i);
         i++) {
        swb__names_add(&names, others[i]);
    }
    return swb__refuse_unknown(known->reader, key, "key", &names);
}

static int read_mapping(const known_keys *known, const yaml_node_t *node, const char *prefix);

static int read_key(const known_keys *known, const yaml_node_t *key, const yaml_node_t *value,
                    const char *prefix)
{
    char path[128];
    char below[132];
    swb__fields *fields;
    size_t index;
    snprintf(path, sizeof path, "%s%s", prefix, swb__node_text(key));
    snprintf(below, sizeof below, "%s.", path);
    if (known->others != NULL && swb__choice_index(known->others, path) >= 0) {
        return SWB_OK;
    }
    /* "erasure.data" is an option's name, but no key of the file. */
    bool plain = strchr(swb__node_text(key), '.') == NULL;
    if (plain && find_option(&fields, &index, known, path)) {
        fields->places[index] = swb__place_of(value);
        return swb__read_value(&fields->values[index], known->reader, &fields->list.options[index],
                               value, path);
    }
    if (plain && has_below(known, below)) {
        int status = swb__expect(known->reader, value, YAML_MAPPING_NODE, path, "{key: value}");
        return status != SWB_OK ? status : read_mapping(known, value, below);
    }
    return refuse_key(known, key, prefix);
}

static int read_mapping(const known_keys *known, const yaml_node_t *node, const char *prefix)
{
    for (swb__member m = swb__members(known->reader, node); swb__next_member(&m);) {
        int status = read_key(known, m.key, m.value, prefix);
        if (status != SWB_OK) {
            return status;
        }
    }
    return SWB_OK;
}

int swb__read_options(swb__fields *fields, size_t count, const char *others, swb__reader *reader,
                      const yaml_node_t *node)
{
    for (size_t i = 0; i < count; i++) {
        int status = set_defaults(&fields[i], reader, node);
        if (status != SWB_OK) {
            return status;
        }
    }
    if (node == NULL) {
        return SWB_OK;
    }
    known_keys known = {fields, count, others, reader};
    return read_mapping(&known, node, "");
}
