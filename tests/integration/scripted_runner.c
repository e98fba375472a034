/*
 * A runner that plays a script instead of running swarms, for tests of what the command shows.
 * Linked into the command in place of the library's runner and results reader. SWARMBENCH_SCRIPT
 * names a file with one event a line:
 *
 *     KIND STATUS RUN MODE NODE VALUE TOTAL NAME TEXT...
 *
 * "-" leaves a field out; "\xHH" in TEXT is a byte; a line "wait" waits for swb_runner_stop().
 * STATUS of the line "fail" is what swb_runner_create() fails with, TEXT its message.
 */
#include <swarmbench/swarmbench.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct swb_runner {
    FILE *script;
    volatile sig_atomic_t stopped;
    int waiting;
    int done;
    uint64_t failed;
};

struct swb_results {
    int unused;
};

static uint64_t number(const char *field, uint64_t none)
{
    return strcmp(field, "-") == 0 ? none : strtoull(field, NULL, 10);
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = 0;
    while (*text != '\0' && *text != '\n' && length + 1 < size) {
        if (text[0] == '\\' && text[1] == 'x') {
            out[length++] = (char)strtol((char[]){text[2], text[3], '\0'}, NULL, 16);
            text += 4;
        } else {
            out[length++] = *text++;
        }
    }
    out[length] = '\0';
}

/* False where the line is no event. */
static int parse_event(swb_event *out, const char *line)
{
    char fields[7][24];
    char name[64];
    int at = 0;
    int count = sscanf(line, "%23s %23s %23s %23s %23s %23s %23s %63s %n", fields[0], fields[1],
                       fields[2], fields[3], fields[4], fields[5], fields[6], name, &at);
    if (count != 8) {
        return 0;
    }
    memset(out, 0, sizeof *out);
    out->kind = (swb_event_kind)number(fields[0], 0);
    out->status = -(int)number(fields[1], 0);
    out->run = number(fields[2], UINT64_MAX);
    out->mode = (uint32_t)number(fields[3], UINT32_MAX);
    out->node = (uint32_t)number(fields[4], UINT32_MAX);
    out->value = number(fields[5], 0);
    out->total = number(fields[6], 0);
    out->time_ns = INT64_C(10000000000000001);
    snprintf(out->name, sizeof out->name, "%s", name);
    copy_text(out->text, sizeof out->text, line + at);
    return 1;
}

int swb_runner_create(swb_runner **out, const swb_experiment *experiment,
                      const swb_runner_options *options, swb_error *error)
{
    (void)experiment;
    char line[1024];
    const char *path = getenv("SWARMBENCH_SCRIPT");
    swb_runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL || path == NULL || (runner->script = fopen(path, "r")) == NULL) {
        abort();
    }
    long start = ftell(runner->script);
    if (fgets(line, sizeof line, runner->script) != NULL && strncmp(line, "fail ", 5) == 0) {
        char *text;
        error->status = -(int)strtol(line + 5, &text, 10);
        snprintf(error->message, sizeof error->message, "%.*s", (int)strcspn(text + 1, "\n"),
                 text + 1);
        fclose(runner->script);
        free(runner);
        return error->status;
    }
    fseek(runner->script, start, SEEK_SET);
    fprintf(stderr, "options: %s only=%s on=%s work_dir=%s resume=%d keep_data=%d\n",
            options->results_path, options->only ? options->only : "-",
            options->on ? options->on : "-", options->work_dir ? options->work_dir : "-",
            options->resume, options->keep_data);
    *out = runner;
    return SWB_OK;
}

void swb_runner_destroy(swb_runner *runner)
{
    if (runner != NULL) {
        fclose(runner->script);
        free(runner);
    }
}

static void wait_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

int swb_runner_poll(swb_event *out, swb_runner *runner, int timeout_ms)
{
    char line[1024];
    if (runner->waiting && !runner->stopped) {
        wait_ms(timeout_ms);
        return 0;
    }
    wait_ms(5);
    if (fgets(line, sizeof line, runner->script) == NULL) {
        runner->done = 1;
        return 0;
    }
    runner->waiting = strncmp(line, "wait", 4) == 0;
    if (strncmp(line, "hang", 4) == 0) { /* does not end even when asked to */
        fseek(runner->script, -(long)strlen(line), SEEK_CUR);
        wait_ms(timeout_ms);
        return 0;
    }
    if (!parse_event(out, line)) {
        return 0;
    }
    runner->failed += out->kind == SWB_EVENT_RUN_ENDED && out->status != SWB_OK;
    return 1;
}

int swb_runner_done(const swb_runner *runner)
{
    return runner->done;
}

void swb_runner_stop(swb_runner *runner)
{
    runner->stopped = 1;
}

/* It is here, so it ends with its terminal. */
int swb_runner_detach(swb_runner *runner)
{
    (void)runner;
    return SWB_EUNSUPPORTED;
}

uint64_t swb_runner_failed_runs(const swb_runner *runner)
{
    return runner->failed;
}

int swb_results_open(swb_results **out, const char *path, swb_error *error)
{
    (void)path;
    (void)error;
    static swb_results results;
    *out = &results;
    return SWB_OK;
}

void swb_results_close(swb_results *results)
{
    (void)results;
}

int swb_results_report(swb_results *results, swb_format format, int fd, swb_error *error)
{
    (void)results;
    (void)format;
    if (dprintf(fd, "SUMMARY\n") >= 0) {
        return SWB_OK;
    }
    *error = (swb_error){.status = SWB_EIO};
    snprintf(error->message, sizeof error->message, "cannot write the summary");
    return SWB_EIO;
}
