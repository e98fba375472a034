/* What happens beside the node, numbered and kept until the client has it: what its watch sees, and
 * its end. */
#include "agent/agent_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/erasure.h>

#include "agent/launch_files.h"
#include "agent/take.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "host/node_process.h"
#include "host/wire.h"

/* A watch tells about a hundred. */
#define MAX_WATCHES SWB_ERASURE_MAX_PARTS
#define MAX_EVENTS (128 * MAX_WATCHES)
#define MAX_TOLD 256 /* in one reply */

typedef struct swb__watched {
    swb__node_agent *agent;
    swb__watch *watch;
    int fd; /* of its directory, which the watch looks into */
    char name[256];
    LIST_ENTRY(swb__watched) link;
} swb__watched;

typedef struct swb__event {
    uint64_t number;
    swb_watch_event watched;
    bool asked;
    int exit_code;
    int signal;
    char *tail; /* of an end */
    char *name; /* of the file that is watched; NULL: an end */
    TAILQ_ENTRY(swb__event) link;
} swb__event;

static void drop(swb__node_agent *agent, swb__event *event)
{
    TAILQ_REMOVE(&agent->events, event, link);
    agent->event_count--;
    free(event->tail);
    free(event->name);
    free(event);
}

/* Puts a new event at the end; NULL where it must be told as lost. */
static swb__event *add(swb__node_agent *agent)
{
    swb__event *event = calloc(1, sizeof *event);
    if (event == NULL) {
        agent->events_lost = true;
        return NULL;
    }
    if (agent->event_count == MAX_EVENTS) {
        agent->events_lost = true;
        drop(agent, TAILQ_FIRST(&agent->events));
    }
    event->number = ++agent->last_event;
    TAILQ_INSERT_TAIL(&agent->events, event, link);
    agent->event_count++;
    return event;
}

void swb__events_free(swb__node_agent *agent)
{
    while (!TAILQ_EMPTY(&agent->events)) {
        drop(agent, TAILQ_FIRST(&agent->events));
    }
}

/* A program may write anything; JSON takes UTF-8 only. */
static void make_text(char *at)
{
    while (*at != '\0') {
        size_t length = swb__utf8_length(at);
        if (length == 0) {
            *at = '?';
        }
        at += length > 0 ? length : 1;
    }
}

/* To be freed with free(); NULL where memory runs out. */
static char *read_tail(const swb__node_agent *agent)
{
    char tail[SWB__TAIL_BYTES + 1] = "";
    int fd;
    if (swb__root_launch_file(&fd, &agent->root, SWB__LAUNCH_LOG, NULL) == SWB_OK) {
        swb__log_tail(tail, fd);
        make_text(tail);
        close(fd);
    }
    return strdup(tail);
}

void swb__events_look(swb__node_agent *agent)
{
    const swb__launcher_state *state = swb__launcher_link_state(agent->launcher);
    if (state->run != SWB__RUN_EXITED || state->starts <= agent->told_ends) {
        return;
    }
    agent->told_ends = state->starts;
    swb__event *event = add(agent);
    if (event != NULL) {
        event->asked = agent->asked_end == state->starts;
        event->exit_code = state->exit_code;
        event->signal = state->signal;
        event->tail = read_tail(agent);
    }
}

static void on_watched(void *argument, const swb_watch_event *event)
{
    swb__watched *watched = argument;
    swb__node_agent *agent = watched->agent;
    char *name = strdup(watched->name);
    swb__event *added = name != NULL ? add(agent) : NULL;
    if (added != NULL) {
        added->watched = *event;
        added->name = name;
    } else {
        agent->events_lost = true;
        free(name);
    }
    swb__server_changed(agent->server);
}

static void free_watched(swb__watched *watched)
{
    LIST_REMOVE(watched, link);
    watched->agent->watch_count--;
    swb__watch_stop(watched->watch);
    close(watched->fd);
    free(watched);
}

void swb__watches_free(swb__node_agent *agent)
{
    while (!LIST_EMPTY(&agent->watches)) {
        free_watched(LIST_FIRST(&agent->watches));
    }
}

/* Ends the watch of a file. What it told, and the client has not got yet, is of no use any more. */
static void end_watch(swb__node_agent *agent, const char *name)
{
    swb__watched *watched;
    LIST_FOREACH(watched, &agent->watches, link)
    {
        if (strcmp(watched->name, name) == 0) {
            free_watched(watched);
            break;
        }
    }
    for (swb__event *event = TAILQ_FIRST(&agent->events), *next; event != NULL; event = next) {
        next = TAILQ_NEXT(event, link);
        if (event->name != NULL && strcmp(event->name, name) == 0) {
            drop(agent, event);
        }
    }
}

static int begin_watch(swb__node_agent *agent, const swb__take_content *content,
                       const swb__content_spec *spec, swb_error *error)
{
    char path[SWB__ROOT_PATH_SIZE];
    int fd;
    uint64_t bytes =
        spec->data_parts == 0 ? spec->bytes : swb_erasure_part_bytes(spec->bytes, spec->data_parts);
    if (agent->watch_count == MAX_WATCHES) {
        return swb__fail(error, SWB_EBUSY, "%d files are watched already", MAX_WATCHES);
    }
    int status = swb__root_content(&fd, path, &agent->root, NULL, error);
    if (status != SWB_OK) {
        return status;
    }
    swb__watched *watched = calloc(1, sizeof *watched);
    if (watched == NULL) {
        close(fd);
        return swb__fail_nomem(error);
    }
    watched->agent = agent;
    watched->fd = fd;
    snprintf(watched->name, sizeof watched->name, "%s", spec->name);
    LIST_INSERT_HEAD(&agent->watches, watched, link);
    agent->watch_count++;
    status = swb__watch_start(&watched->watch, agent->watcher, path, spec->name, bytes,
                              content->begin_ns, on_watched, watched, error);
    if (status != SWB_OK) {
        free_watched(watched);
    }
    return status;
}

static int watch(swb__node_agent *agent, const cJSON *body, swb_error *error)
{
    swb__take_content content;
    swb__content_spec spec;
    int status = swb__take_content_body(&content, &spec, body, SWB__USE_WATCH, error);
    if (status == SWB_OK) {
        end_watch(agent, spec.name);
        status = begin_watch(agent, &content, &spec, error);
    }
    return status;
}

bool swb__handle_watch(void *argument, swb__request *request)
{
    swb__node_agent *agent = argument;
    swb_error error = SWB_ERROR_INIT;
    int status = watch(agent, swb__request_body(request), &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    return swb__reply_json(request, cJSON_CreateObject());
}

static const char *kind_name(const swb__event *event)
{
    if (event->name == NULL) {
        return "exited";
    }
    return event->watched.kind == SWB_WATCH_FIRST_BYTE ? "first_byte"
           : event->watched.kind == SWB_WATCH_COMPLETE ? "complete"
                                                       : "progress";
}

static bool describe(cJSON *list, const swb__event *event)
{
    cJSON *object = cJSON_CreateObject();
    bool whole = object != NULL && cJSON_AddItemToArray(list, object) &&
                 swb__wire_add_uint64(object, "number", event->number) &&
                 cJSON_AddStringToObject(object, "kind", kind_name(event)) != NULL;
    if (event->name == NULL) {
        return whole && cJSON_AddBoolToObject(object, "asked", event->asked) != NULL &&
               cJSON_AddNumberToObject(object, "exit_code", event->exit_code) != NULL &&
               cJSON_AddNumberToObject(object, "signal", event->signal) != NULL &&
               cJSON_AddStringToObject(object, "tail", event->tail != NULL ? event->tail : "") !=
                   NULL;
    }
    const swb_moment *moment = &event->watched.moment;
    return whole && cJSON_AddStringToObject(object, "name", event->name) != NULL &&
           swb__wire_add_int64(object, "lo_ns", moment->lo_ns) &&
           swb__wire_add_int64(object, "hi_ns", moment->hi_ns) &&
           cJSON_AddStringToObject(object, "source", swb__wire_source_name(moment->source)) &&
           swb__wire_add_uint64(object, "bytes", event->watched.bytes);
}

static cJSON *describe_all(const swb__node_agent *agent)
{
    const swb__event *event;
    unsigned count = 0;
    cJSON *object = cJSON_CreateObject();
    bool whole = swb__wire_add_uint64(object, "instance", agent->instance) &&
                 cJSON_AddBoolToObject(object, "lost", agent->events_lost) != NULL;
    cJSON *list = cJSON_AddArrayToObject(object, "events");
    TAILQ_FOREACH(event, &agent->events, link)
    {
        if (count++ == MAX_TOLD) {
            break;
        }
        whole = whole && describe(list, event);
    }
    if (!whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

/* The client has all events up to `number`. */
static void acknowledge(swb__node_agent *agent, uint64_t number)
{
    swb__event *event;
    while ((event = TAILQ_FIRST(&agent->events)) != NULL && event->number <= number) {
        drop(agent, event);
    }
}

bool swb__handle_events(void *argument, swb__request *request)
{
    swb__node_agent *agent = argument;
    swb__progress *progress = swb__request_progress(request);
    if (progress->step == 0) {
        uint64_t after = 0;
        uint64_t wait_ms = 0;
        uint64_t instance = 0;
        if (!swb__request_query(&instance, request, "instance", UINT64_MAX) ||
            !swb__request_query(&after, request, "after", UINT64_MAX) ||
            !swb__request_query(&wait_ms, request, "wait_ms", SWB__WIRE_MAX_WAIT_MS)) {
            return true;
        }
        /* What it has, it has of an agent before this one: it is told so at once. */
        if (instance != 0 && instance != agent->instance) {
            return swb__reply_json(request, describe_all(agent));
        }
        progress->step = 1;
        acknowledge(agent, after);
        swb__request_wait_until(request, swb__clock_ns() + (int64_t)wait_ms * SWB__NS_PER_MS);
    }
    if (TAILQ_EMPTY(&agent->events) && !agent->events_lost && !swb__request_is_due(request)) {
        return false;
    }
    return swb__reply_json(request, describe_all(agent));
}
