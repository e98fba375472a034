/* Before anything starts: can every run of the plan happen in its place? */
#ifndef SWB_RUN_PREFLIGHT_H
#define SWB_RUN_PREFLIGHT_H

#include "base/error.h"
#include "run/runner_state.h"

/* Asks the deployer about the largest run of each mode. As swb_deployer.check(). */
int swb__preflight(const swb_runner *runner, swb_error *error);

#endif
