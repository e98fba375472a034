/* doctor and clean: the machine, and what earlier runs left on it. */
#include "cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

cli_exit cmd_doctor(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_format format = cli_switch(arguments, "json") ? SWB_FORMAT_JSON : SWB_FORMAT_TEXT;
    int lacks = swb_doctor(format, STDOUT_FILENO, &error);
    if (lacks < 0) {
        return cli_failed(&error);
    }
    return lacks > 0 ? CLI_ENVIRONMENT : CLI_DONE;
}

static const char *plural(uint32_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

static void print_clean(const swb_clean_report *report, bool dry_run)
{
    if (report->journals == 0) {
        printf("nothing to clean");
    } else {
        printf("%" PRIu32 " dead %s: %" PRIu32 " %s %s, %" PRIu32 " %s %s", report->journals,
               plural(report->journals, "runner", "runners"), report->processes,
               plural(report->processes, "process", "processes"),
               dry_run ? "would be ended" : "ended", report->directories,
               plural(report->directories, "directory", "directories"),
               dry_run ? "would be removed" : "removed");
    }
    if (report->objects > 0) {
        printf(", %" PRIu32 " %s in clusters %s", report->objects,
               plural(report->objects, "object", "objects"),
               dry_run ? "would be deleted" : "deleted");
    }
    if (report->live > 0) {
        printf("; %" PRIu32 " %s alive and left alone", report->live,
               plural(report->live, "runner is", "runners are"));
    }
    printf("\n");
    if (report->held > 0) {
        printf("%" PRIu32 " %s may be left on nodes that were attached; no credentials are kept, "
               "so remove %s there:\n%s",
               report->held, plural(report->held, "content", "contents"),
               plural(report->held, "it", "them"), report->held_text);
    }
}

/* The lines of what may be left on attached nodes, as an array; URLs and handles are plain text. */
static void print_held_json(const char *text)
{
    printf(",\"held\":[");
    for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        printf("%s\"", line == text ? "" : ",");
        for (const char *at = line; at < end; at++) {
            printf(*at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
        }
        printf("\"");
    }
    printf("]");
}

cli_exit cmd_clean(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_clean_report report = {0};
    bool dry_run = cli_switch(arguments, "dry-run");
    int status = swb_clean(&report, dry_run, &error);
    if (cli_switch(arguments, "json")) {
        printf("{\"dry_run\":%s,\"journals\":%" PRIu32 ",\"processes\":%" PRIu32
               ",\"directories\":%" PRIu32 ",\"live\":%" PRIu32 ",\"objects\":%" PRIu32,
               dry_run ? "true" : "false", report.journals, report.processes, report.directories,
               report.live, report.objects);
        print_held_json(report.held_text);
        printf("}\n");
    } else {
        print_clean(&report, dry_run);
    }
    return status < 0 ? cli_failed(&error) : CLI_DONE;
}
