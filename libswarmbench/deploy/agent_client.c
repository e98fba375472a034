/* The client's life, and that of its calls. */
#include "deploy/agent_client_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/wire.h"

#define ACCESS_MAX 4

static void free_agent(swb__agent *agent)
{
    if (agent->owns_http) {
        swb__http_client_destroy(agent->http);
    }
    free(agent->name);
    free(agent->prefix);
    free(agent->token);
    free(agent);
}

static bool copy_options(swb__agent *agent, const swb__agent_options *options)
{
    agent->name = strdup(options->name);
    agent->prefix = strdup(options->http != NULL ? options->base_url : "");
    agent->token = strdup(options->token);
    agent->access = options->access;
    return agent->name != NULL && agent->prefix != NULL && agent->token != NULL;
}

int swb__agent_create(swb__agent **out, swb_loop *loop, const swb__agent_options *options,
                      swb_error *error)
{
    swb__agent *agent = calloc(1, sizeof *agent);
    if (agent == NULL) {
        return swb__fail_nomem(error);
    }
    agent->loop = loop;
    LIST_INIT(&agent->calls);
    int status = copy_options(agent, options) ? SWB_OK : swb__fail_nomem(error);
    if (status == SWB_OK && options->http != NULL) {
        agent->http = options->http;
    } else if (status == SWB_OK) {
        status = swb__http_client_create(&agent->http, loop, options->base_url, error);
        agent->owns_http = status == SWB_OK;
    }
    if (status != SWB_OK) {
        free_agent(agent);
        return status;
    }
    uv_timer_init(swb__loop_uv(loop), &agent->handle);
    agent->handle.data = agent;
    *out = agent;
    return SWB_OK;
}

static void on_closed(uv_handle_t *handle)
{
    swb__agent *agent = handle->data;
    void (*closed)(void *) = agent->closed;
    void *argument = agent->closed_argument;
    free_agent(agent);
    if (closed != NULL) {
        closed(argument);
    }
}

static void close_if_idle(swb__agent *agent)
{
    if (agent->closing && LIST_EMPTY(&agent->calls) &&
        !uv_is_closing((uv_handle_t *)&agent->handle)) {
        uv_close((uv_handle_t *)&agent->handle, on_closed);
    }
}

static void end_as_canceled(swb__agent_call *call)
{
    swb_error error = SWB_ERROR_INIT;
    swb__fail(&error, SWB_ECANCELED, "%s: the agent's client is being closed", call->agent->name);
    swb__agent_call_end(call, SWB_ECANCELED, &error);
}

void swb__agent_close(swb__agent *agent, void (*closed)(void *argument), void *argument)
{
    if (agent == NULL) {
        return;
    }
    agent->closing = true;
    agent->closed = closed;
    agent->closed_argument = argument;
    swb__timer_stop(agent->resync);
    agent->resync = NULL;
    swb__agent_call *next;
    for (swb__agent_call *call = LIST_FIRST(&agent->calls); call != NULL; call = next) {
        next = LIST_NEXT(call, link);
        if (call->transfer != NULL) {
            swb__http_cancel(call->transfer);
        } else if (call->timer != NULL) {
            swb__timer_stop(call->timer);
            call->timer = NULL;
            swb__agent_call_wait(call, 0, end_as_canceled);
        }
    }
    close_if_idle(agent);
}

const swb__clock_offset *swb__agent_clock(const swb__agent *agent)
{
    return &agent->clock;
}

swb__agent_call *swb__agent_call_new(swb__agent *agent,
                                     void (*tell)(swb__agent_call *call, int status,
                                                  const swb_error *error),
                                     void *argument, swb_error *error)
{
    if (agent->closing) {
        swb__fail(error, SWB_ECANCELED, "%s: the agent's client is being closed", agent->name);
        return NULL;
    }
    swb__agent_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        swb__fail_nomem(error);
        return NULL;
    }
    call->agent = agent;
    call->tell = tell;
    call->argument = argument;
    call->file = -1;
    LIST_INSERT_HEAD(&agent->calls, call, link);
    return call;
}

void swb__agent_call_drop(swb__agent_call *call)
{
    LIST_REMOVE(call, link);
    swb__timer_stop(call->timer);
    swb_torrent_destroy(call->torrent);
    if (call->file >= 0) {
        close(call->file);
    }
    free(call->file_path);
    free(call);
}

void swb__agent_call_end(swb__agent_call *call, int status, const swb_error *error)
{
    swb__agent *agent = call->agent;
    call->tell(call, status, status == SWB_OK ? NULL : error);
    swb__agent_call_drop(call);
    close_if_idle(agent);
}

void swb__agent_call_malformed(swb__agent_call *call)
{
    swb_error error = SWB_ERROR_INIT;
    swb__fail(&error, SWB_EPROTO, "%s: %s %s: this reply is none of an agent's", call->agent->name,
              call->method, call->path);
    swb__agent_call_end(call, SWB_EPROTO, &error);
}

void swb__agent_tell_plain(swb__agent_call *call, int status, const swb_error *error)
{
    call->done.plain(call->argument, status, error);
}

/* What a reply that is no 200 says. A proxy on the way has words of its own. */
static int read_failure(swb_error *error, const swb__agent_call *call, const cJSON *json,
                        const swb__http_reply *reply)
{
    const char *name = "";
    const char *message = "";
    int status;
    swb__wire_text(&message, json, "message");
    if (!swb__wire_text(&name, json, "status") || !swb__wire_status(&status, name) ||
        status == SWB_OK) {
        status = reply->status == 401 || reply->status == 403   ? SWB_EAUTH
                 : reply->status >= 502 && reply->status <= 504 ? SWB_ECONNECT
                                                                : SWB_EPROTO;
        return swb__fail(error, status, "%s: %s %s: HTTP status %d %s", call->agent->name,
                         call->method, call->path, reply->status, message);
    }
    return swb__fail(error, status, "%s: %s", call->agent->name, message);
}

static void on_done(void *argument, int status, const swb__http_reply *reply,
                    const swb_error *error)
{
    swb__agent_call *call = argument;
    swb_error failure = SWB_ERROR_INIT;
    cJSON *json = NULL;
    call->transfer = NULL;
    if (call->agent->closing) {
        end_as_canceled(call);
        return;
    }
    if (status != SWB_OK) {
        failure = *error;
        swb__error_context(&failure, "%s", call->agent->name);
    } else if (!call->raw || reply->status != 200) {
        json = cJSON_ParseWithLength((const char *)reply->body, reply->length);
    }
    if (status == SWB_OK && reply->status != 200) {
        status = read_failure(&failure, call, json, reply);
    }
    if (status != SWB_OK) {
        if (call->failed != NULL) {
            call->failed(call, status, &failure);
        } else {
            swb__agent_call_end(call, status, &failure);
        }
    } else if (!call->raw && !cJSON_IsObject(json)) {
        swb__agent_call_malformed(call);
    } else {
        call->step(call, json, reply);
    }
    cJSON_Delete(json);
}

static int write_log(void *argument, const void *bytes, size_t length)
{
    const swb__agent_call *call = argument;
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = write(call->file, at, length);
        if (written < 0) {
            return SWB_EIO;
        }
        at += written;
        length -= (size_t)written;
    }
    return SWB_OK;
}

static size_t fill_headers(swb__http_pair *out, const swb__agent *agent)
{
    size_t count = 0;
    for (; agent->access != NULL && count < agent->access->header_count && count < ACCESS_MAX;
         count++) {
        out[count] = agent->access->headers[count];
    }
    out[count++] = (swb__http_pair){SWB__WIRE_TOKEN_HEADER, agent->token};
    return count;
}

int swb__agent_call_send(swb__agent_call *call, const char *method, const char *path, cJSON *body,
                         uint64_t deadline_ns, swb__agent_step step, swb_error *error)
{
    char whole[2048];
    swb__http_pair headers[ACCESS_MAX + 1];
    char *text = body != NULL ? cJSON_PrintUnformatted(body) : NULL;
    bool composed = body == NULL || text != NULL;
    cJSON_Delete(body);
    if (!composed) {
        return swb__fail_nomem(error);
    }
    int length = snprintf(whole, sizeof whole, "%s%s", call->agent->prefix, path);
    if (length < 0 || (size_t)length >= sizeof whole) {
        free(text);
        return swb__fail(error, SWB_EINVAL, "%s: the agent's address is too long",
                         call->agent->name);
    }
    const swb__http_request request = {
        .method = method,
        .path = whole,
        .headers = headers,
        .header_count = fill_headers(headers, call->agent),
        .body_type = text != NULL ? "application/json" : NULL,
        .body = text,
        .body_length = text != NULL ? strlen(text) : 0,
        .has_body = text != NULL,
        .sink = call->file >= 0 ? write_log : NULL,
        .deadline_ns = deadline_ns,
        .argument = call,
    };
    snprintf(call->method, sizeof call->method, "%s", method);
    snprintf(call->path, sizeof call->path, "%s", path);
    call->step = step;
    int status = swb__http_send(&call->transfer, call->agent->http, &request, on_done, error);
    free(text);
    return status;
}

int swb__agent_call_begin(swb__agent_call *call, const char *method, const char *path, cJSON *body,
                          uint64_t deadline_ns, swb__agent_step step, swb_error *error)
{
    int status = swb__agent_call_send(call, method, path, body, deadline_ns, step, error);
    if (status != SWB_OK) {
        swb__agent_call_drop(call);
    }
    return status;
}

void swb__agent_call_go_on(swb__agent_call *call, const char *method, const char *path,
                           uint64_t deadline_ns, swb__agent_step step)
{
    swb_error error = SWB_ERROR_INIT;
    int status = swb__agent_call_send(call, method, path, NULL, deadline_ns, step, &error);
    if (status != SWB_OK) {
        swb__agent_call_end(call, status, &error);
    }
}

static void on_timer(void *argument)
{
    swb__agent_call *call = argument;
    swb__timer_stop(call->timer);
    call->timer = NULL;
    call->resume(call);
}

void swb__agent_call_wait(swb__agent_call *call, int64_t delay_ns,
                          void (*resume)(swb__agent_call *call))
{
    swb_error error = SWB_ERROR_INIT;
    call->resume = resume;
    if (swb__timer_start(&call->timer, call->agent->loop, delay_ns, on_timer, call) != SWB_OK) {
        call->timer = NULL;
        swb__fail_nomem(&error);
        swb__agent_call_end(call, SWB_ENOMEM, &error);
    }
}
