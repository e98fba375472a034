#include "run/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/call.h"
#include "io/http.h"
#include "io/stream.h"
#include "measure/observation.h"

#define DEFAULT_DEADLINE_NS (UINT64_C(30) * 1000000000)
#define CONNECT_DEADLINE_NS (UINT64_C(10) * 1000000000)
#define FIELDS_MAX 64
#define ACCESS_MAX 4
#define HOST_SIZE 96

/* Ties a stream to its client: a stream that was given up tells of its end when the client may have
 * another one already, or be gone. Freed by that last event. */
typedef struct link {
    swb__client *client; /* NULL: given up */
} link;

struct swb__client {
    swb_loop *loop;
    const swb_driver *driver;
    const swb_node *node;
    void *session;
    swb__http_client *http;
    swb__http_client *extra; /* to the node's extra port; made when it is needed, as the next */
    swb__http_client *wildcard;
    swb__stream *stream;
    link *link;
    bool stream_open;
    bool stream_spoke; /* it has carried a frame both ways */
    /* The operation under way. */
    swb_call *call;
    swb_command command;
    const swb__exchange *exchange;
    swb__http_transfer *transfer;
    swb__timer *timer;
    int64_t deadline_ns;
    int64_t sent_ns;
    int held; /* what the driver answered at first: SWB_CALL_SEND or SWB_CALL_DONE */
    swb__intake intake;
    swb__intake_events intake_events;
    int (*sink)(void *argument, const void *bytes, size_t length); /* or NULL */
    void *sink_argument;
    swb__client_done done;
    void *argument;
};

static void finish(swb__client *client, int status, bool retriable, const swb_error *error)
{
    swb_call *call = client->call;
    swb__intake_end(&client->intake);
    swb__client_outcome outcome = {.operation = client->command.operation,
                                   .status = status,
                                   .retriable = retriable,
                                   .error = status == SWB_OK ? NULL : error,
                                   .result = status == SWB_OK ? swb__call_result(call) : NULL,
                                   .metrics = status == SWB_OK ? swb__call_metrics(call) : "",
                                   .streamed_bytes = client->intake.bytes,
                                   .bad_offset = client->intake.bad_offset,
                                   .sent_ns = client->sent_ns,
                                   .done_ns = swb__clock_ns()};
    swb__timer_stop(client->timer);
    client->timer = NULL;
    client->call = NULL;
    client->exchange = NULL;
    client->done(client->argument, &outcome);
    swb__call_destroy(call);
}

/* Ends the operation as one that its transport failed: what a driver says begins with the operation
 * already. */
static void fail_transport(swb__client *client, int status, const swb_error *error)
{
    bool may_recover = status == SWB_ECONNECT || status == SWB_ETIMEDOUT ||
                       status == SWB_ETRUNCATED || status == SWB_EIO;
    swb_error named = *error;
    swb__error_context(&named, "%s", swb_operation_name(client->command.operation));
    finish(client, status, may_recover, &named);
}

static void advance(swb__client *client, const swb_reply *reply);

static int content_source(void *argument, uint64_t offset, void *buffer, size_t length)
{
    swb__client *client = argument;
    return swb_content_read(client->command.content, offset, buffer, length);
}

static int content_sink(void *argument, const void *bytes, size_t length)
{
    swb__client *client = argument;
    if (client->sink == NULL) {
        return swb__intake_take(&client->intake, bytes, length);
    }
    int status = client->sink(client->sink_argument, bytes, length);
    client->intake.bytes += status == SWB_OK ? length : 0;
    return status;
}

static void content_accepted(void *argument)
{
    swb__client *client = argument;
    swb__intake_accept(&client->intake);
}

static bool download_is_short(const swb__client *client)
{
    return client->exchange != NULL && client->exchange->download_content &&
           client->intake.bytes < swb_content_size_bytes(client->command.content);
}

/* Says at which byte a stream went wrong. */
static void describe_stream(const swb__client *client, int status, swb_error *out,
                            const swb_error *error)
{
    *out = *error;
    if (status == SWB_EMISMATCH && client->intake.bad_offset != UINT64_MAX) {
        swb__fail(out, status, "the stream differs from the content at byte %llu",
                  (unsigned long long)client->intake.bad_offset);
    } else if (client->intake.bytes > 0) {
        swb__fail(out, status, "after %llu bytes: %.400s", (unsigned long long)client->intake.bytes,
                  error->message);
    }
}

static void on_http_done(void *argument, int status, const swb__http_reply *got,
                         const swb_error *error)
{
    swb__client *client = argument;
    swb_reply reply = {.http_status = got->status,
                       .content_type = got->content_type,
                       .body = got->body,
                       .length = got->length};
    client->transfer = NULL;
    if (client->sent_ns == SWB__TIME_UNKNOWN) {
        client->sent_ns = got->sent_ns;
    }
    swb_error ended = SWB_ERROR_INIT;
    if (status != SWB_OK) {
        describe_stream(client, status, &ended, error);
        fail_transport(client, status, &ended);
        return;
    }
    if (got->status / 100 == 2 && download_is_short(client)) {
        swb__fail(&ended, SWB_ETRUNCATED, "the stream ended after %llu bytes",
                  (unsigned long long)client->intake.bytes);
        fail_transport(client, SWB_ETRUNCATED, &ended);
        return;
    }
    advance(client, &reply);
}

static uint64_t remaining_ns(const swb__client *client)
{
    int64_t left = client->deadline_ns - swb__clock_ns();
    return left > SWB__NS_PER_MS ? (uint64_t)left : (uint64_t)SWB__NS_PER_MS;
}

static size_t copy_pairs(swb__http_pair *to, const swb__pair *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (swb__http_pair){from[i].name, from[i].value};
    }
    return count;
}

/* The connections to the port that the exchange goes to. */
static int http_client_of(swb__http_client **out, swb__client *client,
                          const swb__exchange *exchange, swb_error *error)
{
    const swb_node *node = client->node;
    swb__http_client **at = exchange->extra      ? &client->extra
                            : exchange->wildcard ? &client->wildcard
                                                 : &client->http;
    uint16_t port = exchange->extra      ? node->extra_port
                    : exchange->wildcard ? node->wildcard_port
                                         : node->api_port;
    const char *given = exchange->extra ? node->extra_url : node->api_url;
    char made[128];
    int status = SWB_OK;
    if (*at == NULL) {
        snprintf(made, sizeof made, "http://%s:%u", client->node->address, port);
        status = swb__http_client_create(at, client->loop, given != NULL ? given : made, error);
        if (status == SWB_OK && client->node->any_certificate) {
            swb__http_client_take_any_certificate(*at);
        }
        if (status == SWB_OK && given != NULL && client->node->access != NULL) {
            status = swb__http_client_secure(*at, &client->node->access->security, error);
        }
    }
    *out = *at;
    return status;
}

/* What the way there wants to be told with each request; and the node wants to see its own name as
 * the host, which clients check. `host` is borrowed. */
static size_t add_access(swb__http_pair *to, char host[HOST_SIZE], const swb__client *client,
                         const swb__exchange *exchange)
{
    const swb_node *node = client->node;
    size_t count = 0;
    if (node->access == NULL) {
        return 0;
    }
    for (; count < node->access->header_count && count < ACCESS_MAX; count++) {
        to[count] = node->access->headers[count];
    }
    snprintf(host, HOST_SIZE, "%s:%u", node->address,
             exchange->extra ? node->extra_port : node->api_port);
    to[count++] = (swb__http_pair){"Host", host};
    return count;
}

static int send_http(swb__client *client, const swb__exchange *exchange, swb_error *error)
{
    swb__http_pair headers[FIELDS_MAX + ACCESS_MAX + 1];
    char host[HOST_SIZE];
    swb__http_pair fields[FIELDS_MAX];
    swb__http_part parts[FIELDS_MAX];
    if (exchange->header_count > FIELDS_MAX || exchange->field_count > FIELDS_MAX ||
        exchange->part_count > FIELDS_MAX) {
        return swb__fail(error, SWB_EINVAL, "the driver sends more than %d fields", FIELDS_MAX);
    }
    for (size_t i = 0; i < exchange->part_count; i++) {
        const swb__part *part = &exchange->parts[i];
        parts[i] =
            (swb__http_part){part->name, part->filename, part->type, part->bytes, part->length};
    }
    copy_pairs(headers, exchange->headers, exchange->header_count);
    swb__http_request request = {
        .method = exchange->method,
        .path = exchange->path,
        .headers = headers,
        .header_count = exchange->header_count +
                        add_access(headers + exchange->header_count, host, client, exchange),
        .body_type = exchange->body_type,
        .body = exchange->body,
        .body_length = exchange->body_length,
        .has_body = exchange->has_body,
        .fields = fields,
        .field_count = copy_pairs(fields, exchange->fields, exchange->field_count),
        .parts = parts,
        .part_count = exchange->part_count,
        .source = exchange->upload_content ? content_source : NULL,
        .source_bytes =
            exchange->upload_content ? swb_content_size_bytes(client->command.content) : 0,
        .sink = exchange->download_content ? content_sink : NULL,
        .accepted = exchange->download_content ? content_accepted : NULL,
        .deadline_ns = remaining_ns(client),
        .argument = client,
    };
    swb__http_client *http;
    int status = http_client_of(&http, client, exchange, error);
    return status == SWB_OK ? swb__http_send(&client->transfer, http, &request, on_http_done, error)
                            : status;
}

static void drop_stream(swb__client *client)
{
    swb__stream *stream = client->stream;
    if (stream == NULL) {
        return;
    }
    client->link->client = NULL;
    client->link = NULL;
    client->stream = NULL;
    client->stream_open = client->stream_spoke = false;
    swb__stream_close(stream);
}

static int send_frame(swb__client *client, swb_error *error)
{
    const swb__exchange *exchange = client->exchange;
    if (exchange->frame == NULL || !client->stream_open) {
        return SWB_OK; /* waits for the next frame, or is sent once the stream is open */
    }
    int64_t sent_ns;
    if (swb__stream_send(&sent_ns, client->stream, exchange->frame, exchange->frame_length) !=
        SWB_OK) {
        return swb__fail(error, SWB_ECONNECT, "the stream takes no bytes");
    }
    if (client->sent_ns == SWB__TIME_UNKNOWN) {
        client->sent_ns = sent_ns;
    }
    return SWB_OK;
}

static void on_stream_opened(void *argument)
{
    swb__client *client = ((link *)argument)->client;
    swb_error error = SWB_ERROR_INIT;
    client->stream_open = true;
    if (client->exchange != NULL && send_frame(client, &error) != SWB_OK) {
        drop_stream(client);
        fail_transport(client, SWB_ECONNECT, &error);
    }
}

static void on_frame(void *argument, const uint8_t *frame, size_t length)
{
    swb__client *client = ((link *)argument)->client;
    swb_reply reply = {.content_type = "", .body = frame, .length = length};
    client->stream_spoke = true;
    if (client->call != NULL) {
        advance(client, &reply);
    }
}

static void on_stream_closed(void *argument, int status, const swb_error *error)
{
    link *ended = argument;
    swb__client *client = ended->client;
    if (client != NULL) {
        drop_stream(client);
        if (client->call != NULL) {
            fail_transport(client, status, error);
        }
    }
    free(ended);
}

static int open_stream(swb__client *client, swb_error *error)
{
    const char *host = client->node->api_host;
    swb__stream_options options = {.address = host != NULL ? host : client->node->address,
                                   .port = client->node->api_port,
                                   .connect_ns = CONNECT_DEADLINE_NS};
    swb__stream_events events = {.opened = on_stream_opened,
                                 .frame_received = on_frame,
                                 .closed = on_stream_closed,
                                 .frame = client->driver->frame};
    client->link = events.argument = malloc(sizeof *client->link);
    if (client->link == NULL) {
        return swb__fail_nomem(error);
    }
    client->link->client = client;
    int status = swb__stream_open(&client->stream, client->loop, &options, &events, error);
    if (status != SWB_OK) {
        free(client->link);
        client->link = NULL;
    }
    return status;
}

static int send_exchange(swb__client *client, swb_error *error)
{
    if (client->exchange->transport == SWB_TRANSPORT_HTTP) {
        return send_http(client, client->exchange, error);
    }
    return send_frame(client, error);
}

/* Asks the driver what comes next: SWB_CALL_SEND, SWB_CALL_DONE or the failure. */
static int next_exchange(swb__client *client, const swb_reply *reply, bool *retriable,
                         swb_error *error)
{
    const swb__exchange *exchange = NULL;
    swb__call_set_connected(client->call, client->stream_spoke);
    int next = swb__call_advance(&exchange, retriable, client->call, reply, error);
    client->exchange = exchange;
    return next;
}

static void advance(swb__client *client, const swb_reply *reply)
{
    swb_error error = SWB_ERROR_INIT;
    bool retriable = false;
    int next = next_exchange(client, reply, &retriable, &error);
    if (next == SWB_CALL_SEND) {
        next = send_exchange(client, &error);
        if (next == SWB_OK) {
            return;
        }
    }
    finish(client, next, retriable, &error);
}

static void on_deadline(void *argument)
{
    swb__client *client = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__fail(&error, SWB_ETIMEDOUT, "no answer within its deadline");
    drop_stream(client);
    fail_transport(client, SWB_ETIMEDOUT, &error);
}

static void on_nothing_to_send(void *argument)
{
    finish(argument, SWB_OK, false, NULL);
}

/* Sets up what the operation needs before the driver is asked. */
static int prepare_call(swb__client *client, const swb_command *command, swb_error *error)
{
    static const swb__intake_events nothing = {NULL, NULL};
    int status = SWB_OK;
    client->command = *command;
    client->sent_ns = SWB__TIME_UNKNOWN;
    swb__intake_begin(&client->intake, client->loop, command->content,
                      client->sink == NULL ? &client->intake_events : &nothing, client->argument);
    if (client->driver->transport == SWB_TRANSPORT_TLS && client->stream == NULL) {
        status = open_stream(client, error);
    }
    if (status == SWB_OK) {
        status = swb__call_create(&client->call, client->driver, client->node, &client->command,
                                  client->session, error);
    }
    return status;
}

static int start_deadline(swb__client *client, uint64_t deadline_ns)
{
    if (deadline_ns == 0) {
        deadline_ns = client->driver->timeout_ns[client->command.operation];
    }
    deadline_ns = deadline_ns == 0 ? DEFAULT_DEADLINE_NS : deadline_ns;
    client->deadline_ns = swb__clock_ns() + (int64_t)deadline_ns;
    if (client->driver->transport == SWB_TRANSPORT_HTTP) {
        return SWB_OK; /* each transfer carries what is left of the deadline itself */
    }
    return swb__timer_start(&client->timer, client->loop, (int64_t)deadline_ns, on_deadline,
                            client);
}

static void discard_call(swb__client *client)
{
    swb__timer_stop(client->timer);
    client->timer = NULL;
    swb__call_destroy(client->call);
    client->call = NULL;
    client->exchange = NULL;
}

int swb__client_hold(swb__client *client, const swb_command *command, swb__client_done done,
                     void *argument, swb_error *error)
{
    bool retriable = false;
    if (client->call != NULL) {
        return swb__fail(error, SWB_EBUSY, "%s is still under way",
                         swb_operation_name(client->command.operation));
    }
    client->done = done;
    client->argument = argument;
    int status = prepare_call(client, command, error);
    if (status == SWB_OK) {
        status = next_exchange(client, NULL, &retriable, error);
    }
    if (status < 0) {
        discard_call(client);
        return status;
    }
    client->held = status;
    return SWB_OK;
}

int swb__client_release(swb__client *client, uint64_t deadline_ns, swb_error *error)
{
    int held = client->held;
    int status = start_deadline(client, deadline_ns);
    if (status == SWB_OK && held == SWB_CALL_SEND) {
        status = send_exchange(client, error);
    } else if (status == SWB_OK) {
        swb__timer_stop(client->timer);
        status = swb__timer_start(&client->timer, client->loop, 0, on_nothing_to_send, client);
    }
    if (status != SWB_OK) {
        discard_call(client);
    }
    return status;
}

int swb__client_call(swb__client *client, const swb_command *command, uint64_t deadline_ns,
                     swb__client_done done, void *argument, swb_error *error)
{
    int status = swb__client_hold(client, command, done, argument, error);
    return status == SWB_OK ? swb__client_release(client, deadline_ns, error) : status;
}

int swb__client_create(swb__client **out, swb_loop *loop, const swb_driver *driver,
                       const swb_node *node, swb_error *error)
{
    swb__client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return swb__fail_nomem(error);
    }
    client->loop = loop;
    client->driver = driver;
    client->node = node;
    client->session = calloc(1, driver->session_bytes + 1);
    if (client->session == NULL) {
        swb__client_destroy(client);
        return swb__fail_nomem(error);
    }
    *out = client;
    return SWB_OK;
}

void swb__client_destroy(swb__client *client)
{
    if (client == NULL) {
        return;
    }
    drop_stream(client);
    swb__http_client_destroy(client->http);
    swb__http_client_destroy(client->extra);
    swb__http_client_destroy(client->wildcard);
    if (client->call != NULL) {
        swb_error error = SWB_ERROR_INIT;
        swb__fail(&error, SWB_ECANCELED, "the node is being torn down");
        finish(client, SWB_ECANCELED, false, &error);
    }
    if (client->driver->session_finish != NULL) {
        client->driver->session_finish(client->session);
    }
    free(client->session);
    free(client);
}

void swb__client_cancel(swb__client *client)
{
    if (client->transfer != NULL) {
        swb__http_cancel(client->transfer);
    }
}

void swb__client_set_intake(swb__client *client, const swb__intake_events *events)
{
    client->intake_events = *events;
}

void swb__client_set_sink(swb__client *client,
                          int (*sink)(void *argument, const void *bytes, size_t length),
                          void *argument)
{
    client->sink = sink;
    client->sink_argument = argument;
}

void swb__client_resume(swb__client *client)
{
    if (client->transfer != NULL) {
        swb__http_resume(client->transfer);
    }
}
