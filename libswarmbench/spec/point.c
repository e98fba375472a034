/* Points of the matrix: what the axes and the file say about each. */
#include "spec/model.h"

#include <string.h>

uint64_t swb__matrix_points(const swb_experiment *experiment)
{
    uint64_t points = 1;
    for (size_t i = 0; i < experiment->axis_count; i++) {
        points *= experiment->axes[i].rows.count;
    }
    return points;
}

/* Row of an axis at a point. */
static size_t row_at(const swb_experiment *experiment, uint64_t point, size_t axis)
{
    for (size_t i = experiment->axis_count - 1; i > axis; i--) {
        point /= experiment->axes[i].rows.count;
    }
    return (size_t)(point % experiment->axes[axis].rows.count);
}

const swb__assignment *swb__assignment_at(const swb_experiment *experiment, uint64_t point,
                                          size_t setting)
{
    const swb__owner *owner = &experiment->owners[setting];
    if (owner->axis < 0) {
        return NULL;
    }
    const swb__rows *rows = &experiment->axes[owner->axis].rows;
    size_t row = row_at(experiment, point, (size_t)owner->axis);
    return rows->cells[row * rows->width + owner->column];
}

static void apply(swb__settings *settings, const swb__assignment *assignment)
{
    if (assignment->setting != SWB__FAULTS) {
        swb__setting_store(settings, assignment->setting, &assignment->value);
        return;
    }
    settings->fault_count = assignment->faults->count;
    memcpy(settings->faults, assignment->faults->items, sizeof settings->faults);
}

void swb__settings_at(swb__settings *out, const swb_experiment *experiment, uint64_t point)
{
    *out = experiment->base;
    for (size_t i = experiment->axis_count; i > 0; i--) {
        const swb__rows *rows = &experiment->axes[i - 1].rows;
        const swb__assignment **row = rows->cells + (size_t)(point % rows->count) * rows->width;
        point /= rows->count;
        for (size_t column = 0; column < rows->width; column++) {
            if (row[column] != NULL) {
                apply(out, row[column]);
            }
        }
    }
    if (out->repetitions.max == 0) {
        out->repetitions.max = out->repetitions.min;
    }
}

swb__place swb__place_at(const swb_experiment *experiment, uint64_t point, size_t setting)
{
    const swb__assignment *assignment = swb__assignment_at(experiment, point, setting);
    if (assignment != NULL) {
        return assignment->place;
    }
    if (experiment->base_places[setting].line != 0) {
        return experiment->base_places[setting];
    }
    int axis = experiment->owners[setting].axis;
    return axis >= 0 ? experiment->axes[axis].place : experiment->top;
}

const char *swb__text_at(const swb_experiment *experiment, uint64_t point, size_t setting)
{
    const swb__assignment *assignment = swb__assignment_at(experiment, point, setting);
    return assignment != NULL ? assignment->text : experiment->base_texts[setting];
}

const char *swb__value_at(const swb_experiment *experiment, uint64_t point, size_t setting)
{
    return strchr(swb__text_at(experiment, point, setting), '=') + 1;
}

int64_t swb__integer_at(const swb_experiment *experiment, uint64_t point, size_t setting)
{
    const swb__assignment *assignment = swb__assignment_at(experiment, point, setting);
    if (assignment != NULL) {
        return assignment->value.integer;
    }
    swb_option_value value;
    swb__setting_load(&value, &experiment->base, setting);
    return value.integer;
}

static bool any_varies(const swb_experiment *experiment)
{
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        if (experiment->owners[id].varies) {
            return true;
        }
    }
    return false;
}

/* Appends `text` where there is room for all of it, else "..." once. */
static size_t append(char *out, size_t size, size_t used, const char *text)
{
    size_t length = strlen(text);
    bool fits = used + 1 + length + sizeof " ..." <= size;
    if (!fits && used + sizeof " ..." > size) {
        return used;
    }
    if (used > 0) {
        out[used++] = ' ';
    }
    memcpy(out + used, fits ? text : "...", (fits ? length : 3) + 1);
    out[used + (fits ? length : 3)] = '\0';
    return fits ? used + length : size;
}

char *swb__label_at(char *out, size_t size, const swb_experiment *experiment, uint64_t point)
{
    bool all_fixed = !any_varies(experiment);
    size_t used = 0;
    out[0] = '\0';
    for (size_t id = 0; id < SWB__SETTING_COUNT && used < size; id++) {
        if (experiment->owners[id].varies || (all_fixed && id <= SWB__SEEDERS)) {
            used = append(out, size, used, swb__text_at(experiment, point, id));
        }
    }
    return out;
}
