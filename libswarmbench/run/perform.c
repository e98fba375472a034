/* The engine's actions, done in a place and by the nodes' clients; their completions, fed back. */
#include "run/execution_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "drivers/launch.h"

static void feed_done(swb__member *at, swb__engine_event_kind kind, int status,
                      const swb_error *error)
{
    swb__execution_feed(at->execution,
                        (swb__engine_event){.kind = kind,
                                            .node = at->index,
                                            .status = status,
                                            .message = error != NULL ? error->message : NULL,
                                            .bad_offset = at->bad_offset});
}

/* --- completions of the place --- */

static void on_torrent_made(void *argument, int status, const swb_error *error)
{
    swb__execution *execution = argument;
    const swb_torrent *torrent = execution->deployer->torrent(execution->site, 0);
    if (torrent != NULL) {
        snprintf(execution->infohash, sizeof execution->infohash, "%s",
                 swb_torrent_infohash(torrent));
    }
    for (size_t i = 0; torrent != NULL && i < execution->swarm.count; i++) {
        execution->members[i].node.infohash = execution->infohash;
    }
    swb__execution_feed(execution,
                        (swb__engine_event){.kind = SWB__EVENT_TORRENT_MADE,
                                            .status = status,
                                            .message = error != NULL ? error->message : NULL});
}

static void on_prepared(void *argument, int status, const swb_error *error)
{
    feed_done(argument, SWB__EVENT_PREPARED, status, error);
}

static void on_started(void *argument, int status, const swb_error *error)
{
    feed_done(argument, SWB__EVENT_STARTED, status, error);
}

static void on_verified(void *argument, int status, const swb_error *error)
{
    feed_done(argument, SWB__EVENT_VERIFIED, status, error);
}

static void on_faulted(void *argument, int status, const swb_error *error)
{
    feed_done(argument, SWB__EVENT_FAULTED, status, error);
}

static void on_closed(void *argument, int status, const swb_error *error)
{
    swb__execution *execution = argument;
    (void)status; /* what could not be removed stays in the journal, for swb_clean() */
    (void)error;
    execution->site = NULL;
    swb__execution_feed(execution, (swb__engine_event){.kind = SWB__EVENT_CLOSED});
}

static void on_exited(void *argument, size_t node, int exit_code, int signal, const char *tail)
{
    swb__execution_feed(argument, (swb__engine_event){.kind = SWB__EVENT_EXITED,
                                                      .node = (uint32_t)node,
                                                      .message = tail,
                                                      .exit_code = exit_code,
                                                      .exit_signal = signal});
}

static void on_watched(void *argument, size_t node, size_t content, const swb_watch_event *event)
{
    (void)content;
    swb__execution_feed(
        argument,
        (swb__engine_event){.kind = SWB__EVENT_WATCHED, .node = (uint32_t)node, .watch = *event});
}

/* A client that counts them is asked seldom: what it says is sampled at once. */
static void keep_wire_bytes(swb__member *at, const swb_result *result)
{
    if (result->wire_received != SWB_COUNT_UNKNOWN) {
        at->wire_in_bytes = result->wire_received;
        at->wire_out_bytes = result->wire_sent;
        swb__execution_sample(at);
    }
}

static void on_called(void *argument, const swb__client_outcome *outcome)
{
    swb__member *at = argument;
    if (outcome->status == SWB_OK) {
        keep_wire_bytes(at, outcome->result);
    }
    swb__execution_feed(
        at->execution,
        (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                            .node = at->index,
                            .status = outcome->status,
                            .message = outcome->error != NULL ? outcome->error->message : NULL,
                            .retriable = outcome->retriable,
                            .operation = outcome->operation,
                            .result = outcome->result,
                            .streamed_bytes = outcome->streamed_bytes,
                            .bad_offset = outcome->bad_offset,
                            .sent_ns = outcome->sent_ns});
}

static void on_stream_accepted(void *argument, int64_t at_ns)
{
    swb__member *at = argument;
    swb__execution_feed(
        at->execution,
        (swb__engine_event){.kind = SWB__EVENT_ACCEPTED, .node = at->index, .accepted_ns = at_ns});
}

static void on_stream_watched(void *argument, const swb_watch_event *event)
{
    swb__member *at = argument;
    on_watched(at->execution, at->index, 0, event);
}

swb_site_events swb__execution_site_events(swb__execution *execution)
{
    return (swb_site_events){on_exited, on_watched, execution};
}

/* --- the engine's actions --- */

static void act_start(swb__execution *execution, swb__member *at)
{
    swb_error error = SWB_ERROR_INIT;
    swb_launch *launch = NULL;
    const swb_driver *driver = execution->swarm.requests[at->index].driver;
    at->node.bootstrap = swb__engine_bootstrap(execution->engine, driver);
    int status = swb__launch_create(&launch, &error);
    if (status == SWB_OK) {
        status = driver->launch(&at->node, launch, &error);
    }
    if (status == SWB_OK) {
        status = swb__launch_status(launch, &error);
    }
    if (status == SWB_OK && at->client == NULL) {
        status = swb__client_create(&at->client, execution->loop, driver, &at->node, &error);
    }
    if (status == SWB_OK) {
        static const swb__intake_events streamed = {on_stream_accepted, on_stream_watched};
        swb__client_set_intake(at->client, &streamed);
        execution->deployer->start(execution->site, at->index, launch, on_started, at);
    } else {
        feed_done(at, SWB__EVENT_STARTED, status, &error);
    }
    swb__launch_destroy(launch);
}

static const char *handle_of(const swb__execution *execution, const swb__member *at)
{
    const char *handle = swb__engine_handle(execution->engine);
    return handle[0] != '\0' ? handle : at->node.infohash;
}

/* The other members of the swarm, as peers to introduce. The caller frees them. */
static swb_peer *others(size_t *count_out, const swb__execution *execution, const swb__member *at)
{
    size_t count = 0;
    swb_peer *peers = calloc(execution->swarm.count, sizeof *peers);
    for (size_t i = 0; peers != NULL && i < execution->swarm.count; i++) {
        const swb__member *other = &execution->members[i];
        if (other != at && other->node.role != SWB_ROLE_SERVICE) {
            peers[count++] = (swb_peer){other->node.address, other->node.data_port};
        }
    }
    *count_out = count;
    return peers;
}

static swb_command command_of(const swb__execution *execution, const swb__member *at,
                              swb_operation operation)
{
    const swb_torrent *torrent = execution->deployer->torrent(execution->site, 0);
    swb_command command = {
        .operation = operation, .handle = handle_of(execution, at), .content = execution->content};
    if (torrent != NULL) {
        command.metainfo = swb_torrent_metainfo(&command.metainfo_length, torrent);
    }
    return command;
}

/* What cannot be made ready now is tried, and told, when it is called. */
static void act_hold(swb__execution *execution, swb__member *at, swb_operation operation)
{
    swb_command command = command_of(execution, at, operation);
    at->held = swb__client_hold(at->client, &command, on_called, at, NULL) == SWB_OK;
}

static void act_call(swb__execution *execution, swb__member *at, const swb__action *action)
{
    swb_operation operation = action->operation;
    swb_error error = SWB_ERROR_INIT;
    int status;
    if (at->held) {
        at->held = false;
        status = swb__client_release(at->client, action->deadline_ns, &error);
    } else {
        swb_command command = command_of(execution, at, operation);
        swb_peer *peers = NULL;
        if (operation == SWB_OP_PEERS) {
            command.peers = peers = others(&command.peer_count, execution, at);
        }
        status = swb__client_call(at->client, &command, action->deadline_ns, on_called, at, &error);
        free(peers); /* a driver reads them when the operation begins */
    }
    if (status != SWB_OK) {
        swb__execution_feed(execution, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                                           .node = at->index,
                                                           .status = status,
                                                           .message = error.message,
                                                           .operation = operation,
                                                           .sent_ns = SWB__TIME_UNKNOWN});
    }
}

static void act_watch(swb__execution *execution, swb__member *at, int64_t begin_ns)
{
    swb_error error = SWB_ERROR_INIT;
    if (execution->deployer->watch(execution->site, at->index, 0, begin_ns, &error) != SWB_OK) {
        /* The client's API still tells first byte and completion, only less exactly. */
        swb_event event = {.kind = SWB_EVENT_WARNING,
                           .status = error.status,
                           .time_ns = swb__clock_ns(),
                           .run = execution->run.index,
                           .mode = execution->run.mode,
                           .node = at->index};
        snprintf(event.name, sizeof event.name, "%s", at->node.name);
        snprintf(event.text, sizeof event.text, "not watched: %.480s", error.message);
        execution->observer.event(execution->observer.argument, &event);
    }
}

/* What each phase used is told apart by a sample of every node where it begins. */
static void sample_all(swb__execution *execution)
{
    for (size_t i = 0; i < execution->swarm.count; i++) {
        swb__execution_sample(&execution->members[i]);
    }
}

static void act_tell(swb__execution *execution, const swb__action *action)
{
    if (action->tell == SWB_EVENT_PHASE) {
        sample_all(execution);
    }
    swb_event event = {.kind = action->tell,
                       .status = action->status,
                       .time_ns = swb__clock_ns(),
                       .run = execution->run.index,
                       .mode = execution->run.mode,
                       .node = action->node,
                       .value = action->value,
                       .total = action->total};
    if (action->node < execution->swarm.count) {
        snprintf(event.name, sizeof event.name, "%s", execution->swarm.names[action->node]);
    }
    snprintf(event.text, sizeof event.text, "%s", action->text != NULL ? action->text : "");
    execution->observer.event(execution->observer.argument, &event);
}

static void close_site(void *argument)
{
    swb__execution *execution = argument;
    swb__timer_stop(execution->closer);
    execution->closer = NULL;
    for (size_t i = 0; i < execution->swarm.count; i++) {
        swb__client *client = execution->members[i].client;
        execution->members[i].client = NULL;
        swb__client_destroy(client);
    }
    execution->deployer->close(execution->site, on_closed, execution);
}

static void act_close(swb__execution *execution)
{
    swb__timer_stop(execution->sampler);
    execution->sampler = NULL;
    swb__timer_stop(execution->closer);
    /* From the loop, not from here: a client may be what called us. */
    if (swb__timer_start(&execution->closer, execution->loop, 0, close_site, execution) != SWB_OK) {
        close_site(execution);
    }
}

void swb__execution_perform(swb__execution *execution, const swb__action *action)
{
    swb__member *at =
        action->node < execution->swarm.count ? &execution->members[action->node] : NULL;
    const swb_deployer *deployer = execution->deployer;
    void *site = execution->site;
    switch (action->kind) {
    case SWB__ACTION_MAKE_TORRENT:
        deployer->make_torrent(site, 0, execution->announce[0] != '\0' ? execution->announce : NULL,
                               on_torrent_made, execution);
        break;
    case SWB__ACTION_PREPARE:
        deployer->prepare(site, at->index, 0, on_prepared, at);
        break;
    case SWB__ACTION_START:
        act_start(execution, at);
        break;
    case SWB__ACTION_HOLD:
        act_hold(execution, at, action->operation);
        break;
    case SWB__ACTION_CALL:
        act_call(execution, at, action);
        break;
    case SWB__ACTION_CANCEL:
        swb__client_cancel(at->client);
        break;
    case SWB__ACTION_WATCH:
        act_watch(execution, at, action->begin_ns);
        break;
    case SWB__ACTION_VERIFY:
        deployer->verify(site, at->index, &at->bad_offset, on_verified, at);
        break;
    case SWB__ACTION_FAULT:
        deployer->fault(site, at->index, action->fault, on_faulted, at);
        break;
    case SWB__ACTION_CLOSE:
        act_close(execution);
        break;
    case SWB__ACTION_TELL:
        act_tell(execution, action);
        break;
    case SWB__ACTION_END:
        execution->observer.ended(execution->observer.argument);
        break;
    }
}
