/* Nodes as processes: start, end, faults, and the end that nobody asked for. */
#include "deploy/local_site.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/entries.h"

#define TAIL_BYTES 4096
#define TAIL_LINES 20

void swb__local_free_list(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

/* Appends NAME=VALUE to a list of `count` that has room. */
static bool add_variable(char **list, size_t *count, const char *name, const char *value)
{
    size_t length = strlen(name) + 1 + strlen(value) + 1;
    char *text = malloc(length);
    if (text == NULL) {
        return false;
    }
    snprintf(text, length, "%s=%s", name, value);
    list[(*count)++] = text;
    return true;
}

static bool has_variable(char *const *list, const char *name)
{
    size_t length = strlen(name);
    for (; *list != NULL; list++) {
        if (strncmp(*list, name, length) == 0 && (*list)[length] == '=') {
            return true;
        }
    }
    return false;
}

/* A copy of a NULL-terminated list, with room for `more`; NULL where memory runs out. */
static char **copy_list(const char *const *list, size_t *count_out, size_t more)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    char **copy = calloc(count + more + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = strdup(list[i]);
        if (copy[i] == NULL) {
            swb__local_free_list(copy);
            return NULL;
        }
    }
    *count_out = count;
    return copy;
}

/* The node sees what its launch says and these four, nothing of the runner's environment. */
static char **make_environment(const swb_launch *launch, const char *home_dir)
{
    const char *path = getenv("PATH");
    const struct {
        const char *name;
        const char *value;
    } base[] = {
        {"PATH", path != NULL ? path : "/usr/local/bin:/usr/bin:/bin"},
        {"HOME", home_dir},
        {"LANG", "C.UTF-8"},
        {"TZ", "UTC"},
    };
    size_t count;
    char **list = copy_list(swb_launch_environment(launch), &count, sizeof base / sizeof base[0]);
    for (size_t i = 0; list != NULL && i < sizeof base / sizeof base[0]; i++) {
        if (!has_variable(list, base[i].name) &&
            !add_variable(list, &count, base[i].name, base[i].value)) {
            swb__local_free_list(list);
            return NULL;
        }
    }
    return list;
}

/* The last lines of the node's log; "" where there are none. */
static void read_tail(char out[TAIL_BYTES + 1], const char *path)
{
    size_t length = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        struct stat info;
        off_t from =
            fstat(fd, &info) == 0 && info.st_size > TAIL_BYTES ? info.st_size - TAIL_BYTES : 0;
        ssize_t got = pread(fd, out, TAIL_BYTES, from);
        length = got > 0 ? (size_t)got : 0;
        close(fd);
    }
    out[length] = '\0';
    size_t begin = length;
    for (unsigned lines = 0; begin > 0; begin--) {
        /* The last line's own end does not count. */
        if (out[begin - 1] == '\n' && begin < length && ++lines == TAIL_LINES) {
            break;
        }
    }
    memmove(out, out + begin, length - begin + 1);
}

static void tell_exited(local_node *node, int exit_code, int signal)
{
    char tail[TAIL_BYTES + 1];
    local_site *site = node->site;
    read_tail(tail, node->log_path);
    site->events.exited(site->events.argument, (size_t)(node - site->nodes), exit_code, signal,
                        tail);
}

static int spawn(local_node *node, swb_error *error);

/* Ends a call where one is under way. */
static void finish_if_busy(local_node *node, local_kind kind, int status, const swb_error *error)
{
    if (node->calls[kind].busy) {
        swb__local_finish(node->site, &node->calls[kind], status, error);
    }
}

static void on_exited(void *argument, int exit_code, int signal)
{
    local_node *node = argument;
    local_site *site = node->site;
    bool asked = node->asked_to_end;
    bool restart = node->restart && !site->closing && !node->calls[LOCAL_STOP].busy;
    int status = SWB_OK;
    swb_error error = SWB_ERROR_INIT;
    swb__process_destroy(node->process);
    node->process = NULL;
    node->restart = false;
    site->running--;
    if (restart) {
        status = spawn(node, &error);
    }
    finish_if_busy(node, LOCAL_FAULT, status, &error);
    finish_if_busy(node, LOCAL_STOP, SWB_OK, NULL);
    if (!asked && !site->closing) {
        tell_exited(node, exit_code, signal);
    }
    swb__local_go_on(site);
}

static int spawn(local_node *node, swb_error *error)
{
    const swb__process_options options = {
        .argv = (const char *const *)node->argv,
        .environment = (const char *const *)node->environment,
        .directory = node->home_dir,
        .output_path = node->log_path,
    };
    int status =
        swb__process_start(&node->process, node->site->loop, &options, on_exited, node, error);
    if (status != SWB_OK) {
        return status;
    }
    status = swb__journal_process(node->site->journal, swb__process_pid(node->process), error);
    if (status != SWB_OK && status != SWB_ENOENT) {
        swb__process_destroy(node->process);
        node->process = NULL;
        return status;
    }
    node->asked_to_end = false;
    node->site->running++;
    return SWB_OK;
}

static int start(local_node *node, const swb_launch *launch, swb_error *error)
{
    size_t count;
    if (node->process != NULL) {
        return swb__fail(error, SWB_EBUSY, "it runs already");
    }
    swb__local_free_list(node->argv);
    swb__local_free_list(node->environment);
    node->argv = copy_list(swb_launch_argv(launch), &count, 0);
    node->environment = make_environment(launch, node->home_dir);
    if (node->argv == NULL || node->environment == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb__entries_write(launch, node->home_dir, error);
    return status == SWB_OK ? spawn(node, error) : status;
}

void swb__local_start(void *argument, size_t index, const swb_launch *launch, swb_done done,
                      void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    swb__local_begin(&node->calls[LOCAL_START], done, done_argument);
    int status = start(node, launch, &error);
    if (status != SWB_OK) {
        swb__error_context(&error, "start %s", node->request->name);
    }
    swb__local_finish(site, &node->calls[LOCAL_START], status, &error);
}

void swb__local_stop(void *argument, size_t index, swb_done done, void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb__local_begin(&node->calls[LOCAL_STOP], done, done_argument);
    if (node->process == NULL) {
        swb__local_finish(site, &node->calls[LOCAL_STOP], SWB_OK, NULL);
        return;
    }
    node->asked_to_end = true;
    swb__process_end(node->process, LOCAL_STOP_GRACE_NS);
}

/* Sends the signal of a fault. True where the call ends with the process, not now. */
static bool inflict(local_node *node, swb_fault fault, int *status, swb_error *error)
{
    int signal = fault == SWB_FAULT_STOP       ? SIGSTOP
                 : fault == SWB_FAULT_CONTINUE ? SIGCONT
                                               : SIGKILL;
    if (node->process == NULL) {
        *status = swb__fail(error, SWB_ENOENT, "%s does not run", node->request->name);
        return false;
    }
    if (signal == SIGKILL) {
        node->asked_to_end = true;
        node->restart = fault == SWB_FAULT_RESTART;
    }
    *status = swb__process_signal(node->process, signal);
    if (*status != SWB_OK && signal != SIGKILL) {
        swb__fail(error, *status, "signal %d to %s: %s", signal, node->request->name,
                  swb_status_text(*status));
    }
    return signal == SIGKILL;
}

void swb__local_fault(void *argument, size_t index, swb_fault fault, swb_done done,
                      void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    int status = SWB_OK;
    bool waits = false;
    swb__local_begin(&node->calls[LOCAL_FAULT], done, done_argument);
    if (fault == SWB_FAULT_CUT || fault == SWB_FAULT_HEAL) {
        status = swb__fail(&error, SWB_EUNSUPPORTED, "'local' cannot cut nodes off the network");
    } else {
        waits = inflict(node, fault, &status, &error);
    }
    if (!waits) {
        swb__local_finish(site, &node->calls[LOCAL_FAULT], status, &error);
    }
}
