/* store/: opening files of every kind, and who may write. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "store/migrate.h"
#include "support/make_results.h"

static int set_up(void **state)
{
    *state = make_path();
    return 0;
}

static int tear_down(void **state)
{
    make_path_remove(*state);
    return 0;
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Opening for writing and for reading both fail with SWB_EDB, and the message says `why`. */
static void assert_refused(const char *path, const char *why)
{
    swb__store *store = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb__store_open(&store, path, &error), SWB_EDB);
    assert_non_null(strstr(error.message, why));
    assert_non_null(strstr(error.message, path));
    assert_int_equal(swb__store_open_read(&store, path, &error), SWB_EDB);
    assert_non_null(strstr(error.message, why));
    assert_null(store);
}

static void assert_stands_alone(const char *database)
{
    char path[128];
    static const char *const beside[] = {"-wal", "-shm", "-writer", "-journal"};
    assert_int_equal(access(database, F_OK), 0);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", database, beside[i]);
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void closed_file_stands_alone(void **state)
{
    int64_t experiment = 0;
    swb__store_close(make_store(&experiment, *state, "test"));
    assert_stands_alone(*state);
}

static void file_that_is_missing_is_not_found_for_reading(void **state)
{
    swb__store *store = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb__store_open_read(&store, *state, &error), SWB_ENOENT);
    assert_int_equal(access(*state, F_OK), -1);
}

static void directory_that_is_missing_is_an_io_error_for_writing(void **state)
{
    swb__store *store = NULL;
    swb_error error = SWB_ERROR_INIT;
    char path[128];
    snprintf(path, sizeof path, "%s/missing/results.db", (char *)*state);
    assert_int_equal(swb__store_open(&store, path, &error), SWB_EIO);
    assert_int_equal(swb__store_open(&store, "", &error), SWB_EINVAL);
}

static void second_writer_is_refused_and_told_who_writes(void **state)
{
    int64_t experiment = 0;
    char pid[32];
    swb__store *second = NULL;
    swb_error error = SWB_ERROR_INIT;
    swb__store *first = make_store(&experiment, *state, "test");
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_int_equal(swb__store_open(&second, *state, &error), SWB_EBUSY);
    assert_non_null(strstr(error.message, pid));
    assert_true(swb__store_written(first));
    swb__store_close(first);
    assert_int_equal(swb__store_open(&second, *state, &error), SWB_OK);
    swb__store_close(second);
}

static void lock_of_a_writer_that_died_is_free(void **state)
{
    pid_t child = fork();
    if (child == 0) {
        int64_t experiment = 0;
        make_store(&experiment, *state, "test");
        _exit(0);
    }
    int64_t experiment = 0;
    assert_int_equal(waitpid(child, NULL, 0), child);
    swb__store *reader = NULL;
    assert_int_equal(swb__store_open_read(&reader, *state, NULL), SWB_OK);
    assert_false(swb__store_written(reader));
    swb__store_close(reader);
    swb__store_close(make_store(&experiment, *state, "test"));
}

static void reader_sees_whole_runs_while_one_is_written(void **state)
{
    int64_t experiment = 0;
    swb__store *reader = NULL;
    sqlite3_stmt *count = NULL;
    swb__store *writer = make_store(&experiment, *state, "test");
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    make_run_rows(writer, experiment, &run, &(make_story){.completion_ms = 1000});
    run.index = 1;
    assert_int_equal(swb__store_run_begin(writer, experiment, &run, NULL), SWB_OK);
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(swb__store_progress(writer, 1, i, i, NULL), SWB_OK);
    }
    assert_int_equal(swb__store_open_read(&reader, *state, NULL), SWB_OK);
    assert_true(swb__store_written(reader));
    sqlite3_prepare_v2(swb__store_database(reader),
                       "SELECT (SELECT count(*) FROM progress), group_concat(state) FROM run", -1,
                       &count, NULL);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(count, 0), 4);
    assert_string_equal((const char *)sqlite3_column_text(count, 1), "done,running");
    sqlite3_finalize(count);
    swb__store_close(writer);
    swb__store_close(reader);
    assert_stands_alone(*state);
}

static void reader_cannot_write(void **state)
{
    int64_t experiment = 0;
    swb__store *reader = NULL;
    swb__store_close(make_store(&experiment, *state, "test"));
    assert_int_equal(swb__store_open_read(&reader, *state, NULL), SWB_OK);
    assert_int_equal(
        sqlite3_exec(swb__store_database(reader), "DELETE FROM experiment", NULL, NULL, NULL),
        SQLITE_READONLY);
    swb__store_close(reader);
}

static void file_that_is_no_database_is_refused(void **state)
{
    char bytes[4096];
    memset(bytes, 'x', sizeof bytes);
    swb__write_file(*state, 0644, bytes, sizeof bytes, NULL);
    assert_refused(*state, "not a database");
}

static void damaged_file_is_refused(void **state)
{
    int64_t experiment = 0;
    char *data = NULL;
    size_t length = 0;
    swb__store_close(make_store(&experiment, *state, "test"));
    assert_int_equal(swb__read_file(&data, &length, *state, 1 << 24, NULL), SWB_OK);
    memset(data + 100, 0xa5, 4000); /* the first page after its header: the schema's */
    swb__write_file(*state, 0644, data, length, NULL);
    free(data);
    assert_refused(*state, "malformed");
}

static void database_of_another_program_is_refused_and_left_as_it_is(void **state)
{
    char *before = NULL;
    char *after = NULL;
    size_t length = 0;
    execute(*state, "PRAGMA journal_mode = WAL; CREATE TABLE bookmark (url TEXT)");
    swb__read_file(&before, &length, *state, 1 << 20, NULL);
    assert_refused(*state, "another program's database");
    swb__read_file(&after, &length, *state, 1 << 20, NULL);
    assert_memory_equal(before, after, length);
    free(before);
    free(after);
}

static void file_of_a_newer_format_is_refused_by_name(void **state)
{
    int64_t experiment = 0;
    swb__store_close(make_store(&experiment, *state, "test"));
    execute(*state, "PRAGMA user_version = 99");
    assert_refused(*state, "results of format 99; this version reads up to 6");
}

static void empty_file_can_be_written_and_has_nothing_to_read(void **state)
{
    int64_t experiment = 0;
    swb__store *store = NULL;
    swb_error error = SWB_ERROR_INIT;
    swb__write_file(*state, 0644, "", 0, NULL);
    assert_int_equal(swb__store_open_read(&store, *state, &error), SWB_EDB);
    assert_non_null(strstr(error.message, "no results have been stored"));
    swb__store_close(make_store(&experiment, *state, "test"));
    assert_int_equal(swb__store_open_read(&store, *state, &error), SWB_OK);
    swb__store_close(store);
}

/* An older format, made up: version 2 splits a column of version 1 in two. */
static const swb__store_step made_up_steps[] = {
    {1, "CREATE TABLE trip (id INTEGER PRIMARY KEY, way TEXT)"},
    {2, "ALTER TABLE trip ADD COLUMN length INTEGER"},
    {2, "UPDATE trip SET length = length(way)"},
    {0, NULL},
};

static void older_format_is_brought_up_to_date_and_keeps_its_rows(void **state)
{
    sqlite3 *db = NULL;
    int version = 0;
    char sql[256];
    snprintf(sql, sizeof sql,
             "%s; PRAGMA application_id = %d; PRAGMA user_version = 1;"
             " INSERT INTO trip (way) VALUES ('there'), ('back')",
             made_up_steps[0].sql, SWB__STORE_APPLICATION_ID);
    execute(*state, sql);
    sqlite3_open(*state, &db);
    assert_int_equal(swb__store_identify(&version, db, *state, 2, NULL), SWB_OK);
    assert_int_equal(version, 1);
    assert_int_equal(swb__store_migrate(db, *state, made_up_steps, version, NULL), SWB_OK);
    assert_int_equal(swb__store_identify(&version, db, *state, 2, NULL), SWB_OK);
    assert_int_equal(version, 2);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM trip WHERE length IN (5, 4)", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 2);
    sqlite3_close(db);
}

/* A file of a format that there was: what its versions' steps made of it, with one run. */
static void make_older(const char *path, int version)
{
    char sql[256];
    for (const swb__store_step *step = swb__store_steps; step->version <= version; step++) {
        execute(path, step->sql);
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SWB__STORE_APPLICATION_ID, version);
    execute(path, sql);
    execute(path, "INSERT INTO experiment (id, name, digest, text, seed, runs_planned, place,"
                  " baseline, margin, confidence, session, begun_wall_ns)"
                  " VALUES (1, 'old', 'd', 't', '1', 1, 'local', 'deluge', 0.2, 0.95, 1, 1);"
                  "INSERT INTO cell VALUES (1, 1, 0, 'size=2', 1000, 2, 1, NULL);"
                  "INSERT INTO run (id, experiment, cell, plan_index, attempt, mode, block,"
                  " seeder_set, repetition, content_seed, run_seed, state, begun_wall_ns)"
                  " VALUES (1, 1, 1, 0, 1, 'deluge', 0, 0, 0, '1', '2', 'done', 1);"
                  "INSERT INTO node (run, node, name, role, driver, stand_in)"
                  " VALUES (1, 0, 'deluge-00', 'seeder', 'deluge', 0)");
}

static int number_in(swb__store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(swb__store_database(store), sql, -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void file_of_any_older_format_is_read_as_one_of_today_and_left_as_it_is(void **state)
{
    for (int version = 1; version < SWB__STORE_VERSION; version++) {
        char *before = NULL;
        char *after = NULL;
        size_t length = 0;
        swb__store *store = NULL;
        swb_error error = SWB_ERROR_INIT;
        make_older(*state, version);
        chmod(*state, 0444);
        swb__read_file(&before, &length, *state, 1 << 20, NULL);
        if (swb__store_open_read(&store, *state, &error) != SWB_OK) {
            fail_msg("format %d: %s", version, error.message);
        }
        char *copy = strdup(swb__store_database_path(store));
        assert_string_not_equal(copy, *state);
        assert_int_equal(number_in(store, "SELECT count(warm) FROM node_view"), 1);
        assert_int_equal(number_in(store, "SELECT count(*) FROM part_view"), 0);
        assert_int_equal(
            sqlite3_exec(swb__store_database(store), "DELETE FROM run", NULL, NULL, NULL),
            SQLITE_READONLY);
        swb__store_close(store);
        assert_int_equal(access(copy, F_OK), -1);
        swb__read_file(&after, &length, *state, 1 << 20, NULL);
        assert_memory_equal(before, after, length);
        assert_stands_alone(*state);
        unlink(*state);
        free(copy);
        free(before);
        free(after);
    }
}

static void older_format_that_cannot_be_copied_is_told(void **state)
{
    swb__store *store = NULL;
    swb_error error = SWB_ERROR_INIT;
    make_older(*state, 1);
    setenv("TMPDIR", "/nonexistent", 1);
    int status = swb__store_open_read(&store, *state, &error);
    unsetenv("TMPDIR");
    assert_int_equal(status, SWB_EIO);
    assert_non_null(strstr(error.message, "/nonexistent/"));
    assert_non_null(strstr(error.message, *state));
    assert_null(store);
}

static void migration_that_fails_changes_nothing(void **state)
{
    static const swb__store_step broken[] = {{1, "CREATE TABLE trip (id INTEGER PRIMARY KEY)"},
                                             {2, "ALTER TABLE nowhere ADD x"},
                                             {0, NULL}};
    sqlite3 *db = NULL;
    swb_error error = SWB_ERROR_INIT;
    int version = 7;
    sqlite3_open(*state, &db);
    assert_int_equal(swb__store_migrate(db, *state, broken, 0, &error), SWB_EDB);
    assert_non_null(strstr(error.message, "no such table: nowhere"));
    assert_int_equal(swb__store_identify(&version, db, *state, 2, NULL), SWB_OK);
    assert_int_equal(version, 0);
    sqlite3_close(db);
}

static void newest_step_leads_to_the_version_of_this_build(void **state)
{
    (void)state;
    int last = 0;
    for (const swb__store_step *step = swb__store_steps; step->sql != NULL; step++) {
        assert_true(step->version >= last);
        last = step->version;
    }
    assert_int_equal(last, SWB__STORE_VERSION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(closed_file_stands_alone),
        TEST(file_that_is_missing_is_not_found_for_reading),
        TEST(directory_that_is_missing_is_an_io_error_for_writing),
        TEST(second_writer_is_refused_and_told_who_writes),
        TEST(lock_of_a_writer_that_died_is_free),
        TEST(reader_sees_whole_runs_while_one_is_written),
        TEST(reader_cannot_write),
        TEST(file_that_is_no_database_is_refused),
        TEST(damaged_file_is_refused),
        TEST(database_of_another_program_is_refused_and_left_as_it_is),
        TEST(file_of_a_newer_format_is_refused_by_name),
        TEST(empty_file_can_be_written_and_has_nothing_to_read),
        TEST(older_format_is_brought_up_to_date_and_keeps_its_rows),
        TEST(file_of_any_older_format_is_read_as_one_of_today_and_left_as_it_is),
        TEST(older_format_that_cannot_be_copied_is_told),
        TEST(migration_that_fails_changes_nothing),
        cmocka_unit_test(newest_step_leads_to_the_version_of_this_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
