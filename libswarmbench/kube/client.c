/* Calls: credentials first, then one try after the other. */
#include "kube/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "kube/credentials.h"

#define DEADLINE_NS (30 * SWB__NS_PER_S)
#define CONNECT_NS (UINT64_C(10) * 1000000000)
#define FIRST_PAUSE_NS (250 * SWB__NS_PER_MS)
#define LONGEST_PAUSE_NS (5 * SWB__NS_PER_S)
#define REPLY_MAX_BYTES ((size_t)64 << 20)

struct swb__kube_call {
    swb__kube_client *client;
    LIST_ENTRY(swb__kube_call) link;
    swb__kube_request request;
    swb__kube_call_options options;
    swb__kube_done done;
    void *argument;
    int64_t give_up_ns;
    int64_t pause_ns;             /* before the next try */
    bool renewed;                 /* credentials, after a 401 */
    bool waiting;                 /* for credentials */
    swb__http_transfer *transfer; /* under way */
    swb__timer *timer;            /* until the next try, or the completion */
    swb__buffer token;            /* "Bearer ..." */
    int status;                   /* of the try before: told where no time is left */
    swb__kube_failure failure;
    swb_error error;
};

struct swb__kube_client {
    swb_loop *loop;
    const swb__kube_config *config;
    swb__http_client *http;
    swb__kube_credentials *credentials;
    unsigned secured; /* generation of the credentials that `http` has, plus one */
    bool renewing;
    LIST_HEAD(, swb__kube_call) calls;
};

swb_loop *swb__kube_client_loop(const swb__kube_client *client)
{
    return client->loop;
}

const swb__kube_config *swb__kube_client_config(const swb__kube_client *client)
{
    return client->config;
}

/* Never by a proxy of the environment, whatever no_proxy says; as kubectl. */
static bool is_this_machine(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           (strncmp(host, "localhost", 9) == 0 && strchr(":/", host[9]) != NULL);
}

static swb__http_security security_of(const swb__kube_client *client)
{
    const swb__kube_config *config = client->config;
    return (swb__http_security){
        .ca = config->ca,
        .certificate = swb__kube_credentials_certificate(client->credentials),
        .key = swb__kube_credentials_key(client->credentials),
        .server_name = config->server_name,
        .insecure = config->insecure,
        .proxy = config->proxy,
        .usual_proxy = config->proxy == NULL && !is_this_machine(config->server),
    };
}

/* Hands the certificates to the HTTP client where they are new. */
static int secure(swb__kube_client *client, swb_error *error)
{
    unsigned generation = swb__kube_credentials_generation(client->credentials) + 1;
    const swb__http_security security = security_of(client);
    if (client->secured == generation) {
        return SWB_OK;
    }
    int status = swb__http_client_secure(client->http, &security, error);
    client->secured = status == SWB_OK ? generation : 0;
    return status;
}

int swb__kube_client_create(swb__kube_client **out, swb_loop *loop, const swb__kube_config *config,
                            swb_error *error)
{
    swb__kube_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return swb__fail_nomem(error);
    }
    LIST_INIT(&client->calls);
    client->loop = loop;
    client->config = config;
    int status = swb__http_client_create(&client->http, loop, config->server, error);
    if (status == SWB_OK) {
        status = swb__kube_credentials_create(&client->credentials, loop, config, error);
    }
    if (status == SWB_OK) {
        status = secure(client, error);
    }
    if (status != SWB_OK) {
        swb__kube_credentials_destroy(client->credentials);
        swb__http_client_destroy(client->http);
        free(client);
        return status;
    }
    *out = client;
    return SWB_OK;
}

static void free_call(swb__kube_call *call)
{
    swb__timer_stop(call->timer);
    swb__kube_request_finish(&call->request);
    swb__buffer_finish(&call->token);
    free(call);
}

/* The one completion. */
static void tell(swb__kube_call *call, const swb__kube_outcome *outcome)
{
    LIST_REMOVE(call, link);
    call->done(call->argument, outcome);
    free_call(call);
}

static void tell_failure(swb__kube_call *call, int http_status)
{
    tell(call, &(swb__kube_outcome){.status = call->status,
                                    .failure = call->failure,
                                    .error = &call->error,
                                    .http_status = http_status,
                                    .text = ""});
}

static void cancel_now(swb__kube_call *call)
{
    call->failure = SWB__KUBE_FINE;
    call->status = swb__fail(&call->error, SWB_ECANCELED, "%s: cancelled", call->request.what);
    tell_failure(call, 0);
}

static void on_put_off(void *argument)
{
    tell_failure(argument, 0);
}

/* Tells later what stands in the call. */
static void put_off(swb__kube_call *call)
{
    swb__timer_stop(call->timer);
    call->timer = NULL;
    if (swb__timer_start(&call->timer, call->client->loop, 0, on_put_off, call) != SWB_OK) {
        tell_failure(call, 0);
    }
}

static void begin_try(swb__kube_call *call);

static void on_pause_over(void *argument)
{
    swb__kube_call *call = argument;
    swb__timer_stop(call->timer);
    call->timer = NULL;
    begin_try(call);
}

/* Tries again after a pause, where the deadline leaves time for one. */
static bool try_again(swb__kube_call *call, int64_t least_pause_ns)
{
    int64_t pause_ns = call->pause_ns > least_pause_ns ? call->pause_ns : least_pause_ns;
    if (call->options.sink != NULL || swb__clock_ns() + pause_ns >= call->give_up_ns) {
        return false;
    }
    call->pause_ns = call->pause_ns * 2 < LONGEST_PAUSE_NS ? call->pause_ns * 2 : LONGEST_PAUSE_NS;
    return swb__timer_start(&call->timer, call->client->loop, pause_ns, on_pause_over, call) ==
           SWB_OK;
}

static bool is_passing_status(int status)
{
    return status == SWB_ECONNECT || status == SWB_ETRUNCATED || status == SWB_EPROTO;
}

static void take_reply(swb__kube_call *call, const swb__http_reply *reply)
{
    cJSON *object = NULL;
    const char *body = (const char *)reply->body;
    if (!call->options.raw && call->options.sink == NULL) {
        call->status =
            swb__kube_parse(&object, call->request.what, body, reply->length, &call->error);
    }
    tell(call, &(swb__kube_outcome){.status = call->status,
                                    .error = &call->error,
                                    .http_status = reply->status,
                                    .object = object,
                                    .text = body,
                                    .length = reply->length});
    cJSON_Delete(object);
}

/* A 401 of a certificate tells nothing; its end does. */
static void explain_unauthorized(swb__kube_call *call)
{
    char expired[64];
    const char *certificate = swb__kube_credentials_certificate(call->client->credentials);
    const swb__kube_config *config = call->client->config;
    if (certificate != NULL && swb__certificate_expired(expired, sizeof expired, certificate)) {
        swb__fail(&call->error, SWB_EAUTH, "%s: the client certificate of user '%.80s' (%.200s) %s",
                  call->request.what, config->user != NULL ? config->user : "", config->source,
                  expired);
    } else if (config->user != NULL) {
        swb__error_context(&call->error, "user '%.80s' (%.200s)", config->user, config->source);
    }
}

static void on_replied(void *argument, int status, const swb__http_reply *reply,
                       const swb_error *error)
{
    swb__kube_call *call = argument;
    call->transfer = NULL;
    call->status = status;
    call->failure = SWB__KUBE_FINE;
    if (status != SWB_OK) {
        call->error = *error;
        if (reply->unverified || !is_passing_status(status) || !try_again(call, 0)) {
            tell_failure(call, reply->status);
        }
        return;
    }
    call->error = (swb_error)SWB_ERROR_INIT;
    call->failure = swb__kube_judge(&call->request, reply->status, (const char *)reply->body,
                                    reply->length, reply->retry_after_s, &call->error);
    if (call->failure == SWB__KUBE_FINE) {
        take_reply(call, reply);
        return;
    }
    call->status = call->error.status;
    if (call->failure == SWB__KUBE_UNAUTHORIZED && !call->renewed &&
        swb__kube_credentials_reject(call->client->credentials)) {
        call->renewed = true;
        begin_try(call);
        return;
    }
    if (call->failure == SWB__KUBE_UNAUTHORIZED) {
        explain_unauthorized(call);
    }
    if (!swb__kube_is_passing(call->failure) ||
        !try_again(call, reply->retry_after_s * SWB__NS_PER_S)) {
        tell_failure(call, reply->status);
    }
}

static size_t fill_headers(swb__http_pair out[2], swb__kube_client *client, swb__buffer *scratch)
{
    size_t count = 0;
    const char *token = swb__kube_credentials_token(client->credentials);
    if (token != NULL) {
        swb__buffer_clear(scratch);
        swb__buffer_printf(scratch, "Bearer %s", token);
        out[count++] = (swb__http_pair){"Authorization", swb__buffer_string(scratch)};
    }
    if (client->config->impersonate != NULL) {
        out[count++] = (swb__http_pair){"Impersonate-User", client->config->impersonate};
    }
    return count;
}

swb__http_client *swb__kube_client_http(swb__kube_client *client)
{
    return client->http;
}

static int on_bytes(void *argument, const void *bytes, size_t length)
{
    const swb__kube_call *call = argument;
    return call->options.sink(call->argument, bytes, length);
}

static int send_try(swb__kube_call *call, swb_error *error)
{
    swb__http_pair headers[3];
    swb__kube_client *client = call->client;
    int64_t left_ns = call->give_up_ns - swb__clock_ns();
    size_t count = fill_headers(headers, client, &call->token);
    headers[count++] = (swb__http_pair){"Accept", call->options.raw ? "*/*" : "application/json"};
    int status = call->token.status == SWB_OK ? secure(client, error) : swb__fail_nomem(error);
    if (status != SWB_OK) {
        return status;
    }
    const swb__http_request request = {
        .method = call->request.method,
        .path = swb__buffer_string(&call->request.path),
        .headers = headers,
        .header_count = count,
        .body_type = call->request.body_type,
        .body = call->request.body.data,
        .body_length = call->request.body.length,
        .has_body = call->request.body_type != NULL,
        .sink = call->options.sink != NULL ? on_bytes : NULL,
        .deadline_ns = (uint64_t)(left_ns > 0 ? left_ns : 1),
        .connect_ns = CONNECT_NS,
        .max_reply_bytes = call->options.max_reply_bytes,
        .argument = call,
    };
    return swb__http_send(&call->transfer, client->http, &request, on_replied, error);
}

static void fail_soon(swb__kube_call *call, int status)
{
    call->status = status;
    call->failure = SWB__KUBE_FINE;
    put_off(call);
}

/* The calls that waited go on, or fail as the renewal did. */
static void on_renewed(void *argument, int status, const swb_error *error)
{
    swb__kube_client *client = argument;
    client->renewing = false;
    swb__kube_call *call;
    LIST_FOREACH(call, &client->calls, link)
    {
        if (!call->waiting) {
            continue;
        }
        call->waiting = false;
        call->error = *error;
        int result = status == SWB_OK ? send_try(call, &call->error) : status;
        if (result != SWB_OK) {
            fail_soon(call, result);
        }
    }
}

static void renew(swb__kube_client *client)
{
    if (!client->renewing) {
        client->renewing = true;
        swb__kube_credentials_renew(client->credentials, on_renewed, client);
    }
}

void swb__kube_client_access(struct swb__http_access *out, swb__http_pair headers[2],
                             swb__buffer *scratch, swb__kube_client *client)
{
    if (!swb__kube_credentials_fresh(client->credentials)) {
        renew(client);
    }
    secure(client, NULL); /* where that fails, the next call tells */
    *out = (struct swb__http_access){.security = security_of(client),
                                     .headers = headers,
                                     .header_count = fill_headers(headers, client, scratch)};
}

static void begin_try(swb__kube_call *call)
{
    if (!swb__kube_credentials_fresh(call->client->credentials)) {
        call->waiting = true;
        renew(call->client);
        return;
    }
    int status = send_try(call, &call->error);
    if (status != SWB_OK) {
        fail_soon(call, status);
    }
}

int swb__kube_client_call(swb__kube_call **out, swb__kube_client *client,
                          swb__kube_request *request, const swb__kube_call_options *options,
                          swb__kube_done done, void *argument, swb_error *error)
{
    swb__kube_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        swb__kube_request_finish(request);
        return swb__fail_nomem(error);
    }
    call->client = client;
    call->request = *request;
    *request = (swb__kube_request)SWB__KUBE_REQUEST_INIT;
    call->options = options != NULL ? *options : (swb__kube_call_options){0};
    if (call->options.max_reply_bytes == 0) {
        call->options.max_reply_bytes = REPLY_MAX_BYTES;
    }
    call->done = done;
    call->argument = argument;
    call->pause_ns = FIRST_PAUSE_NS;
    call->token = (swb__buffer)SWB__BUFFER_INIT((size_t)2 << 20);
    int64_t deadline_ns =
        call->options.deadline_ns > 0 ? (int64_t)call->options.deadline_ns : DEADLINE_NS;
    call->give_up_ns = swb__clock_ns() + deadline_ns;
    LIST_INSERT_HEAD(&client->calls, call, link);
    begin_try(call);
    if (out != NULL) {
        *out = call;
    }
    return SWB_OK;
}

static void on_cancelled(void *argument)
{
    cancel_now(argument);
}

void swb__kube_call_cancel(swb__kube_call *call)
{
    if (call->transfer != NULL) {
        swb__http_cancel(call->transfer);
        return;
    }
    call->waiting = false;
    swb__timer_stop(call->timer);
    call->timer = NULL;
    if (swb__timer_start(&call->timer, call->client->loop, 0, on_cancelled, call) != SWB_OK) {
        cancel_now(call);
    }
}

void swb__kube_client_destroy(swb__kube_client *client)
{
    if (client == NULL) {
        return;
    }
    /* Completes what is under way; SWB_ECANCELED does not begin another try. */
    swb__http_client_destroy(client->http);
    while (!LIST_EMPTY(&client->calls)) {
        cancel_now(LIST_FIRST(&client->calls));
    }
    swb__kube_credentials_destroy(client->credentials);
    free(client);
}
