/* run/arrival and run/faults: when leechers come, and whom faults hit. */
#include "support/cmocka_all.h"

#include <string.h>

#include "run/arrival.h"
#include "run/faults.h"

static void together_all_arrive_at_once(void **state)
{
    (void)state;
    int64_t at[3] = {9, 9, 9};
    swb__settings settings = {.arrival = {.pattern = SWB__ARRIVAL_TOGETHER, .every_ns = 5}};
    swb__arrival_offsets(at, 3, &settings, 1);
    assert_true(at[0] == 0 && at[1] == 0 && at[2] == 0);
}

static void staggered_arrive_one_by_one(void **state)
{
    (void)state;
    int64_t at[3];
    swb__settings settings = {.arrival = {.pattern = SWB__ARRIVAL_STAGGERED, .every_ns = 7}};
    swb__arrival_offsets(at, 3, &settings, 1);
    assert_true(at[0] == 0 && at[1] == 7 && at[2] == 14);
}

static void waves_arrive_in_groups(void **state)
{
    (void)state;
    int64_t at[5];
    swb__settings settings = {
        .arrival = {.pattern = SWB__ARRIVAL_WAVES, .every_ns = 10, .wave = 2}};
    swb__arrival_offsets(at, 5, &settings, 1);
    assert_true(at[1] == 0 && at[2] == 10 && at[3] == 10 && at[4] == 20);
}

static void poisson_arrivals_have_the_asked_rate_and_repeat_with_the_seed(void **state)
{
    (void)state;
    int64_t at[2000];
    int64_t again[2000];
    swb__settings settings = {.arrival = {.pattern = SWB__ARRIVAL_POISSON, .rate_per_s = 5}};
    swb__arrival_offsets(at, 2000, &settings, 3);
    swb__arrival_offsets(again, 2000, &settings, 3);
    assert_memory_equal(at, again, sizeof at);
    assert_true(at[0] == 0);
    for (int i = 1; i < 2000; i++) {
        assert_true(at[i] >= at[i - 1]);
    }
    /* 1,999 gaps of mean 0.2 s: 400 s, give or take 5 standard errors of 9 s. */
    assert_in_range((uint64_t)at[1999] / 1000000000, 355, 445);
    swb__arrival_offsets(again, 2000, &settings, 4);
    assert_memory_not_equal(at, again, sizeof at);
}

static void fault_fires_once_and_is_undone_after_its_time(void **state)
{
    (void)state;
    swb__faults faults;
    swb__settings settings = {.fault_count = 2};
    settings.faults[0] =
        (swb__fault_plan){.kind = SWB__FAULT_STOP, .at_fraction = 0.5, .count = 1, .for_ns = 100};
    settings.faults[1] = (swb__fault_plan){.at_fraction = -1, .at_ns = 30, .fraction = 0.5};
    swb__faults_init(&faults, 1);
    assert_true(swb__faults_next_ns(&faults, &settings) == 30);
    assert_int_equal(swb__faults_due(&faults, &settings, 10, 0.49), -1);
    assert_int_equal(swb__faults_due(&faults, &settings, 20, 0.5), 0);
    assert_int_equal(swb__faults_due(&faults, &settings, 20, 0.6), -1);
    assert_true(faults.undo_ns[0] == 120);
    assert_int_equal(swb__faults_due(&faults, &settings, 30, 0.6), 1);
    assert_true(swb__faults_next_ns(&faults, &settings) == 120);
}

static void fault_hits_a_count_or_a_fraction_of_the_candidates(void **state)
{
    (void)state;
    swb__faults faults;
    uint32_t candidates[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    swb__settings settings = {.fault_count = 2};
    settings.faults[0].count = 3;
    settings.faults[1].fraction = 0.25;
    swb__faults_init(&faults, 1);
    assert_int_equal(swb__faults_choose(&faults, &settings, 0, candidates, 8), 3);
    assert_int_equal(swb__faults_choose(&faults, &settings, 0, candidates, 2), 2);
    assert_int_equal(swb__faults_choose(&faults, &settings, 1, candidates, 8), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_all_arrive_at_once),
        cmocka_unit_test(staggered_arrive_one_by_one),
        cmocka_unit_test(waves_arrive_in_groups),
        cmocka_unit_test(poisson_arrivals_have_the_asked_rate_and_repeat_with_the_seed),
        cmocka_unit_test(fault_fires_once_and_is_undone_after_its_time),
        cmocka_unit_test(fault_hits_a_count_or_a_fraction_of_the_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
