/* Expansion: the points of the matrix that are cells, in the order in which they are run. */
#include "spec/model.h"

#include <stdlib.h>
#include <string.h>

#include "spec/value.h"

static bool same_value(const swb_experiment *experiment, uint64_t point,
                       const swb__assignment *wanted)
{
    if (wanted->setting == SWB__FAULTS) {
        return strcmp(swb__text_at(experiment, point, SWB__FAULTS), wanted->text) == 0;
    }
    const swb__assignment *given = swb__assignment_at(experiment, point, wanted->setting);
    const swb_option *option = &swb__setting_at(wanted->setting)->option;
    swb_option_value base;
    if (given != NULL) {
        return swb__value_compare(option, &given->value, &wanted->value) == 0;
    }
    swb__setting_load(&base, &experiment->base, wanted->setting);
    return swb__value_compare(option, &base, &wanted->value) == 0;
}

/* Whether all that a row of `exclude` says holds at the point, in one of its alternatives. */
static bool matches(const swb_experiment *experiment, uint64_t point, const swb__rows *exclude)
{
    for (size_t row = 0; row < exclude->count; row++) {
        size_t column = 0;
        while (column < exclude->width) {
            const swb__assignment *wanted = exclude->cells[row * exclude->width + column];
            if (wanted != NULL && !same_value(experiment, point, wanted)) {
                break;
            }
            column++;
        }
        if (column == exclude->width) {
            return true;
        }
    }
    return false;
}

static bool is_excluded(const swb_experiment *experiment, uint64_t point)
{
    for (size_t i = 0; i < experiment->exclude_count; i++) {
        if (matches(experiment, point, &experiment->excludes[i])) {
            return true;
        }
    }
    return false;
}

static int collect(uint64_t *points, uint64_t *count_out, const swb_experiment *experiment,
                   swb_error *error)
{
    uint64_t total = swb__matrix_points(experiment);
    uint64_t count = 0;
    swb__settings settings;
    for (uint64_t point = 0; point < total; point++) {
        if (is_excluded(experiment, point)) {
            continue;
        }
        swb__settings_at(&settings, experiment, point);
        int status = swb__check_point(error, experiment, point, &settings);
        if (status != SWB_OK) {
            return status;
        }
        points[count++] = point;
    }
    if (count == 0) {
        swb__place place = experiment->exclude_place;
        return swb__fail_at(error, SWB_EINPUT, experiment->file, place.line, place.column,
                            "'exclude' leaves no cell of the matrix");
    }
    *count_out = count;
    return SWB_OK;
}

/* The value of a setting in one row of the axis that owns it. */
typedef struct ranked {
    const swb_option *option;
    swb_option_value value;
    size_t row;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *left = a;
    const ranked *right = b;
    return swb__value_compare(left->option, &left->value, &right->value);
}

/* ranks_out[row]: how many smaller values the setting has in the axis. Returns their number, 0
 * where there is no memory. */
static size_t rank_rows(uint32_t *ranks_out, const swb_experiment *experiment, size_t setting)
{
    const swb__owner *owner = &experiment->owners[setting];
    const swb__rows *rows = &experiment->axes[owner->axis].rows;
    ranked *items = calloc(rows->count, sizeof *items);
    if (items == NULL) {
        return 0;
    }
    for (size_t row = 0; row < rows->count; row++) {
        const swb__assignment *given = rows->cells[row * rows->width + owner->column];
        items[row].option = &swb__setting_at(setting)->option;
        items[row].row = row;
        if (given != NULL) {
            items[row].value = given->value;
        } else {
            swb__setting_load(&items[row].value, &experiment->base, setting);
        }
    }
    qsort(items, rows->count, sizeof *items, compare_ranked);
    uint32_t rank = 0;
    for (size_t i = 0; i < rows->count; i++) {
        rank += i > 0 && compare_ranked(&items[i - 1], &items[i]) != 0;
        ranks_out[items[i].row] = rank;
    }
    free(items);
    return (size_t)rank + 1;
}

/* The place of an axis in a point: row = point / stride % count. */
static uint64_t stride_of(const swb_experiment *experiment, int axis)
{
    uint64_t stride = 1;
    for (size_t i = experiment->axis_count - 1; i > (size_t)axis; i--) {
        stride *= experiment->axes[i].rows.count;
    }
    return stride;
}

/* Stable counting sort of points by the ranks of one setting. */
static int sort_by(uint64_t *points, uint64_t *spare, uint64_t count,
                   const swb_experiment *experiment, size_t setting)
{
    int axis = experiment->owners[setting].axis;
    uint64_t rows = experiment->axes[axis].rows.count;
    uint64_t stride = stride_of(experiment, axis);
    int status = SWB_ENOMEM;
    uint32_t *ranks = calloc(rows, sizeof *ranks);
    uint64_t *starts = calloc(rows + 1, sizeof *starts);
    if (ranks == NULL || starts == NULL || rank_rows(ranks, experiment, setting) == 0) {
        goto out;
    }
    for (uint64_t i = 0; i < count; i++) {
        starts[ranks[points[i] / stride % rows] + 1]++;
    }
    for (uint64_t i = 0; i < rows; i++) {
        starts[i + 1] += starts[i];
    }
    for (uint64_t i = 0; i < count; i++) {
        spare[starts[ranks[points[i] / stride % rows]]++] = points[i];
    }
    memcpy(points, spare, count * sizeof *points);
    status = SWB_OK;
out:
    free(ranks);
    free(starts);
    return status;
}

/* Sorts by the last setting of `order.by` first: each sort keeps the order of the one before. */
static int sort(uint64_t *points, uint64_t count, const swb_experiment *experiment)
{
    uint64_t *spare = calloc(count, sizeof *spare);
    int status = spare == NULL ? SWB_ENOMEM : SWB_OK;
    for (size_t i = experiment->order_by_count; i > 0 && status == SWB_OK; i--) {
        size_t setting = experiment->order_by[i - 1];
        if (experiment->owners[setting].axis >= 0) {
            status = sort_by(points, spare, count, experiment, setting);
        }
    }
    free(spare);
    return status;
}

int swb__expand(uint64_t **points_out, uint64_t *count_out, const swb_experiment *experiment,
                swb_error *error)
{
    uint64_t count;
    uint64_t *points = calloc(swb__matrix_points(experiment), sizeof *points);
    if (points == NULL) {
        return swb__fail_nomem(error);
    }
    int status = collect(points, &count, experiment, error);
    if (status == SWB_OK && sort(points, count, experiment) != SWB_OK) {
        status = swb__fail_nomem(error);
    }
    if (status != SWB_OK) {
        free(points);
        return status;
    }
    uint64_t *fitted = realloc(points, count * sizeof *points);
    *points_out = fitted != NULL ? fitted : points;
    *count_out = count;
    return SWB_OK;
}
