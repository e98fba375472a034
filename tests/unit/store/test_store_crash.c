/* store/: a writer that is killed at any moment leaves a whole database and true states. */
#include "support/cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "support/make_results.h"

#define RUNS 200
#define KILLS 20

/* What a runner does with the store: the runs that are missing, one after the other. */
static void write_missing_runs(const char *path)
{
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, path, "test");
    for (uint32_t i = 0; i < RUNS; i++) {
        swb__run_state state = SWB__RUN_ABSENT;
        swb__store_run run = make_run(i, 0, 8, "deluge", i);
        assert_int_equal(swb__store_run_state(&state, store, experiment, i, NULL), SWB_OK);
        if (state == SWB__RUN_ABSENT) {
            make_run_rows(store, experiment, &run, &(make_story){.completion_ms = 1000});
        }
    }
    swb__store_close(store);
}

static void kill_after(const char *path, uint64_t delay_us)
{
    pid_t child = fork();
    if (child == 0) {
        write_missing_runs(path);
        _exit(0);
    }
    nanosleep(&(struct timespec){0, (long)delay_us * 1000}, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static int ask(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int answer = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

static void assert_whole(const char *path)
{
    if (access(path, F_OK) != 0 || ask(path, "PRAGMA user_version") == 0) {
        return; /* killed before there was anything */
    }
    assert_int_equal(
        ask(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    assert_int_equal(ask(path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_true(ask(path, "SELECT count(*) FROM run WHERE state = 'running'") <= 1);
    /* Whole or nothing: 7 downloads and 28 progress rows of each run that is done, none else. */
    assert_int_equal(ask(path, "SELECT count(*) FROM run WHERE (SELECT count(*) FROM download"
                               " WHERE run = id) <> CASE state WHEN 'done' THEN 7 ELSE 0 END"),
                     0);
    assert_int_equal(ask(path, "SELECT count(*) FROM run WHERE (SELECT count(*) FROM progress"
                               " WHERE run = id) <> CASE state WHEN 'done' THEN 28 ELSE 0 END"),
                     0);
}

static void killed_writers_leave_whole_runs_and_resume_to_the_full_set(void **state)
{
    (void)state;
    char *path = make_path();
    swb__random random;
    swb__random_init(&random, 1);
    for (int i = 0; i < KILLS; i++) {
        kill_after(path, swb__random_below(&random, 30000));
        assert_whole(path);
    }
    write_missing_runs(path);
    assert_whole(path);
    assert_int_equal(ask(path, "SELECT count(*) FROM run"), RUNS);
    assert_int_equal(ask(path, "SELECT count(*) FROM run WHERE state = 'done' AND attempt = 1"),
                     RUNS);
    assert_int_equal(ask(path, "SELECT count(DISTINCT plan_index) FROM run"), RUNS);
    make_path_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_writers_leave_whole_runs_and_resume_to_the_full_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
