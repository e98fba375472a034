#include "host/clock_offset.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

swb__offset swb__offset_of(int64_t sent_ns, int64_t other_ns, int64_t received_ns)
{
    int64_t trip_ns = received_ns - sent_ns;
    return (swb__offset){
        .at_ns = other_ns,
        .offset_ns = other_ns - (sent_ns + trip_ns / 2),
        .error_ns = (trip_ns + 1) / 2,
    };
}

swb__offset swb__offset_better(swb__offset a, swb__offset b)
{
    return b.error_ns < a.error_ns ? b : a;
}

void swb__clock_offset_add(swb__clock_offset *clock, swb__offset best)
{
    if (!clock->known) {
        clock->first = best;
    }
    clock->last = best;
    clock->known = true;
}

double swb__clock_offset_drift(double *error_out, const swb__clock_offset *clock)
{
    static const double most = SWB__DRIFT_MAX_PPM * 1e3; /* ns a second */
    const swb__offset *first = &clock->first;
    const swb__offset *last = &clock->last;
    double seconds = (double)(last->at_ns - first->at_ns) / (double)SWB__NS_PER_S;
    double error = seconds > 0 ? (double)(first->error_ns + last->error_ns) / seconds : most;
    /* Until the two lie far enough apart, they tell less than what is known of all clocks. */
    if (error >= most) {
        *error_out = most;
        return 0;
    }
    *error_out = error;
    return (double)(last->offset_ns - first->offset_ns) / seconds;
}

/* Offset and its error at a moment of the other clock. */
static int64_t offset_at(int64_t *error_out, const swb__clock_offset *clock, int64_t other_ns)
{
    double drift_error;
    double drift = swb__clock_offset_drift(&drift_error, clock);
    double seconds = (double)(other_ns - clock->last.at_ns) / (double)SWB__NS_PER_S;
    *error_out = clock->last.error_ns + (int64_t)ceil(fabs(seconds) * drift_error);
    return clock->last.offset_ns + (int64_t)llround(seconds * drift);
}

void swb__clock_offset_to_ours(int64_t *lo_out, int64_t *hi_out, const swb__clock_offset *clock,
                               int64_t other_ns)
{
    int64_t error_ns;
    int64_t ours_ns = other_ns - offset_at(&error_ns, clock, other_ns);
    *lo_out = ours_ns - error_ns;
    *hi_out = ours_ns + error_ns;
}

int64_t swb__clock_offset_to_other(const swb__clock_offset *clock, int64_t our_ns)
{
    int64_t error_ns;
    int64_t other_ns = our_ns + clock->last.offset_ns;
    return our_ns + offset_at(&error_ns, clock, other_ns) - error_ns;
}
