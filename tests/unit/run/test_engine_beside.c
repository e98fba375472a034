/* The engine with nodes beside its swarm: requests on a timeline, metrics, and what fails a run. */
#include "support/cmocka_all.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "run/engine.h"

#define MS INT64_C(1000000)
#define SEEDER 0
#define LEECHER 1
#define WEB 2 /* and 3 */
#define NODES 4
#define START_MS 70 /* of four nodes */

static int nothing(swb_call *call)
{
    (void)call;
    return SWB_CALL_DONE;
}

static const swb_driver store = {.name = "store", .kind = SWB_DRIVER_STORE};
static const swb_driver web = {.name = "web",
                               .kind = SWB_DRIVER_SERVICE,
                               .operations = {[SWB_OP_ACT] = nothing, [SWB_OP_METRICS] = nothing}};

typedef struct story {
    swb__engine *engine;
    swb__settings settings;
    int64_t now_ms;
    swb__buffer trace;
} story;

static void note(story *told, const swb__action *action)
{
    if (action->kind == SWB__ACTION_CALL && action->operation == SWB_OP_ACT) {
        swb__buffer_printf(&told->trace, "act %u row %u\n", action->node, action->row);
    } else if (action->kind == SWB__ACTION_CALL && action->node >= WEB) {
        swb__buffer_printf(&told->trace, "%s %u\n", swb_operation_name(action->operation),
                           action->node);
    } else if (action->kind == SWB__ACTION_TELL &&
               (action->tell == SWB_EVENT_ACTION || action->tell == SWB_EVENT_WARNING ||
                action->tell == SWB_EVENT_NODE_FAILED || action->tell == SWB_EVENT_PHASE)) {
        swb__buffer_printf(&told->trace, "%s\n", action->text);
    }
}

static void step(story *told, swb__engine_event event)
{
    swb__action action;
    event.now_ns = told->now_ms * MS;
    assert_int_equal(swb__engine_step(told->engine, &event), SWB_OK);
    while (swb__engine_next(&action, told->engine)) {
        note(told, &action);
    }
}

static void tick_at(story *told, int64_t ms)
{
    told->now_ms = ms;
    step(told, (swb__engine_event){.kind = SWB__EVENT_TICK});
}

static void answer(story *told, uint32_t node, swb_operation operation, int status,
                   swb_node_state node_state)
{
    swb_result result = {.state = node_state, .bytes_done = 1000, .http_status = 200};
    step(told, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                   .node = node,
                                   .operation = operation,
                                   .status = status,
                                   .message = status == SWB_OK ? NULL : "because",
                                   .result = status == SWB_OK ? &result : NULL,
                                   .sent_ns = told->now_ms * MS - 2 * MS});
}

static void bring_up(story *told, uint32_t node)
{
    step(told, (swb__engine_event){.kind = SWB__EVENT_STARTED, .node = node});
    answer(told, node, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, node, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
}

/* All up, the intended start at START_MS, which has not come. */
static void begin(story *told, const swb__action_plan *plans, size_t count)
{
    static const swb__engine_node nodes[NODES] = {{SWB_ROLE_SEEDER, &store},
                                                  {SWB_ROLE_LEECHER, &store},
                                                  {SWB_ROLE_SERVICE, &web},
                                                  {SWB_ROLE_SERVICE, &web}};
    static const uint32_t beside[NODES] = {UINT32_MAX, UINT32_MAX, 0, 0};
    static const uint32_t numbers[NODES] = {0, 0, 0, 1};
    told->settings = (swb__settings){.file_size_bytes = 1000, .size = 2, .seeders = 1};
    told->settings.limits.ready_ns = (uint64_t)(1000 * MS);
    told->settings.limits.seed_ns = (uint64_t)(5000 * MS);
    told->settings.limits.run_ns = (uint64_t)(60000 * MS);
    told->settings.limits.stall_ns = (uint64_t)(10000 * MS);
    swb__engine_config config = {.settings = &told->settings,
                                 .nodes = nodes,
                                 .beside = beside,
                                 .numbers = numbers,
                                 .node_count = NODES,
                                 .actions = plans,
                                 .action_count = count,
                                 .run_seed = 1};
    assert_int_equal(swb__engine_create(&told->engine, &config), SWB_OK);
    step(told, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
    for (uint32_t node = NODES; node-- > 0;) {
        bring_up(told, node);
    }
    answer(told, SEEDER, SWB_OP_SEED, SWB_OK, SWB_STATE_SERVING);
    swb__buffer_clear(&told->trace);
}

static void assert_trace(story *told, const char *expected)
{
    assert_string_equal(swb__buffer_string(&told->trace), expected);
    swb__buffer_clear(&told->trace);
}

static int64_t deadline_ms(const story *told)
{
    return swb__engine_deadline(told->engine) / MS;
}

static swb__action_plan plan(int64_t at_ms, uint32_t node)
{
    return (swb__action_plan){.node = node,
                              .at_ns = (uint64_t)(at_ms * MS),
                              .every_ns = (uint64_t)(100 * MS),
                              .times = 1,
                              .timeout_ns = (uint64_t)(1000 * MS),
                              .http = {.method = "GET", .path = "/a"}};
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

/* No metrics, and the leecher has streamed all. */
static void settle(story *told)
{
    tick_at(told, START_MS);
    answer(told, WEB, SWB_OP_METRICS, SWB_EUNSUPPORTED, SWB_STATE_UNKNOWN);
    answer(told, WEB + 1, SWB_OP_METRICS, SWB_EUNSUPPORTED, SWB_STATE_UNKNOWN);
    answer(told, LEECHER, SWB_OP_LEECH, SWB_OK, SWB_STATE_SERVING);
}

static void request_leaves_at_its_time_and_the_run_waits_for_it(void **state)
{
    story *told = *state;
    swb__action_plan plans[] = {plan(500, UINT32_MAX)};
    begin(told, plans, 1);
    settle(told);
    assert_trace(told, "metrics 2\nmetrics 3\n");
    assert_int_equal(deadline_ms(told), START_MS + 500);
    tick_at(told, START_MS + 499);
    assert_trace(told, "");
    tick_at(told, START_MS + 500);
    assert_trace(told, "act 2 row 0\nact 3 row 0\n");
    told->now_ms += 7;
    answer(told, WEB, SWB_OP_ACT, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "status=200 at_ms=500.000 late_ms=5.000 latency_ms=2.000 GET /a\n");
    answer(told, WEB + 1, SWB_OP_ACT, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "status=200 at_ms=500.000 late_ms=5.000 latency_ms=2.000 GET /a\n"
                       "count\n");
}

static void requests_to_one_node_go_one_after_the_other(void **state)
{
    story *told = *state;
    swb__action_plan plans[] = {plan(100, 0), plan(0, 0)};
    plans[1].times = 2;
    begin(told, plans, 2);
    tick_at(told, START_MS);
    assert_trace(told, "act 2 row 1\nmetrics 3\n");
    tick_at(told, START_MS + 150);
    assert_trace(told, "");
    answer(told, WEB, SWB_OP_ACT, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "status=200 at_ms=0.000 late_ms=148.000 latency_ms=2.000 GET /a\n"
                       "act 2 row 0\n");
    answer(told, WEB, SWB_OP_ACT, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "status=200 at_ms=100.000 late_ms=48.000 latency_ms=2.000 GET /a\n"
                       "act 2 row 1\n");
}

static void answer_that_is_not_as_expected_fails_the_run(void **state)
{
    story *told = *state;
    swb__run_result result;
    swb__action_plan plans[] = {plan(10, 1)};
    begin(told, plans, 1);
    settle(told);
    tick_at(told, START_MS + 10);
    swb__buffer_clear(&told->trace);
    answer(told, WEB + 1, SWB_OP_ACT, SWB_EREMOTE, SWB_STATE_UNKNOWN);
    assert_trace(told,
                 "status=failed at_ms=10.000 late_ms=-2.000 latency_ms=2.000 GET /a: because\n"
                 "action 1, GET /a: because\nteardown\n");
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_EREMOTE);
    assert_string_equal(result.cause, "action 1, GET /a: because");
}

static void node_beside_that_ends_by_itself_fails_the_run(void **state)
{
    story *told = *state;
    swb__run_result result;
    begin(told, NULL, 0);
    tick_at(told, START_MS);
    step(told, (swb__engine_event){
                   .kind = SWB__EVENT_EXITED, .node = WEB, .message = "bye", .exit_code = 3});
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_EEXITED);
    assert_string_equal(result.cause, "the process ended by itself (exit code 3): bye");
}

static void metrics_are_read_each_second_and_once_at_the_end(void **state)
{
    story *told = *state;
    begin(told, NULL, 0);
    tick_at(told, START_MS);
    answer(told, WEB, SWB_OP_METRICS, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, WEB + 1, SWB_OP_METRICS, SWB_EREMOTE, SWB_STATE_UNKNOWN);
    assert_trace(told, "metrics 2\nmetrics 3\nnot measured: because\n");
    tick_at(told, START_MS + 999);
    assert_trace(told, "");
    tick_at(told, START_MS + 1000);
    answer(told, WEB, SWB_OP_METRICS, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, WEB + 1, SWB_OP_METRICS, SWB_EREMOTE, SWB_STATE_UNKNOWN);
    assert_trace(told, "metrics 2\nmetrics 3\n"); /* told once */
    answer(told, LEECHER, SWB_OP_LEECH, SWB_OK, SWB_STATE_SERVING);
    assert_trace(told, "count\nmetrics 2\nmetrics 3\n");
    answer(told, WEB, SWB_OP_METRICS, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, WEB + 1, SWB_OP_METRICS, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, SEEDER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    answer(told, LEECHER, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    assert_trace(told, "verify\nteardown\n");
}

static void waiting_for_a_request_is_no_stall_but_has_the_limit_of_the_run(void **state)
{
    story *told = *state;
    swb__run_result result;
    swb__action_plan plans[] = {plan(0, 0)};
    begin(told, plans, 1);
    settle(told);
    swb__buffer_clear(&told->trace);
    tick_at(told, START_MS + 20000);
    assert_trace(told, "");
    assert_int_equal(deadline_ms(told), START_MS + 60000);
    tick_at(told, START_MS + 60000);
    assert_trace(told, "teardown\n");
    swb__engine_result(&result, told->engine);
    assert_int_equal(result.status, SWB_ETIMEDOUT);
    assert_string_equal(result.cause, "not every action was made within limits.run");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(request_leaves_at_its_time_and_the_run_waits_for_it),
        STORY(requests_to_one_node_go_one_after_the_other),
        STORY(answer_that_is_not_as_expected_fails_the_run),
        STORY(node_beside_that_ends_by_itself_fails_the_run),
        STORY(metrics_are_read_each_second_and_once_at_the_end),
        STORY(waiting_for_a_request_is_no_stall_but_has_the_limit_of_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
