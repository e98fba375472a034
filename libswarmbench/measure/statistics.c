/* Quantiles, intervals, effect size and the lower bound. */
#include "measure/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/status.h>

#include "measure/bootstrap.h"

static int ascending_nan_last(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    if (isnan(a) || isnan(b)) {
        return (isnan(a) != 0) - (isnan(b) != 0);
    }
    return (a > b) - (a < b);
}

void swb__sort(double *values, size_t count)
{
    if (count > 1) {
        qsort(values, count, sizeof *values, ascending_nan_last);
    }
}

double swb__sorted_quantile(const double *values, size_t count, double q)
{
    if (count == 0) {
        return NAN;
    }
    double place = (double)(count - 1) * q;
    size_t under = (size_t)place;
    double part = place - (double)under;
    if (part <= 0 || values[under + 1] <= values[under]) {
        return values[under];
    }
    return values[under] + part * (values[under + 1] - values[under]);
}

double swb__quantile(double *values, size_t count, double q)
{
    swb__sort(values, count);
    return swb__sorted_quantile(values, count, q);
}

/* The middle `confidence` of a sorted bootstrap distribution. */
static swb__interval middle(const double *distribution, double confidence)
{
    double tail = (1 - confidence) / 2;
    return (swb__interval){swb__sorted_quantile(distribution, SWB__RESAMPLES, tail),
                           swb__sorted_quantile(distribution, SWB__RESAMPLES, 1 - tail)};
}

swb__interval swb__median_interval(const double *values, size_t count, double confidence,
                                   uint64_t seed)
{
    swb__interval interval = {NAN, NAN};
    double *medians = count < 2 ? NULL : calloc(SWB__RESAMPLES, sizeof *medians);
    if (medians != NULL && swb__bootstrap_medians(medians, values, count, seed) == SWB_OK) {
        interval = middle(medians, confidence);
    }
    free(medians);
    return interval;
}

swb__interval swb__paired_ratio_interval(const double *candidate, const double *baseline,
                                         size_t count, double confidence, uint64_t seed)
{
    swb__interval interval = {NAN, NAN};
    double *ratios = count < 2 ? NULL : calloc(SWB__RESAMPLES, sizeof *ratios);
    if (ratios != NULL &&
        swb__bootstrap_ratios(ratios, candidate, baseline, count, seed) == SWB_OK) {
        interval = middle(ratios, confidence);
    }
    free(ratios);
    return interval;
}

/* The z under which a share of `confidence` of a standard normal lies within [-z, z], by bisection:
 * erf is in the C library, its inverse is not. */
static double normal_z(double confidence)
{
    double low = 0;
    double high = 40;
    for (int i = 0; i < 100; i++) {
        double z = (low + high) / 2;
        *(erf(z / sqrt(2)) < confidence ? &low : &high) = z;
    }
    return low;
}

swb__interval swb__wilson_interval(uint64_t hits, uint64_t trials, double confidence)
{
    if (trials == 0) {
        return (swb__interval){NAN, NAN};
    }
    double n = (double)trials;
    double share = (double)hits / n;
    double z = normal_z(confidence);
    double scale = 1 / (1 + z * z / n);
    double centre = scale * (share + z * z / (2 * n));
    double half = scale * z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    /* At the ends the formula gives 0 and 1 exactly; rounding does not. */
    return (swb__interval){hits == 0 ? 0 : fmax(0, centre - half),
                           hits == trials ? 1 : fmin(1, centre + half)};
}

double swb__variation(const double *values, size_t count)
{
    if (count < 2) {
        return NAN;
    }
    double mean = 0;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        mean += values[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return mean > 0 ? sqrt(squares / (double)(count - 1)) / mean : NAN;
}

double swb__cliffs_delta(const double *a, size_t a_count, const double *b, size_t b_count)
{
    double sum = 0;
    if (a_count == 0 || b_count == 0) {
        return NAN;
    }
    for (size_t i = 0; i < a_count; i++) {
        for (size_t j = 0; j < b_count; j++) {
            sum += (a[i] > b[j]) - (a[i] < b[j]);
        }
    }
    return sum / ((double)a_count * (double)b_count);
}

double swb__relative_half_width(const double *values, size_t count, uint64_t seed)
{
    swb__interval interval = swb__median_interval(values, count, 0.95, seed);
    double *copy = count < 2 ? NULL : calloc(count, sizeof *copy);
    if (copy == NULL) {
        return NAN;
    }
    memcpy(copy, values, count * sizeof *copy);
    double median = swb__quantile(copy, count, 0.5);
    free(copy);
    return median > 0 ? (interval.high - interval.low) / 2 / median : NAN;
}

double swb__lower_bound_s(double bytes, double seeder_up_bps, uint32_t leechers, double up_bps,
                          double down_bps)
{
    if (leechers == 0 || !(seeder_up_bps > 0) || !(up_bps >= 0) || !(down_bps > 0)) {
        return NAN;
    }
    double bits = bytes * 8;
    double slowest_leecher = bits / down_bps;
    double first_copy = bits / seeder_up_bps;
    double all_copies = leechers * bits / (seeder_up_bps + leechers * up_bps);
    return fmax(slowest_leecher, fmax(first_copy, all_copies));
}
