/* The agent: what is done beside one node, for who knows the token. */
#ifndef SWB_AGENT_AGENT_H
#define SWB_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__node_agent swb__node_agent;

typedef struct swb__node_agent_options {
    const char *root;      /* absolute; shared with the launcher */
    const char *address;   /* to listen on */
    uint16_t port;         /* 0: any */
    const char *token;     /* at least SWB__TOKEN_MIN_BYTES */
    const char *interface; /* whose bytes are counted; NULL: all but the loopback */
    uint64_t launcher_ns;  /* how long the launcher may take for an order; 0: 10 s */
} swb__node_agent_options;

#define SWB__TOKEN_MIN_BYTES 16

/* Begins to serve on the loop. The options are copied. SWB_EINVAL, SWB_EENV, SWB_EIO, SWB_ENOMEM.
 */
int swb__node_agent_start(swb__node_agent **out, swb_loop *loop,
                          const swb__node_agent_options *options, swb_error *error);
uint16_t swb__node_agent_port(const swb__node_agent *agent);
/* Whether there are files to hand out of which nobody has said that they were fetched. */
bool swb__node_agent_has_files(const swb__node_agent *agent);
/* Ends it; the node goes on. It is freed once its jobs have ended, which the loop still has to run
 * for. Accepts NULL. */
void swb__node_agent_stop(swb__node_agent *agent);

#endif
