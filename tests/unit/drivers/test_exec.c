/* exec: what becomes of the texts of an experiment, and what is read from any program's answers. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "drivers/builtin.h"
#include "drivers/call.h"
#include "drivers/exec_metrics.h"
#include "drivers/exec_template.h"
#include "drivers/launch.h"
#include "support/player.h"

#define TEXTS(a, b) a "\x1f" b

static swb_option_value *option(test_player *player, const char *name)
{
    for (size_t i = 0; i < player->driver->option_count; i++) {
        if (strcmp(player->driver->options[i].name, name) == 0) {
            return &player->options[i];
        }
    }
    fail_msg("no option %s", name);
    return NULL;
}

static void set(test_player *player, const char *name, const char *text, int64_t count)
{
    *option(player, name) = (swb_option_value){count, 0, text};
}

static void assert_filled(const char *text, const char *expected)
{
    test_player player;
    swb__buffer out = SWB__BUFFER_INIT(1000);
    player_open(&player, &swb__driver_exec);
    player.node.group = "web";
    player.node.index = 3;
    assert_int_equal(swb__template_check(text, strlen(text), NULL), SWB_OK);
    swb__template_fill(&out, text, strlen(text), &player.node);
    assert_string_equal(swb__buffer_string(&out), expected);
    swb__buffer_finish(&out);
}

static void placeholders_become_the_node_s_own_values(void **state)
{
    (void)state;
    assert_filled("http://{address}:{api_port}/{group}/{index}", "http://127.77.7.2:17002/web/3");
    assert_filled("{home}|{data_port}|{extra_port}|{wildcard_port}|{user}|{password}|{name}",
                  "/tmp/swb-recorded/exec-01|17001|17003|17004|bench|secret7|node-01");
    assert_filled("{content}{bootstrap}{tracker}{infohash}", "/tmp/swb-recorded/exec-01/content");
}

static void other_braces_are_themselves(void **state)
{
    (void)state;
    assert_filled("{\"a\": {\"b\": [{}]}}", "{\"a\": {\"b\": [{}]}}");
    assert_filled("events {} { x { {Name} {a-b} {", "events {} { x { {Name} {a-b} {");
    assert_filled("{{address} {{{address}", "{address} {{address}");
}

static void unknown_placeholder_is_refused_and_those_there_are_named(void **state)
{
    swb_error error = SWB_ERROR_INIT;
    const char *text = "a {adress} b";
    (void)state;
    assert_int_equal(swb__template_check(text, strlen(text), &error), SWB_EINPUT);
    assert_non_null(strstr(error.message, "'{adress}' is no placeholder; there are {address}, "));
    assert_non_null(strstr(error.message, "{infohash}; write {{adress} for the text itself"));
}

static void check_names_the_option_and_the_text(void **state)
{
    test_player player;
    size_t which = 99;
    size_t text = 99;
    swb_error error = SWB_ERROR_INIT;
    (void)state;
    player_open(&player, &swb__driver_exec);
    set(&player, "arguments", TEXTS("{home}", "{nowhere}"), 2);
    assert_int_equal(swb__driver_exec.check(&which, &text, player.options, &error), SWB_EINPUT);
    assert_string_equal(swb__driver_exec.options[which].name, "arguments");
    assert_int_equal(text, 1);
    set(&player, "arguments", NULL, 0);
    set(&player, "environment", TEXTS("A={a}", "B=x"), 2);
    assert_int_equal(swb__driver_exec.check(&which, &text, player.options, &error), SWB_EINPUT);
    assert_string_equal(swb__driver_exec.options[which].name, "environment");
    assert_int_equal(text, 0);
    set(&player, "environment", NULL, 0);
    set(&player, "ready.path", "health", 0);
    assert_int_equal(swb__driver_exec.check(&which, &text, player.options, &error), SWB_EINPUT);
    assert_non_null(strstr(error.message, "'health' is no path of a URL"));
    set(&player, "ready.path", NULL, 0);
    set(&player, "binary", NULL, 0);
    assert_int_equal(swb__driver_exec.check(&which, &text, player.options, &error), SWB_EINPUT);
    assert_non_null(strstr(error.message, "needs the program to start"));
}

static void launch_has_arguments_environment_and_files(void **state)
{
    test_player player;
    swb_launch *launch = NULL;
    (void)state;
    player_open(&player, &swb__driver_exec);
    set(&player, "arguments", TEXTS("--at={address}", "--to={bootstrap}"), 2);
    set(&player, "environment", TEXTS("PORT={api_port}", "EMPTY="), 2);
    set(&player, "files", "conf/a.conf=x={home}\n", 1);
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    assert_int_equal(swb__driver_exec.launch(&player.node, launch, NULL), SWB_OK);
    assert_int_equal(swb__launch_status(launch, NULL), SWB_OK);
    const char *const *argv = swb_launch_argv(launch);
    assert_string_equal(argv[0], PLAYER_BINARY);
    assert_string_equal(argv[1], "--at=127.77.7.2");
    assert_null(argv[2]); /* nobody to go to yet */
    const char *const *environment = swb_launch_environment(launch);
    bool port = false;
    for (; *environment != NULL; environment++) {
        port = port || strcmp(*environment, "PORT=17002") == 0;
    }
    assert_true(port);
    const swb_launch_entry *file = swb_launch_entry_at(launch, 0);
    assert_string_equal(file->path, "conf/a.conf");
    assert_int_equal(file->length, strlen("x=/tmp/swb-recorded/exec-01\n"));
    assert_memory_equal(file->bytes, "x=/tmp/swb-recorded/exec-01\n", file->length);
    swb__launch_destroy(launch);
    player.node.bootstrap = "/ip4/127.0.0.1";
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    assert_int_equal(swb__driver_exec.launch(&player.node, launch, NULL), SWB_OK);
    assert_string_equal(swb_launch_argv(launch)[2], "--to=/ip4/127.0.0.1");
    swb__launch_destroy(launch);
}

static void file_that_leaves_the_home_directory_is_refused(void **state)
{
    test_player player;
    swb_launch *launch = NULL;
    (void)state;
    player_open(&player, &swb__driver_exec);
    set(&player, "files", "../a=x", 1);
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    assert_int_equal(swb__driver_exec.launch(&player.node, launch, NULL), SWB_OK);
    assert_int_equal(swb__launch_status(launch, NULL), SWB_EINVAL);
    swb__launch_destroy(launch);
}

/* What every exchange is answered with, and what the last one was. */
typedef struct answers {
    swb_reply reply;
    char method[16];
    char path[64];
    char body[64];
    bool extra;
} answers;

static const swb_reply *answered(void *argument, const swb__exchange *exchange)
{
    answers *with = argument;
    snprintf(with->method, sizeof with->method, "%s", exchange->method);
    snprintf(with->path, sizeof with->path, "%s", exchange->path);
    snprintf(with->body, sizeof with->body, "%.*s", (int)exchange->body_length,
             exchange->body != NULL ? (const char *)exchange->body : "");
    with->extra = exchange->extra;
    return &with->reply;
}

static answers with(int status, const char *body)
{
    return (answers){.reply = {status, "text/plain", (const uint8_t *)body, strlen(body)}};
}

static int play(test_player *player, swb_operation operation, const swb_http_action *http,
                answers *answer)
{
    const swb_command command = {.operation = operation, .http = http};
    return player_run(player, &command, answered, answer);
}

static void ready_waits_for_the_status_that_was_asked_for(void **state)
{
    test_player player;
    answers refused = with(503, "starting");
    answers right = with(204, "");
    (void)state;
    player_open(&player, &swb__driver_exec);
    set(&player, "ready.path", "/health", 0);
    set(&player, "ready.port", "extra", SWB_PORT_EXTRA);
    set(&player, "ready.status", "204", 204);
    set(&player, "bootstrap", "/ip4/{address}/tcp/{data_port}", 0);
    assert_int_equal(play(&player, SWB_OP_READY, NULL, &refused), SWB_EBUSY);
    assert_true(player.retriable);
    assert_string_equal(player.error.message, "ready: HTTP 503 instead of 204: 'starting'");
    assert_int_equal(play(&player, SWB_OP_READY, NULL, &right), SWB_OK);
    assert_string_equal(right.path, "/health");
    assert_true(right.extra);
    assert_string_equal(player.result.bootstrap, "/ip4/127.77.7.2/tcp/17001");
}

static void program_without_a_ready_path_is_ready_once_started(void **state)
{
    test_player player;
    answers none = with(500, "");
    (void)state;
    player_open(&player, &swb__driver_exec);
    assert_int_equal(play(&player, SWB_OP_READY, NULL, &none), SWB_OK);
    assert_int_equal(play(&player, SWB_OP_VERSION, NULL, &none), SWB_OK);
    assert_int_equal(player.exchanges, 0);
    assert_string_equal(player.result.version, "untold");
    assert_int_equal(play(&player, SWB_OP_METRICS, NULL, &none), SWB_EUNSUPPORTED);
}

static void version_is_a_line_with_or_without_quotes(void **state)
{
    test_player player;
    answers plain = with(200, "v1.2\n");
    answers quoted = with(200, "\"v0.34.0-rc.1\"");
    (void)state;
    player_open(&player, &swb__driver_exec);
    set(&player, "version.path", "/version", 0);
    assert_int_equal(play(&player, SWB_OP_VERSION, NULL, &plain), SWB_OK);
    assert_string_equal(player.result.version, "v1.2");
    assert_int_equal(play(&player, SWB_OP_VERSION, NULL, &quoted), SWB_OK);
    assert_string_equal(player.result.version, "v0.34.0-rc.1");
}

static void action_is_sent_filled_in_and_judged(void **state)
{
    test_player player;
    swb_http_action http = {.method = "POST",
                            .path = "/of/{name}",
                            .body = "{\"to\": \"{address}\"}",
                            .type = "application/json"};
    answers made = with(201, "it is node-01");
    (void)state;
    player_open(&player, &swb__driver_exec);
    assert_int_equal(play(&player, SWB_OP_ACT, &http, &made), SWB_OK);
    assert_string_equal(made.method, "POST");
    assert_string_equal(made.path, "/of/node-01");
    assert_string_equal(made.body, "{\"to\": \"127.77.7.2\"}");
    assert_int_equal(player.result.http_status, 201);
    http.expect = 200;
    assert_int_equal(play(&player, SWB_OP_ACT, &http, &made), SWB_EREMOTE);
    assert_string_equal(player.error.message, "act: HTTP 201 instead of 200: 'it is node-01'");
    http.expect = 0;
    http.contains = "is {name}";
    assert_int_equal(play(&player, SWB_OP_ACT, &http, &made), SWB_OK);
    http.contains = "is not {name}";
    assert_int_equal(play(&player, SWB_OP_ACT, &http, &made), SWB_EREMOTE);
    assert_string_equal(player.error.message,
                        "act: HTTP 201 without 'is not node-01' in its body: 'it is node-01'");
}

static const char page[] = "# HELP a_total Things.\n"
                           "# TYPE a_total counter\n"
                           "a_total{x=\"1\"} 5\n"
                           "a_total{x=\"}\\\"\"} 7.5 1700000000000\n"
                           "b 1e3\r\n"
                           "c NaN\n"
                           "d +Inf\n"
                           "9bad 1\n"
                           "e\n"
                           "f{ 2\n"
                           "g 12x\n"
                           "b_more 2";

static void metrics_page_is_read_line_by_line(void **state)
{
    static const char *const names[] = {"a_total{x=\"1\"}", "a_total{x=\"}\\\"\"}", "b", "b_more"};
    static const double values[] = {5, 7.5, 1000, 2};
    swb__metric_line line;
    const char *at = page;
    size_t count = 0;
    (void)state;
    for (; swb__metric_next(&line, &at, page + strlen(page)); count++) {
        assert_true(count < 4);
        assert_string_equal(line.name, names[count]);
        assert_true(line.value > values[count] - 1e-9 && line.value < values[count] + 1e-9);
    }
    assert_int_equal(count, 4);
}

/* What METRICS tells, with a call of our own: the player does not keep it. */
static void assert_metrics(test_player *player, const char *expected)
{
    const swb_command command = {.operation = SWB_OP_METRICS};
    const swb_reply reply = {200, "text/plain", (const uint8_t *)page, strlen(page)};
    const swb__exchange *exchange = NULL;
    bool retriable = false;
    swb_call *call = NULL;
    assert_int_equal(
        swb__call_create(&call, player->driver, &player->node, &command, player->session, NULL),
        SWB_OK);
    assert_int_equal(swb__call_advance(&exchange, &retriable, call, NULL, NULL), SWB_CALL_SEND);
    assert_string_equal(exchange->path, "/metrics");
    assert_int_equal(swb__call_advance(&exchange, &retriable, call, &reply, NULL), SWB_CALL_DONE);
    assert_string_equal(swb__call_metrics(call), expected);
    swb__call_destroy(call);
}

static void metrics_that_are_named_are_kept(void **state)
{
    test_player player;
    (void)state;
    player_open(&player, &swb__driver_exec);
    set(&player, "metrics.path", "/metrics", 0);
    assert_metrics(&player, "a_total{x=\"1\"} 5\na_total{x=\"}\\\"\"} 7.5\nb 1000\nb_more 2\n");
    set(&player, "metrics.names", "a_total", 1);
    assert_metrics(&player, "a_total{x=\"1\"} 5\na_total{x=\"}\\\"\"} 7.5\n");
    set(&player, "metrics.names", TEXTS("b", "a_total{x=\"1\"}"), 2);
    assert_metrics(&player, "a_total{x=\"1\"} 5\nb 1000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_become_the_node_s_own_values),
        cmocka_unit_test(other_braces_are_themselves),
        cmocka_unit_test(unknown_placeholder_is_refused_and_those_there_are_named),
        cmocka_unit_test(check_names_the_option_and_the_text),
        cmocka_unit_test(launch_has_arguments_environment_and_files),
        cmocka_unit_test(file_that_leaves_the_home_directory_is_refused),
        cmocka_unit_test(ready_waits_for_the_status_that_was_asked_for),
        cmocka_unit_test(program_without_a_ready_path_is_ready_once_started),
        cmocka_unit_test(version_is_a_line_with_or_without_quotes),
        cmocka_unit_test(action_is_sent_filled_in_and_judged),
        cmocka_unit_test(metrics_page_is_read_line_by_line),
        cmocka_unit_test(metrics_that_are_named_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
