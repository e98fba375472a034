#define _GNU_SOURCE
#include "deploy/pidfd.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LONGEST_MS 5000

int swb__pidfd_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool has_ended(int pidfd, int wait_ms)
{
    struct pollfd poller = {.fd = pidfd, .events = POLLIN};
    return poll(&poller, 1, wait_ms) > 0;
}

bool swb__pidfd_runs(int pidfd)
{
    return !has_ended(pidfd, 0);
}

void swb__pidfd_end(int pidfd, pid_t pid)
{
    /* Held processes keep their number, so a group of that number is theirs. */
    if (getpgid(pid) == pid && swb__pidfd_runs(pidfd)) {
        kill(-pid, SIGKILL);
    }
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    has_ended(pidfd, LONGEST_MS);
}
