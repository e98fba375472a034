/* report/chart*: what the charts hold of results that are known. */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sqlite3.h>

#include <swarmbench/results.h>

#include "support/golden.h"
#include "support/make_results.h"

typedef struct fixture {
    char *path;
    swb_results *results;
} fixture;

static void open_results(fixture *f)
{
    swb_error error = SWB_ERROR_INIT;
    if (swb_results_open(&f->results, f->path, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->path = make_path();
    make_results(f->path);
    open_results(f);
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

/* The chart as it was written; `*length_out` its size. */
static cJSON *chart_of(const fixture *f, const char *name, const swb_chart_options *options,
                       size_t *length_out)
{
    int fd = golden_open();
    swb_error error = SWB_ERROR_INIT;
    if (swb_results_chart(f->results, name, options, fd, &error) != SWB_OK) {
        fail_msg("%s: %s", name, error.message);
    }
    char *text = golden_take(fd);
    cJSON *chart = cJSON_Parse(text);
    assert_non_null(chart);
    if (length_out != NULL) {
        *length_out = strlen(text);
    }
    free(text);
    return chart;
}

static const cJSON *rows_of(const cJSON *chart)
{
    const cJSON *datasets = cJSON_GetObjectItemCaseSensitive(chart, "datasets");
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(datasets, "rows");
    assert_true(cJSON_IsArray(rows));
    return rows;
}

static const char *text_in(const cJSON *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static double number_in(const cJSON *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);
    assert_non_null(item);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

/* The last row of a mode in a cell; `*count_out` how many there are. */
static const cJSON *last_row(const cJSON *chart, double cell, const char *mode, size_t *count_out)
{
    const cJSON *row;
    const cJSON *last = NULL;
    *count_out = 0;
    cJSON_ArrayForEach(row, rows_of(chart))
    {
        if (number_in(row, "cell") == cell && strcmp(text_in(row, "mode"), mode) == 0) {
            last = row;
            (*count_out)++;
        }
    }
    assert_non_null(last);
    return last;
}

static const cJSON *only_row(const cJSON *chart, double cell, const char *mode)
{
    size_t count;
    const cJSON *row = last_row(chart, cell, mode, &count);
    assert_int_equal(count, 1);
    return row;
}

#define assert_near(value, wanted)                                                                 \
    assert_true(fabs((value) - (wanted)) <= 1e-5 * fabs((double)(wanted)))

static void charts_are_listed_and_each_is_made(void **state)
{
    const swb_chart *chart;
    size_t count = 0;
    for (; (chart = swb_chart_at(count)) != NULL; count++) {
        size_t length;
        cJSON *json = chart_of(*state, chart->name, NULL, &length);
        assert_string_equal(text_in(json, "$schema"),
                            "https://vega.github.io/schema/vega-lite/v5.json");
        assert_non_null(strstr(text_in(json, "description"), chart->description));
        const cJSON *title = cJSON_GetObjectItemCaseSensitive(json, "title");
        assert_string_equal(text_in(title, "text"), chart->title);
        assert_true(cJSON_GetArraySize(rows_of(json)) > 0);
        assert_true(length < 65536 + 1024 * 5000);
        cJSON_Delete(json);
    }
    assert_int_equal(count, 8);
}

static void completion_is_a_distribution_that_failures_keep_under_one(void **state)
{
    size_t count;
    cJSON *chart = chart_of(*state, "completion", NULL, NULL);
    const cJSON *row = last_row(chart, 0, "deluge", &count);
    assert_int_equal(count, 7); /* from 0, and six downloads */
    assert_near(number_in(row, "share"), 1);
    assert_near(number_in(row, "time_s"), 2.1);
    assert_true(number_in(row, "failed") == 0);
    /* 42 downloads: two stalled, one had a wrong byte. */
    row = last_row(chart, 1, "qbittorrent", &count);
    assert_int_equal(count, 1 + 39 + 1);
    assert_near(number_in(row, "share"), 39.0 / 42);
    assert_true(number_in(row, "failed") == 3);
    assert_true(number_in(row, "downloads") == 42);
    cJSON_Delete(chart);
}

static void progress_is_of_the_median_download(void **state)
{
    size_t count;
    cJSON *chart = chart_of(*state, "progress", NULL, NULL);
    const cJSON *row = last_row(chart, 0, "codex", &count);
    assert_int_equal(count, 21);
    assert_near(number_in(row, "share"), 1);
    assert_near(number_in(row, "time_s"), 2 * 1.6 * 1.025);
    assert_true(number_in(row, "reached") == 6 && number_in(row, "downloads") == 6);
    assert_true(number_in(row, "p10_s") < number_in(row, "time_s"));
    assert_true(number_in(row, "p90_s") > number_in(row, "time_s"));
    cJSON_Delete(chart);
}

/* All leechers but one get nowhere: there is no median. */
static void progress_that_most_never_made_is_not_drawn(void **state)
{
    fixture *f = *state;
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, f->path, "half");
    swb__store_run run = make_run(0, 1, 8, "deluge", 0);
    make_run_rows(store, experiment, &run,
                  &(make_story){.completion_ms = 8000, .ending = SWB__ENDING_FAILED, .failing = 6});
    assert_int_equal(
        sqlite3_exec(swb__store_database(store),
                     "DELETE FROM progress WHERE bytes > 30000000 AND node > 1 AND run ="
                     " (SELECT max(id) FROM run)",
                     NULL, NULL, NULL),
        SQLITE_OK);
    swb__store_close(store);
    size_t count;
    cJSON *chart = chart_of(f, "progress", NULL, NULL); /* of the newest experiment */
    const cJSON *row = last_row(chart, 1, "deluge", &count);
    assert_near(number_in(row, "share"), 0.25);
    assert_true(number_in(row, "failed") == 6);
    cJSON_Delete(chart);
}

static void first_bytes_are_shown_download_by_download(void **state)
{
    size_t count;
    const cJSON *row;
    const cJSON *box = NULL;
    cJSON *chart = chart_of(*state, "first-byte", NULL, NULL);
    last_row(chart, 1, "codex", &count);
    assert_int_equal(count, 1 + 42);
    cJSON_ArrayForEach(row, rows_of(chart))
    {
        if (number_in(row, "cell") == 0 && strcmp(text_in(row, "mode"), "deluge") == 0 &&
            strcmp(text_in(row, "kind"), "box") == 0) {
            box = row;
        }
    }
    assert_non_null(box);
    assert_near(number_in(box, "median_s"), 0.1025);
    assert_true(number_in(box, "p5_s") < number_in(box, "p25_s"));
    assert_true(number_in(box, "failed") == 0);
    cJSON_Delete(chart);
}

static void ratios_are_those_of_the_report_and_the_band_is_the_margin(void **state)
{
    cJSON *chart = chart_of(*state, "ratio", NULL, NULL);
    assert_int_equal(cJSON_GetArraySize(rows_of(chart)), 4); /* no baseline, no stand-in */
    const cJSON *row = only_row(chart, 0, "codex");
    assert_near(number_in(row, "ratio"), 1.6);
    assert_string_equal(text_in(row, "verdict"), "inferior");
    /* The upper end is infinite: drawn to the end of the axis, told in words. */
    row = only_row(chart, 1, "qbittorrent");
    assert_string_equal(text_in(row, "text"), "1.04 [1.04, inf]");
    assert_string_equal(text_in(row, "verdict"), "undecided");
    assert_near(number_in(row, "high"), 1.6 + 0.05 * 0.6);
    const cJSON *layer = cJSON_GetObjectItemCaseSensitive(chart, "layer");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(layer, 0), "data");
    const cJSON *band = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(data, "values"), 0);
    assert_near(number_in(band, "to"), 1.2);
    cJSON_Delete(chart);
}

static void reliability_counts_every_download_that_was_attempted(void **state)
{
    cJSON *chart = chart_of(*state, "reliability", NULL, NULL);
    const cJSON *row = only_row(chart, 1, "deluge");
    assert_string_equal(text_in(row, "text"), "42/49"); /* with those of the retried run */
    assert_near(number_in(row, "share"), 42.0 / 49);
    assert_true(number_in(row, "low") < 42.0 / 49 && number_in(row, "high") > 42.0 / 49);
    assert_string_equal(text_in(only_row(chart, 0, "codex-ec (stand-in)"), "text"), "6/6");
    cJSON_Delete(chart);
}

static void costs_are_medians_over_runs(void **state)
{
    cJSON *chart = chart_of(*state, "bytes", NULL, NULL);
    const cJSON *row;
    size_t seen = 0;
    cJSON_ArrayForEach(row, rows_of(chart))
    {
        if (strcmp(text_in(row, "measure"), "all seeders sent") == 0) {
            assert_near(number_in(row, "median"), 1.04);
            seen++;
        } else if (strcmp(text_in(row, "measure"), "a leecher threw away") == 0) {
            assert_near(number_in(row, "median"), 16384.0 / 1e8);
            seen++;
        }
        /* Nobody counted it. */
        assert_string_not_equal(text_in(row, "measure"), "wire in, a leecher");
    }
    assert_int_equal(seen, 16);
    cJSON_Delete(chart);
    chart = chart_of(*state, "cpu", NULL, NULL);
    assert_near(number_in(only_row(chart, 0, "deluge"), "median"), 2.05 / 8);
    cJSON_Delete(chart);
}

static void matrix_has_a_field_for_each_point(void **state)
{
    cJSON *chart = chart_of(*state, "matrix", NULL, NULL);
    const cJSON *row = only_row(chart, 1, "codex");
    assert_string_equal(text_in(row, "swarm"), "8 / 1");
    assert_string_equal(text_in(row, "point"), "file_size=100MB");
    assert_string_equal(text_in(row, "text"), "13.8 s");
    assert_string_equal(text_in(row, "ink"), "#ffffff");
    assert_string_equal(text_in(only_row(chart, 0, "deluge"), "ink"), "#000000");
    cJSON_Delete(chart);
}

static void cell_and_modes_are_chosen(void **state)
{
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    options.experiment = "example";
    options.cell = "file_size=100MB size=8 seeders=1";
    options.modes = "codex,deluge";
    options.width_px = 300;
    cJSON *chart = chart_of(*state, "completion", &options, NULL);
    const cJSON *row;
    cJSON_ArrayForEach(row, rows_of(chart))
    {
        assert_true(number_in(row, "cell") == 1);
        assert_string_not_equal(text_in(row, "mode"), "qbittorrent");
    }
    assert_true(number_in(chart, "width") == 300);
    cJSON_Delete(chart);
    options.cell = "1";
    options.experiment = "0";
    chart = chart_of(*state, "reliability", &options, NULL);
    assert_int_equal(cJSON_GetArraySize(rows_of(chart)), 2);
    cJSON_Delete(chart);
}

/* A mode has the same colour whether or not others are shown beside it. */
static void colours_stay_with_their_modes(void **state)
{
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    options.modes = "qbittorrent";
    cJSON *all = chart_of(*state, "reliability", NULL, NULL);
    cJSON *one = chart_of(*state, "reliability", &options, NULL);
    const cJSON *scales[2];
    const cJSON *charts[2] = {all, one};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *encoding = cJSON_GetObjectItemCaseSensitive(charts[i], "encoding");
        scales[i] = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(encoding, "color"), "scale");
    }
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(scales[0], "range");
    const cJSON *domain = cJSON_GetObjectItemCaseSensitive(scales[0], "domain");
    assert_string_equal(cJSON_GetArrayItem(domain, 3)->valuestring, "qbittorrent");
    const cJSON *alone = cJSON_GetObjectItemCaseSensitive(scales[1], "range");
    assert_int_equal(cJSON_GetArraySize(alone), 1);
    assert_string_equal(cJSON_GetArrayItem(alone, 0)->valuestring,
                        cJSON_GetArrayItem(range, 3)->valuestring);
    cJSON_Delete(all);
    cJSON_Delete(one);
}

static void what_is_not_there_is_refused_with_the_list(void **state)
{
    const fixture *f = *state;
    swb_error error = SWB_ERROR_INIT;
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    assert_int_equal(swb_results_chart(f->results, "pie", NULL, 1, &error), SWB_ENOENT);
    assert_string_equal(error.message,
                        "no chart 'pie'; there are completion, progress, first-byte, "
                        "ratio, bytes, cpu, reliability, matrix");
    options.modes = "deluge,nwaku";
    assert_int_equal(swb_results_chart(f->results, "ratio", &options, 1, &error), SWB_ENOENT);
    assert_string_equal(error.message, "no mode 'nwaku' has a finished run; there are deluge, "
                                       "codex, codex-ec, qbittorrent");
    options = (swb_chart_options)SWB_CHART_OPTIONS_INIT;
    options.cell = "7";
    assert_int_equal(swb_results_chart(f->results, "ratio", &options, 1, &error), SWB_ENOENT);
    options = (swb_chart_options)SWB_CHART_OPTIONS_INIT;
    options.experiment = "1";
    assert_int_equal(swb_results_chart(f->results, "ratio", &options, 1, &error), SWB_ENOENT);
    assert_string_equal(error.message, "no experiment '1' in the file; there are example");
}

static void options_out_of_range_are_refused(void **state)
{
    const fixture *f = *state;
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    options.rows_max = 999;
    assert_int_equal(swb_results_chart(f->results, "ratio", &options, 1, NULL), SWB_EINVAL);
    options.rows_max = 0;
    options.width_px = 99;
    assert_int_equal(swb_results_chart(f->results, "ratio", &options, 1, NULL), SWB_EINVAL);
    options.width_px = 0;
    options.version = 2;
    assert_int_equal(swb_results_chart(f->results, "ratio", &options, 1, NULL), SWB_EINVAL);
    assert_int_equal(swb_results_chart(NULL, "ratio", NULL, 1, NULL), SWB_EINVAL);
    assert_int_equal(swb_results_chart(f->results, NULL, NULL, 1, NULL), SWB_EINVAL);
    int fd = open("/dev/full", O_WRONLY);
    assert_int_equal(swb_results_chart(f->results, "ratio", NULL, fd, NULL), SWB_ENOSPACE);
    close(fd);
}

static void file_without_a_run_gives_charts_that_say_so(void **state)
{
    (void)state;
    int64_t experiment = 0;
    fixture f = {.path = make_path()};
    swb__store_close(make_store(&experiment, f.path, "new"));
    open_results(&f);
    for (size_t i = 0; swb_chart_at(i) != NULL; i++) {
        cJSON *chart = chart_of(&f, swb_chart_at(i)->name, NULL, NULL);
        const cJSON *title = cJSON_GetObjectItemCaseSensitive(chart, "title");
        const cJSON *lines = cJSON_GetObjectItemCaseSensitive(title, "subtitle");
        const cJSON *last = cJSON_GetArrayItem(lines, cJSON_GetArraySize(lines) - 1);
        assert_int_equal(strncmp(last->valuestring, "nothing to show: ", 17), 0);
        assert_int_equal(cJSON_GetArraySize(rows_of(chart)), 0);
        cJSON_Delete(chart);
    }
    swb_results_close(f.results);
    make_path_remove(f.path);
}

/* Many cells of large swarms, more than there is room for. */
static void make_large(const char *path, uint64_t cells)
{
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, path, "large");
    for (uint64_t i = 0; i < 2 * cells; i++) {
        char label[64];
        swb__store_run run = make_run(i, i / 2, 40, i % 2 == 0 ? "deluge" : "codex", 0);
        snprintf(label, sizeof label, "size=40 delay=%ums", (unsigned)(i / 2));
        run.cell.label = label;
        make_run_rows(store, experiment, &run, &(make_story){.completion_ms = 1000});
    }
    swb__store_close(store);
}

static void charts_are_thinned_to_their_bound(void **state)
{
    (void)state;
    const uint64_t cells = getenv("SWB_TEST_SMALL") == NULL ? 60 : 51;
    fixture f = {.path = make_path()};
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    make_large(f.path, cells);
    open_results(&f);
    options.rows_max = 1000;
    for (size_t i = 0; swb_chart_at(i) != NULL; i++) {
        size_t length;
        cJSON *chart = chart_of(&f, swb_chart_at(i)->name, &options, &length);
        assert_true(cJSON_GetArraySize(rows_of(chart)) <= 1000);
        assert_true(length < 65536 + 1024 * 1000);
        cJSON_Delete(chart);
    }
    /* 12 rows at least for each of two modes: 41 cells, the ends of the curves are kept. */
    cJSON *chart = chart_of(&f, "completion", &options, NULL);
    const cJSON *title = cJSON_GetObjectItemCaseSensitive(chart, "title");
    const cJSON *lines = cJSON_GetObjectItemCaseSensitive(title, "subtitle");
    char wanted[80];
    snprintf(wanted, sizeof wanted, "the first 41 of %u cells: there is no room for more here",
             (unsigned)cells);
    assert_string_equal(cJSON_GetArrayItem(lines, 1)->valuestring, wanted);
    size_t count;
    const cJSON *row = last_row(chart, 40, "codex", &count);
    assert_true(count <= 12);
    assert_near(number_in(row, "share"), 1);
    assert_near(number_in(row, "time_s"), 1.05);
    cJSON_Delete(chart);
    swb_results_close(f.results);
    make_path_remove(f.path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(charts_are_listed_and_each_is_made),
        TEST(completion_is_a_distribution_that_failures_keep_under_one),
        TEST(progress_is_of_the_median_download),
        TEST(progress_that_most_never_made_is_not_drawn),
        TEST(first_bytes_are_shown_download_by_download),
        TEST(ratios_are_those_of_the_report_and_the_band_is_the_margin),
        TEST(reliability_counts_every_download_that_was_attempted),
        TEST(costs_are_medians_over_runs),
        TEST(matrix_has_a_field_for_each_point),
        TEST(cell_and_modes_are_chosen),
        TEST(colours_stay_with_their_modes),
        TEST(what_is_not_there_is_refused_with_the_list),
        TEST(options_out_of_range_are_refused),
        cmocka_unit_test(file_without_a_run_gives_charts_that_say_so),
        cmocka_unit_test(charts_are_thinned_to_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
