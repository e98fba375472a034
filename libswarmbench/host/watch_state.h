/* Inside a watch: for watch.c and watch_look.c only. */
#ifndef SWB_HOST_WATCH_STATE_H
#define SWB_HOST_WATCH_STATE_H

#include <stdbool.h>

#include "host/watch.h"
#include "io/notify.h"

typedef enum swb__watch_phase {
    SWB__WATCH_ABSENT,  /* no file yet */
    SWB__WATCH_EMPTY,   /* a file without a byte */
    SWB__WATCH_FILLING, /* its first byte was told */
    SWB__WATCH_ENDED,   /* all was told, or nothing can be */
} swb__watch_phase;

struct swb__watcher {
    swb_loop *loop;
    uv_timer_t timer; /* closed last: its callback frees the watcher */
    swb__watch *watches;
    size_t watch_count;
    int64_t due_ns; /* of the timer; INT64_MAX: not armed */
    bool usable;    /* the file system tells the truth */
    bool telling;   /* a watch's function may be on the stack: freeing must wait */
    bool destroyed;
};

struct swb__watch {
    swb__watcher *watcher;
    swb__watch *next;
    swb__notify *notify;
    swb__watch_fn function;
    void *argument;
    char *directory;
    char *name;
    uint64_t size_bytes;
    int64_t begin_ns;
    swb__watch_phase phase;
    bool stopped;
    int fd;
    int64_t known_ns;    /* what is awaited had not happened then */
    int64_t since_ns;    /* when the present wait began */
    int64_t due_ns;      /* the next look; INT64_MAX: none */
    uint64_t bytes;      /* at the last look */
    uint64_t hole;       /* no hole before this offset */
    bool wants_scan;     /* blocks enough for the whole are there: look for holes */
    uint64_t full_bytes; /* as many were there ... */
    int64_t full_ns;     /* ... at this moment */
    swb_source full_source;
    uint64_t told;       /* percent */
    double bytes_per_ns; /* how fast it grew lately; never 0 */
};

/* Looks at the watch's file, tells what is new, and says when to look next. `source`: what made us
 * look; `closed`: a writer closed the file. */
void swb__watch_look(swb__watch *watch, swb_source source, bool closed);
/* Looks for the holes of one file that may be whole. One at a time, the longest waiting first: the
 * looks at other files must go on meanwhile. */
void swb__watch_scan_one(swb__watcher *watcher);
/* Looks no more. */
void swb__watch_end(swb__watch *watch);

#endif
