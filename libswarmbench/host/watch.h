/* Watching one content file: first byte, progress, completion. */
#ifndef SWB_HOST_WATCH_H
#define SWB_HOST_WATCH_H

#include <swarmbench/sys/deployer.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__watch swb__watch;
typedef void (*swb__watch_fn)(void *argument, const swb_watch_event *event);

/*
 * Watches `directory` for the file `name` (which clients may first give a suffix or put in place by
 * renaming) of `size_bytes`. `begin_ns`: no byte can have come before. The directory must exist.
 * SWB_EIO, SWB_ENOMEM.
 */
int swb__watch_start(swb__watch **out, swb_loop *loop, const char *directory, const char *name,
                     uint64_t size_bytes, int64_t begin_ns, swb__watch_fn function,
                     void *argument, swb_error *error);
/* Stops and frees; accepts NULL. */
void swb__watch_stop(swb__watch *watch);

#endif
