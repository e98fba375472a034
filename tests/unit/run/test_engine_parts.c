/* The engine with an erasure code of 2 + 1: parts as contents of their own, any two of which do. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "run/engine.h"

#define MS INT64_C(1000000)
#define FILE_BYTES 1000 /* parts of 512 */
#define PART_BYTES 512
#define LEECHER 2
#define START_MS 65 /* of three nodes */

static const swb_driver store = {.name = "store", .kind = SWB_DRIVER_STORE};
static const swb_driver torrent = {.name = "torrent", .kind = SWB_DRIVER_TORRENT};

typedef struct story {
    swb__engine *engine;
    swb__settings settings;
    const swb_driver *driver;
    int64_t now_ms;
    swb__buffer trace;
} story;

static void note(story *told, const swb__action *action)
{
    switch (action->kind) {
    case SWB__ACTION_MAKE_TORRENT:
        swb__buffer_printf(&told->trace, "make %u\n", action->content);
        break;
    case SWB__ACTION_PREPARE:
        swb__buffer_printf(&told->trace, "prepare %u.%u\n", action->node, action->content);
        break;
    case SWB__ACTION_CALL:
        swb__buffer_printf(&told->trace, "%s %u.%u\n", swb_operation_name(action->operation),
                           action->node, action->content);
        break;
    case SWB__ACTION_CANCEL:
        swb__buffer_printf(&told->trace, "cancel %u.%u\n", action->node, action->content);
        break;
    case SWB__ACTION_DECODE:
        swb__buffer_printf(&told->trace, "decode %u\n", action->node);
        break;
    case SWB__ACTION_TELL:
        if (action->tell == SWB_EVENT_COMPLETED) {
            swb__buffer_printf(&told->trace, "completed %u\n", action->node);
        } else if (action->tell == SWB_EVENT_NODE_FAILED) {
            swb__buffer_printf(&told->trace, "failed %u: %s\n", action->node, action->text);
        }
        break;
    case SWB__ACTION_CLOSE:
        swb__buffer_text(&told->trace, "close\n");
        break;
    default:
        break;
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

static void answer(story *told, uint32_t node, uint32_t content, swb_operation operation,
                   int status, swb_node_state node_state)
{
    char handle[16];
    swb_result result = {.state = node_state,
                         .version = "1.0",
                         .bytes_done = SWB_COUNT_UNKNOWN,
                         .payload_received = 600,
                         .payload_sent = 100,
                         .wasted = SWB_COUNT_UNKNOWN,
                         .stored_bytes = SWB_COUNT_UNKNOWN};
    snprintf(handle, sizeof handle, "cid%u", content);
    snprintf(result.handle, sizeof result.handle, "%s", handle);
    step(told, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                   .node = node,
                                   .content = content,
                                   .operation = operation,
                                   .status = status,
                                   .message = status == SWB_OK ? NULL : "because",
                                   .result = &result,
                                   .bad_offset = UINT64_MAX,
                                   .sent_ns = told->now_ms * MS});
}

static void streamed(story *told, uint32_t content, swb_watch_kind kind, uint64_t bytes)
{
    int64_t now_ns = told->now_ms * MS;
    step(told,
         (swb__engine_event){.kind = SWB__EVENT_WATCHED,
                             .node = LEECHER,
                             .content = content,
                             .watch = {kind, {now_ns - MS, now_ns, SWB_SOURCE_STREAM}, bytes}});
}

static void arrives(story *told, uint32_t content)
{
    streamed(told, content, SWB_WATCH_COMPLETE, PART_BYTES);
    answer(told, LEECHER, content, SWB_OP_LEECH, SWB_OK, SWB_STATE_SERVING);
}

static void assert_trace(story *told, const char *expected)
{
    assert_string_equal(swb__buffer_string(&told->trace), expected);
    swb__buffer_clear(&told->trace);
}

/* Two seeders and a leecher, which takes the parts in their order. */
static void begin(story *told, const swb_driver *driver)
{
    const swb__engine_node nodes[] = {
        {SWB_ROLE_SEEDER, driver}, {SWB_ROLE_SEEDER, driver}, {SWB_ROLE_LEECHER, driver}};
    told->settings.file_size_bytes = FILE_BYTES;
    told->settings.limits.ready_ns = (uint64_t)(1000 * MS);
    told->settings.limits.seed_ns = (uint64_t)(5000 * MS);
    told->settings.limits.run_ns = (uint64_t)(60000 * MS);
    told->settings.limits.stall_ns = (uint64_t)(10000 * MS);
    swb__engine_config config = {.settings = &told->settings,
                                 .nodes = nodes,
                                 .node_count = 3,
                                 .coding = {.coder = SWB__CODER_LIBRARY,
                                            .data_parts = 2,
                                            .parity_parts = 1,
                                            .data_first = true,
                                            .part_stall_ns = (uint64_t)(2000 * MS)}};
    assert_int_equal(swb__engine_create(&told->engine, &config), SWB_OK);
    step(told, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
}

static void bring_up(story *told, uint32_t node)
{
    step(told, (swb__engine_event){.kind = SWB__EVENT_STARTED, .node = node});
    answer(told, node, 0, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, node, 0, SWB_OP_VERSION, SWB_OK, SWB_STATE_UNKNOWN);
}

/* All parts are served at 0 ms, and the first two asked for at the start. */
static void reach_leech(story *told)
{
    begin(told, &store);
    bring_up(told, 0);
    answer(told, 0, 2, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    bring_up(told, 1);
    answer(told, 1, 1, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    bring_up(told, LEECHER);
    answer(told, LEECHER, 1, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, LEECHER, 2, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, 0, 0, SWB_OP_SEED, SWB_OK, SWB_STATE_SERVING);
    answer(told, 0, 2, SWB_OP_SEED, SWB_OK, SWB_STATE_SERVING);
    answer(told, 1, 1, SWB_OP_SEED, SWB_OK, SWB_STATE_SERVING);
    swb__buffer_clear(&told->trace);
    tick_at(told, START_MS);
}

static void parts_are_dealt_to_the_seeders_and_each_has_a_name(void **state)
{
    story *told = *state;
    begin(told, &store);
    bring_up(told, 0);
    answer(told, 0, 2, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    bring_up(told, 1);
    answer(told, 1, 1, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    bring_up(told, LEECHER);
    answer(told, LEECHER, 1, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    swb__buffer_clear(&told->trace);
    answer(told, LEECHER, 2, SWB_OP_READY, SWB_OK, SWB_STATE_UNKNOWN);
    assert_trace(told, "seed 0.0\nseed 1.1\n");
    answer(told, 0, 0, SWB_OP_SEED, SWB_OK, SWB_STATE_SERVING);
    assert_trace(told, "seed 0.2\n");
    assert_string_equal(swb__engine_handle(told->engine, 0), "cid0");
    answer(told, 0, 2, SWB_OP_SEED, SWB_OK, SWB_STATE_SERVING);
    assert_string_equal(swb__engine_handle(told->engine, 2), "cid2");
    swb__part_row row;
    assert_true(swb__engine_part_row(&row, told->engine, 0, 2));
    assert_int_equal(row.fate, SWB__PART_HELD);
    assert_true(row.bytes == PART_BYTES && row.bytes_done == PART_BYTES);
    assert_false(swb__engine_part_row(&row, told->engine, 0, 1));
}

static void torrents_of_all_parts_are_made_and_each_seeder_is_given_its_own(void **state)
{
    story *told = *state;
    begin(told, &torrent);
    for (uint32_t i = 0; i < 3; i++) {
        step(told, (swb__engine_event){.kind = SWB__EVENT_TORRENT_MADE});
    }
    assert_trace(told, "make 0\nmake 1\nmake 2\nprepare 0.0\nprepare 1.1\n");
    step(told, (swb__engine_event){.kind = SWB__EVENT_PREPARED, .node = 0});
    assert_trace(told, "prepare 0.2\n");
}

static void two_of_three_parts_complete_a_download_that_is_then_decoded(void **state)
{
    story *told = *state;
    swb__download download;
    uint32_t used[2];
    reach_leech(told);
    assert_trace(told, "leech 2.0\nleech 2.1\n");
    told->now_ms = 100;
    streamed(told, 0, SWB_WATCH_FIRST_BYTE, 10);
    told->now_ms = 200;
    arrives(told, 0);
    swb__engine_download(&download, told->engine, LEECHER);
    assert_true(download.bytes_done == FILE_BYTES / 2);
    told->now_ms = 300;
    arrives(told, 1);
    assert_trace(told, "completed 2\nstatus 0.0\nstatus 0.2\nstatus 1.1\nstatus 2.0\nstatus 2.1\n");
    for (uint32_t i = 0; i < 2; i++) {
        answer(told, 0, 2 * i, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
        answer(told, LEECHER, i, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    }
    answer(told, 1, 1, SWB_OP_STATUS, SWB_OK, SWB_STATE_SERVING);
    assert_trace(told, "decode 2\n");
    swb__engine_used_parts(used, told->engine, LEECHER);
    assert_int_equal(used[0], 0);
    assert_int_equal(used[1], 1);
    step(told,
         (swb__engine_event){.kind = SWB__EVENT_DECODED, .node = LEECHER, .decode_ns = 7 * MS});
    assert_trace(told, "close\n");
    swb__engine_download(&download, told->engine, LEECHER);
    assert_true(download.verified);
    assert_int_equal(download.status, SWB_OK);
    assert_true(download.decode_ns == 7 * MS);
    assert_true(download.completion.hi_ns == 307 * MS);
    assert_true(download.beyond_bytes == 0);
    assert_true(download.payload_received == 1200);
}

static void part_that_stalls_is_given_up_for_one_that_was_not_tried(void **state)
{
    story *told = *state;
    swb__download download;
    swb__part_row row;
    reach_leech(told);
    swb__buffer_clear(&told->trace);
    told->now_ms = 500;
    streamed(told, 1, SWB_WATCH_PROGRESS, 100);
    told->now_ms = 1000;
    arrives(told, 0);
    assert_true(swb__engine_deadline(told->engine) == 2500 * MS);
    tick_at(told, 2500);
    assert_trace(told, "cancel 2.1\nleech 2.2\n");
    answer(told, LEECHER, 1, SWB_OP_LEECH, SWB_ECANCELED, SWB_STATE_UNKNOWN);
    told->now_ms = 3000;
    arrives(told, 2);
    swb__engine_download(&download, told->engine, LEECHER);
    assert_int_equal(download.status, SWB_OK);
    assert_true(download.beyond_bytes == 100);
    assert_true(swb__engine_part_row(&row, told->engine, LEECHER, 1));
    assert_int_equal(row.fate, SWB__PART_STALLED);
    assert_true(row.bytes_done == 100);
    assert_true(swb__engine_part_row(&row, told->engine, LEECHER, 2));
    assert_int_equal(row.fate, SWB__PART_USED);
}

static void part_that_fails_is_replaced_and_too_few_fail_the_download_with_all_causes(void **state)
{
    story *told = *state;
    swb__download download;
    reach_leech(told);
    swb__buffer_clear(&told->trace);
    answer(told, LEECHER, 0, SWB_OP_LEECH, SWB_EMISMATCH, SWB_STATE_UNKNOWN);
    assert_trace(told, "remove 2.0\nleech 2.2\n");
    answer(told, LEECHER, 0, SWB_OP_REMOVE, SWB_OK, SWB_STATE_UNKNOWN);
    answer(told, LEECHER, 2, SWB_OP_LEECH, SWB_ETRUNCATED, SWB_STATE_UNKNOWN);
    swb__engine_download(&download, told->engine, LEECHER);
    assert_int_equal(download.status, SWB_ETRUNCATED);
    assert_string_equal(download.cause,
                        "too few parts can be had: 0 of the 2 parts needed are complete; part 0: "
                        "because; part 1: 0 % there; part 2: because");
    assert_non_null(strstr(swb__buffer_string(&told->trace), "cancel 2.1\n"));
}

/* Where no other part is left, a part that stalls may still come: the run's own limit decides. */
static void part_that_stalls_is_kept_where_no_other_is_left(void **state)
{
    story *told = *state;
    swb__download download;
    reach_leech(told);
    tick_at(told, 2065);
    answer(told, LEECHER, 0, SWB_OP_LEECH, SWB_ECANCELED, SWB_STATE_UNKNOWN);
    swb__buffer_clear(&told->trace);
    tick_at(told, 9000);
    assert_trace(told, "");
    tick_at(told, 10065);
    swb__engine_download(&download, told->engine, LEECHER);
    assert_int_equal(download.status, SWB_ESTALLED);
    assert_non_null(strstr(download.cause, "0 of the 2 parts needed are complete"));
    assert_non_null(strstr(download.cause, "part 0: no progress for erasure.part_stall"));
}

static int set_up(void **state)
{
    static story told;
    memset(&told, 0, sizeof told);
    told.trace = (swb__buffer)SWB__BUFFER_INIT(1 << 16);
    *state = &told;
    return 0;
}

static int tear_down(void **state)
{
    story *told = *state;
    swb__engine_destroy(told->engine);
    swb__buffer_finish(&told->trace);
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(parts_are_dealt_to_the_seeders_and_each_has_a_name),
        STORY(torrents_of_all_parts_are_made_and_each_seeder_is_given_its_own),
        STORY(two_of_three_parts_complete_a_download_that_is_then_decoded),
        STORY(part_that_stalls_is_given_up_for_one_that_was_not_tried),
        STORY(part_that_fails_is_replaced_and_too_few_fail_the_download_with_all_causes),
        STORY(part_that_stalls_is_kept_where_no_other_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
