#include "kube/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define PAGE 500
#define PATIENCE_NS (120 * SWB__NS_PER_S)
#define FIRST_PAUSE_NS (250 * SWB__NS_PER_MS)
#define LONGEST_PAUSE_NS (10 * SWB__NS_PER_S)
/* The server ends a watch after this time; a connection that is dead is found out by the latter. */
#define SERVER_SECONDS 120u
#define STREAM_DEADLINE_NS (UINT64_C(150) * 1000000000)
/* A server that does not hang up at once is there. */
#define STREAM_LIVES_NS SWB__NS_PER_S
#define PENDING_MAX_BYTES ((size_t)64 << 20)
#define VERSION_SIZE 64

struct swb__kube_watch {
    swb__kube_client *client;
    swb__kube_watch_events events;
    const swb__kube_resource *resource;
    char *name_space;
    char *selector;
    unsigned page;
    int64_t patience_ns;

    char version[VERSION_SIZE]; /* everything up to it was told; "": to be listed */
    char *next;                 /* page of the list */
    bool streaming;
    int64_t opened_ns;
    swb__kube_call *call;    /* the list's page, or the stream */
    swb__timer *pause;       /* before the next try */
    int64_t pause_ns;        /* how long it is to be */
    int64_t failing_ns;      /* since when every try has failed; 0: the last one did not */
    swb__kube_request asked; /* for messages about a Status in the stream */

    swb__timer *telling; /* what came is told from the loop, not from within libcurl */
    swb__buffer pending;
    swb__kube_lines lines;
    bool ended; /* the stream has, while something was pending */
    bool answered;
    int end_status;
    swb__kube_failure end_failure;
    swb_error end_error;

    bool inside;  /* an event is being told */
    bool stopped; /* ... by which it was stopped */
};

static void list_page(void *argument);
static void open_stream(void *argument);

static void free_watch(swb__kube_watch *watch)
{
    swb__timer_stop(watch->pause);
    swb__timer_stop(watch->telling);
    swb__kube_lines_finish(&watch->lines);
    swb__buffer_finish(&watch->pending);
    swb__kube_request_finish(&watch->asked);
    free(watch->name_space);
    free(watch->selector);
    free(watch->next);
    free(watch);
}

/* Freed once its call is over, which still writes into it. */
void swb__kube_watch_stop(swb__kube_watch *watch)
{
    if (watch == NULL || watch->stopped) {
        return;
    }
    watch->stopped = true;
    swb__timer_stop(watch->pause);
    swb__timer_stop(watch->telling);
    watch->pause = watch->telling = NULL;
    if (watch->call != NULL) {
        swb__kube_call_cancel(watch->call);
    } else if (!watch->inside) {
        free_watch(watch);
    }
}

/* After events were told: true where one of them stopped the watch, which may be gone then. */
static bool left(swb__kube_watch *watch)
{
    watch->inside = false;
    if (!watch->stopped) {
        return false;
    }
    if (watch->call == NULL) {
        free_watch(watch);
    }
    return true;
}

static void fail(swb__kube_watch *watch, int status, const swb_error *error)
{
    watch->inside = true;
    watch->events.failed(watch->events.argument, status, error);
    left(watch);
}

static void wait_then(swb__kube_watch *watch, int64_t pause_ns, void (*next)(void *argument))
{
    swb_error error = SWB_ERROR_INIT;
    if (swb__timer_start(&watch->pause, swb__kube_client_loop(watch->client), pause_ns, next,
                         watch) != SWB_OK) {
        watch->pause = NULL;
        fail(watch, swb__fail_nomem(&error), &error);
    }
}

static void end_pause(swb__kube_watch *watch)
{
    swb__timer_stop(watch->pause);
    watch->pause = NULL;
}

static void note_good(swb__kube_watch *watch)
{
    watch->failing_ns = 0;
    watch->pause_ns = FIRST_PAUSE_NS;
}

static bool is_final(swb__kube_failure failure)
{
    return failure == SWB__KUBE_UNAUTHORIZED || failure == SWB__KUBE_FORBIDDEN ||
           failure == SWB__KUBE_NOT_FOUND || failure == SWB__KUBE_INVALID;
}

static void list_anew(swb__kube_watch *watch)
{
    free(watch->next);
    watch->next = NULL;
    watch->version[0] = '\0';
    wait_then(watch, 0, list_page);
}

/* What is done about a list or a stream that failed. */
static void go_on_after(swb__kube_watch *watch, int status, swb__kube_failure failure,
                        const swb_error *error)
{
    if (failure == SWB__KUBE_EXPIRED) {
        list_anew(watch);
        return;
    }
    int64_t now_ns = swb__clock_ns();
    watch->failing_ns = watch->failing_ns != 0 ? watch->failing_ns : now_ns;
    if (is_final(failure) || status == SWB_ENOMEM || status == SWB_EAUTH ||
        now_ns - watch->failing_ns > watch->patience_ns) {
        fail(watch, status, error);
        return;
    }
    int64_t pause_ns = watch->pause_ns;
    watch->pause_ns = pause_ns * 2 < LONGEST_PAUSE_NS ? pause_ns * 2 : LONGEST_PAUSE_NS;
    wait_then(watch, pause_ns, watch->version[0] == '\0' ? list_page : open_stream);
}

/* --- the list --- */

static bool set_version(swb__kube_watch *watch, const char *version)
{
    if (*version == '\0' || strlen(version) >= sizeof watch->version) {
        return false;
    }
    snprintf(watch->version, sizeof watch->version, "%s", version);
    return true;
}

/* Tells a page; an object of a list does not say what kind it is. */
static void tell_page(swb__kube_watch *watch, const cJSON *items)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        if (!watch->stopped) {
            watch->events.changed(watch->events.argument, SWB__KUBE_ADDED, item);
        }
    }
}

static void take_page(swb__kube_watch *watch, const cJSON *list)
{
    swb_error error = SWB_ERROR_INIT;
    const cJSON *items = swb__kube_member(list, "items");
    const char *next = swb__kube_text(list, "metadata.continue");
    bool first = watch->next == NULL;
    free(watch->next);
    watch->next = *next != '\0' ? strdup(next) : NULL;
    if (*next != '\0' && watch->next == NULL) {
        fail(watch, swb__fail_nomem(&error), &error);
        return;
    }
    watch->inside = true;
    if (first) {
        watch->events.listing(watch->events.argument);
    }
    tell_page(watch, items);
    bool whole = watch->next == NULL;
    if (!watch->stopped && whole) {
        watch->events.listed(watch->events.argument);
    }
    if (left(watch)) {
        return;
    }
    if (!whole) {
        wait_then(watch, 0, list_page);
    } else if (set_version(watch, swb__kube_text(list, "metadata.resourceVersion"))) {
        wait_then(watch, 0, open_stream);
    } else {
        fail(watch, swb__fail(&error, SWB_EPROTO, "a list tells no resourceVersion"), &error);
    }
}

static void on_listed(void *argument, const swb__kube_outcome *outcome)
{
    swb__kube_watch *watch = argument;
    watch->call = NULL;
    if (watch->stopped) {
        free_watch(watch);
        return;
    }
    if (outcome->status == SWB_OK) {
        note_good(watch);
        take_page(watch, outcome->object);
        return;
    }
    if (outcome->failure == SWB__KUBE_EXPIRED) {
        free(watch->next);
        watch->next = NULL;
    }
    go_on_after(watch, outcome->status, outcome->failure, outcome->error);
}

static void list_page(void *argument)
{
    swb__kube_watch *watch = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {watch->resource, watch->name_space, NULL};
    end_pause(watch);
    int status =
        swb__kube_list(&request, &target, watch->selector, watch->page, watch->next, &error);
    if (status == SWB_OK) {
        status = swb__kube_client_call(&watch->call, watch->client, &request, NULL, on_listed,
                                       watch, &error);
    }
    swb__kube_request_finish(&request);
    if (status != SWB_OK) {
        fail(watch, status, &error);
    }
}

/* --- the stream --- */

/* Stops feed() with this where the stream itself says that it is over. */
#define STREAM_OVER SWB_EINTERRUPTED

static int on_change(void *argument, swb__kube_change change, const cJSON *object)
{
    swb__kube_watch *watch = argument;
    if (change == SWB__KUBE_ERROR) {
        watch->end_failure = swb__kube_judge_status(&watch->asked, object, &watch->end_error);
        watch->end_status = watch->end_error.status;
        return STREAM_OVER;
    }
    if (change != SWB__KUBE_BOOKMARK) {
        watch->events.changed(watch->events.argument, change, object);
    }
    set_version(watch, swb__kube_text(object, "metadata.resourceVersion"));
    return watch->stopped ? STREAM_OVER : SWB_OK;
}

static void end_stream(swb__kube_watch *watch)
{
    swb_error error = watch->end_error;
    if (watch->answered && swb__clock_ns() - watch->opened_ns > STREAM_LIVES_NS) {
        note_good(watch);
    }
    watch->streaming = watch->ended = false;
    swb__buffer_clear(&watch->pending);
    swb__buffer_clear(&watch->lines.line);
    if (watch->end_status == SWB_OK) {
        wait_then(watch, watch->pause_ns, open_stream);
    } else {
        go_on_after(watch, watch->end_status, watch->end_failure, &error);
    }
}

/* Tells what has come so far. */
static void on_telling(void *argument)
{
    swb__kube_watch *watch = argument;
    swb__buffer came = watch->pending;
    watch->pending = (swb__buffer)SWB__BUFFER_INIT(PENDING_MAX_BYTES);
    swb__timer_stop(watch->telling);
    watch->telling = NULL;
    watch->inside = true;
    if (came.length > 0) {
        note_good(watch);
    }
    swb_error error = SWB_ERROR_INIT;
    int status =
        swb__kube_lines_feed(&watch->lines, came.data, came.length, on_change, watch, &error);
    swb__buffer_finish(&came);
    if (left(watch)) {
        return;
    }
    if (status != SWB_OK && status != STREAM_OVER) {
        watch->end_status = status;
        watch->end_failure = SWB__KUBE_FINE;
        watch->end_error = error;
    }
    if (status != SWB_OK && watch->call != NULL) {
        swb__kube_call_cancel(watch->call);
    } else if (watch->ended) {
        end_stream(watch);
    }
}

static int on_bytes(void *argument, const void *bytes, size_t length)
{
    swb__kube_watch *watch = argument;
    if (watch->stopped) {
        return SWB_ECANCELED;
    }
    swb__buffer_append(&watch->pending, bytes, length);
    if (watch->pending.status == SWB_OK && watch->telling == NULL &&
        swb__timer_start(&watch->telling, swb__kube_client_loop(watch->client), 0, on_telling,
                         watch) != SWB_OK) {
        watch->telling = NULL;
        return SWB_ENOMEM;
    }
    return watch->pending.status == SWB_OK ? SWB_OK : SWB_EPROTO;
}

static void on_stream_ended(void *argument, const swb__kube_outcome *outcome)
{
    swb__kube_watch *watch = argument;
    watch->call = NULL;
    if (watch->stopped) {
        free_watch(watch);
        return;
    }
    /* What the stream itself said before counts. */
    if (watch->end_status == SWB_OK) {
        watch->end_status = outcome->status;
        watch->end_failure = outcome->failure;
        watch->end_error = *outcome->error;
    }
    watch->ended = true;
    watch->answered = outcome->http_status / 100 == 2;
    if (watch->telling == NULL) {
        end_stream(watch);
    }
}

static int ask_stream(swb__kube_watch *watch, swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {watch->resource, watch->name_space, NULL};
    const swb__kube_call_options options = {.deadline_ns = STREAM_DEADLINE_NS, .sink = on_bytes};
    int status = swb__kube_watch_from(&request, &target, watch->selector, watch->version,
                                      SERVER_SECONDS, error);
    if (status == SWB_OK) {
        watch->asked.verb = request.verb;
        snprintf(watch->asked.what, sizeof watch->asked.what, "%s", request.what);
        snprintf(watch->asked.resource, sizeof watch->asked.resource, "%s", request.resource);
        snprintf(watch->asked.name_space, sizeof watch->asked.name_space, "%s", request.name_space);
        status = swb__kube_client_call(&watch->call, watch->client, &request, &options,
                                       on_stream_ended, watch, error);
    }
    swb__kube_request_finish(&request);
    return status;
}

static void open_stream(void *argument)
{
    swb__kube_watch *watch = argument;
    swb_error error = SWB_ERROR_INIT;
    end_pause(watch);
    watch->end_status = SWB_OK;
    watch->end_failure = SWB__KUBE_FINE;
    watch->end_error = (swb_error)SWB_ERROR_INIT;
    watch->streaming = true;
    watch->answered = false;
    watch->opened_ns = swb__clock_ns();
    int status = ask_stream(watch, &error);
    if (status != SWB_OK) {
        fail(watch, status, &error);
    }
}

static bool copy(char **out, const char *text)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

int swb__kube_watch_start(swb__kube_watch **out, swb__kube_client *client,
                          const swb__kube_watch_options *options,
                          const swb__kube_watch_events *events, swb_error *error)
{
    swb__kube_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL || !copy(&watch->name_space, options->name_space) ||
        !copy(&watch->selector, options->selector)) {
        if (watch != NULL) {
            free(watch->name_space);
        }
        free(watch);
        return swb__fail_nomem(error);
    }
    watch->client = client;
    watch->events = *events;
    watch->resource = options->resource;
    watch->page = options->page > 0 ? options->page : PAGE;
    watch->patience_ns = options->patience_ns > 0 ? (int64_t)options->patience_ns : PATIENCE_NS;
    watch->pending = (swb__buffer)SWB__BUFFER_INIT(PENDING_MAX_BYTES);
    swb__kube_lines_init(&watch->lines, SWB__KUBE_LINE_MAX_BYTES);
    note_good(watch);
    if (swb__timer_start(&watch->pause, swb__kube_client_loop(client), 0, list_page, watch) !=
        SWB_OK) {
        watch->pause = NULL;
        free_watch(watch);
        return swb__fail_nomem(error);
    }
    *out = watch;
    return SWB_OK;
}
