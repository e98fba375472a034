/* The engine's end: the clients' counters, verification, and what it all came to. */
#include "run/engine_state.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"

/* For an answer, on top of the clients' own lag. */
#define COUNT_LIMIT_NS (5 * SWB__NS_PER_S)

static bool all_counted(const swb__engine *engine)
{
    for (size_t i = 0; i < engine->count; i++) {
        if (!engine->peers[i].counted) {
            return false;
        }
    }
    return true;
}

void swb__engine_count(swb__engine *engine)
{
    engine->phase_deadline_ns = engine->now_ns + COUNT_LIMIT_NS;
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        bool alive = peer->stage != SWB__STAGE_GONE && !peer->ended_by_fault && !peer->frozen;
        peer->counted = peer->role == SWB_ROLE_SERVICE || !alive;
        if (!peer->counted) {
            int64_t lag_ns = (int64_t)peer->driver->counter_lag_ns;
            swb__engine_call(engine, i, SWB_OP_STATUS, engine->now_ns + lag_ns);
        }
    }
    if (all_counted(engine)) {
        swb__engine_enter(engine, SWB__PHASE_VERIFY);
    }
}

void swb__engine_counted(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    if (event->status == SWB_OK && event->operation == SWB_OP_STATUS) {
        peer->row.payload_sent = event->result->payload_sent;
        peer->download.payload_received = event->result->payload_received;
        peer->download.payload_sent = event->result->payload_sent;
        peer->download.wasted = event->result->wasted;
    }
    peer->counted = peer->due_ns == INT64_MAX;
    if (all_counted(engine)) {
        swb__engine_enter(engine, SWB__PHASE_VERIFY);
    }
}

static bool to_verify(const swb__engine_peer *peer)
{
    return peer->role == SWB_ROLE_LEECHER && peer->download.status == SWB_OK &&
           !peer->download.verified;
}

static void end_if_verified(swb__engine *engine)
{
    for (size_t i = 0; i < engine->count; i++) {
        if (to_verify(&engine->peers[i])) {
            return;
        }
    }
    swb__engine_enter(engine, SWB__PHASE_TEARDOWN);
}

void swb__engine_verify(swb__engine *engine)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (to_verify(peer) && peer->driver->kind == SWB_DRIVER_STORE) {
            swb__engine_call(engine, i, SWB_OP_READ, engine->now_ns);
        } else if (to_verify(peer)) {
            swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_VERIFY, .node = i});
        }
    }
    end_if_verified(engine);
}

void swb__engine_verified(swb__engine *engine, const swb__engine_event *event)
{
    swb__download *download = &engine->peers[event->node].download;
    download->verified = event->status == SWB_OK;
    if (event->status != SWB_OK) {
        download->status = event->status;
        download->bad_offset = event->bad_offset;
        snprintf(download->cause, sizeof download->cause, "verify: %.230s",
                 event->message != NULL ? event->message : swb_status_text(event->status));
        if (engine->status == SWB_OK) {
            engine->status = event->status;
            snprintf(engine->cause, sizeof engine->cause, "%s", download->cause);
        }
    }
    swb__engine_tell(engine, SWB_EVENT_VERIFIED, event->node, event->status,
                     event->status == SWB_OK ? 0 : event->bad_offset, NULL);
    if (engine->phase == SWB__PHASE_VERIFY) {
        end_if_verified(engine);
    }
}

/* Adds to `result` what the leechers came to. */
static void sum_downloads(swb__run_result *result, const swb__engine *engine)
{
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    int64_t early = INT64_MAX;
    int64_t late = INT64_MIN;
    bool whole = true;
    for (size_t i = 0; i < engine->count; i++) {
        const swb__download *download = &engine->peers[i].download;
        if (engine->peers[i].role != SWB_ROLE_LEECHER || engine->peers[i].ended_by_fault) {
            continue;
        }
        int64_t done = download->completion.hi_ns;
        whole &= download->status == SWB_OK;
        first = done < first ? done : first;
        last = done > last ? done : last;
        if (download->started_ns != SWB__TIME_UNKNOWN) {
            int64_t skew = download->started_ns - download->intended_ns;
            early = skew < early ? skew : early;
            late = skew > late ? skew : late;
        }
    }
    result->start_skew_ns = late == INT64_MIN ? -1 : late - early;
    result->makespan_ns = whole ? last - engine->intended_ns : -1;
    result->spread_ns = whole ? last - first : -1;
}

static double seeder_share(const swb__engine *engine)
{
    double sent = 0;
    for (size_t i = 0; i < engine->count; i++) {
        const swb__engine_peer *peer = &engine->peers[i];
        if (peer->role == SWB_ROLE_SEEDER && peer->row.payload_sent == SWB_COUNT_UNKNOWN) {
            return NAN;
        }
        sent += peer->role == SWB_ROLE_SEEDER ? (double)peer->row.payload_sent : 0;
    }
    return sent / (double)engine->settings.file_size_bytes;
}

void swb__engine_result(swb__run_result *out, const swb__engine *engine)
{
    *out = (swb__run_result){.status = engine->status,
                             .started_ns = engine->begin_ns,
                             .intended_ns = engine->intended_ns,
                             .ended_ns = engine->ended_ns};
    snprintf(out->cause, sizeof out->cause, "%s", engine->cause);
    out->content_ns = (uint64_t)(engine->content_end_ns - engine->content_begin_ns);
    if (engine->nodes_ready_ns != SWB__TIME_UNKNOWN) {
        out->deploy_ns = (uint64_t)(engine->nodes_ready_ns - engine->first_start_ns);
    }
    out->seeder_share = seeder_share(engine);
    sum_downloads(out, engine);
    if (engine->status != SWB_OK) {
        out->makespan_ns = out->spread_ns = -1;
    }
}

bool swb__engine_download(swb__download *out, const swb__engine *engine, uint32_t node)
{
    *out = engine->peers[node].download;
    return engine->peers[node].role == SWB_ROLE_LEECHER;
}

void swb__engine_node_row(swb__node_row *out, const swb__engine *engine, uint32_t node)
{
    *out = engine->peers[node].row;
}
