/* The engine's seeders: until every one serves all that it holds. */
#include "run/engine_state.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SERVING_POLL_NS (20 * SWB__NS_PER_MS)
#define SERVING_POLL_MAX_NS (500 * SWB__NS_PER_MS)

static void serves_all(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    bool coded = peer->row.code_end_ns != SWB__TIME_UNKNOWN;
    peer->stage = SWB__STAGE_SERVING;
    peer->row.seed_end_ns = coded ? peer->row.seed_end_ns : engine->now_ns;
    if (swb__engine_all(engine, SWB_ROLE_SEEDER, SWB__STAGE_SERVING)) {
        swb__engine_enter(engine, SWB__PHASE_LEECH);
    }
}

/* One content after the other. */
static void seed_next(swb__engine *engine, uint32_t node)
{
    for (uint32_t content = 0; content < engine->contents; content++) {
        swb__engine_lane *lane = swb__lane(engine, node, content);
        if (lane->stage == SWB__LANE_HELD && !lane->serving) {
            lane->begun_ns = engine->now_ns;
            lane->retry_ns = 0;
            swb__engine_call(engine, node, content, SWB_OP_SEED, engine->now_ns);
            return;
        }
    }
    serves_all(engine, node);
}

void swb__engine_seed(swb__engine *engine)
{
    engine->phase_deadline_ns = engine->now_ns + (int64_t)engine->settings.limits.seed_ns;
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->role == SWB_ROLE_SEEDER) {
            peer->stage = SWB__STAGE_SEEDING;
            peer->row.seed_begin_ns = engine->now_ns;
            seed_next(engine, i);
        }
    }
}

/* Seeders of a store name what they were given: the same content, so the same name. */
static bool agree_on_handle(swb__engine *engine, uint32_t node, char known[512], const char *handle)
{
    char message[256];
    if (known[0] == '\0') {
        snprintf(known, 512, "%s", handle);
    }
    if (handle[0] == '\0' || strcmp(known, handle) == 0) {
        return true;
    }
    snprintf(message, sizeof message, "seed: it names the content %.90s, another seeder %.90s",
             handle, known);
    swb__engine_abort(engine, SWB_EMISMATCH, node, message);
    return false;
}

/* An upload that failed is not made again: it would leave the node with what came of the first. */
static bool may_ask_again(const swb__engine *engine, const swb__engine_event *event)
{
    bool upload = event->operation == SWB_OP_SEED &&
                  engine->peers[event->node].driver->kind == SWB_DRIVER_STORE;
    return event->retriable && !upload;
}

/* One seeder after the other: the time that it takes is to be that of one, and they may share an
 * account whose transactions are numbered. */
static void code_next(swb__engine *engine)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->row.code_begin_ns != SWB__TIME_UNKNOWN &&
            peer->row.code_end_ns == SWB__TIME_UNKNOWN) {
            return;
        }
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->to_code) {
            peer->to_code = false;
            peer->row.code_begin_ns = engine->now_ns;
            swb__lane(engine, i, 0)->retry_ns = 0;
            swb__engine_call(engine, i, 0, SWB_OP_CODE, engine->now_ns);
            return;
        }
    }
}

static void serves(swb__engine *engine, uint32_t node, uint32_t content)
{
    swb__engine_lane *lane = swb__lane(engine, node, content);
    swb__engine_peer *peer = &engine->peers[node];
    if (engine->coding.coder == SWB__CODER_CLIENT && peer->row.code_end_ns == SWB__TIME_UNKNOWN) {
        peer->to_code = true;
        peer->row.seed_end_ns = engine->now_ns;
        code_next(engine);
        return;
    }
    lane->serving = true;
    lane->ended_ns = engine->now_ns;
    seed_next(engine, node);
}

/* The client's own code: what leechers fetch from now on. */
static void on_coded(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    peer->row.code_end_ns = engine->now_ns;
    peer->row.stored_bytes = event->result->stored_bytes;
    if (agree_on_handle(engine, event->node, engine->coded_handle, event->result->handle)) {
        code_next(engine);
        serves(engine, event->node, event->content);
    }
}

static void on_refused(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
    if (!may_ask_again(engine, event)) {
        swb__engine_fail_call(engine, event);
        return;
    }
    swb__engine_call(engine, event->node, event->content, event->operation,
                     event->now_ns +
                         swb__backed_off(&lane->retry_ns, SERVING_POLL_NS, SERVING_POLL_MAX_NS));
}

static void on_state(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
    int64_t again_ns = event->now_ns;
    if (event->result->state == SWB_STATE_SERVING) {
        serves(engine, event->node, event->content);
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
        again_ns += swb__backed_off(&lane->retry_ns, SERVING_POLL_NS, SERVING_POLL_MAX_NS);
    }
    swb__engine_call(engine, event->node, event->content, SWB_OP_STATUS, again_ns);
}

void swb__engine_seed_called(swb__engine *engine, const swb__engine_event *event)
{
    if (event->status != SWB_OK) {
        on_refused(engine, event);
    } else if (event->operation == SWB_OP_CODE) {
        on_coded(engine, event);
    } else if (event->operation != SWB_OP_SEED ||
               agree_on_handle(engine, event->node, engine->handles[event->content],
                               event->result->handle)) {
        on_state(engine, event);
    }
}
