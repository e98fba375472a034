#include "run/execution_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define SAMPLE_PERIOD_NS SWB__NS_PER_S
/* Nodes that start at once: their start-up is CPU-bound, so more only makes each one slower. */
#define PARALLEL_STARTS 8

static void pump(swb__execution *execution);

void swb__execution_feed(swb__execution *execution, swb__engine_event event)
{
    event.now_ns = swb__clock_ns();
    if (swb__engine_step(execution->engine, &event) != SWB_OK) {
        swb__engine_event cancel = {.kind = SWB__EVENT_CANCEL, .now_ns = event.now_ns};
        swb__engine_step(execution->engine, &cancel);
    }
    pump(execution);
}

static void on_tick(void *argument)
{
    swb__execution *execution = argument;
    execution->tick_ns = INT64_MAX;
    swb__execution_feed(execution, (swb__engine_event){.kind = SWB__EVENT_TICK});
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
        swb__execution_perform(execution, &action);
    }
    execution->pumping = false;
    arm(execution);
}

/* Bytes on the wire are the client's word where the place does not count them. */
void swb__execution_take_sample(swb__member *at, const swb_sample *told)
{
    swb__execution *execution = at->execution;
    swb_sample sample = *told;
    if (sample.wire_in_bytes == SWB_COUNT_UNKNOWN) {
        sample.wire_in_bytes = at->wire_in_bytes;
        sample.wire_out_bytes = at->wire_out_bytes;
    }
    execution->observer.sample(execution->observer.argument, at->index, &sample);
}

void swb__execution_sample(swb__member *at)
{
    swb_sample sample;
    swb__execution *execution = at->execution;
    if (execution->deployer->sample(execution->site, at->index, &sample) == SWB_OK) {
        swb__execution_take_sample(at, &sample);
    }
}

static void on_sample(void *argument)
{
    swb__execution *execution = argument;
    for (size_t i = 0; i < execution->swarm.count; i++) {
        swb__execution_sample(&execution->members[i]);
    }
}

/* --- setting up --- */

/* By convention a tracker takes announces at /announce on its API port. */
static void find_tracker(swb__execution *execution)
{
    if (execution->tracker_url != NULL) {
        snprintf(execution->announce, sizeof execution->announce, "%s", execution->tracker_url);
    }
    for (size_t i = 0; i < execution->swarm.count; i++) {
        const swb_node *node = &execution->members[i].node;
        if (node->role == SWB_ROLE_SERVICE && execution->swarm.beside[i] == UINT32_MAX) {
            snprintf(execution->announce, sizeof execution->announce, "http://%s:%u/announce",
                     node->address, node->api_port);
        }
    }
}

static void number_members(swb__execution *execution)
{
    for (uint32_t i = 0; i < execution->swarm.count; i++) {
        swb__member *at = &execution->members[i];
        at->execution = execution;
        at->index = i;
        at->bad_offset = UINT64_MAX;
        at->location.clock_error_ns = -1;
        at->wire_in_bytes = at->wire_out_bytes = SWB_COUNT_UNKNOWN;
        at->channels = execution->channels + (size_t)i * execution->contents.count;
        for (uint32_t content = 0; content < execution->contents.count; content++) {
            at->channels[content] = (swb__channel){.member = at, .content = content};
        }
    }
}

static void place_all(swb__execution *execution)
{
    bool by_client = execution->coding.coder == SWB__CODER_CLIENT;
    for (uint32_t i = 0; i < execution->swarm.count; i++) {
        swb__member *at = &execution->members[i];
        const swb_node_request *request = &execution->swarm.requests[i];
        execution->deployer->place(execution->site, i, &at->node);
        snprintf(at->address, sizeof at->address, "%s", at->node.address);
        if (execution->deployer->locate != NULL) {
            execution->deployer->locate(execution->site, i, &at->location);
        }
        at->node.name = request->name;
        at->node.group = execution->swarm.groups[i];
        at->node.index = execution->swarm.numbers[i];
        at->node.role = request->role;
        at->node.options = request->options;
        at->node.program = swb_driver_program(request->driver, request->options);
        at->node.content_name = execution->request.content_names[0];
        at->node.content_bytes = execution->settings.file_size_bytes;
        at->node.stored_bytes = swb__contents_stored_bytes(&execution->contents);
        at->node.data_parts = by_client ? execution->coding.data_parts : 0;
        at->node.parity_parts = by_client ? execution->coding.parity_parts : 0;
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
                                 .beside = execution->swarm.beside,
                                 .numbers = execution->swarm.numbers,
                                 .node_count = execution->swarm.count,
                                 .coding = execution->coding,
                                 .actions = execution->actions,
                                 .action_count = execution->action_count,
                                 .run_seed = execution->run.run_seed,
                                 .announced = execution->tracker_url != NULL,
                                 .parallel_starts = PARALLEL_STARTS};
    int status = swb__engine_create(&execution->engine, &config);
    free(nodes);
    return status;
}

static void fill_request(swb__execution *execution, const swb__execution_options *options)
{
    execution->request =
        (swb_site_request){.run_name = options->run_name,
                           .work_dir = options->work_dir,
                           .log_dir = options->log_dir,
                           .nodes = execution->swarm.requests,
                           .node_count = execution->swarm.count,
                           .seeders = execution->swarm.seeders,
                           .keep_data = options->keep_data,
                           .up_bps = execution->settings.network.up_bps,
                           .down_bps = execution->settings.network.down_bps,
                           .delay_ns = execution->settings.network.delay_ns,
                           .loss = execution->settings.network.loss,
                           .options = swb__site_options(options->deployer, options->plan),
                           .tracker_url = execution->tracker_url};
    swb__contents_tell(&execution->request, &execution->contents);
}

static void on_up(void *argument, int status, const swb_error *error)
{
    swb__execution *execution = argument;
    if (status == SWB_OK) {
        place_all(execution);
    }
    swb__execution_feed(execution,
                        (swb__engine_event){.kind = SWB__EVENT_BEGIN,
                                            .status = status,
                                            .message = error != NULL ? error->message : NULL});
}

static void begin(void *argument)
{
    swb__execution *execution = argument;
    swb__timer_stop(execution->closer);
    execution->closer = NULL;
    if (execution->site == NULL) {
        return; /* cancelled before it began */
    }
    if (execution->deployer->bring_up != NULL) {
        execution->deployer->bring_up(execution->site, on_up, execution);
    } else {
        on_up(execution, SWB_OK, NULL);
    }
}

static int make_members(swb__execution *execution, uint64_t seed, swb_error *error)
{
    int status = swb__contents_init(&execution->contents, seed, execution->settings.file_size_bytes,
                                    &execution->coding, error);
    if (status != SWB_OK) {
        return status;
    }
    size_t contents = execution->contents.count;
    execution->members = calloc(execution->swarm.count, sizeof *execution->members);
    execution->channels = calloc(execution->swarm.count * contents, sizeof *execution->channels);
    execution->infohashes = calloc(contents, sizeof *execution->infohashes);
    execution->infohash_list = calloc(contents + 1, sizeof *execution->infohash_list);
    bool made = execution->members != NULL && execution->channels != NULL &&
                execution->infohashes != NULL && execution->infohash_list != NULL;
    return made ? SWB_OK : swb__fail_nomem(error);
}

static int set_up(swb__execution *execution, const swb__execution_options *options,
                  swb_error *error)
{
    swb_site_events events = swb__execution_site_events(execution);
    swb__plan_settings(&execution->settings, options->plan, options->run->cell);
    const swb__mode *mode =
        swb__experiment_mode(swb__plan_experiment(options->plan), options->run->mode);
    execution->coding = mode->coding;
    execution->actions = mode->actions;
    execution->action_count = mode->action_count;
    execution->tracker_url = mode->tracker_url;
    if (swb__swarm_init(&execution->swarm, options->plan, options->run) != SWB_OK ||
        make_engine(execution) != SWB_OK) {
        return swb__fail_nomem(error);
    }
    int status = make_members(execution, options->run->content_seed, error);
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
    number_members(execution);
    *out = execution;
    return SWB_OK;
}

void swb__execution_cancel(swb__execution *execution)
{
    swb__execution_feed(execution, (swb__engine_event){.kind = SWB__EVENT_CANCEL});
}

static void free_peers(swb__execution *execution)
{
    size_t channels = execution->swarm.count * execution->contents.count;
    for (size_t i = 0; execution->channels != NULL && i < channels; i++) {
        free(execution->channels[i].peers);
    }
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
    free_peers(execution);
    swb__contents_finish(&execution->contents);
    swb__swarm_finish(&execution->swarm);
    free(execution->members);
    free(execution->channels);
    free(execution->infohashes);
    free(execution->infohash_list);
    swb__holdings_finish(&execution->holdings);
    free(execution);
}

size_t swb__execution_node_count(const swb__execution *execution)
{
    return execution->swarm.count;
}

void swb__execution_result(swb__run_result *out, const swb__execution *execution)
{
    swb__engine_result(out, execution->engine);
    if (execution->torrents == 1) {
        snprintf(out->infohash, sizeof out->infohash, "%s", execution->infohashes[0]);
    }
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
    out->warm = execution->members[node].node.attached != 0;
    out->location = execution->members[node].location;
}

uint32_t swb__execution_contents(const swb__execution *execution)
{
    return swb__engine_contents(execution->engine);
}

bool swb__execution_part_row(swb__part_row *out, const swb__execution *execution, uint32_t node,
                             uint32_t part)
{
    return swb__engine_part_row(out, execution->engine, node, part);
}
