/* The writer's lock: who may write to a results file, and whether someone does. */
#ifndef SWB_STORE_LOCK_H
#define SWB_STORE_LOCK_H

#include <stdbool.h>

#include "base/error.h"

/*
 * An open-file-description lock on PATH-writer, a file that lives beside the database as its -wal
 * does: the kernel frees it when the process ends, however that happens. It is not taken on the
 * database itself, since closing any descriptor of that drops the locks SQLite has on it.
 */
typedef struct swb__lock {
    int fd; /* -1: not held */
    char path[4096];
} swb__lock;

#define SWB__LOCK_INIT                                                                             \
    {                                                                                              \
        -1,                                                                                        \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Takes the lock of the database at `path` without waiting. SWB_EBUSY (the message names the
 * process that has it), SWB_EIO. */
int swb__lock_take(swb__lock *lock, const char *path, swb_error *error);
/* Gives it back and removes its file; nothing where it is not held. */
void swb__lock_give(swb__lock *lock);
/* Does anyone hold it? */
bool swb__lock_held(const char *path);

#endif
