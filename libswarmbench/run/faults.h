/* Which faults are due, and whom they hit. Pure: the engine performs them. */
#ifndef SWB_RUN_FAULTS_H
#define SWB_RUN_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "spec/settings.h"

/* What has become of each row of `faults:` in this run. */
typedef struct swb__faults {
    bool fired[SWB__FAULTS_MAX];
    int64_t undo_ns[SWB__FAULTS_MAX]; /* INT64_MAX: nothing to undo */
    swb__random random;
} swb__faults;

void swb__faults_init(swb__faults *faults, uint64_t seed);

/* The next row that is due, -1 where none is: `elapsed_ns` since the intended start, `fraction` of
 * all bytes delivered. The row is marked as fired. */
int swb__faults_due(swb__faults *faults, const swb__settings *settings, int64_t elapsed_ns,
                    double fraction);
/* When, after the intended start, a row by time or an undoing comes next; INT64_MAX: never. */
int64_t swb__faults_next_ns(const swb__faults *faults, const swb__settings *settings);

/* Chooses among `count` candidates (indices, shuffled in place) as row `row` says; returns how many
 * of the first are hit. */
size_t swb__faults_choose(swb__faults *faults, const swb__settings *settings, int row,
                          uint32_t *candidates, size_t count);

#endif
