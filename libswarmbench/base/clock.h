/* Clocks: the monotonic one that everything is measured on, and the wall clock for labels. */
#ifndef SWB_BASE_CLOCK_H
#define SWB_BASE_CLOCK_H

#include <stdint.h>

#define SWB__NS_PER_S INT64_C(1000000000)
#define SWB__NS_PER_MS INT64_C(1000000)

/* CLOCK_MONOTONIC in ns. */
int64_t swb__clock_ns(void);

/* CLOCK_REALTIME in ns since 1970-01-01T00:00:00Z; never used to measure. */
int64_t swb__wall_ns(void);

/* Puts a moment of the wall clock on the monotonic one, as both stand now. */
int64_t swb__wall_to_clock_ns(int64_t wall_ns);

#endif
