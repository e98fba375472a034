/* Running a loop until something has happened, for tests. */
#ifndef SWB_TESTS_LOOP_UNTIL_H
#define SWB_TESTS_LOOP_UNTIL_H

#include <stdbool.h>

#include "base/clock.h"
#include "io/loop.h"

/* Runs the loop until `*flag` or for `limit_ms`; returns `*flag`. */
static inline bool loop_until(swb_loop *loop, const bool *flag, int limit_ms)
{
    int64_t end_ns = swb__clock_ns() + limit_ms * SWB__NS_PER_MS;
    while (!*flag && swb__clock_ns() < end_ns) {
        swb__loop_step(loop, 5);
    }
    return *flag;
}

/* Runs the loop for a time. */
static inline void loop_for(swb_loop *loop, int time_ms)
{
    const bool never = false;
    loop_until(loop, &never, time_ms);
}

#endif
