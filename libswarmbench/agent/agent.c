/* The agent's life, and the table of what it can be asked for. */
#include "agent/agent_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

#include "base/clock.h"

#define LAUNCHER_NS (10 * SWB__NS_PER_S)

static const swb__route routes[] = {
    {"GET", "/v1/health", swb__handle_health, true},
    {"GET", "/v1/clock", swb__handle_clock, false},
    {"POST", "/v1/content", swb__handle_content, false},
    {"POST", "/v1/torrent", swb__handle_torrent, false},
    {"POST", "/v1/verify", swb__handle_verify, false},
    {"POST", "/v1/decode", swb__handle_decode, false},
    {"GET", "/v1/jobs/#", swb__handle_job, false},
    {"DELETE", "/v1/jobs/#", swb__handle_job_drop, false},
    {"GET", "/v1/node", swb__handle_node, false},
    {"POST", "/v1/node/start", swb__handle_start, false},
    {"POST", "/v1/node/restart", swb__handle_restart, false},
    {"POST", "/v1/node/signal", swb__handle_signal, false},
    {"POST", "/v1/node/stop", swb__handle_stop, false},
    {"POST", "/v1/watch", swb__handle_watch, false},
    {"GET", "/v1/events", swb__handle_events, false},
    {"GET", "/v1/sample", swb__handle_sample, false},
    {"GET", "/v1/log", swb__handle_log, false},
    {"GET", "/v1/files", swb__handle_files, false},
    {"GET", "/v1/file", swb__handle_file, false},
    {"POST", "/v1/files/done", swb__handle_files_done, false},
};

static void on_launcher_changed(void *argument)
{
    swb__node_agent *agent = argument;
    swb__events_look(agent);
    swb__server_changed(agent->server);
}

static void free_agent(swb__node_agent *agent)
{
    swb__jobs_free(agent);
    swb__listing_free(agent);
    swb__events_free(agent);
    if (agent->root.fd >= 0) {
        swb__root_close(&agent->root);
    }
    if (agent->token != NULL) {
        OPENSSL_cleanse(agent->token, strlen(agent->token));
    }
    free(agent->token);
    free(agent->address);
    free(agent->interface);
    free(agent);
}

static int copy_options(swb__node_agent *agent, const swb__node_agent_options *options,
                        swb_error *error)
{
    if (strlen(options->token) < SWB__TOKEN_MIN_BYTES) {
        return swb__fail(error, SWB_EINVAL, "the token must have at least %d bytes",
                         SWB__TOKEN_MIN_BYTES);
    }
    agent->address = strdup(options->address);
    agent->token = strdup(options->token);
    agent->launcher_ns = options->launcher_ns != 0 ? (int64_t)options->launcher_ns : LAUNCHER_NS;
    agent->interface = options->interface != NULL ? strdup(options->interface) : NULL;
    if (agent->address == NULL || agent->token == NULL ||
        (options->interface != NULL && agent->interface == NULL)) {
        return swb__fail_nomem(error);
    }
    agent->server_options = (swb__server_options){
        .address = agent->address,
        .port = options->port,
        .token = agent->token,
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .agent = agent,
    };
    return SWB_OK;
}

static int make_instance(swb__node_agent *agent, swb_error *error)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        return swb__fail_errno(error, SWB_EIO, errno, "random number");
    }
    agent->instance = number | 1;
    return SWB_OK;
}

static int open_all(swb__node_agent *agent, const swb__node_agent_options *options,
                    swb_error *error)
{
    int status = copy_options(agent, options, error);
    if (status == SWB_OK) {
        status = make_instance(agent, error);
    }
    if (status == SWB_OK) {
        status = swb__root_open(&agent->root, options->root, error);
    }
    if (status == SWB_OK) {
        status = swb__watcher_create(&agent->watcher, agent->loop, agent->root.home, error);
    }
    if (status == SWB_OK) {
        status = swb__server_start(&agent->server, agent->loop, &agent->server_options, error);
    }
    if (status == SWB_OK) {
        status = swb__launcher_link_open(&agent->launcher, agent->loop, &agent->root,
                                         on_launcher_changed, agent, error);
    }
    return status;
}

int swb__node_agent_start(swb__node_agent **out, swb_loop *loop,
                          const swb__node_agent_options *options, swb_error *error)
{
    swb__node_agent *agent = calloc(1, sizeof *agent);
    if (agent == NULL) {
        return swb__fail_nomem(error);
    }
    agent->loop = loop;
    agent->root.fd = -1;
    LIST_INIT(&agent->watches);
    LIST_INIT(&agent->jobs);
    TAILQ_INIT(&agent->events);
    int status = open_all(agent, options, error);
    if (status != SWB_OK) {
        swb__node_agent_stop(agent);
        return status;
    }
    /* An end that was before this agent is not its to tell. */
    const swb__launcher_state *state = swb__launcher_link_state(agent->launcher);
    agent->told_ends = state->starts - (state->run == SWB__RUN_RUNNING);
    *out = agent;
    return SWB_OK;
}

uint16_t swb__node_agent_port(const swb__node_agent *agent)
{
    return swb__server_port(agent->server);
}

void swb__node_agent_release(swb__node_agent *agent)
{
    if (agent->working == 0) {
        free_agent(agent);
    }
}

void swb__node_agent_stop(swb__node_agent *agent)
{
    if (agent == NULL) {
        return;
    }
    agent->stopping = true;
    swb__server_stop(agent->server);
    swb__launcher_link_close(agent->launcher);
    swb__watches_free(agent);
    swb__watcher_destroy(agent->watcher);
    swb__node_agent_release(agent);
}
