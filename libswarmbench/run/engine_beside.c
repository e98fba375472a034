/* The engine's nodes beside the swarm: requests on a timeline, and metrics. */
#include "run/engine_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define SCRAPE_NS SWB__NS_PER_S

static int by_time(const void *a, const void *b)
{
    const swb__deed *first = a;
    const swb__deed *second = b;
    if (first->at_ns != second->at_ns) {
        return first->at_ns < second->at_ns ? -1 : 1;
    }
    if (first->row != second->row) {
        return first->row < second->row ? -1 : 1;
    }
    return first->node < second->node ? -1 : first->node > second->node;
}

static bool is_target(const swb__engine_config *config, uint32_t node, const swb__action_plan *plan)
{
    return config->beside[node] == plan->beside &&
           (plan->node == UINT32_MAX || plan->node == config->numbers[node]);
}

/* The requests of one action; only counted where `out` is NULL. */
static size_t expand(swb__deed *out, const swb__engine_config *config, uint32_t row)
{
    const swb__action_plan *plan = &config->actions[row];
    size_t count = 0;
    for (uint32_t node = 0; node < config->node_count; node++) {
        for (uint32_t time = 0; time < plan->times && is_target(config, node, plan); time++) {
            if (out != NULL) {
                out[count] = (swb__deed){.at_ns = (int64_t)(plan->at_ns + time * plan->every_ns),
                                         .row = row,
                                         .node = node};
            }
            count++;
        }
    }
    return count;
}

int swb__engine_plan_deeds(swb__engine *engine, const swb__engine_config *config)
{
    size_t count = 0;
    for (uint32_t row = 0; row < config->action_count; row++) {
        count += expand(NULL, config, row);
    }
    engine->action_plans = config->actions;
    engine->deeds = calloc(count + 1, sizeof *engine->deeds);
    if (engine->deeds == NULL) {
        return SWB_ENOMEM;
    }
    for (uint32_t row = 0; row < config->action_count; row++) {
        engine->deed_count += expand(engine->deeds + engine->deed_count, config, row);
    }
    qsort(engine->deeds, engine->deed_count, sizeof *engine->deeds, by_time);
    engine->deeds_left = engine->deed_count;
    return SWB_OK;
}

void swb__engine_beside_begin(swb__engine *engine)
{
    for (size_t i = 0; i < engine->count; i++) {
        swb__engine_peer *peer = &engine->peers[i];
        if (peer->beside && peer->driver->operations[SWB_OP_METRICS] != NULL) {
            peer->scrape_ns = engine->intended_ns;
        }
    }
}

static bool is_idle(const swb__engine *engine, uint32_t node)
{
    return engine->peers[node].stage == SWB__STAGE_READY && !swb__lane(engine, node, 0)->calling;
}

static void begin(swb__engine *engine, uint32_t index)
{
    swb__deed *deed = &engine->deeds[index];
    deed->state = SWB__DEED_UNDER_WAY;
    engine->peers[deed->node].deed = index;
    swb__lane(engine, deed->node, 0)->calling = true;
    swb__engine_act(engine,
                    (swb__action){.kind = SWB__ACTION_CALL,
                                  .node = deed->node,
                                  .operation = SWB_OP_ACT,
                                  .row = deed->row,
                                  .deadline_ns = engine->action_plans[deed->row].timeout_ns});
}

void swb__engine_beside_tick(swb__engine *engine)
{
    int64_t elapsed_ns = engine->now_ns - engine->intended_ns;
    for (size_t i = engine->deed_first;
         i < engine->deed_count && engine->deeds[i].at_ns <= elapsed_ns; i++) {
        if (engine->deeds[i].state == SWB__DEED_WAITING && is_idle(engine, engine->deeds[i].node)) {
            begin(engine, (uint32_t)i);
        }
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->peers[i].scrape_ns <= engine->now_ns && is_idle(engine, i)) {
            engine->peers[i].scrape_ns = engine->now_ns + SCRAPE_NS;
            swb__engine_call(engine, i, 0, SWB_OP_METRICS, engine->now_ns);
        }
    }
}

int64_t swb__engine_beside_deadline(const swb__engine *engine)
{
    int64_t next = INT64_MAX;
    for (size_t i = engine->deed_first; i < engine->deed_count; i++) {
        const swb__deed *deed = &engine->deeds[i];
        if (deed->state == SWB__DEED_WAITING && is_idle(engine, deed->node)) {
            next = engine->intended_ns + deed->at_ns;
            break;
        }
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->peers[i].scrape_ns < next && is_idle(engine, i)) {
            next = engine->peers[i].scrape_ns;
        }
    }
    return next;
}

/* "status=200 at_ms=5000.000 late_ms=0.2 latency_ms=1.4 GET /health": for people and for SQL. */
static void describe(swb__engine *engine, const swb__engine_event *event, const swb__deed *deed,
                     int64_t latency_ns)
{
    swb__engine_peer *peer = &engine->peers[deed->node];
    const swb_http_action *http = &engine->action_plans[deed->row].http;
    char status[16] = "failed";
    bool sent = event->sent_ns != SWB__TIME_UNKNOWN;
    int64_t late_ns = sent ? event->sent_ns - engine->intended_ns - deed->at_ns : 0;
    if (event->status == SWB_OK) {
        snprintf(status, sizeof status, "%d", event->result->http_status);
    }
    snprintf(peer->deed_text, sizeof peer->deed_text,
             "status=%s at_ms=%.3f late_ms=%.3f latency_ms=%.3f %s %.120s%s%.160s", status,
             (double)deed->at_ns / 1e6, (double)late_ns / 1e6, (double)latency_ns / 1e6,
             http->method, http->path, event->status != SWB_OK ? ": " : "",
             event->status != SWB_OK && event->message != NULL ? event->message : "");
}

static void acted(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    swb__deed *deed = &engine->deeds[peer->deed];
    const swb_http_action *http = &engine->action_plans[deed->row].http;
    char cause[256];
    bool sent = event->sent_ns != SWB__TIME_UNKNOWN;
    int64_t latency_ns = sent ? engine->now_ns - event->sent_ns : 0;
    peer->deed = UINT32_MAX;
    deed->state = SWB__DEED_DONE;
    engine->deeds_left--;
    while (engine->deed_first < engine->deed_count &&
           engine->deeds[engine->deed_first].state == SWB__DEED_DONE) {
        engine->deed_first++;
    }
    describe(engine, event, deed, latency_ns);
    swb__engine_tell(engine, SWB_EVENT_ACTION, event->node, event->status, (uint64_t)latency_ns,
                     peer->deed_text);
    if (event->status != SWB_OK) {
        snprintf(cause, sizeof cause, "action %u, %s %.60s: %.150s", deed->row + 1, http->method,
                 http->path, event->message != NULL ? event->message : "no answer");
        swb__engine_abort(engine, event->status, event->node, cause);
    } else {
        swb__engine_go_on(engine);
    }
}

/* A node that has no metrics is not asked again; one that cannot tell them now is. */
static void measured(swb__engine *engine, const swb__engine_event *event)
{
    swb__engine_peer *peer = &engine->peers[event->node];
    if (event->status == SWB_EUNSUPPORTED) {
        peer->scrape_ns = INT64_MAX;
    } else if (event->status == SWB_OK) {
        peer->scrape_failed = false;
    } else if (!peer->scrape_failed) {
        peer->scrape_failed = true;
        snprintf(peer->deed_text, sizeof peer->deed_text, "not measured: %.300s",
                 event->message != NULL ? event->message : swb_status_text(event->status));
        swb__engine_tell(engine, SWB_EVENT_WARNING, event->node, event->status, 0, peer->deed_text);
    }
    if (engine->phase == SWB__PHASE_COUNT) {
        swb__engine_counted(engine, event);
    }
}

void swb__engine_beside_called(swb__engine *engine, const swb__engine_event *event)
{
    if (event->operation == SWB_OP_METRICS) {
        measured(engine, event);
    } else if (engine->peers[event->node].deed != UINT32_MAX && engine->phase == SWB__PHASE_LEECH) {
        acted(engine, event);
    }
}
