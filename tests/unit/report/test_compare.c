/* report/files: two results files against each other. */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sqlite3.h>

#include <swarmbench/results.h>

#include "support/golden.h"
#include "support/make_results.h"

typedef struct fixture {
    char *paths[2];
    swb_results *before;
    swb_results *after;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    for (size_t i = 0; i < 2; i++) {
        f->paths[i] = make_path();
        make_results(f->paths[i]);
    }
    *state = f;
    return 0;
}

static void close_both(fixture *f)
{
    swb_results_close(f->before);
    swb_results_close(f->after);
    f->before = f->after = NULL;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    close_both(f);
    make_path_remove(f->paths[0]);
    make_path_remove(f->paths[1]);
    free(f);
    return 0;
}

/* Changes the second file. */
static void change(const fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(f->paths[1], &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s", message);
    }
    sqlite3_close(db);
}

static void open_both(fixture *f)
{
    assert_int_equal(swb_results_open(&f->before, f->paths[0], NULL), SWB_OK);
    assert_int_equal(swb_results_open(&f->after, f->paths[1], NULL), SWB_OK);
}

/* The files have six blocks of eight rows: enough for 80 %, corrected over all. */
static char *compare(swb_compare_counts *counts, fixture *f, const swb_compare_options *given,
                     swb_format format)
{
    swb_error error = SWB_ERROR_INIT;
    swb_compare_options few = SWB_COMPARE_OPTIONS_INIT;
    few.margin = given != NULL ? given->margin : few.margin;
    few.confidence = 0.8;
    const swb_compare_options *options = &few;
    int fd = golden_open();
    open_both(f);
    if (swb_results_compare(counts, f->before, f->after, options, format, fd, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    return golden_take(fd);
}

/* A row of the comparison in JSON. */
static const cJSON *row_of(const cJSON *json, size_t index)
{
    const cJSON *experiments = cJSON_GetObjectItemCaseSensitive(json, "experiments");
    const cJSON *rows =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(experiments, 0), "rows");
    const cJSON *row = cJSON_GetArrayItem(rows, (int)index);
    assert_non_null(row);
    return row;
}

static void same_results_are_no_regression(void **state)
{
    swb_compare_counts counts;
    free(compare(&counts, *state, NULL, SWB_FORMAT_TEXT));
    assert_int_equal(counts.rows, 8);
    assert_int_equal(counts.inferior, 0);
    assert_int_equal(counts.not_inferior, 7);
    assert_int_equal(counts.undecided, 1); /* a third of its runs failed */
    assert_int_equal(counts.only_before + counts.only_after + counts.left_out, 0);
}

static void slower_mode_is_found_in_its_cell(void **state)
{
    swb_compare_counts counts;
    change(*state,
           "UPDATE run SET makespan_ns = makespan_ns * 3 / 2 WHERE mode = 'deluge' AND cell ="
           " (SELECT id FROM cell WHERE plan_index = 0)");
    char *text = compare(&counts, *state, NULL, SWB_FORMAT_TEXT);
    assert_int_equal(counts.inferior, 1);
    assert_int_equal(counts.not_inferior, 6);
    golden_compare("tests/unit/report/golden/compare.txt", text);
    free(text);
}

static void smaller_margin_makes_a_regression_of_less(void **state)
{
    swb_compare_counts counts;
    swb_compare_options options = SWB_COMPARE_OPTIONS_INIT;
    change(*state, "UPDATE run SET makespan_ns = makespan_ns * 11 / 10 WHERE mode = 'codex'");
    options.margin = 0.05;
    free(compare(&counts, *state, &options, SWB_FORMAT_MARKDOWN));
    assert_int_equal(counts.inferior, 2);
}

static void runs_of_other_seeds_are_not_paired(void **state)
{
    swb_compare_counts counts;
    change(*state, "UPDATE run SET content_seed = '7' || plan_index, makespan_ns = makespan_ns * 2"
                   " WHERE mode = 'codex'");
    char *text = compare(&counts, *state, NULL, SWB_FORMAT_JSON);
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row_of(json, 0), "paired")));
    const cJSON *row = row_of(json, 1);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(row, "paired")));
    const cJSON *comparison = cJSON_GetObjectItemCaseSensitive(row, "comparison");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(comparison, "verdict")->valuestring,
                        "inferior");
    assert_true(fabs(cJSON_GetObjectItemCaseSensitive(comparison, "ratio")->valuedouble - 2) <
                1e-9);
    /* Resampled apart, the spread of both shows in the interval. */
    assert_true(cJSON_GetObjectItemCaseSensitive(comparison, "low")->valuedouble < 1.99);
    cJSON_Delete(json);
    free(text);
}

static void stand_ins_are_not_held_against_real_programs(void **state)
{
    swb_compare_counts counts;
    change(*state, "UPDATE node SET stand_in = 0");
    free(compare(&counts, *state, NULL, SWB_FORMAT_JSON));
    assert_int_equal(counts.rows, 6);
    assert_int_equal(counts.left_out, 2);
}

/* A label names only what varies. */
static void other_sizes_and_places_are_not_compared(void **state)
{
    swb_compare_counts counts;
    change(*state, "UPDATE cell SET file_size_bytes = 7 WHERE plan_index = 0");
    free(compare(&counts, *state, NULL, SWB_FORMAT_JSON));
    assert_int_equal(counts.rows, 4);
    assert_int_equal(counts.left_out, 4);
    close_both(*state);
    change(*state, "UPDATE experiment SET place = 'kubernetes'");
    free(compare(&counts, *state, NULL, SWB_FORMAT_JSON));
    assert_int_equal(counts.rows, 0);
    assert_int_equal(counts.left_out, 8);
}

static void what_one_file_alone_has_is_counted(void **state)
{
    swb_compare_counts counts;
    change(*state, "UPDATE run SET mode = 'deluge-new' WHERE mode = 'deluge'");
    free(compare(&counts, *state, NULL, SWB_FORMAT_JSON));
    assert_int_equal(counts.rows, 6);
    assert_int_equal(counts.only_before, 2);
    assert_int_equal(counts.only_after, 2);
}

static void files_without_a_common_experiment_are_refused(void **state)
{
    fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    swb_compare_counts counts = {.rows = 99};
    change(f, "UPDATE experiment SET name = 'other'");
    open_both(f);
    assert_int_equal(
        swb_results_compare(&counts, f->before, f->after, NULL, SWB_FORMAT_TEXT, 1, &error),
        SWB_ENOENT);
    assert_string_equal(error.message, "the two files have no experiment in common");
    assert_int_equal(counts.rows, 99);
}

static void arguments_are_checked(void **state)
{
    fixture *f = *state;
    swb_compare_options options = SWB_COMPARE_OPTIONS_INIT;
    open_both(f);
    assert_int_equal(swb_results_compare(NULL, f->before, NULL, NULL, SWB_FORMAT_TEXT, 1, NULL),
                     SWB_EINVAL);
    assert_int_equal(swb_results_compare(NULL, f->before, f->after, NULL, SWB_FORMAT_CSV, 1, NULL),
                     SWB_EINVAL);
    options.margin = -0.1;
    assert_int_equal(
        swb_results_compare(NULL, f->before, f->after, &options, SWB_FORMAT_TEXT, 1, NULL),
        SWB_EINVAL);
    options.margin = 0;
    options.confidence = 0.3;
    assert_int_equal(
        swb_results_compare(NULL, f->before, f->after, &options, SWB_FORMAT_TEXT, 1, NULL),
        SWB_EINVAL);
    options.confidence = 0;
    options.version = 9;
    assert_int_equal(
        swb_results_compare(NULL, f->before, f->after, &options, SWB_FORMAT_TEXT, 1, NULL),
        SWB_EINVAL);
    int fd = open("/dev/full", O_WRONLY);
    assert_int_equal(
        swb_results_compare(NULL, f->before, f->after, NULL, SWB_FORMAT_TEXT, fd, NULL),
        SWB_ENOSPACE);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_results_are_no_regression),
        TEST(slower_mode_is_found_in_its_cell),
        TEST(smaller_margin_makes_a_regression_of_less),
        TEST(runs_of_other_seeds_are_not_paired),
        TEST(stand_ins_are_not_held_against_real_programs),
        TEST(other_sizes_and_places_are_not_compared),
        TEST(what_one_file_alone_has_is_counted),
        TEST(files_without_a_common_experiment_are_refused),
        TEST(arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
