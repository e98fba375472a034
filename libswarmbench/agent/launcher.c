/*
 * swarmbench-launcher ROOT: stands in for a node's program in its container. It waits for orders of
 * the agent in ROOT/launch (launch_files.h), starts the node as its child, and tells what became of
 * it. It outlives its agent, holds nothing but what stands in these files, and needs only libc:
 * linked statically, it runs in any image.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/launch_files.h"
#include "agent/launcher_spec.h"

/* Where a file system raises no event for what another container did. */
#define POLL_MS 250
#define STATE_TEMPORARY ".state.tmp"
#define NOTHING_OPEN (-1)

struct launcher {
    const char *root;
    int folder;  /* ROOT/launch */
    int signals; /* signalfd */
    int events;  /* inotify */
    int spare;   /* what the next state is written to, made while there was room for it */
    bool untold; /* the state that is to be read is not the latest one */
    bool ending; /* SIGTERM came: nothing is started any more */

    long long instance;
    unsigned long long order;
    int result;
    unsigned long long starts;
    char run[8];
    pid_t pid;
    long long since_ns;
    int exit_code;
    int signal;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("swarmbench-launcher: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static long long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set_run(struct launcher *launcher, const char *run, pid_t pid)
{
    snprintf(launcher->run, sizeof launcher->run, "%s", run);
    launcher->pid = pid;
    launcher->since_ns = now_ns();
}

/* A file as long as a state can be: a node that fills the disk and ends of it is told nevertheless.
 */
static void make_spare(struct launcher *launcher)
{
    static const char blank[SWB__STATE_MAX_BYTES - 1];
    unlinkat(launcher->folder, STATE_TEMPORARY, 0);
    launcher->spare = openat(launcher->folder, STATE_TEMPORARY,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (launcher->spare >= 0 && write(launcher->spare, blank, sizeof blank) != sizeof blank) {
        close(launcher->spare);
        launcher->spare = NOTHING_OPEN;
    }
}

/* What cannot be told now is told later. */
static void tell_state(struct launcher *launcher)
{
    char text[SWB__STATE_MAX_BYTES];
    memset(text, '\n', sizeof text);
    int length = snprintf(text, sizeof text, SWB__STATE_FORMAT, launcher->instance, launcher->order,
                          launcher->result, launcher->starts, launcher->run, (long)launcher->pid,
                          launcher->since_ns, launcher->exit_code, launcher->signal);
    text[length] = '\n';
    if (launcher->spare == NOTHING_OPEN) {
        make_spare(launcher);
    }
    bool told =
        launcher->spare != NOTHING_OPEN &&
        pwrite(launcher->spare, text, sizeof text - 1, 0) == sizeof text - 1 &&
        renameat(launcher->folder, STATE_TEMPORARY, launcher->folder, SWB__LAUNCH_STATE) == 0;
    if (!told && !launcher->untold) {
        say("%s/" SWB__LAUNCH_FOLDER "/" SWB__LAUNCH_STATE ": %s", launcher->root, strerror(errno));
    }
    launcher->untold = !told;
    if (launcher->spare != NOTHING_OPEN) {
        close(launcher->spare);
        launcher->spare = NOTHING_OPEN;
    }
    if (told) {
        make_spare(launcher);
    }
}

/* What a launcher before this one left: its numbers go on, its node is gone with it. */
static void take_over(struct launcher *launcher)
{
    char *text;
    struct launcher old = {0};
    long pid = 0;
    launcher->instance = now_ns();
    set_run(launcher, "idle", 0);
    if (swb__launcher_read(&text, launcher->folder, SWB__LAUNCH_STATE, SWB__STATE_MAX_BYTES) < 0) {
        return;
    }
    if (sscanf(text, SWB__STATE_FORMAT, &old.instance, &old.order, &old.result, &old.starts,
               old.run, &pid, &old.since_ns, &old.exit_code, &old.signal) == SWB__STATE_FIELDS) {
        bool ran = strcmp(old.run, "running") == 0;
        launcher->order = old.order;
        launcher->result = old.result;
        launcher->starts = old.starts;
        launcher->exit_code = old.exit_code;
        launcher->signal = ran ? SIGKILL : old.signal;
        set_run(launcher, ran ? "exited" : old.run, 0);
    }
    free(text);
}

/* In the child. Tells the errno of what failed through `told`. */
static void become_node(const swb__spec *spec, int log, int told)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* A session of its own, so that a signal reaches all of it; and no life without the launcher.
     */
    if (setsid() >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && null >= 0 && dup2(null, 0) == 0 &&
        dup2(log, 1) == 1 && dup2(log, 2) == 2 && chdir(spec->directory) == 0) {
        environ = spec->environment;
        execvp(spec->argv[0], spec->argv);
    }
    int failure = errno;
    ssize_t written = write(told, &failure, sizeof failure);
    _exit(written == sizeof failure ? 127 : 126);
}

/* Starts the node; 0 or an errno, also that of its exec. */
static int spawn(pid_t *pid_out, const struct launcher *launcher, const swb__spec *spec)
{
    int told[2];
    int failure = 0;
    int log = openat(launcher->folder, SWB__LAUNCH_LOG,
                     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (log < 0) {
        return errno;
    }
    if (pipe2(told, O_CLOEXEC) != 0) {
        failure = errno;
        close(log);
        return failure;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_node(spec, log, told[1]);
    }
    failure = pid < 0 ? errno : 0;
    close(log);
    close(told[1]);
    if (pid > 0 && read(told[0], &failure, sizeof failure) == (ssize_t)sizeof failure) {
        waitpid(pid, NULL, 0);
    } else if (pid > 0) {
        *pid_out = pid;
    }
    close(told[0]);
    return failure;
}

static int start(struct launcher *launcher)
{
    swb__spec spec;
    pid_t pid = 0;
    if (launcher->pid != 0) {
        return EBUSY;
    }
    if (launcher->ending) {
        return ESHUTDOWN;
    }
    int failure = swb__spec_read(&spec, launcher->folder);
    if (failure == 0) {
        failure = spawn(&pid, launcher, &spec);
    }
    if (failure == 0) {
        launcher->starts++;
        set_run(launcher, "running", pid);
    }
    swb__spec_finish(&spec);
    return failure;
}

static int send_signal(const struct launcher *launcher, int signal)
{
    if (launcher->pid == 0) {
        return ESRCH;
    }
    return kill(-launcher->pid, signal) == 0 ? 0 : errno;
}

/* Carries out the order that lies there, if there is one. */
static void take_order(struct launcher *launcher)
{
    char *text;
    unsigned long long sequence = 0;
    char verb[8] = "";
    int number = 0;
    ssize_t length =
        swb__launcher_read(&text, launcher->folder, SWB__LAUNCH_ORDER, SWB__ORDER_MAX_BYTES);
    if (length < 0 && errno == ENOENT) {
        return;
    }
    /* Gone before it is carried out: so it is done once, whatever happens meanwhile. */
    unlinkat(launcher->folder, SWB__LAUNCH_ORDER, 0);
    if (length < 0) {
        say("an order cannot be read: %s", strerror(errno));
        return;
    }
    int fields = sscanf(text, "%llu %7s %d", &sequence, verb, &number);
    free(text);
    if (fields < 2 || sequence <= launcher->order) {
        return;
    }
    launcher->order = sequence;
    if (strcmp(verb, "start") == 0) {
        launcher->result = start(launcher);
    } else if (strcmp(verb, "signal") == 0 && fields == 3 && number > 0 && number <= SIGRTMAX) {
        launcher->result = send_signal(launcher, number);
    } else {
        launcher->result = EINVAL;
    }
    tell_state(launcher);
}

/* Ends what the node left behind and what fell to us. The children of these fall to us in turn. */
static void end_leftovers(void)
{
    char text[4096];
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    text[length > 0 ? length : 0] = '\0';
    for (char *at = text, *next;; at = next) {
        long child = strtol(at, &next, 10);
        if (next == at || child <= 1) {
            return;
        }
        kill((pid_t)child, SIGKILL);
    }
}

static void reap(struct launcher *launcher)
{
    int status;
    pid_t pid;
    bool any = false;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        any = true;
        if (pid != launcher->pid) {
            continue;
        }
        kill(-pid, SIGKILL); /* the rest of its group */
        launcher->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        launcher->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        set_run(launcher, "exited", 0);
        tell_state(launcher);
    }
    if (any && launcher->pid == 0) {
        end_leftovers();
    }
}

static void on_signals(struct launcher *launcher)
{
    struct signalfd_siginfo info;
    while (read(launcher->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            continue; /* reap() looks after all, whatever was told */
        }
        launcher->ending = true;
        if (launcher->pid != 0) {
            kill(-launcher->pid, SIGTERM);
            /* A stopped process takes the signal only once it goes on. */
            kill(-launcher->pid, SIGCONT);
        }
    }
    reap(launcher);
}

static int run(struct launcher *launcher)
{
    char events[4096];
    struct pollfd ready[] = {{launcher->signals, POLLIN, 0}, {launcher->events, POLLIN, 0}};
    for (;;) {
        take_order(launcher);
        reap(launcher);
        if (launcher->untold) {
            tell_state(launcher);
        }
        if (launcher->ending && launcher->pid == 0) {
            return EXIT_SUCCESS;
        }
        if (poll(ready, 2, POLL_MS) < 0 && errno != EINTR) {
            say("poll: %s", strerror(errno));
            return EXIT_FAILURE;
        }
        on_signals(launcher);
        while (read(launcher->events, events, sizeof events) > 0) {
            /* That something happened is all that counts. */
        }
    }
}

static bool open_signals(struct launcher *launcher)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGCHLD);
    launcher->signals = -1;
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) == 0) {
        launcher->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    return launcher->signals >= 0;
}

static bool open_folder(struct launcher *launcher)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/" SWB__LAUNCH_FOLDER, launcher->root);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return false;
    }
    launcher->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    launcher->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    /* Without events, orders are found by looking for them. */
    if (launcher->events >= 0) {
        inotify_add_watch(launcher->events, path, IN_MOVED_TO);
    }
    /* Two launchers would take each other's orders. */
    return launcher->folder >= 0 && flock(launcher->folder, LOCK_EX | LOCK_NB) == 0;
}

int main(int argc, char **argv)
{
    struct launcher launcher = {.folder = NOTHING_OPEN, .spare = NOTHING_OPEN};
    if (argc != 2 || argv[1][0] != '/') {
        say("usage: swarmbench-launcher ROOT      the absolute path that its agent is given too");
        return 2;
    }
    launcher.root = argv[1];
    /* Orphans of the node come to us, so that none stays behind as a zombie. */
    if (!open_signals(&launcher) || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ||
        !open_folder(&launcher)) {
        say("%s: %s", launcher.root, strerror(errno));
        return EXIT_FAILURE;
    }
    take_over(&launcher);
    tell_state(&launcher);
    return run(&launcher);
}
