/* merge: joins results files. */
#include "cli.h"

#include <glob.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static cli_exit merge_file(const cli_arguments *arguments, const char *path)
{
    swb_error error = SWB_ERROR_INIT;
    swb_merge_report report;
    int status = swb_results_merge(&report, arguments->operand, path,
                                   cli_switch(arguments, "skip-existing"), &error);
    if (status == SWB_EDB) {
        cli_failed(&error);
        return CLI_BAD_INPUT; /* what was given is no results file */
    }
    if (status < 0) {
        return cli_failed(&error);
    }
    printf("%s: %" PRIu64 " runs added", path, report.runs_added);
    if (report.runs_skipped > 0) {
        printf(", %" PRIu64 " were there already", report.runs_skipped);
    }
    if (report.runs_unfinished > 0) {
        printf(", %" PRIu64 " unfinished left out", report.runs_unfinished);
    }
    putchar('\n');
    return CLI_DONE;
}

/* A bad file stops no other: the worst of them decides what the command ends with. */
static cli_exit worse(cli_exit left, cli_exit right)
{
    return left > right ? left : right;
}

static cli_exit merge_pattern(const cli_arguments *arguments, const char *pattern)
{
    glob_t found;
    cli_exit result = CLI_DONE;
    if (glob(pattern, 0, NULL, &found) != 0) {
        cli_complain("merge: no file is named as '%s' says", pattern);
        return CLI_BAD_INPUT;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        result = worse(result, merge_file(arguments, found.gl_pathv[i]));
    }
    globfree(&found);
    return result;
}

cli_exit cmd_merge(const cli_arguments *arguments)
{
    cli_exit result = CLI_DONE;
    for (size_t i = 1; i < arguments->operand_count; i++) {
        const char *path = arguments->operands[i];
        bool is_pattern = strpbrk(path, "*?[") != NULL && access(path, F_OK) != 0;
        result = worse(result,
                       is_pattern ? merge_pattern(arguments, path) : merge_file(arguments, path));
    }
    return result;
}
