/* The Codex driver on replies of a real node (v0.2.5), on those that the newer generation's source
 * documents, and on bad ones. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/codex.h"
#include "drivers/launch.h"
#include "support/player.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define RECORDINGS "tests/unit/drivers/recordings/codex/"
#define CID "zDvZRwzm9b2B7NFHgVZC8k53ifhm1zjxWortfaJHCcJemEZcLYJx"
#define BYTES 10485760
#define MAX_REPLIES 8

/* --- recordings: "REQUEST\nHEADERS\n----\nREPLY" --- */

typedef struct recording {
    char *text;
    char *request; /* "GET /path" */
    swb_reply reply;
    char type[64];
} recording;

static char *read_all(const char *name)
{
    char path[256];
    char *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, RECORDINGS "%s.txt", name);
    FILE *file = fopen(path, "r");
    if (file == NULL || getdelim(&text, &size, '\0', file) < 0) {
        fail_msg("no recording %s", path);
    }
    fclose(file);
    return text;
}

static void read_head(recording *out, char *head)
{
    /* A "100 Continue" may come before the reply itself. */
    for (char *at = head; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++) {
        out->reply.http_status = (int)strtol(at + strlen("HTTP/1.1 "), NULL, 10);
    }
    char *type = strstr(head, "Content-Type: ");
    if (type != NULL) {
        type += strlen("Content-Type: ");
        snprintf(out->type, sizeof out->type, "%.*s", (int)strcspn(type, ";\r\n"), type);
    }
}

/* The metrics pages were kept as their bodies alone. */
static void recording_open(recording *out, const char *name)
{
    memset(out, 0, sizeof *out);
    out->text = read_all(name);
    out->reply = (swb_reply){200, out->type, (const uint8_t *)out->text, strlen(out->text)};
    char *reply = strstr(out->text, "\n----\n");
    if (reply != NULL) {
        char *end = strstr(out->text, " HTTP/1.1");
        assert_non_null(end);
        *end = '\0';
        out->request = out->text;
        reply += strlen("\n----\n");
        char *body = strstr(reply, "\n\n");
        assert_non_null(body);
        *body = '\0';
        read_head(out, reply);
        body += 2;
        body[strcspn(body, "") - (body[0] != '\0' && body[strlen(body) - 1] == '\n')] = '\0';
        out->reply.body = (const uint8_t *)body;
        out->reply.length = strlen(body);
    }
}

typedef struct replies {
    const char *names[MAX_REPLIES]; /* of recordings, in the order of the driver's requests */
    recording open[MAX_REPLIES];
    size_t next;
} replies;

static const swb_reply *next_recording(void *argument, const swb__exchange *exchange)
{
    replies *list = argument;
    char sent[512];
    assert_true(list->next < MAX_REPLIES && list->names[list->next] != NULL);
    recording *at = &list->open[list->next];
    recording_open(at, list->names[list->next++]);
    snprintf(sent, sizeof sent, "%s %s", exchange->method, exchange->path);
    if (at->request != NULL) {
        assert_string_equal(sent, at->request);
    } else {
        assert_true(exchange->extra);
        assert_string_equal(sent, "GET /metrics");
    }
    return &at->reply;
}

static swb_command command_for(swb_operation operation, const swb_content *content)
{
    return (swb_command){.operation = operation, .handle = CID, .content = content};
}

static void open_recorded(test_player *player, swb__codex_generation api)
{
    player_open(player, &swb__driver_codex);
    player->node.content_bytes = BYTES;
    ((swb__codex_session *)(void *)player->session)->api = api;
}

/* Performs an operation on recordings; all of them are played. */
static int play_recorded(test_player *player, swb_operation operation, void **state,
                         const char *const *names)
{
    replies list = {.next = 0};
    const swb_command command = command_for(operation, *state);
    for (size_t i = 0; names[i] != NULL; i++) {
        list.names[i] = names[i];
    }
    int status = player_run(player, &command, next_recording, &list);
    assert_true(list.names[list.next] == NULL);
    for (size_t i = 0; i < list.next; i++) {
        free(list.open[i].text);
    }
    return status;
}

#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static int make_content(void **state)
{
    swb_content *content = NULL;
    assert_int_equal(swb_content_create(&content, 7, BYTES, NULL), SWB_OK);
    *state = content;
    return 0;
}

static int free_content(void **state)
{
    swb_content_destroy(*state);
    return 0;
}

/* --- what was recorded --- */

static void node_of_the_older_generation_is_recognized_and_found_by_its_record(void **state)
{
    test_player player;
    const swb_command command = command_for(SWB_OP_READY, *state);
    recording info;
    recording unknown;
    recording record;
    char text[8192];
    recording_open(&info, "debug-info");
    recording_open(&unknown, "unknown-path");
    recording_open(&record, "spr-text");
    snprintf(text, sizeof text,
             "> GET /api/storage/v1/debug/info\n< %d %s\n%s\n"
             "> GET /api/codex/v1/debug/info\n< 200 application/json\n%s\n"
             "> GET /api/codex/v1/debug/info\n< 200 application/json\n%s\n",
             unknown.reply.http_status, unknown.type, (const char *)unknown.reply.body,
             (const char *)info.reply.body, (const char *)info.reply.body);
    player_open(&player, &swb__driver_codex);
    assert_int_equal(player_play_text(&player, &command, text), SWB_OK);
    assert_string_equal(player.result.bootstrap, (const char *)record.reply.body);
    free(info.text);
    free(unknown.text);
    free(record.text);
}

static void version_and_revision_are_read(void **state)
{
    test_player player;
    open_recorded(&player, SWB__CODEX_OLDER);
    assert_int_equal(play_recorded(&player, SWB_OP_VERSION, state, NAMES("debug-info")), SWB_OK);
    assert_string_equal(player.result.version, "v0.2.5");
    assert_string_equal(player.result.revision, "bd49591f");
    assert_string_equal(player.result.api_version, "codex/v1");
    assert_false(player.result.stand_in);
}

static void upload_names_the_content(void **state)
{
    test_player player;
    open_recorded(&player, SWB__CODEX_OLDER);
    assert_int_equal(play_recorded(&player, SWB_OP_SEED, state, NAMES("upload")), SWB_OK);
    assert_string_equal(player.result.handle, CID);
    assert_int_equal(play_recorded(&player, SWB_OP_SEED, state, NAMES("ec-upload")), SWB_OK);
    assert_string_equal(player.result.handle,
                        "zDvZRwzm3bm6d93Q66b7RNTqfj6TqWcyLqfC8euUy3ySgfTiT6Pq");
}

static void upload_is_streamed_with_a_type_that_the_node_takes(void **state)
{
    swb_call *call = NULL;
    const swb__exchange *exchange = NULL;
    bool retriable = false;
    test_player player;
    const swb_command command = command_for(SWB_OP_SEED, *state);
    open_recorded(&player, SWB__CODEX_NEWER);
    assert_int_equal(
        swb__call_create(&call, &swb__driver_codex, &player.node, &command, player.session, NULL),
        SWB_OK);
    assert_int_equal(swb__call_advance(&exchange, &retriable, call, NULL, NULL), SWB_CALL_SEND);
    assert_string_equal(exchange->path, "/api/storage/v1/data");
    assert_true(exchange->upload_content);
    assert_int_equal(exchange->header_count, 1);
    assert_string_equal(exchange->headers[0].name, "Content-Type");
    assert_string_equal(exchange->headers[0].value, "application/octet-stream");
    swb__call_destroy(call);
}

static void refusals_are_told_apart(void **state)
{
    static const struct {
        swb_operation operation;
        const char *recording;
        int status;
        const char *message;
    } cases[] = {
        {SWB_OP_SEED, "upload-empty", SWB_EREMOTE, "it saw no body in the upload"},
        {SWB_OP_SEED, "upload-bad-mime", SWB_EREMOTE, "it refuses the upload's MIME type"},
        {SWB_OP_READ, "local-absent", SWB_ENOENT, "the content is not on the node"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_player player;
        open_recorded(&player, SWB__CODEX_OLDER);
        assert_int_equal(
            play_recorded(&player, cases[i].operation, state, NAMES(cases[i].recording)),
            cases[i].status);
        assert_false(player.retriable);
        assert_non_null(strstr(player.error.message, cases[i].message));
    }
}

/* Replies whose request was another operation's, or an invented one. */
static void every_other_refusal_has_its_meaning(void **state)
{
    static const struct {
        const char *recording; /* or NULL: `reply` */
        const char *reply;
        int status;
        const char *message;
    } cases[] = {
        {"bad-cid", NULL, SWB_EINPUT, "it takes this for no CID"},
        {"storage-request-without-persistence", NULL, SWB_EUNSUPPORTED,
         "it runs without persistence"},
        {"ec-request-bad-tolerance", NULL, SWB_EINPUT, "it refuses the parameters"},
        {"unknown-path", NULL, SWB_EUNSUPPORTED, "this version has no such call"},
        {NULL, "500 text/html\nUnable to store block zDx1", SWB_ENOSPACE,
         "its storage quota is full"},
        {NULL, "500 text/html\nError retries exhausted", SWB_ENOENT, "nobody gave it the content"},
        {NULL, "404 text/html\nError retries exhausted", SWB_ENOENT, "nobody gave it the content"},
        {NULL, "500 text/html\nCID has invalid content type for manifest", SWB_EINPUT,
         "the CID names no dataset"},
        {NULL, "404 text/html\nnope", SWB_ENOENT, "HTTP 404 not found: 'nope'"},
        {NULL, "500 text/html\nboom", SWB_EREMOTE, "HTTP 500 for now: 'boom'"},
        {NULL, "405 text/html\n", SWB_EREMOTE, "HTTP 405 refused: ''"},
    };
    const swb_command command = command_for(SWB_OP_LEECH, *state);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        test_player player;
        recording found = {.text = NULL};
        open_recorded(&player, SWB__CODEX_OLDER);
        if (cases[i].recording != NULL) {
            recording_open(&found, cases[i].recording);
            snprintf(text, sizeof text,
                     "> GET /api/codex/v1/data/" CID "/network/stream\n< %d %s\n%s\n",
                     found.reply.http_status, found.type, (const char *)found.reply.body);
        } else {
            snprintf(text, sizeof text, "> GET /api/codex/v1/data/" CID "/network/stream\n< %s\n",
                     cases[i].reply);
        }
        assert_int_equal(player_play_text(&player, &command, text), cases[i].status);
        assert_non_null(strstr(player.error.message, cases[i].message));
        free(found.text);
    }
}

static void stream_is_the_whole_download(void **state)
{
    test_player player;
    open_recorded(&player, SWB__CODEX_OLDER);
    assert_int_equal(play_recorded(&player, SWB_OP_LEECH, state, NAMES("stream")), SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_SERVING);
    assert_int_equal(player.result.bytes_done, BYTES);
}

static void status_of_a_leecher_reads_its_counters(void **state)
{
    test_player player;
    open_recorded(&player, SWB__CODEX_OLDER);
    play_recorded(&player, SWB_OP_LEECH, state, NAMES("stream"));
    assert_int_equal(
        play_recorded(&player, SWB_OP_STATUS, state, NAMES("exists-present", "metrics-leecher")),
        SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_SERVING);
    assert_int_equal(player.result.bytes_done, BYTES);
    assert_int_equal(player.result.payload_received, BYTES); /* 161 blocks, one the manifest */
    assert_int_equal(player.result.payload_sent, 0);
    assert_int_equal(player.result.wasted, 0);
    assert_int_equal(player.result.wire_received, 10566716);
    assert_int_equal(player.result.wire_sent, 19303);
}

static void status_of_a_seeder_reads_its_counters(void **state)
{
    test_player player;
    open_recorded(&player, SWB__CODEX_OLDER);
    play_recorded(&player, SWB_OP_SEED, state, NAMES("upload"));
    assert_int_equal(
        play_recorded(&player, SWB_OP_STATUS, state, NAMES("exists-present", "metrics-seeder")),
        SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_SERVING);
    assert_int_equal(player.result.payload_received, 0);
    assert_true(player.result.payload_sent >= BYTES);
    assert_true(player.result.payload_sent != SWB_COUNT_UNKNOWN);
}

static void absent_content_is_told_and_its_removal_refused(void **state)
{
    test_player player;
    open_recorded(&player, SWB__CODEX_OLDER);
    assert_int_equal(
        play_recorded(&player, SWB_OP_STATUS, state, NAMES("exists-absent", "metrics-leecher")),
        SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_ABSENT);
    assert_int_equal(play_recorded(&player, SWB_OP_REMOVE, state, NAMES("exists-absent")),
                     SWB_ENOENT);
    assert_int_equal(
        play_recorded(&player, SWB_OP_REMOVE, state, NAMES("exists-present", "delete")), SWB_OK);
    assert_int_equal(
        play_recorded(&player, SWB_OP_REMOVE, state, NAMES("exists-present", "delete-again")),
        SWB_OK);
}

/* --- fetching in the background --- */

static void open_background(test_player *player, swb__codex_generation api)
{
    open_recorded(player, api);
    player->options[SWB__CODEX_DOWNLOAD].integer = SWB__CODEX_BACKGROUND;
}

#define SPACE(api, blocks, bytes)                                                                  \
    "> GET /api/" api "/v1/space\n< 200 application/json\n{\"totalBlocks\":" blocks                \
    ",\"quotaMaxBytes\":419430400,\"quotaUsedBytes\":" bytes ",\"quotaReservedBytes\":0}\n"
#define EXISTS(api)                                                                                \
    "> GET /api/" api "/v1/data/" CID "/exists\n< 200 application/json\n{\"" CID "\":true}\n"
#define METRICS "> GET extra:/metrics\n< 200 text/plain\n\n"
#define FETCH "> POST /api/storage/v1/data/" CID "/network\n< 200 application/json\n"
#define MANIFEST "\"cid\":\"" CID "\",\"manifest\":{\"datasetSize\":10485760,\"blockSize\":65536}"
#define PROGRESS                                                                                   \
    EXISTS("storage")                                                                              \
    "> GET /api/storage/v1/data/" CID "/network/progress/18446744073709551615\n"                   \
    "< 200 application/json\n"

static void background_fetch_of_the_older_generation_is_followed_by_its_space(void **state)
{
    test_player player;
    const swb_command status = command_for(SWB_OP_STATUS, *state);
    open_background(&player, SWB__CODEX_OLDER);
    assert_int_equal(
        play_recorded(&player, SWB_OP_LEECH, state, NAMES("space-empty", "fetch-async")), SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_FETCHING);
    assert_int_equal(
        player_play_text(&player, &status, EXISTS("codex") SPACE("codex", "41", "2621534")),
        SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_FETCHING);
    assert_int_equal(player.result.bytes_done, 2621534);
    /* All blocks but one, and the manifest. */
    assert_int_equal(
        player_play_text(&player, &status, EXISTS("codex") SPACE("codex", "160", "10420318")),
        SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_FETCHING);
    assert_int_equal(play_recorded(&player, SWB_OP_STATUS, state,
                                   NAMES("exists-present", "space-used", "metrics-leecher")),
                     SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_SERVING);
    assert_int_equal(player.result.bytes_done, BYTES);
}

static void background_fetch_of_the_newer_generation_tells_its_progress(void **state)
{
    test_player player;
    const swb_command leech = command_for(SWB_OP_LEECH, *state);
    const swb_command status = command_for(SWB_OP_STATUS, *state);
    open_background(&player, SWB__CODEX_NEWER);
    assert_int_equal(player_play_text(&player, &leech,
                                      SPACE("storage", "0", "0") FETCH
                                      "{" MANIFEST ",\"downloadId\":18446744073709551615}\n"),
                     SWB_OK);
    assert_int_equal(player_play_text(&player, &status,
                                      PROGRESS "{\"active\":true,\"received\":3,\"total\":160,"
                                               "\"bytes\":196608}\n"),
                     SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_FETCHING);
    assert_int_equal(player.result.bytes_done, 196608);
    assert_int_equal(player_play_text(&player, &status,
                                      PROGRESS "{\"active\":false}\n" SPACE("storage", "161",
                                                                            "10485854") METRICS),
                     SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_SERVING);
    assert_int_equal(player.result.bytes_done, BYTES);
    assert_true(player.result.payload_received == SWB_COUNT_UNKNOWN);
}

static void background_fetch_that_ends_before_all_is_there_has_failed(void **state)
{
    test_player player;
    const swb_command leech = command_for(SWB_OP_LEECH, *state);
    const swb_command status = command_for(SWB_OP_STATUS, *state);
    open_background(&player, SWB__CODEX_NEWER);
    assert_int_equal(player_play_text(&player, &leech,
                                      SPACE("storage", "0", "0") FETCH
                                      "{\"downloadId\":\"18446744073709551615\"," MANIFEST "}\n"),
                     SWB_OK);
    assert_int_equal(
        player_play_text(&player, &status,
                         PROGRESS "{\"active\":false}\n" SPACE("storage", "81", "5242974") METRICS),
        SWB_OK);
    assert_int_equal(player.result.state, SWB_STATE_FAILED);
    assert_string_equal(player.result.detail,
                        "the fetch ended with 5242974 of 10485760 bytes on the node");
}

static void dataset_of_another_size_is_no_copy_of_the_content(void **state)
{
    test_player player;
    open_background(&player, SWB__CODEX_OLDER);
    player.node.content_bytes = BYTES - 1;
    assert_int_equal(
        play_recorded(&player, SWB_OP_LEECH, state, NAMES("space-empty", "fetch-async")),
        SWB_EMISMATCH);
}

static void recorded_manifests_and_lists_are_those_of_the_content(void **state)
{
    static const char *const names[] = {"manifest", "data-list", "fetch-async"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        recording found;
        recording_open(&found, names[i]);
        assert_non_null(strstr((const char *)found.reply.body, CID));
        assert_non_null(strstr((const char *)found.reply.body, "\"datasetSize\":10485760"));
        free(found.text);
    }
}

/* --- bad replies --- */

static void bad_replies_are_told_apart(void **state)
{
    static const struct {
        swb_operation operation;
        const char *tape;
        int status;
        bool retriable;
        const char *message;
    } cases[] = {
        {SWB_OP_READY, "> GET /api/codex/v1/debug/info\n< 200 application/json\n{}\n", SWB_EPROTO,
         true, "tells no record"},
        {SWB_OP_READY, "> GET /api/codex/v1/debug/info\n< 200 application/json\n{\"spr\":7}\n",
         SWB_EPROTO, true, "tells no record"},
        {SWB_OP_READY, "> GET /api/codex/v1/debug/info\n< 200 application/json\n[]\n", SWB_EPROTO,
         false, "no object"},
        {SWB_OP_READY, "> GET /api/codex/v1/debug/info\n< 200 text/html\n<html>\n", SWB_EPROTO,
         false, "is a web page"},
        {SWB_OP_READY, "> GET /api/codex/v1/debug/info\n< 503 text/plain\nsoon\n", SWB_EREMOTE,
         true, "for now"},
        {SWB_OP_VERSION, "> GET /api/codex/v1/debug/info\n< 200 application/json\n{\"codex\":5}\n",
         SWB_EPROTO, false, "tells no version"},
        {SWB_OP_SEED, "> POST /api/codex/v1/data\n< 200 text/plain\n\n", SWB_EPROTO, true,
         "an empty reply"},
        {SWB_OP_SEED, "> POST /api/codex/v1/data\n< 200 text/plain\n../../etc\n", SWB_EPROTO, false,
         "is no CID"},
        {SWB_OP_STATUS, EXISTS("codex") "> GET extra:/metrics\n< 500 text/plain\nx\n", SWB_EREMOTE,
         true, "for now"},
        {SWB_OP_STATUS, "> GET /api/codex/v1/data/" CID "/exists\n< 200 application/json\n{}\n",
         SWB_EPROTO, false, "neither true nor false"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_player player;
        const swb_command command = command_for(cases[i].operation, *state);
        open_recorded(&player, SWB__CODEX_OLDER);
        assert_int_equal(player_play_text(&player, &command, cases[i].tape), cases[i].status);
        assert_int_equal(player.retriable, cases[i].retriable);
        assert_non_null(strstr(player.error.message, cases[i].message));
    }
}

static void bad_replies_to_a_background_fetch_are_told(void **state)
{
    static const struct {
        const char *tape;
        const char *message;
    } cases[] = {
        {"> GET /api/storage/v1/space\n< 200 application/json\n{\"totalBlocks\":-1}\n",
         "'space' tells no totalBlocks"},
        {SPACE("storage", "0", "0") FETCH "{}\n", "the manifest tells no datasetSize"},
        {SPACE("storage", "0", "0") FETCH "{\"manifest\":{\"datasetSize\":10485760,"
                                          "\"blockSize\":0}}\n",
         "the manifest tells no datasetSize or blockSize"},
        {SPACE("storage", "0", "0") FETCH "{" MANIFEST "}\n", "the fetch has no downloadId"},
        {SPACE("storage", "0", "0") FETCH
         "{" MANIFEST ",\"downloadId\":\"1234567890123456789012345678901234\"}\n",
         "the fetch has no downloadId"},
    };
    const swb_command command = command_for(SWB_OP_LEECH, *state);
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_player player;
        open_background(&player, SWB__CODEX_NEWER);
        assert_int_equal(player_play_text(&player, &command, cases[i].tape), SWB_EPROTO);
        assert_non_null(strstr(player.error.message, cases[i].message));
    }
}

static void neither_generation_is_no_node(void **state)
{
    test_player player;
    const swb_command command = command_for(SWB_OP_READY, *state);
    player_open(&player, &swb__driver_codex);
    assert_int_equal(player_play_text(&player, &command,
                                      "> GET /api/storage/v1/debug/info\n< 404 \n"
                                      "> GET /api/codex/v1/debug/info\n< 404 \n"),
                     SWB_EPROTO);
    assert_false(player.retriable);
    assert_non_null(strstr(player.error.message, "neither as Codex nor as Logos Storage"));
}

static void stand_in_names_itself(void **state)
{
    test_player player;
    const swb_command command = command_for(SWB_OP_VERSION, *state);
    open_recorded(&player, SWB__CODEX_NEWER);
    assert_int_equal(player_play_text(&player, &command,
                                      "> GET /api/storage/v1/debug/info\n"
                                      "< 200 application/json\n{\"storage\":{\"version\":"
                                      "\"stand-in v0.4.5\",\"revision\":\"10bb4975\"}}\n"),
                     SWB_OK);
    assert_true(player.result.stand_in);
    assert_string_equal(player.result.api_version, "storage/v1");
}

static void metrics_of_any_shape_are_survived(void **state)
{
    static const char *const pages[] = {
        "",
        "\n\n\n",
        "libp2p_network_bytes_total{direction=\"in\"}",
        "libp2p_network_bytes_total{direction=\"in\"} \n",
        "libp2p_network_bytes_total{direction=\"in\"} nan\n",
        "libp2p_network_bytes_total{direction=\"in\"} -1\n",
        "libp2p_network_bytes_total{direction=\"in\"} 1e300\n",
        "# libp2p_network_bytes_total{direction=\"in\"} 7\n",
        "codex_block_exchange_blocks_received_total 8e15\n",
    };
    for (size_t i = 0; i < COUNT(pages); i++) {
        char text[512];
        test_player player;
        const swb_command command = command_for(SWB_OP_STATUS, *state);
        open_recorded(&player, SWB__CODEX_OLDER);
        snprintf(text, sizeof text, EXISTS("codex") "> GET extra:/metrics\n< 200 text/plain\n%s",
                 pages[i]);
        assert_int_equal(player_play_text(&player, &command, text), SWB_OK);
        assert_true(player.result.wire_received == SWB_COUNT_UNKNOWN);
        assert_true(player.result.payload_received == SWB_COUNT_UNKNOWN);
    }
}

static void handle_that_is_no_cid_is_not_sent(void **state)
{
    static const char *const handles[] = {"", "../spr", "a b", "z?x=1", NULL};
    for (size_t i = 0; i < COUNT(handles); i++) {
        test_player player;
        swb_command command = command_for(SWB_OP_LEECH, *state);
        command.handle = handles[i];
        open_recorded(&player, SWB__CODEX_OLDER);
        assert_int_equal(player_run(&player, &command, NULL, NULL), SWB_EINPUT);
        assert_int_equal(player.exchanges, 0);
    }
}

/* --- launch --- */

/* The command line of the player's node, in one line. */
static void command_line(char *out, size_t size, const test_player *player)
{
    swb_launch *launch = NULL;
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    assert_int_equal(swb__driver_codex.launch(&player->node, launch, NULL), SWB_OK);
    assert_int_equal(swb__launch_status(launch, NULL), SWB_OK);
    const swb_launch_entry *entry = swb_launch_entry_at(launch, 0);
    assert_string_equal(entry->path, "data");
    assert_int_equal(entry->mode, 0700);
    out[0] = '\0';
    for (const char *const *at = swb_launch_argv(launch); *at != NULL; at++) {
        size_t length = strlen(out);
        snprintf(out + length, size - length, "%s%s", length > 0 ? " " : "", *at);
    }
    swb__launch_destroy(launch);
}

static void older_command_line_is_complete(void **state)
{
    test_player player;
    char line[2048];
    (void)state;
    player_open(&player, &swb__driver_codex);
    player.node.program = "/opt/codex";
    player.node.bootstrap = "spr:abc";
    player.options[SWB__CODEX_BLOCK_RETRIES].integer = 5;
    command_line(line, sizeof line, &player);
    assert_string_equal(line, "/opt/codex --data-dir=/tmp/swb-recorded/codex-01/data "
                              "--api-bindaddr=127.77.7.2 --api-port=17002 "
                              "--listen-addrs=/ip4/127.0.0.1/tcp/17004 --nat=extip:127.0.0.1 "
                              "--disc-port=17004 --storage-quota=1036mb --metrics "
                              "--metrics-address=127.77.7.2 --metrics-port=17003 --log-level=INFO "
                              "--log-format=nocolors --block-retries=5 --bootstrap-node=spr:abc");
}

static void first_node_of_the_newer_generation_joins_no_public_network(void **state)
{
    test_player player;
    char line[2048];
    (void)state;
    player_open(&player, &swb__driver_codex);
    player.node.program = "/opt/logos-storage";
    player.node.address = "10.1.2.3";
    player.options[SWB__CODEX_QUOTA].integer = 20 << 20;
    command_line(line, sizeof line, &player);
    assert_non_null(
        strstr(line, " --listen-ip=10.1.2.3 --listen-port=17004 --nat=extip:10.1.2.3 "));
    assert_non_null(strstr(line, " --storage-quota=20mb "));
    assert_non_null(strstr(line, " --no-bootstrap-node"));
    player.node.bootstrap = "spr:abc";
    command_line(line, sizeof line, &player);
    assert_null(strstr(line, "--no-bootstrap-node"));
    assert_non_null(strstr(line, " --bootstrap-node=spr:abc"));
}

static void generation_goes_by_option_before_the_program_s_name(void **state)
{
    test_player player;
    char line[2048];
    (void)state;
    player_open(&player, &swb__driver_codex);
    player.node.program = "/storage/codex";
    command_line(line, sizeof line, &player);
    assert_non_null(strstr(line, "--listen-addrs="));
    player.options[SWB__CODEX_GENERATION].integer = SWB__CODEX_NEWER;
    command_line(line, sizeof line, &player);
    assert_non_null(strstr(line, "--listen-ip="));
    player.node.program = "storage";
    player.options[SWB__CODEX_GENERATION].integer = SWB__CODEX_OLDER;
    command_line(line, sizeof line, &player);
    assert_non_null(strstr(line, "--listen-addrs="));
}

static void program_comes_from_option_then_environment_then_path(void **state)
{
    swb_option_value options[SWB__CODEX_OPTION_COUNT] = {{0}};
    (void)state;
    unsetenv("SWARMBENCH_CODEX");
    assert_string_equal(swb_driver_program(&swb__driver_codex, NULL), "codex");
    setenv("SWARMBENCH_CODEX", "/from/environment", 1);
    assert_string_equal(swb_driver_program(&swb__driver_codex, options), "/from/environment");
    options[SWB__CODEX_BINARY].string = "/from/option";
    assert_string_equal(swb_driver_program(&swb__driver_codex, options), "/from/option");
    unsetenv("SWARMBENCH_CODEX");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_of_the_older_generation_is_recognized_and_found_by_its_record),
        cmocka_unit_test(version_and_revision_are_read),
        cmocka_unit_test(upload_names_the_content),
        cmocka_unit_test(upload_is_streamed_with_a_type_that_the_node_takes),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(every_other_refusal_has_its_meaning),
        cmocka_unit_test(stream_is_the_whole_download),
        cmocka_unit_test(status_of_a_leecher_reads_its_counters),
        cmocka_unit_test(status_of_a_seeder_reads_its_counters),
        cmocka_unit_test(absent_content_is_told_and_its_removal_refused),
        cmocka_unit_test(background_fetch_of_the_older_generation_is_followed_by_its_space),
        cmocka_unit_test(background_fetch_of_the_newer_generation_tells_its_progress),
        cmocka_unit_test(background_fetch_that_ends_before_all_is_there_has_failed),
        cmocka_unit_test(dataset_of_another_size_is_no_copy_of_the_content),
        cmocka_unit_test(recorded_manifests_and_lists_are_those_of_the_content),
        cmocka_unit_test(bad_replies_are_told_apart),
        cmocka_unit_test(bad_replies_to_a_background_fetch_are_told),
        cmocka_unit_test(neither_generation_is_no_node),
        cmocka_unit_test(stand_in_names_itself),
        cmocka_unit_test(metrics_of_any_shape_are_survived),
        cmocka_unit_test(handle_that_is_no_cid_is_not_sent),
        cmocka_unit_test(older_command_line_is_complete),
        cmocka_unit_test(first_node_of_the_newer_generation_joins_no_public_network),
        cmocka_unit_test(generation_goes_by_option_before_the_program_s_name),
        cmocka_unit_test(program_comes_from_option_then_environment_then_path),
    };
    return cmocka_run_group_tests(tests, make_content, free_content);
}
