/* A request as libcurl takes it. */
#include "io/http_transfer.h"

#include <stdio.h>
#include <string.h>

/* Sets an option of `easy`; the first failure stays in `code`. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (code == CURLE_OK) {                                                                    \
            code = curl_easy_setopt(easy, option, value);                                          \
        }                                                                                          \
    } while (0)

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text)
{
    static const char extra[] = "!#$%&'*+-.^_`|~";
    for (const char *at = text; *at != '\0'; at++) {
        bool alphanumeric =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        if (!alphanumeric && strchr(extra, *at) == NULL) {
            return false;
        }
    }
    return *text != '\0';
}

static bool is_path(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return *text == '/';
}

static int check(const swb__http_request *request, swb_error *error)
{
    if (!is_token(request->method)) {
        return swb__fail(error, SWB_EINVAL, "HTTP method '%.40s' is not a word", request->method);
    }
    if (!is_path(request->path)) {
        return swb__fail(error, SWB_EINVAL,
                         "HTTP path '%.80s' does not begin with '/' or is not percent-encoded",
                         request->path);
    }
    int bodies = (request->has_body || request->body_length > 0) + (request->field_count > 0) +
                 (request->part_count > 0) + (request->source != NULL);
    if (bodies > 1) {
        return swb__fail(error, SWB_EINVAL, "an HTTP request has %d bodies instead of one", bodies);
    }
    return SWB_OK;
}

static int add_header(swb__http_transfer *transfer, const char *name, const char *value,
                      swb_error *error)
{
    swb__buffer line = SWB__BUFFER_INIT(64u << 10);
    if (!is_token(name) || strpbrk(value, "\r\n") != NULL) {
        return swb__fail(error, SWB_EINVAL, "HTTP header '%.40s: %.40s' is malformed", name, value);
    }
    /* libcurl takes "Name:" as the order to leave it out, "Name;" as the empty header. */
    swb__buffer_printf(&line, *value == '\0' ? "%s;" : "%s: %s", name, value);
    struct curl_slist *list =
        line.status == SWB_OK ? curl_slist_append(transfer->headers, line.data) : NULL;
    swb__buffer_finish(&line);
    if (list == NULL) {
        return swb__fail_nomem(error);
    }
    transfer->headers = list;
    return SWB_OK;
}

/* Keeps libcurl from sending a header of its own. */
static int drop_header(swb__http_transfer *transfer, const char *name_and_colon, swb_error *error)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, name_and_colon);
    if (list == NULL) {
        return swb__fail_nomem(error);
    }
    transfer->headers = list;
    return SWB_OK;
}

static int set_headers(swb__http_transfer *transfer, const swb__http_request *request,
                       swb_error *error)
{
    int status = drop_header(transfer, "Expect:", error);
    if (status == SWB_OK && request->body_type != NULL) {
        status = add_header(transfer, "Content-Type", request->body_type, error);
    } else if (status == SWB_OK && request->field_count == 0 && request->part_count == 0) {
        status = drop_header(transfer, "Content-Type:", error);
    }
    for (size_t i = 0; status == SWB_OK && i < request->header_count; i++) {
        status = add_header(transfer, request->headers[i].name, request->headers[i].value, error);
    }
    CURLcode code = curl_easy_setopt(transfer->entry.easy, CURLOPT_HTTPHEADER, transfer->headers);
    return status == SWB_OK && code != CURLE_OK ? swb__fail_nomem(error) : status;
}

static void append_escaped(swb__buffer *buffer, CURL *easy, const char *text)
{
    /* A length of 0 would be taken as "measure it", which is the same. */
    char *escaped = curl_easy_escape(easy, text, 0);
    if (escaped == NULL) {
        buffer->status = SWB_ENOMEM;
        return;
    }
    swb__buffer_text(buffer, escaped);
    curl_free(escaped);
}

static CURLcode set_bytes(CURL *easy, const void *bytes, size_t length)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    SET(CURLOPT_COPYPOSTFIELDS, length > 0 ? (const char *)bytes : "");
    return code;
}

static CURLcode set_fields(CURL *easy, const swb__http_request *request)
{
    swb__buffer form = SWB__BUFFER_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < request->field_count; i++) {
        swb__buffer_text(&form, i > 0 ? "&" : "");
        append_escaped(&form, easy, request->fields[i].name);
        swb__buffer_char(&form, '=');
        append_escaped(&form, easy, request->fields[i].value);
    }
    CURLcode code =
        form.status == SWB_OK ? set_bytes(easy, form.data, form.length) : CURLE_OUT_OF_MEMORY;
    swb__buffer_finish(&form);
    return code;
}

static CURLcode add_part(curl_mime *mime, const swb__http_part *part)
{
    curl_mimepart *to = curl_mime_addpart(mime);
    if (to == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    CURLcode code = curl_mime_name(to, part->name);
    if (code == CURLE_OK && part->filename != NULL) {
        code = curl_mime_filename(to, part->filename);
    }
    if (code == CURLE_OK && part->type != NULL) {
        code = curl_mime_type(to, part->type);
    }
    return code == CURLE_OK ? curl_mime_data(to, part->length > 0 ? part->bytes : "", part->length)
                            : code;
}

static CURLcode set_parts(swb__http_transfer *transfer, const swb__http_request *request)
{
    CURL *easy = transfer->entry.easy;
    CURLcode code = CURLE_OK;
    transfer->mime = curl_mime_init(easy);
    if (transfer->mime == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    for (size_t i = 0; code == CURLE_OK && i < request->part_count; i++) {
        code = add_part(transfer->mime, &request->parts[i]);
    }
    SET(CURLOPT_MIMEPOST, transfer->mime);
    return code;
}

static size_t on_source(char *buffer, size_t size, size_t count, void *argument)
{
    swb__http_transfer *transfer = argument;
    uint64_t left = transfer->source_bytes - transfer->source_offset;
    size_t length = size * count < left ? size * count : (size_t)left;
    if (transfer->canceled) {
        return CURL_READFUNC_ABORT;
    }
    if (length == 0) {
        return 0;
    }
    transfer->failure =
        transfer->source(transfer->argument, transfer->source_offset, buffer, length);
    if (transfer->failure != SWB_OK) {
        swb__fail(&transfer->error, transfer->failure, "%s: the source of the body failed: %s",
                  transfer->label, swb_status_text(transfer->failure));
        return CURL_READFUNC_ABORT;
    }
    transfer->source_offset += length;
    return length;
}

/* libcurl begins again where the server closed a kept connection before it replied. */
static int on_seek(void *argument, curl_off_t offset, int origin)
{
    swb__http_transfer *transfer = argument;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->source_bytes) {
        return CURL_SEEKFUNC_FAIL;
    }
    transfer->source_offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static CURLcode set_source(swb__http_transfer *transfer, const swb__http_request *request)
{
    CURL *easy = transfer->entry.easy;
    CURLcode code = CURLE_OK;
    transfer->source = request->source;
    transfer->source_bytes = request->source_bytes;
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->source_bytes);
    SET(CURLOPT_READFUNCTION, on_source);
    SET(CURLOPT_READDATA, transfer);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_SEEKDATA, transfer);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    return code;
}

static CURLcode set_body(swb__http_transfer *transfer, const swb__http_request *request)
{
    CURL *easy = transfer->entry.easy;
    CURLcode code = CURLE_OK;
    /* A server may refuse these without a Content-Length, so an empty body is sent. */
    bool wants_body = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0 ||
                      strcmp(request->method, "PATCH") == 0;
    if (request->source != NULL) {
        return set_source(transfer, request);
    }
    if (request->part_count > 0) {
        return set_parts(transfer, request);
    }
    if (request->field_count > 0) {
        return set_fields(easy, request);
    }
    if (request->has_body || request->body_length > 0 || wants_body) {
        return set_bytes(easy, request->body, request->body_length);
    }
    if (strcmp(request->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    return code;
}

int swb__http_compose(swb__http_transfer *transfer, const swb__http_request *request,
                      swb_error *error)
{
    swb__buffer url = SWB__BUFFER_INIT(1u << 20);
    CURL *easy = transfer->entry.easy;
    int status = check(request, error);
    if (status == SWB_OK) {
        status = set_headers(transfer, request, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    swb__buffer_printf(&url, "%s%s", transfer->client->base_url, request->path);
    snprintf(transfer->label, sizeof transfer->label, "%s %s", request->method,
             swb__buffer_string(&url));
    CURLcode code = set_body(transfer, request);
    SET(CURLOPT_URL, swb__buffer_string(&url));
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_TIMEOUT_MS, swb__curl_ms(request->deadline_ns));
    SET(CURLOPT_CONNECTTIMEOUT_MS, swb__curl_ms(request->connect_ns));
    if (request->sink != NULL) {
        SET(CURLOPT_BUFFERSIZE, 256L << 10);
    }
    status = url.status == SWB_OK && code == CURLE_OK ? SWB_OK : swb__fail_nomem(error);
    swb__buffer_finish(&url);
    return status;
}
