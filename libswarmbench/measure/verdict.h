/* The verdict: is a candidate slower than the baseline by more than a margin? */
#ifndef SWB_MEASURE_VERDICT_H
#define SWB_MEASURE_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "measure/statistics.h"

typedef enum swb__verdict {
    SWB__VERDICT_UNDECIDED,
    SWB__VERDICT_NOT_INFERIOR,
    SWB__VERDICT_INFERIOR,
} swb__verdict;

/* Further blocks that would decide are not foreseeable: the ratio lies on the limit. */
#define SWB__FURTHER_UNKNOWN UINT32_MAX

/* A candidate and the baseline in one cell. */
typedef struct swb__comparison {
    /* In: makespans paired by block, INFINITY for a failed run. Borrowed. */
    const double *candidate;
    const double *baseline;
    size_t blocks;         /* values of each; where they are not paired: of the candidate */
    size_t baseline_count; /* 0: paired; else the values of the baseline, which are not */
    uint64_t seed;
    /* Out: */
    double ratio;           /* median(candidate) / median(baseline); NaN where unknown */
    swb__interval interval; /* two-sided bootstrap interval of the ratio */
    double delta;           /* Cliff's delta: > 0 where the candidate takes longer */
    double p_not_inferior;  /* bootstrap p-value of "the ratio is 1 + margin or more" */
    double p_inferior;      /* of "the ratio is 1 + margin or less" */
    swb__verdict verdict;
    uint32_t further; /* UNDECIDED: blocks (a run of each mode) that would decide it */
} swb__comparison;

/*
 * Judges all cells of one candidate, a family of tests: non-inferiority at `margin` (0.2 = 20 %)
 * and `confidence`, by the paired bootstrap, Holm-corrected over the cells (Holm 1979), for each of
 * the two directions.
 *
 * A p-value is the share of resampled ratios on the wrong side of 1 + margin, as the percentile
 * interval inverted, but at least 2^-n for n blocks (all on one side, by the sign test): 39 cells
 * at 95 % need 10 blocks before any can be decided. Nor is it under 1 / 10,001, so a family of more
 * than about 500 cells at 95 % cannot be decided. Under swb__verdict_blocks(confidence) blocks
 * nothing is.
 *
 * `further` supposes that the ratio stays where it is and that the interval, on the scale of
 * logarithms, shrinks with the root of the number of blocks: n * (half-width / distance to the
 * limit)^2 - n, with the half-width at the corrected level of the strictest step.
 *
 * Returns SWB_OK or SWB_ENOMEM.
 */
int swb__judge(swb__comparison *cells, size_t count, double margin, double confidence);

/* The least number of blocks from which an interval of a median can have this confidence at all
 * (2^-n <= 1 - confidence): 5 for 95 %. */
size_t swb__verdict_blocks(double confidence);

/* "not inferior", "inferior", "undecided". */
const char *swb__verdict_name(swb__verdict verdict);

#endif
