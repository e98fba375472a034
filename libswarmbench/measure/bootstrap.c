/* Resampling (Efron and Tibshirani 1993); medians are found by counting ranks, without sorting. */
#include "measure/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/status.h>

#include "base/random.h"
#include "measure/statistics.h"

/* A sample in order, and how often a resample has drawn each of its values. */
typedef struct ranked_sample {
    size_t count;
    double *sorted;
    uint32_t *rank; /* of value i */
    uint32_t *hits; /* by rank */
} ranked_sample;

typedef struct ranked_value {
    double value;
    uint32_t index;
} ranked_value;

static int by_value(const void *left, const void *right)
{
    double a = ((const ranked_value *)left)->value;
    double b = ((const ranked_value *)right)->value;
    return (a > b) - (a < b);
}

static void sample_finish(ranked_sample *sample)
{
    free(sample->sorted);
    free(sample->rank);
    free(sample->hits);
}

static int sample_init(ranked_sample *sample, const double *values, size_t count)
{
    ranked_value *order = calloc(count, sizeof *order);
    sample->count = count;
    sample->sorted = calloc(count, sizeof *sample->sorted);
    sample->rank = calloc(count, sizeof *sample->rank);
    sample->hits = calloc(count, sizeof *sample->hits);
    if (order == NULL || sample->sorted == NULL || sample->rank == NULL || sample->hits == NULL) {
        free(order);
        sample_finish(sample);
        return SWB_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (ranked_value){values[i], (uint32_t)i};
    }
    qsort(order, count, sizeof *order, by_value);
    for (size_t i = 0; i < count; i++) {
        sample->sorted[i] = order[i].value;
        sample->rank[order[i].index] = (uint32_t)i;
    }
    free(order);
    return SWB_OK;
}

/* Median of what was drawn: the mean of the values at places (n - 1) / 2 and n / 2. */
static double drawn_median(const ranked_sample *sample)
{
    size_t low_place = (sample->count - 1) / 2;
    size_t high_place = sample->count / 2;
    size_t passed = 0;
    size_t at = 0;
    while ((passed += sample->hits[at]) <= low_place) {
        at++;
    }
    double low = sample->sorted[at];
    while (passed <= high_place) {
        passed += sample->hits[++at];
    }
    return low + (sample->sorted[at] > low ? (sample->sorted[at] - low) / 2 : 0);
}

/* Draws as many blocks as there are, with replacement, and counts them in each sample. */
static void draw(ranked_sample *samples, size_t sample_count, swb__random *random)
{
    size_t count = samples[0].count;
    uint64_t bits = 0;
    for (size_t s = 0; s < sample_count; s++) {
        memset(samples[s].hits, 0, count * sizeof *samples[s].hits);
    }
    for (size_t i = 0; i < count; i++) {
        /* Two draws of 32 bits from each number; scaling them is off by count / 2^32 at most. */
        bits = i % 2 == 0 ? swb__random_next(random) : bits >> 32;
        size_t block = (size_t)(((bits & UINT32_MAX) * count) >> 32);
        for (size_t s = 0; s < sample_count; s++) {
            samples[s].hits[samples[s].rank[block]]++;
        }
    }
}

int swb__bootstrap_medians(double *out, const double *values, size_t count, uint64_t seed)
{
    ranked_sample sample;
    swb__random random;
    if (sample_init(&sample, values, count) != SWB_OK) {
        return SWB_ENOMEM;
    }
    swb__random_init(&random, seed);
    for (size_t i = 0; i < SWB__RESAMPLES; i++) {
        draw(&sample, 1, &random);
        out[i] = drawn_median(&sample);
    }
    swb__sort(out, SWB__RESAMPLES);
    sample_finish(&sample);
    return SWB_OK;
}

static int init_both(ranked_sample samples[2], const double *candidate, size_t candidate_count,
                     const double *baseline, size_t baseline_count)
{
    if (sample_init(&samples[0], candidate, candidate_count) != SWB_OK) {
        return SWB_ENOMEM;
    }
    if (sample_init(&samples[1], baseline, baseline_count) != SWB_OK) {
        sample_finish(&samples[0]);
        return SWB_ENOMEM;
    }
    return SWB_OK;
}

int swb__bootstrap_ratios(double *out, const double *candidate, const double *baseline,
                          size_t count, uint64_t seed)
{
    ranked_sample samples[2];
    swb__random random;
    if (init_both(samples, candidate, count, baseline, count) != SWB_OK) {
        return SWB_ENOMEM;
    }
    swb__random_init(&random, seed);
    for (size_t i = 0; i < SWB__RESAMPLES; i++) {
        draw(samples, 2, &random);
        out[i] = drawn_median(&samples[0]) / drawn_median(&samples[1]);
    }
    swb__sort(out, SWB__RESAMPLES);
    sample_finish(&samples[0]);
    sample_finish(&samples[1]);
    return SWB_OK;
}

int swb__bootstrap_ratios_apart(double *out, const double *candidate, size_t candidate_count,
                                const double *baseline, size_t baseline_count, uint64_t seed)
{
    ranked_sample samples[2];
    swb__random random;
    if (init_both(samples, candidate, candidate_count, baseline, baseline_count) != SWB_OK) {
        return SWB_ENOMEM;
    }
    swb__random_init(&random, seed);
    for (size_t i = 0; i < SWB__RESAMPLES; i++) {
        draw(&samples[0], 1, &random);
        draw(&samples[1], 1, &random);
        out[i] = drawn_median(&samples[0]) / drawn_median(&samples[1]);
    }
    swb__sort(out, SWB__RESAMPLES);
    sample_finish(&samples[0]);
    sample_finish(&samples[1]);
    return SWB_OK;
}
