/* The engine's actions, done in a place and by the nodes' clients; their completions, fed back. */
#include "run/execution_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/erasure.h>

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

/* They are made one after the other. */
static void on_torrent_made(void *argument, int status, const swb_error *error)
{
    swb__execution *execution = argument;
    size_t content = execution->torrents;
    const swb_torrent *torrent = execution->deployer->torrent(execution->site, content);
    if (torrent != NULL) {
        snprintf(execution->infohashes[content], sizeof execution->infohashes[content], "%s",
                 swb_torrent_infohash(torrent));
        execution->infohash_list[content] = execution->infohashes[content];
        execution->torrents++;
    }
    for (size_t i = 0; torrent != NULL && i < execution->swarm.count; i++) {
        execution->members[i].node.infohash = execution->infohashes[0];
        execution->members[i].node.infohashes = execution->infohash_list;
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

static void on_decoded(void *argument, int status, const swb_error *error)
{
    swb__member *at = argument;
    swb__execution_feed(at->execution,
                        (swb__engine_event){.kind = SWB__EVENT_DECODED,
                                            .node = at->index,
                                            .status = status,
                                            .message = error != NULL ? error->message : NULL,
                                            .bad_offset = at->decoded.bad_offset,
                                            .decode_ns = at->decoded.decode_ns});
}

static void on_read_decoded(void *argument, int status, const swb_decoded *decoded,
                            const swb_error *error)
{
    swb__member *at = argument;
    at->decoded = *decoded;
    on_decoded(at, status, error);
}

static void on_faulted(void *argument, int status, const swb_error *error)
{
    feed_done(argument, SWB__EVENT_FAULTED, status, error);
}

/* `at`: the node that it is about; NULL: none. */
static void warn_of(swb__execution *execution, const swb__member *at, const char *what,
                    const swb_error *error)
{
    swb_event event = {.kind = SWB_EVENT_WARNING,
                       .status = error->status,
                       .time_ns = swb__clock_ns(),
                       .run = execution->run.index,
                       .mode = execution->run.mode,
                       .node = at != NULL ? at->index : UINT32_MAX};
    snprintf(event.name, sizeof event.name, "%s", at != NULL ? at->node.name : "");
    snprintf(event.text, sizeof event.text, "%s: %.400s", what, error->message);
    execution->observer.event(execution->observer.argument, &event);
}

static void on_closed(void *argument, int status, const swb_error *error)
{
    swb__execution *execution = argument;
    if (status != SWB_OK) { /* it stays in the journal */
        warn_of(execution, NULL, "not all was removed, which `swarmbench clean` tries again",
                error);
    }
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
    swb__execution_feed(argument, (swb__engine_event){.kind = SWB__EVENT_WATCHED,
                                                      .node = (uint32_t)node,
                                                      .content = (uint32_t)content,
                                                      .watch = *event});
}

static void on_sampled(void *argument, size_t node, const swb_sample *sample)
{
    swb__execution *execution = argument;
    swb__execution_take_sample(&execution->members[node], sample);
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

/* A node that was to run already is not waited for. */
static bool is_out_of_reach(const swb__member *at, const swb__client_outcome *outcome)
{
    return at->node.attached && outcome->operation == SWB_OP_READY &&
           outcome->status == SWB_ECONNECT;
}

static void tell_metrics(swb__member *at, const char *metrics)
{
    swb__execution *execution = at->execution;
    swb_event event = {.kind = SWB_EVENT_METRIC,
                       .time_ns = swb__clock_ns(),
                       .run = execution->run.index,
                       .mode = execution->run.mode,
                       .node = at->index};
    snprintf(event.name, sizeof event.name, "%s", at->node.name);
    while (*metrics != '\0') {
        size_t length = strcspn(metrics, "\n");
        snprintf(event.text, sizeof event.text, "%.*s", (int)length, metrics);
        execution->observer.event(execution->observer.argument, &event);
        metrics += length + (metrics[length] == '\n');
    }
}

static void on_called(void *argument, const swb__client_outcome *outcome)
{
    swb__channel *channel = argument;
    swb__member *at = channel->member;
    if (outcome->status == SWB_OK) {
        keep_wire_bytes(at, outcome->result);
        tell_metrics(at, outcome->metrics);
        swb__holdings_learn(channel, outcome->operation, outcome->result);
    }
    swb__execution_feed(
        at->execution,
        (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                            .node = at->index,
                            .content = channel->content,
                            .status = outcome->status,
                            .message = outcome->error != NULL ? outcome->error->message : NULL,
                            .retriable = outcome->retriable && !is_out_of_reach(at, outcome),
                            .operation = outcome->operation,
                            .result = outcome->result,
                            .streamed_bytes = outcome->streamed_bytes,
                            .bad_offset = outcome->bad_offset,
                            .sent_ns = outcome->sent_ns});
}

static void on_stream_accepted(void *argument, int64_t at_ns)
{
    swb__channel *channel = argument;
    swb__execution_feed(channel->member->execution,
                        (swb__engine_event){.kind = SWB__EVENT_ACCEPTED,
                                            .node = channel->member->index,
                                            .content = channel->content,
                                            .accepted_ns = at_ns});
}

static void on_stream_watched(void *argument, const swb_watch_event *event)
{
    swb__channel *channel = argument;
    on_watched(channel->member->execution, channel->member->index, channel->content, event);
}

static void on_fact(void *argument, const char *name, const char *value)
{
    const swb__execution *execution = argument;
    execution->observer.fact(execution->observer.argument, name, value);
}

swb_site_events swb__execution_site_events(swb__execution *execution)
{
    return (swb_site_events){.exited = on_exited,
                             .watched = on_watched,
                             .argument = execution,
                             .sampled = on_sampled,
                             .fact = on_fact};
}

/* --- the engine's actions --- */

/* The channel's client, made when it is first needed: the node is as it was started then. */
static int open_channel(swb__channel *channel, swb_error *error)
{
    static const swb__intake_events streamed = {on_stream_accepted, on_stream_watched};
    swb__member *at = channel->member;
    swb__execution *execution = at->execution;
    const swb__contents *contents = &execution->contents;
    if (channel->client != NULL) {
        return SWB_OK;
    }
    channel->node = at->node;
    channel->node.content_name = contents->names[channel->content];
    channel->node.content_bytes = swb_content_size_bytes(contents->items[channel->content]);
    channel->node.infohash = execution->infohash_list[channel->content];
    int status =
        swb__client_create(&channel->client, execution->loop,
                           execution->swarm.requests[at->index].driver, &channel->node, error);
    if (status == SWB_OK) {
        swb__client_set_intake(channel->client, &streamed);
    }
    return status;
}

static void act_start(swb__execution *execution, swb__member *at)
{
    if (at->node.attached) {
        execution->deployer->start(execution->site, at->index, NULL, on_started, at);
        return;
    }
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
    if (status == SWB_OK) {
        execution->deployer->start(execution->site, at->index, launch, on_started, at);
    } else {
        feed_done(at, SWB__EVENT_STARTED, status, &error);
    }
    swb__launch_destroy(launch);
}

static const char *handle_of(const swb__execution *execution, const swb__channel *channel)
{
    const char *handle = swb__engine_handle(execution->engine, channel->content);
    return handle[0] != '\0' ? handle : channel->node.infohash;
}

/* The other members of the swarm, as peers to introduce: for as long as a driver goes through them,
 * which may be one exchange for each. The caller frees them. */
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
    *count_out = count; /* 0 with NULL */
    return peers;
}

static swb_command command_of(const swb__execution *execution, const swb__channel *channel,
                              swb_operation operation)
{
    const swb_torrent *torrent = execution->deployer->torrent(execution->site, channel->content);
    swb_command command = {.operation = operation,
                           .handle = handle_of(execution, channel),
                           .content = execution->contents.items[channel->content]};
    if (torrent != NULL) {
        command.metainfo = swb_torrent_metainfo(&command.metainfo_length, torrent);
    }
    return command;
}

/* What cannot be made ready now is tried, and told, when it is called. */
static void act_hold(swb__execution *execution, swb__channel *channel, swb_operation operation)
{
    int status = open_channel(channel, NULL);
    if (status == SWB_OK) {
        swb_command command = command_of(execution, channel, operation);
        status = swb__holdings_note(channel, operation, command.handle, NULL);
        if (status == SWB_OK) {
            status = swb__client_hold(channel->client, &command, on_called, channel, NULL);
        }
    }
    channel->held = status == SWB_OK;
}

static int begin_call(swb__execution *execution, swb__channel *channel, const swb__action *action,
                      swb_error *error)
{
    int status = open_channel(channel, error);
    if (status != SWB_OK) {
        return status;
    }
    if (channel->held) {
        channel->held = false; /* what it puts on the node was noted then */
        return swb__client_release(channel->client, action->deadline_ns, error);
    }
    swb_command command = command_of(execution, channel, action->operation);
    command.http = action->operation == SWB_OP_ACT ? &execution->actions[action->row].http : NULL;
    status = swb__holdings_note(channel, action->operation, command.handle, error);
    if (status != SWB_OK) {
        return status;
    }
    if (action->operation == SWB_OP_PEERS && channel->peers == NULL) {
        channel->peers = others(&channel->peer_count, execution, channel->member);
    }
    if (action->operation == SWB_OP_PEERS) {
        command.peers = channel->peers;
        command.peer_count = channel->peer_count;
    }
    return swb__client_call(channel->client, &command, action->deadline_ns, on_called, channel,
                            error);
}

static void act_call(swb__execution *execution, swb__channel *channel, const swb__action *action)
{
    swb_error error = SWB_ERROR_INIT;
    int status = begin_call(execution, channel, action, &error);
    if (status != SWB_OK) {
        swb__execution_feed(execution, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                                           .node = action->node,
                                                           .content = action->content,
                                                           .status = status,
                                                           .message = error.message,
                                                           .operation = action->operation,
                                                           .sent_ns = SWB__TIME_UNKNOWN});
    }
}

static int decode_read_parts(swb__execution *execution, swb__member *at, const uint32_t *indices,
                             swb_error *error)
{
    const swb__contents *contents = &execution->contents;
    swb__decode_part parts[SWB_ERASURE_MAX_PARTS];
    for (uint32_t i = 0; i < contents->data_parts; i++) {
        swb__channel *channel = &at->channels[indices[i]];
        parts[i] = (swb__decode_part){.index = indices[i],
                                      .client = channel->client,
                                      .command = command_of(execution, channel, SWB_OP_READ)};
    }
    return swb__decode_start(execution->loop, contents->whole, contents->data_parts,
                             contents->parity_parts, parts, execution->settings.limits.run_ns,
                             on_read_decoded, at, error);
}

/* From the node's files where its client keeps them; else they are read back through its API. */
static void act_decode(swb__execution *execution, swb__member *at)
{
    uint32_t indices[SWB_ERASURE_MAX_PARTS];
    swb_error error = SWB_ERROR_INIT;
    at->decoded = (swb_decoded){.bad_offset = UINT64_MAX};
    swb__engine_used_parts(indices, execution->engine, at->index);
    if (execution->swarm.requests[at->index].driver->kind == SWB_DRIVER_TORRENT) {
        execution->deployer->decode(execution->site, at->index, indices, &at->decoded, on_decoded,
                                    at);
    } else if (decode_read_parts(execution, at, indices, &error) != SWB_OK) {
        on_decoded(at, error.status, &error);
    }
}

static void act_watch(swb__execution *execution, swb__member *at, const swb__action *action)
{
    swb_error error = SWB_ERROR_INIT;
    int status = execution->deployer->watch(execution->site, at->index, action->content,
                                            action->begin_ns, &error);
    if (status == SWB_OK) {
        return;
    }
    if (status != SWB_EUNSUPPORTED) { /* else it was not to be */
        warn_of(execution, at, "not watched", &error);
    }
    /* The client's API still tells first byte and completion, only less exactly. */
    swb__execution_feed(execution, (swb__engine_event){.kind = SWB__EVENT_UNWATCHED,
                                                       .node = at->index,
                                                       .content = action->content});
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

static void close_emptied_site(swb__execution *execution)
{
    execution->deployer->close(execution->site, on_closed, execution);
}

static void close_site(void *argument)
{
    swb__execution *execution = argument;
    swb__timer_stop(execution->closer);
    execution->closer = NULL;
    for (size_t i = 0; i < execution->swarm.count * execution->contents.count; i++) {
        swb__client *client = execution->channels[i].client;
        execution->channels[i].client = NULL;
        swb__client_destroy(client);
    }
    swb__holdings_remove(execution, close_emptied_site);
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
    swb__channel *channel = at != NULL ? &at->channels[action->content] : NULL;
    const swb_deployer *deployer = execution->deployer;
    void *site = execution->site;
    switch (action->kind) {
    case SWB__ACTION_MAKE_TORRENT:
        deployer->make_torrent(site, action->content,
                               execution->announce[0] != '\0' ? execution->announce : NULL,
                               on_torrent_made, execution);
        break;
    case SWB__ACTION_PREPARE:
        deployer->prepare(site, at->index, action->content, on_prepared, at);
        break;
    case SWB__ACTION_START:
        act_start(execution, at);
        break;
    case SWB__ACTION_HOLD:
        act_hold(execution, channel, action->operation);
        break;
    case SWB__ACTION_CALL:
        act_call(execution, channel, action);
        break;
    case SWB__ACTION_CANCEL:
        swb__client_cancel(channel->client);
        break;
    case SWB__ACTION_WATCH:
        act_watch(execution, at, action);
        break;
    case SWB__ACTION_VERIFY:
        deployer->verify(site, at->index, &at->bad_offset, on_verified, at);
        break;
    case SWB__ACTION_DECODE:
        act_decode(execution, at);
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
