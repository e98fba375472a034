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
    clock->before = clock->known ? clock->last : best;
    clock->last = best;
    clock->known = true;
}

/* From one series to another, and its error. What lies too near tells less than what is known of
 * all clocks. */
static double drift_between(double *error_out, const swb__offset *from, const swb__offset *to)
{
    static const double most = SWB__DRIFT_MAX_PPM * 1e3; /* ns a second */
    double seconds = (double)(to->at_ns - from->at_ns) / (double)SWB__NS_PER_S;
    double error = seconds > 0 ? (double)(from->error_ns + to->error_ns) / seconds : most;
    *error_out = error < most ? error : most;
    return error < most ? (double)(to->offset_ns - from->offset_ns) / seconds : 0;
}

double swb__clock_offset_drift(double *error_out, const swb__clock_offset *clock)
{
    double recent_error;
    double drift = drift_between(error_out, &clock->first, &clock->last);
    double recent = drift_between(&recent_error, &clock->before, &clock->last);
    double apart = fabs(recent - drift);
    /* A clock that is slewed now, and was not before. */
    if (apart > recent_error + *error_out) {
        *error_out = apart + recent_error;
    }
    return drift;
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
