/* Another machine's monotonic clock, put on ours, with its error. */
#ifndef SWB_HOST_CLOCK_OFFSET_H
#define SWB_HOST_CLOCK_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

/* Two monotonic clocks can part by this much at most where nothing is measured yet: a kernel slews
 * its own by no more than 500 ppm. */
#define SWB__DRIFT_MAX_PPM 1000

/* At `at_ns` of the other clock, it stood between offset - error and offset + error ahead of ours.
 */
typedef struct swb__offset {
    int64_t at_ns;
    int64_t offset_ns;
    int64_t error_ns;
} swb__offset;

/* What a series of round trips tells. Zeroed memory is a valid one that knows nothing. */
typedef struct swb__clock_offset {
    bool known;
    swb__offset first;
    swb__offset before; /* the last one; the first where there are two */
    swb__offset last;
} swb__clock_offset;

/* One round trip: the other clock was read as `other_ns` between `sent_ns` and `received_ns` of
 * ours. The error is half of the time between. */
swb__offset swb__offset_of(int64_t sent_ns, int64_t other_ns, int64_t received_ns);
/* The one with the smaller error. */
swb__offset swb__offset_better(swb__offset a, swb__offset b);

/* Adds the best of one series. The drift between the first and the last is taken along. */
void swb__clock_offset_add(swb__clock_offset *clock, swb__offset best);

/* Drift of the other clock against ours, and the bound of its error, both in ns a second. */
double swb__clock_offset_drift(double *error_out, const swb__clock_offset *clock);

/* The interval of our clock that `other_ns` of the other one lies in, as long as neither clock
 * begins to be slewed after the last series. `clock` must be known. */
void swb__clock_offset_to_ours(int64_t *lo_out, int64_t *hi_out, const swb__clock_offset *clock,
                               int64_t other_ns);
/* The latest moment of the other clock that is not after `our_ns`. */
int64_t swb__clock_offset_to_other(const swb__clock_offset *clock, int64_t our_ns);

#endif
