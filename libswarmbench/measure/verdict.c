/* Non-inferiority by the paired bootstrap, Holm-corrected. */
#include "measure/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/status.h>

#include "measure/bootstrap.h"

#define MOST_FURTHER 100000.0

const char *swb__verdict_name(swb__verdict verdict)
{
    switch (verdict) {
    case SWB__VERDICT_NOT_INFERIOR:
        return "not inferior";
    case SWB__VERDICT_INFERIOR:
        return "inferior";
    case SWB__VERDICT_UNDECIDED:
        break;
    }
    return "undecided";
}

size_t swb__verdict_blocks(double confidence)
{
    return (size_t)ceil(-log2(1 - confidence) - 1e-9);
}

static double median_of(const double *values, size_t count, double *scratch)
{
    memcpy(scratch, values, count * sizeof *scratch);
    return swb__quantile(scratch, count, 0.5);
}

static size_t baseline_count(const swb__comparison *cell)
{
    return cell->baseline_count > 0 ? cell->baseline_count : cell->blocks;
}

/* Blocks that the comparison rests on: of sets that are not paired, the smaller one. */
static size_t weight_of(const swb__comparison *cell)
{
    size_t count = baseline_count(cell);
    return count < cell->blocks ? count : cell->blocks;
}

static int resample(double *ratios, const swb__comparison *cell)
{
    if (cell->baseline_count > 0) {
        return swb__bootstrap_ratios_apart(ratios, cell->candidate, cell->blocks, cell->baseline,
                                           cell->baseline_count, cell->seed);
    }
    return swb__bootstrap_ratios(ratios, cell->candidate, cell->baseline, cell->blocks, cell->seed);
}

/* How many more blocks would bring the interval's end past the limit. */
static uint32_t further_blocks(const swb__comparison *cell, const double *ratios, double limit,
                               double alpha, size_t least)
{
    double distance = fabs(log(limit) - log(cell->ratio));
    double end =
        swb__sorted_quantile(ratios, SWB__RESAMPLES, cell->ratio < limit ? 1 - alpha : alpha);
    size_t weight = weight_of(cell);
    double wanted = (double)weight * pow(fabs(log(end) - log(cell->ratio)) / distance, 2);
    if (weight < least && !isfinite(wanted)) {
        return (uint32_t)(least - weight);
    }
    if (!isfinite(wanted) || wanted > MOST_FURTHER) {
        return SWB__FURTHER_UNKNOWN;
    }
    wanted = fmax(ceil(wanted), (double)least);
    return wanted > (double)weight ? (uint32_t)(wanted - (double)weight) : 1;
}

/* Resamples of a few blocks that agree all agree: that is no more evidence than the blocks are.
 * Each falls on one side of the limit with probability 1/2 where nothing is the matter (the sign
 * test). */
static double p_of(size_t against, size_t weight)
{
    return fmax((double)(against + 1) / (SWB__RESAMPLES + 1), exp2(-(double)weight));
}

/* Ratio, interval and p-values of one cell; `ratios` has room for the distribution. */
static int examine(swb__comparison *cell, double *ratios, double limit, double confidence,
                   double strictest_alpha, size_t least)
{
    double *scratch = calloc(cell->blocks + baseline_count(cell), sizeof *scratch);
    if (scratch == NULL || resample(ratios, cell) != SWB_OK) {
        free(scratch);
        return SWB_ENOMEM;
    }
    cell->ratio = median_of(cell->candidate, cell->blocks, scratch) /
                  median_of(cell->baseline, baseline_count(cell), scratch);
    free(scratch);
    cell->delta =
        swb__cliffs_delta(cell->candidate, cell->blocks, cell->baseline, baseline_count(cell));
    if (weight_of(cell) < 2) {
        return SWB_OK;
    }
    size_t under = 0;
    size_t over = 0;
    for (size_t i = 0; i < SWB__RESAMPLES; i++) {
        under += ratios[i] < limit;
        over += ratios[i] > limit;
    }
    double tail = (1 - confidence) / 2;
    cell->interval.low = swb__sorted_quantile(ratios, SWB__RESAMPLES, tail);
    cell->interval.high = swb__sorted_quantile(ratios, SWB__RESAMPLES, 1 - tail);
    /* What is neither (a ratio on the limit, or unknown) counts against both. */
    cell->p_not_inferior = p_of(SWB__RESAMPLES - under, weight_of(cell));
    cell->p_inferior = p_of(SWB__RESAMPLES - over, weight_of(cell));
    cell->further = further_blocks(cell, ratios, limit, strictest_alpha, least);
    return SWB_OK;
}

typedef struct ranked_p {
    double p;
    size_t cell;
} ranked_p;

static int by_p(const void *left, const void *right)
{
    double a = ((const ranked_p *)left)->p;
    double b = ((const ranked_p *)right)->p;
    return (a > b) - (a < b);
}

/* Holm's steps for one direction: from the smallest p on, each is held against alpha over the
 * number of tests that are left; the first that fails ends it. */
static void decide(swb__comparison *cells, ranked_p *order, size_t count, swb__verdict direction,
                   double alpha, size_t least)
{
    for (size_t i = 0; i < count; i++) {
        const swb__comparison *cell = &cells[i];
        double p = direction == SWB__VERDICT_INFERIOR ? cell->p_inferior : cell->p_not_inferior;
        order[i] = (ranked_p){weight_of(cell) < least ? 1 : p, i};
    }
    qsort(order, count, sizeof *order, by_p);
    for (size_t i = 0; i < count && order[i].p <= alpha / (double)(count - i); i++) {
        cells[order[i].cell].verdict = direction;
        cells[order[i].cell].further = 0;
    }
}

static void reset(swb__comparison *cell, size_t least)
{
    cell->ratio = cell->delta = NAN;
    cell->interval = (swb__interval){NAN, NAN};
    cell->p_not_inferior = cell->p_inferior = 1;
    cell->verdict = SWB__VERDICT_UNDECIDED;
    cell->further = weight_of(cell) < least ? (uint32_t)(least - weight_of(cell)) : 1;
}

int swb__judge(swb__comparison *cells, size_t count, double margin, double confidence)
{
    size_t least = swb__verdict_blocks(confidence);
    double alpha = 1 - confidence;
    double strictest = alpha / (double)(count > 0 ? count : 1);
    /* For Holm's first step. */
    size_t wanted = (size_t)fmax((double)least, ceil(-log2(strictest)));
    double *ratios = calloc(SWB__RESAMPLES, sizeof *ratios);
    ranked_p *order = calloc(count + 1, sizeof *order);
    int status = ratios == NULL || order == NULL ? SWB_ENOMEM : SWB_OK;
    for (size_t i = 0; i < count && status == SWB_OK; i++) {
        reset(&cells[i], wanted);
        if (cells[i].blocks > 0) {
            status = examine(&cells[i], ratios, 1 + margin, confidence, strictest, wanted);
        }
    }
    if (status == SWB_OK) {
        decide(cells, order, count, SWB__VERDICT_NOT_INFERIOR, alpha, least);
        decide(cells, order, count, SWB__VERDICT_INFERIOR, alpha, least);
    }
    free(ratios);
    free(order);
    return status;
}
