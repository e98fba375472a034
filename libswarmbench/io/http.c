/* HTTP clients and the life of their transfers. */
#include "io/http_transfer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DEFAULT_REPLY_BYTES ((size_t)16 << 20)
#define MAX_HEADER_BYTES ((size_t)256 << 10)

int swb__http_client_create(swb__http_client **out, swb_loop *loop, const char *base_url,
                            swb_error *error)
{
    if (strncmp(base_url, "http://", 7) != 0 && strncmp(base_url, "https://", 8) != 0) {
        return swb__fail(error, SWB_EINVAL, "'%.80s' does not begin with http:// or https://",
                         base_url);
    }
    swb__http_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return swb__fail_nomem(error);
    }
    LIST_INIT(&client->transfers);
    client->loop = loop;
    client->base_url = strdup(base_url);
    client->share = swb__share_create();
    if (client->base_url == NULL || client->share == NULL ||
        curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK) {
        curl_share_cleanup(client->share);
        free(client->base_url);
        free(client);
        return swb__fail_nomem(error);
    }
    loop->owned++;
    *out = client;
    return SWB_OK;
}

/* Ends the transfer for a reason of our own; returns what makes libcurl end it. */
static size_t refuse(swb__http_transfer *transfer, int status, const char *why)
{
    transfer->failure = swb__fail(&transfer->error, status, "%s: %s", transfer->label, why);
    return 0;
}

/* Whether the reply's body goes to the sink. */
static bool streams(const swb__http_transfer *transfer)
{
    long http_status = 0;
    curl_easy_getinfo(transfer->entry.easy, CURLINFO_RESPONSE_CODE, &http_status);
    return transfer->sink != NULL && http_status / 100 == 2;
}

/* libcurl takes a reply that ends within its headers as whole: note where they end. */
static size_t on_header(char *bytes, size_t size, size_t count, void *argument)
{
    swb__http_transfer *transfer = argument;
    size_t length = size * count;
    transfer->header_bytes += length;
    if (transfer->header_bytes > MAX_HEADER_BYTES) {
        return refuse(transfer, SWB_EPROTO, "more than 256 KiB of headers");
    }
    if (length > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        transfer->headers_ended = false;
    } else if (bytes[0] == '\r' || bytes[0] == '\n') {
        transfer->headers_ended = true;
        if (transfer->accepted != NULL && streams(transfer) && !transfer->canceled) {
            transfer->accepted(transfer->argument);
        }
    }
    return length;
}

static size_t collect(swb__http_transfer *transfer, const char *bytes, size_t length)
{
    swb__buffer_append(&transfer->body, bytes, length);
    if (transfer->body.status == SWB_ENOMEM) {
        return refuse(transfer, SWB_ENOMEM, swb_status_text(SWB_ENOMEM));
    }
    if (transfer->body.status != SWB_OK) {
        transfer->failure =
            swb__fail(&transfer->error, SWB_EPROTO, "%s: reply of more than %zu bytes",
                      transfer->label, transfer->body.limit);
        return 0;
    }
    return length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *argument)
{
    swb__http_transfer *transfer = argument;
    size_t length = size * count;
    if (transfer->canceled) {
        return 0;
    }
    if (!streams(transfer)) {
        return collect(transfer, bytes, length);
    }
    int status = transfer->sink(transfer->argument, bytes, length);
    if (status == SWB_EBUSY) {
        return CURL_WRITEFUNC_PAUSE;
    }
    return status == SWB_OK ? length : refuse(transfer, status, swb_status_text(status));
}

/* Called once the connection stands, right before the request is written. */
static int on_ready_to_send(void *argument, char *peer, char *own, int peer_port, int own_port)
{
    swb__http_transfer *transfer = argument;
    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    transfer->sent_ns = swb__clock_ns();
    return CURL_PREREQFUNC_OK;
}

/* "Text/HTML; charset=utf-8" -> "text/html". */
static void copy_type(char *out, size_t size, const char *type)
{
    size_t length = type == NULL ? 0 : strcspn(type, "; \t");
    length = length < size ? length : size - 1;
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)tolower((unsigned char)type[i]);
    }
    out[length] = '\0';
}

static int judge(swb__http_transfer *transfer, CURLcode code, int http_status, swb_error *error)
{
    if (transfer->canceled) {
        return swb__fail(error, SWB_ECANCELED, "%s: cancelled", transfer->label);
    }
    if (transfer->failure != SWB_OK) {
        *error = transfer->error;
        return transfer->failure;
    }
    if (code != CURLE_OK) {
        return swb__fail(
            error, swb__curl_status(transfer->entry.easy, code), "%s: %s", transfer->label,
            transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(code));
    }
    if (!transfer->headers_ended || http_status < 200) {
        return swb__fail(error, SWB_ETRUNCATED, "%s: the reply ended within its headers",
                         transfer->label);
    }
    if (http_status > 599) {
        return swb__fail(error, SWB_EPROTO, "%s: HTTP status %d is not in 100-599", transfer->label,
                         http_status);
    }
    return SWB_OK;
}

void swb__http_client_take_any_certificate(swb__http_client *client)
{
    client->any_certificate = true;
}

static void free_transfer(swb__http_transfer *transfer)
{
    curl_easy_cleanup(transfer->entry.easy);
    curl_mime_free(transfer->mime);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->connect_to);
    swb__buffer_finish(&transfer->body);
    free(transfer);
}

#define TYPE_SIZE 128

static void describe(swb__http_reply *out, char *type_out, const swb__http_transfer *transfer)
{
    CURL *easy = transfer->entry.easy;
    long http_status = 0;
    curl_off_t announced = -1;
    curl_off_t retry_after_s = 0;
    const char *type = NULL;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http_status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    copy_type(type_out, TYPE_SIZE, type);
    *out = (swb__http_reply){
        .status = (int)http_status,
        .content_type = type_out,
        .body = (const uint8_t *)swb__buffer_string(&transfer->body),
        .length = transfer->body.length,
        .content_length = announced,
        .retry_after_s = retry_after_s,
        .sent_ns = transfer->sent_ns,
        .done_ns = swb__clock_ns(),
    };
}

/* `done` may destroy the client: by then nothing of the transfer is left in it. */
static void complete(swb__http_transfer *transfer, CURLcode code)
{
    char type[TYPE_SIZE];
    swb__http_reply reply;
    swb_error error = SWB_ERROR_INIT;
    describe(&reply, type, transfer);
    int status = judge(transfer, code, reply.status, &error);
    reply.unverified = code == CURLE_PEER_FAILED_VERIFICATION;
    if (reply.status < 100 || reply.status > 599) {
        reply.status = 0;
    }
    swb__loop_undefer(transfer->client->loop, &transfer->cancellation);
    swb__multi_remove(transfer->client->loop, &transfer->entry);
    LIST_REMOVE(transfer, link);
    curl_easy_cleanup(transfer->entry.easy);
    transfer->entry.easy = NULL;
    transfer->done(transfer->argument, status, &reply, &error);
    free_transfer(transfer);
}

static void on_ended(void *argument, CURLcode code)
{
    complete(argument, code);
}

static void on_canceled(void *argument)
{
    complete(argument, CURLE_ABORTED_BY_CALLBACK);
}

static int set_callbacks(swb__http_transfer *transfer)
{
    CURL *easy = transfer->entry.easy;
    CURLcode code = swb__easy_prepare(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_ready_to_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SHARE, transfer->client->share);
    if (transfer->client->any_certificate) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    /* An empty name switches cookies on and reads no file. */
    CURLcode cookies = curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
    return code == CURLE_OK && cookies == CURLE_OK ? SWB_OK : SWB_ENOMEM;
}

int swb__http_send(swb__http_transfer **out, swb__http_client *client,
                   const swb__http_request *request, swb__http_done done, swb_error *error)
{
    if (client->closing) {
        return swb__fail(error, SWB_EINVAL, "the HTTP client of %s is being destroyed",
                         client->base_url);
    }
    swb__http_transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) {
        return swb__fail_nomem(error);
    }
    transfer->client = client;
    transfer->sink = request->sink;
    transfer->accepted = request->accepted;
    transfer->done = done;
    transfer->argument = request->argument;
    transfer->sent_ns = swb__clock_ns();
    transfer->body.limit =
        request->max_reply_bytes > 0 ? request->max_reply_bytes : DEFAULT_REPLY_BYTES;
    transfer->entry = (struct swb__multi_entry){
        .easy = curl_easy_init(), .ended = on_ended, .argument = transfer};
    int status = transfer->entry.easy != NULL && set_callbacks(transfer) == SWB_OK
                     ? swb__http_compose(transfer, request, error)
                     : swb__fail_nomem(error);
    if (status == SWB_OK) {
        status = swb__http_identify(transfer, error);
    }
    if (status == SWB_OK) {
        status = swb__multi_add(client->loop, &transfer->entry, error);
    }
    if (status != SWB_OK) {
        free_transfer(transfer);
        return status;
    }
    LIST_INSERT_HEAD(&client->transfers, transfer, link);
    if (out != NULL) {
        *out = transfer;
    }
    return SWB_OK;
}

void swb__http_resume(swb__http_transfer *transfer)
{
    curl_easy_pause(transfer->entry.easy, CURLPAUSE_CONT);
}

void swb__http_cancel(swb__http_transfer *transfer)
{
    transfer->canceled = true;
    swb__loop_defer(transfer->client->loop, &transfer->cancellation, on_canceled, transfer);
}

void swb__http_client_destroy(swb__http_client *client)
{
    if (client == NULL) {
        return;
    }
    client->closing = true;
    while (!LIST_EMPTY(&client->transfers)) {
        swb__http_transfer *transfer = LIST_FIRST(&client->transfers);
        transfer->canceled = true;
        complete(transfer, CURLE_ABORTED_BY_CALLBACK);
    }
    client->loop->owned--;
    curl_share_cleanup(client->share);
    swb__http_identity_free(client->identity);
    free(client->base_url);
    free(client);
}
