/* The state of an execution, shared by the files that make it up (execution.c, perform.c). */
#ifndef SWB_RUN_EXECUTION_STATE_H
#define SWB_RUN_EXECUTION_STATE_H

#include "run/client.h"
#include "run/contents.h"
#include "run/decode.h"
#include "run/execution.h"
#include "run/holdings.h"

/* What is said to a node about one content: a client of its own, so that several can be under way
 * at once. */
typedef struct swb__channel {
    struct swb__member *member;
    uint32_t content;
    swb_node node; /* as its client's driver sees it */
    swb__client *client;
    bool held;       /* an operation is ready to leave */
    swb_peer *peers; /* as its client was last introduced to them; NULL: not yet */
    size_t peer_count;
} swb__channel;

/* A node of the swarm, placed. */
typedef struct swb__member {
    swb__execution *execution;
    uint32_t index;
    swb_node node;
    char address[64]; /* kept when the place is gone, as is the next */
    swb_location location;
    swb__channel *channels; /* one for each content */
    uint64_t bad_offset;
    swb_decoded decoded;
    uint64_t wire_in_bytes; /* as the client counts; SWB_COUNT_UNKNOWN */
    uint64_t wire_out_bytes;
} swb__member;

struct swb__execution {
    swb_loop *loop;
    swb_planned_run run;
    swb__settings settings;
    swb__coding coding;
    const swb__action_plan *actions; /* of the mode */
    size_t action_count;
    const swb_deployer *deployer;
    swb__observer observer;
    swb__swarm swarm;
    swb_site_request request;
    void *site;
    swb__engine *engine;
    swb__contents contents;
    swb__member *members;
    swb__channel *channels;  /* of all members */
    const char *tracker_url; /* of one that runs already; NULL: none */
    char announce[128];
    swb__holdings holdings;
    char (*infohashes)[41]; /* of each content; "" before it is known */
    const char **infohash_list;
    size_t torrents; /* made so far */
    swb__timer *tick;
    int64_t tick_ns;
    swb__timer *sampler;
    swb__timer *closer;
    bool pumping;
};

/* execution.c: takes an event in and performs what the engine makes of it. */
void swb__execution_feed(swb__execution *execution, swb__engine_event event);
/* execution.c: takes and tells a sample of a node, where it runs. */
void swb__execution_sample(swb__member *at);
/* execution.c: tells a sample that came, now or later. */
void swb__execution_take_sample(swb__member *at, const swb_sample *sample);

/* perform.c: does one action of the engine; what comes of it is fed back, now or later. */
void swb__execution_perform(swb__execution *execution, const swb__action *action);
/* perform.c: what the place tells unasked. */
swb_site_events swb__execution_site_events(swb__execution *execution);

#endif
