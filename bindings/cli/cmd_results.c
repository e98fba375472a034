/* status, report, chart, compare, export: reading results files. */
#include "cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

static cli_exit open_file(swb_results **out, const char *path)
{
    swb_error error = SWB_ERROR_INIT;
    int status = swb_results_open(out, path, &error);
    if (status == SWB_EDB) {
        cli_failed(&error);
        return CLI_BAD_INPUT; /* what was given is no results file */
    }
    return status < 0 ? cli_failed(&error) : CLI_DONE;
}

static cli_exit open_results(swb_results **out, const cli_arguments *arguments)
{
    return open_file(out, arguments->operand);
}

static const char *progress_state(const swb_progress *progress)
{
    if (progress->running) {
        return "running";
    }
    return progress->ended ? "ended" : "not ended";
}

static void print_progress(const swb_progress *progress)
{
    printf("%-24s %" PRIu64 " of at most %" PRIu64 " runs done, %" PRIu64 " failed, %" PRIu64
           " unfinished; ",
           progress->experiment, progress->runs_done, progress->runs_planned, progress->runs_failed,
           progress->runs_unfinished);
    if (progress->cells_begun < progress->cells_planned) {
        printf("%" PRIu64 " of %" PRIu64 " cells; ", progress->cells_begun,
               progress->cells_planned);
    }
    printf("%s\n", progress_state(progress));
}

static bool add_progress(cJSON *array, const swb_progress *progress)
{
    cJSON *row = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(array, row)) {
        cJSON_Delete(row);
        return false;
    }
    return cli_json_text(row, "experiment", progress->experiment) &&
           cli_json_uint(row, "runs_planned", progress->runs_planned) &&
           cli_json_uint(row, "runs_done", progress->runs_done) &&
           cli_json_uint(row, "runs_failed", progress->runs_failed) &&
           cli_json_uint(row, "runs_unfinished", progress->runs_unfinished) &&
           cli_json_uint(row, "cells_planned", progress->cells_planned) &&
           cli_json_uint(row, "cells_begun", progress->cells_begun) &&
           cJSON_AddBoolToObject(row, "running", progress->running) != NULL &&
           cJSON_AddBoolToObject(row, "ended", progress->ended) != NULL;
}

/* Calls on with every experiment in the file; `array` NULL prints them. */
static int tell_progress(swb_results *results, cJSON *array, swb_error *error)
{
    swb_progress progress;
    int status;
    for (size_t i = 0; (status = swb_results_progress(&progress, results, i, error)) == SWB_OK;
         i++) {
        if (array == NULL) {
            print_progress(&progress);
        } else if (!add_progress(array, &progress)) {
            error->status = SWB_ENOMEM;
            return SWB_ENOMEM;
        }
    }
    return status == SWB_ENOENT ? SWB_OK : status;
}

cli_exit cmd_status(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_results *results = NULL;
    cJSON *array = NULL;
    cli_exit result = open_results(&results, arguments);
    if (result != CLI_DONE) {
        return result;
    }
    if (cli_switch(arguments, "json")) {
        array = cJSON_CreateArray();
        if (array == NULL) {
            error.status = SWB_ENOMEM;
            result = cli_failed(&error);
            goto out;
        }
    }
    if (tell_progress(results, array, &error) < 0) {
        result = cli_failed(&error);
    } else if (array != NULL) {
        result = cli_json_print(array);
    }
out:
    cJSON_Delete(array);
    swb_results_close(results);
    return result;
}

static swb_format format_of(const char *name)
{
    static const struct {
        const char *name;
        swb_format format;
    } formats[] = {
        {"json", SWB_FORMAT_JSON}, {"markdown", SWB_FORMAT_MARKDOWN}, {"md", SWB_FORMAT_MARKDOWN},
        {"html", SWB_FORMAT_HTML}, {"htm", SWB_FORMAT_HTML},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return formats[i].format;
        }
    }
    return SWB_FORMAT_TEXT;
}

/* As --format says, else as the ending of the output file does. */
static swb_format report_format(const cli_arguments *arguments)
{
    const char *name = cli_value(arguments, "format");
    const char *path = cli_value(arguments, "output");
    const char *dot = path != NULL ? strrchr(path, '.') : NULL;
    if (name == NULL && dot != NULL) {
        name = dot + 1;
    }
    return name != NULL ? format_of(name) : SWB_FORMAT_TEXT;
}

cli_exit cmd_report(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_results *results = NULL;
    cli_exit result = open_results(&results, arguments);
    if (result != CLI_DONE) {
        return result;
    }
    int fd;
    result = cli_output_open(&fd, arguments);
    if (result == CLI_DONE) {
        int status = swb_results_report(results, report_format(arguments), fd, &error);
        result = cli_output_close(arguments, fd, status, &error);
    }
    swb_results_close(results);
    return result;
}

/* A number of an option; false after a complaint. */
static bool read_count(uint32_t *out, const cli_arguments *arguments, const char *option)
{
    const char *text = cli_value(arguments, option);
    char *end;
    if (text == NULL) {
        return true;
    }
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || text[0] < '0' || text[0] > '9' || value > UINT32_MAX) {
        cli_complain("%s: --%s '%s' is no whole number", arguments->command->name, option, text);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

cli_exit cmd_chart(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_results *results = NULL;
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    const char *name = cli_value(arguments, "name");
    options.experiment = cli_value(arguments, "experiment");
    options.cell = cli_value(arguments, "cell");
    options.modes = cli_value(arguments, "modes");
    if (name == NULL) {
        cli_complain("chart: --name is missing; see 'swarmbench chart --help'");
        return CLI_BAD_INPUT;
    }
    if (!read_count(&options.rows_max, arguments, "rows") ||
        !read_count(&options.width_px, arguments, "width")) {
        return CLI_BAD_INPUT;
    }
    cli_exit result = open_results(&results, arguments);
    if (result != CLI_DONE) {
        return result;
    }
    int fd;
    result = cli_output_open(&fd, arguments);
    if (result == CLI_DONE) {
        int status = swb_results_chart(results, name, &options, fd, &error);
        result = cli_output_close(arguments, fd, status, &error);
    }
    swb_results_close(results);
    return result;
}

/* A share as people write it: "20%", "0.2". False where it is none, or out of its range. */
static bool read_share(double *out, const char *text, double least, double most)
{
    char *end;
    double value = strtod(text, &end);
    if (*end == '%') {
        value /= 100;
        end++;
    }
    *out = value;
    return *end == '\0' && end != text && value >= least && value <= most;
}

/* False after a complaint. */
static bool read_compare(swb_compare_options *out, const cli_arguments *arguments)
{
    const char *margin = cli_value(arguments, "margin");
    const char *confidence = cli_value(arguments, "confidence");
    if (margin != NULL && !(read_share(&out->margin, margin, 0, 10) && out->margin > 0)) {
        cli_complain("compare: --margin '%s' is no share over 0, such as 20%%", margin);
        return false;
    }
    if (confidence != NULL && !read_share(&out->confidence, confidence, 0.5, 0.9999)) {
        cli_complain("compare: --confidence '%s' is no share from 50%% to 99.99%%", confidence);
        return false;
    }
    return true;
}

static cli_exit compare(swb_results *before, swb_results *after, const swb_compare_options *options,
                        const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_compare_counts counts = {.rows = 0};
    swb_format format = cli_switch(arguments, "json") ? SWB_FORMAT_JSON : report_format(arguments);
    int fd;
    cli_exit opened = cli_output_open(&fd, arguments);
    if (opened != CLI_DONE) {
        return opened;
    }
    int status = swb_results_compare(&counts, before, after, options, format, fd, &error);
    cli_exit result = cli_output_close(arguments, fd, status, &error);
    return result == CLI_DONE && counts.inferior > 0 ? CLI_RUNS_FAILED : result;
}

cli_exit cmd_compare(const cli_arguments *arguments)
{
    swb_results *before = NULL;
    swb_results *after = NULL;
    swb_compare_options options = SWB_COMPARE_OPTIONS_INIT;
    options.experiment = cli_value(arguments, "experiment");
    if (!read_compare(&options, arguments)) {
        return CLI_BAD_INPUT;
    }
    cli_exit result = open_file(&before, arguments->operand);
    if (result == CLI_DONE) {
        result = open_file(&after, arguments->operands[1]);
    }
    if (result == CLI_DONE) {
        result = compare(before, after, &options, arguments);
    }
    swb_results_close(before);
    swb_results_close(after);
    return result;
}

static swb_format table_format(const char *name)
{
    if (name == NULL || strcmp(name, "csv") == 0) {
        return SWB_FORMAT_CSV;
    }
    return strcmp(name, "json") == 0 ? SWB_FORMAT_JSON : SWB_FORMAT_JSON_LINES;
}

cli_exit cmd_export(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_results *results = NULL;
    const char *table = cli_value(arguments, "table");
    const char *format = cli_value(arguments, "format");
    if (table == NULL) {
        cli_complain("export: --table is missing; see 'swarmbench export --help'");
        return CLI_BAD_INPUT;
    }
    cli_exit result = open_results(&results, arguments);
    if (result != CLI_DONE) {
        return result;
    }
    int fd;
    result = cli_output_open(&fd, arguments);
    if (result == CLI_DONE) {
        int status = swb_results_export(results, table, table_format(format), fd, &error);
        result = cli_output_close(arguments, fd, status, &error);
    }
    swb_results_close(results);
    return result;
}
