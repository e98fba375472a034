/* What runners that died have left is removed before anything is looked at or measured. */
#ifndef SWB_RUN_RECOVER_H
#define SWB_RUN_RECOVER_H

#include "run/runner_state.h"

/* A killed runner may have left a process that gave up its parent-death signal when it changed its
 * user, as a tracker started by root does: it would take CPU from what is measured; what is in a
 * cluster counts in its quota. Told by warnings; waits for a cluster as long as its close_timeout.
 */
void swb__recover(swb_runner *runner);

#endif
