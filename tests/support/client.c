#include "support/client.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "support/tape.h"

#define EXCHANGE_SECONDS 20

void test_client_open(test_client *client, const swb_driver *driver, const swb_node *node)
{
    memset(client, 0, sizeof *client);
    client->driver = driver;
    client->node = node;
    client->session = calloc(1, driver->session_bytes + 1);
    client->input.limit = SWB_CONTENT_MAX_BYTES;
}

static void disconnect(test_client *client)
{
    curl_easy_cleanup(client->curl);
    client->curl = NULL;
    client->connected = false;
    swb__buffer_clear(&client->input);
}

void test_client_close(test_client *client)
{
    if (client->driver == NULL) {
        return;
    }
    disconnect(client);
    if (client->driver->session_finish != NULL) {
        client->driver->session_finish(client->session);
    }
    free(client->session);
    swb__buffer_finish(&client->input);
    memset(client, 0, sizeof *client);
}

static size_t keep_body(char *bytes, size_t size, size_t count, void *argument)
{
    swb__buffer_append(argument, bytes, size * count);
    return size * count;
}

/* Content that is uploaded. */
typedef struct upload {
    const swb_content *content;
    uint64_t offset;
} upload;

static size_t read_content(char *out, size_t size, size_t count, void *argument)
{
    upload *at = argument;
    uint64_t rest = swb_content_size_bytes(at->content) - at->offset;
    size_t length = rest < size * count ? (size_t)rest : size * count;
    swb_content_read(at->content, at->offset, out, length);
    at->offset += length;
    return length;
}

static void add_content(CURL *curl, upload *content)
{
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)swb_content_size_bytes(content->content));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_content);
    curl_easy_setopt(curl, CURLOPT_READDATA, content);
}

static struct curl_slist *add_headers(CURL *curl, const swb__exchange *exchange)
{
    struct curl_slist *list = NULL;
    char line[512];
    for (size_t i = 0; i < exchange->header_count; i++) {
        snprintf(line, sizeof line, "%s: %s", exchange->headers[i].name,
                 exchange->headers[i].value);
        list = curl_slist_append(list, line);
    }
    if (exchange->body_type != NULL) {
        snprintf(line, sizeof line, "Content-Type: %s", exchange->body_type);
        list = curl_slist_append(list, line);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    return list;
}

/* What was downloaded, held against the content. */
static int verify_download(const test_client *client, const swb_content *content)
{
    uint64_t bad_offset;
    if (client->input.length < swb_content_size_bytes(content)) {
        return SWB_ETRUNCATED;
    }
    return swb_content_compare(&bad_offset, content, 0, client->input.data, client->input.length);
}

static CURL *prepare(test_client *client, const char *scheme, uint16_t port, const char *path)
{
    char url[2048];
    snprintf(url, sizeof url, "%s://%s:%u%s", scheme, client->node->address, port, path);
    if (client->curl == NULL) {
        client->curl = curl_easy_init();
        curl_easy_setopt(client->curl, CURLOPT_COOKIEFILE, "");
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L); /* forgets the body sent before */
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)EXCHANGE_SECONDS);
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    return client->curl;
}

static void add_fields(CURL *curl, const swb__exchange *exchange)
{
    swb__buffer form = SWB__BUFFER_INIT(1u << 20);
    for (size_t i = 0; i < exchange->field_count; i++) {
        char *value = curl_easy_escape(curl, exchange->fields[i].value, 0);
        swb__buffer_printf(&form, "%s%s=%s", i == 0 ? "" : "&", exchange->fields[i].name, value);
        curl_free(value);
    }
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, swb__buffer_string(&form));
    swb__buffer_finish(&form);
}

static curl_mime *add_parts(CURL *curl, const swb__exchange *exchange)
{
    curl_mime *mime = curl_mime_init(curl);
    for (size_t i = 0; i < exchange->part_count; i++) {
        curl_mimepart *part = curl_mime_addpart(mime);
        curl_mime_name(part, exchange->parts[i].name);
        curl_mime_filename(part, exchange->parts[i].filename);
        curl_mime_type(part, exchange->parts[i].type);
        curl_mime_data(part, (const char *)exchange->parts[i].bytes, exchange->parts[i].length);
    }
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
    return mime;
}

static void add_body(CURL *curl, const swb__exchange *exchange)
{
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)exchange->body_length);
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, (const char *)exchange->body);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static int exchange_http(swb_reply *out, char *type, size_t type_size, test_client *client,
                         const swb__exchange *exchange, const swb_content *content)
{
    const swb_node *node = client->node;
    uint16_t port = exchange->extra      ? node->extra_port
                    : exchange->wildcard ? node->wildcard_port
                                         : node->api_port;
    CURL *curl = prepare(client, "http", port, exchange->path);
    struct curl_slist *headers = add_headers(curl, exchange);
    upload sent = {content, 0};
    curl_mime *mime = NULL;
    long code = 0;
    char *sent_type = NULL;
    swb__buffer_clear(&client->input);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->input);
    if (exchange->upload_content) {
        add_content(curl, &sent);
    } else if (exchange->has_body) {
        add_body(curl, exchange);
    } else if (strcmp(exchange->method, "POST") == 0) {
        add_fields(curl, exchange);
    } else {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
    }
    if (exchange->part_count > 0) {
        mime = add_parts(curl, exchange);
    }
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &sent_type);
    snprintf(type, type_size, "%.*s", (int)strcspn(sent_type == NULL ? "" : sent_type, ";"),
             sent_type == NULL ? "" : sent_type);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, NULL);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, -1L);
    curl_mime_free(mime);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    *out = (swb_reply){(int)code, type, (const uint8_t *)swb__buffer_string(&client->input),
                       client->input.length};
    if (result != CURLE_OK) {
        return SWB_ECONNECT;
    }
    return exchange->download_content && code / 100 == 2 ? verify_download(client, content)
                                                         : SWB_OK;
}

static int connect_stream(test_client *client)
{
    disconnect(client);
    CURL *curl = prepare(client, "https", client->node->api_port, "");
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    if (curl_easy_perform(curl) != CURLE_OK) {
        disconnect(client);
        return SWB_ECONNECT;
    }
    return SWB_OK;
}

static bool wait_for(CURL *curl, short events)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
    struct pollfd entry = {socket, events, 0};
    return poll(&entry, 1, EXCHANGE_SECONDS * 1000) == 1;
}

static int send_bytes(CURL *curl, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t sent = 0;
        CURLcode result = curl_easy_send(curl, bytes, length, &sent);
        if (result == CURLE_AGAIN && wait_for(curl, POLLOUT)) {
            continue;
        }
        if (result != CURLE_OK) {
            return SWB_ECONNECT;
        }
        bytes += sent;
        length -= sent;
    }
    return SWB_OK;
}

/* Receives until the input holds a whole frame, of `*length_out` bytes. */
static int receive_frame(size_t *length_out, test_client *client)
{
    for (;;) {
        char chunk[4096];
        size_t received = 0;
        int status = client->driver->frame(length_out, (const uint8_t *)client->input.data,
                                           client->input.length);
        if (status != SWB_OK) {
            return status;
        }
        if (*length_out > 0 && *length_out <= client->input.length) {
            return SWB_OK;
        }
        CURLcode result = curl_easy_recv(client->curl, chunk, sizeof chunk, &received);
        if (result == CURLE_AGAIN && wait_for(client->curl, POLLIN)) {
            continue;
        }
        if (result != CURLE_OK || received == 0) {
            return SWB_ETRUNCATED;
        }
        swb__buffer_append(&client->input, chunk, received);
    }
}

static int exchange_frame(swb_reply *out, uint8_t **frame_out, test_client *client,
                          const swb__exchange *exchange)
{
    size_t length = 0;
    int status = SWB_OK;
    if (exchange->frame != NULL) {
        status = send_bytes(client->curl, exchange->frame, exchange->frame_length);
    }
    if (status == SWB_OK) {
        status = receive_frame(&length, client);
    }
    if (status != SWB_OK) {
        disconnect(client);
        return status;
    }
    *frame_out = calloc(1, length + 1);
    memcpy(*frame_out, client->input.data, length);
    swb__buffer_consume(&client->input, length);
    *out = (swb_reply){0, "", *frame_out, length};
    client->connected = true;
    return SWB_OK;
}

static int perform(swb_call *call, bool *retriable_out, test_client *client, swb_error *error)
{
    const swb_content *content = swb_call_command(call)->content;
    const swb__exchange *exchange = NULL;
    const swb_reply *reply = NULL;
    swb_reply storage;
    char type[64];
    uint8_t *frame = NULL;
    int answer;
    while ((answer = swb__call_advance(&exchange, retriable_out, call, reply, error)) ==
           SWB_CALL_SEND) {
        free(frame);
        frame = NULL;
        int status = exchange->transport == SWB_TRANSPORT_HTTP
                         ? exchange_http(&storage, type, sizeof type, client, exchange, content)
                         : exchange_frame(&storage, &frame, client, exchange);
        if (status != SWB_OK) {
            *retriable_out = true;
            answer =
                swb__fail(error, status, "%s does not answer as it should", client->node->name);
            break;
        }
        reply = &storage;
        if (client->tape != NULL) {
            tape_write(client->tape, exchange, reply);
        }
    }
    free(frame);
    return answer;
}

const char *test_recordings(void)
{
    return getenv("SWB_RECORD");
}

static void start_tape(test_client *client, swb_operation operation)
{
    static int number;
    char path[512];
    const swb_driver *driver = client->driver;
    const swb_node *node = client->node;
    test_client_close(client);
    test_client_open(client, driver, node);
    snprintf(path, sizeof path, "%s/%s-%02d-%s-%s.txt", test_recordings(), driver->name, number++,
             node->role == SWB_ROLE_SEEDER ? "seeder" : "leecher", swb_operation_name(operation));
    client->tape = fopen(path, "w");
}

static void end_tape(test_client *client)
{
    if (client->tape != NULL) {
        fclose(client->tape);
        client->tape = NULL;
    }
}

static int run(swb_result *result_out, bool *retriable_out, test_client *client,
               const swb_command *command, swb_error *error)
{
    swb_call *call = NULL;
    if (client->driver->transport == SWB_TRANSPORT_TLS && client->curl == NULL &&
        connect_stream(client) != SWB_OK) {
        *retriable_out = true;
        return swb__fail(error, SWB_ECONNECT, "%s does not listen", client->node->name);
    }
    int status =
        swb__call_create(&call, client->driver, client->node, command, client->session, error);
    if (status != SWB_OK) {
        return status;
    }
    swb__call_set_connected(call, client->connected);
    status = perform(call, retriable_out, client, error);
    *result_out = *swb__call_result(call);
    swb__call_destroy(call);
    return status;
}

int test_client_run(swb_result *result_out, bool *retriable_out, test_client *client,
                    const swb_command *command, swb_error *error)
{
    swb_result result = {0};
    bool retriable = false;
    if (test_recordings() != NULL) {
        start_tape(client, command->operation);
    }
    int status = run(&result, &retriable, client, command, error);
    end_tape(client);
    if (result_out != NULL) {
        *result_out = result;
    }
    if (retriable_out != NULL) {
        *retriable_out = retriable;
    }
    return status;
}
