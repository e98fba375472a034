/* A runner whose work is done by one in a cluster: its events are passed on. */
#ifndef SWB_RUN_AWAY_H
#define SWB_RUN_AWAY_H

#include "run/runner_state.h"

/* Whether the place, its options and where we are ask for it. */
bool swb__away_is_wanted(const swb_runner *runner);
/* Statuses as swb_runner_create(). */
int swb__away_create(swb_runner *runner, const swb_runner_options *options, swb_error *error);
void swb__away_stop(swb_runner *runner);
void swb__away_detach(swb_runner *runner);
/* Leaves it. */
void swb__away_destroy(swb_runner *runner);

#endif
