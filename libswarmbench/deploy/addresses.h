/* Loopback addresses for the nodes of a site: each node has one of its own. */
#ifndef SWB_DEPLOY_ADDRESSES_H
#define SWB_DEPLOY_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The ports are the same on every address. */
#define SWB__DATA_PORT 6881
#define SWB__API_PORT 8080
#define SWB__EXTRA_PORT 9090

#define SWB__ADDRESS_SIZE 16
typedef char swb__address[SWB__ADDRESS_SIZE]; /* "127.9.4.17" */

/*
 * Fills `out` with `count` different addresses in 127.0.0.0/8 on which the three ports are free,
 * TCP and UDP. Where they begin is drawn at random out of 16 million, so that runners at the same
 * time do not meet: a port cannot be held for a client that has yet to start. SWB_EENV.
 */
int swb__addresses_choose(swb__address *out, size_t count, swb_error *error);

#endif
