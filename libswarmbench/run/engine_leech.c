/* The engine's measured part: leechers from their intended start to completion or failure. */
#include "run/engine_state.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Between entering the phase and the first intended start: watches are set up and commands made
 * ready meanwhile, so that all can leave at once. */
#define LEAD_NS (50 * SWB__NS_PER_MS)
#define LEAD_PER_NODE_NS (5 * SWB__NS_PER_MS)
/* How often a client is asked while its file is watched, and once its file is whole. */
#define STATUS_POLL_NS SWB__NS_PER_S
/* Where there is neither file nor stream to watch. */
#define UNWATCHED_POLL_NS (100 * SWB__NS_PER_MS)
#define CONFIRM_POLL_NS (20 * SWB__NS_PER_MS)
#define CONFIRM_POLL_MAX_NS (250 * SWB__NS_PER_MS)
/* How soon a question is put again that the client could not answer. */
#define ASK_AGAIN_NS (100 * SWB__NS_PER_MS)
/* A pause in progress that counts as a stall (the yardstick's definition). */
#define STALL_NS (2 * SWB__NS_PER_S)

static swb__engine_peer *leecher(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    return peer->role == SWB_ROLE_LEECHER && peer->stage == SWB__STAGE_FETCHING ? peer : NULL;
}

/* The lane that an event is about, while it fetches; else NULL. */
static swb__engine_lane *fetching(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
    return leecher(engine, event->node) != NULL && lane->stage == SWB__LANE_FETCHING ? lane : NULL;
}

void swb__engine_leech(swb__engine *engine)
{
    int64_t last_ns = 0;
    engine->intended_ns = engine->now_ns + LEAD_NS + (int64_t)engine->count * LEAD_PER_NODE_NS;
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->role != SWB_ROLE_LEECHER) {
            continue;
        }
        int64_t intended_ns = engine->intended_ns + engine->arrivals[i];
        last_ns = intended_ns > last_ns ? intended_ns : last_ns;
        peer->stage = SWB__STAGE_FETCHING;
        peer->download.intended_ns = peer->progress_ns = intended_ns;
        peer->download.cause[0] = '\0';
        swb__engine_begin_parts(engine, i, intended_ns, true);
    }
    engine->progress_ns = last_ns;
    swb__engine_beside_begin(engine);
    engine->phase_deadline_ns = engine->intended_ns + (int64_t)engine->settings.limits.run_ns;
}

bool swb__engine_settled(const swb__engine *engine)
{
    return swb__engine_all(engine, SWB_ROLE_LEECHER, SWB__STAGE_SETTLED);
}

static void settle(swb__engine *engine, uint32_t node)
{
    swb__engine_peer *peer = &engine->peers[node];
    if (peer->stage < SWB__STAGE_SETTLED) {
        peer->stage = SWB__STAGE_SETTLED;
    }
    swb__engine_quiet(engine, node);
    peer->download.ended_ns = engine->now_ns;
}

void swb__engine_go_on(swb__engine *engine)
{
    if (engine->phase == SWB__PHASE_LEECH && swb__engine_settled(engine) &&
        engine->deeds_left == 0) {
        swb__engine_enter(engine, SWB__PHASE_COUNT);
    }
}

static void count_stall(swb__engine_peer *peer, int64_t now_ns)
{
    int64_t pause_ns = now_ns - peer->progress_ns;
    if (pause_ns > STALL_NS) {
        peer->download.stalls++;
        peer->download.stalled_ns += (uint64_t)pause_ns;
    }
}

static void record_failure(swb__engine *engine, uint32_t node, int status, const char *message)
{
    swb__engine_peer *peer = &engine->peers[node];
    char parts[200];
    if (peer->stage == SWB__STAGE_FETCHING) {
        count_stall(peer, engine->now_ns); /* the one that it ended in */
    }
    swb__engine_describe_parts(parts, sizeof parts, engine, node);
    settle(engine, node);
    for (uint32_t i = 0; i < engine->contents; i++) {
        swb__engine_drop_part(engine, node, i, SWB__PART_CANCELLED, "the download had failed");
    }
    peer->download.status = status;
    snprintf(peer->download.cause, sizeof peer->download.cause, "%.*s%s%s",
             parts[0] != '\0' ? 100 : 255, message, parts[0] != '\0' ? ": " : "", parts);
    swb__engine_tell(engine, SWB_EVENT_NODE_FAILED, node, status, peer->download.bytes_done,
                     peer->download.cause);
    /* What the experiment itself inflicts does not make the run a failed one. */
    if (engine->status == SWB_OK && !peer->ended_by_fault) {
        engine->status = status;
        snprintf(engine->cause, sizeof engine->cause, "%s", peer->download.cause);
    }
}

void swb__engine_fail_download(swb__engine *engine, uint32_t node, int status, const char *message)
{
    record_failure(engine, node, status, message);
    swb__engine_go_on(engine);
}

/* Fails every leecher that is not settled yet. */
void swb__engine_settle_rest(swb__engine *engine, int status, const char *message)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->role == SWB_ROLE_LEECHER && peer->stage == SWB__STAGE_FETCHING) {
            record_failure(engine, i, status, message);
        } else if (peer->role == SWB_ROLE_LEECHER &&
                   peer->download.started_ns == SWB__TIME_UNKNOWN) {
            peer->download.status = status;
            snprintf(peer->download.cause, sizeof peer->download.cause, "never started: %.230s",
                     message);
        }
    }
}

static bool reached(const swb__download *download, double share)
{
    return (double)download->bytes_done >= share * (double)download->bytes;
}

static int percent(uint64_t bytes, const swb__download *download)
{
    return (int)(100.0 * (double)bytes / (double)download->bytes);
}

/* What the content's new bytes add to the whole. */
static void note_gathered(swb__engine *engine, uint32_t node, swb_moment moment)
{
    swb__download *download = &engine->peers[node].download;
    uint64_t bytes = swb__engine_gathered_bytes(engine, node);
    if (bytes <= download->bytes_done) {
        return;
    }
    bool step = percent(bytes, download) > percent(download->bytes_done, download);
    engine->bytes_fetched += bytes - download->bytes_done;
    download->bytes_done = bytes;
    if (download->half.source == SWB_SOURCE_NONE && reached(download, 0.5)) {
        download->half = moment;
    }
    if (download->ninety.source == SWB_SOURCE_NONE && reached(download, 0.9)) {
        download->ninety = moment;
    }
    if (step) {
        swb__engine_tell(engine, SWB_EVENT_PROGRESS, node, SWB_OK, bytes, NULL);
    }
}

static void note_progress(swb__engine *engine, uint32_t node, uint32_t content, uint64_t bytes,
                          swb_moment moment)
{
    swb__engine_peer *peer = &engine->peers[node];
    swb__engine_lane *lane = swb__lane(engine, node, content);
    bytes = bytes > engine->content_bytes ? engine->content_bytes : bytes;
    if (bytes <= lane->bytes_done) {
        return;
    }
    lane->bytes_done = bytes;
    count_stall(peer, engine->now_ns);
    lane->progress_ns = peer->progress_ns = engine->progress_ns = engine->now_ns;
    note_gathered(engine, node, moment);
}

static void note_first_byte(swb__engine *engine, uint32_t node, uint32_t content, swb_moment moment)
{
    swb__engine_peer *peer = &engine->peers[node];
    swb__engine_lane *lane = swb__lane(engine, node, content);
    lane->progress_ns = lane->bytes_done == 0 ? engine->now_ns : lane->progress_ns;
    if (peer->download.first_byte.source != SWB_SOURCE_NONE) {
        return;
    }
    peer->download.first_byte = moment;
    count_stall(peer, engine->now_ns);
    peer->progress_ns = engine->progress_ns = engine->now_ns;
    swb__engine_tell(engine, SWB_EVENT_FIRST_BYTE, node, SWB_OK,
                     (uint64_t)(moment.hi_ns - peer->download.intended_ns), NULL);
}

/* All that the leecher needs is there: the whole content, or enough of its parts. */
static void complete_download(swb__engine *engine, uint32_t node)
{
    swb__download *download = &engine->peers[node].download;
    swb__engine_settle_parts(engine, node);
    download->status = SWB_OK;
    download->verified = engine->contents == 1 && swb__lane(engine, node, 0)->verified;
    swb__engine_tell(engine, SWB_EVENT_COMPLETED, node, SWB_OK,
                     (uint64_t)(download->completion.hi_ns - download->intended_ns), NULL);
    settle(engine, node);
    swb__engine_go_on(engine);
}

/* `seen`: what is known of the moment where nothing told it better. */
static void complete(swb__engine *engine, uint32_t node, uint32_t content, swb_moment seen)
{
    swb__engine_lane *lane = swb__lane(engine, node, content);
    if (lane->completion.source == SWB_SOURCE_NONE) {
        lane->completion = seen;
    }
    note_first_byte(engine, node, content, seen);
    note_progress(engine, node, content, engine->content_bytes, seen);
    lane->stage = SWB__LANE_COMPLETE;
    lane->fate = SWB__PART_SPARE;
    lane->ended_ns = engine->now_ns;
    if (swb__engine_complete_parts(engine, node) == engine->needed) {
        complete_download(engine, node);
    }
}

static void ask_later(swb__engine *engine, uint32_t node, uint32_t content)
{
    swb__engine_lane *lane = swb__lane(engine, node, content);
    bool unwatched = engine->peers[node].driver->kind == SWB_DRIVER_STORE || lane->unwatched;
    int64_t pause_ns = unwatched ? UNWATCHED_POLL_NS : STATUS_POLL_NS;
    if (lane->on_disk) {
        pause_ns = swb__backed_off(&lane->retry_ns, CONFIRM_POLL_NS, CONFIRM_POLL_MAX_NS);
    }
    swb__engine_call(engine, node, content, SWB_OP_STATUS, engine->now_ns + pause_ns);
}

/* A content that cannot be had from the node's client: another one may do. */
static void fail_content(swb__engine *engine, uint32_t node, uint32_t content, int status,
                         const char *message)
{
    if (engine->contents == 1) {
        swb__engine_fail_download(engine, node, status, message);
        return;
    }
    swb__engine_drop_part(engine, node, content, SWB__PART_FAILED, message);
    swb__engine_begin_parts(engine, node, engine->now_ns, false);
    if (swb__engine_viable_parts(engine, node) < engine->needed) {
        swb__engine_fail_download(engine, node, status, "too few parts can be had");
    }
}

/* What the client says of itself: the proof of completion, and the fallback for all the rest. */
static void on_status(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
    const swb_result *result = event->result;
    swb_moment seen = {lane->not_complete_ns, event->now_ns, SWB_SOURCE_API};
    if (seen.lo_ns == SWB__TIME_UNKNOWN) {
        seen.lo_ns = lane->begun_ns;
    }
    swb__engine_keep_counters(lane, result);
    if (result->state == SWB_STATE_FAILED) {
        char message[256];
        snprintf(message, sizeof message, "the client reports: %.230s", result->detail);
        fail_content(engine, event->node, event->content, SWB_EREMOTE, message);
        return;
    }
    if (result->state == SWB_STATE_SERVING) {
        complete(engine, event->node, event->content, seen);
        return;
    }
    lane->not_complete_ns = event->sent_ns;
    if (!lane->on_disk && result->bytes_done != SWB_COUNT_UNKNOWN && result->bytes_done > 0) {
        note_first_byte(engine, event->node, event->content, seen);
        note_progress(engine, event->node, event->content, result->bytes_done, seen);
    }
    ask_later(engine, event->node, event->content);
}

static void on_accepted(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    swb__engine_lane *lane = swb__lane(engine, event->node, event->content);
    if (peer->download.accepted_ns == SWB__TIME_UNKNOWN) {
        peer->download.accepted_ns = event->now_ns;
    }
    if (peer->driver->kind == SWB_DRIVER_STORE && event->result->state == SWB_STATE_SERVING) {
        /* The LEECH was the download itself: its bytes were verified on the way, and its moments
         * were told while they came. */
        lane->verified = true;
        complete(engine, event->node, event->content,
                 (swb_moment){lane->progress_ns, engine->now_ns, SWB_SOURCE_STREAM});
    } else if (engine->introduce) {
        swb__engine_call(engine, event->node, event->content, SWB_OP_PEERS, engine->now_ns);
    } else {
        ask_later(engine, event->node, event->content);
    }
}

/* What had come by the stream before it failed counts as progress. */
static void on_refused(swb__engine *engine, const swb__engine_event *event)
{
    swb__download *download = &engine->peers[event->node].download;
    if (event->streamed_bytes > 0) {
        swb_moment now = {engine->now_ns, engine->now_ns, SWB_SOURCE_STREAM};
        note_progress(engine, event->node, event->content, event->streamed_bytes, now);
    }
    if (event->status == SWB_EMISMATCH && engine->contents == 1) {
        download->bad_offset = event->bad_offset;
    }
    fail_content(engine, event->node, event->content, event->status,
                 event->message != NULL ? event->message : swb_status_text(event->status));
}

void swb__engine_leech_called(swb__engine *engine, const swb__engine_event *event)
{
    if (fetching(engine, event) == NULL) {
        return; /* settled, or given up, meanwhile */
    }
    if (event->status != SWB_OK && event->operation != SWB_OP_LEECH && event->retriable) {
        swb__engine_call(engine, event->node, event->content, event->operation,
                         engine->now_ns + ASK_AGAIN_NS);
    } else if (event->status != SWB_OK) {
        on_refused(engine, event);
    } else if (event->operation == SWB_OP_LEECH) {
        on_accepted(engine, event);
    } else if (event->operation == SWB_OP_STATUS) {
        on_status(engine, event);
    } else {
        ask_later(engine, event->node, event->content);
    }
}

void swb__engine_leech_accepted(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = leecher(engine, event->node);
    if (peer != NULL && peer->download.accepted_ns == SWB__TIME_UNKNOWN) {
        peer->download.accepted_ns = event->accepted_ns;
    }
}

void swb__engine_leech_watched(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_lane *lane = fetching(engine, event);
    if (lane == NULL) {
        return;
    }
    switch (event->watch.kind) {
    case SWB_WATCH_FIRST_BYTE:
        note_first_byte(engine, event->node, event->content, event->watch.moment);
        break;
    case SWB_WATCH_PROGRESS:
        note_progress(engine, event->node, event->content, event->watch.bytes, event->watch.moment);
        break;
    case SWB_WATCH_COMPLETE:
        lane->on_disk = true;
        lane->completion = event->watch.moment;
        if (!lane->calling) {
            swb__engine_call(engine, event->node, event->content, SWB_OP_STATUS, engine->now_ns);
        }
        break;
    }
}

static bool may_be_hit(const swb__engine_peer *peer, const swb__fault_plan *plan)
{
    bool alive = peer->stage != SWB__STAGE_GONE && !peer->ended_by_fault;
    bool role = plan->role == SWB__FAULT_ANY ||
                (plan->role == SWB__FAULT_SEEDER) == (peer->role == SWB_ROLE_SEEDER);
    return alive && role && peer->role != SWB_ROLE_SERVICE;
}

static void hit(swb__engine *engine, uint32_t node, swb__fault_kind kind)
{
    swb__engine_peer *peer = &engine->peers[node];
    swb_fault fault = SWB_FAULT_KILL;
    const char *text = "killed";
    switch (kind) {
    case SWB__FAULT_KILL:
        peer->ended_by_fault = true;
        break;
    case SWB__FAULT_STOP:
        fault = SWB_FAULT_STOP;
        text = "frozen";
        peer->frozen = true;
        break;
    case SWB__FAULT_RESTART:
        fault = SWB_FAULT_RESTART;
        text = "restarted";
        break;
    case SWB__FAULT_PARTITION:
        fault = SWB_FAULT_CUT;
        text = "cut off";
        peer->frozen = true;
        break;
    }
    swb__engine_tell(engine, SWB_EVENT_FAULT, node, SWB_OK, 0, text);
    swb__engine_act(engine, (swb__action){.kind = SWB__ACTION_FAULT, .node = node, .fault = fault});
    if (kind == SWB__FAULT_KILL && leecher(engine, node) != NULL) {
        record_failure(engine, node, SWB_EEXITED, "killed by a fault of the experiment");
    }
}

static void inflict(swb__engine *engine, int row)
{
    uint32_t candidates[4096];
    size_t count = 0;
    const swb__fault_plan *plan = &engine->settings.faults[row];
    for (uint32_t i = 0; i < engine->count && count < 4096; i++) {
        if (may_be_hit(&engine->peers[i], plan)) {
            candidates[count++] = i;
        }
    }
    count = swb__faults_choose(&engine->faults, &engine->settings, row, candidates, count);
    for (size_t i = 0; i < count; i++) {
        hit(engine, candidates[i], plan->kind);
    }
}

/* Undoes what was to last only for a while. */
static void undo(swb__engine *engine, size_t row)
{
    bool cut = engine->settings.faults[row].kind == SWB__FAULT_PARTITION;
    engine->faults.undo_ns[row] = INT64_MAX;
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->peers[i].frozen) {
            engine->peers[i].frozen = false;
            swb__engine_tell(engine, SWB_EVENT_FAULT, i, SWB_OK, 0,
                             cut ? "joined again" : "goes on");
            swb__engine_act(engine,
                            (swb__action){.kind = SWB__ACTION_FAULT,
                                          .node = i,
                                          .fault = cut ? SWB_FAULT_HEAL : SWB_FAULT_CONTINUE});
        }
    }
}

static void faults_tick(swb__engine *engine)
{
    size_t leechers = 0;
    int64_t elapsed_ns = engine->now_ns - engine->intended_ns;
    for (size_t i = 0; i < engine->count; i++) {
        leechers += engine->peers[i].role == SWB_ROLE_LEECHER;
    }
    double all = (double)leechers * (double)engine->settings.file_size_bytes;
    int row;
    while ((row = swb__faults_due(&engine->faults, &engine->settings, elapsed_ns,
                                  (double)engine->bytes_fetched / all)) >= 0) {
        inflict(engine, row);
    }
    for (size_t i = 0; i < engine->settings.fault_count; i++) {
        if (engine->faults.undo_ns[i] <= elapsed_ns) {
            undo(engine, i);
        }
    }
    swb__engine_go_on(engine);
}

void swb__engine_leech_tick(swb__engine *engine)
{
    int64_t stalled_ns = engine->now_ns - engine->progress_ns;
    if (engine->settings.fault_count > 0 && engine->now_ns >= engine->intended_ns) {
        faults_tick(engine);
    }
    if (engine->phase != SWB__PHASE_LEECH) {
        return;
    }
    swb__engine_beside_tick(engine);
    for (uint32_t i = 0; i < engine->count; i++) {
        if (swb__engine_part_deadline(engine, i) <= engine->now_ns && leecher(engine, i) != NULL) {
            swb__engine_replace_stalled(engine, i);
        }
    }
    if (engine->phase_deadline_ns <= engine->now_ns) {
        swb__engine_settle_rest(engine, SWB_ETIMEDOUT, "not complete within limits.run");
        if (engine->deeds_left > 0) {
            swb__engine_abort(engine, SWB_ETIMEDOUT, UINT32_MAX,
                              "not every action was made within limits.run");
        }
        swb__engine_go_on(engine);
    } else if (!swb__engine_settled(engine) &&
               stalled_ns >= (int64_t)engine->settings.limits.stall_ns) {
        swb__engine_settle_rest(engine, SWB_ESTALLED, "no leecher made progress for limits.stall");
        swb__engine_go_on(engine);
    }
}

void swb__engine_leech_exited(swb__engine *engine, uint32_t node, const char *message)
{
    swb__engine_peer *peer = &engine->peers[node];
    if (peer->role == SWB_ROLE_LEECHER && peer->download.ended_ns == SWB__TIME_UNKNOWN) {
        swb__engine_fail_download(engine, node, SWB_EEXITED, message);
        peer->stage = SWB__STAGE_GONE;
    } else if (peer->beside) {
        swb__engine_abort(engine, SWB_EEXITED, node, message);
    }
}
