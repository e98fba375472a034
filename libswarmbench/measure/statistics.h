/* Statistics over runs, as the yardstick allows them. NaN where there are too few values. */
#ifndef SWB_MEASURE_STATISTICS_H
#define SWB_MEASURE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

typedef struct swb__interval {
    double low;
    double high;
} swb__interval;

/* Sorts `values` in place and returns the quantile q (0..1), linear between order statistics
 * (Hyndman and Fan 1996, type 7). */
double swb__quantile(double *values, size_t count, double q);

/* Bootstrap percentile interval of the median: 10,000 resamples drawn from `seed` (Efron and
 * Tibshirani 1993). `confidence` 0..1. Under 2 values: NaN. */
swb__interval swb__median_interval(const double *values, size_t count, double confidence,
                                   uint64_t seed);

/* Wilson score interval of `hits` out of `trials` (Wilson 1927). */
swb__interval swb__wilson_interval(uint64_t hits, uint64_t trials, double confidence);

/* Standard deviation (n - 1) over mean; NaN under 2 values. */
double swb__variation(const double *values, size_t count);

/* Should another repetition be run? Enough when the half-width of the median's 95 % interval, over
 * the median, is at most `target`. */
double swb__relative_half_width(const double *values, size_t count, uint64_t seed);

/*
 * Lower bound of the makespan, seconds (Kumar and Ross 2006, fluid model): `bytes` of content,
 * seeders with `seeder_up_bps` together, `leechers` with `up_bps` and `down_bps` each.
 */
double swb__lower_bound_s(double bytes, double seeder_up_bps, uint32_t leechers, double up_bps,
                          double down_bps);

#endif
