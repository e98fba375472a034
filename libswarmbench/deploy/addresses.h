/* Loopback addresses for the nodes of a site: each node has one of its own. */
#ifndef SWB_DEPLOY_ADDRESSES_H
#define SWB_DEPLOY_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The ports of a node, where nothing on the machine has them: a program that listens on all
 * addresses takes its port from every node. Then all three lie higher, in steps. */
#define SWB__DATA_PORT 6881
#define SWB__API_PORT 8080
#define SWB__EXTRA_PORT 9090

#define SWB__PORT_STEP 100
#define SWB__PORT_STEPS 16

/* Where wildcard ports lie; apart from all of the above. */
#define SWB__WILDCARD_FIRST 12000
#define SWB__WILDCARD_COUNT 20000

typedef struct swb__address {
    char text[16]; /* "127.9.4.17" */
    uint16_t data_port;
    uint16_t api_port;
    uint16_t extra_port;
    uint16_t wildcard_port; /* free on all addresses of the machine; another one for each */
} swb__address;

/*
 * Fills `out` with `count` different addresses in 127.0.0.0/8 on which their three ports are
 * free, TCP and UDP, and whose wildcard ports are. Where they begin is drawn at random out of 16
 * million, so that runners at the same time do not meet: a port cannot be held for a client that
 * has yet to start. SWB_EENV.
 */
int swb__addresses_choose(swb__address *out, size_t count, swb_error *error);

#endif
