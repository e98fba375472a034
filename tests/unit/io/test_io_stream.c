/* io/stream against scripted TLS servers. Frames: a length of 4 bytes, big-endian, and as many. */
#include "loop_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http.h"
#include "io/stream.h"
#include "support/server.h"

#define MAX_FRAME ((size_t)12 << 20)

/* What a stream told. */
struct told {
    swb__stream *stream;
    int opened;
    int frames;
    size_t frame_bytes;
    char first[32];
    char last[32];
    bool wrong; /* a byte that is not as pattern() has it, or no NUL behind */
    int closed;
    int status;
    char message[1024];
    int close_at_frame;
    bool close_when_opened;
    bool close_when_closed;
};

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

static int frame(size_t *length_out, const uint8_t *bytes, size_t length)
{
    if (length >= 4 && bytes[0] == 0xff) {
        return SWB_EPROTO;
    }
    *length_out = length < 4 ? 0
                             : 4 + ((size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
                                    (size_t)bytes[2] << 8 | bytes[3]);
    return SWB_OK;
}

static void on_opened(void *argument)
{
    struct told *told = argument;
    told->opened++;
    if (told->close_when_opened) {
        swb__stream_close(told->stream);
    }
}

static void on_frame(void *argument, const uint8_t *bytes, size_t length)
{
    struct told *told = argument;
    told->frames++;
    told->frame_bytes += length;
    told->wrong |= bytes[length] != '\0';
    snprintf(told->last, sizeof told->last, "%s", (const char *)bytes + 4);
    if (told->frames == 1) {
        memcpy(told->first, told->last, sizeof told->first);
    }
    for (size_t i = 1000; i < length; i++) {
        told->wrong |= bytes[i] != pattern(i);
    }
    if (told->frames == told->close_at_frame) {
        swb__stream_close(told->stream);
    }
}

static void on_closed(void *argument, int status, const swb_error *error)
{
    struct told *told = argument;
    told->closed++;
    told->status = status;
    snprintf(told->message, sizeof told->message, "%s", error->message);
    if (told->close_when_closed) {
        swb__stream_close(told->stream);
    }
}

static void open_with(struct told *told, swb_loop *loop, swb__stream_options options)
{
    swb__stream_events events = {.opened = on_opened,
                                 .frame_received = on_frame,
                                 .closed = on_closed,
                                 .frame = frame,
                                 .argument = told};
    assert_int_equal(swb__stream_open(&told->stream, loop, &options, &events, NULL), SWB_OK);
    assert_int_equal(told->opened + told->closed, 0);
}

static swb__stream_options to(test_server *server)
{
    return (swb__stream_options){.address = "127.0.0.1",
                                 .port = test_server_port(server),
                                 .connect_ns = (uint64_t)(5 * SWB__NS_PER_S),
                                 .max_frame_bytes = MAX_FRAME};
}

static size_t put_frame(uint8_t *out, const char *text)
{
    size_t length = strlen(text);
    out[0] = out[1] = out[2] = 0;
    out[3] = (uint8_t)length;
    memcpy(out + 4, text, length);
    return 4 + length;
}

/* Runs a script until the stream has ended. */
static struct told run_script(swb_loop *loop, test_script script, void *argument)
{
    struct told told = {0};
    test_server *server = test_server_start_tls(script, argument);
    open_with(&told, loop, to(server));
    assert_true(run_until(loop, &told.closed, 1));
    swb__stream_close(told.stream);
    run_for(loop, 5);
    assert_int_equal(told.closed, 1);
    assert_false(told.wrong);
    test_server_stop(server);
    return told;
}

static void echo(test_connection *connection)
{
    static const size_t size = 1u << 20;
    char *bytes = malloc(size);
    size_t got;
    while (bytes != NULL && (got = test_read(connection, bytes, size)) > 0 &&
           test_write(connection, bytes, got)) {
    }
    free(bytes);
}

static void frames_are_echoed_until_the_owner_closes(void **state)
{
    swb_loop *loop = *state;
    struct told told = {0};
    uint8_t bytes[64];
    test_server *server = test_server_start_tls(echo, NULL);
    open_with(&told, loop, to(server));
    size_t length = put_frame(bytes, "hello");
    assert_int_equal(swb__stream_send(NULL, told.stream, bytes, length), SWB_ECONNECT);
    assert_true(run_until(loop, &told.opened, 1));
    for (int i = 0; i < 10; i++) {
        int64_t sent_ns = 0;
        int64_t before_ns = swb__clock_ns();
        assert_int_equal(swb__stream_send(&sent_ns, told.stream, bytes, length), SWB_OK);
        assert_in_range(sent_ns, before_ns, swb__clock_ns());
        assert_int_equal(told.frames, i);
        assert_true(run_until(loop, &told.frames, i + 1));
        assert_string_equal(told.last, "hello");
    }
    swb__stream_close(told.stream);
    assert_int_equal(told.closed, 0);
    assert_true(run_until(loop, &told.closed, 1));
    assert_int_equal(told.status, SWB_ECANCELED);
    swb__stream_close(NULL);
    test_server_stop(server);
}

/* More than socket and TLS buffers hold, both ways at once. */
static void more_than_the_socket_takes_is_sent_when_it_can(void **state)
{
    swb_loop *loop = *state;
    struct told told = {0};
    test_server *server = test_server_start_tls(echo, NULL);
    size_t length = (size_t)9 << 20;
    uint8_t *bytes = malloc(length);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = pattern(i);
    }
    bytes[0] = 0;
    bytes[1] = (uint8_t)((length - 4) >> 16 & 0xff);
    bytes[2] = (uint8_t)((length - 4) >> 8 & 0xff);
    bytes[3] = (uint8_t)((length - 4) & 0xff);
    open_with(&told, loop, to(server));
    assert_true(run_until(loop, &told.opened, 1));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(swb__stream_send(NULL, told.stream, bytes, length), SWB_OK);
    }
    free(bytes);
    assert_true(run_until(loop, &told.frames, 3));
    assert_int_equal(told.frame_bytes, 3 * length);
    assert_false(told.wrong);
    swb__stream_close(told.stream);
    run_for(loop, 5);
    test_server_stop(server);
}

static void say_byte_by_byte(test_connection *connection)
{
    uint8_t bytes[64];
    size_t length = put_frame(bytes, "split");
    length += put_frame(bytes + length, "");
    length += put_frame(bytes + length, "last");
    for (size_t i = 0; i < length; i++) {
        test_write(connection, bytes + i, 1);
    }
}

static void frames_split_byte_by_byte_are_put_together(void **state)
{
    struct told told = run_script(*state, say_byte_by_byte, NULL);
    assert_int_equal(told.frames, 3);
    assert_string_equal(told.first, "split");
    assert_string_equal(told.last, "last");
    assert_int_equal(told.status, SWB_ETRUNCATED);
}

static void say_many_at_once(test_connection *connection)
{
    static uint8_t bytes[500 * 9];
    size_t length = 0;
    for (int i = 0; i < 500; i++) {
        char text[8];
        snprintf(text, sizeof text, "f%03d", i);
        length += put_frame(bytes + length, text);
    }
    test_write(connection, bytes, length);
}

static void frames_in_one_record_are_told_each(void **state)
{
    struct told told = run_script(*state, say_many_at_once, NULL);
    assert_int_equal(told.frames, 500);
    assert_string_equal(told.first, "f000");
    assert_string_equal(told.last, "f499");
}

static void say_many_megabytes(test_connection *connection)
{
    static uint8_t bytes[16384];
    for (size_t i = 0; i + 8 <= sizeof bytes; i += 8) {
        put_frame(bytes + i, "abcd");
    }
    for (int i = 0; i < 512 && test_write(connection, bytes, sizeof bytes); i++) {
    }
}

static void fast_peer_does_not_starve_the_loop(void **state)
{
    struct told told = run_script(*state, say_many_megabytes, NULL);
    assert_int_equal(told.frames, 512 * 2048);
}

static void say_too_much(test_connection *connection)
{
    const uint8_t head[] = {0x7f, 0, 0, 0};
    test_write(connection, head, sizeof head);
    test_hang(connection);
}

static void frame_longer_than_its_limit_ends_the_stream(void **state)
{
    struct told told = run_script(*state, say_too_much, NULL);
    assert_int_equal(told.frames, 0);
    assert_int_equal(told.status, SWB_EPROTO);
    assert_non_null(strstr(told.message, "12582912 bytes"));
}

static void say_garbage(test_connection *connection)
{
    test_write_text(connection, "\xff\xff\xff\xff\xff");
    test_hang(connection);
}

static void malformed_frame_ends_the_stream(void **state)
{
    struct told told = run_script(*state, say_garbage, NULL);
    assert_int_equal(told.status, SWB_EPROTO);
}

static void say_half(test_connection *connection)
{
    const uint8_t half[] = {0, 0, 0, 10, 'h', 'a', 'l', 'f'};
    test_write(connection, half, sizeof half);
    if (connection->argument != NULL) {
        test_goodbye(connection);
    }
}

static void stream_closed_within_a_frame_is_told_as_truncated(void **state)
{
    for (int polite = 0; polite < 2; polite++) {
        struct told told = run_script(*state, say_half, polite ? "polite" : NULL);
        assert_int_equal(told.frames, 0);
        assert_int_equal(told.status, SWB_ETRUNCATED);
        assert_non_null(strstr(told.message, "within a frame"));
    }
}

static void reset(test_connection *connection)
{
    char byte;
    test_read(connection, &byte, 1);
    test_reset(connection);
}

static void reset_stream_is_told_once_and_sending_is_no_signal(void **state)
{
    swb_loop *loop = *state;
    struct told told = {0};
    uint8_t bytes[64];
    size_t length = put_frame(bytes, "hello");
    test_server *server = test_server_start_tls(reset, NULL);
    open_with(&told, loop, to(server));
    assert_true(run_until(loop, &told.opened, 1));
    assert_int_equal(swb__stream_send(NULL, told.stream, bytes, length), SWB_OK);
    struct timespec pause = {.tv_nsec = 100 * SWB__NS_PER_MS};
    nanosleep(&pause, NULL); /* The reset has come, the loop has not seen it. */
    assert_int_equal(swb__stream_send(NULL, told.stream, bytes, length), SWB_OK);
    assert_int_equal(swb__stream_send(NULL, told.stream, bytes, length), SWB_OK);
    assert_true(run_until(loop, &told.closed, 1));
    assert_int_equal(told.status, SWB_ETRUNCATED);
    assert_int_equal(swb__stream_send(NULL, told.stream, bytes, length), SWB_ECONNECT);
    swb__stream_close(told.stream);
    run_for(loop, 5);
    assert_int_equal(told.closed, 1);
    test_server_stop(server);
}

static void greet(test_connection *connection)
{
    uint8_t bytes[64];
    test_write(connection, bytes, put_frame(bytes, "welcome"));
    test_hang(connection);
}

static void stream_may_be_closed_in_each_of_its_calls(void **state)
{
    swb_loop *loop = *state;
    struct told cases[] = {
        {.close_when_opened = true}, {.close_at_frame = 1}, {.close_when_closed = true}};
    for (int i = 0; i < 3; i++) {
        struct told *told = &cases[i];
        test_server *server = test_server_start_tls(i == 2 ? say_half : greet, NULL);
        open_with(told, loop, to(server));
        assert_true(run_until(loop, &told->closed, 1));
        run_for(loop, 5);
        assert_int_equal(told->closed, 1);
        assert_int_equal(told->frames, i == 1);
        assert_int_equal(told->status, i == 2 ? SWB_ETRUNCATED : SWB_ECANCELED);
        test_server_stop(server);
    }
}

static void frame_that_comes_with_the_handshake_is_told(void **state)
{
    swb_loop *loop = *state;
    for (int i = 0; i < 20; i++) {
        struct told told = {0};
        test_server *server = test_server_start_tls(greet, NULL);
        open_with(&told, loop, to(server));
        assert_true(run_until(loop, &told.frames, 1));
        assert_string_equal(told.last, "welcome");
        swb__stream_close(told.stream);
        run_for(loop, 2);
        test_server_stop(server);
    }
}

static struct told fail_to_open(swb_loop *loop, swb__stream_options options)
{
    struct told told = {0};
    open_with(&told, loop, options);
    assert_true(run_until(loop, &told.closed, 1));
    assert_int_equal(told.opened, 0);
    swb__stream_close(told.stream);
    run_for(loop, 5);
    assert_int_equal(told.closed, 1);
    return told;
}

static void say_html(test_connection *connection)
{
    test_write_text(connection, "HTTP/1.1 400 Bad Request\r\n\r\n");
    test_hang(connection);
}

static void failure_to_connect_is_told(void **state)
{
    swb_loop *loop = *state;
    test_server *silent = test_server_start(test_hang, NULL);
    test_server *plain = test_server_start(say_html, NULL);
    test_server *tls = test_server_start_tls(test_hang, NULL);
    test_server *gone = test_server_start(test_hang, NULL);
    swb__stream_options options = to(gone);
    test_server_stop(gone);
    assert_int_equal(fail_to_open(loop, options).status, SWB_ECONNECT);
    assert_int_equal(fail_to_open(loop, to(plain)).status, SWB_ECONNECT);
    options = to(silent);
    options.connect_ns = (uint64_t)(50 * SWB__NS_PER_MS);
    assert_int_equal(fail_to_open(loop, options).status, SWB_ETIMEDOUT);
    options = to(tls);
    options.verify_peer = 1;
    assert_int_equal(fail_to_open(loop, options).status, SWB_ECONNECT);
    test_server_stop(silent);
    test_server_stop(plain);
    test_server_stop(tls);
}

static void malformed_address_is_refused(void **state)
{
    swb__stream *stream = NULL;
    swb__stream_events events = {.frame = frame};
    swb__stream_options options = {.address = "127.0.0.1/x", .port = 1};
    assert_int_equal(swb__stream_open(&stream, *state, &options, &events, NULL), SWB_EINVAL);
    options = (swb__stream_options){.address = "127.0.0.1"};
    assert_int_equal(swb__stream_open(&stream, *state, &options, &events, NULL), SWB_EINVAL);
    assert_null(stream);
}

static void stream_closed_while_it_connects_is_told_once(void **state)
{
    swb_loop *loop = *state;
    test_server *server = test_server_start(test_hang, NULL);
    for (int wait_ms = 0; wait_ms < 40; wait_ms += 20) {
        struct told told = {0};
        open_with(&told, loop, to(server));
        run_for(loop, wait_ms);
        swb__stream_close(told.stream);
        assert_int_equal(told.closed, 0);
        assert_true(run_until(loop, &told.closed, 1));
        assert_int_equal(told.status, SWB_ECANCELED);
    }
    test_server_stop(server);
}

/* Other connections that come and go must not take an idle stream for a dead one. */
static void idle_stream_outlives_other_connections(void **state)
{
    swb_loop *loop = *state;
    struct told idle = {0};
    uint8_t bytes[64];
    test_server *server = test_server_start_tls(echo, NULL);
    open_with(&idle, loop, to(server));
    assert_true(run_until(loop, &idle.opened, 1));
    for (int i = 0; i < 100; i++) {
        struct told other = {0};
        open_with(&other, loop, to(server));
        assert_true(run_until(loop, &other.opened, 1));
        swb__stream_close(other.stream);
        assert_true(run_until(loop, &other.closed, 1));
    }
    assert_int_equal(idle.closed, 0);
    assert_int_equal(swb__stream_send(NULL, idle.stream, bytes, put_frame(bytes, "still")), SWB_OK);
    assert_true(run_until(loop, &idle.frames, 1));
    assert_string_equal(idle.last, "still");
    swb__stream_close(idle.stream);
    run_for(loop, 5);
    test_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(frames_are_echoed_until_the_owner_closes),
        LOOP_TEST(more_than_the_socket_takes_is_sent_when_it_can),
        LOOP_TEST(frames_split_byte_by_byte_are_put_together),
        LOOP_TEST(frames_in_one_record_are_told_each),
        LOOP_TEST(fast_peer_does_not_starve_the_loop),
        LOOP_TEST(frame_longer_than_its_limit_ends_the_stream),
        LOOP_TEST(malformed_frame_ends_the_stream),
        LOOP_TEST(stream_closed_within_a_frame_is_told_as_truncated),
        LOOP_TEST(reset_stream_is_told_once_and_sending_is_no_signal),
        LOOP_TEST(stream_may_be_closed_in_each_of_its_calls),
        LOOP_TEST(frame_that_comes_with_the_handshake_is_told),
        LOOP_TEST(failure_to_connect_is_told),
        LOOP_TEST(malformed_address_is_refused),
        LOOP_TEST(stream_closed_while_it_connects_is_told_once),
        LOOP_TEST(idle_stream_outlives_other_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
