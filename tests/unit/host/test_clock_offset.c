/* host/clock_offset: what is converted lies around the truth, however slow and uneven the way. */
#include "support/cmocka_all.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "host/clock_offset.h"

#define MS SWB__NS_PER_MS

/* A clock that runs `ppm` faster than ours and stood at `offset_ns` at our 0. */
struct clock {
    double ppm;
    int64_t offset_ns;
};

static int64_t read_clock(const struct clock *clock, int64_t our_ns)
{
    return our_ns + clock->offset_ns + (int64_t)((double)our_ns * clock->ppm / 1e6);
}

static int64_t below(swb__random *random, int64_t limit)
{
    return (int64_t)swb__random_below(random, (uint64_t)limit);
}

/* The best of eight round trips, whose two ways take anything from 10 us to 5 ms each. */
static swb__offset series(const struct clock *clock, int64_t our_ns, swb__random *random)
{
    swb__offset best = {0};
    for (int i = 0; i < 8; i++) {
        int64_t sent_ns = our_ns + i * 20 * MS;
        int64_t there_ns = sent_ns + 10000 + below(random, 5 * MS);
        int64_t back_ns = there_ns + 10000 + below(random, 5 * MS);
        swb__offset one = swb__offset_of(sent_ns, read_clock(clock, there_ns), back_ns);
        best = i == 0 ? one : swb__offset_better(best, one);
    }
    return best;
}

static void check_conversion(const swb__clock_offset *offset, const struct clock *clock,
                             int64_t our_ns, int64_t widest_ns)
{
    int64_t lo_ns;
    int64_t hi_ns;
    int64_t other_ns = read_clock(clock, our_ns);
    swb__clock_offset_to_ours(&lo_ns, &hi_ns, offset, other_ns);
    assert_true(lo_ns <= our_ns && our_ns <= hi_ns);
    assert_true(hi_ns - lo_ns <= widest_ns);
    assert_true(swb__clock_offset_to_other(offset, our_ns) <= other_ns);
    assert_true(swb__clock_offset_to_other(offset, our_ns) >= other_ns - widest_ns);
}

static void moments_lie_in_their_interval_whatever_the_way_was_like(void **state)
{
    static const struct clock clocks[] = {
        {0, 0}, {80, 1234567890123}, {-80, -98765432109}, {450, 5}, {-450, INT64_C(1) << 60},
    };
    swb__random random;
    (void)state;
    swb__random_init(&random, 7);
    for (int round = 0; round < 200; round++) {
        const struct clock *clock = &clocks[round % 5];
        swb__clock_offset offset = {0};
        int64_t begin_ns = 1000 * SWB__NS_PER_S + below(&random, 1000000000);
        swb__clock_offset_add(&offset, series(clock, begin_ns, &random));
        /* A minute after the only series: 1000 ppm of it to both sides, and the error. */
        check_conversion(&offset, clock, begin_ns + 60 * SWB__NS_PER_S, 140 * MS);
        check_conversion(&offset, clock, begin_ns + below(&random, SWB__NS_PER_S), 12 * MS);
        for (int i = 1; i <= 30; i++) {
            swb__clock_offset_add(&offset,
                                  series(clock, begin_ns + i * 10 * SWB__NS_PER_S, &random));
        }
        /* With the drift measured over five minutes, 20 s later. */
        check_conversion(&offset, clock, begin_ns + 320 * SWB__NS_PER_S, 12 * MS);
        check_conversion(&offset, clock, begin_ns + 150 * SWB__NS_PER_S, 20 * MS);
    }
}

static void drift_is_measured_with_its_error(void **state)
{
    const struct clock clock = {.ppm = 40, .offset_ns = 777};
    swb__clock_offset offset = {0};
    swb__random random;
    double error;
    (void)state;
    swb__random_init(&random, 3);
    swb__clock_offset_add(&offset, series(&clock, SWB__NS_PER_S, &random));
    assert_true(swb__clock_offset_drift(&error, &offset) == 0);
    assert_true(error == SWB__DRIFT_MAX_PPM * 1e3);
    swb__clock_offset_add(&offset, series(&clock, 601 * SWB__NS_PER_S, &random));
    double drift = swb__clock_offset_drift(&error, &offset);
    assert_true(drift - error <= 40e3 && 40e3 <= drift + error);
    assert_true(error < 20e3);
}

/* Steady for ten minutes, then slewed: the series after that tells, and the interval grows. */
static void slew_that_begins_later_is_allowed_for(void **state)
{
    static const double slews_ppm[] = {70, -490};
    swb__random random;
    (void)state;
    swb__random_init(&random, 5);
    for (size_t i = 0; i < 2; i++) {
        const struct clock steady = {.ppm = 0, .offset_ns = 777};
        struct clock slewed = {.ppm = slews_ppm[i], .offset_ns = 777};
        swb__clock_offset offset = {0};
        int64_t now_ns = 0;
        for (; now_ns <= 600 * SWB__NS_PER_S; now_ns += 60 * SWB__NS_PER_S) {
            swb__clock_offset_add(&offset, series(&steady, now_ns, &random));
        }
        now_ns -= 60 * SWB__NS_PER_S;
        slewed.offset_ns -= (int64_t)((double)now_ns * slewed.ppm / 1e6);
        now_ns += 60 * SWB__NS_PER_S;
        swb__clock_offset_add(&offset, series(&slewed, now_ns, &random));
        check_conversion(&offset, &slewed, now_ns + 60 * SWB__NS_PER_S, 140 * MS);
    }
}

static void series_that_follow_at_once_tell_no_drift(void **state)
{
    const struct clock clock = {.ppm = 0, .offset_ns = -5};
    swb__clock_offset offset = {0};
    swb__random random;
    double error;
    (void)state;
    swb__random_init(&random, 4);
    swb__clock_offset_add(&offset, series(&clock, SWB__NS_PER_S, &random));
    swb__clock_offset_add(&offset, series(&clock, SWB__NS_PER_S, &random));
    assert_true(swb__clock_offset_drift(&error, &offset) == 0);
    assert_true(error == SWB__DRIFT_MAX_PPM * 1e3);
}

static void shorter_round_trip_is_the_better_one(void **state)
{
    (void)state;
    swb__offset quick = swb__offset_of(1000, 5000, 1101);
    swb__offset slow = swb__offset_of(1000, 5500, 3000);
    assert_true(quick.error_ns == 51);
    assert_true(quick.offset_ns == 5000 - 1050);
    assert_true(swb__offset_better(slow, quick).error_ns == 51);
    assert_true(swb__offset_better(quick, slow).error_ns == 51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_lie_in_their_interval_whatever_the_way_was_like),
        cmocka_unit_test(drift_is_measured_with_its_error),
        cmocka_unit_test(slew_that_begins_later_is_allowed_for),
        cmocka_unit_test(series_that_follow_at_once_tell_no_drift),
        cmocka_unit_test(shorter_round_trip_is_the_better_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
