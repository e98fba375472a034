/*
 * The swarm engine, told as stories: what goes in stands behind '<', what comes out behind '>'.
 * Times are milliseconds of an invented clock.
 */
#include "support/cmocka_all.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "run/engine.h"

#define MS INT64_C(1000000)
#define TRACKER 0
#define SEEDER 1
#define LEECHER 2
#define OTHER 3
/* The leechers' intended start in a swarm of `nodes` that is ready at 0 ms, and the first question
 * after their state. */
#define START_MS(nodes) (50 + 5 * (int64_t)(nodes))
#define ASKED_MS(nodes) (START_MS(nodes) + 1010)

static const swb_driver client = {.name = "client", .kind = SWB_DRIVER_TORRENT};
static const swb_driver store = {.name = "store", .kind = SWB_DRIVER_STORE, .needs_bootstrap = 1};
static const swb_driver tracker = {.name = "tracker", .kind = SWB_DRIVER_SERVICE};

typedef struct story {
    swb__engine *engine;
    swb__settings settings;
    int64_t now_ms;
    swb__buffer trace;
} story;

static const char *fault_name(swb_fault fault)
{
    return fault == SWB_FAULT_KILL       ? "kill"
           : fault == SWB_FAULT_STOP     ? "stop"
           : fault == SWB_FAULT_CONTINUE ? "continue"
                                         : "other";
}

static void print_tell(story *told, const swb__action *action)
{
    switch (action->tell) {
    case SWB_EVENT_PHASE:
        swb__buffer_printf(&told->trace, "> phase %s\n", action->text);
        break;
    case SWB_EVENT_COMPLETED:
        swb__buffer_printf(&told->trace, "> completed %u after %" PRIu64 " ms\n", action->node,
                           action->value / (uint64_t)MS);
        break;
    case SWB_EVENT_NODE_FAILED:
        swb__buffer_printf(&told->trace, "> failed %u: %s (%s)\n", action->node, action->text,
                           swb_status_name(action->status));
        break;
    default:
        break; /* progress and the like: other tests look at the results */
    }
}

static void print_actions(story *told)
{
    static const char *const names[] = {
        [SWB__ACTION_MAKE_TORRENT] = "make torrent",
        [SWB__ACTION_PREPARE] = "prepare",
        [SWB__ACTION_START] = "start",
        [SWB__ACTION_WATCH] = "watch",
        [SWB__ACTION_VERIFY] = "verify",
        [SWB__ACTION_CLOSE] = "close",
        [SWB__ACTION_END] = "end",
    };
    swb__action action;
    while (swb__engine_next(&action, told->engine)) {
        switch (action.kind) {
        case SWB__ACTION_TELL:
            print_tell(told, &action);
            break;
        case SWB__ACTION_CALL:
            swb__buffer_printf(&told->trace, "> %s %u\n", swb_operation_name(action.operation),
                               action.node);
            break;
        case SWB__ACTION_CANCEL:
            swb__buffer_printf(&told->trace, "> cancel %u\n", action.node);
            break;
        case SWB__ACTION_HOLD:
            swb__buffer_printf(&told->trace, "> hold %s %u\n", swb_operation_name(action.operation),
                               action.node);
            break;
        case SWB__ACTION_FAULT:
            swb__buffer_printf(&told->trace, "> fault %s %u\n", fault_name(action.fault),
                               action.node);
            break;
        case SWB__ACTION_MAKE_TORRENT:
        case SWB__ACTION_CLOSE:
        case SWB__ACTION_END:
            swb__buffer_printf(&told->trace, "> %s\n", names[action.kind]);
            break;
        default:
            swb__buffer_printf(&told->trace, "> %s %u\n", names[action.kind], action.node);
        }
    }
}

static void step(story *told, swb__engine_event event)
{
    event.now_ns = told->now_ms * MS;
    assert_int_equal(swb__engine_step(told->engine, &event), SWB_OK);
    print_actions(told);
}

static void tick_at(story *told, int64_t ms)
{
    told->now_ms = ms;
    swb__buffer_printf(&told->trace, "< %" PRId64 " ms\n", ms);
    step(told, (swb__engine_event){.kind = SWB__EVENT_TICK});
}

static void done(story *told, uint32_t node, swb_operation operation, int status,
                 swb_node_state node_state)
{
    swb_result result = {.state = node_state,
                         .version = "1.0",
                         .bytes_done = SWB_COUNT_UNKNOWN,
                         .payload_sent = node == SEEDER ? 1500 : 10,
                         .payload_received = 1000};
    swb__buffer_printf(&told->trace, "< %s %u %s\n", swb_operation_name(operation), node,
                       status == SWB_OK ? "ok" : swb_status_name(status));
    step(told, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                   .node = node,
                                   .operation = operation,
                                   .status = status,
                                   .message = status == SWB_OK ? NULL : "because",
                                   .retriable = status == SWB_ECONNECT,
                                   .result = &result,
                                   .sent_ns = told->now_ms * MS});
}

static void simple(story *told, swb__engine_event_kind kind, uint32_t node, int status)
{
    step(told, (swb__engine_event){.kind = kind, .node = node, .status = status});
}

/* The outcome of an operation of a store. `name`: the handle that a SEED gave. */
static void called(story *told, uint32_t node, swb_operation operation, swb_node_state node_state,
                   uint64_t bytes, const char *name)
{
    swb_result result = {.state = node_state, .bytes_done = bytes, .payload_sent = 1500};
    snprintf(result.handle, sizeof result.handle, "%s", name);
    swb__buffer_printf(&told->trace, "< %s %u ok\n", swb_operation_name(operation), node);
    step(told, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                   .node = node,
                                   .operation = operation,
                                   .result = &result,
                                   .sent_ns = told->now_ms * MS});
}

/* A stream, or the reading of a copy, that failed after so many bytes. */
static void broke(story *told, uint32_t node, swb_operation operation, int status, uint64_t bytes)
{
    swb__buffer_printf(&told->trace, "< %s %u %s\n", swb_operation_name(operation), node,
                       swb_status_name(status));
    step(told, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                   .node = node,
                                   .operation = operation,
                                   .status = status,
                                   .message = "because",
                                   .retriable = true,
                                   .streamed_bytes = bytes,
                                   .bad_offset = status == SWB_EMISMATCH ? bytes : UINT64_MAX,
                                   .sent_ns = 70 * MS});
}

static void watched(story *told, uint32_t node, swb_watch_kind kind, uint64_t bytes)
{
    int64_t now_ns = told->now_ms * MS;
    step(told,
         (swb__engine_event){.kind = SWB__EVENT_WATCHED,
                             .node = node,
                             .watch = {kind, {now_ns - MS, now_ns, SWB_SOURCE_INOTIFY}, bytes}});
}

static void begin(story *told, size_t nodes)
{
    const swb__engine_node roles[] = {{SWB_ROLE_SERVICE, &tracker},
                                      {SWB_ROLE_SEEDER, &client},
                                      {SWB_ROLE_LEECHER, &client},
                                      {SWB_ROLE_LEECHER, &client}};
    told->settings.file_size_bytes = 1000;
    told->settings.size = (uint32_t)nodes - 1;
    told->settings.seeders = 1;
    told->settings.limits.ready_ns = (uint64_t)(1000 * MS);
    told->settings.limits.seed_ns = (uint64_t)(5000 * MS);
    told->settings.limits.run_ns = (uint64_t)(60000 * MS);
    told->settings.limits.stall_ns = (uint64_t)(10000 * MS);
    swb__engine_config config = {
        .settings = &told->settings, .nodes = roles, .node_count = nodes, .run_seed = 1};
    assert_int_equal(swb__engine_create(&told->engine, &config), SWB_OK);
    step(told, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
}

static void bring_up(story *told, uint32_t node)
{
    if (node == SEEDER) {
        simple(told, SWB__EVENT_PREPARED, node, SWB_OK);
    }
    simple(told, SWB__EVENT_STARTED, node, SWB_OK);
    done(told, node, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, node, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
}

/* All nodes up, the seeder serving, the leechers' commands accepted 10 ms after their start. */
static void reach_leech(story *told, size_t nodes)
{
    begin(told, nodes);
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    for (uint32_t i = 0; i < nodes; i++) {
        bring_up(told, i);
    }
    done(told, SEEDER, SWB_OP_SEED, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, SEEDER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    told->now_ms = START_MS(nodes);
    step(told, (swb__engine_event){.kind = SWB__EVENT_TICK});
    told->now_ms += 10;
    for (uint32_t i = LEECHER; i < nodes; i++) {
        done(told, i, SWB_OP_LEECH, SWB_OK, SWB_STATE_UNKNOWN);
    }
}

static void forget(story *told)
{
    swb__buffer_clear(&told->trace);
}

static void assert_trace(story *told, const char *expected)
{
    assert_string_equal(swb__buffer_string(&told->trace), expected);
    forget(told);
}

static swb__download download_of(const story *told, uint32_t node)
{
    swb__download download;
    assert_true(swb__engine_download(&download, told->engine, node));
    return download;
}

static int set_up(void **state)
{
    story *told = calloc(1, sizeof *told);
    told->trace.limit = 1 << 20;
    *state = told;
    return told == NULL;
}

static int tear_down(void **state)
{
    story *told = *state;
    swb__engine_destroy(told->engine);
    swb__buffer_finish(&told->trace);
    free(told);
    return 0;
}

static void a_swarm_of_two_from_start_to_end(void **state)
{
    story *told = *state;
    begin(told, 3);
    assert_trace(told, "> phase content\n> make torrent\n");
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    assert_trace(told, "> phase deploy\n> start 0\n");
    simple(told, SWB__EVENT_STARTED, TRACKER, SWB_OK);
    done(told, TRACKER, SWB_OP_READY, SWB_ECONNECT, SWB_STATE_UNKNOWN);
    tick_at(told, 20);
    done(told, TRACKER, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, TRACKER, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "> ready 0\n< ready 0 SWB_ECONNECT\n< 20 ms\n> ready 0\n< ready 0 ok\n"
                       "> version 0\n< version 0 ok\n> prepare 1\n> start 2\n");
    bring_up(told, SEEDER);
    bring_up(told, LEECHER);
    assert_trace(told, "> start 1\n> ready 1\n< ready 1 ok\n> version 1\n< version 1 ok\n"
                       "> ready 2\n< ready 2 ok\n> version 2\n< version 2 ok\n> phase seed\n"
                       "> seed 1\n");
    done(told, SEEDER, SWB_OP_SEED, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, SEEDER, SWB_OP_STATUS, SWB_OK, SWB_STATE_CHECKING);
    tick_at(told, 40);
    done(told, SEEDER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    assert_trace(told, "< seed 1 ok\n> status 1\n< status 1 ok\n< 40 ms\n> status 1\n"
                       "< status 1 ok\n> phase leech\n> watch 2\n> hold leech 2\n");
    tick_at(told, 40 + START_MS(3));
    done(told, LEECHER, SWB_OP_LEECH, SWB_OK, SWB_STATE_UNKNOWN);
    told->now_ms = 120;
    watched(told, LEECHER, SWB_WATCH_FIRST_BYTE, 0);
    told->now_ms = 200;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 600);
    told->now_ms = 300;
    watched(told, LEECHER, SWB_WATCH_COMPLETE, 1000);
    assert_trace(told, "< 105 ms\n> leech 2\n< leech 2 ok\n> status 2\n");
    told->now_ms = 310;
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_FETCHING);
    tick_at(told, 330);
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    assert_trace(told, "< status 2 ok\n< 330 ms\n> status 2\n< status 2 ok\n"
                       "> completed 2 after 195 ms\n> phase count\n"
                       "> status 1\n> status 2\n");
    done(told, SEEDER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    simple(told, SWB__EVENT_VERIFIED, LEECHER, SWB_OK);
    simple(told, SWB__EVENT_CLOSED, UINT32_MAX, SWB_OK);
    assert_trace(told, "< status 1 ok\n< status 2 ok\n> phase verify\n> verify 2\n"
                       "> phase teardown\n> close\n> end\n");

    swb__run_result result;
    swb__engine_result(&result, told->engine);
    swb__download download = download_of(told, LEECHER);
    assert_int_equal(result.status, SWB_OK);
    assert_true(result.makespan_ns == 195 * MS);
    /* One leecher differs from nobody. */
    assert_true(result.spread_ns == -1 && result.start_skew_ns == -1);
    assert_true(result.seeder_share == 1.5);
    assert_true(download.verified);
    assert_true(download.first_byte.lo_ns == 119 * MS && download.first_byte.hi_ns == 120 * MS);
    assert_true(download.half.hi_ns == 200 * MS);
    assert_true(download.ninety.hi_ns == 330 * MS);
    assert_int_equal(download.completion.source, SWB_SOURCE_INOTIFY);
}

static void node_that_never_answers_fails_the_run_at_its_limit(void **state)
{
    story *told = *state;
    begin(told, 3);
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    simple(told, SWB__EVENT_STARTED, TRACKER, SWB_OK);
    done(told, TRACKER, SWB_OP_READY, SWB_ECONNECT, SWB_STATE_UNKNOWN);
    forget(told);
    tick_at(told, 1000);
    assert_trace(told, "< 1000 ms\n> ready 0\n> failed 0: not ready within limits.ready: because "
                       "(SWB_ETIMEDOUT)\n> phase teardown\n> close\n");
    swb__download download = download_of(told, LEECHER);
    assert_int_equal(download.status, SWB_ETIMEDOUT);
    assert_non_null(strstr(download.cause, "never started: not ready"));
}

static void wrong_password_is_not_tried_again(void **state)
{
    story *told = *state;
    begin(told, 3);
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    simple(told, SWB__EVENT_STARTED, TRACKER, SWB_OK);
    forget(told);
    done(told, TRACKER, SWB_OP_READY, SWB_EAUTH, SWB_STATE_UNKNOWN);
    assert_trace(told, "< ready 0 SWB_EAUTH\n> failed 0: because (SWB_EAUTH)\n"
                       "> phase teardown\n> close\n");
}

static void process_that_dies_before_the_start_fails_the_run_with_its_last_words(void **state)
{
    story *told = *state;
    begin(told, 3);
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    forget(told);
    step(told, (swb__engine_event){.kind = SWB__EVENT_EXITED,
                                   .node = TRACKER,
                                   .message = "first\nno such option",
                                   .exit_code = 2});
    assert_trace(told, "> failed 0: the process ended by itself (exit code 2): no such option "
                       "(SWB_EEXITED)\n> phase teardown\n> close\n");
}

static void leecher_that_dies_fails_alone(void **state)
{
    story *told = *state;
    reach_leech(told, 4);
    forget(told);
    step(told, (swb__engine_event){
                   .kind = SWB__EVENT_EXITED, .node = LEECHER, .message = "", .exit_signal = 9});
    assert_trace(told, "> failed 2: the process ended by itself (signal 9) (SWB_EEXITED)\n");
    tick_at(told, ASKED_MS(4));
    done(told, OTHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    assert_trace(
        told, "< 1080 ms\n> status 3\n< status 3 ok\n> completed 3 after 1010 ms\n> phase count\n"
              "> status 1\n> status 3\n");
    swb__run_result result;
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_EEXITED);
    assert_true(result.makespan_ns == -1);
}

static void completion_by_the_api_alone_has_the_last_poll_as_its_lower_end(void **state)
{
    story *told = *state;
    reach_leech(told, 3);
    told->now_ms = ASKED_MS(3);
    step(told, (swb__engine_event){.kind = SWB__EVENT_TICK});
    told->now_ms += 10;
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_FETCHING);
    told->now_ms += 1000;
    step(told, (swb__engine_event){.kind = SWB__EVENT_TICK});
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    swb__download download = download_of(told, LEECHER);
    assert_int_equal(download.completion.source, SWB_SOURCE_API);
    assert_true(download.completion.lo_ns == (ASKED_MS(3) + 10) * MS);
    assert_true(download.completion.hi_ns == (ASKED_MS(3) + 1010) * MS);
}

static void pause_of_over_two_seconds_is_a_stall(void **state)
{
    story *told = *state;
    reach_leech(told, 3);
    told->now_ms = 100;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 100);
    told->now_ms = 2050;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 200);
    assert_int_equal(download_of(told, LEECHER).stalls, 0);
    told->now_ms = 5050;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 300);
    assert_int_equal(download_of(told, LEECHER).stalls, 1);
    assert_true(download_of(told, LEECHER).stalled_ns == (uint64_t)(3000 * MS));
}

static void no_progress_anywhere_ends_the_run_as_stalled(void **state)
{
    story *told = *state;
    reach_leech(told, 4);
    told->now_ms = 1000;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 100);
    forget(told);
    tick_at(told, 11000);
    const swb__download download = download_of(told, OTHER);
    assert_int_equal(download.status, SWB_ESTALLED);
    assert_non_null(strstr(swb__buffer_string(&told->trace),
                           "> failed 2: no leecher made progress for limits.stall"));
    assert_true(download_of(told, LEECHER).bytes_done == 100);
    /* The pause that they ended in. */
    assert_true(download_of(told, LEECHER).stalls == 1);
    assert_true(download_of(told, LEECHER).stalled_ns == 10000 * MS);
    assert_true(download.stalls == 1);
}

static void run_over_its_limit_fails_what_is_left(void **state)
{
    story *told = *state;
    reach_leech(told, 3);
    for (int64_t at = 9000; at < 60000; at += 9000) {
        told->now_ms = at;
        watched(told, LEECHER, SWB_WATCH_PROGRESS, (uint64_t)at / 100);
    }
    tick_at(told, 60000 + START_MS(3));
    assert_int_equal(download_of(told, LEECHER).status, SWB_ETIMEDOUT);
}

static void mismatch_fails_download_and_run(void **state)
{
    story *told = *state;
    reach_leech(told, 3);
    tick_at(told, ASKED_MS(3));
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    done(told, SEEDER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    step(told, (swb__engine_event){.kind = SWB__EVENT_VERIFIED,
                                   .node = LEECHER,
                                   .status = SWB_EMISMATCH,
                                   .bad_offset = 77});
    swb__run_result result;
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_EMISMATCH);
    assert_false(download_of(told, LEECHER).verified);
    assert_true(download_of(told, LEECHER).bad_offset == 77);
}

static void cancel_tears_down_at_once_and_keeps_what_was_measured(void **state)
{
    story *told = *state;
    reach_leech(told, 3);
    told->now_ms = 100;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 500);
    forget(told);
    step(told, (swb__engine_event){.kind = SWB__EVENT_CANCEL});
    assert_trace(told, "> failed 2: interrupted (SWB_EINTERRUPTED)\n> phase teardown\n> close\n");
    done(told, LEECHER, SWB_OP_STATUS, SWB_ECANCELED, SWB_STATE_UNKNOWN);
    simple(told, SWB__EVENT_CLOSED, UINT32_MAX, SWB_OK);
    assert_trace(told, "< status 2 SWB_ECANCELED\n> end\n");
    assert_true(download_of(told, LEECHER).bytes_done == 500);
}

static void killed_leecher_of_a_fault_does_not_fail_the_run(void **state)
{
    story *told = *state;
    told->settings.fault_count = 1;
    told->settings.faults[0] = (swb__fault_plan){
        .kind = SWB__FAULT_KILL, .role = SWB__FAULT_LEECHER, .at_fraction = 0.25, .count = 1};
    reach_leech(told, 4);
    forget(told);
    told->now_ms = 200;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 500);
    const char *trace = swb__buffer_string(&told->trace);
    uint32_t victim = strstr(trace, "> fault kill 2") != NULL ? LEECHER : OTHER;
    uint32_t survivor = victim == LEECHER ? OTHER : LEECHER;
    assert_non_null(strstr(trace, "> fault kill"));
    assert_int_equal(download_of(told, victim).status, SWB_EEXITED);
    tick_at(told, ASKED_MS(4));
    done(told, survivor, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    swb__run_result result;
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_OK);
    assert_true(result.makespan_ns == 1010 * MS);
    assert_true(result.spread_ns == -1 && result.start_skew_ns == -1);
}

static void where_all_leechers_are_killed_there_is_no_makespan(void **state)
{
    story *told = *state;
    told->settings.fault_count = 1;
    told->settings.faults[0] = (swb__fault_plan){
        .kind = SWB__FAULT_KILL, .role = SWB__FAULT_LEECHER, .at_fraction = 0.25, .count = 2};
    reach_leech(told, 4);
    told->now_ms = 200;
    watched(told, LEECHER, SWB_WATCH_PROGRESS, 500);
    swb__run_result result;
    swb__engine_result(&result, told->engine);
    assert_int_equal(download_of(told, LEECHER).status, SWB_EEXITED);
    assert_int_equal(download_of(told, OTHER).status, SWB_EEXITED);
    assert_true(result.makespan_ns == -1 && result.spread_ns == -1);
}

static void frozen_seeder_goes_on_after_its_time(void **state)
{
    story *told = *state;
    told->settings.fault_count = 1;
    told->settings.faults[0] = (swb__fault_plan){.kind = SWB__FAULT_STOP,
                                                 .role = SWB__FAULT_SEEDER,
                                                 .at_fraction = -1,
                                                 .at_ns = (uint64_t)(100 * MS),
                                                 .count = 1,
                                                 .for_ns = (uint64_t)(200 * MS)};
    reach_leech(told, 3);
    forget(told);
    assert_true(swb__engine_deadline(told->engine) == 165 * MS);
    tick_at(told, 165);
    assert_true(swb__engine_deadline(told->engine) == 365 * MS);
    tick_at(told, 365);
    assert_trace(told, "< 165 ms\n> fault stop 1\n< 365 ms\n> fault continue 1\n");
}

static void without_a_tracker_leechers_are_told_their_peers(void **state)
{
    story *told = *state;
    const swb__engine_node roles[] = {{SWB_ROLE_SEEDER, &client}, {SWB_ROLE_LEECHER, &client}};
    told->settings.limits.ready_ns = told->settings.limits.seed_ns = (uint64_t)(9000 * MS);
    told->settings.limits.run_ns = told->settings.limits.stall_ns = (uint64_t)(9000 * MS);
    told->settings.file_size_bytes = 1000;
    swb__engine_config config = {.settings = &told->settings, .nodes = roles, .node_count = 2};
    assert_int_equal(swb__engine_create(&told->engine, &config), SWB_OK);
    step(told, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    simple(told, SWB__EVENT_PREPARED, 0, SWB_OK);
    for (uint32_t i = 0; i < 2; i++) {
        simple(told, SWB__EVENT_STARTED, i, SWB_OK);
        done(told, i, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
        done(told, i, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
    }
    done(told, 0, SWB_OP_SEED, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, 0, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    tick_at(told, START_MS(2));
    forget(told);
    done(told, 1, SWB_OP_LEECH, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "< leech 1 ok\n> peers 1\n");
}

static void node_that_is_not_watched_is_asked_often(void **state)
{
    story *told = *state;
    reach_leech(told, 3);
    simple(told, SWB__EVENT_UNWATCHED, LEECHER, SWB_OK);
    tick_at(told, ASKED_MS(3));
    done(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_FETCHING);
    forget(told);
    tick_at(told, ASKED_MS(3) + 100);
    assert_trace(told, "< 1175 ms\n> status 2\n");
}

static void node_out_of_reach_fails_with_how_that_was_found(void **state)
{
    story *told = *state;
    reach_leech(told, 4);
    forget(told);
    step(told, (swb__engine_event){.kind = SWB__EVENT_EXITED,
                                   .node = LEECHER,
                                   .message = "the node at URL is out of reach: because",
                                   .exit_code = -1});
    assert_trace(told, "> failed 2: the node at URL is out of reach: because (SWB_EEXITED)\n");
}

static void with_a_tracker_of_others_nobody_is_introduced(void **state)
{
    story *told = *state;
    const swb__engine_node roles[] = {{SWB_ROLE_SEEDER, &client}, {SWB_ROLE_LEECHER, &client}};
    told->settings.limits.ready_ns = told->settings.limits.seed_ns = (uint64_t)(9000 * MS);
    told->settings.limits.run_ns = told->settings.limits.stall_ns = (uint64_t)(9000 * MS);
    told->settings.file_size_bytes = 1000;
    swb__engine_config config = {
        .settings = &told->settings, .nodes = roles, .node_count = 2, .announced = true};
    assert_int_equal(swb__engine_create(&told->engine, &config), SWB_OK);
    step(told, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
    simple(told, SWB__EVENT_TORRENT_MADE, UINT32_MAX, SWB_OK);
    simple(told, SWB__EVENT_PREPARED, 0, SWB_OK);
    for (uint32_t i = 0; i < 2; i++) {
        simple(told, SWB__EVENT_STARTED, i, SWB_OK);
        done(told, i, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
        done(told, i, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
    }
    done(told, 0, SWB_OP_SEED, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, 0, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    tick_at(told, START_MS(2));
    forget(told);
    done(told, 1, SWB_OP_LEECH, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "< leech 1 ok\n");
}

/* --- stores: uploaded to, streamed from or fetched in the background --- */

#define FIRST 0
#define SECOND 1
#define READER 2

static void streamed(story *told, uint32_t node, swb_watch_kind kind, uint64_t bytes)
{
    int64_t now_ns = told->now_ms * MS;
    step(told,
         (swb__engine_event){.kind = SWB__EVENT_WATCHED,
                             .node = node,
                             .watch = {kind, {now_ns - MS, now_ns, SWB_SOURCE_STREAM}, bytes}});
}

static void bring_up_store(story *told, uint32_t node)
{
    simple(told, SWB__EVENT_STARTED, node, SWB_OK);
    done(told, node, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    done(told, node, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
}

/* Two seeders and a leecher, all ready at 0 ms. */
static void reach_upload(story *told)
{
    const swb__engine_node roles[] = {
        {SWB_ROLE_SEEDER, &store}, {SWB_ROLE_SEEDER, &store}, {SWB_ROLE_LEECHER, &store}};
    told->settings.file_size_bytes = 1000;
    told->settings.limits.ready_ns = (uint64_t)(1000 * MS);
    told->settings.limits.seed_ns = (uint64_t)(5000 * MS);
    told->settings.limits.run_ns = (uint64_t)(60000 * MS);
    told->settings.limits.stall_ns = (uint64_t)(10000 * MS);
    swb__engine_config config = {.settings = &told->settings, .nodes = roles, .node_count = 3};
    assert_int_equal(swb__engine_create(&told->engine, &config), SWB_OK);
    step(told, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
    for (uint32_t i = 0; i < 3; i++) {
        bring_up_store(told, i);
    }
}

/* Uploaded at 0 ms; the leecher's command left at its start. */
static void reach_stream(story *told)
{
    reach_upload(told);
    called(told, FIRST, SWB_OP_SEED, SWB_STATE_SERVING, 1000, "cid");
    called(told, SECOND, SWB_OP_SEED, SWB_STATE_SERVING, 1000, "cid");
    told->now_ms = START_MS(3);
    step(told, (swb__engine_event){.kind = SWB__EVENT_TICK});
    forget(told);
}

static void store_s_first_node_starts_alone_and_nothing_is_put_beside_it(void **state)
{
    story *told = *state;
    reach_upload(told);
    assert_trace(told, "> phase deploy\n> start 0\n> ready 0\n< ready 0 ok\n> version 0\n"
                       "< version 0 ok\n> start 1\n> start 2\n> ready 1\n< ready 1 ok\n"
                       "> version 1\n< version 1 ok\n> ready 2\n< ready 2 ok\n> version 2\n"
                       "< version 2 ok\n> phase seed\n> seed 0\n> seed 1\n");
    told->now_ms = 30;
    called(told, FIRST, SWB_OP_SEED, SWB_STATE_SERVING, 1000, "cid");
    told->now_ms = 40;
    called(told, SECOND, SWB_OP_SEED, SWB_STATE_SERVING, 1000, "cid");
    assert_trace(told, "< seed 0 ok\n< seed 1 ok\n> phase leech\n> hold leech 2\n");
    assert_string_equal(swb__engine_handle(told->engine, 0), "cid");
    swb__node_row row;
    swb__engine_node_row(&row, told->engine, FIRST);
    assert_true(row.seed_begin_ns == 0 && row.seed_end_ns == 30 * MS);
    swb__engine_node_row(&row, told->engine, SECOND);
    assert_true(row.seed_end_ns == 40 * MS);
}

static void stream_is_the_download_and_its_verification(void **state)
{
    story *told = *state;
    reach_stream(told);
    told->now_ms = 100;
    step(told,
         (swb__engine_event){.kind = SWB__EVENT_ACCEPTED, .node = READER, .accepted_ns = 90 * MS});
    streamed(told, READER, SWB_WATCH_FIRST_BYTE, 10);
    told->now_ms = 150;
    streamed(told, READER, SWB_WATCH_PROGRESS, 500);
    told->now_ms = 180;
    streamed(told, READER, SWB_WATCH_PROGRESS, 900);
    told->now_ms = 200;
    streamed(told, READER, SWB_WATCH_COMPLETE, 1000);
    told->now_ms = 205;
    called(told, READER, SWB_OP_LEECH, SWB_STATE_SERVING, 1000, "");
    assert_trace(told, "< leech 2 ok\n> completed 2 after 135 ms\n> phase count\n"
                       "> status 0\n> status 1\n"
                       "> status 2\n");
    for (uint32_t i = 0; i < 3; i++) {
        called(told, i, SWB_OP_STATUS, SWB_STATE_SERVING, 1000, "");
    }
    simple(told, SWB__EVENT_CLOSED, UINT32_MAX, SWB_OK);
    assert_trace(told, "< status 0 ok\n< status 1 ok\n< status 2 ok\n> phase verify\n"
                       "> phase teardown\n> close\n> end\n");
    swb__download download = download_of(told, READER);
    assert_true(download.verified);
    assert_true(download.accepted_ns == 90 * MS);
    assert_true(download.first_byte.lo_ns == 99 * MS && download.first_byte.hi_ns == 100 * MS);
    assert_true(download.half.hi_ns == 150 * MS && download.ninety.hi_ns == 180 * MS);
    assert_true(download.completion.lo_ns == 199 * MS && download.completion.hi_ns == 200 * MS);
    assert_int_equal(download.completion.source, SWB_SOURCE_STREAM);
}

static void background_fetch_is_asked_about_and_its_copy_read(void **state)
{
    story *told = *state;
    reach_stream(told);
    told->now_ms = 75;
    called(told, READER, SWB_OP_LEECH, SWB_STATE_FETCHING, SWB_COUNT_UNKNOWN, "");
    tick_at(told, 175);
    called(told, READER, SWB_OP_STATUS, SWB_STATE_FETCHING, 400, "");
    tick_at(told, 275);
    called(told, READER, SWB_OP_STATUS, SWB_STATE_SERVING, 1000, "");
    assert_trace(told, "< leech 2 ok\n< 175 ms\n> status 2\n< status 2 ok\n< 275 ms\n"
                       "> status 2\n< status 2 ok\n> completed 2 after 210 ms\n> phase count\n"
                       "> status 0\n"
                       "> status 1\n> status 2\n");
    for (uint32_t i = 0; i < 3; i++) {
        called(told, i, SWB_OP_STATUS, SWB_STATE_SERVING, 1000, "");
    }
    assert_false(download_of(told, READER).verified);
    called(told, READER, SWB_OP_READ, SWB_STATE_UNKNOWN, 0, "");
    assert_trace(told, "< status 0 ok\n< status 1 ok\n< status 2 ok\n> phase verify\n"
                       "> read 2\n< read 2 ok\n> phase teardown\n> close\n");
    swb__download download = download_of(told, READER);
    assert_true(download.verified);
    assert_int_equal(download.completion.source, SWB_SOURCE_API);
    assert_true(download.completion.lo_ns == 175 * MS && download.completion.hi_ns == 275 * MS);
}

static void copy_that_differs_fails_download_and_run(void **state)
{
    story *told = *state;
    swb__run_result result;
    reach_stream(told);
    called(told, READER, SWB_OP_LEECH, SWB_STATE_FETCHING, SWB_COUNT_UNKNOWN, "");
    tick_at(told, 175);
    called(told, READER, SWB_OP_STATUS, SWB_STATE_SERVING, 1000, "");
    for (uint32_t i = 0; i < 3; i++) {
        called(told, i, SWB_OP_STATUS, SWB_STATE_SERVING, 1000, "");
    }
    broke(told, READER, SWB_OP_READ, SWB_EMISMATCH, 77);
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_EMISMATCH);
    assert_string_equal(result.cause, "verify: because");
    assert_true(download_of(told, READER).bad_offset == 77);
}

static void stream_that_breaks_off_fails_the_download_with_what_came(void **state)
{
    story *told = *state;
    reach_stream(told);
    told->now_ms = 100;
    streamed(told, READER, SWB_WATCH_FIRST_BYTE, 10);
    broke(told, READER, SWB_OP_LEECH, SWB_ETRUNCATED, 345);
    assert_trace(told, "< leech 2 SWB_ETRUNCATED\n> failed 2: because (SWB_ETRUNCATED)\n"
                       "> phase count\n"
                       "> status 0\n> status 1\n> status 2\n");
    swb__download download = download_of(told, READER);
    assert_int_equal(download.status, SWB_ETRUNCATED);
    assert_true(download.bytes_done == 345);
    assert_true(download.started_ns == 70 * MS);
    assert_int_equal(download.completion.source, SWB_SOURCE_NONE);
}

static void stream_that_stalls_is_ended(void **state)
{
    story *told = *state;
    reach_stream(told);
    told->now_ms = 1000;
    streamed(told, READER, SWB_WATCH_PROGRESS, 100);
    tick_at(told, 11000);
    assert_trace(told, "< 11000 ms\n> cancel 2\n> failed 2: no leecher made progress for "
                       "limits.stall (SWB_ESTALLED)\n"
                       "> phase count\n> status 0\n> status 1\n");
    broke(told, READER, SWB_OP_LEECH, SWB_ECANCELED, 150);
    assert_trace(told, "< leech 2 SWB_ECANCELED\n> status 2\n");
    assert_int_equal(download_of(told, READER).status, SWB_ESTALLED);
    assert_true(download_of(told, READER).started_ns == 70 * MS);
}

static void stream_over_the_limit_of_the_run_is_ended(void **state)
{
    story *told = *state;
    reach_stream(told);
    for (int64_t at = 9000; at < 60000; at += 9000) {
        told->now_ms = at;
        streamed(told, READER, SWB_WATCH_PROGRESS, (uint64_t)at / 100);
    }
    tick_at(told, 60000 + START_MS(3));
    assert_trace(told, "< 60065 ms\n> cancel 2\n> failed 2: not complete within limits.run "
                       "(SWB_ETIMEDOUT)\n"
                       "> phase count\n> status 0\n> status 1\n");
}

static void upload_that_fails_is_not_made_again(void **state)
{
    story *told = *state;
    reach_upload(told);
    forget(told);
    broke(told, SECOND, SWB_OP_SEED, SWB_ETRUNCATED, 0);
    assert_trace(told, "< seed 1 SWB_ETRUNCATED\n> failed 1: because (SWB_ETRUNCATED)\n"
                       "> phase teardown\n> close\n");
}

static void seeders_that_name_the_content_otherwise_fail_the_run(void **state)
{
    story *told = *state;
    reach_upload(told);
    forget(told);
    called(told, FIRST, SWB_OP_SEED, SWB_STATE_SERVING, 1000, "cid");
    called(told, SECOND, SWB_OP_SEED, SWB_STATE_SERVING, 1000, "dic");
    assert_trace(told, "< seed 0 ok\n< seed 1 ok\n> failed 1: seed: it names the content dic, "
                       "another seeder cid (SWB_EMISMATCH)\n> phase teardown\n> close\n");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(a_swarm_of_two_from_start_to_end),
        STORY(node_that_never_answers_fails_the_run_at_its_limit),
        STORY(wrong_password_is_not_tried_again),
        STORY(process_that_dies_before_the_start_fails_the_run_with_its_last_words),
        STORY(leecher_that_dies_fails_alone),
        STORY(completion_by_the_api_alone_has_the_last_poll_as_its_lower_end),
        STORY(pause_of_over_two_seconds_is_a_stall),
        STORY(no_progress_anywhere_ends_the_run_as_stalled),
        STORY(run_over_its_limit_fails_what_is_left),
        STORY(mismatch_fails_download_and_run),
        STORY(cancel_tears_down_at_once_and_keeps_what_was_measured),
        STORY(killed_leecher_of_a_fault_does_not_fail_the_run),
        STORY(where_all_leechers_are_killed_there_is_no_makespan),
        STORY(frozen_seeder_goes_on_after_its_time),
        STORY(without_a_tracker_leechers_are_told_their_peers),
        STORY(node_that_is_not_watched_is_asked_often),
        STORY(node_out_of_reach_fails_with_how_that_was_found),
        STORY(with_a_tracker_of_others_nobody_is_introduced),
        STORY(store_s_first_node_starts_alone_and_nothing_is_put_beside_it),
        STORY(stream_is_the_download_and_its_verification),
        STORY(background_fetch_is_asked_about_and_its_copy_read),
        STORY(copy_that_differs_fails_download_and_run),
        STORY(stream_that_breaks_off_fails_the_download_with_what_came),
        STORY(stream_that_stalls_is_ended),
        STORY(stream_over_the_limit_of_the_run_is_ended),
        STORY(upload_that_fails_is_not_made_again),
        STORY(seeders_that_name_the_content_otherwise_fail_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
