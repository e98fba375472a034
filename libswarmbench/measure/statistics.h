/* Statistics over runs, as the yardstick allows them. NaN where there are too few values. */
#ifndef SWB_MEASURE_STATISTICS_H
#define SWB_MEASURE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A value that is censored (a run that failed, so its time is longer than any that was seen) is
 * given as INFINITY: order statistics stay true, and are INFINITY themselves where so many values
 * are censored that the statistic is.
 */

typedef struct swb__interval {
    double low;
    double high;
} swb__interval;

/* Sorts ascending, NaN last. */
void swb__sort(double *values, size_t count);

/* Sorts `values` in place and returns the quantile q (0..1), linear between order statistics
 * (Hyndman and Fan 1996, type 7). */
double swb__quantile(double *values, size_t count, double q);
/* As above, of values that are sorted already. */
double swb__sorted_quantile(const double *values, size_t count, double q);

/* Bootstrap percentile interval of the median: 10,000 resamples drawn from `seed` (Efron and
 * Tibshirani 1993). `confidence` 0..1. Under 2 values, or without memory: NaN. */
swb__interval swb__median_interval(const double *values, size_t count, double confidence,
                                   uint64_t seed);

/* Bootstrap percentile interval of median(candidate) / median(baseline), blocks resampled whole:
 * candidate[i] and baseline[i] are of one block. Under 2 blocks, or without memory: NaN. */
swb__interval swb__paired_ratio_interval(const double *candidate, const double *baseline,
                                         size_t count, double confidence, uint64_t seed);

/* Wilson score interval of `hits` out of `trials` (Wilson 1927). */
swb__interval swb__wilson_interval(uint64_t hits, uint64_t trials, double confidence);

/* Standard deviation (n - 1) over mean; NaN under 2 values. */
double swb__variation(const double *values, size_t count);

/* Effect size: P(a > b) - P(a < b) over all pairs, -1..1 (Cliff 1993). */
double swb__cliffs_delta(const double *a, size_t a_count, const double *b, size_t b_count);

/* Should another repetition be run? Enough when the half-width of the median's 95 % interval, over
 * the median, is at most `target`. */
double swb__relative_half_width(const double *values, size_t count, uint64_t seed);

/*
 * Lower bound of the makespan, seconds (Kumar and Ross 2006, fluid model): `bytes` of content,
 * seeders with `seeder_up_bps` together, `leechers` with `up_bps` and `down_bps` each. A rate that
 * is not limited is INFINITY. NaN where nothing could flow: no leecher, or a rate of 0.
 */
double swb__lower_bound_s(double bytes, double seeder_up_bps, uint32_t leechers, double up_bps,
                          double down_bps);

#endif
