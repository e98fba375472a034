#include "run/trial.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/launch.h"
#include "run/client.h"
#include "run/contents.h"
#include "run/swarm.h"

#define READY_PAUSE_NS (50 * SWB__NS_PER_MS)

/* What is waited for. */
typedef struct answer {
    bool done;
    int status;
    bool retriable;
    swb_error error;
} answer;

typedef struct trial {
    swb_loop *loop;
    const swb_deployer *deployer;
    const swb_driver *driver;
    swb_node_request request;
    swb_node node;
    void *site;
    swb__client *client;
    answer exited; /* the node ended by itself */
} trial;

static void on_done(void *argument, int status, const swb_error *error)
{
    answer *got = argument;
    got->done = true;
    got->status = status;
    if (error != NULL) {
        got->error = *error;
    }
}

static void on_called(void *argument, const swb__client_outcome *outcome)
{
    answer *got = argument;
    got->retriable = outcome->retriable;
    on_done(got, outcome->status, outcome->error);
}

static void on_waited(void *argument)
{
    on_done(argument, SWB_OK, NULL);
}

static void on_exited(void *argument, size_t node, int exit_code, int signal, const char *tail)
{
    trial *self = argument;
    (void)node;
    self->exited.done = true;
    self->exited.status =
        swb__fail(&self->exited.error, SWB_EEXITED, "the process ended by itself (%s %d): %.300s",
                  signal != 0 ? "signal" : "exit code", signal != 0 ? signal : exit_code, tail);
}

static void on_watched(void *argument, size_t node, size_t content, const swb_watch_event *event)
{
    (void)argument;
    (void)node;
    (void)content;
    (void)event;
}

/* Runs tell the same. */
static void on_fact(void *argument, const char *name, const char *value)
{
    (void)argument;
    (void)name;
    (void)value;
}

static void on_sampled(void *argument, size_t node, const swb_sample *sample)
{
    (void)argument;
    (void)node;
    (void)sample;
}

static int wait_for(trial *self, answer *got, swb_error *error)
{
    while (!got->done) {
        swb__loop_step(self->loop, -1);
    }
    if (got->status != SWB_OK && error != NULL) {
        *error = got->error;
    }
    return got->status;
}

static void pause_for(trial *self, int64_t delay_ns)
{
    answer waited = {0};
    swb__timer *timer = NULL;
    if (swb__timer_start(&timer, self->loop, delay_ns, on_waited, &waited) == SWB_OK) {
        wait_for(self, &waited, NULL);
        swb__timer_stop(timer);
    }
}

static int start(trial *self, swb_error *error)
{
    answer started = {0};
    swb_launch *launch = NULL;
    if (self->node.attached) {
        self->deployer->start(self->site, 0, NULL, on_done, &started);
        return wait_for(self, &started, error);
    }
    int status = swb__launch_create(&launch, error);
    if (status == SWB_OK) {
        status = self->driver->launch(&self->node, launch, error);
    }
    if (status == SWB_OK) {
        status = swb__launch_status(launch, error);
    }
    if (status == SWB_OK) {
        self->deployer->start(self->site, 0, launch, on_done, &started);
        status = wait_for(self, &started, error);
    }
    swb__launch_destroy(launch);
    return status;
}

static int ask(trial *self, swb_operation operation, bool *retriable_out, swb_error *error)
{
    answer got = {0};
    const swb_command command = {.operation = operation};
    int status = swb__client_call(self->client, &command, 0, on_called, &got, error);
    if (status == SWB_OK) {
        status = wait_for(self, &got, error);
    }
    *retriable_out = got.retriable;
    return status;
}

static int wait_until_ready(trial *self, uint64_t limit_ns, swb_error *error)
{
    int64_t end_ns = swb__clock_ns() + (int64_t)limit_ns;
    bool retriable = true;
    int status = ask(self, SWB_OP_READY, &retriable, error);
    retriable = retriable && !(self->node.attached && status == SWB_ECONNECT);
    while (status != SWB_OK && retriable && !self->exited.done && swb__clock_ns() < end_ns) {
        pause_for(self, READY_PAUSE_NS);
        status = ask(self, SWB_OP_READY, &retriable, error);
    }
    if (self->exited.done) {
        *error = self->exited.error;
        return self->exited.status;
    }
    return status;
}

static int ask_node(trial *self, uint64_t limit_ns, swb_error *error)
{
    bool retriable = false;
    int status = start(self, error);
    if (status == SWB_OK) {
        status = swb__client_create(&self->client, self->loop, self->driver, &self->node, error);
    }
    if (status == SWB_OK) {
        status = wait_until_ready(self, limit_ns, error);
    }
    return status == SWB_OK ? ask(self, SWB_OP_ABLE, &retriable, error) : status;
}

static int bring_up(trial *self, swb_error *error)
{
    answer up = {0};
    if (self->deployer->bring_up == NULL) {
        return SWB_OK;
    }
    self->deployer->bring_up(self->site, on_done, &up);
    return wait_for(self, &up, error);
}

static void place(trial *self, const swb__coding *coding, uint64_t content_bytes)
{
    self->deployer->place(self->site, 0, &self->node);
    self->node.name = self->request.name;
    self->node.role = self->request.role;
    self->node.options = self->request.options;
    self->node.program = swb_driver_program(self->driver, self->request.options);
    self->node.content_bytes = self->node.stored_bytes = content_bytes;
    self->node.swarm_size = 1;
    self->node.data_parts = coding->data_parts;
    self->node.parity_parts = coding->parity_parts;
}

static int try_group(trial *self, const swb_runner *runner, const swb__coding *coding,
                     const swb__settings *settings, swb_error *error)
{
    char log_dir[4096];
    char run_name[64];
    answer closed = {0};
    swb__contents contents;
    int status = swb__contents_init(&contents, 0, settings->file_size_bytes, coding, error);
    if (status != SWB_OK) {
        return status;
    }
    snprintf(log_dir, sizeof log_dir, "%s/trial", runner->log_root);
    snprintf(run_name, sizeof run_name, "swb-%ld-%d-trial", (long)getpid(),
             swb__loop_fd(self->loop));
    swb_site_request request = {.run_name = run_name,
                                .work_dir = runner->work_dir,
                                .log_dir = log_dir,
                                .nodes = &self->request,
                                .node_count = 1,
                                .seeders = 1,
                                .options = swb__site_options(runner->deployer, runner->plan)};
    swb__contents_tell(&request, &contents);
    const swb_site_events events = {.exited = on_exited,
                                    .watched = on_watched,
                                    .argument = self,
                                    .sampled = on_sampled,
                                    .fact = on_fact};
    status = self->deployer->open(&self->site, self->loop, &request, &events, error);
    if (status == SWB_OK) {
        status = bring_up(self, error);
        if (status == SWB_OK) {
            place(self, coding, settings->file_size_bytes);
            status = ask_node(self, settings->limits.ready_ns, error);
        }
        swb__client_destroy(self->client);
        self->deployer->close(self->site, on_done, &closed);
        wait_for(self, &closed, NULL);
    }
    swb__contents_finish(&contents);
    return status;
}

int swb__trial_of_coding(const swb_runner *runner, uint32_t mode_index, uint64_t cell,
                         swb_error *error)
{
    const swb__mode *mode = swb__experiment_mode(runner->experiment, mode_index);
    swb__settings settings;
    swb_loop *loop = NULL;
    swb__plan_settings(&settings, runner->plan, cell);
    int status = swb__loop_create(&loop, error);
    for (size_t i = 0; status == SWB_OK && i < mode->group_count; i++) {
        const swb__group *group = &mode->groups[i];
        const swb_option_value *attached = NULL;
        const swb_role role = SWB_ROLE_SEEDER;
        const uint32_t index = (uint32_t)i;
        swb__deploy_nodes_choose(&attached, runner->experiment, mode_index, &role, &index, 1);
        trial self = {.loop = loop,
                      .deployer = runner->deployer,
                      .driver = group->driver,
                      .request = {.name = group->name,
                                  .driver = group->driver,
                                  .options = group->options,
                                  .role = role,
                                  .attached = attached}};
        status = try_group(&self, runner, &mode->coding, &settings, error);
    }
    swb__loop_destroy(loop);
    if (status != SWB_OK) {
        swb__error_context(error, "mode '%s' cannot have its content coded", mode->name);
    }
    return status;
}
