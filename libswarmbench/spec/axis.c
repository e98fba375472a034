/* One axis of the matrix. */
#include "spec/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "spec/rows.h"
#include "spec/value.h"

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

/* The canonical text of what a row says about the setting of a column, or of what holds without. */
static const char *text_in(const swb_experiment *experiment, const swb__rows *rows, size_t row,
                           size_t column)
{
    const swb__assignment *given = rows->cells[row * rows->width + column];
    return given != NULL ? given->text : experiment->base_texts[rows->columns[column]];
}

/* Whether two rows of an axis give a setting different values. */
static bool varies(const swb_experiment *experiment, const swb__rows *rows, size_t column)
{
    const char *first = text_in(experiment, rows, 0, column);
    for (size_t row = 1; row < rows->count; row++) {
        if (strcmp(first, text_in(experiment, rows, row, column)) != 0) {
            return true;
        }
    }
    return false;
}

/* A row, for sorting. */
typedef struct row_at {
    const swb_experiment *experiment;
    const swb__rows *rows;
    size_t row;
} row_at;

static int compare_values(const row_at *left, const row_at *right)
{
    int order = 0;
    for (size_t i = 0; i < left->rows->width && order == 0; i++) {
        order = strcmp(text_in(left->experiment, left->rows, left->row, i),
                       text_in(right->experiment, right->rows, right->row, i));
    }
    return order;
}

static int compare_rows(const void *a, const void *b)
{
    const row_at *left = a;
    const row_at *right = b;
    int order = compare_values(left, right);
    return order != 0 ? order : (left->row > right->row) - (left->row < right->row);
}

static int refuse_repeated(swb__reader *reader, const swb__axis *axis, size_t row)
{
    swb__place place = axis->place;
    const swb__rows *rows = &axis->rows;
    for (size_t i = 0; i < rows->width; i++) {
        const swb__assignment *given = rows->cells[row * rows->width + i];
        place = given != NULL ? given->place : place;
    }
    return swb__refuse_place(reader, place,
                             "axis '%s' has these values already; two cells would be the same",
                             axis->name);
}

static int check_repeated(const swb_experiment *experiment, swb__reader *reader,
                          const swb__axis *axis)
{
    row_at *sorted = calloc(axis->rows.count, sizeof *sorted);
    if (sorted == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (size_t row = 0; row < axis->rows.count; row++) {
        sorted[row] = (row_at){experiment, &axis->rows, row};
    }
    qsort(sorted, axis->rows.count, sizeof *sorted, compare_rows);
    int status = SWB_OK;
    for (size_t i = 1; i < axis->rows.count && status == SWB_OK; i++) {
        if (compare_values(&sorted[i - 1], &sorted[i]) == 0) {
            status = refuse_repeated(reader, axis, sorted[i].row);
        }
    }
    free(sorted);
    return status;
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
        owner->varies = varies(experiment, &axis->rows, column);
    }
    return SWB_OK;
}

int swb__read_axis(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *key,
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
    if (status == SWB_OK) {
        status = check_repeated(experiment, reader, axis);
    }
    return status;
}
