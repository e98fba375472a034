/* spec/: the plan as text and JSON, the digest, and that both are the same every time. */
#include "experiment_fixture.h"

#include <fcntl.h>
#include <stdio.h>

#include <cJSON.h>

static const char matrix_text[] = HEAD MODES "file_size: 100MB\n"
                                             "seeder_sets: 2\n"
                                             "repetitions: {min: 2, max: 4}\n"
                                             "matrix:\n"
                                             "  swarm:\n"
                                             "    - {size: 2, seeders: 1}\n"
                                             "    - {size: 8, seeders: [1, 2]}\n"
                                             "  network.delay: [10ms, 50ms]\n";

static void plan_is_the_same_byte_for_byte(void **state)
{
    (void)state;
    static const swb_format formats[] = {SWB_FORMAT_TEXT, SWB_FORMAT_JSON};
    for (size_t i = 0; i < 2; i++) {
        planned first = plan_of(matrix_text);
        planned second = plan_of(matrix_text);
        char *one = written(first.plan, formats[i]);
        char *two = written(second.plan, formats[i]);
        assert_true(strlen(one) > 200);
        assert_string_equal(one, two);
        free(one);
        free(two);
        finish(&first);
        finish(&second);
    }
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

static void json_tells_what_the_calls_tell(void **state)
{
    (void)state;
    planned made = plan_of(matrix_text);
    char *json = written(made.plan, SWB_FORMAT_JSON);
    cJSON *root = cJSON_Parse(json);
    assert_non_null(root);
    const cJSON *experiment = cJSON_GetObjectItemCaseSensitive(root, "experiment");
    assert_string_equal(text(experiment, "name"), "t");
    assert_string_equal(text(experiment, "place"), "fake-place");
    assert_string_equal(text(experiment, "baseline"), "m");
    assert_string_equal(text(experiment, "digest"), swb__experiment_digest(made.experiment));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(experiment, "modes")), 3);
    const cJSON *cells = cJSON_GetObjectItemCaseSensitive(root, "cells");
    const cJSON *runs = cJSON_GetObjectItemCaseSensitive(root, "runs");
    assert_int_equal(cJSON_GetArraySize(cells), 6);
    assert_int_equal(cJSON_GetArraySize(runs), 6 * 2 * 4 * 3);
    const cJSON *cell = cJSON_GetArrayItem(cells, 5);
    assert_string_equal(text(cell, "label"), "size=8 seeders=2 network.delay=50ms");
    assert_true(number(cell, "file_size_bytes") == 1e8);
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(cell, "settings");
    assert_int_equal(cJSON_GetArraySize(settings), 1);
    assert_string_equal(text(settings, "network.delay"), "50ms");
    const cJSON *run;
    uint64_t index = 0;
    cJSON_ArrayForEach(run, runs)
    {
        swb_planned_run planned_run;
        assert_int_equal(swb_plan_run(&planned_run, made.plan, index++), SWB_OK);
        assert_true(number(run, "content_seed") == (double)planned_run.content_seed);
        assert_true(number(run, "run_seed") == (double)planned_run.run_seed);
        assert_int_equal(number(run, "cell"), planned_run.cell);
        assert_int_equal(number(run, "block"), planned_run.block);
        assert_string_equal(text(run, "mode"),
                            swb_experiment_mode_name(made.experiment, planned_run.mode));
    }
    cJSON_Delete(root);
    free(json);
    finish(&made);
}

static size_t count_lines(const char *lines)
{
    size_t count = 0;
    for (; *lines != '\0'; lines++) {
        count += *lines == '\n';
    }
    return count;
}

static void long_tables_lose_their_middle(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODE "file_size: 1MB\nsize: 100\nmatrix:\n"
                                     "  retries: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
                                     "  seeders: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n");
    char *shown = written(made.plan, SWB_FORMAT_TEXT);
    assert_non_null(strstr(shown, "\n100 cells\n"));
    assert_non_null(strstr(shown, "...  (50 more)\n"));
    assert_non_null(strstr(shown, "seeders=10 retries=9\n"));
    assert_true(count_lines(shown) < 80);
    free(shown);
    finish(&made);
}

static void writing_fails_with_its_cause(void **state)
{
    (void)state;
    planned made = plan_of(matrix_text);
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_plan_write(made.plan, SWB_FORMAT_CSV, 1, &error), SWB_EINVAL);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full >= 0) {
        /* Small enough for the buffer, so the failure shows when it is flushed. */
        assert_true(swb_plan_write(made.plan, SWB_FORMAT_TEXT, full, &error) < 0);
        assert_true(swb_plan_write(made.plan, SWB_FORMAT_JSON, full, &error) < 0);
        assert_true(swb_schema_write(full, &error) < 0);
        assert_true(swb_reference_write(full, &error) < 0);
        assert_int_equal(strncmp(error.message, "write output: ", 14), 0);
        close(full);
    }
    finish(&made);
}

static void assert_same_digest(const char *one, const char *other, bool same)
{
    swb_experiment *first = parse(one);
    swb_experiment *second = parse(other);
    assert_int_equal(strlen(swb__experiment_digest(first)), 64);
    if ((strcmp(swb__experiment_digest(first), swb__experiment_digest(second)) == 0) != same) {
        fail_msg("digests %s:\n%s\n---\n%s", same ? "differ" : "are the same", one, other);
    }
    swb_experiment_destroy(first);
    swb_experiment_destroy(second);
}

static void digest_is_of_what_decides_the_runs(void **state)
{
    (void)state;
    static const char *const same[] = {
        "# a comment\n" WHOLE,
        HEAD "size: 4\nfile_size: 1000kB\n" MODE,
        HEAD "modes:\n  m:\n    driver: \"fake-torrent\"\nsize: 4\nfile_size: 1 MB\n",
        WHOLE "repetitions: {min: 5}\nlimits: {run: 1800s}\nseeders: 1\n",
        "swarmbench: 1\nname: other\ndeploy: {root: /tmp, on: fake-place}\n" MODE
        "file_size: 1MB\nsize: 4\nverdict: {margin: 5%}\nbaseline: m\n",
        HEAD "modes: {m: {driver: fake-torrent, slots: 4, tracker: fake-tracker}}\n"
             "file_size: 1MB\nsize: 4\n",
    };
    static const char *const other[] = {
        WHOLE "seed: 2\n",
        WHOLE "retries: 0\n",
        WHOLE "seeders: 2\n",
        WHOLE "order: {modes: listed}\n",
        WHOLE "limits: {run: 1801s}\n",
        WHOLE "network: {loss: 1%}\n",
        WHOLE "faults: [{at: 1s, kill: {count: 1}}]\n",
        WHOLE "matrix: {retries: [1]}\n",
        HEAD "modes: {n: {driver: fake-torrent}}\nfile_size: 1MB\nsize: 4\n",
        HEAD "modes: {m: {driver: fake-torrent2}}\nfile_size: 1MB\nsize: 4\n",
        HEAD "modes: {m: {driver: fake-torrent, slots: 5}}\nfile_size: 1MB\nsize: 4\n",
        HEAD "modes: {m: {driver: fake-torrent, tracker: none}}\nfile_size: 1MB\nsize: 4\n",
        "swarmbench: 1\ndeploy: {on: fake-place, root: /x}\n" MODE "file_size: 1MB\nsize: 4\n",
        "swarmbench: 1\ndeploy: {on: fake-plain}\n" MODE "file_size: 1MB\nsize: 4\n",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_same_digest(WHOLE, same[i], true);
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        assert_same_digest(WHOLE, other[i], false);
    }
    assert_same_digest(WHOLE "matrix: {retries: [1, 2], seeders: [1, 2]}\n",
                       WHOLE "matrix: {seeders: [1, 2], retries: [1, 2]}\n", false);
    assert_same_digest(WHOLE "matrix: {retries: [1, 2]}\n",
                       WHOLE "matrix: {retries: [1, 2, 3], exclude: [{retries: 3}]}\n", false);
    assert_same_digest(WHOLE "matrix: {retries: [2, 1]}\n",
                       WHOLE "matrix: {retries: [2, 1]}\norder: {by: [retries]}\n", false);
}

static void name_is_that_of_the_file_unless_it_is_given(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *name;
    } names[] = {
        {"/some/dir/sizes.v2.yaml", "sizes.v2"}, {"plain", "plain"}, {".hidden", "experiment"},
        {"dir/with space.yaml", "experiment"},   {"", "experiment"},
    };
    static const char nameless[] =
        "swarmbench: 1\ndeploy: {on: fake-place}\n" MODE "file_size: 1MB\nsize: 4\n";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        swb_experiment *experiment;
        assert_int_equal(
            swb_experiment_parse(&experiment, nameless, strlen(nameless), names[i].file, NULL),
            SWB_OK);
        assert_string_equal(swb_experiment_name(experiment), names[i].name);
        assert_string_equal(swb_experiment_text(experiment), nameless);
        swb_experiment_destroy(experiment);
    }
}

static void append_numbers(char *out, size_t size, const char *axis, unsigned from,
                           const char *unit)
{
    size_t used = strlen(out);
    used += (size_t)snprintf(out + used, size - used, "  %s: [", axis);
    for (unsigned i = 0; i < 100; i++) {
        used +=
            (size_t)snprintf(out + used, size - used, "%s%u%s", i == 0 ? "" : ", ", from + i, unit);
    }
    snprintf(out + used, size - used, "]\n");
}

/* Time and memory are measured by tests/bench. */
static void million_cells_are_planned_and_written(void **state)
{
    (void)state;
    char large[8192] = HEAD MODE "repetitions: 1\n"
                                 "order: {by: [size, file_size]}\n"
                                 "matrix:\n";
    append_numbers(large, sizeof large, "file_size", 1, "MB");
    append_numbers(large, sizeof large, "size", 101, "");
    append_numbers(large, sizeof large, "seeders", 1, "");
    planned made = plan_of(large);
    swb_cell cell;
    swb_planned_run run;
    assert_int_equal(swb_plan_cell_count(made.plan), 1000000);
    assert_int_equal(swb_plan_cell(&cell, made.plan, 10000), SWB_OK);
    assert_string_equal(cell.label, "file_size=1MB size=102 seeders=1");
    assert_int_equal(swb_plan_run(&run, made.plan, 999999), SWB_OK);
    assert_int_equal(run.cell, 999999);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(null >= 0);
    assert_int_equal(swb_plan_write(made.plan, SWB_FORMAT_JSON, null, NULL), SWB_OK);
    close(null);
    finish(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_is_the_same_byte_for_byte),
        cmocka_unit_test(json_tells_what_the_calls_tell),
        cmocka_unit_test(long_tables_lose_their_middle),
        cmocka_unit_test(writing_fails_with_its_cause),
        cmocka_unit_test(digest_is_of_what_decides_the_runs),
        cmocka_unit_test(name_is_that_of_the_file_unless_it_is_given),
        cmocka_unit_test(million_cells_are_planned_and_written),
    };
    return cmocka_run_group_tests(tests, register_fakes, NULL);
}
