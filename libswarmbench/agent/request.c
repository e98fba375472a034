/* What handlers see of a request, and how they reply. */
#include "agent/server_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/wire.h"

static bool reply(swb__request *request, unsigned http_status, struct MHD_Response *response,
                  const char *type)
{
    request->http_status = http_status;
    request->response = response;
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        if (http_status == MHD_HTTP_UNAUTHORIZED) {
            MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        }
    }
    return true;
}

static bool reply_object(swb__request *request, unsigned http_status, cJSON *object)
{
    char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
    struct MHD_Response *response = NULL;
    cJSON_Delete(object);
    if (text != NULL) {
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
        cJSON_free(text);
    }
    return reply(request, http_status, response, "application/json");
}

bool swb__reply_json(swb__request *request, cJSON *object)
{
    return reply_object(request, MHD_HTTP_OK, object);
}

static unsigned http_status_of(int status)
{
    switch (status) {
    case SWB_EINVAL:
    case SWB_EPROTO:
        return MHD_HTTP_BAD_REQUEST;
    case SWB_EAUTH:
        return MHD_HTTP_UNAUTHORIZED;
    case SWB_ENOENT:
        return MHD_HTTP_NOT_FOUND;
    case SWB_EBUSY:
    case SWB_EEXIST:
        return MHD_HTTP_CONFLICT;
    case SWB_EUNSUPPORTED:
        return MHD_HTTP_NOT_IMPLEMENTED;
    case SWB_ECANCELED:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    case SWB_ETIMEDOUT:
        return MHD_HTTP_GATEWAY_TIMEOUT;
    case SWB_ENOSPACE:
        return MHD_HTTP_INSUFFICIENT_STORAGE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

bool swb__reply_failure(swb__request *request, unsigned http_status, int status,
                        const char *message)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "status", swb_status_name(status));
    cJSON_AddStringToObject(object, "message", message);
    return reply_object(request, http_status, object);
}

bool swb__reply_error(swb__request *request, int status, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return swb__reply_failure(request, http_status_of(status), status, message);
}

bool swb__reply_file(swb__request *request, int fd, uint64_t offset, uint64_t length)
{
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(length, fd, offset);
    if (response == NULL) {
        close(fd);
    }
    return reply(request, MHD_HTTP_OK, response, "text/plain; charset=utf-8");
}

const cJSON *swb__request_body(const swb__request *request)
{
    return request->json;
}

uint64_t swb__request_number(const swb__request *request)
{
    return request->number;
}

const char *swb__request_tail(const swb__request *request)
{
    return request->tail;
}

int64_t swb__request_came_ns(const swb__request *request)
{
    return request->came_ns;
}

swb__progress *swb__request_progress(swb__request *request)
{
    return &request->progress;
}

void swb__request_wait_until(swb__request *request, int64_t deadline_ns)
{
    request->deadline_ns = deadline_ns;
}

bool swb__request_is_due(const swb__request *request)
{
    return request->server->stopping || swb__clock_ns() >= request->deadline_ns;
}

const char *swb__request_text(const swb__request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool swb__request_query(uint64_t *value, swb__request *request, const char *name, uint64_t limit)
{
    uint64_t found;
    const char *text =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    if (text == NULL) {
        return true;
    }
    if (!swb__wire_parse_uint64(&found, text) || found > limit) {
        swb__reply_error(request, SWB_EINVAL, "query '%s' must be a whole number up to %llu", name,
                         (unsigned long long)limit);
        return false;
    }
    *value = found;
    return true;
}
