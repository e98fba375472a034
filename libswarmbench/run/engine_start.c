/* The engine's way up: content, services, nodes, seeders. */
#include "run/engine_state.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define READY_RETRY_NS (20 * SWB__NS_PER_MS)
#define READY_RETRY_MAX_NS (200 * SWB__NS_PER_MS)
#define SERVING_POLL_NS (20 * SWB__NS_PER_MS)
#define SERVING_POLL_MAX_NS (500 * SWB__NS_PER_MS)

static int64_t backed_off(int64_t *retry_ns, int64_t first_ns, int64_t most_ns)
{
    *retry_ns = *retry_ns == 0 ? first_ns : *retry_ns * 3 / 2;
    *retry_ns = *retry_ns > most_ns ? most_ns : *retry_ns;
    return *retry_ns;
}

void swb__engine_start_content(swb__engine *engine)
{
    engine->content_begin_ns = engine->now_ns;
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_MAKE_TORRENT});
}

/* A driver whose nodes find each other through the first one starts that one alone. */
static bool waits_for_bootstrap(const swb__engine *engine, uint32_t node)
{
    const swb_driver *driver = engine->peers[node].driver;
    if (!driver->needs_bootstrap) {
        return false;
    }
    for (uint32_t i = 0; i < node; i++) {
        if (engine->peers[i].driver == driver) {
            return engine->peers[i].stage < SWB__STAGE_READY;
        }
    }
    return false;
}

static bool may_start(const swb__engine *engine, uint32_t node)
{
    const swb__engine_peer *peer = &engine->peers[node];
    bool is_service = peer->role == SWB_ROLE_SERVICE;
    return peer->stage == SWB__STAGE_WAITING &&
           is_service == (engine->phase == SWB__PHASE_SERVICES) &&
           !waits_for_bootstrap(engine, node);
}

static size_t starting(const swb__engine *engine)
{
    size_t count = 0;
    for (size_t i = 0; i < engine->count; i++) {
        count += engine->peers[i].stage > SWB__STAGE_WAITING &&
                 engine->peers[i].stage < SWB__STAGE_READY;
    }
    return count;
}

static void start(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    if (peer->stage == SWB__STAGE_WAITING && engine->torrent && peer->role == SWB_ROLE_SEEDER) {
        peer->stage = SWB__STAGE_PREPARING;
        swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_PREPARE, .node = node});
        return;
    }
    peer->stage = SWB__STAGE_STARTING;
    peer->deadline_ns = engine->now_ns + (int64_t)engine->settings.limits.ready_ns;
    if (engine->first_start_ns == SWB__TIME_UNKNOWN) {
        engine->first_start_ns = engine->now_ns;
    }
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_START, .node = node});
}

/* Starts what may be started now; goes on to the next phase once all of this one are ready. */
void swb__engine_start_more(swb__engine *engine)
{
    size_t busy = starting(engine);
    for (uint32_t i = 0; i < engine->count; i++) {
        bool room = engine->parallel_starts == 0 || busy < engine->parallel_starts;
        if (room && may_start(engine, i)) {
            start(engine, i);
            busy++;
        }
    }
    if (engine->phase == SWB__PHASE_SERVICES &&
        swb__engine_all(engine, SWB_ROLE_SERVICE, SWB__STAGE_READY)) {
        swb__engine_enter(engine, SWB__PHASE_NODES);
    } else if (engine->phase == SWB__PHASE_NODES &&
               swb__engine_all(engine, SWB_ROLE_SEEDER, SWB__STAGE_READY) &&
               swb__engine_all(engine, SWB_ROLE_LEECHER, SWB__STAGE_READY)) {
        engine->nodes_ready_ns = engine->now_ns;
        swb__engine_enter(engine, SWB__PHASE_SEED);
    }
}

bool swb__engine_all(const swb__engine *engine, swb_role role, swb__node_stage least)
{
    for (size_t i = 0; i < engine->count; i++) {
        if (engine->peers[i].role == role && engine->peers[i].stage < least) {
            return false;
        }
    }
    return true;
}

static void fail_start(swb__engine *engine, const swb__engine_event *event, const char *what)
{
    char message[256];
    snprintf(message, sizeof message, "%s: %s", what,
             event->message != NULL ? event->message : swb_status_text(event->status));
    swb__engine_abort(engine, event->status, event->node, message);
}

/* What a client or its transport says begins with the operation. */
static void fail_call(swb__engine *engine, const swb__engine_event *event)
{
    const char *message =
        event->message != NULL ? event->message : swb_operation_name(event->operation);
    swb__engine_abort(engine, event->status, event->node, message);
}

void swb__engine_prepared(swb__engine *engine, const swb__engine_event *event)
{
    if (event->status != SWB_OK) {
        fail_start(engine, event, "put the content in place");
        return;
    }
    start(engine, event->node);
}

void swb__engine_started(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    if (event->status != SWB_OK) {
        fail_start(engine, event, "start");
        return;
    }
    peer->row.started_ns = event->now_ns;
    peer->stage = SWB__STAGE_PROBING;
    peer->retry_ns = 0;
    swb__engine_call(engine, event->node, SWB_OP_READY, event->now_ns);
}

static void became_ready(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    const swb_result *result = event->result;
    peer->stage = SWB__STAGE_READY;
    peer->deadline_ns = INT64_MAX;
    snprintf(peer->row.version, sizeof peer->row.version, "%s", result->version);
    snprintf(peer->row.api_version, sizeof peer->row.api_version, "%s", result->api_version);
    snprintf(peer->row.revision, sizeof peer->row.revision, "%s", result->revision);
    peer->row.stand_in = result->stand_in != 0;
    if (result->bootstrap[0] != '\0') {
        snprintf(peer->bootstrap, sizeof peer->bootstrap, "%s", result->bootstrap);
    }
    snprintf(peer->text, sizeof peer->text, "%s", result->version);
    swb__engine_tell(engine, SWB_EVENT_NODE_READY, event->node, SWB_OK,
                     (uint64_t)(peer->row.ready_ns - peer->row.started_ns), peer->text);
    swb__engine_start_more(engine);
}

void swb__engine_start_called(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    bool probing = peer->stage == SWB__STAGE_PROBING;
    if (event->status == SWB_OK && probing) {
        peer->stage = SWB__STAGE_NAMING;
        peer->row.ready_ns = event->now_ns;
        if (event->result->bootstrap[0] != '\0') {
            snprintf(peer->bootstrap, sizeof peer->bootstrap, "%s", event->result->bootstrap);
        }
        swb__engine_call(engine, event->node, SWB_OP_VERSION, event->now_ns);
    } else if (event->status == SWB_OK) {
        became_ready(engine, event);
    } else if (event->retriable) {
        snprintf(peer->text, sizeof peer->text, "%s",
                 event->message != NULL ? event->message : swb_status_text(event->status));
        swb__engine_call(engine, event->node, event->operation,
                         event->now_ns +
                             backed_off(&peer->retry_ns, READY_RETRY_NS, READY_RETRY_MAX_NS));
    } else {
        fail_call(engine, event);
    }
}

void swb__engine_start_tick(swb__engine *engine)
{
    for (uint32_t i = 0; i < engine->count && !engine->closing; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->deadline_ns <= engine->now_ns) {
            char message[256];
            peer->deadline_ns = INT64_MAX;
            snprintf(message, sizeof message, "not ready within limits.ready%s%.180s",
                     peer->text[0] != '\0' ? ": " : "", peer->text);
            swb__engine_abort(engine, SWB_ETIMEDOUT, i, message);
        }
    }
}

void swb__engine_seed(swb__engine *engine)
{
    engine->phase_deadline_ns = engine->now_ns + (int64_t)engine->settings.limits.seed_ns;
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->role == SWB_ROLE_SEEDER) {
            peer->stage = SWB__STAGE_SEEDING;
            peer->row.seed_begin_ns = engine->now_ns;
            peer->retry_ns = 0;
            swb__engine_call(engine, i, SWB_OP_SEED, engine->now_ns);
        }
    }
}

static void serves(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    peer->stage = SWB__STAGE_SERVING;
    peer->row.seed_end_ns = engine->now_ns;
    if (swb__engine_all(engine, SWB_ROLE_SEEDER, SWB__STAGE_SERVING)) {
        swb__engine_enter(engine, SWB__PHASE_LEECH);
    }
}

/* Seeders of a store name what they were given: the same content, so the same name. */
static bool agree_on_handle(swb__engine *engine, uint32_t node, const char *handle)
{
    char message[256];
    if (engine->handle[0] == '\0') {
        snprintf(engine->handle, sizeof engine->handle, "%s", handle);
    }
    if (handle[0] == '\0' || strcmp(engine->handle, handle) == 0) {
        return true;
    }
    snprintf(message, sizeof message, "seed: it names the content %.90s, another seeder %.90s",
             handle, engine->handle);
    swb__engine_abort(engine, SWB_EMISMATCH, node, message);
    return false;
}

/* An upload that failed is not made again: it would leave the node with what came of the first. */
static bool may_seed_again(const swb__engine *engine, const swb__engine_event *event)
{
    bool upload = event->operation == SWB_OP_SEED &&
                  engine->peers[event->node].driver->kind == SWB_DRIVER_STORE;
    return event->retriable && !upload;
}

void swb__engine_seed_called(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    int64_t again_ns = event->now_ns;
    if (event->status != SWB_OK && !may_seed_again(engine, event)) {
        fail_call(engine, event);
        return;
    }
    if (event->status != SWB_OK) {
        again_ns += backed_off(&peer->retry_ns, SERVING_POLL_NS, SERVING_POLL_MAX_NS);
        swb__engine_call(engine, event->node, event->operation, again_ns);
        return;
    }
    if (event->operation == SWB_OP_SEED &&
        !agree_on_handle(engine, event->node, event->result->handle)) {
        return;
    }
    if (event->result->state == SWB_STATE_SERVING) {
        serves(engine, event->node);
        return;
    }
    if (event->operation == SWB_OP_STATUS && event->result->state == SWB_STATE_FAILED) {
        char message[256];
        snprintf(message, sizeof message, "seed: the client reports: %.200s",
                 event->result->detail);
        swb__engine_abort(engine, SWB_EREMOTE, event->node, message);
        return;
    }
    if (event->operation == SWB_OP_STATUS) {
        again_ns += backed_off(&peer->retry_ns, SERVING_POLL_NS, SERVING_POLL_MAX_NS);
    }
    swb__engine_call(engine, event->node, SWB_OP_STATUS, again_ns);
}
