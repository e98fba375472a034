/* measure/statistics: against values that are known otherwise. */
#include "support/cmocka_all.h"

#include <math.h>
#include <string.h>

#include "measure/observation.h"
#include "measure/statistics.h"

static void assert_near(double value, double wanted, double tolerance)
{
    if (!(fabs(value - wanted) <= tolerance)) {
        print_error("%.17g is not within %g of %.17g\n", value, tolerance, wanted);
    }
    assert_true(fabs(value - wanted) <= tolerance);
}

/* 1, 2, ..., 21: a resample's median is one of them, with known probabilities. */
static void fill(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)(i + 1);
    }
}

static void quantiles_are_linear_between_order_statistics(void **state)
{
    (void)state;
    /* Python's statistics.quantiles(method='inclusive'), which is type 7 too. */
    double values[] = {3.1, 1.2, 9.9, 4.4, 5.0, 2.2, 7.7};
    assert_near(swb__quantile(values, 7, 0.05), 1.5, 1e-12);
    assert_near(swb__quantile(values, 7, 0.25), 2.65, 1e-12);
    assert_near(swb__quantile(values, 7, 0.5), 4.4, 1e-12);
    assert_near(swb__quantile(values, 7, 0.95), 9.24, 1e-12);
    assert_near(swb__quantile(values, 7, 1), 9.9, 0);
    assert_near(swb__quantile(values, 1, 0.3), 1.2, 0);
    assert_true(isnan(swb__quantile(values, 0, 0.5)));
}

static void quantiles_of_censored_values_are_infinite_only_where_they_must(void **state)
{
    (void)state;
    double values[] = {INFINITY, 2, INFINITY, 1, 3};
    assert_near(swb__quantile(values, 5, 0.5), 3, 0);
    assert_near(swb__quantile(values, 5, 0.25), 2, 0);
    assert_true(isinf(swb__quantile(values, 5, 0.75)));
    assert_true(isinf(swb__quantile(values, 5, 1)));
}

static void median_interval_has_the_ends_of_the_exact_bootstrap(void **state)
{
    (void)state;
    double values[21];
    fill(values, 21);
    /* P(median of a resample <= k) = P(Binomial(21, k / 21) >= 11): 0.0183 at 6, 0.0557 at 7;
     * 0.9443 at 14, 0.9817 at 15. */
    swb__interval interval = swb__median_interval(values, 21, 0.95, 42);
    assert_near(interval.low, 7, 0);
    assert_near(interval.high, 15, 0);
    interval = swb__median_interval(values, 5, 0.95, 42);
    assert_near(interval.low, 1, 0);
    assert_near(interval.high, 5, 0);
}

static void median_interval_depends_on_the_seed_only(void **state)
{
    (void)state;
    double values[40];
    for (int i = 0; i < 40; i++) {
        values[i] = fmod(i * 0.618034, 1);
    }
    swb__interval first = swb__median_interval(values, 40, 0.95, 7);
    swb__interval again = swb__median_interval(values, 40, 0.95, 7);
    assert_memory_equal(&first, &again, sizeof first);
    assert_true(first.low < 0.5 && first.high > 0.5);
}

static void median_interval_of_too_few_values_is_unknown(void **state)
{
    (void)state;
    double value = 3;
    assert_true(isnan(swb__median_interval(&value, 1, 0.95, 1).low));
    assert_true(isnan(swb__median_interval(NULL, 0, 0.95, 1).high));
}

static void median_interval_is_unbounded_where_runs_were_censored(void **state)
{
    (void)state;
    double values[] = {1, 2, 3, INFINITY, INFINITY};
    swb__interval interval = swb__median_interval(values, 5, 0.95, 1);
    assert_near(interval.low, 1, 0);
    assert_true(isinf(interval.high));
}

static void paired_ratio_of_scaled_values_is_the_scale(void **state)
{
    (void)state;
    double baseline[21];
    double candidate[21];
    fill(baseline, 21);
    for (int i = 0; i < 21; i++) {
        candidate[i] = 1.5 * baseline[i];
    }
    /* Paired: whatever blocks are drawn, the ratio stays. */
    swb__interval interval = swb__paired_ratio_interval(candidate, baseline, 21, 0.95, 3);
    assert_near(interval.low, 1.5, 1e-15);
    assert_near(interval.high, 1.5, 1e-15);
}

static void paired_ratio_over_a_constant_is_the_interval_of_the_median(void **state)
{
    (void)state;
    double baseline[21];
    double candidate[21];
    fill(candidate, 21);
    for (int i = 0; i < 21; i++) {
        baseline[i] = 2;
    }
    swb__interval interval = swb__paired_ratio_interval(candidate, baseline, 21, 0.95, 3);
    assert_near(interval.low, 3.5, 0);
    assert_near(interval.high, 7.5, 0);
    assert_true(isnan(swb__paired_ratio_interval(candidate, baseline, 1, 0.95, 3).low));
}

static void wilson_interval_is_the_published_one(void **state)
{
    (void)state;
    /* Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662. */
    swb__interval interval = swb__wilson_interval(81, 263, 0.95);
    assert_near(interval.low, 0.2552885198782743, 1e-12);
    assert_near(interval.high, 0.3662095769828001, 1e-12);
    interval = swb__wilson_interval(10, 10, 0.95);
    assert_near(interval.low, 0.7224672001371109, 1e-12);
    assert_near(interval.high, 1, 0);
    assert_near(swb__wilson_interval(0, 10, 0.95).low, 0, 0);
    assert_near(swb__wilson_interval(3, 7, 0.99).high, 0.8102850959116122, 1e-12);
    assert_true(isnan(swb__wilson_interval(0, 0, 0.95).low));
}

static void variation_is_the_sample_deviation_over_the_mean(void **state)
{
    (void)state;
    const double values[] = {3.1, 1.2, 9.9, 4.4, 5.0, 2.2, 7.7};
    assert_near(swb__variation(values, 7), 0.6453332768745369, 1e-12);
    assert_true(isnan(swb__variation(values, 1)));
}

static void cliffs_delta_counts_pairs(void **state)
{
    (void)state;
    const double low[] = {1, 2, 3};
    const double high[] = {3, 4, 5};
    assert_near(swb__cliffs_delta(high, 3, low, 3), 8.0 / 9, 1e-15);
    assert_near(swb__cliffs_delta(low, 3, high, 3), -8.0 / 9, 1e-15);
    assert_near(swb__cliffs_delta(low, 3, low, 3), 0, 0);
}

static void relative_half_width_is_of_the_median(void **state)
{
    (void)state;
    double values[21];
    fill(values, 21);
    assert_near(swb__relative_half_width(values, 21, 42), 4.0 / 11, 1e-12);
    assert_true(isnan(swb__relative_half_width(values, 1, 42)));
}

static void lower_bound_is_the_largest_of_its_three_terms(void **state)
{
    (void)state;
    /* 100 MB, 100 Mbit/s everywhere: 8 s for any swarm. */
    assert_near(swb__lower_bound_s(1e8, 1e8, 7, 1e8, 1e8), 8, 1e-12);
    assert_near(swb__lower_bound_s(1e8, 4e8, 28, 1e8, 1e8), 8, 1e-12);
    /* Slow leechers; a slow seeder; all uploads together: 7 * 8e8 / (2e7 + 7 * 1e7). */
    assert_near(swb__lower_bound_s(1e8, 1e9, 7, 1e9, 5e7), 16, 1e-12);
    assert_near(swb__lower_bound_s(1e8, 2e7, 7, 1e9, 1e9), 40, 1e-12);
    assert_near(swb__lower_bound_s(1e8, 2e7, 7, 1e7, 1e9), 62.22222222222222, 1e-9);
    assert_near(swb__lower_bound_s(1e8, INFINITY, 7, INFINITY, 1e8), 8, 1e-12);
    assert_true(isnan(swb__lower_bound_s(1e8, 1e8, 0, 1e8, 1e8)));
    assert_true(isnan(swb__lower_bound_s(1e8, 0, 7, 1e8, 1e8)));
}

static void sources_have_the_names_that_are_stored(void **state)
{
    (void)state;
    assert_string_equal(swb__source_name(SWB_SOURCE_INOTIFY), "inotify");
    assert_string_equal(swb__source_name(SWB_SOURCE_BLOCKS), "blocks");
    assert_string_equal(swb__source_name(SWB_SOURCE_API), "api");
    assert_string_equal(swb__source_name(SWB_SOURCE_STREAM), "stream");
    assert_string_equal(swb__source_name(SWB_SOURCE_EVENT), "event");
    assert_string_equal(swb__source_name(SWB_SOURCE_NONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_linear_between_order_statistics),
        cmocka_unit_test(quantiles_of_censored_values_are_infinite_only_where_they_must),
        cmocka_unit_test(median_interval_has_the_ends_of_the_exact_bootstrap),
        cmocka_unit_test(median_interval_depends_on_the_seed_only),
        cmocka_unit_test(median_interval_of_too_few_values_is_unknown),
        cmocka_unit_test(median_interval_is_unbounded_where_runs_were_censored),
        cmocka_unit_test(paired_ratio_of_scaled_values_is_the_scale),
        cmocka_unit_test(paired_ratio_over_a_constant_is_the_interval_of_the_median),
        cmocka_unit_test(wilson_interval_is_the_published_one),
        cmocka_unit_test(variation_is_the_sample_deviation_over_the_mean),
        cmocka_unit_test(cliffs_delta_counts_pairs),
        cmocka_unit_test(relative_half_width_is_of_the_median),
        cmocka_unit_test(lower_bound_is_the_largest_of_its_three_terms),
        cmocka_unit_test(sources_have_the_names_that_are_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
