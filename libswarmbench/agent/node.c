/* The node itself: started, signalled, stopped through the launcher. Each of these takes several
 * orders, one after the other, and waits for the launcher in between. */
#include "agent/agent_state.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/take.h"
#include "base/clock.h"
#include "host/entries.h"
#include "host/node_process.h"
#include "host/wire.h"

#define MAX_STRINGS 1024
#define MAX_ENTRIES 256
#define MAX_PATH_BYTES 1024

static const swb__launcher_state *state_of(const swb__node_agent *agent)
{
    return swb__launcher_link_state(agent->launcher);
}

static bool runs(const swb__node_agent *agent)
{
    return state_of(agent)->run == SWB__RUN_RUNNING;
}

static bool reply_node(const swb__node_agent *agent, swb__request *request)
{
    static const char *const names[] = {"no_launcher", "idle", "running", "exited"};
    const swb__launcher_state *state = state_of(agent);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "state", names[state->run]);
    swb__wire_add_uint64(object, "starts", state->starts);
    cJSON_AddNumberToObject(object, "pid", state->pid);
    cJSON_AddNumberToObject(object, "exit_code", state->exit_code);
    cJSON_AddNumberToObject(object, "signal", state->signal);
    return swb__reply_json(request, object);
}

bool swb__handle_node(void *agent, swb__request *request)
{
    return reply_node(agent, request);
}

static bool reply_no_launcher(swb__node_agent *agent, swb__request *request)
{
    swb__launcher_link_withdraw(agent->launcher);
    return swb__reply_error(request, SWB_ETIMEDOUT,
                            "no launcher answers: is swarmbench-launcher running in the node's "
                            "container, with the same root?");
}

/* Whether an order can be given. If not, false is returned for the handler to return, or it has
 * replied, which `*replied` tells. */
static bool can_order(bool *replied, swb__node_agent *agent, swb__request *request)
{
    *replied = false;
    if (!swb__launcher_link_is_busy(agent->launcher) && state_of(agent)->run != SWB__RUN_UNKNOWN) {
        return true;
    }
    if (swb__request_is_due(request)) {
        *replied = reply_no_launcher(agent, request);
    }
    return false;
}

/* Gives an order and goes on with `next_step` then. True where it failed and was replied to. */
static bool order(swb__node_agent *agent, swb__request *request, const char *text, int next_step)
{
    swb__progress *progress = swb__request_progress(request);
    swb_error error = SWB_ERROR_INIT;
    int status = swb__launcher_link_order(&progress->number, agent->launcher, text, &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    progress->step = next_step;
    swb__request_wait_until(request, swb__clock_ns() + agent->launcher_ns);
    return false;
}

static bool order_signal(swb__node_agent *agent, swb__request *request, int signal, int next_step)
{
    char text[32];
    snprintf(text, sizeof text, "signal %d", signal);
    if (signal == SIGTERM || signal == SIGKILL || signal == SIGINT) {
        agent->asked_end = state_of(agent)->starts;
    }
    return order(agent, request, text, next_step);
}

static bool is_carried_out(const swb__node_agent *agent, swb__request *request)
{
    return state_of(agent)->order >= swb__request_progress(request)->number;
}

/* The end of a request whose last order is under way: its result, or still none. */
static bool reply_to_order(swb__node_agent *agent, swb__request *request)
{
    int result = state_of(agent)->result;
    if (!is_carried_out(agent, request)) {
        return swb__request_is_due(request) && reply_no_launcher(agent, request);
    }
    if (state_of(agent)->order > swb__request_progress(request)->number || result == 0) {
        return reply_node(agent, request);
    }
    int status = result == ENOENT || result == ENOTDIR || result == ESRCH ? SWB_ENOENT
                 : result == EBUSY                                        ? SWB_EBUSY
                                                                          : SWB_EIO;
    return swb__reply_error(request, status, "the launcher says: %s", strerror(result));
}

/* ---- start ---- */

typedef struct start_body {
    const cJSON *argv;
    const cJSON *environment;
    const cJSON *entries;
} start_body;

static int take_entry(swb_launch_entry *out, uint8_t **bytes_out, const cJSON *item,
                      swb_error *error)
{
    struct entry {
        const char *path;
        uint64_t mode;
        bool directory;
        const char *bytes;
    } entry = {.bytes = ""};
    static const swb__take takes[] = {
        {"path", SWB__TAKE_TEXT, true, offsetof(struct entry, path), 1, MAX_PATH_BYTES},
        {"mode", SWB__TAKE_NUMBER, true, offsetof(struct entry, mode), 0, 0777},
        {"directory", SWB__TAKE_BOOL, false, offsetof(struct entry, directory), 0, 0},
        {"bytes", SWB__TAKE_TEXT, false, offsetof(struct entry, bytes), 0, SWB__WIRE_MAX_BODY},
    };
    if (!cJSON_IsObject(item)) {
        return swb__fail(error, SWB_EINVAL, "an entry must be an object");
    }
    int status = swb__take_object(&entry, item, takes, sizeof takes / sizeof takes[0], error);
    if (status != SWB_OK) {
        return status;
    }
    *out = (swb_launch_entry){
        .path = entry.path, .mode = (uint32_t)entry.mode, .is_directory = entry.directory};
    if (!swb__wire_decode(bytes_out, &out->length, entry.bytes)) {
        return swb__fail(error, SWB_EINVAL, "'bytes' of '%.200s' must be base64", entry.path);
    }
    out->bytes = *bytes_out;
    return SWB_OK;
}

static int write_entries(const swb__node_agent *agent, const cJSON *entries, swb_error *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, entries)
    {
        swb_launch_entry entry;
        uint8_t *bytes = NULL;
        int status = take_entry(&entry, &bytes, item, error);
        if (status == SWB_OK) {
            status = swb__entry_write(&entry, agent->root.home, error);
            if (status != SWB_OK) {
                swb__error_context(error, "launch file '%.200s'", entry.path);
            }
        }
        free(bytes);
        if (status != SWB_OK) {
            return status;
        }
    }
    return SWB_OK;
}

static int check_environment(const char *const *list, swb_error *error)
{
    for (; *list != NULL; list++) {
        const char *equals = strchr(*list, '=');
        if (equals == NULL || equals == *list) {
            return swb__fail(error, SWB_EINVAL, "'environment' must hold NAME=VALUE, not '%.80s'",
                             *list);
        }
    }
    return SWB_OK;
}

static int put_spec(swb__node_agent *agent, const start_body *body, swb_error *error)
{
    const char **argv = NULL;
    const char **given = NULL;
    char **environment = NULL;
    int status = swb__take_list(&argv, body->argv, "argv", error);
    if (status == SWB_OK) {
        status = swb__take_list(&given, body->environment, "environment", error);
    }
    if (status == SWB_OK) {
        status = check_environment(given, error);
    }
    if (status == SWB_OK) {
        environment = swb__node_environment(given, agent->root.home, NULL);
        status = environment == NULL
                     ? swb__fail_nomem(error)
                     : swb__launcher_link_put_spec(agent->launcher, agent->root.home, argv,
                                                   (const char *const *)environment, error);
    }
    swb__list_free(environment);
    free(argv);
    free(given);
    return status;
}

static int prepare_start(swb__node_agent *agent, const cJSON *json, swb_error *error)
{
    static const swb__take takes[] = {
        {"argv", SWB__TAKE_ARRAY, true, offsetof(start_body, argv), 1, MAX_STRINGS},
        {"environment", SWB__TAKE_ARRAY, false, offsetof(start_body, environment), 0, MAX_STRINGS},
        {"entries", SWB__TAKE_ARRAY, false, offsetof(start_body, entries), 0, MAX_ENTRIES},
    };
    start_body body = {0};
    int status = swb__take_object(&body, json, takes, sizeof takes / sizeof takes[0], error);
    if (status == SWB_OK) {
        status = write_entries(agent, body.entries, error);
    }
    return status == SWB_OK ? put_spec(agent, &body, error) : status;
}

bool swb__handle_start(void *argument, swb__request *request)
{
    enum { BEGIN, ORDERED };
    swb__node_agent *agent = argument;
    swb__progress *progress = swb__request_progress(request);
    swb_error error = SWB_ERROR_INIT;
    bool replied;
    if (progress->step == ORDERED) {
        return reply_to_order(agent, request);
    }
    if (progress->number == 0) {
        progress->number = 1; /* the deadline is set once */
        swb__request_wait_until(request, swb__clock_ns() + agent->launcher_ns);
    }
    if (!can_order(&replied, agent, request)) {
        return replied;
    }
    if (runs(agent)) {
        return swb__reply_error(request, SWB_EBUSY, "the node runs already");
    }
    int status = prepare_start(agent, swb__request_body(request), &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    return order(agent, request, "start", ORDERED);
}

/* ---- what happens to it afterwards ---- */

static int take_signal(int *out, const cJSON *json, swb_error *error)
{
    const char *name = NULL;
    static const swb__take takes[] = {{"signal", SWB__TAKE_TEXT, true, 0, 1, 8}};
    int status = swb__take_object(&name, json, takes, 1, error);
    if (status == SWB_OK) {
        *out = swb__wire_signal(name);
        status = *out != 0 ? SWB_OK
                           : swb__fail(error, SWB_EINVAL,
                                       "'signal' must be TERM, KILL, STOP, CONT, INT, HUP, USR1 "
                                       "or USR2, not '%s'",
                                       name);
    }
    return status;
}

bool swb__handle_signal(void *argument, swb__request *request)
{
    enum { BEGIN, WAITING, ORDERED };
    swb__node_agent *agent = argument;
    swb__progress *progress = swb__request_progress(request);
    swb_error error = SWB_ERROR_INIT;
    bool replied;
    int signal;
    if (progress->step == ORDERED) {
        return reply_to_order(agent, request);
    }
    if (progress->step == BEGIN) {
        progress->step = WAITING;
        swb__request_wait_until(request, swb__clock_ns() + agent->launcher_ns);
    }
    int status = take_signal(&signal, swb__request_body(request), &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    if (!can_order(&replied, agent, request)) {
        return replied;
    }
    if (!runs(agent)) {
        return swb__reply_error(request, SWB_ENOENT, "the node does not run");
    }
    return order_signal(agent, request, signal, ORDERED);
}

static int take_grace(uint64_t *out, const cJSON *json, swb_error *error)
{
    static const swb__take takes[] = {
        {"grace_ms", SWB__TAKE_NUMBER, true, 0, 0, SWB__WIRE_MAX_GRACE_MS}};
    return swb__take_object(out, json, takes, 1, error);
}

bool swb__handle_stop(void *argument, swb__request *request)
{
    enum { BEGIN, ASK, WAKE, GRACE, KILL, LAST };
    swb__node_agent *agent = argument;
    swb__progress *progress = swb__request_progress(request);
    swb_error error = SWB_ERROR_INIT;
    uint64_t grace_ms = 0;
    bool replied;
    int status = take_grace(&grace_ms, swb__request_body(request), &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    if (!runs(agent) && (state_of(agent)->run != SWB__RUN_UNKNOWN || progress->step != BEGIN)) {
        return reply_node(agent, request);
    }
    switch (progress->step) {
    case BEGIN:
        progress->step = ASK;
        swb__request_wait_until(request, swb__clock_ns() + agent->launcher_ns);
        /* fall through */
    case ASK:
        return can_order(&replied, agent, request) ? order_signal(agent, request, SIGTERM, WAKE)
                                                   : replied;
    case WAKE: /* A stopped process takes the signal only once it goes on. */
        return can_order(&replied, agent, request) ? order_signal(agent, request, SIGCONT, GRACE)
                                                   : replied;
    case GRACE:
        if (!is_carried_out(agent, request)) {
            return swb__request_is_due(request) && reply_no_launcher(agent, request);
        }
        progress->step = KILL;
        swb__request_wait_until(request, swb__clock_ns() + (int64_t)grace_ms * SWB__NS_PER_MS);
        return false;
    case KILL:
        if (!swb__request_is_due(request)) {
            return false;
        }
        return can_order(&replied, agent, request) ? order_signal(agent, request, SIGKILL, LAST)
                                                   : replied;
    default:
        return swb__request_is_due(request) && reply_no_launcher(agent, request);
    }
}

bool swb__handle_restart(void *argument, swb__request *request)
{
    enum { BEGIN, KILL, GONE, ORDERED };
    swb__node_agent *agent = argument;
    swb__progress *progress = swb__request_progress(request);
    bool replied;
    if (progress->step == ORDERED) {
        return reply_to_order(agent, request);
    }
    if (progress->step == BEGIN) {
        progress->step = KILL;
        swb__request_wait_until(request, swb__clock_ns() + agent->launcher_ns);
    }
    if (!can_order(&replied, agent, request)) {
        return replied;
    }
    if (state_of(agent)->starts == 0) {
        return swb__reply_error(request, SWB_ENOENT, "the node was never started");
    }
    if (!runs(agent)) {
        return order(agent, request, "start", ORDERED);
    }
    if (progress->step == KILL) {
        return order_signal(agent, request, SIGKILL, GONE);
    }
    return swb__request_is_due(request) && reply_no_launcher(agent, request);
}
