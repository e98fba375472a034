/* store/: what is written is read back, and runs go through their states. */
#include "support/cmocka_all.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/make_results.h"

typedef struct fixture {
    char *path;
    swb__store *store;
    int64_t experiment;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->path = make_path();
    f->store = make_store(&f->experiment, f->path, "test");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    swb__store_close(f->store);
    make_path_remove(f->path);
    free(f);
    return 0;
}

/* The first column of the first row, as text; "NULL" where it is NULL. */
static const char *ask(const fixture *f, const char *sql)
{
    static char answer[256];
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(swb__store_database(f->store), sql, -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const unsigned char *text = sqlite3_column_text(statement, 0);
    snprintf(answer, sizeof answer, "%s", text == NULL ? "NULL" : (const char *)text);
    sqlite3_finalize(statement);
    return answer;
}

/* Closes and opens again, as a later runner does. */
static void reopen(fixture *f)
{
    swb__store_close(f->store);
    f->store = make_store(&f->experiment, f->path, "test");
}

static swb__run_state state_of(fixture *f, uint64_t index)
{
    swb__run_state state;
    assert_int_equal(swb__store_run_state(&state, f->store, f->experiment, index, NULL), SWB_OK);
    return state;
}

static void run_is_read_back_as_it_was_stored(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(3, 1, 3, "deluge", 2);
    make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000});
    assert_string_equal(ask(f, "SELECT run || ' ' || attempt || ' ' || run_state || ' ' || cell ||"
                               " ' ' || cell_label || ' ' || mode || ' ' || content_seed"
                               " FROM run_view"),
                        "3 1 done 1 file_size=100MB size=8 seeders=1 deluge 18446744073709551613");
    assert_string_equal(ask(f, "SELECT makespan_ns || ' ' || status || ' ' || (error IS NULL)"
                               " FROM run_view"),
                        "1050000000 SWB_OK 1");
    assert_string_equal(ask(f, "SELECT count(*) FROM node_view"), "3");
    assert_string_equal(ask(f, "SELECT count(*) FROM progress_view"), "8");
    assert_string_equal(ask(f, "SELECT count(*) FROM sample_view"), "8");
    assert_string_equal(ask(f, "SELECT count(*) FROM event_view WHERE node IS NULL"), "2");
    assert_string_equal(ask(f, "SELECT rss_peak_bytes FROM harness_view"), "21000000");
}

static void download_times_are_since_its_intended_start(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000});
    assert_string_equal(ask(f, "SELECT started_ns || ' ' || accepted_ns || ' ' || first_byte_lo_ns"
                               " || ' ' || first_byte_hi_ns || ' ' || first_byte_source"
                               " FROM download_view"),
                        "500000 3000000 49000000 50000000 inotify");
    assert_string_equal(ask(f, "SELECT completion_lo_ns || ' ' || completion_hi_ns || ' ' ||"
                               " completion_source || ' ' || verified || ' ' || (error IS NULL)"
                               " FROM download_view"),
                        "999000000 1000000000 blocks 1 1");
    assert_string_equal(ask(f, "SELECT max(since_start_ns) FROM progress_view"), "1000000000");
}

static void what_is_unknown_is_null(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    make_run_rows(f->store, f->experiment, &run,
                  &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_FAILED, .failing = 1});
    assert_string_equal(ask(f, "SELECT completion_lo_ns FROM download"), "NULL");
    assert_string_equal(ask(f, "SELECT completion_source FROM download"), "NULL");
    assert_string_equal(ask(f, "SELECT payload_sent FROM download"), "NULL");
    assert_string_equal(ask(f, "SELECT bad_offset FROM download"), "NULL");
    assert_string_equal(ask(f, "SELECT error FROM download_view"), "no progress for 2 min at 50 %");
    assert_string_equal(ask(f, "SELECT makespan_ns FROM run"), "NULL");
    assert_string_equal(ask(f, "SELECT seeder_share FROM run"), "NULL");
    assert_string_equal(ask(f, "SELECT wire_in_bytes FROM node WHERE node = 1"), "NULL");
    assert_string_equal(ask(f, "SELECT exit_code FROM node"), "NULL");
    assert_string_equal(ask(f, "SELECT coalesce(machine, image, clock_offset_ns, clock_error_ns)"
                               " FROM node"),
                        "NULL");
    assert_string_equal(ask(f, "SELECT seed_begin_ns FROM node WHERE node = 1"), "NULL");
}

static void node_that_ran_elsewhere_tells_where(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    const swb__node_row node = {.node = 1,
                                .name = "n",
                                .role = "leecher",
                                .driver = "deluge",
                                .location = {.machine = "worker-3",
                                             .image = "client@sha256:12",
                                             .clock_offset_ns = -5,
                                             .clock_error_ns = 70}};
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, NULL), SWB_OK);
    assert_int_equal(swb__store_node(f->store, &node, NULL), SWB_OK);
    assert_string_equal(ask(f, "SELECT machine || ' ' || image || ' ' || clock_offset_ns || ' '"
                               " || clock_error_ns FROM node_view"),
                        "worker-3 client@sha256:12 -5 70");
    swb__store_run_abandon(f->store);
}

static void node_totals_count_over_a_restart(void **state)
{
    fixture *f = *state;
    static const uint64_t cpu_ms[] = {100, SWB_COUNT_UNKNOWN, 300, 50, 70};
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    const swb__node_row node = {.node = 1, .name = "n", .role = "leecher", .driver = "deluge"};
    swb__run_result result = {.makespan_ns = -1};
    swb__harness_cost cost = {0};
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, NULL), SWB_OK);
    assert_int_equal(swb__store_node(f->store, &node, NULL), SWB_OK);
    for (int i = 0; i < 5; i++) {
        bool known = cpu_ms[i] != SWB_COUNT_UNKNOWN;
        const swb_sample sample = {.time_ns = swb__clock_ns() + i,
                                   .cpu_ns = cpu_ms[i],
                                   .rss_bytes = known ? 10 * cpu_ms[i] : SWB_COUNT_UNKNOWN,
                                   .wire_in_bytes = SWB_COUNT_UNKNOWN};
        assert_int_equal(swb__store_sample(f->store, 1, &sample, NULL), SWB_OK);
    }
    assert_int_equal(swb__store_run_end(f->store, SWB__ENDING_DONE, &result, &cost, NULL), SWB_OK);
    assert_string_equal(ask(f, "SELECT cpu_ns || ' ' || rss_peak_bytes FROM node"), "370 3000");
    assert_string_equal(ask(f, "SELECT wire_in_bytes FROM node"), "NULL");
}

static void text_that_is_no_utf8_is_repaired(void **state)
{
    fixture *f = *state;
    assert_int_equal(swb__store_environment(f->store, f->experiment, "kernel",
                                            "a\xff\xc3\xa4\xed\xa0\x80", NULL),
                     SWB_OK);
    assert_string_equal(ask(f, "SELECT value FROM environment"),
                        "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void facts_of_sessions_that_differ_are_all_kept(void **state)
{
    static const char *const told[] = {"6.1", "6.12", "6.1", "6.12"};
    fixture *f = *state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(swb__store_environment(f->store, f->experiment, "kernel", told[i], NULL),
                         SWB_OK);
    }
    assert_string_equal(ask(f, "SELECT group_concat(value) FROM environment"), "6.1; 6.12");
    swb__store_environment(f->store, f->experiment, "load_average", "1.5", NULL);
    swb__store_environment(f->store, f->experiment, "load_average", "0.5", NULL);
    assert_string_equal(ask(f, "SELECT value FROM environment WHERE name = 'load_average'"), "0.5");
}

static void experiment_is_found_again_by_its_digest(void **state)
{
    fixture *f = *state;
    int64_t first = f->experiment;
    swb__store_experiment_row other = {.name = "other",
                                       .digest = "other",
                                       .text = "",
                                       .place = "x",
                                       .baseline = "",
                                       .seed = UINT64_MAX};
    assert_int_equal(swb__store_experiment(&f->experiment, f->store, &other, NULL), SWB_OK);
    assert_true(f->experiment != first);
    /* Not to be gone on with, or at another place: the file stays as it is. */
    int64_t again;
    swb__store_experiment_end(f->store, f->experiment, "done", NULL);
    assert_int_equal(swb__store_experiment(&again, f->store, &other, NULL), SWB_EEXIST);
    other.resume = true;
    other.place = "y";
    assert_int_equal(swb__store_experiment(&again, f->store, &other, NULL), SWB_EINPUT);
    assert_string_equal(ask(f, "SELECT ending FROM experiment WHERE name = 'other'"), "done");
    other.place = "x";
    other.margin = 0.5;
    assert_int_equal(swb__store_experiment(&again, f->store, &other, NULL), SWB_OK);
    assert_true(again == f->experiment);
    assert_string_equal(ask(f, "SELECT margin FROM experiment WHERE name = 'other'"), "0.5");
    assert_string_equal(ask(f, "SELECT seed FROM experiment WHERE name = 'other'"),
                        "18446744073709551615");
    reopen(f);
    assert_true(f->experiment == first);
    assert_string_equal(ask(f, "SELECT name FROM experiment ORDER BY session DESC"), "test");
}

static void run_that_failed_for_good_is_told_from_one_that_is_done(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    assert_int_equal(state_of(f, 0), SWB__RUN_ABSENT);
    make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000});
    run.index = 1;
    make_run_rows(f->store, f->experiment, &run,
                  &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_FAILED, .failing = 1});
    run.index = 2;
    make_run_rows(f->store, f->experiment, &run,
                  &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_RETRIED});
    run.index = 3;
    make_run_rows(f->store, f->experiment, &run,
                  &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_INTERRUPTED});
    assert_int_equal(state_of(f, 0), SWB__RUN_DONE);
    assert_int_equal(state_of(f, 1), SWB__RUN_FAILED);
    assert_int_equal(state_of(f, 2), SWB__RUN_ABSENT);
    assert_int_equal(state_of(f, 3), SWB__RUN_ABSENT);
}

static void run_that_has_ended_is_not_begun_again(void **state)
{
    fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    swb__store_run run = make_run(7, 0, 2, "deluge", 0);
    make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000});
    run.attempt = 2;
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, &error), SWB_EEXIST);
    assert_non_null(strstr(error.message, "run 7 has ended already"));
    assert_string_equal(ask(f, "SELECT count(*) FROM run"), "1");
}

static void abandoned_run_leaves_a_row_that_the_next_runner_marks_interrupted(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, NULL), SWB_OK);
    assert_int_equal(swb__store_event(f->store, swb__clock_ns(), 1, "phase", "leech", NULL),
                     SWB_OK);
    swb__store_run_abandon(f->store);
    assert_string_equal(ask(f, "SELECT group_concat(state) FROM run"), "running");
    assert_string_equal(ask(f, "SELECT count(*) FROM event"), "0");
    reopen(f);
    assert_string_equal(ask(f, "SELECT group_concat(state) FROM run"), "interrupted");
    assert_int_equal(state_of(f, 0), SWB__RUN_ABSENT);
}

static void interrupted_run_is_replaced_and_a_retried_one_is_kept(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    make_run_rows(
        f->store, f->experiment, &run,
        &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_RETRIED, .failing = 1});
    run.attempt = 2;
    make_run_rows(f->store, f->experiment, &run,
                  &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_INTERRUPTED});
    reopen(f);
    /* A runner that does not know of the first attempt: it gets the next free number. */
    run.attempt = 1;
    make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000});
    assert_string_equal(
        ask(f, "SELECT group_concat(attempt || state) FROM (SELECT * FROM run ORDER BY attempt)"),
        "1retried,2done");
    assert_string_equal(ask(f, "SELECT count(*) FROM download"), "2");
}

static void makespans_are_those_of_the_done_runs_of_a_cell_and_mode(void **state)
{
    fixture *f = *state;
    double *values = NULL;
    size_t count = 0;
    for (uint32_t i = 0; i < 20; i++) {
        swb__store_run run = make_run(i, i % 2, 2, i < 18 ? "deluge" : "codex", i);
        make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000 + i});
    }
    swb__store_run failed = make_run(20, 0, 2, "deluge", 20);
    make_run_rows(
        f->store, f->experiment, &failed,
        &(make_story){.completion_ms = 1000, .ending = SWB__ENDING_FAILED, .mismatching = 1});
    assert_int_equal(
        swb__store_makespans(&values, &count, f->store, f->experiment, 0, "deluge", NULL), SWB_OK);
    assert_int_equal(count, 9);
    for (size_t i = 0; i < count; i++) {
        assert_true(values[i] == 1e6 * (1000 + 2 * (double)i));
    }
    free(values);
    assert_int_equal(
        swb__store_makespans(&values, &count, f->store, f->experiment, 5, "deluge", NULL), SWB_OK);
    assert_int_equal(count, 0);
    free(values);
}

static void ending_of_an_experiment_and_of_a_cell_is_stored(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    make_run_rows(f->store, f->experiment, &run, &(make_story){.completion_ms = 1000});
    assert_int_equal(swb__store_cell_end(f->store, f->experiment, 0, "max", NULL), SWB_OK);
    assert_int_equal(swb__store_cell_end(f->store, f->experiment, 9, "max", NULL), SWB_ENOENT);
    assert_int_equal(swb__store_experiment_end(f->store, f->experiment, "done", NULL), SWB_OK);
    assert_string_equal(ask(f, "SELECT ending FROM cell"), "max");
    assert_string_equal(ask(f, "SELECT ending FROM experiment WHERE ended_wall_ns > 0"), "done");
    reopen(f);
    assert_string_equal(ask(f, "SELECT ending FROM experiment"), "NULL");
}

/* The full matrix of the design, at 1 % steps and 1 Hz, has to stay under 2 GB. */
static void series_take_few_bytes_a_row(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    swb__run_result result = {.makespan_ns = -1};
    swb__harness_cost cost = {0};
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, NULL), SWB_OK);
    int64_t begin = swb__clock_ns();
    for (int64_t i = 0; i < 20000; i++) {
        const uint64_t n = (uint64_t)i;
        const swb_sample sample = {begin + i * 31250000, n * 10000000,     200000000 + n,
                                   90000000 + n,         n * 100,          n * 100000,
                                   SWB_COUNT_UNKNOWN,    SWB_COUNT_UNKNOWN};
        assert_int_equal(swb__store_sample(f->store, (uint32_t)(i % 32), &sample, NULL), SWB_OK);
        assert_int_equal(
            swb__store_progress(f->store, (uint32_t)(i % 32), sample.time_ns, n * 250000, NULL),
            SWB_OK);
    }
    assert_int_equal(swb__store_run_end(f->store, SWB__ENDING_DONE, &result, &cost, NULL), SWB_OK);
    double samples = atof(ask(f, "SELECT sum(pgsize) FROM dbstat WHERE name = 'sample'")) / 20000;
    double steps = atof(ask(f, "SELECT sum(pgsize) FROM dbstat WHERE name = 'progress'")) / 20000;
    print_message("bytes a row: sample %.1f, progress %.1f\n", samples, steps);
    assert_true(samples > 0 && samples < 60);
    assert_true(steps > 0 && steps < 30);
}

static void rows_after_a_rollback_are_refused(void **state)
{
    fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, NULL), SWB_OK);
    /* What SQLite does by itself on a full disk. */
    sqlite3_exec(swb__store_database(f->store), "ROLLBACK", NULL, NULL, NULL);
    assert_int_equal(swb__store_event(f->store, 0, 1, "phase", "leech", &error), SWB_EDB);
    assert_non_null(strstr(error.message, "rolled back"));
    swb__run_result result = {.makespan_ns = -1};
    swb__harness_cost cost = {0};
    assert_int_equal(swb__store_run_end(f->store, SWB__ENDING_DONE, &result, &cost, NULL), SWB_EDB);
    assert_string_equal(ask(f, "SELECT group_concat(state) FROM run"), "running");
}

static void full_disk_is_told_as_such(void **state)
{
    fixture *f = *state;
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    char text[4096];
    int status = SWB_OK;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(swb__store_run_begin(f->store, f->experiment, &run, NULL), SWB_OK);
    sqlite3_exec(swb__store_database(f->store), "PRAGMA max_page_count = 60", NULL, NULL, NULL);
    for (int i = 0; i < 100 && status == SWB_OK; i++) {
        status = swb__store_event(f->store, 0, 1, "log", text, NULL);
    }
    assert_int_equal(status, SWB_ENOSPACE);
    swb__store_run_abandon(f->store);
    assert_string_equal(ask(f, "SELECT count(*) FROM event"), "0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(run_is_read_back_as_it_was_stored),
        TEST(download_times_are_since_its_intended_start),
        TEST(what_is_unknown_is_null),
        TEST(node_that_ran_elsewhere_tells_where),
        TEST(node_totals_count_over_a_restart),
        TEST(text_that_is_no_utf8_is_repaired),
        TEST(facts_of_sessions_that_differ_are_all_kept),
        TEST(experiment_is_found_again_by_its_digest),
        TEST(run_that_failed_for_good_is_told_from_one_that_is_done),
        TEST(run_that_has_ended_is_not_begun_again),
        TEST(abandoned_run_leaves_a_row_that_the_next_runner_marks_interrupted),
        TEST(interrupted_run_is_replaced_and_a_retried_one_is_kept),
        TEST(makespans_are_those_of_the_done_runs_of_a_cell_and_mode),
        TEST(ending_of_an_experiment_and_of_a_cell_is_stored),
        TEST(series_take_few_bytes_a_row),
        TEST(rows_after_a_rollback_are_refused),
        TEST(full_disk_is_told_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
