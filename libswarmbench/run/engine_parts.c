/* The engine's choice of contents: parts that a leecher fetches, any k of which are enough. With
 * one content that is not coded, that content is the one part of a code of 1 + 0. */
#include "run/engine_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"

static uint32_t *order_of(const swb__engine *engine, uint32_t node)
{
    return engine->orders + (size_t)node * engine->contents;
}

/* Drawn for each leecher, so that the load spreads over all parts. */
static void shuffle(uint32_t *order, const swb__engine *engine, uint32_t node)
{
    swb__random random;
    swb__random_init(&random, swb__random_derive(engine->seed, "parts", node));
    swb__random_shuffle(&random, order, engine->contents);
}

/* Parts are dealt to the seeders in turn; where there are more seeders than parts, seeders to the
 * parts. */
static bool holds(const swb__engine *engine, uint32_t rank, uint32_t part)
{
    return engine->seeders <= engine->contents ? part % engine->seeders == rank
                                               : rank % engine->contents == part;
}

int swb__engine_plan_parts(swb__engine *engine)
{
    engine->orders = calloc(engine->count * engine->contents + 1, sizeof *engine->orders);
    if (engine->orders == NULL) {
        return SWB_ENOMEM;
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        uint32_t *order = order_of(engine, i);
        for (uint32_t part = 0; part < engine->contents; part++) {
            order[part] = part;
            if (engine->peers[i].role == SWB_ROLE_SEEDER &&
                holds(engine, engine->peers[i].rank, part)) {
                swb__lane(engine, i, part)->stage = SWB__LANE_HELD;
            }
        }
        if (!engine->coding.data_first) {
            shuffle(order, engine, i);
        }
    }
    return SWB_OK;
}

static uint32_t count_lanes(const swb__engine *engine, uint32_t node, swb__lane_stage stage)
{
    uint32_t count = 0;
    for (uint32_t part = 0; part < engine->contents; part++) {
        count += swb__lane(engine, node, part)->stage == stage;
    }
    return count;
}

uint32_t swb__engine_complete_parts(const swb__engine *engine, uint32_t node)
{
    return count_lanes(engine, node, SWB__LANE_COMPLETE);
}

uint32_t swb__engine_viable_parts(const swb__engine *engine, uint32_t node)
{
    return count_lanes(engine, node, SWB__LANE_COMPLETE) +
           count_lanes(engine, node, SWB__LANE_FETCHING);
}

/* The next part that was not tried; contents where there is none. */
static uint32_t untried(const swb__engine *engine, uint32_t node)
{
    const uint32_t *order = order_of(engine, node);
    for (uint32_t i = 0; i < engine->contents; i++) {
        if (swb__lane(engine, node, order[i])->stage == SWB__LANE_IDLE) {
            return order[i];
        }
    }
    return engine->contents;
}

/* A part that was given up because it stalled may be asked for again, where none else is left. */
static uint32_t stalled_before(const swb__engine *engine, uint32_t node)
{
    const uint32_t *order = order_of(engine, node);
    for (uint32_t i = 0; i < engine->contents; i++) {
        const swb__engine_lane *lane = swb__lane(engine, node, order[i]);
        if (lane->stage == SWB__LANE_DROPPED && lane->fate == SWB__PART_STALLED && !lane->calling &&
            lane->due_ns == INT64_MAX) {
            return order[i];
        }
    }
    return engine->contents;
}

static void begin_part(swb__engine *engine, uint32_t node, uint32_t content, int64_t at_ns,
                       bool held)
{
    const swb__engine_peer *peer = &engine->peers[node];
    swb__engine_lane *lane = swb__lane(engine, node, content);
    lane->stage = SWB__LANE_FETCHING;
    lane->progress_ns = lane->begun_ns = at_ns;
    lane->not_complete_ns = SWB__TIME_UNKNOWN;
    lane->on_disk = false;
    lane->retry_ns = 0;
    lane->cause[0] = '\0';
    if (peer->driver->kind == SWB_DRIVER_TORRENT) {
        swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_WATCH,
                                              .node = node,
                                              .content = content,
                                              .begin_ns = at_ns});
    }
    if (held) {
        swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_HOLD,
                                              .node = node,
                                              .content = content,
                                              .operation = SWB_OP_LEECH});
    }
    swb__engine_call(engine, node, content, SWB_OP_LEECH, at_ns);
}

void swb__engine_begin_parts(swb__engine *engine, uint32_t node, int64_t at_ns, bool held)
{
    uint32_t wanted = engine->needed + engine->coding.extra;
    uint32_t viable = swb__engine_viable_parts(engine, node);
    for (; viable < wanted; viable++) {
        uint32_t content = untried(engine, node);
        if (content == engine->contents && viable < engine->needed) {
            content = stalled_before(engine, node);
        }
        if (content == engine->contents) {
            return;
        }
        begin_part(engine, node, content, at_ns, held);
    }
}

/* The k parts of which most is there count, and of these the code's padding does not. */
uint64_t swb__engine_gathered_bytes(const swb__engine *engine, uint32_t node)
{
    uint64_t most[256] = {0};
    uint64_t sum = 0;
    if (engine->contents == 1) {
        return swb__lane(engine, node, 0)->bytes_done;
    }
    for (uint32_t part = 0; part < engine->contents; part++) {
        uint64_t bytes = swb__lane(engine, node, part)->bytes_done;
        uint32_t at = engine->needed;
        if (bytes <= most[at - 1]) {
            continue;
        }
        for (at = at - 1; at > 0 && most[at - 1] < bytes; at--) {
            most[at] = most[at - 1];
        }
        most[at] = bytes;
    }
    for (uint32_t i = 0; i < engine->needed; i++) {
        sum += most[i];
    }
    double share = (double)sum / ((double)engine->needed * (double)engine->content_bytes);
    return sum == engine->needed * engine->content_bytes
               ? engine->settings.file_size_bytes
               : (uint64_t)(share * (double)engine->settings.file_size_bytes);
}

void swb__engine_drop_part(swb__engine *engine, uint32_t node, uint32_t content,
                           swb__part_fate fate, const char *cause)
{
    swb__engine_lane *lane = swb__lane(engine, node, content);
    if (lane->stage != SWB__LANE_FETCHING) {
        return;
    }
    lane->stage = SWB__LANE_DROPPED;
    lane->fate = fate;
    lane->ended_ns = engine->now_ns;
    lane->due_ns = INT64_MAX;
    snprintf(lane->cause, sizeof lane->cause, "%s", cause);
    if (engine->peers[node].driver->kind == SWB_DRIVER_STORE && lane->calling) {
        swb__engine_act(
            engine, (swb__action){.kind = SWB__ACTION_CANCEL, .node = node, .content = content});
    } else if (engine->contents > 1) {
        swb__engine_call(engine, node, content, SWB_OP_REMOVE, engine->now_ns);
    }
}

/* Those that were complete first. */
static void mark_used(swb__engine *engine, uint32_t node)
{
    for (uint32_t used = 0; used < engine->needed; used++) {
        swb__engine_lane *first = NULL;
        for (uint32_t part = 0; part < engine->contents; part++) {
            swb__engine_lane *lane = swb__lane(engine, node, part);
            if (lane->stage == SWB__LANE_COMPLETE && lane->fate != SWB__PART_USED &&
                (first == NULL || lane->completion.hi_ns < first->completion.hi_ns)) {
                first = lane;
            }
        }
        first->fate = SWB__PART_USED;
    }
}

void swb__engine_settle_parts(swb__engine *engine, uint32_t node)
{
    swb__download *download = &engine->peers[node].download;
    mark_used(engine, node);
    for (uint32_t part = 0; part < engine->contents; part++) {
        swb__engine_lane *lane = swb__lane(engine, node, part);
        if (lane->fate == SWB__PART_USED && lane->stage == SWB__LANE_COMPLETE) {
            bool last = lane->completion.hi_ns > download->completion.hi_ns ||
                        download->completion.source == SWB_SOURCE_NONE;
            download->completion = last ? lane->completion : download->completion;
            continue;
        }
        download->beyond_bytes += lane->bytes_done;
        swb__engine_drop_part(engine, node, part, SWB__PART_CANCELLED,
                              "enough other parts were complete");
    }
}

static int64_t stalls_at(const swb__engine *engine, const swb__engine_lane *lane)
{
    return lane->stage == SWB__LANE_FETCHING
               ? lane->progress_ns + (int64_t)engine->coding.part_stall_ns
               : INT64_MAX;
}

void swb__engine_replace_stalled(swb__engine *engine, uint32_t node)
{
    for (uint32_t part = 0; part < engine->contents; part++) {
        const swb__engine_lane *lane = swb__lane(engine, node, part);
        if (stalls_at(engine, lane) <= engine->now_ns && untried(engine, node) < engine->contents) {
            swb__engine_drop_part(engine, node, part, SWB__PART_STALLED,
                                  "no progress for erasure.part_stall");
            swb__engine_begin_parts(engine, node, engine->now_ns, false);
        }
    }
}

int64_t swb__engine_part_deadline(const swb__engine *engine, uint32_t node)
{
    int64_t next = INT64_MAX;
    if (engine->contents == 1 || untried(engine, node) == engine->contents) {
        return next;
    }
    for (uint32_t part = 0; part < engine->contents; part++) {
        int64_t at_ns = stalls_at(engine, swb__lane(engine, node, part));
        next = at_ns < next ? at_ns : next;
    }
    return next;
}

const char *swb__engine_describe_parts(char *out, size_t size, const swb__engine *engine,
                                       uint32_t node)
{
    size_t used = 0;
    out[0] = '\0';
    if (engine->contents == 1) {
        return out;
    }
    used += (size_t)snprintf(out, size, "%u of the %u parts needed are complete",
                             swb__engine_complete_parts(engine, node), engine->needed);
    for (uint32_t part = 0; part < engine->contents && used < size; part++) {
        const swb__engine_lane *lane = swb__lane(engine, node, part);
        if (lane->stage == SWB__LANE_DROPPED) {
            used +=
                (size_t)snprintf(out + used, size - used, "; part %u: %.60s", part, lane->cause);
        } else if (lane->stage == SWB__LANE_FETCHING) {
            used +=
                (size_t)snprintf(out + used, size - used, "; part %u: %.0f %% there", part,
                                 100.0 * (double)lane->bytes_done / (double)engine->content_bytes);
        }
    }
    return out;
}
