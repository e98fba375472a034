#include "spec/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/read.h"
#include "spec/value.h"

#define BIT(setting) (UINT64_C(1) << (setting))

void swb__rows_finish(swb__rows *rows)
{
    free(rows->cells);
    memset(rows, 0, sizeof *rows);
}

static int make(swb__rows *rows, swb__reader *reader, size_t count, size_t width)
{
    memset(rows, 0, sizeof *rows);
    rows->cells = calloc(count * width + 1, sizeof(swb__assignment *));
    if (rows->cells == NULL) {
        return swb__fail_nomem(reader->error);
    }
    rows->count = count;
    rows->width = width;
    return SWB_OK;
}

int swb__rows_start(swb__rows *rows, swb__reader *reader)
{
    return make(rows, reader, 1, 0);
}

static void set_column(swb__rows *rows, size_t column, size_t setting)
{
    rows->columns[column] = (uint8_t)setting;
    rows->mask |= BIT(setting);
}

static int make_single(swb__rows *rows, swb__reader *reader, const swb__assignment *assignment)
{
    int status = make(rows, reader, 1, 1);
    if (status == SWB_OK) {
        set_column(rows, 0, assignment->setting);
        rows->cells[0] = assignment;
    }
    return status;
}

static int too_many(swb__reader *reader, const yaml_node_t *node)
{
    return swb__refuse(reader, node, "this expands to more than %u rows", (unsigned)SWB__CELLS_MAX);
}

/* Every row of `rows` with every row of `by`; they have no setting in common. */
static int multiply(swb__rows *rows, const swb__rows *by, swb__reader *reader,
                    const yaml_node_t *node)
{
    swb__rows product;
    if (rows->count > SWB__CELLS_MAX / by->count) {
        return too_many(reader, node);
    }
    int status = make(&product, reader, rows->count * by->count, rows->width + by->width);
    if (status != SWB_OK) {
        return status;
    }
    product.mask = rows->mask | by->mask;
    memcpy(product.columns, rows->columns, rows->width);
    memcpy(product.columns + rows->width, by->columns, by->width);
    const swb__assignment **to = product.cells;
    for (size_t i = 0; i < rows->count; i++) {
        for (size_t j = 0; j < by->count; j++) {
            memcpy(to, rows->cells + i * rows->width, rows->width * sizeof *to);
            memcpy(to + rows->width, by->cells + j * by->width, by->width * sizeof *to);
            to += product.width;
        }
    }
    swb__rows_finish(rows);
    *rows = product;
    return SWB_OK;
}

static void copy_rows(swb__rows *into, size_t first, const swb__rows *from)
{
    size_t column_of[SWB__SETTING_COUNT];
    for (size_t i = 0; i < into->width; i++) {
        column_of[into->columns[i]] = i;
    }
    for (size_t row = 0; row < from->count; row++) {
        for (size_t i = 0; i < from->width; i++) {
            into->cells[(first + row) * into->width + column_of[from->columns[i]]] =
                from->cells[row * from->width + i];
        }
    }
}

/* The rows of all parts, one part after the other. */
static int concatenate(swb__rows *out, const swb__rows *parts, size_t count, swb__reader *reader,
                       const yaml_node_t *node)
{
    size_t total = 0;
    size_t width = 0;
    uint64_t mask = 0;
    for (size_t i = 0; i < count; i++) {
        total += parts[i].count;
        mask |= parts[i].mask;
        if (total > SWB__CELLS_MAX) {
            return too_many(reader, node);
        }
    }
    for (size_t setting = 0; setting < SWB__SETTING_COUNT; setting++) {
        width += (mask & BIT(setting)) != 0;
    }
    int status = make(out, reader, total, width);
    if (status != SWB_OK) {
        return status;
    }
    for (size_t setting = 0, column = 0; setting < SWB__SETTING_COUNT; setting++) {
        if (mask & BIT(setting)) {
            set_column(out, column++, setting);
        }
    }
    for (size_t i = 0, first = 0; i < count; first += parts[i].count, i++) {
        copy_rows(out, first, &parts[i]);
    }
    return SWB_OK;
}

const char *swb__assignment_text(swb__arena *arena, const swb__assignment *assignment)
{
    char path[64];
    char value[1024];
    char text[sizeof path + sizeof value];
    swb__setting_path(path, sizeof path, assignment->setting);
    if (assignment->unset) {
        snprintf(value, sizeof value, "none");
    } else if (assignment->faults != NULL) {
        swb__faults_text(value, sizeof value, assignment->faults->items, assignment->faults->count);
    } else {
        swb__value_text(value, sizeof value, &swb__setting_at(assignment->setting)->option,
                        &assignment->value);
    }
    int length = snprintf(text, sizeof text, "%s=%s", path, value);
    return swb__arena_text(arena, text, (size_t)length);
}

static int read_setting(swb__rows *out, swb__reader *reader, size_t setting,
                        const yaml_node_t *node)
{
    char path[64];
    swb__assignment *made = swb__arena_alloc(reader->arena, sizeof *made);
    if (made == NULL) {
        return swb__fail_nomem(reader->error);
    }
    made->setting = setting;
    made->place = swb__place_of(node);
    int status;
    if (setting == SWB__FAULTS) {
        swb__fault_list *faults;
        status = swb__read_faults(&faults, reader, node);
        made->faults = status == SWB_OK ? faults : NULL;
    } else {
        swb__setting_path(path, sizeof path, setting);
        status =
            swb__read_value(&made->value, reader, &swb__setting_at(setting)->option, node, path);
    }
    if (status != SWB_OK) {
        return status;
    }
    made->text = swb__assignment_text(reader->arena, made);
    return made->text == NULL ? swb__fail_nomem(reader->error) : make_single(out, reader, made);
}

/* `repetitions: 3` is short for {min: 3, max: 3}. */
static int read_plain_repetitions(swb__rows *out, swb__reader *reader, const yaml_node_t *node)
{
    swb__rows most;
    int status = read_setting(out, reader, SWB__REPETITIONS_MIN, node);
    if (status != SWB_OK) {
        return status;
    }
    status = read_setting(&most, reader, SWB__REPETITIONS_MAX, node);
    if (status == SWB_OK) {
        status = multiply(out, &most, reader, node);
        swb__rows_finish(&most);
    }
    if (status != SWB_OK) {
        swb__rows_finish(out);
    }
    return status;
}

static int read_mapping(swb__rows *out, swb__reader *reader, const char *section,
                        const yaml_node_t *node, swb__lists lists)
{
    char what[64];
    const swb__section *known = swb__section_find(section);
    snprintf(what, sizeof what, "%s", known == NULL ? "a row" : known->name);
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, what,
                             known == NULL ? "{size: 8, seeders: [1, 2, 4]}" : known->example);
    if (status == SWB_OK) {
        status = swb__rows_start(out, reader);
    }
    if (status != SWB_OK) {
        return status;
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        status = swb__rows_add(out, reader, section, m.key, m.value, lists);
        if (status != SWB_OK) {
            swb__rows_finish(out);
            return status;
        }
    }
    return SWB_OK;
}

/* What a key stands for: a setting, or a section of settings. */
typedef struct key_meaning {
    int setting; /* -1: a section */
    const char *section;
} key_meaning;

static int read_one(swb__rows *out, swb__reader *reader, key_meaning named, const yaml_node_t *node,
                    swb__lists lists)
{
    if (named.setting >= 0) {
        return read_setting(out, reader, (size_t)named.setting, node);
    }
    if (node->type == YAML_SCALAR_NODE && strcmp(named.section, "repetitions") == 0) {
        return read_plain_repetitions(out, reader, node);
    }
    return read_mapping(out, reader, named.section, node, lists);
}

static int read_each(swb__rows *out, swb__reader *reader, key_meaning named,
                     const yaml_node_t *list)
{
    size_t count = swb__member_count(list);
    size_t done = 0;
    if (count == 0) {
        return swb__refuse(reader, list, "an empty list gives no cell");
    }
    swb__rows *parts = calloc(count, sizeof *parts);
    if (parts == NULL) {
        return swb__fail_nomem(reader->error);
    }
    int status = SWB_OK;
    for (swb__member m = swb__members(reader, list); status == SWB_OK && swb__next_member(&m);) {
        status = read_one(&parts[done], reader, named, m.value, SWB__LISTS_EXPANDED);
        done += status == SWB_OK;
    }
    if (status == SWB_OK) {
        status = concatenate(out, parts, count, reader, list);
    }
    for (size_t i = 0; i < done; i++) {
        swb__rows_finish(&parts[i]);
    }
    free(parts);
    return status;
}

/* A list of faults is one value; a list of such lists gives several. */
static bool is_alternatives(swb__reader *reader, key_meaning named, const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE || named.setting != SWB__FAULTS) {
        return node->type == YAML_SEQUENCE_NODE;
    }
    swb__member first = swb__members(reader, node);
    return swb__next_member(&first) && first.value->type == YAML_SEQUENCE_NODE;
}

static bool find_named(key_meaning *out, const char *section, const char *key)
{
    int setting = swb__setting_find(section, key);
    const swb__section *below = section[0] == '\0' ? swb__section_find(key) : NULL;
    if (setting < 0 && below == NULL) {
        return false;
    }
    out->setting = setting;
    out->section = below == NULL ? NULL : below->name;
    return true;
}

bool swb__is_setting(const char *section, const char *key)
{
    key_meaning named;
    return find_named(&named, section, key);
}

void swb__setting_names(swb__names *names, const char *section)
{
    const swb__section *below;
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        if (strcmp(swb__setting_at(id)->section, section) == 0) {
            swb__names_add(names, swb__setting_at(id)->option.name);
        }
    }
    for (size_t i = 0; section[0] == '\0' && (below = swb__section_at(i)) != NULL; i++) {
        swb__names_add(names, below->name);
    }
}

static int refuse_repeated(swb__reader *reader, const yaml_node_t *key, uint64_t both)
{
    char path[64];
    size_t setting = 0;
    while ((both & BIT(setting)) == 0) {
        setting++;
    }
    return swb__refuse(reader, key, "%s is given twice",
                       swb__setting_path(path, sizeof path, setting));
}

int swb__rows_add(swb__rows *rows, swb__reader *reader, const char *section, const yaml_node_t *key,
                  const yaml_node_t *value, swb__lists lists)
{
    key_meaning named;
    swb__rows read;
    if (!find_named(&named, section, swb__node_text(key))) {
        swb__names names = {{NULL}, 0};
        swb__setting_names(&names, section);
        return swb__refuse_unknown(reader, key, "key", &names);
    }
    bool several = is_alternatives(reader, named, value);
    if (several && lists == SWB__LISTS_REFUSED) {
        return swb__refuse(reader, value, "several values of %s make an axis: put them in 'matrix'",
                           swb__node_text(key));
    }
    int status = several ? read_each(&read, reader, named, value)
                         : read_one(&read, reader, named, value, lists);
    if (status != SWB_OK) {
        return status;
    }
    if (rows->mask & read.mask) {
        status = refuse_repeated(reader, key, rows->mask & read.mask);
    } else {
        status = multiply(rows, &read, reader, value);
    }
    swb__rows_finish(&read);
    return status;
}

int swb__rows_read(swb__rows *out, swb__reader *reader, const char *section,
                   const yaml_node_t *node)
{
    key_meaning named = {-1, section};
    if (node->type == YAML_SEQUENCE_NODE) {
        return read_each(out, reader, named, node);
    }
    return read_mapping(out, reader, section, node, SWB__LISTS_EXPANDED);
}
