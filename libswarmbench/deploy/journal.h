/* The journal: what a runner has started and made, so that it can be found after kill -9. */
#ifndef SWB_DEPLOY_JOURNAL_H
#define SWB_DEPLOY_JOURNAL_H

#include <sys/types.h>

#include <swarmbench/environment.h>

#include "base/error.h"

/* One file for each runner under $XDG_STATE_HOME/swarmbench (else ~/.local/state/swarmbench), locked
 * (flock) while the runner lives. */
typedef struct swb__journal swb__journal;

int swb__journal_open(swb__journal **out, swb_error *error);
/* Removes the file: all that it names is gone. Accepts NULL. */
void swb__journal_close(swb__journal *journal);
/* Written before the thing is made, so that nothing is missed. */
int swb__journal_directory(swb__journal *journal, const char *path, swb_error *error);
int swb__journal_process(swb__journal *journal, pid_t pid, swb_error *error);

/* The work behind swb_clean(). */
int swb__journal_clean(swb_clean_report *out, int dry_run, swb_error *error);

#endif
