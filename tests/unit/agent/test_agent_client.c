/* deploy/agent_client against scripted servers: broken connections, proxies, malformed replies. */
#include "support/cmocka_all.h"
#include "support/loop_until.h"
#include "support/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/agent_client.h"

#define LIMIT_MS 20000
#define OK_STATUS "200 OK"
#define JSON "Content-Type: application/json\r\n"

struct answer {
    bool done;
    unsigned times;
    int status;
    char message[400];
    uint64_t bad_offset;
};

struct told {
    unsigned firsts;
    unsigned progresses;
    unsigned exits;
    bool exited;
    bool lost;
    int lost_status;
    uint64_t bytes[8];
};

static void on_done(void *argument, int status, const swb_error *error)
{
    struct answer *answer = argument;
    answer->done = true;
    answer->times++;
    answer->status = status;
    snprintf(answer->message, sizeof answer->message, "%s", error != NULL ? error->message : "");
}

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    struct answer *answer = argument;
    answer->bad_offset = bad_offset;
    on_done(argument, status, error);
}

static void on_watched(void *argument, const char *name, const swb_watch_event *event)
{
    assert_string_equal(name, "c");
    struct told *told = argument;
    if (event->kind == SWB_WATCH_FIRST_BYTE) {
        told->firsts++;
    } else if (told->progresses < 8) {
        told->bytes[told->progresses++] = event->bytes;
    }
}

static void on_exited(void *argument, bool asked, int exit_code, int signal, const char *tail)
{
    struct told *told = argument;
    (void)asked;
    (void)exit_code;
    (void)signal;
    (void)tail;
    told->exits++;
    told->exited = true;
}

static void on_lost(void *argument, int status, const swb_error *error)
{
    struct told *told = argument;
    (void)error;
    told->lost = true;
    told->lost_status = status;
}

static swb__agent *client_of(swb_loop *loop, test_server *server)
{
    char url[64];
    swb__agent *client;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)test_server_port(server));
    const swb__agent_options options = {.name = "node-1", .base_url = url, .token = "secret-token"};
    assert_int_equal(swb__agent_create(&client, loop, &options, NULL), SWB_OK);
    return client;
}

static void on_closed(void *argument)
{
    *(bool *)argument = true;
}

static void close_client(swb_loop *loop, swb__agent *client)
{
    bool closed = false;
    swb__agent_close(client, on_closed, &closed);
    assert_true(loop_until(loop, &closed, LIMIT_MS));
}

static int expect(swb_loop *loop, const struct answer *answer)
{
    assert_true(loop_until(loop, &answer->done, LIMIT_MS));
    assert_int_equal(answer->times, 1);
    return answer->status;
}

static void reply_clock(test_connection *connection)
{
    char text[64];
    snprintf(text, sizeof text, "{\"now_ns\":\"%lld\"}", (long long)swb__clock_ns());
    test_reply(connection, OK_STATUS, JSON, text);
}

static bool asks(const test_request *request, const char *path)
{
    return strstr(request->head, path) != NULL;
}

#define EVENT(number, bytes)                                                                       \
    "{\"number\":\"" number "\",\"kind\":\"progress\",\"name\":\"c\",\"lo_ns\":\"1\","             \
    "\"hi_ns\":\"2\",\"source\":\"blocks\",\"bytes\":\"" bytes "\"}"
#define EVENTS(list) "{\"instance\":\"77\",\"lost\":false,\"events\":[" list "]}"

/* The polls, in their order; `at` counts them over all connections. */
struct poll_script {
    pthread_mutex_t lock;
    unsigned at;
    char paths[4][128];
};

/*
 * 0: two events, whole. 1: the reply is cut off within its body. 2: the same two and a third, since
 * the client has not said that it has them. 3: an end. Later ones hang.
 */
static void serve_polls(test_connection *connection)
{
    struct poll_script *script = connection->argument;
    test_request request;
    while (test_read_request(&request, connection)) {
        if (asks(&request, "/v1/clock")) {
            reply_clock(connection);
            test_request_free(&request);
            continue;
        }
        pthread_mutex_lock(&script->lock);
        unsigned at = script->at++;
        if (at < 4) {
            snprintf(script->paths[at], sizeof script->paths[at], "%.100s", request.head);
        }
        pthread_mutex_unlock(&script->lock);
        test_request_free(&request);
        if (at == 0) {
            test_reply(connection, OK_STATUS, JSON, EVENTS(EVENT("1", "10") "," EVENT("2", "20")));
        } else if (at == 1) {
            test_write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"inst");
            return;
        } else if (at == 2) {
            test_reply(connection, OK_STATUS, JSON,
                       EVENTS(EVENT("1", "10") "," EVENT("2", "20") "," EVENT("3", "30")));
        } else if (at == 3) {
            test_reply(connection, OK_STATUS, JSON,
                       EVENTS("{\"number\":\"4\",\"kind\":\"exited\",\"asked\":false,"
                              "\"exit_code\":0,\"signal\":9,\"tail\":\"\"}"));
        } else {
            test_hang(connection);
            return;
        }
    }
}

static void events_are_told_once_and_in_order_over_a_broken_connection(void **state)
{
    swb_loop *loop;
    struct answer answer = {0};
    struct told told = {0};
    struct poll_script script = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const swb__agent_events events = {on_watched, on_exited, on_lost, &told};
    (void)state;
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    test_server *server = test_server_start(serve_polls, &script);
    swb__agent *client = client_of(loop, server);
    assert_int_equal(swb__agent_synchronize(client, on_done, &answer, NULL), SWB_OK);
    assert_int_equal(expect(loop, &answer), SWB_OK);
    assert_int_equal(swb__agent_listen(client, &events, NULL), SWB_OK);
    assert_int_equal(swb__agent_listen(client, &events, NULL), SWB_EINVAL);
    assert_true(loop_until(loop, &told.exited, LIMIT_MS));
    close_client(loop, client);
    test_server_stop(server);
    swb__loop_destroy(loop);
    assert_int_equal(told.progresses, 3);
    assert_true(told.bytes[0] == 10 && told.bytes[1] == 20 && told.bytes[2] == 30);
    assert_int_equal(told.exits, 1);
    assert_false(told.lost);
    assert_non_null(strstr(script.paths[0], "after=0&instance=0&"));
    assert_non_null(strstr(script.paths[1], "after=2&instance=77&"));
    assert_non_null(strstr(script.paths[2], "after=2&instance=77&"));
    assert_non_null(strstr(script.paths[3], "after=3&instance=77&"));
}

/* Answers each request with the same reply. */
struct fixed {
    const char *status;
    const char *body;
    char head[1024]; /* of the first request */
};

static void serve_fixed(test_connection *connection)
{
    struct fixed *fixed = connection->argument;
    test_request request;
    while (test_read_request(&request, connection)) {
        if (fixed->head[0] == '\0') {
            snprintf(fixed->head, sizeof fixed->head, "%.1000s", request.head);
        }
        test_request_free(&request);
        test_reply(connection, fixed->status, JSON, fixed->body);
    }
}

/* What a signal order answered with the reply comes to. */
static struct answer ask(struct fixed *fixed)
{
    swb_loop *loop;
    struct answer answer = {0};
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    test_server *server = test_server_start(serve_fixed, fixed);
    swb__agent *client = client_of(loop, server);
    const swb__content_spec spec = {.name = "c", .seed = UINT64_MAX, .bytes = 1};
    assert_int_equal(swb__agent_verify(client, &spec, on_verified, &answer, NULL), SWB_OK);
    expect(loop, &answer);
    close_client(loop, client);
    test_server_stop(server);
    swb__loop_destroy(loop);
    return answer;
}

static void replies_that_are_no_agents_are_told_as_such(void **state)
{
    static const struct {
        struct fixed reply;
        int status;
    } cases[] = {
        {{.status = "200 OK", .body = "<html>hello</html>"}, SWB_EPROTO},
        {{.status = "200 OK", .body = ""}, SWB_EPROTO},
        {{.status = "200 OK", .body = "[1]"}, SWB_EPROTO},
        {{.status = "200 OK", .body = "{\"job\":-1}"}, SWB_EPROTO},
        {{.status = "200 OK", .body = "{\"job\":1.5}"}, SWB_EPROTO},
        {{.status = "200 OK", .body = "{\"job\":\"1\"}"}, SWB_EPROTO},
        {{.status = "200 OK", .body = "{\"job\":1,\"done\":true}"}, SWB_EPROTO},
        {{.status = "200 OK",
          .body = "{\"job\":1,\"done\":true,\"status\":\"SWB_EMISMATCH\",\"message\":\"m\"}"},
         SWB_EPROTO},
        {{.status = "404 Not Found", .body = "{\"status\":\"SWB_OK\",\"message\":\"m\"}"},
         SWB_EPROTO},
        {{.status = "404 Not Found", .body = "{\"status\":\"SWB_ENOENT\",\"message\":\"m\"}"},
         SWB_ENOENT},
        {{.status = "401 Unauthorized", .body = "who?"}, SWB_EAUTH},
        /* The API server's proxy, where it does not reach the pod. */
        {{.status = "503 Service Unavailable",
          .body = "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"dial tcp: refused\"}"},
         SWB_ECONNECT},
        {{.status = "418 Teapot", .body = "{}"}, SWB_EPROTO},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixed fixed = cases[i].reply;
        struct answer answer = ask(&fixed);
        if (answer.status != cases[i].status) {
            fail_msg("case %zu: status %d: %s", i, answer.status, answer.message);
        }
        assert_non_null(strstr(answer.message, "node-1"));
    }
}

static void token_and_seed_go_out_whole(void **state)
{
    struct fixed fixed = {
        .status = "200 OK",
        .body = "{\"job\":1,\"done\":true,\"status\":\"SWB_EMISMATCH\",\"message\":\"m\","
                "\"bad_offset\":\"9007199254740993\"}"};
    (void)state;
    struct answer answer = ask(&fixed);
    assert_int_equal(answer.status, SWB_EMISMATCH);
    assert_true(answer.bad_offset == UINT64_C(9007199254740993));
    assert_non_null(strstr(fixed.head, "X-Swarmbench-Token: secret-token"));
    assert_null(strstr(fixed.head, "Authorization"));
}

static void agent_of_another_version_is_not_waited_for(void **state)
{
    swb_loop *loop;
    struct answer answer = {0};
    struct fixed fixed = {.status = "200 OK", .body = "{\"version\":\"9\",\"api\":9}"};
    (void)state;
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    test_server *server = test_server_start(serve_fixed, &fixed);
    swb__agent *client = client_of(loop, server);
    assert_int_equal(swb__agent_ready(client, UINT64_C(60000000000), on_done, &answer, NULL),
                     SWB_OK);
    assert_int_equal(expect(loop, &answer), SWB_EUNSUPPORTED);
    close_client(loop, client);
    test_server_stop(server);
    swb__loop_destroy(loop);
}

static void proxy_is_gone_through_with_its_path_and_headers(void **state)
{
    swb_loop *loop;
    char url[64];
    struct answer answer = {0};
    struct fixed fixed = {.status = "200 OK", .body = "{\"version\":\"1\",\"api\":1}"};
    swb__http_pair header = {"Authorization", "Bearer of-the-proxy"};
    const struct swb__http_access access = {.headers = &header, .header_count = 1};
    swb__http_client *http;
    swb__agent *client;
    (void)state;
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    test_server *server = test_server_start(serve_fixed, &fixed);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)test_server_port(server));
    assert_int_equal(swb__http_client_create(&http, loop, url, NULL), SWB_OK);
    const swb__agent_options options = {
        .name = "node-1",
        .base_url = "/api/v1/namespaces/ns/pods/p-0:9191/proxy",
        .token = "secret-token",
        .access = &access,
        .http = http,
    };
    assert_int_equal(swb__agent_create(&client, loop, &options, NULL), SWB_OK);
    assert_int_equal(swb__agent_ready(client, UINT64_C(1000000000), on_done, &answer, NULL),
                     SWB_OK);
    assert_int_equal(expect(loop, &answer), SWB_OK);
    assert_non_null(strstr(fixed.head, "GET /api/v1/namespaces/ns/pods/p-0:9191/proxy/v1/health "));
    assert_non_null(strstr(fixed.head, "Authorization: Bearer of-the-proxy"));
    header.value = "Bearer renewed";
    fixed.head[0] = '\0';
    answer = (struct answer){0};
    assert_int_equal(swb__agent_ready(client, UINT64_C(1000000000), on_done, &answer, NULL),
                     SWB_OK);
    assert_int_equal(expect(loop, &answer), SWB_OK);
    close_client(loop, client);
    swb__http_client_destroy(http);
    test_server_stop(server);
    swb__loop_destroy(loop);
    assert_non_null(strstr(fixed.head, "Authorization: Bearer renewed"));
    assert_non_null(strstr(fixed.head, "X-Swarmbench-Token: secret-token"));
}

/* A job is begun on the first connection; asked for, it answers after one reset. */
static void serve_job(test_connection *connection)
{
    test_request request;
    while (test_read_request(&request, connection)) {
        bool begins = asks(&request, "POST ");
        test_request_free(&request);
        if (begins) {
            test_reply(connection, OK_STATUS, JSON, "{\"job\":7}");
        } else if (connection->index == 0) {
            test_reset(connection);
            return;
        } else {
            test_reply(connection, OK_STATUS, JSON,
                       "{\"job\":7,\"done\":true,\"status\":\"SWB_OK\",\"message\":\"\"}");
        }
    }
}

static void job_is_asked_for_again_after_a_reset(void **state)
{
    swb_loop *loop;
    struct answer answer = {0};
    const swb__content_spec spec = {.name = "c", .seed = 1, .bytes = 1};
    (void)state;
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    test_server *server = test_server_start(serve_job, NULL);
    swb__agent *client = client_of(loop, server);
    assert_int_equal(swb__agent_prepare(client, &spec, on_done, &answer, NULL), SWB_OK);
    assert_int_equal(expect(loop, &answer), SWB_OK);
    close_client(loop, client);
    test_server_stop(server);
    swb__loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_told_once_and_in_order_over_a_broken_connection),
        cmocka_unit_test(replies_that_are_no_agents_are_told_as_such),
        cmocka_unit_test(token_and_seed_go_out_whole),
        cmocka_unit_test(agent_of_another_version_is_not_waited_for),
        cmocka_unit_test(proxy_is_gone_through_with_its_path_and_headers),
        cmocka_unit_test(job_is_asked_for_again_after_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
