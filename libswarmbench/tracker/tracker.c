/* The control API: who may ask is the server's to say, what may be asked stands in the table. */
#include "tracker/tracker_state.h"

#include <stdlib.h>
#include <string.h>

#include <swarmbench/version.h>

#include "agent/agent.h"
#include "agent/take.h"
#include "base/clock.h"

static swb__whitelist *whitelist(swb__tracker *tracker)
{
    return swb__opentracker_whitelist(tracker->opentracker);
}

static bool handle_health(void *argument, swb__request *request)
{
    swb__tracker *tracker = argument;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "version", SWB_VERSION_STRING);
    cJSON_AddBoolToObject(object, "ready", swb__opentracker_is_up(tracker->opentracker));
    return swb__reply_json(request, object);
}

static cJSON *list_object(swb__tracker *tracker)
{
    const swb__whitelist *list = whitelist(tracker);
    cJSON *object = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(object, "infohashes");
    for (size_t i = 0; i < list->count; i++) {
        char text[SWB__INFOHASH_TEXT];
        swb__infohash_text(text, &list->entries[i]);
        cJSON_AddItemToArray(array, cJSON_CreateString(text));
    }
    return object;
}

static bool handle_list(void *argument, swb__request *request)
{
    return swb__reply_json(request, list_object(argument));
}

/* Waits for the whitelist to be in effect, then tells it. */
static bool wait_published(swb__tracker *tracker, swb__request *request)
{
    swb__progress *progress = swb__request_progress(request);
    if (progress->step == 0) {
        progress->step = 1;
        progress->number = swb__opentracker_publish(tracker->opentracker);
        swb__request_wait_until(request, swb__clock_ns() + SWB__TRACKER_WAIT_NS);
    }
    if (swb__opentracker_published(tracker->opentracker) >= progress->number) {
        return swb__reply_json(request, list_object(tracker));
    }
    return swb__request_is_due(request) &&
           swb__reply_error(request, SWB_ETIMEDOUT, "opentracker has not taken the whitelist yet");
}

static bool change(swb__tracker *tracker, swb__request *request,
                   int (*act)(swb__whitelist *, const swb__infohash *, swb_error *))
{
    swb__infohash infohash;
    swb_error error = SWB_ERROR_INIT;
    if (swb__request_progress(request)->step > 0) {
        return wait_published(tracker, request);
    }
    if (!swb__infohash_parse(&infohash, swb__request_tail(request))) {
        return swb__reply_error(request, SWB_EINVAL, "an infohash must be 40 hex digits, not '%s'",
                                swb__request_tail(request));
    }
    int status = act(whitelist(tracker), &infohash, &error);
    return status == SWB_OK ? wait_published(tracker, request)
                            : swb__reply_error(request, status, "%s", error.message);
}

static bool handle_add(void *argument, swb__request *request)
{
    return change(argument, request, swb__whitelist_add);
}

static bool handle_remove(void *argument, swb__request *request)
{
    return change(argument, request, swb__whitelist_remove);
}

typedef struct replace_body {
    const cJSON *infohashes;
} replace_body;

static bool handle_replace(void *argument, swb__request *request)
{
    static const swb__take members[] = {{"infohashes", SWB__TAKE_ARRAY, true,
                                         offsetof(replace_body, infohashes), 0,
                                         SWB__WHITELIST_MAX}};
    replace_body body = {0};
    swb_error error = SWB_ERROR_INIT;
    if (swb__request_progress(request)->step > 0) {
        return wait_published(argument, request);
    }
    int status = swb__take_object(&body, swb__request_body(request), members, 1, &error);
    if (status == SWB_OK) {
        status = swb__whitelist_replace(whitelist(argument), body.infohashes, &error);
    }
    return status == SWB_OK ? wait_published(argument, request)
                            : swb__reply_error(request, status, "%s", error.message);
}

static bool handle_reset(void *argument, swb__request *request)
{
    swb__tracker *tracker = argument;
    swb__progress *progress = swb__request_progress(request);
    if (progress->step == 0) {
        progress->step = 1;
        progress->number = swb__opentracker_reset(tracker->opentracker);
        swb__request_wait_until(request, swb__clock_ns() + SWB__TRACKER_WAIT_NS);
    }
    uint64_t resets = swb__opentracker_resets(tracker->opentracker);
    if (resets >= progress->number) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "resets", (double)resets);
        return swb__reply_json(request, object);
    }
    return swb__request_is_due(request) &&
           swb__reply_error(request, SWB_ETIMEDOUT, "opentracker has not come up again yet");
}

static cJSON *protocol_object(uint64_t announces, uint64_t scrapes)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "announces", (double)announces);
    cJSON_AddNumberToObject(object, "scrapes", (double)scrapes);
    return object;
}

/* Adds the torrent to the array, and what it counts to the sums. */
static void add_torrent(cJSON *array, swb__tracker_torrent *sum,
                        const swb__tracker_torrent *torrent)
{
    char text[SWB__INFOHASH_TEXT];
    cJSON *item = cJSON_CreateObject();
    swb__infohash_text(text, &torrent->infohash);
    cJSON_AddStringToObject(item, "infohash", text);
    cJSON_AddNumberToObject(item, "seeders", (double)torrent->seeders);
    cJSON_AddNumberToObject(item, "leechers", (double)torrent->leechers);
    cJSON_AddNumberToObject(item, "completed", (double)torrent->completed);
    cJSON_AddItemToArray(array, item);
    sum->seeders += torrent->seeders;
    sum->leechers += torrent->leechers;
    sum->completed += torrent->completed;
}

static cJSON *statistics_object(swb__tracker *tracker)
{
    const swb__survey *survey = &tracker->survey;
    const swb__tracker_counters *counters = &survey->counters;
    swb__tracker_torrent sum = {.seeders = 0};
    cJSON *object = cJSON_CreateObject();
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < survey->count; i++) {
        add_torrent(array, &sum, &survey->torrents[i]);
    }
    cJSON_AddStringToObject(object, "version", SWB_VERSION_STRING);
    if (counters->revision[0] != '\0') {
        cJSON_AddStringToObject(object, "opentracker_revision", counters->revision);
    } else {
        cJSON_AddNullToObject(object, "opentracker_revision");
    }
    cJSON_AddNumberToObject(object, "uptime_s", (double)counters->uptime_s);
    cJSON_AddNumberToObject(object, "resets",
                            (double)swb__opentracker_resets(tracker->opentracker));
    cJSON_AddNumberToObject(object, "whitelisted", (double)survey->list.count);
    cJSON_AddNumberToObject(object, "torrents", (double)survey->count);
    cJSON_AddNumberToObject(object, "peers", (double)(sum.seeders + sum.leechers));
    cJSON_AddNumberToObject(object, "seeders", (double)sum.seeders);
    cJSON_AddNumberToObject(object, "leechers", (double)sum.leechers);
    cJSON_AddNumberToObject(object, "completed", (double)sum.completed);
    cJSON_AddItemToObject(object, "http",
                          protocol_object(counters->tcp_announces, counters->tcp_scrapes));
    cJSON_AddItemToObject(object, "udp",
                          protocol_object(counters->udp_announces, counters->udp_scrapes));
    cJSON_AddItemToObject(object, "by_torrent", array);
    return object;
}

/* Begins a survey where none is under way: one that was before the request does not count. */
static int begin_survey(swb__tracker *tracker, swb__progress *progress, swb_error *error)
{
    if (progress->step != 0 || tracker->survey.running ||
        !swb__opentracker_is_up(tracker->opentracker)) {
        return SWB_OK;
    }
    int status = swb__survey_begin(tracker, error);
    if (status == SWB_OK) {
        progress->step = 1;
        progress->number = tracker->survey.begun;
    }
    return status;
}

static bool handle_statistics(void *argument, swb__request *request)
{
    swb__tracker *tracker = argument;
    const swb__survey *survey = &tracker->survey;
    swb__progress *progress = swb__request_progress(request);
    swb_error error = SWB_ERROR_INIT;
    swb__request_wait_until(request, swb__request_came_ns(request) + SWB__TRACKER_WAIT_NS);
    /* This one's own survey, while no later one has begun to overwrite it. */
    bool ended = progress->step == 1 && survey->ended >= progress->number && !survey->running;
    if (ended && survey->interrupted) {
        progress->step = 0;
    } else if (ended) {
        return survey->status == SWB_OK
                   ? swb__reply_json(request, statistics_object(tracker))
                   : swb__reply_error(request, SWB_EREMOTE, "%s", survey->error.message);
    }
    int status = begin_survey(tracker, progress, &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    return swb__request_is_due(request) &&
           swb__reply_error(request, SWB_ETIMEDOUT, "opentracker has not answered yet");
}

static const swb__route routes[] = {
    {"GET", "/v1/health", handle_health, true},
    {"GET", "/v1/whitelist", handle_list, false},
    {"PUT", "/v1/whitelist", handle_replace, false},
    {"PUT", "/v1/whitelist/*", handle_add, false},
    {"DELETE", "/v1/whitelist/*", handle_remove, false},
    {"GET", "/v1/statistics", handle_statistics, false},
    {"POST", "/v1/reset", handle_reset, false},
};

static void on_changed(void *argument)
{
    swb__tracker *tracker = argument;
    swb__server_changed(tracker->server);
}

static void on_exited(void *argument, int exit_code, int signal)
{
    const swb__tracker *tracker = argument;
    tracker->options.ended(tracker->options.argument, exit_code, signal);
}

static int open_all(swb__tracker *tracker, swb_error *error)
{
    const swb__tracker_options *options = &tracker->options;
    const swb__opentracker_options below = {.program = options->opentracker,
                                            .address = options->address,
                                            .port = options->announce_port,
                                            .changed = on_changed,
                                            .exited = on_exited,
                                            .argument = tracker};
    if (strlen(options->token) < SWB__TOKEN_MIN_BYTES) {
        return swb__fail(error, SWB_EINVAL, "the token must have at least %d bytes",
                         SWB__TOKEN_MIN_BYTES);
    }
    tracker->server_options = (swb__server_options){.address = options->address,
                                                    .port = options->control_port,
                                                    .token = options->token,
                                                    .routes = routes,
                                                    .route_count = sizeof routes / sizeof routes[0],
                                                    .agent = tracker};
    int status =
        swb__server_start(&tracker->server, tracker->loop, &tracker->server_options, error);
    if (status == SWB_OK) {
        status = swb__opentracker_create(&tracker->opentracker, tracker->loop, &below, error);
    }
    return status;
}

int swb__tracker_start(swb__tracker **out, swb_loop *loop, const swb__tracker_options *options,
                       swb_error *error)
{
    swb__tracker *tracker = calloc(1, sizeof *tracker);
    if (tracker == NULL) {
        return swb__fail_nomem(error);
    }
    tracker->loop = loop;
    tracker->options = *options;
    int status = open_all(tracker, error);
    if (status != SWB_OK) {
        swb__tracker_stop(tracker);
        return status;
    }
    *out = tracker;
    return SWB_OK;
}

uint16_t swb__tracker_port(const swb__tracker *tracker)
{
    return swb__server_port(tracker->server);
}

void swb__tracker_stop(swb__tracker *tracker)
{
    if (tracker == NULL) {
        return;
    }
    swb__server_stop(tracker->server);
    tracker->server = NULL;
    swb__opentracker_destroy(tracker->opentracker);
    swb__survey_finish(tracker);
    free(tracker);
}
