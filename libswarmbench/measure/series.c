#include "measure/series.h"

#include <stdlib.h>

#include <swarmbench/status.h>

int swb__series_add(swb__series *series, double value)
{
    if (series->count == series->capacity) {
        size_t capacity = series->capacity == 0 ? 16 : series->capacity * 2;
        double *grown = realloc(series->values, capacity * sizeof *grown);
        if (grown == NULL) {
            return SWB_ENOMEM;
        }
        series->values = grown;
        series->capacity = capacity;
    }
    series->values[series->count++] = value;
    return SWB_OK;
}

void swb__series_finish(swb__series *series)
{
    free(series->values);
    *series = (swb__series){NULL, 0, 0};
}
