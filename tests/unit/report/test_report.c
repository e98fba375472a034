/* report/: summary, progress and the report of results that are known. */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include <swarmbench/results.h>

#include "support/golden.h"
#include "support/make_results.h"

typedef struct fixture {
    char *path;
    swb_results *results;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    swb_error error = SWB_ERROR_INIT;
    f->path = make_path();
    make_results(f->path);
    if (swb_results_open(&f->results, f->path, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    swb_results_close(f->results);
    make_path_remove(f->path);
    free(f);
    return 0;
}

static char *report_of(const fixture *f, swb_format format)
{
    int fd = golden_open();
    swb_error error = SWB_ERROR_INIT;
    if (swb_results_report(f->results, format, fd, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    return golden_take(fd);
}

static void report_for_a_terminal_is_as_known(void **state)
{
    char *text = report_of(*state, SWB_FORMAT_TEXT);
    golden_compare("tests/unit/report/golden/report.txt", text);
    free(text);
}

static void report_in_markdown_is_as_known(void **state)
{
    char *text = report_of(*state, SWB_FORMAT_MARKDOWN);
    golden_compare("tests/unit/report/golden/report.md", text);
    free(text);
}

static void report_in_json_is_as_known(void **state)
{
    char *text = report_of(*state, SWB_FORMAT_JSON);
    golden_compare("tests/unit/report/golden/report.json", text);
    free(text);
}

static void report_as_a_page_is_whole(void **state)
{
    char *text = report_of(*state, SWB_FORMAT_HTML);
    assert_int_equal(strncmp(text, "<!DOCTYPE html>", 15), 0);
    assert_non_null(strstr(text, "<title>example: swarmbench report</title>"));
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_non_null(strstr(text, "<caption>Verdict</caption>"));
    assert_non_null(strstr(text, "</body>\n</html>\n"));
    /* Charts, or how to get them. */
    bool drawn = strstr(text, "<figure class=\"chart\" data-chart=\"matrix\">") != NULL;
    bool told = strstr(text, "This page has no charts") != NULL;
    assert_int_equal(drawn, swb_page_library() != NULL);
    assert_int_equal(told, swb_page_library() == NULL);
    free(text);
}

static void report_in_another_format_is_refused(void **state)
{
    const fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_results_report(f->results, SWB_FORMAT_CSV, 1, &error), SWB_EINVAL);
    assert_int_equal(swb_results_report(NULL, SWB_FORMAT_TEXT, 1, &error), SWB_EINVAL);
    int fd = open("/dev/full", O_WRONLY);
    assert_int_equal(swb_results_report(f->results, SWB_FORMAT_TEXT, fd, &error), SWB_ENOSPACE);
    close(fd);
}

/* The row of a mode in a cell. */
static swb_summary_row row_of(const fixture *f, uint32_t size, const char *mode)
{
    swb_summary_row *rows = NULL;
    swb_summary_row found = {.size = 0};
    size_t count = 0;
    assert_int_equal(swb_results_summary(&rows, &count, f->results, NULL), SWB_OK);
    assert_int_equal(count, 8);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].size == size && strcmp(rows[i].mode, mode) == 0) {
            found = rows[i];
        }
    }
    swb_results_free_summary(rows);
    assert_int_equal(found.size, size);
    return found;
}

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-6 * fabs(wanted))) {
        print_error("%.17g is not %.17g\n", value, wanted);
    }
    assert_true(fabs(value - wanted) <= 1e-6 * fabs(wanted));
}

static void summary_is_over_runs(void **state)
{
    swb_summary_row row = row_of(*state, 2, "deluge");
    assert_string_equal(row.cell, "file_size=100MB size=2 seeders=1");
    assert_int_equal(row.runs, 6);
    assert_int_equal(row.runs_failed, 0);
    /* Six runs of 2 s and 1 % more each. */
    assert_near(row.makespan_ns.median, 2.05e9);
    assert_near(row.makespan_ns.p25, 2.025e9);
    assert_near(row.completion_ns.median, 2.05e9);
    assert_near(row.first_byte_ns.median, 0.1025e9);
    assert_near(row.bandwidth_bps.median, (8e8 / 2.04 + 8e8 / 2.06) / 2);
    assert_true(row.makespan_ns.low >= 2.0e9 && row.makespan_ns.low < row.makespan_ns.median);
    assert_near(row.stability, 0.018708286933869708 / 1.025);
    assert_true(isnan(row.start_skew_ns)); /* one leecher */
    assert_near(row_of(*state, 8, "deluge").start_skew_ns, 2e6);
    assert_near(row.cpu_ns, 2.05e9 / 8);
    assert_near(row.seeder_share, 1.04);
    assert_true(isnan(row.ratio));
    assert_false(row.simulated);
}

static void leechers_of_a_run_are_one_value(void **state)
{
    /* Seven leechers from 95 % to 105 % of the run's time: the run counts with its median. */
    swb_summary_row row = row_of(*state, 8, "codex");
    assert_near(row.completion_ns.median, 8e9 * 1.6 * 1.025);
    assert_near(row.makespan_ns.median, 8e9 * 1.6 * 1.025 * 1.05);
    assert_int_equal(row.downloads, 42);
    assert_near(row.ratio, 1.6);
}

static void failed_runs_count_as_slowest_and_their_downloads_as_failed(void **state)
{
    swb_summary_row row = row_of(*state, 8, "qbittorrent");
    assert_int_equal(row.runs, 6);
    assert_int_equal(row.runs_failed, 2);
    assert_int_equal(row.downloads, 42);
    assert_int_equal(row.downloads_verified, 39);
    assert_true(row.reliability_low > 0.8 && row.reliability_high < 1);
    /* Third and fourth of six, the two failed ones being the last. */
    assert_near(row.makespan_ns.median, 8e9 * 1.04 * 1.025 * 1.05);
    assert_true(isinf(row.makespan_ns.high) && isfinite(row.makespan_ns.low));
}

static void downloads_of_a_retried_run_count_in_reliability_only(void **state)
{
    swb_summary_row row = row_of(*state, 8, "deluge");
    assert_int_equal(row.runs, 6);
    assert_int_equal(row.runs_failed, 0);
    assert_int_equal(row.downloads, 49);
    assert_int_equal(row.downloads_verified, 42);
}

static void stand_ins_are_marked_and_not_compared(void **state)
{
    swb_summary_row row = row_of(*state, 2, "codex-ec");
    assert_true(row.simulated);
    assert_true(isnan(row.ratio));
    assert_near(row_of(*state, 2, "qbittorrent").ratio, 1.04);
}

/* Changes the results beside the reader. */
static void change(const fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* What the nodes' samples say of one leecher, seeders having none: (ms after the intended start, ms
 * of CPU) three times, and the phase's end in ms. The note on it, or NULL. */
static char *core_share_note(const fixture *f, int samples[3][2], int end_ms)
{
    char sql[512];
    change(f, "DELETE FROM sample; DELETE FROM event WHERE text = 'count'");
    for (int i = 0; i < 3; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO sample (run, time_ns, node, cpu_ns)"
                 " SELECT id, intended_ns + %d * 1000000, 1, %d * 1000000 FROM run"
                 " WHERE intended_ns IS NOT NULL",
                 samples[i][0], samples[i][1]);
        change(f, sql);
    }
    snprintf(sql, sizeof sql,
             "INSERT INTO event (run, time_ns, kind, text) SELECT id, intended_ns + %d * 1000000,"
             " 'phase', 'count' FROM run WHERE intended_ns IS NOT NULL",
             end_ms);
    change(f, sql);
    char *text = report_of(f, SWB_FORMAT_MARKDOWN);
    const char *note = strstr(text, "While content moved the nodes used ");
    char *found = note == NULL ? NULL : strndup(note, 46);
    free(text);
    return found;
}

static void core_share_is_over_the_time_between_its_samples(void **state)
{
    /* Samples come late from afar: 100 ms of CPU in the 110 ms of the phase, on two cores. */
    char *note = core_share_note(*state, (int[3][2]){{-650, 0}, {5, 100}, {112, 200}}, 110);
    assert_string_equal(note, "While content moved the nodes used 45 % of wha");
    free(note);
}

static void core_share_of_a_run_that_no_sample_resolves_is_unknown(void **state)
{
    /* The start-up's 600 ms of CPU are not those of a transfer that took 1 ms. */
    assert_null(core_share_note(*state, (int[3][2]){{-650, 0}, {-640, 10}, {1, 600}}, 1));
}

static void stand_ins_are_not_even_compared_with_each_other(void **state)
{
    change(*state, "UPDATE node SET stand_in = 1");
    assert_true(isnan(row_of(*state, 2, "qbittorrent").ratio));
}

static void stand_ins_are_compared_where_the_experiment_allows_them(void **state)
{
    change(*state, "UPDATE experiment SET allow_stand_in = 1");
    swb_summary_row row = row_of(*state, 2, "codex-ec");
    assert_true(row.simulated);
    assert_near(row.ratio, 0.8);
}

static void progress_tells_how_far_it_has_come(void **state)
{
    const fixture *f = *state;
    swb_progress progress;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_results_progress(&progress, f->results, 0, &error), SWB_OK);
    assert_string_equal(progress.experiment, "example");
    assert_int_equal(progress.runs_planned, 80);
    assert_int_equal(progress.runs_done, 46);
    assert_int_equal(progress.runs_failed, 2);
    assert_int_equal(progress.runs_unfinished, 1);
    assert_false(progress.running);
    assert_false(progress.ended);
    assert_int_equal(swb_results_progress(&progress, f->results, 1, &error), SWB_ENOENT);
}

static void progress_tells_whether_a_runner_is_at_work(void **state)
{
    const fixture *f = *state;
    int64_t experiment = 0;
    swb_progress progress;
    swb__store *writer = make_store(&experiment, f->path, "second");
    swb_results_progress(&progress, f->results, 0, NULL);
    assert_false(progress.running);
    swb_results_progress(&progress, f->results, 1, NULL);
    assert_true(progress.running);
    assert_int_equal(swb__store_experiment_end(writer, experiment, "done", NULL), SWB_OK);
    swb_results_progress(&progress, f->results, 1, NULL);
    assert_false(progress.running);
    swb__store_close(writer);
}

/* As with --only, or where the file of a cell is missing in what was merged. */
static void experiment_has_not_ended_while_cells_are_missing(void **state)
{
    const fixture *f = *state;
    int64_t experiment = 0;
    swb_progress progress;
    const make_story story = {.completion_ms = 900, .ending = SWB__ENDING_DONE};
    swb__store *writer = make_store(&experiment, f->path, "second");
    for (uint64_t cell = 0; cell < 2; cell++) {
        const swb__store_run run = make_run(cell, cell, 2, "deluge", 0);
        make_run_rows(writer, experiment, &run, &story);
        assert_int_equal(swb__store_experiment_end(writer, experiment, "done", NULL), SWB_OK);
        swb_results_progress(&progress, f->results, 1, NULL);
        assert_int_equal(progress.cells_planned, 2);
        assert_int_equal(progress.cells_begun, cell + 1);
        assert_int_equal(progress.ended, cell == 1);
    }
    swb__store_close(writer);
}

static void report_of_a_file_without_runs_says_so(void **state)
{
    (void)state;
    int64_t experiment = 0;
    fixture f = {make_path(), NULL};
    swb_summary_row *rows = NULL;
    size_t count = 9;
    swb__store_close(make_store(&experiment, f.path, "empty"));
    assert_int_equal(swb_results_open(&f.results, f.path, NULL), SWB_OK);
    char *text = report_of(&f, SWB_FORMAT_TEXT);
    assert_non_null(
        strstr(text, "0 runs done, 0 failed, 0 unfinished in 0 of 2 cells, of at most 80 planned"));
    assert_non_null(strstr(text, "cut short"));
    assert_int_equal(swb_results_summary(&rows, &count, f.results, NULL), SWB_OK);
    assert_int_equal(count, 0);
    swb_results_free_summary(rows);
    swb_results_close(f.results);
    make_path_remove(f.path);
    free(text);
}

static void results_that_are_missing_are_not_found(void **state)
{
    (void)state;
    swb_results *results = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_results_open(&results, "/nonexistent/results.db", &error), SWB_ENOENT);
    assert_int_equal(swb_results_open(NULL, "x", &error), SWB_EINVAL);
    assert_int_equal(swb_results_open(&results, NULL, &error), SWB_EINVAL);
    swb_results_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(report_for_a_terminal_is_as_known),
        TEST(report_in_markdown_is_as_known),
        TEST(report_in_json_is_as_known),
        TEST(report_as_a_page_is_whole),
        TEST(report_in_another_format_is_refused),
        TEST(summary_is_over_runs),
        TEST(leechers_of_a_run_are_one_value),
        TEST(failed_runs_count_as_slowest_and_their_downloads_as_failed),
        TEST(downloads_of_a_retried_run_count_in_reliability_only),
        TEST(stand_ins_are_marked_and_not_compared),
        TEST(stand_ins_are_not_even_compared_with_each_other),
        TEST(stand_ins_are_compared_where_the_experiment_allows_them),
        TEST(core_share_is_over_the_time_between_its_samples),
        TEST(core_share_of_a_run_that_no_sample_resolves_is_unknown),
        TEST(progress_tells_how_far_it_has_come),
        TEST(progress_tells_whether_a_runner_is_at_work),
        TEST(experiment_has_not_ended_while_cells_are_missing),
        cmocka_unit_test(report_of_a_file_without_runs_says_so),
        cmocka_unit_test(results_that_are_missing_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
