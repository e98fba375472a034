/* inotify on the loop: raw events, with the moment before which they cannot have happened. */
#ifndef SWB_IO_NOTIFY_H
#define SWB_IO_NOTIFY_H

#include <stdint.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__notify swb__notify;

/* `mask`: IN_* bits; `name`: the entry within the directory, "" for the watched path itself. `now`:
 * when the event was read. IN_Q_OVERFLOW is told too, with name "". */
typedef void (*swb__notify_fn)(void *argument, uint32_t mask, const char *name, int64_t now_ns);

/* Watches a directory or file for the events in `mask`. Owned by the caller. SWB_ENOENT, SWB_EIO
 * (with the limit to raise where fs.inotify limits are reached), SWB_ENOMEM. */
int swb__notify_start(swb__notify **out, swb_loop *loop, const char *path, uint32_t mask,
                      swb__notify_fn function, void *argument, swb_error *error);
/* Stops and frees; accepts NULL. May be called from the function. */
void swb__notify_stop(swb__notify *notify);

#endif
