/* Child processes: own session, output to a file, dead when the runner dies. */
#ifndef SWB_IO_PROCESS_H
#define SWB_IO_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__process swb__process;

typedef struct swb__process_options {
    const char *const *argv;        /* argv[0] is a path or looked up in PATH */
    const char *const *environment; /* whole environment, "NAME=VALUE", NULL-terminated */
    const char *directory;          /* working directory */
    const char *output_path;        /* stdout and stderr, appended; NULL: /dev/null */
    const char *error_path;         /* stderr where it is to go elsewhere, else NULL */
} swb__process_options;

/* The process ended, and what it left of its group was killed; the one completion. `signal` is 0
 * where it exited by itself. */
typedef void (*swb__process_exited)(void *argument, int exit_code, int signal);

/* Starts a child in a session of its own (a terminal's Ctrl-C does not reach it), with stdin from
 * /dev/null and a parent-death SIGKILL (setpriv --pdeathsig), so that it does not survive the
 * thread that started it. SWB_ENOENT (no such program), SWB_EIO, SWB_ENOMEM. */
int swb__process_start(swb__process **out, swb_loop *loop, const swb__process_options *options,
                       swb__process_exited exited, void *argument, swb_error *error);
pid_t swb__process_pid(const swb__process *process);
bool swb__process_running(const swb__process *process);
/* Sends a signal to the child's whole session group; SWB_ENOENT where it has ended. */
int swb__process_signal(swb__process *process, int signal);
/* SIGTERM now (a stopped process goes on to take it), SIGKILL after `grace_ns`; `exited` tells when
 * it is done. */
void swb__process_end(swb__process *process, uint64_t grace_ns);
/* Frees it; a running child is killed and reaped, and `exited` is not called any more. Accepts
 * NULL. May be called from `exited`. */
void swb__process_destroy(swb__process *process);

/* Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), which with the
 * pid names it for good. SWB_ENOENT. */
int swb__process_start_ticks(uint64_t *out, pid_t pid);

#endif
