/* A page of metrics in Prometheus' text format: the values that an experiment asks for. */
#ifndef SWB_DRIVERS_EXEC_METRICS_H
#define SWB_DRIVERS_EXEC_METRICS_H

#include <stdbool.h>
#include <stddef.h>

/* A line of the page that has a value. */
typedef struct swb__metric_line {
    char name[256];     /* with its labels */
    size_t bare_length; /* of the name without them */
    double value;       /* finite */
} swb__metric_line;

/* Takes the next line with a value from `*at` on and moves it there; false where none is left.
 * Comments, and what is no line of the format, are passed over; so is a value that is no number, or
 * a name longer than the field. `end` is where the page ends. */
bool swb__metric_next(swb__metric_line *out, const char **at, const char *end);

#endif
