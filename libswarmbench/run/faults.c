#include "run/faults.h"

#include <math.h>

void swb__faults_init(swb__faults *faults, uint64_t seed)
{
    for (size_t i = 0; i < SWB__FAULTS_MAX; i++) {
        faults->fired[i] = false;
        faults->undo_ns[i] = INT64_MAX;
    }
    swb__random_init(&faults->random, swb__random_derive(seed, "faults", 0));
}

int swb__faults_due(swb__faults *faults, const swb__settings *settings, int64_t elapsed_ns,
                    double fraction)
{
    for (size_t i = 0; i < settings->fault_count; i++) {
        const swb__fault_plan *plan = &settings->faults[i];
        bool due = plan->at_fraction >= 0 ? fraction >= plan->at_fraction
                                          : elapsed_ns >= (int64_t)plan->at_ns;
        if (due && !faults->fired[i]) {
            faults->fired[i] = true;
            if (plan->for_ns > 0) {
                faults->undo_ns[i] = elapsed_ns + (int64_t)plan->for_ns;
            }
            return (int)i;
        }
    }
    return -1;
}

int64_t swb__faults_next_ns(const swb__faults *faults, const swb__settings *settings)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < settings->fault_count; i++) {
        const swb__fault_plan *plan = &settings->faults[i];
        bool by_time = plan->at_fraction < 0 && !faults->fired[i];
        int64_t at = by_time ? (int64_t)plan->at_ns : faults->undo_ns[i];
        next = at < next ? at : next;
    }
    return next;
}

size_t swb__faults_choose(swb__faults *faults, const swb__settings *settings, int row,
                          uint32_t *candidates, size_t count)
{
    const swb__fault_plan *plan = &settings->faults[row];
    size_t wanted = plan->count > 0 ? plan->count : (size_t)llround(plan->fraction * (double)count);
    swb__random_shuffle(&faults->random, candidates, count);
    return wanted < count ? wanted : count;
}
