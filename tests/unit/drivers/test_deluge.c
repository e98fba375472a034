/* Deluge's driver on recorded frames of 2.0.3, and on hostile ones. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "drivers/builtin.h"
#include "drivers/deluge_rpc.h"
#include "recorded.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void plays_as(int wanted, void **state, swb_operation operation, const char *recording)
{
    test_player player;
    const swb_command command = recorded_command(state, operation);
    player_open(&player, &swb__driver_deluge);
    int status = player_play(&player, &command, recording);
    if (status != wanted) {
        fail_msg("%s: %s instead of %s (%s)", recording, swb_status_name(status),
                 swb_status_name(wanted), player.error.message);
    }
    assert_false(player.retriable);
}

static void operations_succeed_on_what_was_recorded(void **state)
{
    plays_as(SWB_OK, state, SWB_OP_LEECH, "deluge-leech.txt");
    plays_as(SWB_OK, state, SWB_OP_PEERS, "deluge-peers.txt");
    plays_as(SWB_OK, state, SWB_OP_REMOVE, "deluge-remove.txt");
    plays_as(SWB_OK, state, SWB_OP_STOP, "deluge-stop.txt");
}

static void refusals_are_told_apart(void **state)
{
    plays_as(SWB_EEXIST, state, SWB_OP_LEECH, "deluge-leech-again.txt");
    plays_as(SWB_ENOENT, state, SWB_OP_REMOVE, "deluge-remove-unknown.txt");
}

static void peers_of_an_unknown_torrent_are_refused(void **state)
{
    test_player player;
    swb_command command = recorded_command(state, SWB_OP_PEERS);
    const swb_peer peer = {"127.0.0.1", 1};
    command.peers = &peer;
    player_open(&player, &swb__driver_deluge);
    assert_int_equal(player_play(&player, &command, "deluge-peers-unknown.txt"), SWB_ENOENT);
    assert_string_equal(player.error.message, "peers: KeyError: '" RECORDED_HANDLE "'");
}

static void ready_waits_for_the_port_of_the_peers(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_READY);
    player_open(&player, &swb__driver_deluge);
    assert_int_equal(player_play(&player, &command, "deluge-ready.txt"), SWB_OK);
    player_open(&player, &swb__driver_deluge);
    player.node.data_port = 17009;
    assert_int_equal(player_play(&player, &command, "deluge-ready.txt"), SWB_EBUSY);
    assert_true(player.retriable);
    assert_string_equal(player.error.message,
                        "ready: it listens for peers on port 17001, not yet on 17009");
}

static void wrong_password_is_refused_for_good(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_READY);
    player_open(&player, &swb__driver_deluge);
    player.node.password = "wrong";
    assert_int_equal(player_play(&player, &command, "deluge-ready-wrong-password.txt"), SWB_EAUTH);
    assert_false(player.retriable);
    assert_string_equal(player.error.message, "ready: BadLoginError: Password does not match");
}

static void version_is_read(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_VERSION);
    player_open(&player, &swb__driver_deluge);
    assert_int_equal(player_play(&player, &command, "deluge-version.txt"), SWB_OK);
    assert_string_equal(player.result.version, "2.0.3");
    assert_string_equal(player.result.revision, "libtorrent 2.0.8.0");
}

static void seed_tells_that_the_data_is_there(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_SEED);
    player_open(&player, &swb__driver_deluge);
    player.node.content_dir = "/tmp/swb-recorded/deluge-00/content";
    assert_int_equal(player_play(&player, &command, "deluge-seed.txt"), SWB_OK);
}

static void status_is_read(void **state)
{
    static const struct {
        const char *recording;
        swb_node_state state;
        uint64_t done;
        uint64_t received;
        uint64_t wasted;
    } cases[] = {
        {"deluge-status-seeding.txt", SWB_STATE_SERVING, RECORDED_BYTES, 0, 0},
        {"deluge-status-downloading.txt", SWB_STATE_FETCHING, 0, 0, SWB_COUNT_UNKNOWN},
        /* The state's name still says that it downloads. */
        {"deluge-status-complete.txt", SWB_STATE_SERVING, RECORDED_BYTES, RECORDED_BYTES, 0},
        {"deluge-status-absent.txt", SWB_STATE_ABSENT, SWB_COUNT_UNKNOWN, SWB_COUNT_UNKNOWN,
         SWB_COUNT_UNKNOWN},
    };
    const swb_command command = recorded_command(state, SWB_OP_STATUS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_player player;
        player_open(&player, &swb__driver_deluge);
        assert_int_equal(player_play(&player, &command, cases[i].recording), SWB_OK);
        assert_int_equal(player.result.state, cases[i].state);
        assert_true(player.result.bytes_done == cases[i].done);
        assert_true(player.result.payload_received == cases[i].received);
        assert_true(player.result.wasted == cases[i].wasted);
    }
}

/* Replies made here: each body packed as a frame. */
typedef struct reply_row {
    swb__buffer frames[8];
    size_t count;
    size_t next;
    swb_reply reply;
} reply_row;

static swb__buffer begin_reply(int kind, int64_t id)
{
    swb__buffer body = SWB__BUFFER_INIT(1u << 20);
    swb__rencode_put_list(&body, 3);
    swb__rencode_put_integer(&body, kind);
    swb__rencode_put_integer(&body, id);
    return body;
}

static void add_reply(reply_row *replies, swb__buffer *body)
{
    swb__buffer *frame = &replies->frames[replies->count++];
    *frame = (swb__buffer)SWB__BUFFER_INIT(1u << 20);
    swb__deluge_pack(frame, body);
    assert_int_equal(frame->status, SWB_OK);
    swb__buffer_finish(body);
}

static void add_integer(reply_row *replies, int64_t id, int64_t value)
{
    swb__buffer body = begin_reply(SWB__DELUGE_RESULT, id);
    swb__rencode_put_integer(&body, value);
    add_reply(replies, &body);
}

static const swb_reply *next_reply(void *argument, const swb__exchange *exchange)
{
    reply_row *replies = argument;
    (void)exchange;
    if (replies->next == replies->count) {
        return NULL;
    }
    const swb__buffer *frame = &replies->frames[replies->next++];
    replies->reply = (swb_reply){0, "", (const uint8_t *)frame->data, frame->length};
    return &replies->reply;
}

static void free_replies(reply_row *replies)
{
    assert_int_equal(replies->next, replies->count);
    for (size_t i = 0; i < replies->count; i++) {
        swb__buffer_finish(&replies->frames[i]);
    }
}

static void events_and_replies_to_others_are_passed_over(void **state)
{
    test_player player;
    reply_row replies = {.count = 0};
    const swb_command command = recorded_command(state, SWB_OP_READY);
    swb__buffer event = begin_reply(SWB__DELUGE_EVENT, 0);
    swb__rencode_put_none(&event);
    add_reply(&replies, &event);
    add_integer(&replies, 99, 5);
    add_integer(&replies, 1, 10);
    add_integer(&replies, 1, 10);
    add_integer(&replies, 2, 17001);
    player_open(&player, &swb__driver_deluge);
    assert_int_equal(player_run(&player, &command, next_reply, &replies), SWB_OK);
    assert_int_equal(player.exchanges, 5);
    free_replies(&replies);
}

static void login_holds_for_the_stream(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_READY);
    player_open(&player, &swb__driver_deluge);
    assert_int_equal(player_play(&player, &command, "deluge-ready.txt"), SWB_OK);
    reply_row same = {.count = 0};
    add_integer(&same, 3, 17001);
    assert_int_equal(player_run(&player, &command, next_reply, &same), SWB_OK);
    free_replies(&same);
    reply_row other = {.count = 0};
    player.connected = false;
    add_integer(&other, 4, 10);
    add_integer(&other, 5, 17001);
    assert_int_equal(player_run(&player, &command, next_reply, &other), SWB_OK);
    free_replies(&other);
}

static void login_without_the_right_to_administer_is_refused(void **state)
{
    test_player player;
    reply_row replies = {.count = 0};
    const swb_command command = recorded_command(state, SWB_OP_READY);
    add_integer(&replies, 1, 5);
    player_open(&player, &swb__driver_deluge);
    assert_int_equal(player_run(&player, &command, next_reply, &replies), SWB_EAUTH);
    free_replies(&replies);
}

static void events_without_end_are_ended(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_READY);
    player_open(&player, &swb__driver_deluge);
    reply_row flood = {.count = 0};
    swb__buffer event = begin_reply(SWB__DELUGE_EVENT, 0);
    swb__rencode_put_none(&event);
    add_reply(&flood, &event);
    swb_call *call = NULL;
    swb_error error = SWB_ERROR_INIT;
    const swb__exchange *exchange = NULL;
    bool retriable = false;
    const swb_reply *reply = NULL;
    int answer;
    assert_int_equal(
        swb__call_create(&call, player.driver, &player.node, &command, player.session, &error),
        SWB_OK);
    while ((answer = swb__call_advance(&exchange, &retriable, call, reply, &error)) ==
           SWB_CALL_SEND) {
        flood.next = 0;
        reply = next_reply(&flood, exchange);
    }
    assert_int_equal(answer, SWB_EPROTO);
    swb__call_destroy(call);
    free_replies(&flood);
}

static void login_bytes_are_those_of_the_daemon_s_own_client(void **state)
{
    static const uint8_t wanted[] = "\xc1\xc4\x01\x8c"
                                    "daemon.login\xc2\x85"
                                    "bench\x85"
                                    "bench\x67\x8e"
                                    "client_version\x85"
                                    "2.0.3";
    test_player player;
    swb_call *call = NULL;
    bool retriable;
    const swb__exchange *exchange = NULL;
    swb__buffer body = SWB__BUFFER_INIT(1024);
    const swb_command command = recorded_command(state, SWB_OP_READY);
    player_open(&player, &swb__driver_deluge);
    player.node.password = "bench";
    assert_int_equal(
        swb__call_create(&call, player.driver, &player.node, &command, player.session, NULL),
        SWB_OK);
    assert_int_equal(swb__call_advance(&exchange, &retriable, call, NULL, NULL), SWB_CALL_SEND);
    assert_int_equal(swb__deluge_unpack(&body, exchange->frame, exchange->frame_length), SWB_OK);
    assert_int_equal(body.length, sizeof wanted - 1);
    assert_memory_equal(body.data, wanted, body.length);
    swb__buffer_finish(&body);
    swb__call_destroy(call);
}

static void frames_are_delimited_and_bounded(void **state)
{
    size_t length = 77;
    (void)state;
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"", 0), SWB_OK);
    assert_int_equal(length, 0);
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"\1\0\0\0", 4), SWB_OK);
    assert_int_equal(length, 0);
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"\1\0\0\1\2", 5), SWB_OK);
    assert_int_equal(length, 5 + 258);
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"\2", 1), SWB_EPROTO);
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"HTTP/1.1", 8), SWB_EPROTO);
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"\1\0\0\0\0", 5), SWB_EPROTO);
    assert_int_equal(swb__deluge_frame(&length, (const uint8_t *)"\1\377\377\377\377", 5),
                     SWB_EPROTO);
}

static void zlib_bomb_stops_at_the_limit(void **state)
{
    enum { BOMB_BYTES = 64 << 20 };
    uint8_t *zeros = calloc(1, BOMB_BYTES);
    swb__buffer bomb = {zeros == NULL ? NULL : (char *)zeros, BOMB_BYTES, BOMB_BYTES, BOMB_BYTES,
                        SWB_OK};
    swb__buffer frame = SWB__BUFFER_INIT(BOMB_BYTES);
    swb__buffer body = SWB__BUFFER_INIT(SWB__DELUGE_REPLY_MAX);
    (void)state;
    assert_non_null(zeros);
    swb__deluge_pack(&frame, &bomb);
    assert_true(frame.length < 100000);
    assert_int_equal(swb__deluge_unpack(&body, (uint8_t *)frame.data, frame.length), SWB_EPROTO);
    assert_true(body.capacity <= 2 * SWB__DELUGE_REPLY_MAX);
    swb__buffer_finish(&body);
    swb__buffer_finish(&frame);
    free(zeros);
}

static void every_cut_and_damaged_frame_is_refused(void **state)
{
    swb__buffer body = begin_reply(SWB__DELUGE_RESULT, 1);
    swb__buffer frame = SWB__BUFFER_INIT(4096);
    (void)state;
    swb__rencode_put_text(&body, "some text that is long enough to be compressed, compressed");
    swb__deluge_pack(&frame, &body);
    for (size_t cut = 0; cut < frame.length; cut++) {
        swb__buffer out = SWB__BUFFER_INIT(4096);
        assert_int_equal(swb__deluge_unpack(&out, (uint8_t *)frame.data, cut), SWB_EPROTO);
        swb__buffer_finish(&out);
    }
    for (size_t at = 5; at < frame.length; at++) {
        swb__buffer out = SWB__BUFFER_INIT(4096);
        swb__deluge_message message;
        frame.data[at] ^= 0x55;
        if (swb__deluge_unpack(&out, (uint8_t *)frame.data, frame.length) == SWB_OK) {
            swb__deluge_read(&message, &out);
        }
        frame.data[at] ^= 0x55;
        swb__buffer_finish(&out);
    }
    swb__buffer_finish(&frame);
    swb__buffer_finish(&body);
}

static void bodies_that_are_no_message_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } bad[] = {
        {"\x01", 1},              /* an integer */
        {"\xc0", 1},              /* an empty list */
        {"\xc1\x01", 2},          /* a kind without an id */
        {"\xc2\x01\x01", 3},      /* no result */
        {"\xc3\x04\x01\x01", 4},  /* a kind that there is not */
        {"\xc3\x81x\x01\x01", 5}, /* a kind that is no number */
        {"\xc3\x01\x81x\x01", 5}, /* an id that is no number */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        swb__deluge_message message;
        swb__buffer body = SWB__BUFFER_INIT(64);
        swb__buffer_append(&body, bad[i].bytes, bad[i].length);
        assert_int_equal(swb__deluge_read(&message, &body), SWB_EPROTO);
        swb__buffer_finish(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_succeed_on_what_was_recorded),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(peers_of_an_unknown_torrent_are_refused),
        cmocka_unit_test(ready_waits_for_the_port_of_the_peers),
        cmocka_unit_test(wrong_password_is_refused_for_good),
        cmocka_unit_test(version_is_read),
        cmocka_unit_test(seed_tells_that_the_data_is_there),
        cmocka_unit_test(status_is_read),
        cmocka_unit_test(events_and_replies_to_others_are_passed_over),
        cmocka_unit_test(login_holds_for_the_stream),
        cmocka_unit_test(login_without_the_right_to_administer_is_refused),
        cmocka_unit_test(events_without_end_are_ended),
        cmocka_unit_test(login_bytes_are_those_of_the_daemon_s_own_client),
        cmocka_unit_test(frames_are_delimited_and_bounded),
        cmocka_unit_test(zlib_bomb_stops_at_the_limit),
        cmocka_unit_test(every_cut_and_damaged_frame_is_refused),
        cmocka_unit_test(bodies_that_are_no_message_are_refused),
    };
    return cmocka_run_group_tests(tests, make_recorded_torrent, free_recorded_torrent);
}
