/* measure/verdict: what may be said of a candidate and the baseline. */
#include "support/cmocka_all.h"

#include <math.h>

#include <swarmbench/status.h>

#include "measure/verdict.h"

#define BLOCKS 12

/* Makespans around `centre`, one differing from the next by some per cent. */
static void spread(double *values, double centre, double width)
{
    for (int i = 0; i < BLOCKS; i++) {
        values[i] = centre * (1 + width * (fmod(i * 0.618034, 1) - 0.5));
    }
}

static swb__comparison compare(const double *candidate, const double *baseline, size_t blocks)
{
    return (swb__comparison){
        .candidate = candidate, .baseline = baseline, .blocks = blocks, .seed = 1};
}

static void candidate_as_fast_is_not_inferior(void **state)
{
    (void)state;
    double baseline[BLOCKS];
    double candidate[BLOCKS];
    spread(baseline, 10, 0.05);
    spread(candidate, 10.2, 0.06);
    swb__comparison cell = compare(candidate, baseline, BLOCKS);
    assert_int_equal(swb__judge(&cell, 1, 0.2, 0.95), SWB_OK);
    assert_int_equal(cell.verdict, SWB__VERDICT_NOT_INFERIOR);
    assert_true(cell.interval.high < 1.2 && cell.ratio > 1 && cell.ratio < 1.05);
    assert_int_equal(cell.further, 0);
}

static void candidate_slower_than_the_margin_is_inferior(void **state)
{
    (void)state;
    double baseline[BLOCKS];
    double candidate[BLOCKS];
    spread(baseline, 10, 0.05);
    spread(candidate, 14, 0.05);
    swb__comparison cell = compare(candidate, baseline, BLOCKS);
    swb__judge(&cell, 1, 0.2, 0.95);
    assert_int_equal(cell.verdict, SWB__VERDICT_INFERIOR);
    assert_true(cell.delta == 1);
}

static void wide_spread_is_undecided_and_tells_what_would_decide(void **state)
{
    (void)state;
    double baseline[BLOCKS] = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    double candidate[BLOCKS] = {16, 5, 15, 6, 14, 7, 13, 8, 12, 9, 11, 10};
    swb__comparison cell = compare(candidate, baseline, BLOCKS);
    swb__judge(&cell, 1, 0.2, 0.95);
    assert_int_equal(cell.verdict, SWB__VERDICT_UNDECIDED);
    assert_true(cell.further > BLOCKS && cell.further < 1000);
}

static void too_few_blocks_are_undecided_however_clear(void **state)
{
    (void)state;
    const double baseline[] = {10, 10, 10, 10};
    const double candidate[] = {10, 10, 10, 10};
    swb__comparison cells[3] = {compare(candidate, baseline, 4), compare(candidate, baseline, 1),
                                compare(NULL, NULL, 0)};
    assert_int_equal(swb__verdict_blocks(0.95), 5);
    assert_int_equal(swb__judge(cells, 3, 0.2, 0.95), SWB_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cells[i].verdict, SWB__VERDICT_UNDECIDED);
    }
    /* Five for one cell alone; three take a sixth. */
    assert_int_equal(cells[0].further, 2);
    assert_int_equal(cells[1].further, 5);
    assert_int_equal(cells[2].further, 6);
    assert_true(isnan(cells[2].ratio) && cells[1].ratio == 1);
}

static void failed_runs_of_the_candidate_count_as_slowest(void **state)
{
    (void)state;
    const double baseline[] = {10, 10, 10, 10, 10, 10, 10};
    const double candidate[] = {10, 10, 10, INFINITY, INFINITY, INFINITY, INFINITY};
    swb__comparison cell = compare(candidate, baseline, 7);
    swb__judge(&cell, 1, 0.2, 0.95);
    assert_int_equal(cell.verdict, SWB__VERDICT_UNDECIDED);
    assert_true(isinf(cell.ratio) && cell.further == SWB__FURTHER_UNKNOWN);
}

static void where_all_of_both_failed_nothing_is_known(void **state)
{
    (void)state;
    const double failed[] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
    swb__comparison cell = compare(failed, failed, 6);
    swb__judge(&cell, 1, 0.2, 0.95);
    assert_int_equal(cell.verdict, SWB__VERDICT_UNDECIDED);
    assert_true(isnan(cell.ratio) && cell.p_inferior == 1 && cell.p_not_inferior == 1);
}

/* A cell whose p is between alpha / 2 and alpha (here P(Binomial(9, 2 / 9) >= 5) = 0.031) passes
 * alone, and not beside one that fails. */
static void correction_over_cells_takes_what_one_cell_alone_would_give(void **state)
{
    (void)state;
    const double baseline[] = {10, 10, 10, 10, 10, 10, 10, 10, 10};
    const double close[] = {10, 10, 11, 11, 11, 11, 11, 12.5, 12.5};
    const double open[] = {7, 8, 9, 10, 12, 14, 15, 16, 17};
    swb__comparison alone = compare(close, baseline, 9);
    swb__comparison both[2] = {compare(close, baseline, 9), compare(open, baseline, 9)};
    swb__judge(&alone, 1, 0.2, 0.95);
    swb__judge(both, 2, 0.2, 0.95);
    assert_true(alone.p_not_inferior > 0.025 && alone.p_not_inferior < 0.05);
    assert_int_equal(alone.verdict, SWB__VERDICT_NOT_INFERIOR);
    assert_int_equal(both[0].verdict, SWB__VERDICT_UNDECIDED);
    assert_true(both[0].p_not_inferior == alone.p_not_inferior);
}

/* Holm's second step is held against alpha itself once the first has passed. */
static void a_clear_cell_beside_a_close_one_leaves_it_its_chance(void **state)
{
    (void)state;
    const double baseline[] = {10, 10, 10, 10, 10, 10, 10, 10, 10};
    const double close[] = {10, 10, 11, 11, 11, 11, 11, 12.5, 12.5};
    swb__comparison both[2] = {compare(close, baseline, 9), compare(baseline, baseline, 9)};
    swb__judge(both, 2, 0.2, 0.95);
    assert_int_equal(both[0].verdict, SWB__VERDICT_NOT_INFERIOR);
    assert_int_equal(both[1].verdict, SWB__VERDICT_NOT_INFERIOR);
}

/* All resamples of a few blocks that agree agree; that is no evidence for a family of cells. */
static void many_cells_take_more_blocks_than_one(void **state)
{
    (void)state;
    enum { CELLS = 39 };
    double baseline[BLOCKS];
    double candidate[BLOCKS];
    swb__comparison cells[CELLS];
    spread(baseline, 10, 0.01);
    spread(candidate, 20, 0.01);
    for (size_t blocks = 5; blocks <= 10; blocks += 5) {
        for (size_t i = 0; i < CELLS; i++) {
            cells[i] = compare(candidate, baseline, blocks);
        }
        assert_int_equal(swb__judge(cells, CELLS, 0.2, 0.95), SWB_OK);
        for (size_t i = 0; i < CELLS; i++) {
            assert_int_equal(cells[i].verdict,
                             blocks < 10 ? SWB__VERDICT_UNDECIDED : SWB__VERDICT_INFERIOR);
            assert_int_equal(cells[i].further, blocks < 10 ? 10 - blocks : 0);
        }
    }
}

/* Sets that are not paired: what both have in common does not cancel out. */
static void sets_apart_have_wider_intervals_than_pairs(void **state)
{
    (void)state;
    double baseline[BLOCKS];
    double candidate[BLOCKS];
    spread(baseline, 10, 0.4);
    for (int i = 0; i < BLOCKS; i++) {
        candidate[i] = baseline[i] * 1.1;
    }
    swb__comparison paired = compare(candidate, baseline, BLOCKS);
    swb__comparison apart = compare(candidate, baseline, BLOCKS);
    apart.baseline_count = BLOCKS - 2;
    assert_int_equal(swb__judge(&paired, 1, 0.2, 0.95), SWB_OK);
    assert_int_equal(swb__judge(&apart, 1, 0.2, 0.95), SWB_OK);
    assert_int_equal(paired.verdict, SWB__VERDICT_NOT_INFERIOR);
    assert_int_equal(apart.verdict, SWB__VERDICT_UNDECIDED);
    assert_true(paired.interval.high - paired.interval.low < 1e-9);
    assert_true(apart.interval.low < 1.05 && apart.interval.high > 1.15);
}

/* The smaller set decides whether there are enough. */
static void sets_apart_need_enough_of_both(void **state)
{
    (void)state;
    double baseline[BLOCKS];
    double candidate[BLOCKS];
    spread(baseline, 10, 0.01);
    spread(candidate, 20, 0.01);
    swb__comparison cell = compare(candidate, baseline, BLOCKS);
    cell.baseline_count = 4;
    assert_int_equal(swb__judge(&cell, 1, 0.2, 0.95), SWB_OK);
    assert_int_equal(cell.verdict, SWB__VERDICT_UNDECIDED);
    assert_int_equal(cell.further, 1);
    cell.baseline_count = 5;
    assert_int_equal(swb__judge(&cell, 1, 0.2, 0.95), SWB_OK);
    assert_int_equal(cell.verdict, SWB__VERDICT_INFERIOR);
    assert_true(cell.delta == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidate_as_fast_is_not_inferior),
        cmocka_unit_test(candidate_slower_than_the_margin_is_inferior),
        cmocka_unit_test(wide_spread_is_undecided_and_tells_what_would_decide),
        cmocka_unit_test(too_few_blocks_are_undecided_however_clear),
        cmocka_unit_test(failed_runs_of_the_candidate_count_as_slowest),
        cmocka_unit_test(where_all_of_both_failed_nothing_is_known),
        cmocka_unit_test(correction_over_cells_takes_what_one_cell_alone_would_give),
        cmocka_unit_test(many_cells_take_more_blocks_than_one),
        cmocka_unit_test(sets_apart_have_wider_intervals_than_pairs),
        cmocka_unit_test(sets_apart_need_enough_of_both),
        cmocka_unit_test(a_clear_cell_beside_a_close_one_leaves_it_its_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
