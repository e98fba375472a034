/* The engine's state, shared by the files that make it up (engine*.c). */
#ifndef SWB_RUN_ENGINE_STATE_H
#define SWB_RUN_ENGINE_STATE_H

#include "run/arrival.h"
#include "run/engine.h"
#include "run/faults.h"

typedef enum swb__phase {
    SWB__PHASE_NEW,
    SWB__PHASE_CONTENT,  /* making content and torrent */
    SWB__PHASE_SERVICES, /* starting what the swarm needs beside it */
    SWB__PHASE_NODES,    /* starting the swarm */
    SWB__PHASE_SEED,     /* until every seeder serves */
    SWB__PHASE_LEECH,    /* until every leecher is settled */
    SWB__PHASE_COUNT,    /* the clients' counters, once more */
    SWB__PHASE_VERIFY,
    SWB__PHASE_TEARDOWN,
    SWB__PHASE_END,
} swb__phase;

typedef enum swb__node_stage {
    SWB__STAGE_WAITING,
    SWB__STAGE_PREPARING, /* a seeder's content is put in place */
    SWB__STAGE_STARTING,
    SWB__STAGE_PROBING, /* READY is asked until it answers */
    SWB__STAGE_NAMING,  /* VERSION */
    SWB__STAGE_OPENING, /* READY on its other lanes */
    SWB__STAGE_READY,
    SWB__STAGE_SEEDING, /* SEED was sent, STATUS is asked until it serves */
    SWB__STAGE_SERVING,
    SWB__STAGE_FETCHING, /* from the leecher's intended start on */
    SWB__STAGE_SETTLED,  /* completed, or failed while still running */
    SWB__STAGE_GONE,     /* ended */
} swb__node_stage;

typedef enum swb__lane_stage {
    SWB__LANE_IDLE, /* a seeder's that it does not hold; a leecher's that was not asked for */
    SWB__LANE_HELD, /* a seeder's; `serving` once it is */
    SWB__LANE_FETCHING,
    SWB__LANE_COMPLETE,
    SWB__LANE_DROPPED, /* given up: `fate` says why */
} swb__lane_stage;

/* What a node has to do with one content. */
typedef struct swb__engine_lane {
    swb__lane_stage stage;
    swb__part_fate fate; /* of DROPPED and COMPLETE */
    bool open;           /* its client has answered */
    bool serving;
    bool calling;   /* an operation is under way */
    int64_t due_ns; /* when `due` is to be called; INT64_MAX: nothing is due */
    swb_operation due;
    int64_t retry_ns;        /* pause before the same question is asked again */
    bool unwatched;          /* its file is not watched: its client is asked often instead */
    bool on_disk;            /* the watch saw the whole file */
    bool counted;            /* PHASE_COUNT asked it */
    bool verified;           /* by the stream that brought it */
    int64_t not_complete_ns; /* last moment at which the client said it was not complete */
    int64_t progress_ns;     /* last progress, or the intended start */
    int64_t begun_ns;
    int64_t ended_ns;
    uint64_t bytes_done;
    swb_moment completion;
    uint64_t payload_received; /* as the client last told; SWB_COUNT_UNKNOWN */
    uint64_t payload_sent;
    uint64_t wasted;
    char cause[128]; /* of DROPPED */
} swb__engine_lane;

typedef struct swb__engine_peer {
    swb_role role;
    const swb_driver *driver;
    uint32_t rank; /* among the nodes of its role */
    swb__node_stage stage;
    swb__engine_lane *lanes; /* one for each content; a service's first one alone is used */
    uint32_t preparing;      /* the content that is put in place */
    bool to_code;            /* its client is to be asked for an erasure code */
    int64_t deadline_ns;     /* of the present stage */
    bool frozen;             /* by a fault */
    bool ended_by_fault;
    int64_t progress_ns;    /* last progress */
    swb__download download; /* of a leecher */
    swb__node_row row;
    char bootstrap[2048];
    char text[512]; /* of the last thing told of this node */
    bool beside;
    uint32_t deed;       /* the request that is under way; UINT32_MAX: none */
    bool scrape_failed;  /* told already */
    int64_t scrape_ns;   /* when its metrics are to be read next; INT64_MAX: never */
    char deed_text[400]; /* of the last request */
} swb__engine_peer;

typedef enum swb__deed_state {
    SWB__DEED_WAITING,
    SWB__DEED_UNDER_WAY,
    SWB__DEED_DONE,
} swb__deed_state;

/* One request of the timeline: one time of one action at one node. */
typedef struct swb__deed {
    int64_t at_ns; /* since the intended start */
    uint32_t row;
    uint32_t node;
    swb__deed_state state;
} swb__deed;

struct swb__engine {
    swb__settings settings;
    swb__coding coding;
    uint32_t contents;      /* 1, or k + m */
    uint32_t needed;        /* of them, by a leecher: 1, or k */
    uint64_t content_bytes; /* of each */
    uint32_t seeders;
    swb__engine_peer *peers;
    size_t count;
    swb__engine_lane *lanes; /* of all peers */
    uint64_t seed;
    uint32_t *orders; /* for each node, the order in which it takes parts */
    uint32_t making;  /* the content whose torrent is made */
    uint32_t parallel_starts;
    bool torrent;   /* the swarm's drivers take torrents */
    bool introduce; /* no tracker: leechers are told their peers */
    swb__phase phase;
    int64_t now_ns;
    int64_t begin_ns;
    int64_t first_start_ns;
    int64_t nodes_ready_ns;
    int64_t content_begin_ns;
    int64_t content_end_ns;
    int64_t intended_ns;    /* t0: the first leecher's intended start */
    int64_t *arrivals;      /* per node: offset from t0 */
    int64_t progress_ns;    /* last progress of any leecher */
    uint64_t bytes_fetched; /* over all leechers */
    int64_t phase_deadline_ns;
    swb__faults faults;
    const swb__action_plan *action_plans;
    swb__deed *deeds; /* by their time */
    size_t deed_count;
    size_t deed_first; /* those before it are done */
    size_t deeds_left;
    int status;
    char cause[256];
    char (*handles)[512];   /* of each content */
    char coded_handle[512]; /* of what the clients made of it; "" */
    bool closing;
    int64_t ended_ns;
    swb__action *actions;
    size_t action_count, action_next, action_capacity;
    int failure; /* SWB_ENOMEM once an action was lost */
};

static inline swb__engine_lane *swb__lane(const swb__engine *engine, uint32_t node,
                                          uint32_t content)
{
    return &engine->peers[node].lanes[content];
}

/* engine.c: what every part uses. */
void swb__engine_act(swb__engine *engine, swb__action action);
void swb__engine_tell(swb__engine *engine, swb_event_kind tell, uint32_t node, int status,
                      uint64_t value, const char *text);
void swb__engine_call(swb__engine *engine, uint32_t node, uint32_t content, swb_operation operation,
                      int64_t at_ns);
/* Nothing more is asked of the node's clients. */
void swb__engine_quiet(swb__engine *engine, uint32_t node);
void swb__engine_enter(swb__engine *engine, swb__phase phase);
/* The next, longer pause. */
static inline int64_t swb__backed_off(int64_t *retry_ns, int64_t first_ns, int64_t most_ns)
{
    *retry_ns = *retry_ns == 0 ? first_ns : *retry_ns * 3 / 2;
    *retry_ns = *retry_ns > most_ns ? most_ns : *retry_ns;
    return *retry_ns;
}
/* The run cannot be what was asked for: it fails and is torn down. */
void swb__engine_abort(swb__engine *engine, int status, uint32_t node, const char *message);

/* engine_start.c: content, services, nodes, seeders. */
void swb__engine_start_content(swb__engine *engine);
void swb__engine_start_more(swb__engine *engine);
void swb__engine_prepared(swb__engine *engine, const swb__engine_event *event);
void swb__engine_started(swb__engine *engine, const swb__engine_event *event);
void swb__engine_start_called(swb__engine *engine, const swb__engine_event *event);
void swb__engine_start_tick(swb__engine *engine);
/* Aborts for a call that failed: what a client or its transport says begins with the operation. */
void swb__engine_fail_call(swb__engine *engine, const swb__engine_event *event);
void swb__engine_torrent_made(swb__engine *engine, const swb__engine_event *event);
bool swb__engine_all(const swb__engine *engine, swb_role role, swb__node_stage least);

/* engine_seed.c: until every seeder serves what it holds. */
void swb__engine_seed(swb__engine *engine);
void swb__engine_seed_called(swb__engine *engine, const swb__engine_event *event);

/* engine_parts.c: which contents a leecher fetches. */
int swb__engine_plan_parts(swb__engine *engine);
/* Begins as many as it is to fetch at once; `held`: made ready to leave at `at_ns`. */
void swb__engine_begin_parts(swb__engine *engine, uint32_t node, int64_t at_ns, bool held);
/* How many are complete or under way. */
uint32_t swb__engine_viable_parts(const swb__engine *engine, uint32_t node);
uint32_t swb__engine_complete_parts(const swb__engine *engine, uint32_t node);
/* Bytes of the whole file that the node's parts make up. */
uint64_t swb__engine_gathered_bytes(const swb__engine *engine, uint32_t node);
/* Gives up what is under way on a lane; nothing where that is nothing. */
void swb__engine_drop_part(swb__engine *engine, uint32_t node, uint32_t content,
                           swb__part_fate fate, const char *cause);
/* Enough are complete: marks those that count, and gives up the others. */
void swb__engine_settle_parts(swb__engine *engine, uint32_t node);
/* Gives up parts that stall for ones that were not tried, and tells when to look again. */
void swb__engine_replace_stalled(swb__engine *engine, uint32_t node);
int64_t swb__engine_part_deadline(const swb__engine *engine, uint32_t node);
/* "3 of the 4 parts needed are complete; part 2: because": `out`. "" where nothing is coded. */
const char *swb__engine_describe_parts(char *out, size_t size, const swb__engine *engine,
                                       uint32_t node);

/* engine_beside.c: requests to the nodes beside the swarm, and their metrics. */
int swb__engine_plan_deeds(swb__engine *engine, const swb__engine_config *config);
void swb__engine_beside_begin(swb__engine *engine);
void swb__engine_beside_tick(swb__engine *engine);
/* When there is something to do next; INT64_MAX: never. */
int64_t swb__engine_beside_deadline(const swb__engine *engine);
/* A call of ACT or METRICS was answered. */
void swb__engine_beside_called(swb__engine *engine, const swb__engine_event *event);

/* engine_leech.c: the part that is measured. */
/* Goes on to the next phase once all leechers are settled and all requests made. */
void swb__engine_go_on(swb__engine *engine);
/* Whether all leechers are settled. */
bool swb__engine_settled(const swb__engine *engine);
void swb__engine_leech(swb__engine *engine);
void swb__engine_leech_called(swb__engine *engine, const swb__engine_event *event);
void swb__engine_leech_accepted(swb__engine *engine, const swb__engine_event *event);
void swb__engine_leech_watched(swb__engine *engine, const swb__engine_event *event);
void swb__engine_leech_tick(swb__engine *engine);
void swb__engine_leech_exited(swb__engine *engine, uint32_t node, const char *message);
void swb__engine_fail_download(swb__engine *engine, uint32_t node, int status, const char *message);
void swb__engine_settle_rest(swb__engine *engine, int status, const char *message);
/* What a client told of a content, of which it may know only a part. */
static inline void swb__engine_keep_counters(swb__engine_lane *lane, const swb_result *result)
{
    lane->payload_received = result->payload_received;
    lane->payload_sent = result->payload_sent;
    lane->wasted = result->wasted;
}

/* engine_finish.c: counters, verification, results. */
void swb__engine_count(swb__engine *engine);
void swb__engine_counted(swb__engine *engine, const swb__engine_event *event);
void swb__engine_verify(swb__engine *engine);
void swb__engine_verified(swb__engine *engine, const swb__engine_event *event);
void swb__engine_decoded(swb__engine *engine, const swb__engine_event *event);

#endif
