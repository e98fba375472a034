/* store/: results files of one experiment are joined, run by run. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/results.h>

#include "support/make_results.h"

typedef struct fixture {
    char *into;
    char *from;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->into = make_path();
    f->from = make_path();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    make_path_remove(f->into);
    make_path_remove(f->from);
    free(f);
    return 0;
}

/* Adds a run of cell `index % 2` to the file at `path`. */
static void add_run(const char *path, const char *name, uint64_t index, swb__run_ending ending,
                    uint32_t attempt)
{
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, path, name);
    swb__store_run run = make_run(index, index % 2, 3, "deluge", (uint32_t)index);
    run.attempt = attempt;
    make_run_rows(store, experiment, &run, &(make_story){.completion_ms = 1000, .ending = ending});
    swb__store_close(store);
}

static void set(const char *path, const char *sql)
{
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, path, "test");
    assert_int_equal(sqlite3_exec(swb__store_database(store), sql, NULL, NULL, NULL), SQLITE_OK);
    swb__store_close(store);
}

/* The first column of the first row, as text; "NULL" where it is NULL or there is none. */
static const char *ask(const char *path, const char *sql)
{
    static char answer[512];
    swb__store *store = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(swb__store_open_read(&store, path, NULL), SWB_OK);
    assert_int_equal(sqlite3_prepare_v2(swb__store_database(store), sql, -1, &statement, NULL),
                     SQLITE_OK);
    const unsigned char *text =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
    snprintf(answer, sizeof answer, "%s", text == NULL ? "NULL" : (const char *)text);
    sqlite3_finalize(statement);
    swb__store_close(store);
    return answer;
}

/* All that is in a file beside its ids, as one text. */
static const char *fingerprint(const char *path)
{
    return ask(path,
               "SELECT (SELECT group_concat(run || '/' || attempt || run_state || cell_label ||"
               " makespan_ns || content_seed) FROM run_view) || (SELECT count(*) || sum(cpu_ns)"
               " FROM node_view) || (SELECT count(*) || sum(completion_hi_ns) FROM download_view)"
               " || (SELECT count(*) || sum(bytes) FROM progress_view) || (SELECT count(*) ||"
               " sum(cpu_ns) FROM sample_view) || (SELECT count(*) || group_concat(text)"
               " FROM event_view) || (SELECT count(*) || sum(cpu_ns) FROM harness_view)");
}

static swb_merge_report merged(const fixture *f, int skip_existing)
{
    swb_merge_report report;
    swb_error error = SWB_ERROR_INIT;
    if (swb_results_merge(&report, f->into, f->from, skip_existing, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    return report;
}

static void assert_refused(const fixture *f, int status, const char *why)
{
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_results_merge(NULL, f->into, f->from, 0, &error), status);
    if (strstr(error.message, why) == NULL) {
        fail_msg("'%s' does not say '%s'", error.message, why);
    }
}

static void file_that_is_missing_becomes_a_copy(void **state)
{
    fixture *f = *state;
    char before[512];
    make_results(f->from);
    set(f->from, "SELECT 1");
    swb_error error = SWB_ERROR_INIT;
    swb_merge_report report;
    /* make_results() holds another experiment beside "test": both are taken. */
    assert_int_equal(swb_results_merge(&report, f->into, f->from, 0, &error), SWB_OK);
    assert_int_equal(report.runs_added, 48);
    assert_int_equal(report.runs_unfinished, 1);
    assert_string_equal(ask(f->into, "SELECT group_concat(name) FROM experiment"), "example,test");
    assert_string_equal(ask(f->into, "SELECT count(*) FROM run_view WHERE run_state = 'retried'"),
                        "0");
    static const char *const sums[] = {
        "SELECT group_concat(run || '/' || mode || makespan_ns || content_seed) FROM run_view"
        " WHERE run_state IN ('done', 'failed')",
        "SELECT count(*) || '/' || sum(completion_hi_ns) FROM download_view"
        " WHERE run_state IN ('done', 'failed')",
        "SELECT count(*) || '/' || sum(bytes) FROM progress_view WHERE run_state <> 'retried'"
        " AND run_state <> 'interrupted'",
        "SELECT group_concat(name || value) FROM environment_view",
        "SELECT ending FROM cell_view WHERE cell = 0",
    };
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        snprintf(before, sizeof before, "%s", ask(f->from, sums[i]));
        assert_string_equal(ask(f->into, sums[i]), before);
    }
}

static void parts_add_up_to_the_whole(void **state)
{
    fixture *f = *state;
    add_run(f->into, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->into, "test", 2, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 1, SWB__ENDING_RETRIED, 1);
    add_run(f->from, "test", 1, SWB__ENDING_FAILED, 2);
    swb_merge_report report = merged(f, 0);
    assert_int_equal(report.runs_added, 1);
    assert_int_equal(report.runs_skipped, 0);
    assert_string_equal(ask(f->into, "SELECT group_concat(run || run_state || attempt) FROM"
                                     " (SELECT * FROM run_view ORDER BY run, attempt)"),
                        "0done1,1retried1,1failed2,2done1");
    assert_string_equal(ask(f->into, "SELECT count(*) FROM cell_view"), "2");
    assert_string_equal(ask(f->into, "SELECT count(*) FROM download_view WHERE run = 1"), "4");
    assert_string_equal(ask(f->into, "SELECT count(*) FROM event_view WHERE run = 1"), "4");
    assert_string_equal(ask(f->into, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
}

static void run_that_is_there_already_is_refused_and_nothing_is_changed(void **state)
{
    fixture *f = *state;
    char before[512];
    add_run(f->into, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 1, SWB__ENDING_DONE, 1);
    snprintf(before, sizeof before, "%s", fingerprint(f->into));
    assert_refused(f, SWB_EEXIST, "run 0 (deluge, file_size=100MB size=2 seeders=1) is in ");
    assert_string_equal(fingerprint(f->into), before);
}

static void merging_again_changes_nothing_where_runs_are_passed_over(void **state)
{
    fixture *f = *state;
    char before[512];
    add_run(f->into, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 0, SWB__ENDING_FAILED, 1);
    add_run(f->from, "test", 1, SWB__ENDING_DONE, 1);
    swb_merge_report report = merged(f, 1);
    assert_int_equal(report.runs_added, 1);
    assert_int_equal(report.runs_skipped, 1);
    assert_string_equal(ask(f->into, "SELECT run_state FROM run_view WHERE run = 0"), "done");
    snprintf(before, sizeof before, "%s", fingerprint(f->into));
    report = merged(f, 1);
    assert_int_equal(report.runs_added, 0);
    assert_int_equal(report.runs_skipped, 2);
    assert_string_equal(fingerprint(f->into), before);
}

static void unfinished_runs_are_left_out_and_give_way(void **state)
{
    fixture *f = *state;
    add_run(f->into, "test", 0, SWB__ENDING_RETRIED, 1);
    add_run(f->into, "test", 0, SWB__ENDING_INTERRUPTED, 2);
    add_run(f->from, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 1, SWB__ENDING_INTERRUPTED, 1);
    swb_merge_report report = merged(f, 0);
    assert_int_equal(report.runs_added, 1);
    assert_int_equal(report.runs_unfinished, 1);
    /* An attempt that failed is a result; the one that was cut short is none. */
    assert_string_equal(ask(f->into, "SELECT group_concat(run || run_state || attempt) FROM"
                                     " (SELECT * FROM run_view ORDER BY run, attempt)"),
                        "0retried1,0done2");
}

static void facts_that_differ_are_all_kept_once(void **state)
{
    fixture *f = *state;
    add_run(f->into, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 1, SWB__ENDING_DONE, 1);
    set(f->into, "INSERT INTO environment VALUES (1, 'kernel', '6.1'), (1, 'cpu_count', '2')");
    set(f->from, "INSERT INTO environment VALUES (1, 'kernel', '6.12'), (1, 'cpu_count', '2'),"
                 " (1, 'machine', 'x')");
    merged(f, 0);
    merged(f, 1);
    assert_string_equal(ask(f->into, "SELECT group_concat(name || '=' || value) FROM"
                                     " (SELECT * FROM environment_view ORDER BY name)"),
                        "cpu_count=2,kernel=6.1; 6.12,machine=x");
}

static void ending_is_that_of_the_part_that_ended_worst(void **state)
{
    fixture *f = *state;
    add_run(f->into, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "test", 1, SWB__ENDING_DONE, 1);
    set(f->into, "UPDATE experiment SET ending = 'done', begun_wall_ns = 50, ended_wall_ns = 60");
    set(f->from, "UPDATE experiment SET ending = 'interrupted', begun_wall_ns = 40,"
                 " ended_wall_ns = 70");
    merged(f, 0);
    assert_string_equal(ask(f->into, "SELECT ending || begun_wall_ns || ended_wall_ns"
                                     " FROM experiment"),
                        "interrupted4070");
}

static void another_experiment_or_place_is_refused(void **state)
{
    fixture *f = *state;
    add_run(f->into, "test", 0, SWB__ENDING_DONE, 1);
    add_run(f->from, "other", 1, SWB__ENDING_DONE, 1);
    assert_refused(f, SWB_EINPUT, "its experiment 'other' is none of those in ");
    assert_string_equal(ask(f->into, "SELECT count(*) FROM experiment"), "1");
    unlink(f->from);
    add_run(f->from, "test", 1, SWB__ENDING_DONE, 1);
    set(f->from, "UPDATE experiment SET place = 'sim'");
    assert_refused(f, SWB_EINPUT, "'test' was run on sim, in ");
}

static void file_that_is_none_is_refused_and_nothing_is_made(void **state)
{
    fixture *f = *state;
    assert_refused(f, SWB_ENOENT, f->from);
    assert_int_not_equal(access(f->into, F_OK), 0);
    FILE *file = fopen(f->from, "w");
    assert_non_null(file);
    fputs("this is no database, and long enough to have a header of one hundred bytes: yes, it is "
          "quite long enough\n",
          file);
    fclose(file);
    assert_refused(f, SWB_EDB, f->from);
    assert_int_not_equal(access(f->into, F_OK), 0);
}

static void file_is_not_merged_into_itself_or_while_it_is_written(void **state)
{
    fixture *f = *state;
    int64_t experiment = 0;
    swb_error error = SWB_ERROR_INIT;
    add_run(f->from, "test", 0, SWB__ENDING_DONE, 1);
    assert_int_equal(swb_results_merge(NULL, f->from, f->from, 1, &error), SWB_EINVAL);
    assert_int_equal(swb_results_merge(NULL, NULL, f->from, 1, &error), SWB_EINVAL);
    swb__store *writer = make_store(&experiment, f->into, "test");
    assert_refused(f, SWB_EBUSY, "writes to it");
    swb__store_close(writer);
    /* What is being written may be read: its whole runs are taken. */
    add_run(f->into, "test", 1, SWB__ENDING_DONE, 1);
    writer = make_store(&experiment, f->from, "test");
    assert_int_equal(merged(f, 0).runs_added, 1);
    swb__store_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_that_is_missing_becomes_a_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_add_up_to_the_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(run_that_is_there_already_is_refused_and_nothing_is_changed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(merging_again_changes_nothing_where_runs_are_passed_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(unfinished_runs_are_left_out_and_give_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(facts_that_differ_are_all_kept_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ending_is_that_of_the_part_that_ended_worst, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_experiment_or_place_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_that_is_none_is_refused_and_nothing_is_made, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(file_is_not_merged_into_itself_or_while_it_is_written,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
