#include "run/holdings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "run/execution_state.h"

/* How soon a node that could not remove a content is asked again. */
#define AGAIN_NS (200 * SWB__NS_PER_MS)
/* A command that was cut short may take effect late: as long as that is looked for. */
#define LATE_NS (2 * SWB__NS_PER_S)
/* A node that takes no connection for so long will not come back by itself. */
#define LOST_NS (3 * SWB__NS_PER_S)
#define LEAST_DEADLINE_NS SWB__NS_PER_S

/* A content on a node. */
typedef struct swb__holding {
    struct swb__channel *channel;
    size_t number;
    char handle[512]; /* "": not known */
    bool whole;       /* nothing of it is under way any more */
    swb__client *client;
    swb__timer *timer;
    int64_t begun_ns; /* its removal */
    swb_error error;  /* why the last try failed */
} holding;

static bool gives(swb_operation operation)
{
    return operation == SWB_OP_SEED || operation == SWB_OP_LEECH || operation == SWB_OP_CODE;
}

static holding *find(const swb__holdings *holdings, const swb__channel *channel, const char *handle)
{
    for (size_t i = 0; i < holdings->count; i++) {
        holding *held = holdings->items[i];
        if (held->channel == channel && strcmp(held->handle, handle) == 0) {
            return held;
        }
    }
    return NULL;
}

static holding *add(swb__holdings *holdings, swb__channel *channel, const char *handle)
{
    holding **items = realloc(holdings->items, (holdings->count + 1) * sizeof(holding *));
    holding *held = calloc(1, sizeof *held);
    holdings->items = items != NULL ? items : holdings->items;
    if (items == NULL || held == NULL) {
        free(held);
        return NULL;
    }
    held->channel = channel;
    held->number = holdings->count;
    snprintf(held->handle, sizeof held->handle, "%s", handle);
    items[holdings->count++] = held;
    return held;
}

static int tell_place(const holding *held, swb_error *error)
{
    const swb__member *at = held->channel->member;
    const swb__execution *execution = at->execution;
    return execution->deployer->holds(execution->site, at->index, held->number, held->handle,
                                      error);
}

/* A store's upload has no name before it is done. */
int swb__holdings_note(swb__channel *channel, swb_operation operation, const char *handle,
                       swb_error *error)
{
    swb__execution *execution = channel->member->execution;
    bool upload =
        operation == SWB_OP_SEED &&
        execution->swarm.requests[channel->member->index].driver->kind == SWB_DRIVER_STORE;
    const char *name = upload || handle == NULL ? "" : handle;
    if (!channel->member->node.attached || !gives(operation) || operation == SWB_OP_CODE ||
        find(&execution->holdings, channel, name) != NULL) {
        return SWB_OK;
    }
    const holding *held = add(&execution->holdings, channel, name);
    if (held == NULL) {
        return swb__fail_nomem(error);
    }
    int status = tell_place(held, error);
    if (status != SWB_OK) {
        free(execution->holdings.items[--execution->holdings.count]);
    }
    return status;
}

/* What a client makes of a content by coding it is one more. */
static void learn_name(swb__channel *channel, swb_operation operation, const char *handle)
{
    swb__holdings *holdings = &channel->member->execution->holdings;
    holding *held = find(holdings, channel, "");
    if (handle[0] == '\0' || find(holdings, channel, handle) != NULL) {
        return;
    }
    if (operation == SWB_OP_CODE) {
        held = add(holdings, channel, handle);
    } else if (held != NULL) {
        snprintf(held->handle, sizeof held->handle, "%s", handle);
    }
    if (held != NULL) {
        held->whole = true;
        tell_place(held, NULL);
    }
}

void swb__holdings_learn(swb__channel *channel, swb_operation operation, const swb_result *result)
{
    swb__holdings *holdings = &channel->member->execution->holdings;
    if (!channel->member->node.attached) {
        return;
    }
    if (gives(operation)) {
        learn_name(channel, operation, result->handle);
    }
    for (size_t i = 0; i < holdings->count && result->state == SWB_STATE_SERVING; i++) {
        holdings->items[i]->whole |= holdings->items[i]->channel == channel;
    }
}

/* --- the removal --- */

static void warn(const holding *held)
{
    const swb__member *at = held->channel->member;
    const swb__execution *execution = at->execution;
    swb_event event = {.kind = SWB_EVENT_WARNING,
                       .status = held->error.status,
                       .time_ns = swb__clock_ns(),
                       .run = execution->run.index,
                       .mode = execution->run.mode,
                       .node = at->index};
    snprintf(event.name, sizeof event.name, "%s", at->node.name);
    if (held->handle[0] == '\0') {
        snprintf(event.text, sizeof event.text,
                 "an upload to it was cut short: what came of it stays on the node");
    } else {
        snprintf(event.text, sizeof event.text, "content %.100s stays on the node: %.300s",
                 held->handle, held->error.message);
    }
    execution->observer.event(execution->observer.argument, &event);
}

static void end(holding *held, bool removed)
{
    const swb__member *at = held->channel->member;
    swb__execution *execution = at->execution;
    swb__holdings *holdings = &execution->holdings;
    swb__timer_stop(held->timer);
    held->timer = NULL;
    swb__client_destroy(held->client);
    held->client = NULL;
    if (removed) {
        execution->deployer->removed(execution->site, held->number);
    } else {
        warn(held);
    }
    if (--holdings->left == 0) {
        holdings->done(execution);
    }
}

static void on_kept(void *argument)
{
    end(argument, false);
}

static void on_gone(void *argument)
{
    end(argument, true);
}

static void ask(void *argument);

/* From the loop: the client is what called us. */
static void later(holding *held, int64_t delay_ns, swb__timer_fn function)
{
    swb__timer_stop(held->timer);
    held->timer = NULL;
    if (swb__timer_start(&held->timer, held->channel->member->execution->loop, delay_ns, function,
                         held) != SWB_OK) {
        function(held);
    }
}

static void on_removed(void *argument, const swb__client_outcome *outcome)
{
    holding *held = argument;
    const swb__holdings *holdings = &held->channel->member->execution->holdings;
    int64_t now_ns = swb__clock_ns();
    bool absent = outcome->status == SWB_ENOENT;
    bool late = !held->whole && now_ns - held->begun_ns < LATE_NS;
    if (outcome->status == SWB_OK || absent) {
        later(held, late ? AGAIN_NS : 0, late ? ask : on_gone);
        return;
    }
    held->error = *outcome->error;
    bool lost = outcome->status == SWB_ECONNECT && now_ns - held->begun_ns > LOST_NS;
    bool again = outcome->retriable && !lost && now_ns + AGAIN_NS < holdings->deadline_ns;
    later(held, again ? AGAIN_NS : 0, again ? ask : on_kept);
}

static int begin(holding *held, swb_error *error)
{
    swb__channel *channel = held->channel;
    swb__execution *execution = channel->member->execution;
    int64_t left_ns = execution->holdings.deadline_ns - swb__clock_ns();
    swb_command command = {.operation = SWB_OP_REMOVE,
                           .handle = held->handle,
                           .content = execution->contents.items[channel->content]};
    int status = SWB_OK;
    if (held->client == NULL) {
        status = swb__client_create(&held->client, execution->loop,
                                    execution->swarm.requests[channel->member->index].driver,
                                    &channel->node, error);
    }
    if (status == SWB_OK) {
        left_ns = left_ns > LEAST_DEADLINE_NS ? left_ns : LEAST_DEADLINE_NS;
        status =
            swb__client_call(held->client, &command, (uint64_t)left_ns, on_removed, held, error);
    }
    return status;
}

static void ask(void *argument)
{
    holding *held = argument;
    if (held->handle[0] == '\0' || begin(held, &held->error) != SWB_OK) {
        end(held, false);
    }
}

void swb__holdings_remove(swb__execution *execution, void (*done)(swb__execution *execution))
{
    swb__holdings *holdings = &execution->holdings;
    int64_t now_ns = swb__clock_ns();
    holdings->done = done;
    holdings->left = holdings->count;
    holdings->deadline_ns = now_ns + (int64_t)execution->settings.limits.teardown_ns;
    if (holdings->count == 0) {
        done(execution);
    }
    for (size_t i = 0; i < holdings->count; i++) {
        holdings->items[i]->begun_ns = now_ns;
        later(holdings->items[i], 0, ask);
    }
}

void swb__holdings_finish(swb__holdings *holdings)
{
    for (size_t i = 0; i < holdings->count; i++) {
        free(holdings->items[i]);
    }
    free(holdings->items);
}
