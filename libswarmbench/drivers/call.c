#include "drivers/call.h"

#include <math.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"

#define METRICS_MAX_BYTES (16u << 10)

struct swb_call {
    const swb_driver *driver;
    const swb_node *node;
    const swb_command *command;
    void *session;
    const swb_reply *reply;
    bool connected;
    int step;
    unsigned exchanges;
    /* Of the present advance: */
    bool begun;  /* an exchange was begun */
    int failure; /* the first failure; SWB_OK where there is none */
    bool retriable;
    char message[512];
    swb__exchange exchange;
    swb_result result;
    swb__buffer metrics;
};

int swb__call_create(swb_call **out, const swb_driver *driver, const swb_node *node,
                     const swb_command *command, void *session, swb_error *error)
{
    if ((unsigned)command->operation >= SWB_OP_COUNT ||
        driver->operations[command->operation] == NULL) {
        return swb__fail(error, SWB_EUNSUPPORTED, "driver '%s' cannot %s", driver->name,
                         swb_operation_name(command->operation));
    }
    swb_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        return swb__fail_nomem(error);
    }
    call->driver = driver;
    call->node = node;
    call->command = command;
    call->session = session;
    call->metrics.limit = METRICS_MAX_BYTES;
    call->result.bytes_done = SWB_COUNT_UNKNOWN;
    call->result.stored_bytes = SWB_COUNT_UNKNOWN;
    call->result.payload_received = SWB_COUNT_UNKNOWN;
    call->result.payload_sent = SWB_COUNT_UNKNOWN;
    call->result.wasted = SWB_COUNT_UNKNOWN;
    call->result.wire_received = SWB_COUNT_UNKNOWN;
    call->result.wire_sent = SWB_COUNT_UNKNOWN;
    call->result.peers = SWB_COUNT_UNKNOWN;
    *out = call;
    return SWB_OK;
}

void swb__call_destroy(swb_call *call)
{
    if (call == NULL) {
        return;
    }
    swb__exchange_clear(&call->exchange);
    swb__buffer_finish(&call->metrics);
    free(call);
}

void swb__call_set_connected(swb_call *call, bool connected)
{
    call->connected = connected;
}

const swb_result *swb__call_result(const swb_call *call)
{
    return &call->result;
}

const char *swb__call_metrics(const swb_call *call)
{
    return swb__buffer_string(&call->metrics);
}

static int tell(const swb_call *call, int status, const char *message, swb_error *error)
{
    return swb__fail(error, status, "%s: %s", swb_operation_name(call->command->operation),
                     message);
}

/* A failure that was kept stands, whatever the driver returned after it. */
static int judge(const swb_call *call, int answer, swb_error *error)
{
    if (call->failure != SWB_OK) {
        return tell(call, call->failure, call->message, error);
    }
    if (answer == SWB_CALL_DONE) {
        return SWB_CALL_DONE;
    }
    if (answer != SWB_CALL_SEND) {
        return tell(call, SWB_EINVAL, "the driver failed without saying why", error);
    }
    if (!call->begun) {
        return tell(call, SWB_EINVAL, "the driver has nothing to send", error);
    }
    if (call->exchanges > SWB__CALL_EXCHANGES_MAX) {
        return tell(call, SWB_EPROTO, "the node's replies lead to no end", error);
    }
    return SWB_CALL_SEND;
}

int swb__call_advance(const swb__exchange **exchange_out, bool *retriable_out, swb_call *call,
                      const swb_reply *reply, swb_error *error)
{
    swb__exchange_clear(&call->exchange);
    call->begun = false;
    call->failure = SWB_OK;
    call->retriable = false;
    call->reply = reply;
    int answer = judge(call, call->driver->operations[call->command->operation](call), error);
    call->reply = NULL;
    if (answer == SWB_CALL_SEND) {
        *exchange_out = &call->exchange;
    } else if (answer < 0) {
        *retriable_out = call->retriable;
    }
    return answer;
}

const swb_node *swb_call_node(const swb_call *call)
{
    return call->node;
}

const swb_command *swb_call_command(const swb_call *call)
{
    return call->command;
}

void *swb_call_session(const swb_call *call)
{
    return call->session;
}

const swb_reply *swb_call_reply(const swb_call *call)
{
    return call->reply;
}

int swb_call_step(const swb_call *call)
{
    return call->step;
}

void swb_call_set_step(swb_call *call, int step)
{
    call->step = step;
}

int swb_call_connected(const swb_call *call)
{
    return call->connected;
}

swb_result *swb_call_result(swb_call *call)
{
    return &call->result;
}

int swb_call_fail(swb_call *call, int status, int retriable, const char *message)
{
    if (call->failure != SWB_OK) {
        return call->failure;
    }
    call->failure = status < 0 ? status : SWB_EINVAL;
    call->retriable = retriable != 0;
    snprintf(call->message, sizeof call->message, "%s", message);
    return call->failure;
}

/* Keeps the failure of a step of building an exchange. */
static void keep(swb_call *call, int status, const char *why)
{
    if (status != SWB_OK) {
        swb_call_fail(call, status, 0, why);
    }
}

static int begin(swb_call *call, swb_transport transport)
{
    if (call->driver->transport != transport) {
        return swb_call_fail(call, SWB_EINVAL, 0, "the driver has another transport");
    }
    if (call->begun) {
        return swb_call_fail(call, SWB_EINVAL, 0, "the driver began two exchanges at once");
    }
    call->begun = true;
    call->exchanges++;
    call->exchange.transport = transport;
    return SWB_OK;
}

#define NO_MEMORY "out of memory"

int swb_call_http(swb_call *call, const char *method, const char *path)
{
    const char *why = NO_MEMORY;
    int status = begin(call, SWB_TRANSPORT_HTTP);
    if (status == SWB_OK) {
        status = swb__exchange_request(&call->exchange, method, path, &why);
        keep(call, status, why);
    }
    return status == SWB_OK ? SWB_CALL_SEND : status;
}

int swb_call_http_extra(swb_call *call, const char *method, const char *path)
{
    int answer = swb_call_http(call, method, path);
    call->exchange.extra = answer == SWB_CALL_SEND;
    return answer;
}

int swb_call_http_wildcard(swb_call *call, const char *method, const char *path)
{
    int answer = swb_call_http(call, method, path);
    call->exchange.wildcard = answer == SWB_CALL_SEND;
    return answer;
}

void swb_call_header(swb_call *call, const char *name, const char *value)
{
    const char *why = NO_MEMORY;
    int status = swb__exchange_header(&call->exchange, name, value, &why);
    keep(call, status, why);
}

void swb_call_body(swb_call *call, const char *type, const void *bytes, size_t length)
{
    const char *why = NO_MEMORY;
    int status = swb__exchange_body(&call->exchange, type, bytes, length, &why);
    keep(call, status, why);
}

void swb_call_field(swb_call *call, const char *name, const char *value)
{
    const char *why = NO_MEMORY;
    int status = swb__exchange_field(&call->exchange, name, value, &why);
    keep(call, status, why);
}

void swb_call_part(swb_call *call, const char *name, const char *filename, const char *type,
                   const void *bytes, size_t length)
{
    const char *why = NO_MEMORY;
    /* Borrowed by the part for the call below, which copies. */
    const swb__part part = {(char *)name, (char *)filename, (char *)type, (uint8_t *)bytes, length};
    int status = swb__exchange_part(&call->exchange, &part, &why);
    keep(call, status, why);
}

void swb_call_upload_content(swb_call *call)
{
    const char *why = NO_MEMORY;
    if (call->command->content == NULL) {
        swb_call_fail(call, SWB_EINVAL, 0, "the command has no content to upload");
        return;
    }
    int status = swb__exchange_upload(&call->exchange, &why);
    keep(call, status, why);
}

void swb_call_download_content(swb_call *call)
{
    call->exchange.download_content = true;
}

void swb_call_metric(swb_call *call, const char *name, double value)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s %.15g\n", name, value);
    bool fits = length > 0 && (size_t)length < sizeof line &&
                call->metrics.length + (size_t)length < call->metrics.limit;
    if (fits && isfinite(value)) {
        swb__buffer_append(&call->metrics, line, (size_t)length);
    }
}

int swb_call_frame(swb_call *call, const void *bytes, size_t length)
{
    const char *why = NO_MEMORY;
    int status = begin(call, SWB_TRANSPORT_TLS);
    if (status == SWB_OK) {
        status = swb__exchange_frame(&call->exchange, bytes, length, &why);
        keep(call, status, why);
    }
    return status == SWB_OK ? SWB_CALL_SEND : status;
}

int swb_call_next_frame(swb_call *call)
{
    int status = begin(call, SWB_TRANSPORT_TLS);
    return status == SWB_OK ? SWB_CALL_SEND : status;
}
