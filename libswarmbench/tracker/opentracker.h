/* The opentracker that we supervise: started, told its whitelist, restarted to forget. */
#ifndef SWB_TRACKER_OPENTRACKER_H
#define SWB_TRACKER_OPENTRACKER_H

#include "io/http.h"
#include "io/loop.h"
#include "tracker/whitelist.h"

typedef struct swb__opentracker swb__opentracker;

/* Its log and files lie in the working directory of this process. */
#define SWB__OPENTRACKER_LOG "opentracker.log"

typedef struct swb__opentracker_options {
    const char *program; /* a path, or a name looked up in PATH */
    const char *address; /* IPv4, to listen on by TCP and UDP */
    uint16_t port;
    /* Something that a request may wait for has happened. */
    void (*changed)(void *argument);
    /* It ended, and nobody asked for that. */
    void (*exited)(void *argument, int exit_code, int signal);
    void *argument;
} swb__opentracker_options;

/* Starts it with an empty whitelist. Strings are borrowed until destroy. SWB_ENOENT, SWB_EIO,
 * SWB_ENOMEM. */
int swb__opentracker_create(swb__opentracker **out, swb_loop *loop,
                            const swb__opentracker_options *options, swb_error *error);
/* Kills it. Accepts NULL. */
void swb__opentracker_destroy(swb__opentracker *tracker);

/* To be changed at will, followed by swb__opentracker_publish(). */
swb__whitelist *swb__opentracker_whitelist(swb__opentracker *tracker);
/* Has the whitelist as it is now take effect; returns the number that
 * swb__opentracker_published() will have reached then. */
uint64_t swb__opentracker_publish(swb__opentracker *tracker);
uint64_t swb__opentracker_published(const swb__opentracker *tracker);

/* Restarts it, so that it forgets peers and counters and keeps the whitelist. Returns the number
 * that swb__opentracker_resets() will have reached then. */
uint64_t swb__opentracker_reset(swb__opentracker *tracker);
uint64_t swb__opentracker_resets(const swb__opentracker *tracker);

/* Grows when a reset begins: what was asked of it before may stay unanswered. */
uint64_t swb__opentracker_endings(const swb__opentracker *tracker);

/* It runs, and its whitelist is what was published last. */
bool swb__opentracker_is_up(const swb__opentracker *tracker);

/* A request to it; its client is gone after a reset, with what was under way canceled. */
swb__http_client *swb__opentracker_client(swb__opentracker *tracker);
/* The path, after a slash and an x, at which it tells statistics to us alone. */
const char *swb__opentracker_statistics(const swb__opentracker *tracker);
/* How many of its announces since its start were not of clients but ours. */
uint64_t swb__opentracker_own_announces(const swb__opentracker *tracker);

#endif
