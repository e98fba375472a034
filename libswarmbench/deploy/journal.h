/* The journal: what a runner has started and made, so that it can be found after kill -9. */
#ifndef SWB_DEPLOY_JOURNAL_H
#define SWB_DEPLOY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <swarmbench/environment.h>

#include "base/error.h"

/*
 * One file for each site, locked (flock) while its runner lives, under
 * $XDG_STATE_HOME/swarmbench (else ~/.local/state/swarmbench, else /var/tmp/swarmbench-UID). Lines:
 *     dir PATH
 *     proc PID START_TICKS BOOT_ID
 *     held NUMBER TEXT           a content on a node that was attached
 *     freed NUMBER               which it has no longer
 *     cluster TEXT               objects in a cluster, for swb__kubernetes_clean()
 */
typedef struct swb__journal swb__journal;

/* SWB_EIO, SWB_ENOMEM. */
int swb__journal_open(swb__journal **out, swb_error *error);
/* `gone`: all that it names is gone, so the file goes too; else it is left for cleaning. Accepts
 * NULL. */
void swb__journal_close(swb__journal *journal, bool gone);

/* Makes a directory (mode 0755) after noting it, and marks it as ours: only what is marked is ever
 * removed by a journal. SWB_EEXIST, SWB_EINVAL (path), SWB_EIO. */
int swb__journal_directory(swb__journal *journal, const char *path, swb_error *error);
/* Removes a directory that was made so; one that is not marked, or not there, is left alone with
 * SWB_ENOENT. Cut short at any point, it can be called again. */
int swb__journal_remove_directory(const char *path, swb_error *error);
/* Notes a process that was started. SWB_ENOENT (it has ended), SWB_EIO. */
int swb__journal_process(swb__journal *journal, pid_t pid, swb_error *error);

/* Notes a content on a node that was attached; a later text of the same number replaces it.
 * SWB_EIO.
 */
int swb__journal_held(swb__journal *journal, size_t number, const char *text, swb_error *error);
int swb__journal_freed(swb__journal *journal, size_t number, swb_error *error);

/* Notes what is about to be made in a cluster. SWB_EINVAL (a line break), SWB_EIO. */
int swb__journal_cluster(swb__journal *journal, const char *text, swb_error *error);

typedef enum swb__clean_how {
    SWB__CLEAN_ALL,
    SWB__CLEAN_DRY,       /* only counts */
    SWB__CLEAN_KEEP_HELD, /* journals that tell of contents on attached nodes stay */
} swb__clean_how;

/* The work behind swb_clean(). `*out` is set also where something could not be removed. */
int swb__journal_clean(swb_clean_report *out, swb__clean_how how, swb_error *error);

/* For these files only: the directory of journals, made where it is missing, and the marking. */
#define SWB__JOURNAL_SUFFIX ".journal"
#define SWB__JOURNAL_BOOT_SIZE 37
bool swb__journal_owns_directory(const char *path);
int swb__journal_folder(char *out, size_t size, swb_error *error);
int swb__journal_boot_id(char out[SWB__JOURNAL_BOOT_SIZE], swb_error *error);

#endif
