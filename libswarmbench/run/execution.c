#include "run/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/launch.h"
#include "run/client.h"

#define SAMPLE_PERIOD_NS SWB__NS_PER_S
/* Nodes that start at once: their start-up is CPU-bound, so more only makes each one slower. */
#define PARALLEL_STARTS 8

typedef struct member {
    swb__execution *execution;
    uint32_t index;
    swb_node node;
    char address[64]; /* kept when the place is gone */
    swb__client *client;
    bool held; /* an operation is ready to leave */
    uint64_t bad_offset;
} member;

struct swb__execution {
    swb_loop *loop;
    swb_planned_run run;
    swb__settings settings;
    const swb_deployer *deployer;
    swb__observer observer;
    swb__swarm swarm;
    swb_site_request request;
    void *site;
    swb__engine *engine;
    swb_content *content;
    member *members;
    char announce[128];
    char infohash[41];
    swb__timer *tick;
    int64_t tick_ns;
    swb__timer *sampler;
    swb__timer *closer;
    bool pumping;
};

static void pump(swb__execution *execution);

static void feed(swb__execution *execution, swb__engine_event event)
{
    event.now_ns = swb__clock_ns();
    if (swb__engine_step(execution->engine, &event) != SWB_OK) {
        swb__engine_event cancel = {.kind = SWB__EVENT_CANCEL, .now_ns = event.now_ns};
        swb__engine_step(execution->engine, &cancel);
    }
    pump(execution);
}

static void feed_done(member *at, swb__engine_event_kind kind, int status, const swb_error *error)
{
    feed(at->execution, (swb__engine_event){.kind = kind,
                                            .node = at->index,
                                            .status = status,
                                            .message = error != NULL ? error->message : NULL,
                                            .bad_offset = at->bad_offset});
}

/* --- completions of the place --- */

static void on_torrent_made(void *argument, int status, const swb_error *error)
{
    swb__execution *execution = argument;
    const swb_torrent *torrent = execution->deployer->torrent(execution->site);
    if (torrent != NULL) {
        snprintf(execution->infohash, sizeof execution->infohash, "%s",
                 swb_torrent_infohash(torrent));
    }
    for (size_t i = 0; torrent != NULL && i < execution->swarm.count; i++) {
        execution->members[i].node.infohash = execution->infohash;
    }
    feed(execution, (swb__engine_event){.kind = SWB__EVENT_TORRENT_MADE,
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
    feed(execution, (swb__engine_event){.kind = SWB__EVENT_CLOSED});
}

static void on_exited(void *argument, size_t node, int exit_code, int signal, const char *tail)
{
    feed(argument, (swb__engine_event){.kind = SWB__EVENT_EXITED,
                                       .node = (uint32_t)node,
                                       .message = tail,
                                       .exit_code = exit_code,
                                       .exit_signal = signal});
}

static void on_watched(void *argument, size_t node, const swb_watch_event *event)
{
    feed(argument,
         (swb__engine_event){.kind = SWB__EVENT_WATCHED, .node = (uint32_t)node, .watch = *event});
}

static void on_called(void *argument, const swb__client_outcome *outcome)
{
    member *at = argument;
    feed(at->execution,
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
    member *at = argument;
    feed(at->execution,
         (swb__engine_event){.kind = SWB__EVENT_ACCEPTED, .node = at->index, .accepted_ns = at_ns});
}

static void on_stream_watched(void *argument, const swb_watch_event *event)
{
    member *at = argument;
    on_watched(at->execution, at->index, event);
}

/* --- the engine's actions --- */

static void act_start(swb__execution *execution, member *at)
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

static const char *handle_of(const swb__execution *execution, const member *at)
{
    const char *handle = swb__engine_handle(execution->engine);
    return handle[0] != '\0' ? handle : at->node.infohash;
}

/* The other members of the swarm, as peers to introduce. The caller frees them. */
static swb_peer *others(size_t *count_out, const swb__execution *execution, const member *at)
{
    size_t count = 0;
    swb_peer *peers = calloc(execution->swarm.count, sizeof *peers);
    for (size_t i = 0; peers != NULL && i < execution->swarm.count; i++) {
        const member *other = &execution->members[i];
        if (other != at && other->node.role != SWB_ROLE_SERVICE) {
            peers[count++] = (swb_peer){other->node.address, other->node.data_port};
        }
    }
    *count_out = count;
    return peers;
}

static swb_command command_of(const swb__execution *execution, const member *at,
                              swb_operation operation)
{
    const swb_torrent *torrent = execution->deployer->torrent(execution->site);
    swb_command command = {
        .operation = operation, .handle = handle_of(execution, at), .content = execution->content};
    if (torrent != NULL) {
        command.metainfo = swb_torrent_metainfo(&command.metainfo_length, torrent);
    }
    return command;
}

/* What cannot be made ready now is tried, and told, when it is called. */
static void act_hold(swb__execution *execution, member *at, swb_operation operation)
{
    swb_command command = command_of(execution, at, operation);
    at->held = swb__client_hold(at->client, &command, on_called, at, NULL) == SWB_OK;
}

static void act_call(swb__execution *execution, member *at, const swb__action *action)
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
        feed(execution, (swb__engine_event){.kind = SWB__EVENT_CALL_DONE,
                                            .node = at->index,
                                            .status = status,
                                            .message = error.message,
                                            .operation = operation,
                                            .sent_ns = SWB__TIME_UNKNOWN});
    }
}

static void act_watch(swb__execution *execution, member *at, int64_t begin_ns)
{
    swb_error error = SWB_ERROR_INIT;
    if (execution->deployer->watch(execution->site, at->index, begin_ns, &error) != SWB_OK) {
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

static void act_tell(swb__execution *execution, const swb__action *action)
{
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

static void perform(swb__execution *execution, const swb__action *action)
{
    member *at = action->node < execution->swarm.count ? &execution->members[action->node] : NULL;
    const swb_deployer *deployer = execution->deployer;
    void *site = execution->site;
    switch (action->kind) {
    case SWB__ACTION_MAKE_TORRENT:
        deployer->make_torrent(site, execution->announce[0] != '\0' ? execution->announce : NULL,
                               on_torrent_made, execution);
        break;
    case SWB__ACTION_PREPARE:
        deployer->prepare(site, at->index, on_prepared, at);
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

static void on_tick(void *argument)
{
    swb__execution *execution = argument;
    execution->tick_ns = INT64_MAX;
    feed(execution, (swb__engine_event){.kind = SWB__EVENT_TICK});
}

/* Sets the timer to the engine's deadline, unless it stands there already. */
static void arm(swb__execution *execution)
{
    int64_t deadline_ns = swb__engine_deadline(execution->engine);
    if (deadline_ns == execution->tick_ns) {
        return;
    }
    swb__timer_stop(execution->tick);
    execution->tick = NULL;
    execution->tick_ns = deadline_ns;
    if (deadline_ns != INT64_MAX) {
        int64_t delay_ns = deadline_ns - swb__clock_ns();
        swb__timer_start(&execution->tick, execution->loop, delay_ns > 0 ? delay_ns : 0, on_tick,
                         execution);
    }
}

static void pump(swb__execution *execution)
{
    swb__action action;
    if (execution->pumping) {
        return; /* an action led to an event: the loop below sees to its actions */
    }
    execution->pumping = true;
    while (swb__engine_next(&action, execution->engine)) {
        perform(execution, &action);
    }
    execution->pumping = false;
    arm(execution);
}

static void on_sample(void *argument)
{
    swb__execution *execution = argument;
    for (uint32_t i = 0; i < execution->swarm.count; i++) {
        swb_sample sample;
        if (execution->deployer->sample(execution->site, i, &sample) == SWB_OK) {
            execution->observer.sample(execution->observer.argument, i, &sample);
        }
    }
}

/* --- setting up --- */

/* By convention a tracker takes announces at /announce on its API port. */
static void find_tracker(swb__execution *execution)
{
    for (size_t i = 0; i < execution->swarm.count; i++) {
        const swb_node *node = &execution->members[i].node;
        if (node->role == SWB_ROLE_SERVICE) {
            snprintf(execution->announce, sizeof execution->announce, "http://%s:%u/announce",
                     node->address, node->api_port);
        }
    }
}

static void place_all(swb__execution *execution)
{
    for (uint32_t i = 0; i < execution->swarm.count; i++) {
        member *at = &execution->members[i];
        const swb_node_request *request = &execution->swarm.requests[i];
        at->execution = execution;
        at->index = i;
        at->bad_offset = UINT64_MAX;
        execution->deployer->place(execution->site, i, &at->node);
        snprintf(at->address, sizeof at->address, "%s", at->node.address);
        at->node.name = request->name;
        at->node.role = request->role;
        at->node.options = request->options;
        at->node.program = swb_driver_program(request->driver, request->options);
        at->node.content_bytes = execution->settings.file_size_bytes;
        at->node.swarm_size = execution->settings.size;
    }
    find_tracker(execution);
    for (size_t i = 0; i < execution->swarm.count; i++) {
        execution->members[i].node.tracker_url =
            execution->announce[0] != '\0' ? execution->announce : NULL;
    }
}

static int make_engine(swb__execution *execution)
{
    swb__engine_node *nodes = calloc(execution->swarm.count, sizeof *nodes);
    if (nodes == NULL) {
        return SWB_ENOMEM;
    }
    for (size_t i = 0; i < execution->swarm.count; i++) {
        const swb_node_request *request = &execution->swarm.requests[i];
        nodes[i] = (swb__engine_node){request->role, request->driver};
    }
    swb__engine_config config = {.settings = &execution->settings,
                                 .nodes = nodes,
                                 .node_count = execution->swarm.count,
                                 .run_seed = execution->run.run_seed,
                                 .parallel_starts = PARALLEL_STARTS};
    int status = swb__engine_create(&execution->engine, &config);
    free(nodes);
    return status;
}

static void fill_request(swb__execution *execution, const swb__execution_options *options)
{
    execution->request = (swb_site_request){.run_name = options->run_name,
                                            .work_dir = options->work_dir,
                                            .log_dir = options->log_dir,
                                            .nodes = execution->swarm.requests,
                                            .node_count = execution->swarm.count,
                                            .content_seed = options->run->content_seed,
                                            .content_bytes = execution->settings.file_size_bytes,
                                            .seeders = execution->swarm.seeders,
                                            .keep_data = options->keep_data,
                                            .up_bps = execution->settings.network.up_bps,
                                            .down_bps = execution->settings.network.down_bps,
                                            .delay_ns = execution->settings.network.delay_ns,
                                            .loss = execution->settings.network.loss};
}

static void begin(void *argument)
{
    swb__execution *execution = argument;
    swb__timer_stop(execution->closer);
    execution->closer = NULL;
    feed(execution, (swb__engine_event){.kind = SWB__EVENT_BEGIN});
}

static int set_up(swb__execution *execution, const swb__execution_options *options,
                  swb_error *error)
{
    swb_site_events events = {on_exited, on_watched, execution};
    swb__plan_settings(&execution->settings, options->plan, options->run->cell);
    if (swb__swarm_init(&execution->swarm, options->plan, options->run) != SWB_OK ||
        make_engine(execution) != SWB_OK) {
        return swb__fail_nomem(error);
    }
    execution->members = calloc(execution->swarm.count, sizeof *execution->members);
    if (execution->members == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb_content_create(&execution->content, options->run->content_seed,
                                    execution->settings.file_size_bytes, error);
    if (status != SWB_OK) {
        return status;
    }
    /* The timers first: once the place is open, only an orderly teardown closes it. */
    if (swb__timer_repeat(&execution->sampler, execution->loop, SAMPLE_PERIOD_NS, on_sample,
                          execution) != SWB_OK ||
        swb__timer_start(&execution->closer, execution->loop, 0, begin, execution) != SWB_OK) {
        return swb__fail_nomem(error);
    }
    fill_request(execution, options);
    return execution->deployer->open(&execution->site, execution->loop, &execution->request,
                                     &events, error);
}

int swb__execution_start(swb__execution **out, const swb__execution_options *options,
                         const swb__observer *observer, swb_error *error)
{
    swb__execution *execution = calloc(1, sizeof *execution);
    if (execution == NULL) {
        return swb__fail_nomem(error);
    }
    execution->loop = options->loop;
    execution->run = *options->run;
    execution->deployer = options->deployer;
    execution->observer = *observer;
    execution->tick_ns = INT64_MAX;
    int status = set_up(execution, options, error);
    if (status != SWB_OK) {
        swb__execution_destroy(execution);
        return status;
    }
    place_all(execution);
    *out = execution;
    return SWB_OK;
}

void swb__execution_cancel(swb__execution *execution)
{
    feed(execution, (swb__engine_event){.kind = SWB__EVENT_CANCEL});
}

void swb__execution_destroy(swb__execution *execution)
{
    if (execution == NULL) {
        return;
    }
    swb__timer_stop(execution->tick);
    swb__timer_stop(execution->sampler);
    swb__timer_stop(execution->closer);
    swb__engine_destroy(execution->engine);
    swb_content_destroy(execution->content);
    swb__swarm_finish(&execution->swarm);
    free(execution->members);
    free(execution);
}

size_t swb__execution_node_count(const swb__execution *execution)
{
    return execution->swarm.count;
}

void swb__execution_result(swb__run_result *out, const swb__execution *execution)
{
    swb__engine_result(out, execution->engine);
    snprintf(out->infohash, sizeof out->infohash, "%s", execution->infohash);
}

bool swb__execution_download(swb__download *out, const swb__execution *execution, uint32_t node)
{
    return swb__engine_download(out, execution->engine, node);
}

void swb__execution_node_row(swb__node_row *out, const swb__execution *execution, uint32_t node)
{
    static const char *const roles[] = {"seeder", "leecher", "service"};
    const swb_node_request *request = &execution->swarm.requests[node];
    swb__engine_node_row(out, execution->engine, node);
    snprintf(out->name, sizeof out->name, "%s", request->name);
    snprintf(out->role, sizeof out->role, "%s", roles[request->role]);
    snprintf(out->group, sizeof out->group, "%s", execution->swarm.groups[node]);
    snprintf(out->driver, sizeof out->driver, "%s", request->driver->name);
    snprintf(out->address, sizeof out->address, "%s", execution->members[node].address);
}
