/* A growing array of numbers. */
#ifndef SWB_MEASURE_SERIES_H
#define SWB_MEASURE_SERIES_H

#include <stddef.h>

/* Zeroed memory is an empty one. */
typedef struct swb__series {
    double *values;
    size_t count;
    size_t capacity;
} swb__series;

/* SWB_OK or SWB_ENOMEM. */
int swb__series_add(swb__series *series, double value);
void swb__series_finish(swb__series *series);

#endif
