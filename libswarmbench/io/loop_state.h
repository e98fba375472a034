/* What the files of io/ share of the loop; private to this folder. */
#ifndef SWB_IO_LOOP_STATE_H
#define SWB_IO_LOOP_STATE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "io/loop.h"

/* A call put off to the loop's next round. Part of what it is about, so that it cannot fail. */
struct swb__deferred {
    void (*function)(void *argument);
    void *argument;
    bool queued;
    TAILQ_ENTRY(swb__deferred) link;
};

struct swb__post;
struct swb__multi_entry;
struct swb__inotify;

struct swb_loop {
    uv_loop_t uv;
    unsigned owned;  /* objects opened on the loop and not yet closed by their owners */
    uv_timer_t wait; /* bounds swb__loop_step() */

    uv_idle_t idle; /* active while something is deferred */
    TAILQ_HEAD(, swb__deferred) deferred;

    uv_async_t wake;
    uv_mutex_t lock; /* guards `posts` */
    STAILQ_HEAD(, swb__post) posts;

    CURLM *multi;
    uv_timer_t multi_timer;
    LIST_HEAD(, swb__multi_entry) entries;

    struct swb__inotify *inotify; /* NULL while nothing is watched */
};

/* Calls `function` in the next round, once; does nothing where it is queued already. */
void swb__loop_defer(swb_loop *loop, struct swb__deferred *deferred,
                     void (*function)(void *argument), void *argument);
void swb__loop_undefer(swb_loop *loop, struct swb__deferred *deferred);

/* Runs what was posted so far; true where there was something. */
bool swb__loop_run_posts(swb_loop *loop);

/* Watches a descriptor, which stays the caller's. `events`: UV_READABLE, UV_WRITABLE. */
typedef void (*swb__poll_fn)(void *argument, int fd, int events);
struct swb__poll {
    uv_poll_t uv;
    int fd;
    int events; /* that are waited for */
    swb__poll_fn ready;
    void *argument;
};
/* NULL where memory or the kernel refuses. */
struct swb__poll *swb__poll_open(swb_loop *loop, int fd, swb__poll_fn ready, void *argument);
void swb__poll_set(struct swb__poll *poll, int events);
/* Its memory goes later by itself. Accepts NULL. */
void swb__poll_close(struct swb__poll *poll);

#endif
