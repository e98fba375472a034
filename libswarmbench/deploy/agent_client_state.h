/* What the files of the agent's client share. */
#ifndef SWB_DEPLOY_AGENT_CLIENT_STATE_H
#define SWB_DEPLOY_AGENT_CLIENT_STATE_H

#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "deploy/agent_client.h"

typedef struct swb__agent_call swb__agent_call;

/* Goes on with a reply that came as it should (`json` is NULL where a raw one was wanted), or ends
 * the call. */
typedef void (*swb__agent_step)(swb__agent_call *call, const cJSON *json,
                                const swb__http_reply *reply);

/* A call under way: one or several requests, and waits between them. */
struct swb__agent_call {
    swb__agent *agent;
    swb__http_transfer *transfer; /* NULL while it waits */
    swb__timer *timer;            /* NULL while a request is under way */
    char method[8];
    char path[128];
    swb__agent_step step;
    void (*failed)(swb__agent_call *call, int status, const swb_error *error);
    void (*resume)(swb__agent_call *call);                                   /* after a wait */
    void (*tell)(swb__agent_call *call, int status, const swb_error *error); /* the completion */
    union {
        swb_done plain;
        swb__agent_torrent_done torrent;
        swb__agent_node_done node;
        swb__agent_verify_done verify;
        swb__agent_decode_done decode;
        swb__agent_sample_done sample;
        swb__agent_tail_done tail;
        swb__agent_files_done files;
    } done;
    void *argument;

    int64_t deadline_ns; /* of ready(); of a job, when its last sign of life is too long ago */
    uint64_t job;
    unsigned rounds;
    swb__offset best;
    bool raw;
    int file; /* of log() and file() */
    char *file_path;
    swb_torrent *torrent;
    uint64_t bad_offset;
    int64_t decode_ns;
    LIST_ENTRY(swb__agent_call) link;
};

struct swb__agent {
    swb_loop *loop;
    char *name;
    char *prefix;
    swb__http_client *http;
    bool owns_http;
    char *token;
    const struct swb__http_access *access; /* or NULL */
    LIST_HEAD(, swb__agent_call) calls;
    bool closing;
    void (*closed)(void *argument);
    void *closed_argument;
    uv_timer_t handle; /* closed last: `closed` comes from the loop */

    swb__clock_offset clock;
    swb__timer *resync;

    bool listens;
    swb__agent_events events;
    uint64_t instance; /* of the agent that is heard; 0: none yet */
    uint64_t last_event;
    int64_t heard_ns;
    int64_t retry_ns;
    int64_t begin_ns; /* the earliest of the watches; 0: none */
};

/* Makes a call; NULL: no memory, or the agent is being closed, which `error` tells. */
swb__agent_call *swb__agent_call_new(swb__agent *agent,
                                     void (*tell)(swb__agent_call *call, int status,
                                                  const swb_error *error),
                                     void *argument, swb_error *error);
/* Sends its next request; `body` is moved, NULL: none. On failure the call is as before. */
int swb__agent_call_send(swb__agent_call *call, const char *method, const char *path, cJSON *body,
                         uint64_t deadline_ns, swb__agent_step step, swb_error *error);
/* The same for a call's first request: on failure the call is gone. */
int swb__agent_call_begin(swb__agent_call *call, const char *method, const char *path, cJSON *body,
                          uint64_t deadline_ns, swb__agent_step step, swb_error *error);
/* The same within a call that is under way: on failure the call ends. */
void swb__agent_call_go_on(swb__agent_call *call, const char *method, const char *path,
                           uint64_t deadline_ns, swb__agent_step step);
/* Calls `resume` after a while. */
void swb__agent_call_wait(swb__agent_call *call, int64_t delay_ns,
                          void (*resume)(swb__agent_call *call));
/* Ends the call: its completion, then it is freed. */
void swb__agent_call_end(swb__agent_call *call, int status, const swb_error *error);
/* Frees a call that was not begun; it has no completion. */
void swb__agent_call_drop(swb__agent_call *call);
/* Ends it as malformed. */
void swb__agent_call_malformed(swb__agent_call *call);
/* A completion that has only a status. */
void swb__agent_tell_plain(swb__agent_call *call, int status, const swb_error *error);

#endif
