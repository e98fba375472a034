/* The observer's own effect: CPU and memory of this process during a run. */
#ifndef SWB_RUN_COST_H
#define SWB_RUN_COST_H

#include <stdbool.h>

#include "measure/observation.h"

typedef struct swb__cost {
    uint64_t cpu_begin_ns;
    uint64_t leech_cpu_ns; /* at the start of the measured part */
    int64_t leech_begin_ns;
    bool leeching;
    swb__harness_cost total;
} swb__cost;

void swb__cost_begin(swb__cost *cost);
/* The measured part begins and ends; a call that changes nothing is fine. */
void swb__cost_leech(swb__cost *cost, bool leeching);
void swb__cost_end(swb__cost *cost);

#endif
