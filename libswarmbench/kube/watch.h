/* A kind of objects followed: listed once, then told as it changes; gone on with after a break. */
#ifndef SWB_KUBE_WATCH_H
#define SWB_KUBE_WATCH_H

#include "kube/client.h"

typedef struct swb__kube_watch swb__kube_watch;

/* All from the loop, where calls may be made and the watch may be stopped. */
typedef struct swb__kube_watch_events {
    /* A list begins: what is not told again until listed() does not exist any more. At first, and
     * whenever changes were missed. */
    void (*listing)(void *argument);
    /* SWB__KUBE_ADDED, also of what a list tells, MODIFIED, DELETED. Borrowed until return. */
    void (*changed)(void *argument, swb__kube_change change, const cJSON *object);
    void (*listed)(void *argument);
    /* It has ended for good; the one last event. SWB_EAUTH, SWB_ENOENT, SWB_EINPUT; or what keeps
     * it from going on, for `patience_ns`: SWB_ECONNECT, ... */
    void (*failed)(void *argument, int status, const swb_error *error);
    void *argument;
} swb__kube_watch_events;

typedef struct swb__kube_watch_options {
    const swb__kube_resource *resource; /* borrowed for its life */
    const char *name_space;             /* copied; NULL: all */
    const char *selector;               /* copied; NULL: all */
    unsigned page;                      /* objects of a page of a list; 0: 500 */
    uint64_t patience_ns;               /* without the server; 0: two minutes */
} swb__kube_watch_options;

/* SWB_ENOMEM, SWB_EINVAL. */
int swb__kube_watch_start(swb__kube_watch **out, swb__kube_client *client,
                          const swb__kube_watch_options *options,
                          const swb__kube_watch_events *events, swb_error *error);
/* No event comes any more. Accepts NULL. */
void swb__kube_watch_stop(swb__kube_watch *watch);

#endif
