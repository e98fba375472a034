/* io/http against scripted servers. */
#include "loop_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http.h"
#include "support/server.h"

/* A completion as it was told, copied. */
struct told {
    int count;
    int status;
    int http_status;
    char type[64];
    char *body;
    size_t length;
    int64_t content_length;
    int64_t sent_ns;
    int64_t done_ns;
    char message[1024];
    swb__http_client *destroys; /* in `done` */
};

static void on_done(void *argument, int status, const swb__http_reply *reply,
                    const swb_error *error)
{
    struct told *told = argument;
    told->count++;
    told->status = status;
    told->http_status = reply->status;
    snprintf(told->type, sizeof told->type, "%s", reply->content_type);
    free(told->body);
    told->body = calloc(1, reply->length + 1);
    memcpy(told->body, reply->body, reply->length + 1);
    told->length = reply->length;
    told->content_length = reply->content_length;
    told->sent_ns = reply->sent_ns;
    told->done_ns = reply->done_ns;
    snprintf(told->message, sizeof told->message, "%s", status == SWB_OK ? "" : error->message);
    swb__http_client_destroy(told->destroys);
}

static swb__http_client *connect_to(swb_loop *loop, test_server *server)
{
    char url[64];
    swb__http_client *client = NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)test_server_port(server));
    assert_int_equal(swb__http_client_create(&client, loop, url, NULL), SWB_OK);
    return client;
}

/* Sends and waits; what was told is freed by the caller. */
static struct told exchange(swb_loop *loop, swb__http_client *client, swb__http_request request)
{
    struct told told = {0};
    request.argument = request.argument == NULL ? &told : request.argument;
    assert_int_equal(swb__http_send(NULL, client, &request, on_done, NULL), SWB_OK);
    assert_int_equal(told.count, 0);
    assert_true(run_until(loop, &told.count, 1));
    assert_true(told.sent_ns > 0);
    assert_true(told.done_ns >= told.sent_ns);
    return told;
}

static swb__http_request get(const char *path)
{
    return (swb__http_request){.method = "GET", .path = path};
}

/* Replies to each request with its own bytes. */
static void echo(test_connection *connection)
{
    test_request request;
    while (test_read_request(&request, connection)) {
        char head[128];
        size_t head_length = strlen(request.head);
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 head_length + request.body_length);
        test_write_text(connection, head);
        test_write(connection, request.head, head_length);
        test_write(connection, request.body, request.body_length);
        test_request_free(&request);
    }
}

static struct told echoed(swb_loop *loop, swb__http_request request)
{
    test_server *server = test_server_start(echo, NULL);
    swb__http_client *client = connect_to(loop, server);
    struct told told = exchange(loop, client, request);
    assert_int_equal(told.status, SWB_OK);
    swb__http_client_destroy(client);
    test_server_stop(server);
    return told;
}

static void get_sends_nothing_unasked_and_tells_the_reply(void **state)
{
    struct told told = echoed(*state, get("/a/../b?q=%20x"));
    assert_int_equal(told.http_status, 200);
    assert_string_equal(told.type, "text/plain");
    assert_int_equal(told.content_length, (int64_t)told.length);
    assert_non_null(strstr(told.body, "GET /a/../b?q=%20x HTTP/1.1\r\n"));
    assert_null(strstr(told.body, "Accept-Encoding"));
    assert_null(strstr(told.body, "Content-"));
    assert_null(strstr(told.body, "User-Agent"));
    free(told.body);
}

static void body_and_headers_are_sent_as_given(void **state)
{
    const swb__http_pair headers[] = {{"X-One", "1"}, {"X-Empty", ""}, {"Referer", "http://x:1"}};
    struct told told = echoed(*state, (swb__http_request){.method = "PUT",
                                                          .path = "/x",
                                                          .headers = headers,
                                                          .header_count = 3,
                                                          .body_type = "application/json",
                                                          .body = "{\"a\":\0 1}",
                                                          .body_length = 9,
                                                          .has_body = true});
    const char *end = strstr(told.body, "\r\n\r\n");
    assert_non_null(strstr(told.body, "PUT /x HTTP/1.1\r\n"));
    assert_non_null(strstr(told.body, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(told.body, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(told.body, "\r\nReferer: http://x:1\r\n"));
    assert_non_null(strstr(told.body, "\r\nContent-Type: application/json\r\n"));
    assert_null(strstr(told.body, "Expect"));
    assert_int_equal(told.length - (size_t)(end + 4 - told.body), 9);
    assert_memory_equal(end + 4, "{\"a\":\0 1}", 9);
    free(told.body);
}

static void post_without_a_type_sends_no_content_type(void **state)
{
    struct told told = echoed(
        *state,
        (swb__http_request){
            .method = "POST", .path = "/", .body = "raw", .body_length = 3, .has_body = true});
    assert_null(strstr(told.body, "Content-Type"));
    assert_non_null(strstr(told.body, "\r\nContent-Length: 3\r\n"));
    free(told.body);
    told = echoed(*state, (swb__http_request){.method = "POST", .path = "/"});
    assert_null(strstr(told.body, "Content-Type"));
    assert_non_null(strstr(told.body, "\r\nContent-Length: 0\r\n"));
    free(told.body);
}

static void reply_late(test_connection *connection)
{
    struct timespec pause = {.tv_nsec = 30 * SWB__NS_PER_MS};
    test_request request;
    while (test_read_request(&request, connection)) {
        nanosleep(&pause, NULL);
        test_reply(connection, "200 OK", "", "late");
        test_request_free(&request);
    }
}

static void embedder_is_woken_by_replies(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(reply_late, NULL);
    swb__http_client *client = connect_to(loop, server);
    struct told told = {0};
    swb__http_request request = get("/");
    request.argument = &told;
    int64_t began_ns = swb__clock_ns();
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(swb__http_send(NULL, client, &request, on_done, NULL), SWB_OK);
        assert_true(embed_until(loop, &told.count, i));
        assert_string_equal(told.body, "late");
    }
    assert_true(swb__clock_ns() - began_ns < 4 * SWB__NS_PER_S);
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void form_fields_are_encoded(void **state)
{
    const swb__http_pair fields[] = {{"user name", "a&b=c+d"}, {"e", ""}, {"u", "\xc3\xa4"}};
    struct told told =
        echoed(*state, (swb__http_request){
                           .method = "POST", .path = "/login", .fields = fields, .field_count = 3});
    assert_non_null(strstr(told.body, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(told.body, "\r\n\r\nuser%20name=a%26b%3Dc%2Bd&e=&u=%C3%A4"));
    free(told.body);
}

static void multipart_holds_the_parts_byte_for_byte(void **state)
{
    const swb__http_part parts[] = {
        {"torrents", "a.torrent", "application/x-bittorrent", "d1:\0\r\n-e", 8},
        {"paused", NULL, NULL, "true", 4},
        {"empty", NULL, NULL, NULL, 0}};
    struct told told = echoed(
        *state,
        (swb__http_request){.method = "POST", .path = "/add", .parts = parts, .part_count = 3});
    char boundary[128] = "";
    const char *at = strstr(told.body, "\r\nContent-Type: multipart/form-data; boundary=");
    assert_non_null(at);
    assert_int_equal(sscanf(at + 46, "%127[^\r]", boundary), 1);
    char expected[1024];
    int first = snprintf(expected, sizeof expected,
                         "--%s\r\nContent-Disposition: form-data; name=\"torrents\"; "
                         "filename=\"a.torrent\"\r\nContent-Type: application/x-bittorrent\r\n\r\n",
                         boundary);
    memcpy(expected + first, "d1:\0\r\n-e", 8);
    int rest = snprintf(expected + first + 8, sizeof expected - (size_t)first - 8,
                        "\r\n--%s\r\nContent-Disposition: form-data; name=\"paused\"\r\n\r\ntrue"
                        "\r\n--%s\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n"
                        "\r\n--%s--\r\n",
                        boundary, boundary, boundary);
    size_t length = (size_t)(first + 8 + rest);
    const char *body = strstr(told.body, "\r\n\r\n") + 4;
    assert_int_equal(told.length - (size_t)(body - told.body), length);
    assert_memory_equal(body, expected, length);
    free(told.body);
}

static void malformed_requests_are_refused(void **state)
{
    swb_loop *loop = *state;
    swb__http_client *client = NULL;
    swb_error error = SWB_ERROR_INIT;
    struct told told = {0};
    const swb__http_pair split = {"X", "a\r\nEvil: 1"};
    const swb__http_request bad[] = {
        {.method = "GET", .path = "no-slash"},
        {.method = "GET", .path = "/a b"},
        {.method = "GET /x", .path = "/"},
        {.method = "GET", .path = "/", .headers = &split, .header_count = 1},
        {.method = "POST", .path = "/", .has_body = true, .fields = &split, .field_count = 1},
    };
    assert_int_equal(swb__http_client_create(&client, loop, "ftp://127.0.0.1", &error), SWB_EINVAL);
    assert_int_equal(swb__http_client_create(&client, loop, "http://127.0.0.1:9", NULL), SWB_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swb__http_request request = bad[i];
        request.argument = &told;
        assert_int_equal(swb__http_send(NULL, client, &request, on_done, &error), SWB_EINVAL);
        assert_string_not_equal(error.message, "");
    }
    run_for(loop, 10);
    assert_int_equal(told.count, 0);
    swb__http_client_destroy(client);
}

static void connections_are_kept_and_used_again(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(echo, NULL);
    swb__http_client *client = connect_to(loop, server);
    for (int i = 0; i < 20; i++) {
        struct told told = exchange(loop, client, get("/"));
        assert_int_equal(told.status, SWB_OK);
        free(told.body);
    }
    assert_int_equal(test_server_connections(server), 1);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

/* The first connection ends after one reply, upon the second request. */
static void reply_once(test_connection *connection)
{
    test_request request;
    for (int i = 0; test_read_request(&request, connection); i++) {
        bool answers = connection->index > 0 || i == 0;
        if (answers) {
            test_reply(connection, "200 OK", "", request.body);
        }
        test_request_free(&request);
        if (!answers) {
            return;
        }
    }
}

static int fill(void *argument, uint64_t offset, void *buffer, size_t length)
{
    (void)argument;
    for (size_t i = 0; i < length; i++) {
        ((char *)buffer)[i] = (char)('a' + (offset + i) % 26);
    }
    return SWB_OK;
}

static void request_on_a_kept_connection_that_closes_is_sent_on_a_new_one(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(reply_once, NULL);
    swb__http_client *client = connect_to(loop, server);
    for (int i = 0; i < 3; i++) {
        struct told told = exchange(
            loop, client,
            (swb__http_request){.method = "POST", .path = "/", .source = fill, .source_bytes = 28});
        assert_int_equal(told.status, SWB_OK);
        assert_string_equal(told.body, "abcdefghijklmnopqrstuvwxyzab");
        free(told.body);
    }
    assert_int_equal(test_server_connections(server), 2);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void give_cookie(test_connection *connection)
{
    test_request request;
    while (test_read_request(&request, connection)) {
        if (strstr(request.head, "/login") != NULL) {
            test_reply(connection, "200 OK",
                       "Set-Cookie: SID=abc; HttpOnly; path=/\r\n"
                       "Set-Cookie: QBT_SID_8080=def; HttpOnly; SameSite=Strict; path=/\r\n",
                       "");
        } else {
            test_reply(connection, "200 OK", "", request.head);
        }
        test_request_free(&request);
    }
}

static void cookies_stay_with_their_client(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(give_cookie, NULL);
    swb__http_client *one = connect_to(loop, server);
    swb__http_client *other = connect_to(loop, server);
    struct told told = exchange(loop, one, get("/login"));
    free(told.body);
    told = exchange(loop, one, get("/"));
    assert_non_null(strstr(told.body, "SID=abc"));
    assert_non_null(strstr(told.body, "QBT_SID_8080=def"));
    free(told.body);
    told = exchange(loop, other, get("/"));
    assert_null(strstr(told.body, "Cookie"));
    free(told.body);
    assert_int_equal(test_server_connections(server), 2);
    swb__http_client_destroy(one);
    swb__http_client_destroy(other);
    test_server_stop(server);
}

/* What a raw server says, and what must be told of it. */
struct raw_case {
    const char *bytes;
    bool reset;
    int status;
    int http_status;
    const char *body;
};

static void say_raw(test_connection *connection)
{
    const struct raw_case *raw = connection->argument;
    test_request request;
    if (test_read_request(&request, connection)) {
        test_write_text(connection, raw->bytes);
        test_request_free(&request);
    }
    if (raw->reset) {
        /* What was sent before must have arrived: a reset overtakes it. */
        struct timespec pause = {.tv_nsec = 100 * SWB__NS_PER_MS};
        nanosleep(&pause, NULL);
        test_reset(connection);
    }
}

static void replies_are_judged(void **state)
{
    static const struct raw_case cases[] = {
        {"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nlate", false, SWB_OK, 503, "late"},
        {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", false, SWB_OK, 302, ""},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", false, SWB_OK, 200, "until the end"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", false, SWB_OK, 204, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
         false, SWB_OK, 200, "abc"},
        {"", false, SWB_ETRUNCATED, 0, ""},
        {"", true, SWB_ETRUNCATED, 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false, SWB_ETRUNCATED, 200, "abc"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true, SWB_ETRUNCATED, 200, "abc"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false, SWB_ETRUNCATED, 200,
         "ab"},
        {"HTTP/1.1 200 OK\r\nContent-Le", false, SWB_ETRUNCATED, 200, ""},
        {"HTTP/1.1 200 OK\r\n", false, SWB_ETRUNCATED, 200, ""},
        {"HTTP/1.1 100 Continue\r\n\r\n", false, SWB_ETRUNCATED, 100, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", false,
         SWB_EPROTO, 200, ""},
        {"<html><body>not HTTP at all</body></html>\r\n\r\n", false, SWB_EPROTO, 0, ""},
        {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", false, SWB_EPROTO, 0, ""},
    };
    swb_loop *loop = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct raw_case *raw = &cases[i];
        test_server *server = test_server_start(say_raw, (void *)(uintptr_t)raw);
        swb__http_client *client = connect_to(loop, server);
        struct told told = exchange(loop, client, get("/"));
        if (told.status != raw->status || told.http_status != raw->http_status) {
            print_error("case %zu: %s, HTTP %d, '%s'\n", i, swb_status_name(told.status),
                        told.http_status, told.message);
        }
        assert_int_equal(told.status, raw->status);
        assert_int_equal(told.http_status, raw->http_status);
        assert_string_equal(told.body, raw->body);
        free(told.body);
        swb__http_client_destroy(client);
        test_server_stop(server);
    }
}

static void head_request_ends_without_a_body(void **state)
{
    static const struct raw_case raw = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"};
    test_server *server = test_server_start(say_raw, (void *)(uintptr_t)&raw);
    swb__http_client *client = connect_to(*state, server);
    struct told told = exchange(*state, client, (swb__http_request){.method = "HEAD", .path = "/"});
    assert_int_equal(told.status, SWB_OK);
    assert_int_equal(told.content_length, 10);
    assert_int_equal(told.length, 0);
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void refused_connection_is_told(void **state)
{
    test_server *server = test_server_start(echo, NULL);
    swb__http_client *client = connect_to(*state, server);
    test_server_stop(server);
    struct told told = exchange(*state, client, get("/"));
    assert_int_equal(told.status, SWB_ECONNECT);
    assert_int_equal(told.http_status, 0);
    assert_non_null(strstr(told.message, "GET http://127.0.0.1:"));
    free(told.body);
    swb__http_client_destroy(client);
}

static void reply_longer_than_its_limit_ends_the_transfer(void **state)
{
    static const struct raw_case raw = {.bytes = "HTTP/1.1 200 OK\r\n\r\n12345678901"};
    test_server *server = test_server_start(say_raw, (void *)(uintptr_t)&raw);
    swb__http_client *client = connect_to(*state, server);
    swb__http_request request = get("/");
    request.max_reply_bytes = 10;
    struct told told = exchange(*state, client, request);
    assert_int_equal(told.status, SWB_EPROTO);
    assert_non_null(strstr(told.message, "more than 10 bytes"));
    free(told.body);
    request.max_reply_bytes = 11;
    told = exchange(*state, client, request);
    assert_int_equal(told.status, SWB_OK);
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void send_headers_for_ever(test_connection *connection)
{
    test_write_text(connection, "HTTP/1.1 200 OK\r\n");
    while (test_write_text(connection, "X-Header: with some value\r\n")) {
    }
}

static void endless_headers_end_the_transfer(void **state)
{
    test_server *server = test_server_start(send_headers_for_ever, NULL);
    swb__http_client *client = connect_to(*state, server);
    struct told told = exchange(*state, client, get("/"));
    assert_int_equal(told.status, SWB_EPROTO);
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void begin_and_hang(test_connection *connection)
{
    test_write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    test_hang(connection);
}

static void deadline_ends_a_transfer_that_hangs(void **state)
{
    test_server *server = test_server_start(begin_and_hang, NULL);
    swb__http_client *client = connect_to(*state, server);
    swb__http_request request = get("/");
    request.deadline_ns = (uint64_t)(50 * SWB__NS_PER_MS);
    struct told told = exchange(*state, client, request);
    assert_int_equal(told.status, SWB_ETIMEDOUT);
    assert_true(told.done_ns - told.sent_ns >= 45 * SWB__NS_PER_MS);
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void canceled_transfer_completes_once_and_later(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(test_hang, NULL);
    swb__http_client *client = connect_to(loop, server);
    swb__http_transfer *transfer = NULL;
    struct told told = {0};
    swb__http_request request = get("/");
    request.argument = &told;
    for (int wait_ms = 0; wait_ms <= 30; wait_ms += 30) {
        assert_int_equal(swb__http_send(&transfer, client, &request, on_done, NULL), SWB_OK);
        run_for(loop, wait_ms);
        swb__http_cancel(transfer);
        swb__http_cancel(transfer);
        assert_int_equal(told.count, 0);
        assert_true(run_until(loop, &told.count, 1));
        run_for(loop, 10);
        assert_int_equal(told.count, 1);
        assert_int_equal(told.status, SWB_ECANCELED);
        told.count = 0;
    }
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void destroyed_client_completes_what_is_under_way(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(begin_and_hang, NULL);
    swb__http_client *client = connect_to(loop, server);
    struct told told[10] = {{0}};
    for (int i = 0; i < 10; i++) {
        swb__http_request request = get("/");
        request.argument = &told[i];
        assert_int_equal(swb__http_send(NULL, client, &request, on_done, NULL), SWB_OK);
        if (i == 4) {
            run_for(loop, 30);
        }
    }
    swb__http_client_destroy(client);
    run_for(loop, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(told[i].count, 1);
        assert_int_equal(told[i].status, SWB_ECANCELED);
        free(told[i].body);
    }
    test_server_stop(server);
}

static void client_may_be_destroyed_in_a_completion(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(echo, NULL);
    swb__http_client *client = connect_to(loop, server);
    struct told first = {.destroys = client};
    struct told second = {0};
    swb__http_request request = get("/");
    request.argument = &first;
    assert_int_equal(swb__http_send(NULL, client, &request, on_done, NULL), SWB_OK);
    assert_true(run_until(loop, &first.count, 1));
    assert_int_equal(first.status, SWB_OK);

    test_server *hanging = test_server_start(test_hang, NULL);
    client = connect_to(loop, hanging);
    first = (struct told){.destroys = client, .body = first.body};
    assert_int_equal(swb__http_send(NULL, client, &request, on_done, NULL), SWB_OK);
    request.argument = &second;
    swb__http_transfer *transfer = NULL;
    assert_int_equal(swb__http_send(&transfer, client, &request, on_done, NULL), SWB_OK);
    second.destroys = client;
    first.destroys = NULL;
    swb__http_cancel(transfer);
    assert_true(run_until(loop, &second.count, 1));
    assert_int_equal(first.count, 1);
    assert_int_equal(first.status, SWB_ECANCELED);
    free(first.body);
    free(second.body);
    test_server_stop(server);
    test_server_stop(hanging);
}

struct stream_told {
    struct told told; /* first: on_done() takes it */
    size_t sunk;
    size_t fail_after;
    bool wrong;
    swb__http_transfer *cancels;
};

static int take(void *argument, const void *bytes, size_t length)
{
    struct stream_told *stream = argument;
    for (size_t i = 0; i < length; i++) {
        stream->wrong |= ((const char *)bytes)[i] != (char)('a' + (stream->sunk + i) % 26);
    }
    stream->sunk += length;
    if (stream->cancels != NULL) {
        swb__http_cancel(stream->cancels);
        stream->cancels = NULL;
    }
    return stream->fail_after > 0 && stream->sunk >= stream->fail_after ? SWB_EMISMATCH : SWB_OK;
}

#define STREAM_BYTES ((size_t)10 << 20)

static void echo_body(test_connection *connection)
{
    test_request request;
    while (test_read_request(&request, connection)) {
        const char *status = strstr(request.head, "/missing") ? "404 Not Found" : "200 OK";
        test_reply(connection, status, "", request.body);
        test_request_free(&request);
    }
}

static struct stream_told stream_through(swb_loop *loop, const char *path, uint64_t source_bytes,
                                         size_t fail_after, bool cancel)
{
    test_server *server = test_server_start(echo_body, NULL);
    swb__http_client *client = connect_to(loop, server);
    struct stream_told stream = {.fail_after = fail_after};
    swb__http_request request = {.method = "POST",
                                 .path = path,
                                 .body_type = "application/octet-stream",
                                 .source = fill,
                                 .source_bytes = source_bytes,
                                 .sink = take,
                                 .argument = &stream};
    swb__http_transfer *transfer = NULL;
    assert_int_equal(swb__http_send(&transfer, client, &request, on_done, NULL), SWB_OK);
    stream.cancels = cancel ? transfer : NULL;
    assert_true(run_until(loop, &stream.told.count, 1));
    run_for(loop, 5);
    assert_int_equal(stream.told.count, 1);
    assert_false(stream.wrong);
    swb__http_client_destroy(client);
    test_server_stop(server);
    return stream;
}

static void ten_megabytes_are_streamed_out_and_in(void **state)
{
    struct stream_told stream = stream_through(*state, "/", STREAM_BYTES, 0, false);
    assert_int_equal(stream.told.status, SWB_OK);
    assert_int_equal(stream.sunk, STREAM_BYTES);
    assert_int_equal(stream.told.length, 0);
    free(stream.told.body);
    stream = stream_through(*state, "/", 0, 0, false);
    assert_int_equal(stream.told.status, SWB_OK);
    assert_int_equal(stream.sunk, 0);
    free(stream.told.body);
}

static void sink_is_not_given_the_body_of_a_refusal(void **state)
{
    struct stream_told stream = stream_through(*state, "/missing", 1000, 0, false);
    assert_int_equal(stream.told.status, SWB_OK);
    assert_int_equal(stream.told.http_status, 404);
    assert_int_equal(stream.told.length, 1000);
    assert_int_equal(stream.sunk, 0);
    free(stream.told.body);
}

static void sink_that_fails_ends_the_transfer_with_its_status(void **state)
{
    struct stream_told stream = stream_through(*state, "/", STREAM_BYTES, 1 << 20, false);
    assert_int_equal(stream.told.status, SWB_EMISMATCH);
    assert_true(stream.sunk < STREAM_BYTES);
    free(stream.told.body);
}

/* Takes 64 KiB at most, and is busy until it is emptied. */
struct basin {
    struct stream_told stream; /* first: on_done() and take() take it */
    size_t held;
    size_t pauses;
};

static int fill_basin(void *argument, const void *bytes, size_t length)
{
    struct basin *basin = argument;
    if (basin->held + length > 65536) {
        basin->pauses++;
        return SWB_EBUSY;
    }
    basin->held += length;
    return take(&basin->stream, bytes, length);
}

static void sink_that_is_busy_gets_the_same_bytes_again_later(void **state)
{
    test_server *server = test_server_start(echo_body, NULL);
    swb__http_client *client = connect_to(*state, server);
    struct basin basin = {0};
    swb__http_request request = {.method = "POST",
                                 .path = "/",
                                 .body_type = "application/octet-stream",
                                 .source = fill,
                                 .source_bytes = 1 << 20,
                                 .sink = fill_basin,
                                 .argument = &basin};
    swb__http_transfer *transfer = NULL;
    assert_int_equal(swb__http_send(&transfer, client, &request, on_done, NULL), SWB_OK);
    for (int i = 0; i < 2000 && basin.stream.told.count == 0; i++) {
        run_for(*state, 2);
        basin.held = 0;
        if (basin.stream.told.count == 0) {
            swb__http_resume(transfer);
        }
    }
    assert_int_equal(basin.stream.told.count, 1);
    assert_int_equal(basin.stream.told.status, SWB_OK);
    assert_int_equal(basin.stream.sunk, 1 << 20);
    assert_false(basin.stream.wrong);
    assert_true(basin.pauses > 0);
    free(basin.stream.told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

static void transfer_may_be_canceled_by_its_sink(void **state)
{
    struct stream_told stream = stream_through(*state, "/", STREAM_BYTES, 0, true);
    assert_int_equal(stream.told.status, SWB_ECANCELED);
    assert_true(stream.sunk < STREAM_BYTES);
    free(stream.told.body);
}

static int fail_source(void *argument, uint64_t offset, void *buffer, size_t length)
{
    return offset > 100000 ? SWB_EIO : fill(argument, offset, buffer, length);
}

static void source_that_fails_ends_the_transfer_with_its_status(void **state)
{
    test_server *server = test_server_start(echo_body, NULL);
    swb__http_client *client = connect_to(*state, server);
    struct told told = exchange(
        *state, client,
        (swb__http_request){
            .method = "POST", .path = "/", .source = fail_source, .source_bytes = STREAM_BYTES});
    assert_int_equal(told.status, SWB_EIO);
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

#define PARALLEL 31

/* Tells in its reply when the request came. */
static void tell_arrival(test_connection *connection)
{
    test_request request;
    while (test_read_request(&request, connection)) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)request.began_ns);
        test_reply(connection, "200 OK", "", text);
        test_request_free(&request);
    }
}

struct spread {
    int64_t first_ns;
    int64_t last_ns;
};

static void widen(struct spread *spread, int64_t at_ns)
{
    spread->first_ns = spread->first_ns == 0 || at_ns < spread->first_ns ? at_ns : spread->first_ns;
    spread->last_ns = at_ns > spread->last_ns ? at_ns : spread->last_ns;
}

struct warm_node {
    swb__http_client *client;
    struct told told;
};

static void send_all(void *argument)
{
    struct warm_node *nodes = argument;
    for (int i = 0; i < PARALLEL; i++) {
        swb__http_request request = get("/");
        request.argument = &nodes[i].told;
        assert_int_equal(swb__http_send(NULL, nodes[i].client, &request, on_done, NULL), SWB_OK);
    }
}

static void requests_sent_in_one_round_leave_together(void **state)
{
    swb_loop *loop = *state;
    struct warm_node nodes[PARALLEL] = {{0}};
    test_server *server = test_server_start(tell_arrival, NULL);
    for (int i = 0; i < PARALLEL; i++) {
        nodes[i].client = connect_to(loop, server);
        struct told warm = exchange(loop, nodes[i].client, get("/"));
        free(warm.body);
    }
    swb__timer *timer = NULL;
    swb__timer_start(&timer, loop, SWB__NS_PER_MS, send_all, nodes);
    struct spread sent = {0};
    struct spread arrived = {0};
    for (int i = 0; i < PARALLEL; i++) {
        assert_true(run_until(loop, &nodes[i].told.count, 1));
        int64_t arrived_ns = strtoll(nodes[i].told.body, NULL, 10);
        assert_true(nodes[i].told.sent_ns <= arrived_ns);
        assert_true(arrived_ns <= nodes[i].told.done_ns);
        widen(&sent, nodes[i].told.sent_ns);
        widen(&arrived, arrived_ns);
    }
    print_message("%d requests: sent within %lld us, read by the servers within %lld us\n",
                  PARALLEL, (long long)(sent.last_ns - sent.first_ns) / 1000,
                  (long long)(arrived.last_ns - arrived.first_ns) / 1000);
    assert_int_equal(test_server_connections(server), PARALLEL);
    assert_true(sent.last_ns - sent.first_ns < 500 * SWB__NS_PER_MS);
    swb__timer_stop(timer);
    for (int i = 0; i < PARALLEL; i++) {
        free(nodes[i].told.body);
        swb__http_client_destroy(nodes[i].client);
    }
    test_server_stop(server);
}

static void certificate_of_anyone_is_taken_only_where_it_is_said(void **state)
{
    test_server *server = test_server_start_tls(echo, NULL);
    swb__http_client *client = NULL;
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/base", (unsigned)test_server_port(server));
    assert_int_equal(swb__http_client_create(&client, *state, url, NULL), SWB_OK);
    struct told told = exchange(*state, client, get("/a"));
    assert_int_not_equal(told.status, SWB_OK);
    assert_non_null(strstr(told.message, "certificate"));
    free(told.body);
    swb__http_client_take_any_certificate(client);
    told = exchange(*state, client, get("/a"));
    assert_int_equal(told.status, SWB_OK);
    assert_non_null(strstr(told.body, "GET /base/a HTTP/1.1\r\n"));
    free(told.body);
    swb__http_client_destroy(client);
    test_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(get_sends_nothing_unasked_and_tells_the_reply),
        LOOP_TEST(body_and_headers_are_sent_as_given),
        LOOP_TEST(post_without_a_type_sends_no_content_type),
        LOOP_TEST(embedder_is_woken_by_replies),
        LOOP_TEST(form_fields_are_encoded),
        LOOP_TEST(multipart_holds_the_parts_byte_for_byte),
        LOOP_TEST(malformed_requests_are_refused),
        LOOP_TEST(connections_are_kept_and_used_again),
        LOOP_TEST(request_on_a_kept_connection_that_closes_is_sent_on_a_new_one),
        LOOP_TEST(cookies_stay_with_their_client),
        LOOP_TEST(replies_are_judged),
        LOOP_TEST(head_request_ends_without_a_body),
        LOOP_TEST(refused_connection_is_told),
        LOOP_TEST(reply_longer_than_its_limit_ends_the_transfer),
        LOOP_TEST(endless_headers_end_the_transfer),
        LOOP_TEST(deadline_ends_a_transfer_that_hangs),
        LOOP_TEST(canceled_transfer_completes_once_and_later),
        LOOP_TEST(destroyed_client_completes_what_is_under_way),
        LOOP_TEST(client_may_be_destroyed_in_a_completion),
        LOOP_TEST(ten_megabytes_are_streamed_out_and_in),
        LOOP_TEST(sink_is_not_given_the_body_of_a_refusal),
        LOOP_TEST(sink_that_is_busy_gets_the_same_bytes_again_later),
        LOOP_TEST(sink_that_fails_ends_the_transfer_with_its_status),
        LOOP_TEST(transfer_may_be_canceled_by_its_sink),
        LOOP_TEST(source_that_fails_ends_the_transfer_with_its_status),
        LOOP_TEST(requests_sent_in_one_round_leave_together),
        LOOP_TEST(certificate_of_anyone_is_taken_only_where_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
