/* Bootstrap distributions: what a statistic would have been on other samples like this one. */
#ifndef SWB_MEASURE_BOOTSTRAP_H
#define SWB_MEASURE_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#define SWB__RESAMPLES 10000

/* Both fill `out` with SWB__RESAMPLES sorted values, NaN last, and return SWB_OK or SWB_ENOMEM.
 * `count` at least 1; INFINITY stands for a censored value, which is longer than any seen. */

/* Medians of resamples drawn from `seed`. */
int swb__bootstrap_medians(double *out, const double *values, size_t count, uint64_t seed);

/* Ratios of medians, candidate over baseline, where block i has both candidate[i] and baseline[i]
 * and whole blocks are resampled. NaN where both medians are censored. */
int swb__bootstrap_ratios(double *out, const double *candidate, const double *baseline,
                          size_t count, uint64_t seed);

/* As above, of sets that have nothing to do with each other: each is resampled by itself. */
int swb__bootstrap_ratios_apart(double *out, const double *candidate, size_t candidate_count,
                                const double *baseline, size_t baseline_count, uint64_t seed);

#endif
