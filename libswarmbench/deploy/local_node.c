/* Nodes as processes: start, end, faults, and the end that nobody asked for. */
#include "deploy/local_site.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/entries.h"
#include "host/node_process.h"

static void tell_exited(local_node *node, int exit_code, int signal)
{
    char tail[SWB__TAIL_BYTES + 1] = "";
    local_site *site = node->site;
    int fd = open(node->log_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        swb__log_tail(tail, fd);
        close(fd);
    }
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

static const char *own_path(void)
{
    const char *path = getenv("PATH");
    return path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
}

static int start(local_node *node, const swb_launch *launch, swb_error *error)
{
    if (node->process != NULL) {
        return swb__fail(error, SWB_EBUSY, "it runs already");
    }
    swb__list_free(node->argv);
    swb__list_free(node->environment);
    node->argv = swb__list_copy(swb_launch_argv(launch));
    node->environment =
        swb__node_environment(swb_launch_environment(launch), node->home_dir, own_path());
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
