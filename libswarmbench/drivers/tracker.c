/* opentracker under swarmbench-tracker: controlled by authenticated calls (docs/tracker.md). */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/http_reply.h"

#define PROGRAM "swarmbench-tracker"
#define TOKEN_FILE "token"

enum { OPTION_BINARY, OPTION_OPENTRACKER, OPTION_COUNT };

static const swb_option options[OPTION_COUNT] = {
    [OPTION_BINARY] = {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "Path of swarmbench-tracker, where it is not the one in PATH."},
    [OPTION_OPENTRACKER] = {"opentracker", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                            "Path of opentracker, where it is not the one in PATH."},
};

/* The password of the run is the token of the API. Clients announce on the API port, as with every
 * tracker, so that control has the extra one. */
static int launch_tracker(const swb_node *node, swb_launch *launch, swb_error *error)
{
    char number[16];
    const char *opentracker = node->options[OPTION_OPENTRACKER].string;
    (void)error;
    swb_launch_program(launch, node->program);
    swb_launch_arg(launch, "--state");
    swb_launch_arg2(launch, node->home_dir, "/tracker");
    swb_launch_arg(launch, "--token-file");
    swb_launch_arg2(launch, node->home_dir, "/" TOKEN_FILE);
    swb_launch_arg(launch, "--address");
    swb_launch_arg(launch, node->address);
    swb_launch_arg(launch, "--announce-port");
    snprintf(number, sizeof number, "%u", node->api_port);
    swb_launch_arg(launch, number);
    swb_launch_arg(launch, "--control-port");
    snprintf(number, sizeof number, "%u", node->extra_port);
    swb_launch_arg(launch, number);
    if (opentracker != NULL && opentracker[0] != '\0') {
        swb_launch_arg(launch, "--opentracker");
        swb_launch_arg(launch, opentracker);
    }
    swb_launch_file(launch, TOKEN_FILE, 0600, node->password, strlen(node->password));
    return SWB_OK;
}

/* A header of its own: "Authorization" is not passed on by every proxy. */
static int send(swb_call *call, const char *method, const char *path)
{
    int status = swb_call_http_extra(call, method, path);
    if (status == SWB_CALL_SEND) {
        swb_call_header(call, "X-Swarmbench-Token", swb_call_node(call)->password);
    }
    return status;
}

/* The run's torrents, and no others. */
static int send_whitelist(swb_call *call)
{
    const char *const *infohashes = swb_call_node(call)->infohashes;
    swb__buffer body = SWB__BUFFER_INIT(64 * 1024);
    swb__buffer_text(&body, "{\"infohashes\":[");
    for (size_t i = 0; infohashes != NULL && infohashes[i] != NULL; i++) {
        swb__buffer_printf(&body, "%s\"%s\"", i > 0 ? "," : "", infohashes[i]);
    }
    swb__buffer_text(&body, "]}");
    int status = body.status == SWB_OK
                     ? send(call, "PUT", "/v1/whitelist")
                     : swb_call_fail(call, SWB_ENOMEM, 0, "out of memory for the whitelist");
    if (status == SWB_CALL_SEND) {
        swb_call_body(call, "application/json", body.data, body.length);
    }
    swb__buffer_finish(&body);
    return status;
}

static int expect_ready(swb_call *call)
{
    cJSON *health;
    int status = swb__reply_json(&health, call);
    if (status != SWB_OK) {
        return status;
    }
    bool ready = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(health, "ready"));
    cJSON_Delete(health);
    return ready ? SWB_OK : swb_call_fail(call, SWB_EBUSY, 1, "opentracker is not up yet");
}

static int expect_whitelist(swb_call *call)
{
    cJSON *list;
    int status = swb__reply_json(&list, call);
    if (status != SWB_OK) {
        return status;
    }
    bool told = cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(list, "infohashes"));
    cJSON_Delete(list);
    return told ? SWB_OK : swb_call_fail(call, SWB_EPROTO, 0, "the reply tells no whitelist");
}

static int ready(swb_call *call)
{
    const swb_node *node = swb_call_node(call);
    swb_result *found = swb_call_result(call);
    int status;
    switch (swb_call_step(call)) {
    case 0:
        swb_call_set_step(call, 1);
        return send(call, "GET", "/v1/health");
    case 1:
        status = expect_ready(call);
        swb_call_set_step(call, 2);
        return status == SWB_OK ? send_whitelist(call) : status;
    default:
        status = expect_whitelist(call);
        snprintf(found->bootstrap, sizeof found->bootstrap, "http://%s:%u/announce", node->address,
                 node->api_port);
        return status == SWB_OK ? SWB_CALL_DONE : status;
    }
}

static int ask_statistics(cJSON **out, swb_call *call)
{
    cJSON *object;
    int status = swb__reply_json(&object, call);
    if (status != SWB_OK) {
        return status;
    }
    if (swb__json_member_text(object, "version") == NULL ||
        swb__json_counter(object, "torrents") == SWB_COUNT_UNKNOWN) {
        cJSON_Delete(object);
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply tells no statistics");
    }
    *out = object;
    return SWB_OK;
}

static int version(swb_call *call)
{
    swb_result *found = swb_call_result(call);
    cJSON *statistics;
    if (swb_call_reply(call) == NULL) {
        return send(call, "GET", "/v1/statistics");
    }
    int status = ask_statistics(&statistics, call);
    if (status != SWB_OK) {
        return status;
    }
    const char *revision = swb__json_member_text(statistics, "opentracker_revision");
    snprintf(found->version, sizeof found->version, "%s",
             swb__json_member_text(statistics, "version"));
    snprintf(found->revision, sizeof found->revision, "%s", revision != NULL ? revision : "");
    cJSON_Delete(statistics);
    return SWB_CALL_DONE;
}

static void tell(swb_call *call, const cJSON *object, const char *name, const char *metric)
{
    uint64_t value = swb__json_counter(object, name);
    if (value != SWB_COUNT_UNKNOWN) {
        swb_call_metric(call, metric, (double)value);
    }
}

static void tell_all(swb_call *call, const cJSON *statistics)
{
    const cJSON *http = cJSON_GetObjectItemCaseSensitive(statistics, "http");
    const cJSON *udp = cJSON_GetObjectItemCaseSensitive(statistics, "udp");
    tell(call, statistics, "torrents", "torrents");
    tell(call, statistics, "seeders", "peers{state=\"seeder\"}");
    tell(call, statistics, "leechers", "peers{state=\"leecher\"}");
    tell(call, statistics, "completed", "completed_total");
    tell(call, http, "announces", "announces_total{by=\"http\"}");
    tell(call, udp, "announces", "announces_total{by=\"udp\"}");
    tell(call, http, "scrapes", "scrapes_total{by=\"http\"}");
    tell(call, udp, "scrapes", "scrapes_total{by=\"udp\"}");
}

static int metrics(swb_call *call)
{
    cJSON *statistics;
    if (swb_call_reply(call) == NULL) {
        return send(call, "GET", "/v1/statistics");
    }
    int status = ask_statistics(&statistics, call);
    if (status != SWB_OK) {
        return status;
    }
    tell_all(call, statistics);
    cJSON_Delete(statistics);
    return SWB_CALL_DONE;
}

static int stop(swb_call *call)
{
    return swb_call_fail(call, SWB_EUNSUPPORTED, 0, "swarmbench-tracker ends by a signal only");
}

const swb_driver swb__driver_tracker = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "tracker",
    .description = "opentracker under swarmbench-tracker, controlled by authenticated calls",
    .kind = SWB_DRIVER_SERVICE,
    .transport = SWB_TRANSPORT_HTTP,
    .program = PROGRAM,
    .program_env = "SWARMBENCH_TRACKER",
    .package =
        "built where libmicrohttpd is found; it runs opentracker (apt-get install opentracker)",
    .options = options,
    .option_count = OPTION_COUNT,
    .node_memory_bytes = UINT64_C(24) << 20,
    .launch = launch_tracker,
    .operations =
        {
            [SWB_OP_READY] = ready,
            [SWB_OP_VERSION] = version,
            [SWB_OP_METRICS] = metrics,
            [SWB_OP_STOP] = stop,
        },
};
