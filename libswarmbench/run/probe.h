/* Asking a program for its version. */
#ifndef SWB_RUN_PROBE_H
#define SWB_RUN_PROBE_H

#include <stddef.h>

#include "io/loop.h"

/* Runs `PROGRAM --version` for at most ten seconds, in an empty home of its own, and gives the
 * first line of its output; "" where it does not say. SWB_EIO, SWB_ENOMEM. */
int swb__probe_version(char *out, size_t size, swb_loop *loop, const char *program,
                       swb_error *error);

#endif
