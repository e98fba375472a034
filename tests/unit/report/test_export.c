/* report/export: what other programs read back. */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include <swarmbench/results.h>

#include "base/clock.h"
#include "base/file.h"
#include "support/golden.h"
#include "support/make_results.h"

typedef struct fixture {
    char *path;
    swb_results *results;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->path = make_path();
    make_results(f->path);
    assert_int_equal(swb_results_open(&f->results, f->path, NULL), SWB_OK);
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

static char *export_of(const fixture *f, const char *table, swb_format format)
{
    int fd = golden_open();
    swb_error error = SWB_ERROR_INIT;
    if (swb_results_export(f->results, table, format, fd, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    return golden_take(fd);
}

/* Runs tests/unit/report/read_export.py with these arguments and fails where that fails. */
static void check_with_python(const char *csv, const char *json, const char *database,
                              const char *table)
{
    pid_t child = fork();
    if (child == 0) {
        execl(SWB_PYTHON, SWB_PYTHON, "tests/unit/report/read_export.py", csv, json, database,
              table, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void every_table_is_read_back_by_other_programs(void **state)
{
    const fixture *f = *state;
    const char *table;
    char csv[96];
    char json[96];
    snprintf(csv, sizeof csv, "%s.csv", f->path);
    snprintf(json, sizeof json, "%s.json", f->path);
    for (size_t i = 0; (table = swb_results_table_name(i)) != NULL; i++) {
        char *text = export_of(f, table, SWB_FORMAT_CSV);
        assert_int_equal(swb__write_file(csv, 0644, text, strlen(text), NULL), SWB_OK);
        free(text);
        text = export_of(f, table, SWB_FORMAT_JSON);
        assert_int_equal(swb__write_file(json, 0644, text, strlen(text), NULL), SWB_OK);
        free(text);
        check_with_python(csv, json, f->path, table);
    }
}

static void downloads_have_a_row_each_with_what_analysis_needs(void **state)
{
    char *text = export_of(*state, "downloads", SWB_FORMAT_CSV);
    char head[1024];
    snprintf(head, sizeof head, ",%.*s,", (int)strcspn(text, "\r"), text);
    static const char *const wanted[] = {
        "experiment",
        "run",
        "cell",
        "cell_label",
        "mode",
        "repetition",
        "node",
        "bytes",
        "accepted_ns",
        "first_byte_lo_ns",
        "first_byte_hi_ns",
        "first_byte_source",
        "completion_lo_ns",
        "completion_hi_ns",
        "completion_source",
        "verified",
        "error",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char column[64];
        snprintf(column, sizeof column, ",%s,", wanted[i]);
        assert_non_null(strstr(head, column));
    }
    free(text);
}

/* Every line an object with every column, and a real number real in each. */
static void lines_have_columns_of_one_type(void **state)
{
    const fixture *f = *state;
    int fd = golden_open();
    size_t lines = 0;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE run SET seeder_share = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(swb_results_export(f->results, "runs", SWB_FORMAT_JSON_LINES, fd, NULL),
                     SWB_OK);
    char *text = golden_take(fd);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_int_equal(line[0], '{');
        assert_int_equal(line[strlen(line) - 1], '}');
        assert_non_null(strstr(line, "\"seeder_share\":1.0,"));
        assert_non_null(strstr(line, "\"makespan_ns\":"));
        assert_null(strstr(line, "},{"));
        lines++;
    }
    assert_int_equal(lines, 50);
    free(text);
}

static void table_that_is_not_there_is_refused_with_the_list(void **state)
{
    const fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_results_export(f->results, "peers", SWB_FORMAT_CSV, 1, &error),
                     SWB_ENOENT);
    assert_string_equal(error.message,
                        "no table 'peers'; there are experiments, environment, cells, runs, nodes, "
                        "downloads, parts, progress, samples, events, harness");
    assert_int_equal(swb_results_export(f->results, "runs", SWB_FORMAT_TEXT, 1, &error),
                     SWB_EINVAL);
    assert_int_equal(swb_results_export(NULL, "runs", SWB_FORMAT_CSV, 1, &error), SWB_EINVAL);
    assert_null(swb_results_table_name(11));
}

static void output_that_is_full_is_told(void **state)
{
    const fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    int fd = open("/dev/full", O_WRONLY);
    assert_int_equal(swb_results_export(f->results, "downloads", SWB_FORMAT_CSV, fd, &error),
                     SWB_ENOSPACE);
    close(fd);
}

static void make_long_series(const char *path, uint32_t rows)
{
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, path, "long");
    swb__store_run run = make_run(0, 0, 2, "deluge", 0);
    swb__run_result result = {.makespan_ns = -1};
    swb__harness_cost cost = {0};
    assert_int_equal(swb__store_run_begin(store, experiment, &run, NULL), SWB_OK);
    int64_t begin = swb__clock_ns();
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(swb__store_progress(store, i % 32, begin + i, i, NULL), SWB_OK);
    }
    assert_int_equal(swb__store_run_end(store, SWB__ENDING_DONE, &result, &cost, NULL), SWB_OK);
    swb__store_close(store);
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void million_rows_are_exported_in_bounded_memory(void **state)
{
    (void)state;
    const uint32_t rows = getenv("SWB_TEST_SMALL") == NULL ? 1000000 : 10000;
    char *path = make_path();
    swb_results *results = NULL;
    int fd = open("/dev/null", O_WRONLY);
    make_long_series(path, rows);
    assert_int_equal(swb_results_open(&results, path, NULL), SWB_OK);
    long before = peak_kib();
    int64_t begin = swb__clock_ns();
    assert_int_equal(swb_results_export(results, "progress", SWB_FORMAT_CSV, fd, NULL), SWB_OK);
    assert_int_equal(swb_results_export(results, "progress", SWB_FORMAT_JSON, fd, NULL), SWB_OK);
    long grown = peak_kib() - before;
    print_message("2 x %" PRIu32 " rows in %.2f s, memory grew by %ld KiB\n", rows,
                  (double)(swb__clock_ns() - begin) / 1e9, grown);
    assert_true(grown < 8192);
    swb_results_close(results);
    close(fd);
    make_path_remove(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_table_is_read_back_by_other_programs),
        TEST(downloads_have_a_row_each_with_what_analysis_needs),
        TEST(lines_have_columns_of_one_type),
        TEST(table_that_is_not_there_is_refused_with_the_list),
        TEST(output_that_is_full_is_told),
        cmocka_unit_test(million_rows_are_exported_in_bounded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
