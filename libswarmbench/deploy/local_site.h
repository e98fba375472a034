/* The site of the `local` deployer: what its files share. */
#ifndef SWB_DEPLOY_LOCAL_SITE_H
#define SWB_DEPLOY_LOCAL_SITE_H

#include <stdbool.h>

#include "deploy/addresses.h"
#include "deploy/journal.h"
#include "host/sampler.h"
#include "host/watch.h"
#include "io/loop.h"
#include "io/process.h"

#define LOCAL_STOP_GRACE_NS (UINT64_C(5000) * 1000000)
#define LOCAL_CLOSE_GRACE_NS (UINT64_C(1000) * 1000000)

typedef struct local_site local_site;

/*
 * A call of the contract that is under way. It stands in its node or site, so that its one
 * completion needs no memory: it is queued by swb__local_finish() and made from the loop.
 */
typedef struct local_call {
    swb_done done;
    void *argument;
    bool busy;   /* begun, and its completion not made yet */
    bool queued; /* its result stands */
    int status;
    swb_error error;
    struct local_call *next;
} local_call;

typedef enum local_kind {
    LOCAL_PREPARE,
    LOCAL_START,
    LOCAL_VERIFY, /* or decode */
    LOCAL_FAULT,
    LOCAL_STOP,
    LOCAL_KINDS,
} local_kind;

/* A content on a node. */
typedef struct local_file {
    struct local_node *node;
    swb__watch *watch; /* NULL: not watched */
} local_file;

typedef struct local_node {
    local_site *site;
    const swb_node_request *request;
    const swb__address *address;
    char *home_dir;
    char *content_dir;
    char *outer_dir;       /* a directory outside of the site's own that goes with it; NULL: none */
    swb__watcher *watcher; /* of a file system of its own; NULL: the site's */
    char *log_path;
    char **argv; /* as it was started, for a restart */
    char **environment;
    swb__process *process; /* NULL where it does not run */
    bool asked_to_end;
    bool restart;         /* start it again once it has ended */
    local_file *files;    /* of each content */
    uint64_t *bad_offset; /* where verify() wants it */
    swb_decoded *decoded; /* where decode() wants it */
    char *copy_from;      /* what prepare()'s thread is to do, and what it found */
    char *copy_to;
    int copy_status;
    swb_error copy_error;
    local_call calls[LOCAL_KINDS];
    swb__sampled sampled;
} local_node;

struct local_site {
    swb_loop *loop;
    const swb_site_request *request;
    swb_site_events events;
    uv_async_t wake; /* makes queued completions; closed last */
    local_call *first;
    local_call **last;
    char *directory;
    bool made_directory;
    char *content_dir; /* the one copy of each content, which seeders share */
    char user[16];
    char password[32];
    swb__address *addresses;
    local_node *nodes;
    uint32_t swarm_size;
    swb_torrent **torrents; /* of each content; NULL: not made */
    size_t making_content;
    local_call making;
    swb__journal *journal;
    size_t held; /* contents on attached nodes that the journal tells of */
    swb__watcher *watcher;
    size_t running; /* processes */
    size_t working; /* threads that use the site */
    bool closing;
    local_call closed;
};

/* Notes a call; its kind must not be under way already. */
void swb__local_begin(local_call *call, swb_done done, void *argument);
/* Queues the completion; a call that was cancelled meanwhile keeps that result. `error` may be NULL
 * on SWB_OK. */
void swb__local_finish(local_site *site, local_call *call, int status, const swb_error *error);
/* A thread that used the site, or a process, has ended: goes on with closing where it waits. */
void swb__local_go_on(local_site *site);

/* local_site.c */
int swb__local_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                    const swb_site_events *events, swb_error *error);
void swb__local_close(void *site, swb_done done, void *argument);

/* swb__local_check.c */
int swb__local_check(const swb_site_request *request, swb_error *error);
/* Whether the node is a seeder that serves a file made beforehand. */
bool swb__local_seeds_file(const swb_node_request *request);

/* local_node.c */
void swb__local_start(void *site, size_t node, const swb_launch *launch, swb_done done,
                      void *argument);
void swb__local_stop(void *site, size_t node, swb_done done, void *argument);
void swb__local_fault(void *site, size_t node, swb_fault fault, swb_done done, void *argument);

/* local_content.c */
void swb__local_make_torrent(void *site, size_t content, const char *announce, swb_done done,
                             void *argument);
void swb__local_prepare(void *site, size_t node, size_t content, swb_done done, void *argument);
void swb__local_verify(void *site, size_t node, uint64_t *bad_offset, swb_done done,
                       void *argument);
void swb__local_decode(void *site, size_t node, const uint32_t *parts, swb_decoded *out,
                       swb_done done, void *argument);

int swb__local_watch(void *site, size_t node, size_t content, int64_t begin_ns, swb_error *error);

#endif
