/* What can be asked of an agent, one call each. */
#include "deploy/agent_client_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/wire.h"

#define SHORT_NS (30 * (uint64_t)SWB__NS_PER_S)
#define RETRY_NS (200 * SWB__NS_PER_MS)

static void end_well(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    (void)json;
    (void)reply;
    swb__agent_call_end(call, SWB_OK, NULL);
}

/* A call that is one request. `body` is moved. */
static int simple(swb__agent *agent, const char *method, const char *path, cJSON *body,
                  uint64_t deadline_ns, swb_done done, void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, swb__agent_tell_plain, argument, told);
    if (call == NULL) {
        cJSON_Delete(body);
        return told->status;
    }
    call->done.plain = done;
    return swb__agent_call_begin(call, method, path, body, deadline_ns, end_well, told);
}

/* ---- ready ---- */

static void ask_health(swb__agent_call *call);

static void on_health(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    uint64_t api;
    swb_error error = SWB_ERROR_INIT;
    (void)reply;
    if (!swb__wire_number(&api, json, "api")) {
        swb__agent_call_malformed(call);
    } else if (api != SWB__WIRE_API) {
        swb__fail(&error, SWB_EUNSUPPORTED,
                  "%s: its agent speaks version %" PRIu64
                  " of the API, this runner version %d: use "
                  "images of the same release",
                  call->agent->name, api, SWB__WIRE_API);
        swb__agent_call_end(call, SWB_EUNSUPPORTED, &error);
    } else {
        swb__agent_call_end(call, SWB_OK, NULL);
    }
}

/* Whatever it is, it may pass: the pod, its network and the proxy come up in any order. */
static void on_no_health(swb__agent_call *call, int status, const swb_error *error)
{
    (void)status;
    if (swb__clock_ns() < call->deadline_ns) {
        swb__agent_call_wait(call, RETRY_NS, ask_health);
        return;
    }
    swb_error late = *error;
    late.status = SWB_ETIMEDOUT;
    swb__error_context(&late, "the agent was not ready in time");
    swb__agent_call_end(call, SWB_ETIMEDOUT, &late);
}

static void ask_health(swb__agent_call *call)
{
    swb__agent_call_go_on(call, "GET", "/v1/health", 5 * (uint64_t)SWB__NS_PER_S, on_health);
}

int swb__agent_ready(swb__agent *agent, uint64_t deadline_ns, swb_done done, void *argument,
                     swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, swb__agent_tell_plain, argument, told);
    if (call == NULL) {
        return told->status;
    }
    call->done.plain = done;
    call->failed = on_no_health;
    call->deadline_ns = swb__clock_ns() + (int64_t)deadline_ns;
    return swb__agent_call_begin(call, "GET", "/v1/health", NULL, 5 * (uint64_t)SWB__NS_PER_S,
                                 on_health, told);
}

/* ---- the node ---- */

static bool add_list(cJSON *body, const char *name, const char *const *list)
{
    cJSON *array = cJSON_AddArrayToObject(body, name);
    for (; array != NULL && list != NULL && *list != NULL; list++) {
        if (!cJSON_AddItemToArray(array, cJSON_CreateString(*list))) {
            return false;
        }
    }
    return array != NULL;
}

static bool add_entries(cJSON *body, const swb_launch *launch)
{
    const swb_launch_entry *entry;
    cJSON *array = cJSON_AddArrayToObject(body, "entries");
    bool added = array != NULL;
    for (size_t i = 0; added && (entry = swb_launch_entry_at(launch, i)) != NULL; i++) {
        cJSON *item = cJSON_CreateObject();
        added = cJSON_AddItemToArray(array, item) &&
                cJSON_AddStringToObject(item, "path", entry->path) != NULL &&
                cJSON_AddNumberToObject(item, "mode", entry->mode & 0777) != NULL;
        if (added && entry->is_directory) {
            added = cJSON_AddTrueToObject(item, "directory") != NULL;
        } else if (added) {
            added = swb__wire_add_bytes(item, "bytes", entry->bytes, entry->length);
        }
    }
    return added;
}

int swb__agent_start(swb__agent *agent, const swb_launch *launch, swb_done done, void *argument,
                     swb_error *error)
{
    cJSON *body = cJSON_CreateObject();
    if (!add_list(body, "argv", swb_launch_argv(launch)) ||
        !add_list(body, "environment", swb_launch_environment(launch)) ||
        !add_entries(body, launch)) {
        cJSON_Delete(body);
        return swb__fail_nomem(error);
    }
    return simple(agent, "POST", "/v1/node/start", body, SHORT_NS, done, argument, error);
}

int swb__agent_restart(swb__agent *agent, swb_done done, void *argument, swb_error *error)
{
    return simple(agent, "POST", "/v1/node/restart", cJSON_CreateObject(), SHORT_NS, done, argument,
                  error);
}

int swb__agent_files_fetched(swb__agent *agent, swb_done done, void *argument, swb_error *error)
{
    return simple(agent, "POST", "/v1/files/done", cJSON_CreateObject(), SHORT_NS, done, argument,
                  error);
}

int swb__agent_signal(swb__agent *agent, int signal, swb_done done, void *argument,
                      swb_error *error)
{
    const char *name = swb__wire_signal_name(signal);
    if (name == NULL) {
        return swb__fail(error, SWB_EINVAL, "%s: signal %d cannot be sent", agent->name, signal);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "signal", name);
    return simple(agent, "POST", "/v1/node/signal", body, SHORT_NS, done, argument, error);
}

int swb__agent_stop(swb__agent *agent, uint64_t grace_ns, swb_done done, void *argument,
                    swb_error *error)
{
    uint64_t grace_ms = grace_ns / (uint64_t)SWB__NS_PER_MS;
    grace_ms = grace_ms < SWB__WIRE_MAX_GRACE_MS ? grace_ms : SWB__WIRE_MAX_GRACE_MS;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "grace_ms", (double)grace_ms);
    return simple(agent, "POST", "/v1/node/stop", body,
                  2 * SHORT_NS + grace_ms * (uint64_t)SWB__NS_PER_MS, done, argument, error);
}

static void tell_node_failed(swb__agent_call *call, int status, const swb_error *error)
{
    call->done.node(call->argument, status, NULL, error);
}

/* The completion was made with the result. */
static void tell_nothing(swb__agent_call *call, int status, const swb_error *error)
{
    (void)call;
    (void)status;
    (void)error;
}

static bool take_run(swb__node_run *out, const char *name)
{
    static const char *const names[] = {"idle", "running", "exited", "no_launcher"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (swb__node_run)i;
            return true;
        }
    }
    return false;
}

static void on_node(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    swb__agent_node node;
    const char *name;
    uint64_t exit_code;
    uint64_t signal;
    (void)reply;
    if (!swb__wire_text(&name, json, "state") || !take_run(&node.run, name) ||
        !swb__wire_uint64(&node.starts, json, "starts") ||
        !swb__wire_number(&exit_code, json, "exit_code") || exit_code > 255 ||
        !swb__wire_number(&signal, json, "signal") || signal > 128) {
        swb__agent_call_malformed(call);
        return;
    }
    node.exit_code = (int)exit_code;
    node.signal = (int)signal;
    call->tell = tell_nothing;
    call->done.node(call->argument, SWB_OK, &node, NULL);
    swb__agent_call_end(call, SWB_OK, NULL);
}

int swb__agent_state(swb__agent *agent, swb__agent_node_done done, void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, tell_node_failed, argument, told);
    if (call == NULL) {
        return told->status;
    }
    call->done.node = done;
    return swb__agent_call_begin(call, "GET", "/v1/node", NULL, SHORT_NS, on_node, told);
}

/* ---- sample and log ---- */

static void tell_sample_failed(swb__agent_call *call, int status, const swb_error *error)
{
    call->done.sample(call->argument, status, NULL, error);
}

static void on_sample(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    swb_sample sample;
    int64_t time_ns;
    int64_t lo_ns;
    int64_t hi_ns;
    (void)reply;
    if (!swb__wire_int64(&time_ns, json, "time_ns") ||
        !swb__wire_count(&sample.cpu_ns, json, "cpu_ns") ||
        !swb__wire_count(&sample.rss_bytes, json, "rss_bytes") ||
        !swb__wire_count(&sample.rss_anon_bytes, json, "rss_anon_bytes") ||
        !swb__wire_count(&sample.disk_read_bytes, json, "disk_read_bytes") ||
        !swb__wire_count(&sample.disk_written_bytes, json, "disk_written_bytes") ||
        !swb__wire_count(&sample.wire_in_bytes, json, "wire_in_bytes") ||
        !swb__wire_count(&sample.wire_out_bytes, json, "wire_out_bytes")) {
        swb__agent_call_malformed(call);
        return;
    }
    swb__clock_offset_to_ours(&lo_ns, &hi_ns, &call->agent->clock, time_ns);
    sample.time_ns = lo_ns + (hi_ns - lo_ns) / 2;
    call->tell = tell_nothing;
    call->done.sample(call->argument, SWB_OK, &sample, NULL);
    swb__agent_call_end(call, SWB_OK, NULL);
}

int swb__agent_sample(swb__agent *agent, swb__agent_sample_done done, void *argument,
                      swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    if (!agent->clock.known) {
        return swb__fail(told, SWB_EINVAL, "%s: the agent's clock is not known yet", agent->name);
    }
    swb__agent_call *call = swb__agent_call_new(agent, tell_sample_failed, argument, told);
    if (call == NULL) {
        return told->status;
    }
    call->done.sample = done;
    return swb__agent_call_begin(call, "GET", "/v1/sample", NULL, SHORT_NS, on_sample, told);
}

static void tell_tail_failed(swb__agent_call *call, int status, const swb_error *error)
{
    call->done.tail(call->argument, status, NULL, error);
}

static void on_tail(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    (void)json;
    call->tell = tell_nothing;
    call->done.tail(call->argument, SWB_OK, (const char *)reply->body, NULL);
    swb__agent_call_end(call, SWB_OK, NULL);
}

int swb__agent_tail(swb__agent *agent, size_t bytes, swb__agent_tail_done done, void *argument,
                    swb_error *error)
{
    char path[64];
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, tell_tail_failed, argument, told);
    if (call == NULL) {
        return told->status;
    }
    bytes = bytes < SWB__WIRE_MAX_TAIL ? bytes : SWB__WIRE_MAX_TAIL;
    snprintf(path, sizeof path, "/v1/log?tail=%zu", bytes);
    call->done.tail = done;
    call->raw = true;
    return swb__agent_call_begin(call, "GET", path, NULL, SHORT_NS, on_tail, told);
}
