/* What a run puts on nodes that it did not start: noted before it is there, removed at the end. */
#ifndef SWB_RUN_HOLDINGS_H
#define SWB_RUN_HOLDINGS_H

#include <stddef.h>

#include <swarmbench/sys/driver.h>

#include "base/error.h"

struct swb__execution;
struct swb__channel;
struct swb__holding;

/* Zeroed: none. */
typedef struct swb__holdings {
    struct swb__holding **items;
    size_t count;
    size_t left; /* to be removed */
    int64_t deadline_ns;
    void (*done)(struct swb__execution *execution);
} swb__holdings;

/* The operation is about to be called: where it gives an attached node a content, that is noted.
 * SWB_ENOMEM, or as swb_deployer.holds(). */
int swb__holdings_note(struct swb__channel *channel, swb_operation operation, const char *handle,
                       swb_error *error);
/* An operation succeeded: the content may have got a name, or be whole. */
void swb__holdings_learn(struct swb__channel *channel, swb_operation operation,
                         const swb_result *result);

/* Has the nodes remove it all, within limits.teardown, then calls `done`; what stays is told as a
 * warning. The nodes' other clients must be gone. May call `done` from within. */
void swb__holdings_remove(struct swb__execution *execution,
                          void (*done)(struct swb__execution *execution));

void swb__holdings_finish(swb__holdings *holdings);

#endif
