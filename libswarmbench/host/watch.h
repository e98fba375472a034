/* Watching content files: first byte, progress, completion. */
#ifndef SWB_HOST_WATCH_H
#define SWB_HOST_WATCH_H

#include <swarmbench/sys/deployer.h>

#include "base/error.h"
#include "io/loop.h"

/* The watches of one place: they share a timer, so that many files cost little more than one. */
typedef struct swb__watcher swb__watcher;
typedef struct swb__watch swb__watch;
typedef void (*swb__watch_fn)(void *argument, const swb_watch_event *event);

/* `directory` lies on the file system of the files to be watched: whether that tells allocated
 * blocks and holes truly is tried here, and where it does not, watches stay silent. SWB_ENOMEM,
 * SWB_EIO. */
int swb__watcher_create(swb__watcher **out, swb_loop *loop, const char *directory,
                        swb_error *error);
/* Stops its watches too. Accepts NULL. */
void swb__watcher_destroy(swb__watcher *watcher);

/*
 * Watches `directory` for the file `name` (which clients may first give a suffix or put in place by
 * renaming) of `size_bytes`. `begin_ns`: no byte can have come before. The directory must exist.
 * Nothing is told of a file whose space was reserved beforehand: its blocks tell nothing.
 * `function` may stop the watch. SWB_ENOENT, SWB_EIO, SWB_ENOMEM.
 */
int swb__watch_start(swb__watch **out, swb__watcher *watcher, const char *directory,
                     const char *name, uint64_t size_bytes, int64_t begin_ns,
                     swb__watch_fn function, void *argument, swb_error *error);
/* Stops and frees; accepts NULL. */
void swb__watch_stop(swb__watch *watch);

#endif
