/* Framed TLS streams: libcurl connects, then the bytes are moved here. */
#include "io/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "io/multi.h"

#define DEFAULT_FRAME_BYTES ((size_t)64 << 20)
#define CHUNK_BYTES ((size_t)64 << 10)
/* Chunks that are received before others on the loop have their turn. */
#define CHUNKS_A_TURN 16

/* Bytes to send. TLS wants a write that would block repeated with the same address and length, so
 * a block stays where it is until all of it is sent. */
struct block {
    size_t length;
    size_t sent;
    STAILQ_ENTRY(block) link;
    uint8_t bytes[];
};

enum state { CONNECTING, OPEN, ENDED };

struct swb__stream {
    struct swb__multi_entry entry;
    swb_loop *loop;
    swb__stream_events events;
    size_t max_frame_bytes;
    char peer[160];
    char message[CURL_ERROR_SIZE];
    CURLSH *share;
    struct swb__poll *poll;
    enum state state;
    bool told;        /* `closed` was called */
    bool send_failed; /* what came in before is still read */
    swb__buffer in;   /* what is not delivered yet */
    STAILQ_HEAD(, block) out;
    struct swb__deferred again; /* read on */
    struct swb__deferred end;   /* closed by the owner: tell and free */
};

static void drop_connection(swb__stream *stream)
{
    swb__poll_close(stream->poll);
    stream->poll = NULL;
    swb__loop_undefer(stream->loop, &stream->again);
    swb__multi_remove(stream->loop, &stream->entry);
    curl_easy_cleanup(stream->entry.easy);
    curl_share_cleanup(stream->share);
    while (!STAILQ_EMPTY(&stream->out)) {
        struct block *block = STAILQ_FIRST(&stream->out);
        STAILQ_REMOVE_HEAD(&stream->out, link);
        free(block);
    }
}

/* Ends the stream by itself; its memory stays the owner's. */
static void end(swb__stream *stream, int status, const char *why)
{
    swb_error error = SWB_ERROR_INIT;
    swb__fail(&error, status, "%s: %s", stream->peer, why);
    stream->state = ENDED;
    stream->told = true;
    drop_connection(stream);
    stream->events.closed(stream->events.argument, status, &error);
}

/* Delivers the whole frames in `in`. The handlers may close the stream. */
static void deliver(swb__stream *stream)
{
    size_t used = 0;
    size_t length = 0;
    while (used < stream->in.length) {
        uint8_t *at = (uint8_t *)stream->in.data + used;
        size_t left = stream->in.length - used;
        length = 0;
        int status = stream->events.frame(&length, at, left);
        if (status != SWB_OK) {
            end(stream, status, "malformed frame");
            return;
        }
        if (length == 0 || length > left || length > stream->max_frame_bytes) {
            break;
        }
        uint8_t next = at[length];
        at[length] = '\0';
        stream->events.frame_received(stream->events.argument, at, length);
        if (stream->state != OPEN) {
            return;
        }
        at[length] = next;
        used += length;
    }
    swb__buffer_consume(&stream->in, used);
    if (length > stream->max_frame_bytes || stream->in.length > stream->max_frame_bytes) {
        char why[80];
        snprintf(why, sizeof why, "a frame of more than %zu bytes", stream->max_frame_bytes);
        end(stream, SWB_EPROTO, why);
    }
}

static void read_again(void *argument);

/* Takes what TLS holds: epoll does not tell of bytes that are decrypted already. */
static void receive(swb__stream *stream)
{
    for (int i = 0; i < CHUNKS_A_TURN && stream->state == OPEN; i++) {
        size_t got = 0;
        char *to = swb__buffer_reserve(&stream->in, CHUNK_BYTES);
        if (to == NULL) {
            end(stream, SWB_ENOMEM, swb_status_text(SWB_ENOMEM));
            return;
        }
        CURLcode code = curl_easy_recv(stream->entry.easy, to, CHUNK_BYTES, &got);
        if (code == CURLE_AGAIN && !stream->send_failed) {
            return;
        }
        if (code != CURLE_OK || got == 0) {
            end(stream, SWB_ETRUNCATED,
                stream->in.length > 0 ? "closed by the peer within a frame" : "closed by the peer");
            return;
        }
        stream->in.length += got;
        to[got] = '\0';
        deliver(stream);
    }
    if (stream->state == OPEN) {
        swb__loop_defer(stream->loop, &stream->again, read_again, stream);
    }
}

static void read_again(void *argument)
{
    receive(argument);
}

/* Sends the first block; true where it is gone and the next may follow. */
static bool send_block(swb__stream *stream, struct block *block)
{
    size_t sent = 0;
    CURLcode code = curl_easy_send(stream->entry.easy, block->bytes + block->sent,
                                   block->length - block->sent, &sent);
    if (code != CURLE_OK && code != CURLE_AGAIN) {
        stream->send_failed = true;
        swb__loop_defer(stream->loop, &stream->again, read_again, stream);
        return false;
    }
    block->sent += code == CURLE_OK ? sent : 0;
    if (block->sent < block->length) {
        return code == CURLE_OK;
    }
    STAILQ_REMOVE_HEAD(&stream->out, link);
    free(block);
    return true;
}

static void send_queued(swb__stream *stream)
{
    while (!stream->send_failed && !STAILQ_EMPTY(&stream->out) &&
           send_block(stream, STAILQ_FIRST(&stream->out))) {
    }
    bool waits = !stream->send_failed && !STAILQ_EMPTY(&stream->out);
    swb__poll_set(stream->poll, UV_READABLE | (waits ? UV_WRITABLE : 0));
}

static void on_ready(void *argument, int fd, int events)
{
    swb__stream *stream = argument;
    (void)fd;
    if ((events & UV_WRITABLE) != 0) {
        send_queued(stream);
    }
    receive(stream);
}

/* libcurl does not watch the socket any more once it has told the end of connecting. */
static void on_connected(swb__stream *stream)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(stream->entry.easy, CURLINFO_ACTIVESOCKET, &fd);
    stream->poll = swb__poll_open(stream->loop, fd, on_ready, stream);
    if (stream->poll == NULL) {
        end(stream, SWB_ENOMEM, "the socket cannot be watched");
        return;
    }
    swb__poll_set(stream->poll, UV_READABLE);
    stream->state = OPEN;
    /* What came along with the handshake may lie in TLS already. */
    swb__loop_defer(stream->loop, &stream->again, read_again, stream);
    stream->events.opened(stream->events.argument);
}

static void on_ended(void *argument, CURLcode code)
{
    swb__stream *stream = argument;
    if (code == CURLE_OK) {
        on_connected(stream);
        return;
    }
    int status = swb__curl_status(stream->entry.easy, code);
    if (stream->state == CONNECTING && status != SWB_ETIMEDOUT && status != SWB_ENOMEM) {
        status = SWB_ECONNECT;
    }
    end(stream, status, stream->message[0] != '\0' ? stream->message : curl_easy_strerror(code));
}

static CURLcode set_options(swb__stream *stream, const swb__stream_options *options)
{
    CURL *easy = stream->entry.easy;
    char url[200];
    long verify = options->verify_peer != 0;
    const char *format = strchr(options->address, ':') != NULL ? "[%s]:%u" : "%s:%u";
    snprintf(stream->peer, sizeof stream->peer, format, options->address, (unsigned)options->port);
    snprintf(url, sizeof url, "https://%s", stream->peer);
    CURLcode code = swb__easy_prepare(easy);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_URL, url);
    }
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_SHARE, stream->share);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, stream->message);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, swb__curl_ms(options->connect_ns));
    return code;
}

int swb__stream_open(swb__stream **out, swb_loop *loop, const swb__stream_options *options,
                     const swb__stream_events *events, swb_error *error)
{
    if (options->port == 0 || strpbrk(options->address, "/@#?\\ ") != NULL ||
        strlen(options->address) > 100) {
        return swb__fail(error, SWB_EINVAL, "'%.100s' port %u is no address to connect to",
                         options->address, (unsigned)options->port);
    }
    swb__stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return swb__fail_nomem(error);
    }
    STAILQ_INIT(&stream->out);
    stream->loop = loop;
    stream->events = *events;
    stream->max_frame_bytes =
        options->max_frame_bytes > 0 ? options->max_frame_bytes : DEFAULT_FRAME_BYTES;
    stream->in.limit = stream->max_frame_bytes + 2 * CHUNK_BYTES;
    stream->share = swb__share_create();
    stream->entry =
        (struct swb__multi_entry){.easy = curl_easy_init(), .ended = on_ended, .argument = stream};
    int status = SWB_ENOMEM;
    if (stream->share == NULL || stream->entry.easy == NULL ||
        set_options(stream, options) != CURLE_OK) {
        swb__fail_nomem(error);
        goto err;
    }
    status = swb__multi_add(loop, &stream->entry, error);
    if (status != SWB_OK) {
        goto err;
    }
    loop->owned++;
    *out = stream;
    return SWB_OK;

err:
    curl_easy_cleanup(stream->entry.easy);
    curl_share_cleanup(stream->share);
    free(stream);
    return status;
}

int swb__stream_send(int64_t *sent_ns_out, swb__stream *stream, const void *bytes, size_t length)
{
    if (stream->state != OPEN) {
        return SWB_ECONNECT;
    }
    struct block *block = malloc(sizeof *block + length);
    if (block == NULL) {
        return SWB_ENOMEM;
    }
    block->length = length;
    block->sent = 0;
    if (length > 0) {
        memcpy(block->bytes, bytes, length);
    }
    bool alone = STAILQ_EMPTY(&stream->out);
    STAILQ_INSERT_TAIL(&stream->out, block, link);
    if (sent_ns_out != NULL) {
        *sent_ns_out = swb__clock_ns();
    }
    if (alone) {
        send_queued(stream);
    }
    return SWB_OK;
}

static void on_closed(void *argument)
{
    swb__stream *stream = argument;
    if (!stream->told) {
        swb_error error = SWB_ERROR_INIT;
        swb__fail(&error, SWB_ECANCELED, "%s: closed", stream->peer);
        stream->events.closed(stream->events.argument, SWB_ECANCELED, &error);
    }
    swb__buffer_finish(&stream->in);
    free(stream);
}

void swb__stream_close(swb__stream *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->state != ENDED) {
        stream->state = ENDED;
        drop_connection(stream);
    }
    stream->loop->owned--;
    swb__loop_defer(stream->loop, &stream->end, on_closed, stream);
}
