/* The nodes of one run: who they are, before any place is known. */
#ifndef SWB_RUN_SWARM_H
#define SWB_RUN_SWARM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/experiment.h"

typedef struct swb__swarm {
    swb_node_request *requests; /* the tracker first, where there is one; those beside last */
    const char **groups;        /* each node's group; borrowed from the experiment */
    char (*names)[64];
    uint32_t *numbers; /* each node's in its group, from 0 */
    uint32_t *beside;  /* of a node beside the swarm: its group there; else UINT32_MAX */
    size_t count;
    uint32_t seeders;
} swb__swarm;

/* Makes the swarm of `run`. Options and drivers are borrowed from the plan's experiment.
 * SWB_ENOMEM. */
int swb__swarm_init(swb__swarm *swarm, const swb_plan *plan, const swb_planned_run *run);
/* The options of the place where it is the one that the experiment names; else NULL. */
const swb_option_value *swb__site_options(const swb_deployer *deployer, const swb_plan *plan);
void swb__swarm_finish(swb__swarm *swarm);

#endif
