/* The engine's end: the clients' counters, verification, and what it all came to. */
#include "run/engine_state.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"

/* For an answer, on top of the clients' own lag. */
#define COUNT_LIMIT_NS (5 * SWB__NS_PER_S)

/* A service is read a last time where it was read before; a tracker this one time. */
static bool tells_metrics(const swb__engine_peer *peer)
{
    return peer->scrape_ns != INT64_MAX ||
           (!peer->beside && peer->driver->operations[SWB_OP_METRICS] != NULL);
}

/* A lane that has something to count: what the node holds or has fetched. Where a client counts
 * over all its contents, one answer tells all. */
static bool to_count(const swb__engine *engine, uint32_t node, uint32_t content)
{
    const swb__engine_peer *peer = &engine->peers[node];
    bool alive = peer->stage != SWB__STAGE_GONE && !peer->ended_by_fault && !peer->frozen;
    if (peer->role == SWB_ROLE_SERVICE || !alive) {
        return peer->role == SWB_ROLE_SERVICE && alive && content == 0 && tells_metrics(peer);
    }
    if (engine->contents == 1) {
        return true;
    }
    for (uint32_t i = 0; i < content && peer->driver->counts_node; i++) {
        if (to_count(engine, node, i)) {
            return false;
        }
    }
    swb__lane_stage stage = swb__lane(engine, node, content)->stage;
    return stage == SWB__LANE_HELD || stage == SWB__LANE_COMPLETE;
}

static bool all_counted(const swb__engine *engine)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        for (uint32_t content = 0; content < engine->contents; content++) {
            if (!swb__lane(engine, i, content)->counted) {
                return false;
            }
        }
    }
    return true;
}

void swb__engine_count(swb__engine *engine)
{
    engine->phase_deadline_ns = engine->now_ns + COUNT_LIMIT_NS;
    for (uint32_t i = 0; i < engine->count; i++) {
        int64_t lag_ns = (int64_t)engine->peers[i].driver->counter_lag_ns;
        for (uint32_t content = 0; content < engine->contents; content++) {
            swb__engine_lane *lane = swb__lane(engine, i, content);
            lane->counted = !to_count(engine, i, content);
            if (!lane->counted) {
                bool service = engine->peers[i].role == SWB_ROLE_SERVICE;
                swb__engine_call(engine, i, content, service ? SWB_OP_METRICS : SWB_OP_STATUS,
                                 engine->now_ns + lag_ns);
            }
        }
    }
    if (all_counted(engine)) {
        swb__engine_enter(engine, SWB__PHASE_VERIFY);
    }
}

static uint64_t sum_counter(const swb__engine *engine, uint32_t node, size_t offset)
{
    uint64_t sum = SWB_COUNT_UNKNOWN;
    bool whole = engine->peers[node].driver->counts_node;
    for (uint32_t content = 0; content < engine->contents; content++) {
        const char *lane = (const char *)swb__lane(engine, node, content);
        uint64_t value = *(const uint64_t *)(const void *)(lane + offset);
        if (value == SWB_COUNT_UNKNOWN) {
            continue;
        }
        if (sum == SWB_COUNT_UNKNOWN) {
            sum = value;
        } else {
            sum = whole ? (value > sum ? value : sum) : sum + value;
        }
    }
    return sum;
}

static uint64_t payload_sent(const swb__engine *engine, uint32_t node)
{
    return sum_counter(engine, node, offsetof(swb__engine_lane, payload_sent));
}

void swb__engine_counted(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
    if (event->status == SWB_OK && event->operation == SWB_OP_STATUS) {
        swb__engine_keep_counters(lane, event->result);
    }
    lane->counted = lane->due_ns == INT64_MAX;
    if (all_counted(engine)) {
        swb__engine_enter(engine, SWB__PHASE_VERIFY);
    }
}

static bool to_verify(const swb__engine_peer *peer)
{
    return peer->role == SWB_ROLE_LEECHER && peer->download.status == SWB_OK &&
           !peer->download.verified;
}

/* The next leecher to verify; count where there is none. */
static uint32_t next_unverified(const swb__engine *engine)
{
    uint32_t node = 0;
    while (node < engine->count && !to_verify(&engine->peers[node])) {
        node++;
    }
    return node;
}

/* Decoding goes one leecher after the other: its time is to be that of decoding alone, and its
 * memory that of one. */
static void decode_next(swb__engine *engine)
{
    uint32_t node = next_unverified(engine);
    if (node == engine->count) {
        swb__engine_enter(engine, SWB__PHASE_TEARDOWN);
    } else {
        swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_DECODE, .node = node});
    }
}

void swb__engine_verify(swb__engine *engine)
{
    if (engine->contents > 1) {
        decode_next(engine);
        return;
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (to_verify(peer) && peer->driver->kind == SWB_DRIVER_STORE) {
            swb__engine_call(engine, i, 0, SWB_OP_READ, engine->now_ns);
        } else if (to_verify(peer)) {
            swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_VERIFY, .node = i});
        }
    }
    if (next_unverified(engine) == engine->count) {
        swb__engine_enter(engine, SWB__PHASE_TEARDOWN);
    }
}

static void take_verdict(swb__engine *engine, const swb__engine_event *event, const char *what)
{
    swb__download *download = &engine->peers[event->node].download;
    download->verified = event->status == SWB_OK;
    if (event->status != SWB_OK) {
        download->status = event->status;
        download->bad_offset = event->bad_offset;
        snprintf(download->cause, sizeof download->cause, "%s: %.230s", what,
                 event->message != NULL ? event->message : swb_status_text(event->status));
        if (engine->status == SWB_OK) {
            engine->status = event->status;
            snprintf(engine->cause, sizeof engine->cause, "%s", download->cause);
        }
    }
    swb__engine_tell(engine, SWB_EVENT_VERIFIED, event->node, event->status,
                     event->status == SWB_OK ? 0 : event->bad_offset, NULL);
}

void swb__engine_verified(swb__engine *engine, const swb__engine_event *event)
{
    take_verdict(engine, event, "verify");
    if (engine->phase == SWB__PHASE_VERIFY && next_unverified(engine) == engine->count) {
        swb__engine_enter(engine, SWB__PHASE_TEARDOWN);
    }
}

/* The content is on the node once it is decoded. */
void swb__engine_decoded(swb__engine *engine, const swb__engine_event *event)
{
    swb__download *download = &engine->peers[event->node].download;
    if (event->status == SWB_OK || event->status == SWB_EMISMATCH) {
        download->decode_ns = event->decode_ns;
        download->completion.lo_ns += event->decode_ns;
        download->completion.hi_ns += event->decode_ns;
    }
    take_verdict(engine, event, "decode");
    if (engine->phase == SWB__PHASE_VERIFY) {
        decode_next(engine);
    }
}

void swb__engine_used_parts(uint32_t *out, const swb__engine *engine, uint32_t node)
{
    for (uint32_t part = 0; part < engine->contents; part++) {
        const swb__engine_lane *lane = swb__lane(engine, node, part);
        if (lane->stage == SWB__LANE_COMPLETE && lane->fate == SWB__PART_USED) {
            *out++ = part;
        }
    }
}

/* Adds to `result` what the leechers came to. */
static void sum_downloads(swb__run_result *result, const swb__engine *engine)
{
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    int64_t early = INT64_MAX;
    int64_t late = INT64_MIN;
    uint32_t started = 0;
    uint32_t ended = 0;
    bool whole = true;
    for (size_t i = 0; i < engine->count; i++) {
        const swb__download *download = &engine->peers[i].download;
        bool lost = engine->peers[i].ended_by_fault && download->status != SWB_OK;
        if (engine->peers[i].role != SWB_ROLE_LEECHER || lost) {
            continue;
        }
        int64_t done = download->completion.hi_ns;
        whole &= download->status == SWB_OK;
        ended++;
        first = done < first ? done : first;
        last = done > last ? done : last;
        if (download->started_ns != SWB__TIME_UNKNOWN) {
            int64_t skew = download->started_ns - download->intended_ns;
            early = skew < early ? skew : early;
            late = skew > late ? skew : late;
            started++;
        }
    }
    /* Of one alone there is no difference: unknown, not 0. */
    result->start_skew_ns = started > 1 ? late - early : -1;
    result->makespan_ns = whole && ended > 0 ? last - engine->intended_ns : -1;
    result->spread_ns = whole && ended > 1 ? last - first : -1;
}

static double seeder_share(const swb__engine *engine)
{
    double sent = 0;
    for (uint32_t i = 0; i < engine->count; i++) {
        bool seeder = engine->peers[i].role == SWB_ROLE_SEEDER;
        if (seeder && payload_sent(engine, i) == SWB_COUNT_UNKNOWN) {
            return NAN;
        }
        sent += seeder ? (double)payload_sent(engine, i) : 0;
    }
    return sent / (double)engine->settings.file_size_bytes;
}

/* Of the whole code, as we make it or as the first seeder's client tells. */
static uint64_t coded_bytes(const swb__engine *engine)
{
    if (engine->coding.coder == SWB__CODER_LIBRARY) {
        return engine->contents * engine->content_bytes;
    }
    for (size_t i = 0; i < engine->count; i++) {
        if (engine->peers[i].row.stored_bytes != SWB_COUNT_UNKNOWN) {
            return engine->peers[i].row.stored_bytes;
        }
    }
    return SWB_COUNT_UNKNOWN;
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
    out->coded_bytes = coded_bytes(engine);
    sum_downloads(out, engine);
    if (engine->status != SWB_OK) {
        out->makespan_ns = out->spread_ns = -1;
    }
}

bool swb__engine_download(swb__download *out, const swb__engine *engine, uint32_t node)
{
    *out = engine->peers[node].download;
    out->payload_received = sum_counter(engine, node, offsetof(swb__engine_lane, payload_received));
    out->payload_sent = payload_sent(engine, node);
    out->wasted = sum_counter(engine, node, offsetof(swb__engine_lane, wasted));
    return engine->peers[node].role == SWB_ROLE_LEECHER;
}

void swb__engine_node_row(swb__node_row *out, const swb__engine *engine, uint32_t node)
{
    *out = engine->peers[node].row;
    out->payload_sent = payload_sent(engine, node);
}

bool swb__engine_part_row(swb__part_row *out, const swb__engine *engine, uint32_t node,
                          uint32_t part)
{
    const swb__engine_lane *lane = swb__lane(engine, node, part);
    if (engine->contents == 1 || lane->stage == SWB__LANE_IDLE) {
        return false;
    }
    bool held = lane->stage == SWB__LANE_HELD;
    *out = (swb__part_row){
        .node = node,
        .part = part,
        .fate = held                                ? SWB__PART_HELD
                : lane->stage == SWB__LANE_FETCHING ? SWB__PART_CANCELLED
                                                    : lane->fate,
        .bytes = engine->content_bytes,
        .bytes_done = held && lane->serving ? engine->content_bytes : lane->bytes_done,
        .begun_ns = lane->begun_ns,
        .completion = lane->completion,
        .ended_ns = lane->ended_ns,
    };
    snprintf(out->cause, sizeof out->cause, "%s", lane->cause);
    return true;
}
