/* A node of a mode, started before the first run to ask what only a running one can tell. */
#ifndef SWB_RUN_TRIAL_H
#define SWB_RUN_TRIAL_H

#include "run/runner_state.h"

/* Whether the clients of a mode that is to be coded by them can do that: starts a seeder of each of
 * its groups in turn, asks it, and ends it again. Blocks for as long as that takes.
 * SWB_EUNSUPPORTED (the message says what the node is and what it would need), or why no node could
 * be asked. */
int swb__trial_of_coding(const swb_runner *runner, uint32_t mode, uint64_t cell, swb_error *error);

#endif
