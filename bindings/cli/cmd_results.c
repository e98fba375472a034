/* status, report, export: reading a results file. */
#include "cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

static cli_exit open_results(swb_results **out, const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    int status = swb_results_open(out, arguments->operand, &error);
    if (status == SWB_EDB) {
        cli_failed(&error);
        return CLI_BAD_INPUT; /* what was given is no results file */
    }
    return status < 0 ? cli_failed(&error) : CLI_DONE;
}

static const char *progress_state(const swb_progress *progress)
{
    if (progress->running) {
        return "running";
    }
    return progress->ended ? "ended" : "cut short";
}

static void print_progress(const swb_progress *progress)
{
    printf("%-24s %" PRIu64 " of at most %" PRIu64 " runs done, %" PRIu64 " failed, %" PRIu64
           " unfinished; %s\n",
           progress->experiment, progress->runs_done, progress->runs_planned, progress->runs_failed,
           progress->runs_unfinished, progress_state(progress));
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
    if (strcmp(name, "json") == 0) {
        return SWB_FORMAT_JSON;
    }
    return strcmp(name, "markdown") == 0 || strcmp(name, "md") == 0 ? SWB_FORMAT_MARKDOWN
                                                                    : SWB_FORMAT_TEXT;
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
    result = CLI_ENVIRONMENT;
    int fd = cli_output_open(arguments);
    if (fd >= 0) {
        int status = swb_results_report(results, report_format(arguments), fd, &error);
        result = cli_output_close(arguments, fd, status, &error);
    }
    swb_results_close(results);
    return result;
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
    result = CLI_ENVIRONMENT;
    int fd = cli_output_open(arguments);
    if (fd >= 0) {
        bool json = format != NULL && strcmp(format, "json") == 0;
        int status =
            swb_results_export(results, table, json ? SWB_FORMAT_JSON : SWB_FORMAT_CSV, fd, &error);
        result = cli_output_close(arguments, fd, status, &error);
    }
    swb_results_close(results);
    return result;
}
