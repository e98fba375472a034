#include "run/probe.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "io/process.h"

#define LONGEST_NS (INT64_C(10) * 1000000000)
#define OUTPUT_LIMIT ((size_t)1 << 20)

struct probe {
    bool ended;
    bool late;
    int exit_code;
};

static void on_exited(void *argument, int exit_code, int signal)
{
    struct probe *probe = argument;
    probe->ended = true;
    probe->exit_code = signal != 0 ? -1 : exit_code;
}

static void on_late(void *argument)
{
    struct probe *probe = argument;
    probe->late = true;
}

/* Runs it to its end, or kills it. */
static int run(struct probe *probe, swb_loop *loop, const swb__process_options *options,
               swb_error *error)
{
    swb__timer *timer;
    swb__process *process;
    int status = swb__timer_start(&timer, loop, LONGEST_NS, on_late, probe);
    if (status != SWB_OK) {
        return swb__fail(error, status, "timer: %s", swb_status_text(status));
    }
    status = swb__process_start(&process, loop, options, on_exited, probe, error);
    if (status == SWB_OK) {
        while (!probe->ended && !probe->late) {
            swb__loop_step(loop, -1);
        }
        swb__process_destroy(process);
    }
    swb__timer_stop(timer);
    return status;
}

static void take_first_line(char *out, size_t size, const char *path)
{
    char *text;
    if (swb__read_file(&text, NULL, path, OUTPUT_LIMIT, NULL) != SWB_OK) {
        return;
    }
    snprintf(out, size, "%.*s", (int)strcspn(text, "\r\n"), text);
    free(text);
    for (char *at = out; *at != '\0'; at++) {
        *at = isprint((unsigned char)*at) ? *at : '?';
    }
}

int swb__probe_version(char *out, size_t size, swb_loop *loop, const char *program,
                       swb_error *error)
{
    char home[] = "/tmp/swarmbench-probe-XXXXXX";
    char home_variable[sizeof home + 8];
    char path_variable[4096];
    char output[sizeof home + 8];
    const char *path = getenv("PATH");
    if (mkdtemp(home) == NULL) {
        return swb__fail_errno(error, SWB_EIO, errno, "temporary directory %s", home);
    }
    snprintf(home_variable, sizeof home_variable, "HOME=%s", home);
    snprintf(path_variable, sizeof path_variable, "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
    snprintf(output, sizeof output, "%s/output", home);
    const char *const argv[] = {program, "--version", NULL};
    const char *const environment[] = {home_variable, path_variable, "LANG=C.UTF-8", NULL};
    const swb__process_options options = {
        .argv = argv, .environment = environment, .directory = home, .output_path = output};
    struct probe probe = {0};
    int status = run(&probe, loop, &options, error);
    if (status == SWB_OK) {
        out[0] = '\0';
        if (probe.ended && probe.exit_code == 0) {
            take_first_line(out, size, output);
        }
    }
    swb__remove_tree(home, NULL);
    return status;
}
