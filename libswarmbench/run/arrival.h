/* When leechers arrive: offsets from the run's intended start. */
#ifndef SWB_RUN_ARRIVAL_H
#define SWB_RUN_ARRIVAL_H

#include <stddef.h>
#include <stdint.h>

#include "spec/settings.h"

/* Fills `offsets_ns[0..count)`, ascending, the first 0. The same seed gives the same offsets. */
void swb__arrival_offsets(int64_t *offsets_ns, size_t count, const swb__settings *settings,
                          uint64_t seed);

#endif
