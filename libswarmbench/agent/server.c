#include "agent/server_state.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/clock.h"
#include "host/wire.h"

#define MAX_CONNECTIONS 64u
#define MAX_CONNECTIONS_OF_ONE 32u          /* so that no single peer takes them all */
#define CONNECTION_BYTES ((size_t)32 << 10) /* bounds the request line and the headers */
#define IDLE_S 30u

static void run(swb__server *server);

/* Digests are compared, so that neither content nor length of the token show in the time taken. */
static bool is_authorized(const swb__server *server, struct MHD_Connection *connection)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    static const char scheme[] = "Bearer ";
    const char *given =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, SWB__WIRE_TOKEN_HEADER);
    if (given == NULL) {
        given =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
        if (given == NULL || strncmp(given, scheme, sizeof scheme - 1) != 0) {
            return false;
        }
        given += sizeof scheme - 1;
    }
    return EVP_Q_digest(NULL, "SHA256", NULL, given, strlen(given), digest, NULL) &&
           CRYPTO_memcmp(digest, server->token_digest, SWB__TOKEN_DIGEST_BYTES) == 0;
}

static bool is_tail(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= SWB__REQUEST_TAIL_BYTES && strchr(text, '/') == NULL;
}

/* Whether the path is the route's; takes the number or the text at its end. */
static bool is_path_of(swb__request *request, const swb__route *route, const char *path)
{
    size_t length = strlen(route->path);
    const char *kind = length < 2 ? "" : route->path + length - 2;
    bool number = strcmp(kind, "/#") == 0;
    if (!number && strcmp(kind, "/*") != 0) {
        return strcmp(route->path, path) == 0;
    }
    if (strncmp(route->path, path, length - 1) != 0) {
        return false;
    }
    path += length - 1;
    if (number) {
        return swb__wire_parse_uint64(&request->number, path);
    }
    if (is_tail(path)) {
        snprintf(request->tail, sizeof request->tail, "%s", path);
    }
    return is_tail(path);
}

static const swb__route *find_route(swb__request *request, bool *path_known, const char *method,
                                    const char *path)
{
    const swb__server_options *options = request->server->options;
    *path_known = false;
    for (size_t i = 0; i < options->route_count; i++) {
        const swb__route *route = &options->routes[i];
        if (is_path_of(request, route, path)) {
            *path_known = true;
            if (strcmp(route->method, method) == 0) {
                return route;
            }
        }
    }
    return NULL;
}

/* True where the announced body is short enough, or none is announced. */
static bool is_body_short(struct MHD_Connection *connection)
{
    uint64_t length;
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text == NULL || (swb__wire_parse_uint64(&length, text) && length <= SWB__WIRE_MAX_BODY);
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length != NULL && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Looks at the head of a request; true where it is refused for it, and answered. Without a token
 * not even the paths are told. */
static bool refuse(swb__request *request, const char *method, const char *path)
{
    bool path_known;
    request->route = find_route(request, &path_known, method, path);
    if ((request->route == NULL || !request->route->is_open) &&
        !is_authorized(request->server, request->connection)) {
        return swb__reply_error(request, SWB_EAUTH, "the token is missing or wrong");
    }
    if (request->route == NULL && path_known) {
        return swb__reply_failure(request, MHD_HTTP_METHOD_NOT_ALLOWED, SWB_EINVAL,
                                  "this path takes another method");
    }
    if (request->route == NULL) {
        return swb__reply_error(request, SWB_ENOENT, "no such path");
    }
    if (request->route->is_open && has_body(request->connection)) {
        return swb__reply_error(request, SWB_EINVAL, "this path takes no body");
    }
    if (!is_body_short(request->connection)) {
        char message[64];
        snprintf(message, sizeof message, "the body must not exceed %zu bytes", SWB__WIRE_MAX_BODY);
        return swb__reply_failure(request, MHD_HTTP_CONTENT_TOO_LARGE, SWB_EINVAL, message);
    }
    return false;
}

/* Reads the body; true where it is refused, and answered. */
static bool refuse_body(swb__request *request)
{
    const swb__buffer *body = &request->body;
    const char *end = NULL;
    if (body->length == 0) {
        return false;
    }
    request->json = cJSON_ParseWithLengthOpts(body->data, body->length + 1, &end, 0);
    while (end != NULL && end < body->data + body->length && strchr(" \t\r\n", *end) != NULL &&
           *end != '\0') {
        end++;
    }
    if (request->json == NULL || end != body->data + body->length ||
        !cJSON_IsObject(request->json)) {
        return swb__reply_error(request, SWB_EINVAL, "the body is no JSON object");
    }
    return false;
}

static enum MHD_Result send_reply(swb__request *request)
{
    /* Without memory for a reply the connection is closed. */
    if (request->response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_queue_response(request->connection, request->http_status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return result;
}

static void wait(swb__request *request)
{
    request->waits = true;
    TAILQ_INSERT_TAIL(&request->server->waiting, request, link);
    MHD_suspend_connection(request->connection);
}

static void wake(swb__request *request)
{
    request->waits = false;
    TAILQ_REMOVE(&request->server->waiting, request, link);
    MHD_resume_connection(request->connection);
}

static enum MHD_Result answer(swb__request *request)
{
    const swb__server *server = request->server;
    if (!request->begun) {
        request->begun = true;
        if (refuse_body(request)) {
            return send_reply(request);
        }
    }
    if (server->stopping) {
        swb__reply_error(request, SWB_ECANCELED, "the agent is ending");
    } else if (!request->route->handler(server->options->agent, request)) {
        wait(request);
        return MHD_YES;
    }
    return send_reply(request);
}

static swb__request *new_request(swb__server *server, struct MHD_Connection *connection)
{
    swb__request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->server = server;
        request->connection = connection;
        request->came_ns = swb__clock_ns();
        request->deadline_ns = INT64_MAX;
        request->body.limit = SWB__WIRE_MAX_BODY + 1;
    }
    return request;
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *bytes, size_t *length, void **state)
{
    swb__request *request = *state;
    (void)version;
    if (request == NULL) {
        request = new_request(argument, connection);
        *state = request;
        if (request == NULL) {
            return MHD_NO;
        }
        return refuse(request, method, path) ? send_reply(request) : MHD_YES;
    }
    if (*length > 0) {
        swb__buffer_append(&request->body, bytes, *length);
        *length = 0;
        /* A body of unannounced length is cut off: there is no end to wait for. */
        return request->body.status == SWB_OK && request->body.length <= SWB__WIRE_MAX_BODY
                   ? MHD_YES
                   : MHD_NO;
    }
    return answer(request);
}

static void on_completed(void *argument, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    swb__request *request = *state;
    (void)argument;
    (void)connection;
    (void)code;
    if (request == NULL) {
        return;
    }
    if (request->waits) {
        TAILQ_REMOVE(&request->server->waiting, request, link);
    }
    if (request->response != NULL) {
        MHD_destroy_response(request->response);
    }
    cJSON_Delete(request->json);
    swb__buffer_finish(&request->body);
    free(request);
    *state = NULL;
}

/* ---- the loop ---- */

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_due(uv_timer_t *timer)
{
    swb__server_changed(timer->data);
}

static void start_timer(uv_timer_t *timer, uv_timer_cb function, uint64_t delay_ms)
{
    uv_update_time(uv_handle_get_loop((uv_handle_t *)timer));
    uv_timer_start(timer, function, delay_ms, 0);
}

static void arm_due(swb__server *server)
{
    const swb__request *request;
    int64_t due_ns = INT64_MAX;
    TAILQ_FOREACH(request, &server->waiting, link)
    {
        due_ns = request->deadline_ns < due_ns ? request->deadline_ns : due_ns;
    }
    if (due_ns == INT64_MAX) {
        uv_timer_stop(&server->due);
        return;
    }
    int64_t delay_ns = due_ns - swb__clock_ns();
    start_timer(&server->due, on_due, delay_ns > 0 ? (uint64_t)(delay_ns / SWB__NS_PER_MS + 1) : 0);
}

static void run(swb__server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    MHD_run(server->daemon);
    if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES) {
        start_timer(&server->timer, on_timer, timeout_ms);
    } else {
        uv_timer_stop(&server->timer);
    }
    arm_due(server);
}

void swb__server_changed(swb__server *server)
{
    swb__request *request = TAILQ_FIRST(&server->waiting);
    if (request == NULL) {
        return;
    }
    while (request != NULL) {
        swb__request *next = TAILQ_NEXT(request, link);
        wake(request);
        request = next;
    }
    start_timer(&server->timer, on_timer, 0);
}

/* ---- start and end ---- */

static bool parse_address(struct sockaddr_storage *out, const swb__server_options *options)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, options->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(options->port);
        return true;
    }
    if (inet_pton(AF_INET6, options->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(options->port);
        return true;
    }
    return false;
}

static int start_daemon(swb__server *server, swb_error *error)
{
    const swb__server_options *options = server->options;
    struct sockaddr_storage address;
    if (!parse_address(&address, options)) {
        return swb__fail(error, SWB_EINVAL, "'%s' is no IP address", options->address);
    }
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    /* "::" stands for all addresses of both kinds. */
    flags |= address.ss_family == AF_INET6 ? MHD_USE_DUAL_STACK : 0;
    server->daemon = MHD_start_daemon(
        flags, options->port, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_LIMIT,
        MAX_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, MAX_CONNECTIONS_OF_ONE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (server->daemon == NULL) {
        return swb__fail(error, SWB_EENV, "cannot listen on %s, port %u", options->address,
                         options->port);
    }
    return SWB_OK;
}

static int attach(swb__server *server, swb_error *error)
{
    uv_loop_t *uv = swb__loop_uv(server->loop);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int code = info != NULL ? uv_poll_init(uv, &server->poll, info->epoll_fd) : UV_ENOTSUP;
    if (code != 0) {
        return swb__fail(error, SWB_EENV, "poll the HTTP server: %s", uv_strerror(code));
    }
    uv_timer_init(uv, &server->timer);
    uv_timer_init(uv, &server->due);
    server->poll.data = server->timer.data = server->due.data = server;
    server->open_handles = 3;
    uv_poll_start(&server->poll, UV_READABLE, on_ready);
    return SWB_OK;
}

int swb__server_start(swb__server **out, swb_loop *loop, const swb__server_options *options,
                      swb_error *error)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    swb__server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return swb__fail_nomem(error);
    }
    server->loop = loop;
    server->options = options;
    TAILQ_INIT(&server->waiting);
    int status = SWB_OK;
    if (EVP_Q_digest(NULL, "SHA256", NULL, options->token, strlen(options->token), digest, NULL)) {
        memcpy(server->token_digest, digest, SWB__TOKEN_DIGEST_BYTES);
    } else {
        status = swb__fail(error, SWB_EENV, "OpenSSL does not provide SHA-256");
    }
    if (status == SWB_OK) {
        status = start_daemon(server, error);
    }
    if (status == SWB_OK) {
        status = attach(server, error);
    }
    if (status != SWB_OK) {
        if (server->daemon != NULL) {
            MHD_stop_daemon(server->daemon);
        }
        free(server);
        return status;
    }
    *out = server;
    return SWB_OK;
}

uint16_t swb__server_port(const swb__server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

static void on_closed(uv_handle_t *handle)
{
    swb__server *server = handle->data;
    if (--server->open_handles == 0) {
        free(server);
    }
}

void swb__server_stop(swb__server *server)
{
    if (server == NULL) {
        return;
    }
    server->stopping = true;
    swb__server_changed(server);
    MHD_run(server->daemon);
    uv_poll_stop(&server->poll);
    MHD_stop_daemon(server->daemon);
    uv_close((uv_handle_t *)&server->poll, on_closed);
    uv_close((uv_handle_t *)&server->timer, on_closed);
    uv_close((uv_handle_t *)&server->due, on_closed);
}
