/*
 * What every driver must be, whatever it drives: a whole table, a launch that is the same each
 * time, and operations that end on any reply. Usage: test_contract DRIVER [OPTION=VALUE]...
 */
#include "support/cmocka_all.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <swarmbench/swarmbench.h>

#include "drivers/launch.h"
#include "support/player.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define EXCHANGES_MAX (SWB__CALL_EXCHANGES_MAX + 1)
#define HANDLE "0123456789012345678901234567890123456789"

extern const swb_driver skeleton_driver;

static const swb_driver *driver;
static char *const *assignments; /* OPTION=VALUE, of texts, up to a NULL */

static void open_player(test_player *player)
{
    player_open(player, driver);
    for (char *const *at = assignments; *at != NULL; at++) {
        for (size_t i = 0; i < driver->option_count; i++) {
            size_t length = strlen(driver->options[i].name);
            if (strncmp(*at, driver->options[i].name, length) == 0 && (*at)[length] == '=') {
                player->options[i].string = *at + length + 1;
            }
        }
    }
}

static void is_plain_name(const char *name, const char *others)
{
    assert_non_null(name);
    assert_true(name[0] != '\0');
    for (const char *at = name; *at != '\0'; at++) {
        assert_true(islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
                    strchr(others, *at) != NULL);
    }
}

static void table_is_whole(void **state)
{
    (void)state;
    assert_int_equal(driver->api_version, SWB_DRIVER_API_VERSION);
    is_plain_name(driver->name, "-");
    assert_non_null(driver->description);
    assert_non_null(driver->package);
    assert_non_null(driver->launch);
    assert_true(driver->node_memory_bytes > 0);
    assert_true(driver->transport == SWB_TRANSPORT_HTTP || driver->frame != NULL);
    if (driver->service != NULL) {
        const swb_driver *service = swb_driver_find(driver->service);
        assert_non_null(service);
        assert_int_equal(service->kind, SWB_DRIVER_SERVICE);
    }
    for (int operation = 0; operation < SWB_OP_COUNT; operation++) {
        bool needed = driver->kind != SWB_DRIVER_SERVICE || operation == SWB_OP_READY ||
                      operation == SWB_OP_VERSION || operation == SWB_OP_STOP;
        needed = needed && (operation != SWB_OP_READ || driver->kind == SWB_DRIVER_STORE);
        needed = needed && (operation <= SWB_OP_READ || driver->codes);
        needed = needed && operation <= SWB_OP_CODE;
        if (needed && driver->operations[operation] == NULL) {
            fail_msg("there is no operation '%s'", swb_operation_name((swb_operation)operation));
        }
    }
}

static void options_are_described_and_their_fallbacks_are_valid(void **state)
{
    swb_option_value values[PLAYER_OPTIONS_MAX];
    (void)state;
    player_options(values, driver); /* fails on an ENUM whose fallback is no choice */
    for (size_t i = 0; i < driver->option_count; i++) {
        const swb_option *option = &driver->options[i];
        is_plain_name(option->name, "_.");
        assert_non_null(option->description);
        assert_int_equal(option->description[strlen(option->description) - 1], '.');
        assert_true((option->type == SWB_OPTION_ENUM) == (option->choices != NULL));
        if (option->type == SWB_OPTION_INTEGER && option->fallback != NULL &&
            option->maximum > option->minimum) {
            assert_true(values[i].number >= option->minimum);
            assert_true(values[i].number <= option->maximum);
        }
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(option->name, driver->options[j].name);
        }
    }
}

static swb_launch *make_launch(const test_player *player)
{
    swb_launch *launch = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb__launch_create(&launch, &error), SWB_OK);
    if (driver->launch(&player->node, launch, &error) != SWB_OK ||
        swb__launch_status(launch, &error) != SWB_OK) {
        fail_msg("launch: %s", error.message);
    }
    return launch;
}

static void lists_are_equal(const char *const *a, const char *const *b)
{
    for (; *a != NULL && *b != NULL; a++, b++) {
        assert_string_equal(*a, *b);
    }
    assert_true(*a == *b);
}

static void launch_is_the_same_each_time(void **state)
{
    test_player player;
    const swb_launch_entry *entry;
    (void)state;
    open_player(&player);
    swb_launch *first = make_launch(&player);
    swb_launch *second = make_launch(&player);
    lists_are_equal(swb_launch_argv(first), swb_launch_argv(second));
    lists_are_equal(swb_launch_environment(first), swb_launch_environment(second));
    for (size_t i = 0; (entry = swb_launch_entry_at(first, i)) != NULL; i++) {
        const swb_launch_entry *other = swb_launch_entry_at(second, i);
        assert_non_null(other);
        assert_string_equal(entry->path, other->path);
        assert_int_equal(entry->mode, other->mode);
        assert_int_equal(entry->length, other->length);
        assert_memory_equal(entry->bytes, other->bytes, entry->length);
    }
    assert_string_equal(swb_launch_argv(first)[0], player.node.program);
    swb__launch_destroy(first);
    swb__launch_destroy(second);
}

static void option_binary_replaces_the_program(void **state)
{
    test_player player;
    (void)state;
    open_player(&player);
    for (size_t i = 0; i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, "binary") == 0) {
            player.options[i].string = "/opt/other/program";
            player.node.program = swb_driver_program(driver, player.options);
            swb_launch *launch = make_launch(&player);
            assert_string_equal(swb_launch_argv(launch)[0], "/opt/other/program");
            swb__launch_destroy(launch);
            return;
        }
    }
    fail_msg("there is no option 'binary'");
}

/* A reply that a node should never give. */
typedef struct hostile_reply {
    const char *name;
    swb_reply reply;
    bool retriable; /* it must be told so */
    bool word;      /* one word, which might be a name or a version */
} hostile_reply;

static swb_command command_of(int operation, const swb_content *content)
{
    static const uint8_t metainfo[] = "d4:infod6:lengthi1e4:name1:aee";
    static const swb_peer peers[] = {{"127.0.0.1", 1}, {"127.0.0.2", 2}};
    static const swb_http_action http = {
        .method = "POST", .path = "/a", .body = "b", .type = "text/plain", .contains = "c"};
    return (swb_command){
        .operation = (swb_operation)operation,
        .metainfo = metainfo,
        .metainfo_length = sizeof metainfo - 1,
        .handle = HANDLE,
        .content = content,
        .peers = peers,
        .peer_count = COUNT(peers),
        .http = &http,
    };
}

static const swb_reply *always(void *argument, const swb__exchange *exchange)
{
    (void)exchange;
    return argument;
}

/* Some operations have nothing to object to where success is told with no body or a strange one. */
static bool may_succeed(const hostile_reply *hostile, int operation)
{
    if (driver->program == NULL) {
        return true; /* the experiment alone says what an answer of any program means */
    }
    bool naming = operation == SWB_OP_READY || operation == SWB_OP_VERSION;
    return hostile->reply.http_status < 300 && operation != SWB_OP_STATUS &&
           (!naming || hostile->word);
}

static void ends_on(hostile_reply *hostile, int operation, const swb_content *content)
{
    test_player player;
    const swb_command command = command_of(operation, content);
    open_player(&player);
    int answer = player_run(&player, &command, always, &hostile->reply);
    const char *what = swb_operation_name(command.operation);
    if (answer > 0 ||
        (answer == SWB_OK && player.exchanges > 0 && !may_succeed(hostile, operation) &&
         player.result.state != SWB_STATE_ABSENT && strcmp(player.result.version, "untold") != 0)) {
        fail_msg("%s on %s: %d", what, hostile->name, answer);
    }
    if (player.exchanges > EXCHANGES_MAX) {
        fail_msg("%s on %s: %u exchanges", what, hostile->name, player.exchanges);
    }
    if (answer < 0) {
        assert_int_equal(player.error.status, answer);
        assert_true(player.error.message[0] != '\0');
    }
    if (hostile->retriable && player.exchanges > 0 && !player.retriable) {
        fail_msg("%s on %s: may be tried again, which is not told", what, hostile->name);
    }
    player_close(&player);
}

static void all_end_on(hostile_reply *hostiles, size_t count)
{
    swb_content *content = NULL;
    assert_int_equal(swb_content_create(&content, 1, 1000, NULL), SWB_OK);
    for (size_t i = 0; i < count; i++) {
        for (int operation = 0; operation < SWB_OP_COUNT; operation++) {
            if (driver->operations[operation] != NULL) {
                ends_on(&hostiles[i], operation, content);
            }
        }
    }
    swb_content_destroy(content);
}

#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1
#define HUGE_BYTES (8u << 20)

static void operations_end_on_any_http_reply(void **state)
{
    static uint8_t deep[HUGE_BYTES + 1];
    static uint8_t huge[HUGE_BYTES + 1];
    static uint8_t long_number[100001];
    (void)state;
    memset(deep, '[', HUGE_BYTES);
    memset(huge, 'a', HUGE_BYTES);
    memset(long_number, '9', sizeof long_number - 1);
    hostile_reply hostiles[] = {
        {"an empty reply", {200, "", TEXT("")}, false, false},
        {"no content", {204, "", TEXT("")}, false, false},
        {"a web page", {200, "text/html", TEXT("<!DOCTYPE html><html></html>")}, false, false},
        {"a web page of another name", {200, "text/plain", TEXT("<html></html>")}, false, false},
        {"an internal error", {500, "text/plain", TEXT("boom")}, true, false},
        {"a gateway error", {503, "text/html", TEXT("<html>")}, true, false},
        {"a refusal", {403, "text/plain", TEXT("Forbidden")}, false, false},
        {"a request for a login", {401, "", TEXT("")}, false, false},
        {"not found", {404, "text/html", TEXT("<html>Not Found</html>")}, false, false},
        {"a redirection", {302, "text/html", TEXT("")}, false, false},
        {"a strange status", {599, "", TEXT("")}, true, false},
        {"cut JSON", {200, "application/json", TEXT("[{\"state\": \"uplo")}, false, false},
        {"JSON of another shape",
         {200, "application/json", TEXT("[[[]], {}, null]")},
         false,
         false},
        {"JSON null", {200, "application/json", TEXT("null")}, false, true},
        {"bytes that are no text", {200, "text/plain", TEXT("\0\377\376\0\1")}, false, false},
        {"deep nesting", {200, "application/json", deep, HUGE_BYTES}, false, false},
        {"a huge text", {200, "text/plain", huge, HUGE_BYTES}, false, true},
        {"a huge number",
         {200, "application/json", long_number, sizeof long_number - 1},
         false,
         true},
    };
    if (driver->transport == SWB_TRANSPORT_HTTP) {
        all_end_on(hostiles, COUNT(hostiles));
    }
}

/* A frame in Deluge's form around any bytes. */
static hostile_reply frame_of(const char *name, const void *bytes, size_t length)
{
    uLongf packed = compressBound(length);
    uint8_t *frame = malloc(5 + packed);
    assert_non_null(frame);
    assert_int_equal(compress(frame + 5, &packed, bytes, length), Z_OK);
    memcpy(frame, "\1", 1);
    for (unsigned i = 0; i < 4; i++) {
        frame[1 + i] = (uint8_t)(packed >> (24 - 8 * i));
    }
    return (hostile_reply){name, {0, "", frame, 5 + packed}, false, false};
}

static void operations_end_on_any_frame(void **state)
{
    static uint8_t zeros[16u << 20];
    static uint8_t deep[1u << 16];
    (void)state;
    if (driver->transport != SWB_TRANSPORT_TLS) {
        return;
    }
    memset(deep, 193, sizeof deep);
    hostile_reply packed[] = {
        frame_of("a zlib bomb", zeros, sizeof zeros),
        frame_of("deep nesting", deep, sizeof deep),
        frame_of("an endless event", "\xc3\x03\x81x\x45", 5),
        frame_of("a reply to another request", "\xc3\x01\x3e\x64\x45", 5),
        frame_of("a first reply of nothing", "\xc3\x01\x01\x45", 4),
        frame_of("an error without words", "\xc3\x02\x01\x45", 4),
        frame_of("a string without end", "9999999999:", 11),
        frame_of("no bytes", "", 0),
    };
    hostile_reply plain[] = {
        {"no frame", {0, "", TEXT("")}, false, false},
        {"another protocol", {0, "", TEXT("HTTP/1.1 400 Bad Request\r\n\r\n")}, false, false},
        {"a cut frame", {0, "", packed[0].reply.body, packed[0].reply.length / 2}, false, false},
        {"a body that is no zlib", {0, "", TEXT("\1\0\0\0\4abcd")}, false, false},
    };
    all_end_on(packed, COUNT(packed));
    all_end_on(plain, COUNT(plain));
    for (size_t i = 0; i < COUNT(packed); i++) {
        free((uint8_t *)packed[i].reply.body);
    }
}

static void frames_are_told_from_any_bytes(void **state)
{
    (void)state;
    if (driver->frame == NULL) {
        return;
    }
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[64];
        memset(bytes, (int)first, sizeof bytes);
        for (size_t length = 0; length <= sizeof bytes; length++) {
            size_t found = 0;
            int status = driver->frame(&found, bytes, length);
            assert_true(status == SWB_OK || status == SWB_EPROTO);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_whole),
        cmocka_unit_test(options_are_described_and_their_fallbacks_are_valid),
        cmocka_unit_test(launch_is_the_same_each_time),
        cmocka_unit_test(option_binary_replaces_the_program),
        cmocka_unit_test(operations_end_on_any_http_reply),
        cmocka_unit_test(operations_end_on_any_frame),
        cmocka_unit_test(frames_are_told_from_any_bytes),
    };
    swb_driver_register(&skeleton_driver, NULL);
    driver = argc >= 2 ? swb_driver_find(argv[1]) : NULL;
    if (driver == NULL) {
        fprintf(stderr, "usage: %s DRIVER [OPTION=VALUE]...\n", argv[0]);
        return 2;
    }
    assignments = argv + 2;
    return cmocka_run_group_tests_name(driver->name, tests, NULL, NULL);
}
