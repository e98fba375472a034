/* The nodes of one run: who they are, before any place is known. */
#ifndef SWB_RUN_SWARM_H
#define SWB_RUN_SWARM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/experiment.h"

typedef struct swb__swarm {
    swb_node_request *requests; /* the service first, where there is one */
    const char **groups;        /* each node's group; borrowed from the experiment */
    char (*names)[64];
    size_t count;
    uint32_t seeders;
} swb__swarm;

/* Makes the swarm of `run`. Options and drivers are borrowed from the plan's experiment.
 * SWB_ENOMEM. */
int swb__swarm_init(swb__swarm *swarm, const swb_plan *plan, const swb_planned_run *run);
void swb__swarm_finish(swb__swarm *swarm);

#endif
