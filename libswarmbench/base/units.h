/* Units as people read and write them: sizes, durations, rates. */
#ifndef SWB_BASE_UNITS_H
#define SWB_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* All write at most `size` bytes with the NUL and return `out`. They round to three figures, for
 * people; swb__format_exact_* give text that reads back as the same value. */
char *swb__format_bytes(char *out, size_t size, double bytes);         /* "100 MB" */
char *swb__format_duration(char *out, size_t size, double ns);         /* "1.24 s", "2 h 10 min" */
char *swb__format_rate(char *out, size_t size, double bps);            /* "812 Mbit/s" */
char *swb__format_exact_bytes(char *out, size_t size, uint64_t bytes); /* "100MB", "64KiB" */
char *swb__format_exact_duration(char *out, size_t size, uint64_t ns); /* "90s", "20ms" */
char *swb__format_exact_rate(char *out, size_t size, uint64_t bps);    /* "100Mbit" */

#endif
