/* Lists of known names, for messages about unknown ones. */
#ifndef SWB_SPEC_NAMES_H
#define SWB_SPEC_NAMES_H

#include <stddef.h>

#define SWB__NAMES_MAX 128

/* Zeroed memory is a valid empty list. Names are borrowed; those beyond the maximum are dropped. */
typedef struct swb__names {
    const char *items[SWB__NAMES_MAX];
    size_t count;
} swb__names;

void swb__names_add(swb__names *names, const char *name);

/* "did you mean 'x'?" where a name is close to `given`, else "known: a, b, c". Returns `out`. */
char *swb__names_hint(char *out, size_t size, const swb__names *names, const char *given);

#endif
