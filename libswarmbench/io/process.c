/* Child processes. */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "io/loop_state.h"

struct swb__process {
    uv_process_t uv;
    swb_loop *loop;
    swb__process_exited exited;
    void *argument;
    pid_t pid;
    bool running;
    bool destroyed;
    swb__timer *grace; /* until SIGKILL */
};

static void on_freed(uv_handle_t *uv)
{
    free(uv->data);
}

static void stop_grace(swb__process *process)
{
    swb__timer_stop(process->grace);
    process->grace = NULL;
}

static void on_exit(uv_process_t *uv, int64_t exit_code, int signal)
{
    swb__process *process = uv->data;
    process->running = false;
    /* Nothing of its group outlives it. The number cannot belong to others this soon. */
    kill(-process->pid, SIGKILL);
    stop_grace(process);
    if (process->destroyed) {
        uv_close((uv_handle_t *)uv, on_freed);
        return;
    }
    process->exited(process->argument, (int)exit_code, signal);
}

/* The path that is run: absolute, because the child changes its directory first. */
static int find(char *out, size_t size, const char *program, swb_error *error)
{
    char found[PATH_MAX];
    if (!swb__find_program(found, sizeof found, program)) {
        return swb__fail(error, SWB_ENOENT, "no program '%.200s' %s", program,
                         strchr(program, '/') != NULL ? "there" : "in PATH");
    }
    if (found[0] == '/') {
        snprintf(out, size, "%s", found);
        return SWB_OK;
    }
    char *whole = realpath(found, NULL);
    if (whole == NULL) {
        return swb__fail_errno(error, SWB_ENOENT, errno, "path of %s", found);
    }
    snprintf(out, size, "%s", whole);
    free(whole);
    return SWB_OK;
}

/* setpriv --pdeathsig KILL -- PROGRAM ARGUMENT...; borrows the strings. */
static char **make_argv(char *setpriv, char *program, const char *const *argv)
{
    size_t count = 0;
    while (argv[count] != NULL) {
        count++;
    }
    char **all = calloc(count + 5, sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    all[0] = setpriv;
    all[1] = "--pdeathsig";
    all[2] = "KILL";
    all[3] = "--";
    all[4] = program;
    /* execve() takes them as `char *` and leaves them alone. */
    memcpy(all + 5, argv + 1, (count - 1) * sizeof *all);
    return all;
}

static int open_output(int *out, const char *path, swb_error *error)
{
    const char *name = path == NULL ? "/dev/null" : path;
    int fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "open %s for a program's output", name);
    }
    *out = fd;
    return SWB_OK;
}

static int spawn(swb__process *process, char **argv, const swb__process_options *options,
                 swb_error *error)
{
    int output = -1;
    int errors = -1;
    int status = open_output(&output, options->output_path, error);
    if (status != SWB_OK) {
        return status;
    }
    if (options->error_path != NULL) {
        status = open_output(&errors, options->error_path, error);
    }
    if (status != SWB_OK) {
        close(output);
        return status;
    }
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = output},
        {.flags = UV_INHERIT_FD, .data.fd = errors >= 0 ? errors : output},
    };
    uv_process_options_t uv = {
        .exit_cb = on_exit,
        .file = argv[0],
        .args = argv,
        .env = (char **)(uintptr_t)options->environment,
        .cwd = options->directory,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3,
        .stdio = stdio,
    };
    int code = uv_spawn(swb__loop_uv(process->loop), &process->uv, &uv);
    close(output);
    if (errors >= 0) {
        close(errors);
    }
    if (code != 0) {
        return swb__fail(error, code == UV_ENOENT ? SWB_ENOENT : SWB_EIO, "start %s in %s: %s",
                         argv[4], options->directory, uv_strerror(code));
    }
    return SWB_OK;
}

int swb__process_start(swb__process **out, swb_loop *loop, const swb__process_options *options,
                       swb__process_exited exited, void *argument, swb_error *error)
{
    char setpriv[PATH_MAX];
    char program[PATH_MAX];
    int status = find(program, sizeof program, options->argv[0], error);
    if (status == SWB_OK) {
        status = find(setpriv, sizeof setpriv, "setpriv", error);
    }
    if (status != SWB_OK) {
        return status;
    }
    char **argv = make_argv(setpriv, program, options->argv);
    swb__process *process = calloc(1, sizeof *process);
    if (argv == NULL || process == NULL) {
        free(argv);
        free(process);
        return swb__fail_nomem(error);
    }
    process->loop = loop;
    process->exited = exited;
    process->argument = argument;
    process->uv.data = process;
    status = spawn(process, argv, options, error);
    free(argv);
    if (status != SWB_OK) {
        if (process->uv.loop != NULL) {
            uv_close((uv_handle_t *)&process->uv, on_freed);
        } else {
            free(process);
        }
        return status;
    }
    process->pid = process->uv.pid;
    process->running = true;
    loop->owned++;
    *out = process;
    return SWB_OK;
}

pid_t swb__process_pid(const swb__process *process)
{
    return process->pid;
}

bool swb__process_running(const swb__process *process)
{
    return process->running;
}

int swb__process_signal(swb__process *process, int signal)
{
    return process->running && kill(-process->pid, signal) == 0 ? SWB_OK : SWB_ENOENT;
}

static void on_grace_over(void *argument)
{
    swb__process_signal(argument, SIGKILL);
}

void swb__process_end(swb__process *process, uint64_t grace_ns)
{
    if (!process->running) {
        return;
    }
    stop_grace(process);
    swb__process_signal(process, SIGTERM);
    /* A stopped process takes the signal only once it goes on. */
    swb__process_signal(process, SIGCONT);
    if (swb__timer_start(&process->grace, process->loop, (int64_t)grace_ns, on_grace_over,
                         process) != SWB_OK) {
        swb__process_signal(process, SIGKILL);
    }
}

void swb__process_destroy(swb__process *process)
{
    if (process == NULL) {
        return;
    }
    process->loop->owned--;
    stop_grace(process);
    if (process->running) {
        process->destroyed = true;
        swb__process_signal(process, SIGKILL);
        return;
    }
    uv_close((uv_handle_t *)&process->uv, on_freed);
}

int swb__process_start_ticks(uint64_t *out, pid_t pid)
{
    char path[64];
    char *stat = NULL;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (swb__read_file(&stat, NULL, path, 4096, NULL) != SWB_OK) {
        return SWB_ENOENT;
    }
    /* Field 2 is the name in parentheses and may hold spaces and parentheses itself. */
    char *at = strrchr(stat, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    int status = SWB_ENOENT;
    if (at != NULL) {
        *out = strtoull(at + 1, NULL, 10);
        status = SWB_OK;
    }
    free(stat);
    return status;
}
