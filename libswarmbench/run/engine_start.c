/* The engine's way up: content, services, nodes. */
#include "run/engine_state.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define READY_RETRY_NS (20 * SWB__NS_PER_MS)
#define READY_RETRY_MAX_NS (200 * SWB__NS_PER_MS)

void swb__engine_start_content(swb__engine *engine)
{
    engine->content_begin_ns = engine->now_ns;
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_MAKE_TORRENT});
}

/* One after the other: each is made on all cores. */
void swb__engine_torrent_made(swb__engine *engine, const swb__engine_event *event)
{
    engine->content_end_ns = event->now_ns;
    if (event->status != SWB_OK) {
        swb__engine_abort(engine, event->status, UINT32_MAX,
                          event->message == NULL ? "make the content" : event->message);
    } else if (++engine->making < engine->contents) {
        swb__engine_act(engine,
                        (swb__action){.kind = SWB__ACTION_MAKE_TORRENT, .content = engine->making});
    } else {
        swb__engine_enter(engine, SWB__PHASE_SERVICES);
    }
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

/* Puts the next content that the node holds in place; false where none is left. */
static bool prepare_next(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    while (peer->preparing < engine->contents) {
        uint32_t content = peer->preparing++;
        if (swb__lane(engine, node, content)->stage == SWB__LANE_HELD) {
            peer->stage = SWB__STAGE_PREPARING;
            swb__engine_act(
                engine,
                (swb__action){.kind = SWB__ACTION_PREPARE, .node = node, .content = content});
            return true;
        }
    }
    return false;
}

static void start(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    if (engine->torrent && prepare_next(engine, node)) {
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

void swb__engine_fail_call(swb__engine *engine, const swb__engine_event *event)
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
    swb__engine_call(engine, event->node, 0, SWB_OP_READY, event->now_ns);
}

static void became_ready(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    peer->stage = SWB__STAGE_READY;
    peer->deadline_ns = INT64_MAX;
    snprintf(peer->text, sizeof peer->text, "%s", peer->row.version);
    swb__engine_tell(engine, SWB_EVENT_NODE_READY, node, SWB_OK,
                     (uint64_t)(peer->row.ready_ns - peer->row.started_ns), peer->text);
    swb__engine_start_more(engine);
}

/* A client for each content that the node may deal with. */
static bool needs_lane(const swb__engine *engine, uint32_t node, uint32_t content)
{
    swb_role role = engine->peers[node].role;
    return role == SWB_ROLE_LEECHER ||
           (role == SWB_ROLE_SEEDER && swb__lane(engine, node, content)->stage == SWB__LANE_HELD);
}

/* The first lane is open; asks the others whether they are, or goes on where they all are. */
static void open_lanes(swb__engine *engine, uint32_t node)
{
    bool waiting = false;
    for (uint32_t content = 1; content < engine->contents; content++) {
        const swb__engine_lane *lane = swb__lane(engine, node, content);
        if (needs_lane(engine, node, content) && !lane->open) {
            waiting = true;
            if (!lane->calling && lane->due_ns == INT64_MAX) {
                swb__engine_call(engine, node, content, SWB_OP_READY, engine->now_ns);
            }
        }
    }
    if (!waiting) {
        became_ready(engine, node);
    }
}

static void take_version(swb__engine_peer *peer, const swb_result *result)
{
    snprintf(peer->row.version, sizeof peer->row.version, "%s", result->version);
    snprintf(peer->row.api_version, sizeof peer->row.api_version, "%s", result->api_version);
    snprintf(peer->row.revision, sizeof peer->row.revision, "%s", result->revision);
    peer->row.stand_in = result->stand_in != 0;
    if (result->bootstrap[0] != '\0') {
        snprintf(peer->bootstrap, sizeof peer->bootstrap, "%s", result->bootstrap);
    }
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
        swb__engine_call(engine, event->node, 0, SWB_OP_VERSION, event->now_ns);
    } else if (event->status == SWB_OK) {
        swb__lane(engine, event->node, event->content)->open = true;
        if (peer->stage == SWB__STAGE_NAMING) {
            take_version(peer, event->result);
            peer->stage = SWB__STAGE_OPENING;
        }
        open_lanes(engine, event->node);
    } else if (event->retriable) {
        swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
        snprintf(peer->text, sizeof peer->text, "%s",
                 event->message != NULL ? event->message : swb_status_text(event->status));
        swb__engine_call(engine, event->node, event->content, event->operation,
                         event->now_ns +
                             swb__backed_off(&lane->retry_ns, READY_RETRY_NS, READY_RETRY_MAX_NS));
    } else {
        swb__engine_fail_call(engine, event);
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
