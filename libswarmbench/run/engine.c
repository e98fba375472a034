#include "run/engine_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/erasure.h>

#include "base/clock.h"
#include "base/random.h"

#define GRACE_NS (5 * (uint64_t)SWB__NS_PER_S)

static void reset_download(swb__download *download, uint32_t node, uint64_t bytes)
{
    memset(download, 0, sizeof *download);
    download->node = node;
    download->bytes = bytes;
    download->intended_ns = download->started_ns = download->accepted_ns = SWB__TIME_UNKNOWN;
    download->ended_ns = SWB__TIME_UNKNOWN;
    download->payload_received = download->payload_sent = download->wasted = SWB_COUNT_UNKNOWN;
    download->bad_offset = UINT64_MAX;
    download->decode_ns = -1;
    download->status = SWB_ECANCELED;
    snprintf(download->cause, sizeof download->cause, "never started");
}

static void reset_lane(swb__engine_lane *lane)
{
    lane->due_ns = INT64_MAX;
    lane->not_complete_ns = lane->begun_ns = lane->ended_ns = SWB__TIME_UNKNOWN;
    lane->payload_received = lane->payload_sent = lane->wasted = SWB_COUNT_UNKNOWN;
}

static void reset_peer(swb__engine *engine, uint32_t node, const swb__engine_node *config)
{
    swb__engine_peer *peer = &engine->peers[node];
    peer->role = config->role;
    peer->driver = config->driver;
    for (uint32_t i = 0; i < node; i++) {
        peer->rank += engine->peers[i].role == peer->role;
    }
    peer->deadline_ns = INT64_MAX;
    peer->deed = UINT32_MAX;
    peer->scrape_ns = INT64_MAX;
    peer->lanes = engine->lanes + (size_t)node * engine->contents;
    for (uint32_t i = 0; i < engine->contents; i++) {
        reset_lane(&peer->lanes[i]);
    }
    peer->row.node = node;
    peer->row.started_ns = peer->row.ready_ns = SWB__TIME_UNKNOWN;
    peer->row.seed_begin_ns = peer->row.seed_end_ns = SWB__TIME_UNKNOWN;
    peer->row.code_begin_ns = peer->row.code_end_ns = SWB__TIME_UNKNOWN;
    peer->row.payload_sent = peer->row.stored_bytes = SWB_COUNT_UNKNOWN;
    peer->row.exit_code = -1;
    reset_download(&peer->download, node, engine->settings.file_size_bytes);
}

static int plan_arrivals(swb__engine *engine)
{
    uint32_t *order = malloc((engine->count + 1) * sizeof *order);
    int64_t *offsets = malloc((engine->count + 1) * sizeof *offsets);
    size_t leechers = 0;
    int status = order == NULL || offsets == NULL ? SWB_ENOMEM : SWB_OK;
    for (uint32_t i = 0; status == SWB_OK && i < engine->count; i++) {
        if (engine->peers[i].role == SWB_ROLE_LEECHER) {
            order[leechers++] = i;
        }
    }
    if (status == SWB_OK) {
        swb__arrival_offsets(offsets, leechers, &engine->settings, engine->seed);
    }
    for (size_t i = 0; status == SWB_OK && i < leechers; i++) {
        engine->arrivals[order[i]] = offsets[i];
    }
    free(order);
    free(offsets);
    return status;
}

/* What moves: the whole content, or the parts that we make of it. */
static void plan_contents(swb__engine *engine, const swb__coding *coding)
{
    bool parts = coding->coder == SWB__CODER_LIBRARY;
    uint64_t bytes = engine->settings.file_size_bytes;
    engine->coding = *coding;
    engine->coding.extra = parts ? coding->extra : 0;
    engine->contents = parts ? coding->data_parts + coding->parity_parts : 1;
    engine->needed = parts ? coding->data_parts : 1;
    engine->content_bytes = parts ? swb_erasure_part_bytes(bytes, coding->data_parts) : bytes;
}

int swb__engine_create(swb__engine **out, const swb__engine_config *config)
{
    swb__engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return SWB_ENOMEM;
    }
    engine->settings = *config->settings;
    engine->count = config->node_count;
    plan_contents(engine, &config->coding);
    engine->seed = config->run_seed;
    engine->parallel_starts = config->parallel_starts;
    engine->phase_deadline_ns = INT64_MAX;
    engine->intended_ns = engine->first_start_ns = engine->nodes_ready_ns = SWB__TIME_UNKNOWN;
    engine->ended_ns = SWB__TIME_UNKNOWN;
    engine->introduce = !config->announced;
    engine->peers = calloc(config->node_count, sizeof *engine->peers);
    engine->lanes = calloc(config->node_count * engine->contents, sizeof *engine->lanes);
    engine->handles = calloc(engine->contents, sizeof *engine->handles);
    engine->arrivals = calloc(config->node_count, sizeof *engine->arrivals);
    if (engine->peers == NULL || engine->lanes == NULL || engine->handles == NULL ||
        engine->arrivals == NULL) {
        swb__engine_destroy(engine);
        return SWB_ENOMEM;
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        reset_peer(engine, i, &config->nodes[i]);
        engine->peers[i].beside = config->beside != NULL && config->beside[i] != UINT32_MAX;
        engine->introduce &= config->nodes[i].role != SWB_ROLE_SERVICE || engine->peers[i].beside;
        engine->torrent |= config->nodes[i].driver->kind == SWB_DRIVER_TORRENT;
        engine->seeders += config->nodes[i].role == SWB_ROLE_SEEDER;
    }
    engine->introduce &= engine->torrent;
    swb__faults_init(&engine->faults, engine->seed);
    if (plan_arrivals(engine) != SWB_OK || swb__engine_plan_parts(engine) != SWB_OK ||
        swb__engine_plan_deeds(engine, config) != SWB_OK) {
        swb__engine_destroy(engine);
        return SWB_ENOMEM;
    }
    *out = engine;
    return SWB_OK;
}

void swb__engine_destroy(swb__engine *engine)
{
    if (engine != NULL) {
        free(engine->peers);
        free(engine->lanes);
        free(engine->orders);
        free(engine->handles);
        free(engine->arrivals);
        free(engine->deeds);
        free(engine->actions);
        free(engine);
    }
}

uint32_t swb__engine_contents(const swb__engine *engine)
{
    return engine->contents;
}

/* What the seeders' clients made of it is what leechers fetch. */
const char *swb__engine_handle(const swb__engine *engine, uint32_t content)
{
    bool coded = engine->phase > SWB__PHASE_SEED && engine->coded_handle[0] != '\0';
    return coded ? engine->coded_handle : engine->handles[content];
}

const char *swb__engine_bootstrap(const swb__engine *engine, const swb_driver *driver)
{
    for (size_t i = 0; i < engine->count; i++) {
        const swb__engine_peer *peer = &engine->peers[i];
        if (peer->driver == driver && peer->bootstrap[0] != '\0') {
            return peer->bootstrap;
        }
    }
    return NULL;
}

void swb__engine_act(swb__engine *engine, swb__action action)
{
    if (engine->action_count == engine->action_capacity) {
        size_t capacity = engine->action_capacity == 0 ? 64 : engine->action_capacity * 2;
        swb__action *actions = realloc(engine->actions, capacity * sizeof *actions);
        if (actions == NULL) {
            engine->failure = SWB_ENOMEM;
            return;
        }
        engine->actions = actions;
        engine->action_capacity = capacity;
    }
    engine->actions[engine->action_count++] = action;
}

bool swb__engine_next(swb__action *out, swb__engine *engine)
{
    if (engine->action_next == engine->action_count) {
        engine->action_next = engine->action_count = 0;
        return false;
    }
    *out = engine->actions[engine->action_next++];
    return true;
}

void swb__engine_tell(swb__engine *engine, swb_event_kind tell, uint32_t node, int status,
                      uint64_t value, const char *text)
{
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_TELL,
                                          .node = node,
                                          .tell = tell,
                                          .status = status,
                                          .value = value,
                                          .total = engine->settings.file_size_bytes,
                                          .text = text});
}

/* Operations that move a store's content last as long as the experiment allows, and a little more:
 * the engine itself ends them. */
static uint64_t deadline_of(const swb__engine *engine, const swb_driver *driver,
                            swb_operation operation)
{
    bool moves = operation == SWB_OP_LEECH || operation == SWB_OP_READ;
    bool seeds = operation == SWB_OP_SEED || operation == SWB_OP_CODE;
    if (driver->kind != SWB_DRIVER_STORE || (!seeds && !moves)) {
        return 0;
    }
    return (moves ? engine->settings.limits.run_ns : engine->settings.limits.seed_ns) + GRACE_NS;
}

void swb__engine_call(swb__engine *engine, uint32_t node, uint32_t content, swb_operation operation,
                      int64_t at_ns)
{
    swb__engine_lane *lane = swb__lane(engine, node, content);
    const swb_driver *driver = engine->peers[node].driver;
    if (at_ns > engine->now_ns || lane->calling) {
        lane->due_ns = at_ns;
        lane->due = operation;
        return;
    }
    lane->due_ns = INT64_MAX;
    lane->calling = true;
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_CALL,
                                          .node = node,
                                          .content = content,
                                          .operation = operation,
                                          .deadline_ns = deadline_of(engine, driver, operation)});
}

void swb__engine_quiet(swb__engine *engine, uint32_t node)
{
    for (uint32_t i = 0; i < engine->contents; i++) {
        swb__lane(engine, node, i)->due_ns = INT64_MAX;
    }
}

static const char *phase_name(swb__phase phase)
{
    switch (phase) {
    case SWB__PHASE_CONTENT:
        return "content";
    case SWB__PHASE_SERVICES:
        return "deploy";
    case SWB__PHASE_SEED:
        return "seed";
    case SWB__PHASE_LEECH:
        return "leech";
    case SWB__PHASE_COUNT:
        return "count";
    case SWB__PHASE_VERIFY:
        return "verify";
    case SWB__PHASE_TEARDOWN:
        return "teardown";
    default:
        return NULL;
    }
}

static void close_all(swb__engine *engine)
{
    engine->closing = true;
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_quiet(engine, i);
    }
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_CLOSE});
}

void swb__engine_enter(swb__engine *engine, swb__phase phase)
{
    engine->phase = phase;
    engine->phase_deadline_ns = INT64_MAX;
    if (phase_name(phase) != NULL) {
        swb__engine_tell(engine, SWB_EVENT_PHASE, UINT32_MAX, SWB_OK, 0, phase_name(phase));
    }
    switch (phase) {
    case SWB__PHASE_CONTENT:
        swb__engine_start_content(engine);
        break;
    case SWB__PHASE_SERVICES:
    case SWB__PHASE_NODES:
        swb__engine_start_more(engine);
        break;
    case SWB__PHASE_SEED:
        swb__engine_seed(engine);
        break;
    case SWB__PHASE_LEECH:
        swb__engine_leech(engine);
        break;
    case SWB__PHASE_COUNT:
        swb__engine_count(engine);
        break;
    case SWB__PHASE_VERIFY:
        swb__engine_verify(engine);
        break;
    case SWB__PHASE_TEARDOWN:
        close_all(engine);
        break;
    case SWB__PHASE_END:
        engine->ended_ns = engine->now_ns;
        swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_END});
        break;
    case SWB__PHASE_NEW:
        break;
    }
}

void swb__engine_abort(swb__engine *engine, int status, uint32_t node, const char *message)
{
    if (engine->closing) {
        return;
    }
    if (engine->status == SWB_OK) {
        engine->status = status;
        snprintf(engine->cause, sizeof engine->cause, "%s", message);
    }
    if (node != UINT32_MAX) {
        swb__engine_peer *peer = &engine->peers[node];
        snprintf(peer->text, sizeof peer->text, "%s", message);
        swb__engine_tell(engine, SWB_EVENT_NODE_FAILED, node, status, 0, peer->text);
    }
    swb__engine_settle_rest(engine, status, message);
    swb__engine_enter(engine, SWB__PHASE_TEARDOWN);
}

static void on_exited(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    peer->stage = SWB__STAGE_GONE;
    swb__engine_quiet(engine, event->node);
    peer->row.exit_code = event->exit_code;
    peer->row.exit_signal = event->exit_signal;
    const char *tail = event->message == NULL ? "" : event->message;
    const char *last = strrchr(tail, '\n');
    char cause[256];
    snprintf(peer->text, sizeof peer->text, "%s", tail);
    swb__engine_tell(engine, SWB_EVENT_NODE_EXITED, event->node, SWB_EEXITED, 0, peer->text);
    if (event->exit_signal == 0 && event->exit_code < 0) {
        snprintf(cause, sizeof cause, "%.250s", tail); /* of a process that is not ours to see */
    } else {
        snprintf(cause, sizeof cause, "the process ended by itself (%s %d)%s%.150s",
                 event->exit_signal != 0 ? "signal" : "exit code",
                 event->exit_signal != 0 ? event->exit_signal : event->exit_code,
                 tail[0] != '\0' ? ": " : "", last != NULL && last[1] != '\0' ? last + 1 : tail);
    }
    if (engine->phase < SWB__PHASE_LEECH) {
        swb__engine_abort(engine, SWB_EEXITED, event->node, cause);
    } else {
        swb__engine_leech_exited(engine, event->node, cause);
    }
}

static void on_call_done(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    swb__lane(engine, event->node, event->content)->calling = false;
    if (event->operation == SWB_OP_LEECH && peer->download.started_ns == SWB__TIME_UNKNOWN) {
        peer->download.started_ns = event->sent_ns;
    }
    if (event->operation == SWB_OP_ACT || event->operation == SWB_OP_METRICS) {
        swb__engine_beside_called(engine, event);
        return;
    }
    switch (engine->phase) {
    case SWB__PHASE_SERVICES:
    case SWB__PHASE_NODES:
        swb__engine_start_called(engine, event);
        break;
    case SWB__PHASE_SEED:
        swb__engine_seed_called(engine, event);
        break;
    case SWB__PHASE_LEECH:
        swb__engine_leech_called(engine, event);
        break;
    case SWB__PHASE_COUNT:
        swb__engine_counted(engine, event);
        break;
    case SWB__PHASE_VERIFY:
        if (event->operation == SWB_OP_READ) {
            swb__engine_verified(engine, event);
        }
        break;
    default:
        break; /* an answer that came too late to matter */
    }
}

/* Makes the calls whose time has come, and asks each phase what else is due. */
static void on_tick(swb__engine *engine)
{
    for (uint32_t i = 0; i < engine->count && !engine->closing; i++) {
        for (uint32_t content = 0; content < engine->contents; content++) {
            const swb__engine_lane *lane = swb__lane(engine, i, content);
            if (lane->due_ns <= engine->now_ns && !lane->calling) {
                swb__engine_call(engine, i, content, lane->due, lane->due_ns);
            }
        }
    }
    if (engine->phase == SWB__PHASE_SERVICES || engine->phase == SWB__PHASE_NODES) {
        swb__engine_start_tick(engine);
    } else if (engine->phase == SWB__PHASE_LEECH) {
        swb__engine_leech_tick(engine);
    }
    if (engine->phase_deadline_ns <= engine->now_ns && engine->phase == SWB__PHASE_SEED) {
        swb__engine_abort(engine, SWB_ETIMEDOUT, UINT32_MAX,
                          "not every seeder served the content within limits.seed");
    } else if (engine->phase_deadline_ns <= engine->now_ns && engine->phase == SWB__PHASE_COUNT) {
        swb__engine_enter(engine, SWB__PHASE_VERIFY);
    }
}

static void dispatch(swb__engine *engine, const swb__engine_event *event)
{
    switch (event->kind) {
    case SWB__EVENT_BEGIN:
        engine->begin_ns = event->now_ns;
        if (event->status != SWB_OK) {
            swb__engine_abort(engine, event->status, UINT32_MAX,
                              event->message == NULL ? "bring up the nodes" : event->message);
            break;
        }
        swb__engine_enter(engine, engine->torrent ? SWB__PHASE_CONTENT : SWB__PHASE_SERVICES);
        break;
    case SWB__EVENT_TICK:
        break;
    case SWB__EVENT_TORRENT_MADE:
        swb__engine_torrent_made(engine, event);
        break;
    case SWB__EVENT_PREPARED:
        swb__engine_prepared(engine, event);
        break;
    case SWB__EVENT_STARTED:
        swb__engine_started(engine, event);
        break;
    case SWB__EVENT_EXITED:
        on_exited(engine, event);
        break;
    case SWB__EVENT_CALL_DONE:
        on_call_done(engine, event);
        break;
    case SWB__EVENT_ACCEPTED:
        swb__engine_leech_accepted(engine, event);
        break;
    case SWB__EVENT_WATCHED:
        swb__engine_leech_watched(engine, event);
        break;
    case SWB__EVENT_UNWATCHED:
        swb__lane(engine, event->node, event->content)->unwatched = true;
        break;
    case SWB__EVENT_VERIFIED:
        swb__engine_verified(engine, event);
        break;
    case SWB__EVENT_DECODED:
        swb__engine_decoded(engine, event);
        break;
    case SWB__EVENT_FAULTED:
        if (event->status != SWB_OK) {
            swb__engine_tell(engine, SWB_EVENT_WARNING, event->node, event->status, 0,
                             "the fault could not be inflicted");
        }
        break;
    case SWB__EVENT_CANCEL:
        swb__engine_abort(engine, SWB_EINTERRUPTED, UINT32_MAX, "interrupted");
        break;
    case SWB__EVENT_CLOSED:
        break;
    }
}

int swb__engine_step(swb__engine *engine, const swb__engine_event *event)
{
    engine->now_ns = event->now_ns;
    if (event->kind == SWB__EVENT_CLOSED) {
        swb__engine_enter(engine, SWB__PHASE_END);
    } else if (!engine->closing) {
        dispatch(engine, event);
        on_tick(engine);
    }
    return engine->failure;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t swb__engine_deadline(const swb__engine *engine)
{
    int64_t next = engine->phase_deadline_ns;
    if (engine->closing) {
        return INT64_MAX;
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        next = earlier(next, engine->peers[i].deadline_ns);
        for (uint32_t content = 0; content < engine->contents; content++) {
            const swb__engine_lane *lane = swb__lane(engine, i, content);
            next = earlier(next, lane->calling ? INT64_MAX : lane->due_ns);
        }
    }
    for (uint32_t i = 0; i < engine->count && engine->phase == SWB__PHASE_LEECH; i++) {
        next = earlier(next, swb__engine_part_deadline(engine, i));
    }
    if (engine->phase == SWB__PHASE_LEECH) {
        int64_t fault = swb__faults_next_ns(&engine->faults, &engine->settings);
        next = earlier(next, fault == INT64_MAX ? fault : engine->intended_ns + fault);
        next = earlier(next, swb__engine_beside_deadline(engine));
        if (!swb__engine_settled(engine)) {
            next = earlier(next, engine->progress_ns + (int64_t)engine->settings.limits.stall_ns);
        }
    }
    return next;
}
