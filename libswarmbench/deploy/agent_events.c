/* The agent's clock, and what it tells unasked. */
#include "deploy/agent_client_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/wire.h"

#define PATH_SIZE 128
#define ROUNDS 8
#define ROUND_NS (5 * (uint64_t)SWB__NS_PER_S)
#define RESYNC_NS (10 * SWB__NS_PER_S)
#define POLL_WAIT_MS 20000
#define POLL_NS ((uint64_t)(POLL_WAIT_MS + 10000) * SWB__NS_PER_MS)
#define FIRST_RETRY_NS (100 * SWB__NS_PER_MS)
#define LAST_RETRY_NS (2 * SWB__NS_PER_S)
#define SILENCE_NS (60 * SWB__NS_PER_S)

/* ---- the clock ---- */

static void on_clock(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    int64_t other_ns;
    if (!swb__wire_int64(&other_ns, json, "now_ns") || other_ns < 0) {
        swb__agent_call_malformed(call);
        return;
    }
    swb__offset offset = swb__offset_of(reply->sent_ns, other_ns, reply->done_ns);
    call->best = call->rounds == 0 ? offset : swb__offset_better(call->best, offset);
    if (++call->rounds < ROUNDS) {
        swb__agent_call_go_on(call, "GET", "/v1/clock", ROUND_NS, on_clock);
        return;
    }
    swb__clock_offset_add(&call->agent->clock, call->best);
    swb__agent_call_end(call, SWB_OK, NULL);
}

static void ignore(void *argument, int status, const swb_error *error)
{
    (void)argument;
    (void)status;
    (void)error;
}

int swb__agent_synchronize(swb__agent *agent, swb_done done, void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, swb__agent_tell_plain, argument, told);
    if (call == NULL) {
        return told->status;
    }
    call->done.plain = done;
    return swb__agent_call_begin(call, "GET", "/v1/clock", NULL, ROUND_NS, on_clock, told);
}

/* One that fails is made up for by the next. */
static void on_resync(void *argument)
{
    swb__agent_synchronize(argument, ignore, NULL, NULL);
}

/* ---- events ---- */

static void poll_events(swb__agent_call *call);

/* The events' own call tells nobody: what it has to tell goes another way. */
static void tell_poll_ended(swb__agent_call *call, int status, const swb_error *error)
{
    const swb__agent *agent = call->agent;
    if (!agent->closing && status != SWB_OK) {
        agent->events.lost(agent->events.argument, status, error);
    }
}

/* Puts the moment on our clock, where what is certain anyway keeps it narrow: nothing came before
 * the watch began, and it is told in our past. */
static swb_moment convert(const swb__agent *agent, int64_t lo_ns, int64_t hi_ns, swb_source source)
{
    swb_moment moment = {.source = source};
    int64_t unused_ns;
    int64_t now_ns = swb__clock_ns();
    swb__clock_offset_to_ours(&moment.lo_ns, &unused_ns, &agent->clock, lo_ns);
    swb__clock_offset_to_ours(&unused_ns, &moment.hi_ns, &agent->clock, hi_ns);
    moment.hi_ns = moment.hi_ns < now_ns ? moment.hi_ns : now_ns;
    moment.lo_ns = moment.lo_ns > agent->begin_ns ? moment.lo_ns : agent->begin_ns;
    moment.lo_ns = moment.lo_ns < moment.hi_ns ? moment.lo_ns : moment.hi_ns;
    return moment;
}

static bool take_kind(swb_watch_kind *out, const char *name)
{
    *out = strcmp(name, "first_byte") == 0 ? SWB_WATCH_FIRST_BYTE
           : strcmp(name, "complete") == 0 ? SWB_WATCH_COMPLETE
                                           : SWB_WATCH_PROGRESS;
    return *out != SWB_WATCH_PROGRESS || strcmp(name, "progress") == 0;
}

/* False where it is malformed. */
static bool tell_watched(swb__agent *agent, const cJSON *item, const char *kind)
{
    swb_watch_event event = {0};
    int64_t lo_ns;
    int64_t hi_ns;
    const char *source;
    const char *name;
    if (!take_kind(&event.kind, kind) || !swb__wire_text(&name, item, "name") ||
        !swb__wire_int64(&lo_ns, item, "lo_ns") || !swb__wire_int64(&hi_ns, item, "hi_ns") ||
        !swb__wire_text(&source, item, "source") ||
        !swb__wire_uint64(&event.bytes, item, "bytes")) {
        return false;
    }
    event.moment = convert(agent, lo_ns, hi_ns, swb__wire_source(source));
    agent->events.watched(agent->events.argument, name, &event);
    return true;
}

static bool tell_exited(swb__agent *agent, const cJSON *item)
{
    uint64_t exit_code;
    uint64_t signal;
    const char *tail;
    const cJSON *asked = cJSON_GetObjectItemCaseSensitive(item, "asked");
    if (!cJSON_IsBool(asked) || !swb__wire_number(&exit_code, item, "exit_code") ||
        exit_code > 255 || !swb__wire_number(&signal, item, "signal") || signal > 128 ||
        !swb__wire_text(&tail, item, "tail")) {
        return false;
    }
    agent->events.exited(agent->events.argument, cJSON_IsTrue(asked), (int)exit_code, (int)signal,
                         tail);
    return true;
}

/* Tells one event that was not told yet. False where it is malformed. */
static bool tell_event(swb__agent *agent, const cJSON *item)
{
    uint64_t number;
    const char *kind;
    if (!swb__wire_uint64(&number, item, "number") || !swb__wire_text(&kind, item, "kind")) {
        return false;
    }
    if (number <= agent->last_event) {
        return true;
    }
    agent->last_event = number;
    return strcmp(kind, "exited") == 0 ? tell_exited(agent, item) : tell_watched(agent, item, kind);
}

static void end_lost(swb__agent_call *call, const char *why)
{
    swb_error error = SWB_ERROR_INIT;
    swb__fail(&error, SWB_EREMOTE, "%s: %s", call->agent->name, why);
    swb__agent_call_end(call, SWB_EREMOTE, &error);
}

static void on_events(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    swb__agent *agent = call->agent;
    uint64_t instance;
    const cJSON *item;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "events");
    (void)reply;
    agent->heard_ns = swb__clock_ns();
    agent->retry_ns = FIRST_RETRY_NS;
    if (!swb__wire_uint64(&instance, json, "instance") || !cJSON_IsArray(list)) {
        swb__agent_call_malformed(call);
        return;
    }
    if (agent->instance != 0 && agent->instance != instance) {
        end_lost(call, "its agent was restarted, so what it saw is lost");
        return;
    }
    agent->instance = instance;
    cJSON_ArrayForEach(item, list)
    {
        if (!tell_event(agent, item)) {
            swb__agent_call_malformed(call);
            return;
        }
        /* Whom it was told may have closed us. */
        if (agent->closing) {
            swb__agent_call_end(call, SWB_OK, NULL);
            return;
        }
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "lost"))) {
        end_lost(call, "its agent saw more than it could keep");
        return;
    }
    poll_events(call);
}

static void on_no_events(swb__agent_call *call, int status, const swb_error *error)
{
    swb__agent *agent = call->agent;
    bool may_pass = status == SWB_ECONNECT || status == SWB_ETIMEDOUT || status == SWB_ETRUNCATED ||
                    status == SWB_ECANCELED || status == SWB_EIO;
    if (!may_pass || swb__clock_ns() - agent->heard_ns > SILENCE_NS) {
        swb__agent_call_end(call, status, error);
        return;
    }
    int64_t delay_ns = agent->retry_ns;
    agent->retry_ns = delay_ns * 2 < LAST_RETRY_NS ? delay_ns * 2 : LAST_RETRY_NS;
    swb__agent_call_wait(call, delay_ns, poll_events);
}

static void events_path(char out[PATH_SIZE], const swb__agent *agent)
{
    snprintf(out, PATH_SIZE, "/v1/events?after=%" PRIu64 "&instance=%" PRIu64 "&wait_ms=%d",
             agent->last_event, agent->instance, POLL_WAIT_MS);
}

static void poll_events(swb__agent_call *call)
{
    char path[PATH_SIZE];
    events_path(path, call->agent);
    swb__agent_call_go_on(call, "GET", path, POLL_NS, on_events);
}

int swb__agent_listen(swb__agent *agent, const swb__agent_events *events, swb_error *error)
{
    char path[PATH_SIZE];
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    if (agent->listens || !agent->clock.known) {
        return swb__fail(told, SWB_EINVAL, "%s: %s", agent->name,
                         agent->listens ? "its events are listened to already"
                                        : "the agent's clock is not known yet");
    }
    swb__agent_call *call = swb__agent_call_new(agent, tell_poll_ended, NULL, told);
    if (call == NULL) {
        return told->status;
    }
    call->failed = on_no_events;
    agent->events = *events;
    agent->heard_ns = swb__clock_ns();
    agent->retry_ns = FIRST_RETRY_NS;
    events_path(path, agent);
    int status = swb__agent_call_begin(call, "GET", path, NULL, POLL_NS, on_events, told);
    if (status == SWB_OK) {
        agent->listens = true;
        /* Without it the clock is only less well known. */
        if (swb__timer_repeat(&agent->resync, agent->loop, RESYNC_NS, on_resync, agent) != SWB_OK) {
            agent->resync = NULL;
        }
    }
    return status;
}

/* ---- watch ---- */

static void on_watch(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    (void)json;
    (void)reply;
    swb__agent_call_end(call, SWB_OK, NULL);
}

int swb__agent_watch(swb__agent *agent, const swb__content_spec *content, int64_t begin_ns,
                     swb_done done, void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    if (!agent->clock.known) {
        return swb__fail(told, SWB_EINVAL, "%s: the agent's clock is not known yet", agent->name);
    }
    cJSON *body = cJSON_CreateObject();
    if (!swb__wire_add_spec(body, content) ||
        !swb__wire_add_int64(body, "begin_ns",
                             swb__clock_offset_to_other(&agent->clock, begin_ns))) {
        cJSON_Delete(body);
        return swb__fail_nomem(told);
    }
    swb__agent_call *call = swb__agent_call_new(agent, swb__agent_tell_plain, argument, told);
    if (call == NULL) {
        cJSON_Delete(body);
        return told->status;
    }
    call->done.plain = done;
    if (agent->begin_ns == 0 || begin_ns < agent->begin_ns) {
        agent->begin_ns = begin_ns;
    }
    return swb__agent_call_begin(call, "POST", "/v1/watch", body, ROUND_NS * 4, on_watch, told);
}
