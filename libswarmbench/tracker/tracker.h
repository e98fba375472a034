/* opentracker with an authenticated API to control it. */
#ifndef SWB_TRACKER_TRACKER_H
#define SWB_TRACKER_TRACKER_H

#include <stdint.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__tracker swb__tracker;

typedef struct swb__tracker_options {
    const char *address;     /* IPv4, of announces and of the API */
    uint16_t announce_port;  /* TCP and UDP */
    uint16_t control_port;   /* 0: any */
    const char *token;       /* at least SWB__TOKEN_MIN_BYTES */
    const char *opentracker; /* a path, or a name looked up in PATH */
    void (*ended)(void *argument, int exit_code, int signal); /* opentracker did, by itself */
    void *argument;
} swb__tracker_options;

/* Serves on the loop, in the working directory of this process. Strings are borrowed until stop.
 * SWB_EINVAL (token, address), SWB_EENV (port in use), SWB_ENOENT (no opentracker), SWB_EIO,
 * SWB_ENOMEM. */
int swb__tracker_start(swb__tracker **out, swb_loop *loop, const swb__tracker_options *options,
                       swb_error *error);
uint16_t swb__tracker_port(const swb__tracker *tracker);
/* Ends opentracker as well. Accepts NULL. */
void swb__tracker_stop(swb__tracker *tracker);

#endif
