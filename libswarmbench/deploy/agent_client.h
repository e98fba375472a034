/*
 * The client of swarmbench-agent: what a deployer asks of the agent that stands beside a node.
 *
 * Each call that returns SWB_OK ends in exactly one completion, from the loop, never from within
 * the call; also when the client is closed meanwhile (SWB_ECANCELED). A call that returns a failure
 * has no completion. Errors name the agent. What `done` gets is borrowed until it returns.
 *
 * Completions tell: SWB_ECONNECT, SWB_ETIMEDOUT, SWB_ETRUNCATED (no reply), SWB_EAUTH (token),
 * SWB_EPROTO (this is no agent), SWB_ECANCELED, SWB_ENOMEM, or what the agent says, which is listed
 * at each call.
 */
#ifndef SWB_DEPLOY_AGENT_CLIENT_H
#define SWB_DEPLOY_AGENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include <swarmbench/content.h>
#include <swarmbench/sys/deployer.h>

#include "base/error.h"
#include "host/clock_offset.h"
#include "host/content_spec.h"
#include "io/http.h"
#include "io/loop.h"

typedef struct swb__agent swb__agent;

/* Copied, but `http`. */
typedef struct swb__agent_options {
    const char *name; /* of the node, for messages */
    /* "http://10.1.2.3:9191"; may have a path, which then stands before each of the agent's. */
    const char *base_url;
    const char *token; /* sent as X-Swarmbench-Token: a proxy may need Authorization for itself */
    /* Its headers are sent with each request, as a proxy may want them. Borrowed for the agent's
     * life, and read anew each time: they may change meanwhile. NULL: none. */
    const struct swb__http_access *access;
    /* Used instead of a client of its own, and not destroyed; it must outlive this. Then `base_url`
     * is only what stands behind the scheme, host and port of that client: a path such as
     * "/api/v1/namespaces/NS/pods/POD:9191/proxy", or "". */
    swb__http_client *http;
} swb__agent_options;

/* SWB_EINVAL, SWB_ENOMEM. */
int swb__agent_create(swb__agent **out, swb_loop *loop, const swb__agent_options *options,
                      swb_error *error);
/* Cancels what is under way, stops the events, then calls `closed` (may be NULL), soon; by then
 * every completion was made. The agent and its node go on. Accepts NULL: then `closed` is not
 * called. */
void swb__agent_close(swb__agent *agent, void (*closed)(void *argument), void *argument);

/* Waits until the agent answers and is of a version that this client can talk to. SWB_ETIMEDOUT
 * after `deadline_ns` from now. SWB_EUNSUPPORTED (version). */
int swb__agent_ready(swb__agent *agent, uint64_t deadline_ns, swb_done done, void *argument,
                     swb_error *error);

/* Estimates the offset of the agent's monotonic clock by a series of round trips. Wanted once
 * before watch() and sample(), and once more at the end of the measuring, so that the drift is
 * known; while events are listened to, it is repeated now and then by itself. */
int swb__agent_synchronize(swb__agent *agent, swb_done done, void *argument, swb_error *error);
/* What is known of the agent's clock; borrowed. `known` is false before synchronize() is done. */
const swb__clock_offset *swb__agent_clock(const swb__agent *agent);

/* Makes the content's file in content_dir: whole, or an erasure part. SWB_EINVAL, SWB_ENOSPACE,
 * SWB_EUNSUPPORTED (the agent lacks ISA-L), SWB_EIO. */
int swb__agent_prepare(swb__agent *agent, const swb__content_spec *content, swb_done done,
                       void *argument, swb_error *error);

/* `torrent` is moved to the callee, NULL on failure. */
typedef void (*swb__agent_torrent_done)(void *argument, int status, swb_torrent *torrent,
                                        const swb_error *error);
/* Makes the torrent there, and the file in the same pass where `write_file`. As prepare(). */
int swb__agent_make_torrent(swb__agent *agent, const swb__content_spec *content,
                            const char *announce, bool write_file, swb__agent_torrent_done done,
                            void *argument, swb_error *error);

/* Writes the launch's files and has the node started. `launch` is borrowed until this returns.
 * SWB_EBUSY (it runs already), SWB_ENOENT (no such program), SWB_EINVAL (a path that leaves
 * home_dir), SWB_EIO, SWB_ENOSPACE, SWB_ETIMEDOUT (no launcher answers). */
int swb__agent_start(swb__agent *agent, const swb_launch *launch, swb_done done, void *argument,
                     swb_error *error);
/* Kills the node where it runs, and starts it again as it was started last. SWB_ENOENT (it never
 * was), else as start(). */
int swb__agent_restart(swb__agent *agent, swb_done done, void *argument, swb_error *error);
/* Sends a signal to the node's process group: SIGTERM, SIGKILL, SIGSTOP, SIGCONT, SIGINT, SIGHUP,
 * SIGUSR1, SIGUSR2. SWB_ENOENT where it does not run. */
int swb__agent_signal(swb__agent *agent, int signal, swb_done done, void *argument,
                      swb_error *error);
/* SIGTERM, SIGKILL after `grace_ns` (at most a minute); done once it is gone, SWB_OK too where it
 * does not run. */
int swb__agent_stop(swb__agent *agent, uint64_t grace_ns, swb_done done, void *argument,
                    swb_error *error);

typedef enum swb__node_run {
    SWB__NODE_IDLE = 0, /* never started */
    SWB__NODE_RUNNING = 1,
    SWB__NODE_EXITED = 2,
    SWB__NODE_NO_LAUNCHER = 3, /* the launcher has not reported yet */
} swb__node_run;

typedef struct swb__agent_node {
    swb__node_run run;
    uint64_t starts; /* counts from 1 */
    int exit_code;   /* of EXITED */
    int signal;      /* or 0 */
} swb__agent_node;

/* `node` is NULL on failure. */
typedef void (*swb__agent_node_done)(void *argument, int status, const swb__agent_node *node,
                                     const swb_error *error);
int swb__agent_state(swb__agent *agent, swb__agent_node_done done, void *argument,
                     swb_error *error);

/* What the agent tells unasked, in order, each once, also when the connection breaks. */
typedef struct swb__agent_events {
    /* `name`: of the file, as given to watch(). Times are on our clock, widened by its error. */
    void (*watched)(void *argument, const char *name, const swb_watch_event *event);
    /* The node ended. `asked`: because of a stop(), a restart() or a deadly signal of ours.
     * `tail`: its last log lines. */
    void (*exited)(void *argument, bool asked, int exit_code, int signal, const char *tail);
    /* Events are lost, and no more will come: the agent was not reached for a minute
     * (SWB_ECONNECT, SWB_ETIMEDOUT, ...), refuses (SWB_EAUTH), or was restarted (SWB_EREMOTE). */
    void (*lost)(void *argument, int status, const swb_error *error);
    void *argument;
} swb__agent_events;

/* Begins to listen, once; until close(). SWB_EINVAL (the clock is not known yet, or it listens
 * already), SWB_ENOMEM. */
int swb__agent_listen(swb__agent *agent, const swb__agent_events *events, swb_error *error);

/* Watches the content's file from now on; tells by events.watched. `begin_ns` of our clock: no byte
 * can have come before. Several files can be watched. A watch of the same file before this is
 * stopped, but what it told may still be on its way. SWB_EBUSY (too many). */
int swb__agent_watch(swb__agent *agent, const swb__content_spec *content, int64_t begin_ns,
                     swb_done done, void *argument, swb_error *error);

/* `bad_offset` counts on SWB_EMISMATCH only. */
typedef void (*swb__agent_verify_done)(void *argument, int status, uint64_t bad_offset,
                                       const swb_error *error);
/* Verifies every byte of the content's file. SWB_EMISMATCH, SWB_ENOENT, SWB_EIO. */
int swb__agent_verify(swb__agent *agent, const swb__content_spec *content,
                      swb__agent_verify_done done, void *argument, swb_error *error);

/* A file that holds a part of erasure-coded content. */
typedef struct swb__agent_part {
    uint32_t part;
    const char *name; /* of the file in content_dir */
} swb__agent_part;

/* `decoded` counts on SWB_OK and SWB_EMISMATCH only. */
typedef void (*swb__agent_decode_done)(void *argument, int status, const swb_decoded *decoded,
                                       const swb_error *error);
/* Decodes the whole content from the files of `content->data_parts` parts (`content->name` and
 * `part` do not matter) and verifies every byte, without a copy of it. Statuses as
 * swb_erasure_verify_files(). */
int swb__agent_decode(swb__agent *agent, const swb__content_spec *content,
                      const swb__agent_part *parts, swb__agent_decode_done done, void *argument,
                      swb_error *error);

/* `sample` is NULL on failure; its time is on our clock. */
typedef void (*swb__agent_sample_done)(void *argument, int status, const swb_sample *sample,
                                       const swb_error *error);
/* SWB_ENOENT where the node does not run, SWB_EINVAL before the clock is known. */
int swb__agent_sample(swb__agent *agent, swb__agent_sample_done done, void *argument,
                      swb_error *error);

/* Writes the node's whole log to a new file at `path`. SWB_ENOENT where there is none yet. */
int swb__agent_log(swb__agent *agent, const char *path, swb_done done, void *argument,
                   swb_error *error);

/* `files`: an array of {path, bytes, sha256}, bytes a decimal string; NULL on failure. */
typedef void (*swb__agent_files_done)(void *argument, int status, const cJSON *files,
                                      const swb_error *error);
/* The files below the agent's root that are not a node's. */
int swb__agent_files(swb__agent *agent, swb__agent_files_done done, void *argument,
                     swb_error *error);
/* Writes one of them to a new file at `path`. SWB_ENOENT. */
int swb__agent_file(swb__agent *agent, const char *name, const char *path, swb_done done,
                    void *argument, swb_error *error);

/* Tells it that they were fetched: it need not wait for that before it ends. */
int swb__agent_files_fetched(swb__agent *agent, swb_done done, void *argument, swb_error *error);

/* `text` is NULL on failure. */
typedef void (*swb__agent_tail_done)(void *argument, int status, const char *text,
                                     const swb_error *error);
/* The last `bytes` (at most 1 MiB) of the log. */
int swb__agent_tail(swb__agent *agent, size_t bytes, swb__agent_tail_done done, void *argument,
                    swb_error *error);

#endif
