/* Content that streams in: verified as it arrives, not kept, and its moments told. */
#ifndef SWB_RUN_INTAKE_H
#define SWB_RUN_INTAKE_H

#include <stdbool.h>

#include <swarmbench/content.h>
#include <swarmbench/sys/deployer.h>

#include "io/loop.h"

/* What is told, from the loop and never from within the functions below but swb__intake_end(). Any
 * member may be NULL. */
typedef struct swb__intake_events {
    void (*accepted)(void *argument, int64_t at_ns);               /* the node began its reply */
    void (*watched)(void *argument, const swb_watch_event *event); /* source STREAM */
} swb__intake_events;

/* First byte, 100 steps of progress, the end, and one more step by time. */
#define SWB__INTAKE_TOLD_MAX 103

/* Zeroed memory is an intake of nothing. */
typedef struct swb__intake {
    swb_loop *loop;
    const swb_content *content;
    swb__intake_events events;
    void *argument;
    uint64_t bytes;      /* verified so far */
    uint64_t bad_offset; /* the first byte that differs; UINT64_MAX: none */
    int64_t seen_ns;     /* of the last bytes, or of the reply's beginning */
    int64_t noted_ns;    /* of the last progress that was noted */
    bool accepted;       /* to be told */
    int64_t accepted_ns;
    swb_watch_event noted[SWB__INTAKE_TOLD_MAX]; /* to be told */
    size_t noted_count;
    swb__timer *timer;
} swb__intake;

/* Content and argument are borrowed until swb__intake_end(). */
void swb__intake_begin(swb__intake *intake, swb_loop *loop, const swb_content *content,
                       const swb__intake_events *events, void *argument);
/* The reply begins, no byte of the content is there yet. */
void swb__intake_accept(swb__intake *intake);
/* The next bytes. SWB_OK, SWB_EMISMATCH (they are not the content's, or more than there should be),
 * SWB_ENOMEM. */
int swb__intake_take(swb__intake *intake, const void *bytes, size_t length);
/* Tells what is left to tell. May be called where nothing was begun. */
void swb__intake_end(swb__intake *intake);

#endif
