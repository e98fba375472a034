/* qBittorrent's driver on recorded replies of 4.5.2, on documented ones of 5.2, and on bad ones. */
#include <string.h>

#include "drivers/builtin.h"
#include "recorded.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define LOGIN "> POST /api/v2/auth/login username=bench&password=secret7\n< 200 text/plain\nOk.\n"
#define INFO "> GET /api/v2/torrents/info?hashes=" RECORDED_HANDLE "\n"

static void plays_as(int wanted, void **state, swb_operation operation, const char *recording)
{
    test_player player;
    const swb_command command = recorded_command(state, operation);
    player_open(&player, &swb__driver_qbittorrent);
    int status = player_play(&player, &command, recording);
    if (status != wanted) {
        fail_msg("%s: %s instead of %s (%s)", recording, swb_status_name(status),
                 swb_status_name(wanted), player.error.message);
    }
}

static void operations_succeed_on_what_was_recorded(void **state)
{
    plays_as(SWB_OK, state, SWB_OP_READY, "qbittorrent4-ready.txt");
    plays_as(SWB_OK, state, SWB_OP_READY, "qbittorrent5-ready.txt");
    plays_as(SWB_OK, state, SWB_OP_LEECH, "qbittorrent4-leech.txt");
    plays_as(SWB_OK, state, SWB_OP_LEECH, "qbittorrent5-leech.txt");
    plays_as(SWB_OK, state, SWB_OP_PEERS, "qbittorrent4-peers.txt");
    plays_as(SWB_OK, state, SWB_OP_REMOVE, "qbittorrent4-remove.txt");
    plays_as(SWB_OK, state, SWB_OP_STOP, "qbittorrent4-stop.txt");
}

static void refusals_are_told_apart(void **state)
{
    plays_as(SWB_EAUTH, state, SWB_OP_READY, "qbittorrent4-ready-banned.txt");
    plays_as(SWB_EEXIST, state, SWB_OP_LEECH, "qbittorrent4-leech-again.txt");
    plays_as(SWB_EEXIST, state, SWB_OP_LEECH, "qbittorrent5-leech-again.txt");
    plays_as(SWB_ENOENT, state, SWB_OP_REMOVE, "qbittorrent4-remove-unknown.txt");
}

static void seed_skips_the_check_of_the_data(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_SEED);
    player_open(&player, &swb__driver_qbittorrent);
    player.node.content_dir = "/tmp/swb-recorded/qbittorrent-00/content";
    assert_int_equal(player_play(&player, &command, "qbittorrent4-seed.txt"), SWB_OK);
}

static const swb_reply *taken_but_never_there(void *argument, const swb__exchange *exchange)
{
    static const swb_reply taken = {200, "text/plain", (const uint8_t *)"Ok.", 3};
    static const swb_reply nothing = {200, "application/json", (const uint8_t *)"[]", 2};
    (void)argument;
    return strcmp(exchange->method, "POST") == 0 ? &taken : &nothing;
}

static void torrent_that_never_appears_is_not_awaited_for_ever(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_LEECH);
    player_open(&player, &swb__driver_qbittorrent);
    assert_int_equal(player_run(&player, &command, taken_but_never_there, NULL), SWB_EREMOTE);
    assert_string_equal(player.error.message, "leech: the torrent was taken, but does not appear");
}

static void wrong_password_is_refused_for_good_in_both_dialects(void **state)
{
    static const char *const recordings[] = {"qbittorrent4-ready-wrong-password.txt",
                                             "qbittorrent5-ready-wrong-password.txt"};
    const swb_command command = recorded_command(state, SWB_OP_READY);
    for (size_t i = 0; i < COUNT(recordings); i++) {
        test_player player;
        player_open(&player, &swb__driver_qbittorrent);
        player.node.password = "wrong";
        assert_int_equal(player_play(&player, &command, recordings[i]), SWB_EAUTH);
        assert_false(player.retriable);
        assert_string_equal(player.error.message, "ready: wrong user name or password");
    }
}

static void version_is_read(void **state)
{
    test_player player;
    const swb_command command = recorded_command(state, SWB_OP_VERSION);
    player_open(&player, &swb__driver_qbittorrent);
    assert_int_equal(player_play(&player, &command, "qbittorrent4-version.txt"), SWB_OK);
    assert_string_equal(player.result.version, "v4.5.2");
    assert_string_equal(player.result.api_version, "2.8.19");
    assert_string_equal(player.result.revision, "libtorrent 2.0.8.0");
}

static void status_is_read(void **state)
{
    static const struct {
        const char *recording;
        swb_node_state state;
        uint64_t done;
        uint64_t received;
        uint64_t wasted;
        uint64_t peers;
    } cases[] = {
        {"qbittorrent4-status-checking.txt", SWB_STATE_CHECKING, RECORDED_BYTES, 0,
         SWB_COUNT_UNKNOWN, 0},
        {"qbittorrent4-status-seeding.txt", SWB_STATE_SERVING, RECORDED_BYTES, 0, 0, 0},
        {"qbittorrent4-status-downloading.txt", SWB_STATE_FETCHING, 0, 0, SWB_COUNT_UNKNOWN, 0},
        {"qbittorrent4-status-complete.txt", SWB_STATE_SERVING, RECORDED_BYTES, RECORDED_BYTES, 0,
         0},
        {"qbittorrent4-status-absent.txt", SWB_STATE_ABSENT, SWB_COUNT_UNKNOWN, SWB_COUNT_UNKNOWN,
         SWB_COUNT_UNKNOWN, SWB_COUNT_UNKNOWN},
        {"qbittorrent5-status-stopped.txt", SWB_STATE_PAUSED, 1048576, 1048999, SWB_COUNT_UNKNOWN,
         3},
    };
    const swb_command command = recorded_command(state, SWB_OP_STATUS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_player player;
        player_open(&player, &swb__driver_qbittorrent);
        assert_int_equal(player_play(&player, &command, cases[i].recording), SWB_OK);
        assert_int_equal(player.result.state, cases[i].state);
        assert_true(player.result.bytes_done == cases[i].done);
        assert_true(player.result.payload_received == cases[i].received);
        assert_true(player.result.wasted == cases[i].wasted);
        assert_true(player.result.peers == cases[i].peers);
    }
}

static void every_state_name_has_its_meaning(void **state)
{
    static const struct {
        const char *name;
        swb_node_state state;
    } cases[] = {
        {"error", SWB_STATE_FAILED},      {"missingFiles", SWB_STATE_FAILED},
        {"forcedDL", SWB_STATE_FETCHING}, {"metaDL", SWB_STATE_FETCHING},
        {"stoppedUP", SWB_STATE_PAUSED},  {"pausedUP", SWB_STATE_PAUSED},
        {"queuedDL", SWB_STATE_PAUSED},   {"checkingUP", SWB_STATE_CHECKING},
        {"moving", SWB_STATE_CHECKING},   {"somethingNew", SWB_STATE_UNKNOWN},
    };
    const swb_command command = recorded_command(state, SWB_OP_STATUS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1024];
        test_player player;
        player_open(&player, &swb__driver_qbittorrent);
        snprintf(text, sizeof text,
                 LOGIN INFO "< 200 application/json\n[{\"state\":\"%s\",\"completed\":-1,"
                            "\"downloaded\":1e300,\"uploaded\":\"many\"}]\n",
                 cases[i].name);
        assert_int_equal(player_play_text(&player, &command, text), SWB_OK);
        assert_int_equal(player.result.state, cases[i].state);
        assert_true(player.result.bytes_done == SWB_COUNT_UNKNOWN);
        assert_true(player.result.payload_received == SWB_COUNT_UNKNOWN);
        assert_true(player.result.payload_sent == SWB_COUNT_UNKNOWN);
        assert_string_equal(player.result.detail,
                            cases[i].state == SWB_STATE_FAILED ? cases[i].name : "");
    }
}

static void login_holds_and_is_renewed_once_when_it_does_not(void **state)
{
    test_player player;
    swb_command command = recorded_command(state, SWB_OP_READY);
    const char *const version = "> GET /api/v2/app/webapiVersion\n";
    char text[512];
    player_open(&player, &swb__driver_qbittorrent);
    assert_int_equal(player_play(&player, &command, "qbittorrent4-ready.txt"), SWB_OK);
    snprintf(text, sizeof text, "%s< 200 text/plain\n2.8.19\n", version);
    assert_int_equal(player_play_text(&player, &command, text), SWB_OK);
    snprintf(text, sizeof text, "%s< 403 text/plain\nForbidden\n" LOGIN "%s< 200 text/plain\n2.8\n",
             version, version);
    assert_int_equal(player_play_text(&player, &command, text), SWB_OK);
    snprintf(text, sizeof text, "%s< 403 text/plain\nForbidden\n" LOGIN "%s< 403 text/plain\n\n",
             version, version);
    assert_int_equal(player_play_text(&player, &command, text), SWB_EAUTH);
    assert_true(player.retriable);
}

static void bad_replies_are_told_apart(void **state)
{
    static const struct {
        const char *reply;
        int status;
        bool retriable;
        const char *message;
    } cases[] = {
        {"< 500 text/plain\nboom", SWB_EREMOTE, true, "status: HTTP 500 for now: 'boom'"},
        {"< 503 text/html\n<html>", SWB_EREMOTE, true, "status: HTTP 503 for now: '<html>'"},
        {"< 429 text/plain\n", SWB_EREMOTE, true, "status: HTTP 429 for now: ''"},
        {"< 405 text/plain\nno", SWB_EREMOTE, false, "status: HTTP 405 refused: 'no'"},
        {"< 404 text/plain\nno", SWB_ENOENT, false, "status: HTTP 404 not found: 'no'"},
        {"< 200 application/json\n", SWB_EPROTO, true,
         "status: an empty reply where JSON was expected"},
        {"< 200 text/html\n<!DOCTYPE html>", SWB_EPROTO, false,
         "status: HTTP 200 is a web page: '<!DOCTYPE html>'"},
        {"< 200 application/json\n[{\"state\":", SWB_EPROTO, false,
         "status: HTTP 200 is no JSON: '[{\"state\":'"},
        {"< 200 application/json\n{}", SWB_EPROTO, false,
         "status: the list of torrents is no array"},
        {"< 200 application/json\n[7]", SWB_EPROTO, false, "status: the torrent has no state"},
        {"< 200 application/json\n[{\"state\":5}]", SWB_EPROTO, false,
         "status: the torrent has no state"},
    };
    const swb_command command = recorded_command(state, SWB_OP_STATUS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        test_player player;
        player_open(&player, &swb__driver_qbittorrent);
        snprintf(text, sizeof text, LOGIN INFO "%s\n", cases[i].reply);
        assert_int_equal(player_play_text(&player, &command, text), cases[i].status);
        assert_int_equal(player.retriable, cases[i].retriable);
        assert_string_equal(player.error.message, cases[i].message);
    }
}

static void unknown_torrent_may_yet_appear(void **state)
{
    test_player player;
    swb_command command = recorded_command(state, SWB_OP_PEERS);
    const swb_peer peer = {"127.0.0.1", 1};
    command.peers = &peer;
    player_open(&player, &swb__driver_qbittorrent);
    assert_int_equal(player_play(&player, &command, "qbittorrent4-peers-unknown.txt"), SWB_ENOENT);
    assert_true(player.retriable);
}

static void peers_go_in_one_request_and_ipv6_in_brackets(void **state)
{
    test_player player;
    swb_command command = recorded_command(state, SWB_OP_PEERS);
    const swb_peer peers[] = {{"10.0.0.1", 7}, {"fd00::2", 65535}};
    command.peers = peers;
    command.peer_count = 2;
    player_open(&player, &swb__driver_qbittorrent);
    assert_int_equal(player_play_text(&player, &command,
                                      LOGIN
                                      "> POST /api/v2/torrents/addPeers hashes=" RECORDED_HANDLE
                                      "&peers=10.0.0.1:7|[fd00::2]:65535\n"
                                      "< 200 application/json\n{\"" RECORDED_HANDLE
                                      "\":{\"added\":2,\"failed\":0}}\n"),
                     SWB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_succeed_on_what_was_recorded),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(torrent_that_never_appears_is_not_awaited_for_ever),
        cmocka_unit_test(seed_skips_the_check_of_the_data),
        cmocka_unit_test(wrong_password_is_refused_for_good_in_both_dialects),
        cmocka_unit_test(version_is_read),
        cmocka_unit_test(status_is_read),
        cmocka_unit_test(every_state_name_has_its_meaning),
        cmocka_unit_test(login_holds_and_is_renewed_once_when_it_does_not),
        cmocka_unit_test(bad_replies_are_told_apart),
        cmocka_unit_test(unknown_torrent_may_yet_appear),
        cmocka_unit_test(peers_go_in_one_request_and_ipv6_in_brackets),
    };
    return cmocka_run_group_tests(tests, make_recorded_torrent, free_recorded_torrent);
}
