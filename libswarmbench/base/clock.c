#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * SWB__NS_PER_S + now.tv_nsec;
}

int64_t swb__clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t swb__wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t swb__wall_to_clock_ns(int64_t wall_ns)
{
    return wall_ns - (swb__wall_ns() - swb__clock_ns());
}
