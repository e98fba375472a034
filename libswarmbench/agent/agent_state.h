/* What the files of the agent share. */
#ifndef SWB_AGENT_AGENT_STATE_H
#define SWB_AGENT_AGENT_STATE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "agent/agent.h"
#include "agent/launcher_link.h"
#include "agent/root.h"
#include "agent/server.h"
#include "host/sampler.h"
#include "host/watch.h"

struct swb__job;
struct swb__event;
struct swb__watched;
struct swb__listing;

struct swb__node_agent {
    swb_loop *loop;
    swb__root root;
    char *address;
    char *token;
    char *interface;
    int64_t launcher_ns;
    swb__server_options server_options;
    swb__server *server;
    bool stopping;
    bool files_done; /* who fetches them has them */
    struct swb__listing *listing;

    swb__launcher_link *launcher;
    uint64_t told_ends; /* of so many starts the end was told */
    uint64_t asked_end; /* the start whose end somebody asked for */

    LIST_HEAD(, swb__job) jobs;
    uint64_t last_job;
    unsigned working; /* jobs and listings that are on a thread */

    uint64_t instance; /* tells this agent from one before it; not 0 */
    TAILQ_HEAD(, swb__event) events;
    uint64_t last_event;
    unsigned event_count;
    bool events_lost;

    swb__watcher *watcher;
    LIST_HEAD(, swb__watched) watches; /* of each file one */
    unsigned watch_count;

    swb__sampled sampled;
};

/* jobs.c */
bool swb__handle_content(void *agent, swb__request *request);
bool swb__handle_torrent(void *agent, swb__request *request);
bool swb__handle_verify(void *agent, swb__request *request);
bool swb__handle_decode(void *agent, swb__request *request);
bool swb__handle_job(void *agent, swb__request *request);
bool swb__handle_job_drop(void *agent, swb__request *request);
void swb__jobs_free(swb__node_agent *agent);

/* node.c */
bool swb__handle_start(void *agent, swb__request *request);
bool swb__handle_restart(void *agent, swb__request *request);
bool swb__handle_stop(void *agent, swb__request *request);
bool swb__handle_signal(void *agent, swb__request *request);
bool swb__handle_node(void *agent, swb__request *request);

/* events.c */
bool swb__handle_watch(void *agent, swb__request *request);
bool swb__handle_events(void *agent, swb__request *request);
/* The launcher's state changed: tells of the node's end. */
void swb__events_look(swb__node_agent *agent);
void swb__watches_free(swb__node_agent *agent);
void swb__events_free(swb__node_agent *agent);

/* measure.c */
bool swb__handle_health(void *agent, swb__request *request);
bool swb__handle_clock(void *agent, swb__request *request);
bool swb__handle_sample(void *agent, swb__request *request);
bool swb__handle_log(void *agent, swb__request *request);

/* files.c */
bool swb__handle_files(void *agent, swb__request *request);
bool swb__handle_file(void *agent, swb__request *request);
bool swb__handle_files_done(void *agent, swb__request *request);
void swb__listing_free(swb__node_agent *agent);

/* agent.c: frees a stopped agent once nothing works for it. */
void swb__node_agent_release(swb__node_agent *agent);

#endif
