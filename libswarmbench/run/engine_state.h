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
    SWB__STAGE_READY,
    SWB__STAGE_SEEDING, /* SEED was sent, STATUS is asked until it serves */
    SWB__STAGE_SERVING,
    SWB__STAGE_FETCHING, /* from the leecher's intended start on */
    SWB__STAGE_SETTLED,  /* completed, or failed while still running */
    SWB__STAGE_GONE,     /* ended */
} swb__node_stage;

typedef struct swb__engine_peer {
    swb_role role;
    const swb_driver *driver;
    swb__node_stage stage;
    bool calling;   /* an operation is under way */
    int64_t due_ns; /* when `due` is to be called; INT64_MAX: nothing is due */
    swb_operation due;
    int64_t retry_ns;    /* pause before the same question is asked again */
    int64_t deadline_ns; /* of the present stage */
    bool frozen;         /* by a fault */
    bool ended_by_fault;
    bool on_disk;            /* the watch saw the whole file */
    bool counted;            /* PHASE_COUNT asked it */
    int64_t not_complete_ns; /* last moment at which the client said it was not complete */
    int64_t progress_ns;     /* last progress */
    swb__download download;  /* of a leecher */
    swb__node_row row;
    char bootstrap[2048];
    char text[512]; /* of the last thing told of this node */
} swb__engine_peer;

struct swb__engine {
    swb__settings settings;
    swb__engine_peer *peers;
    size_t count;
    uint64_t seed;
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
    int status;
    char cause[256];
    char handle[512];
    bool closing;
    int64_t ended_ns;
    swb__action *actions;
    size_t action_count, action_next, action_capacity;
    int failure; /* SWB_ENOMEM once an action was lost */
};

/* engine.c: what every part uses. */
void swb__engine_act(swb__engine *engine, swb__action action);
void swb__engine_tell(swb__engine *engine, swb_event_kind tell, uint32_t node, int status,
                      uint64_t value, const char *text);
void swb__engine_call(swb__engine *engine, uint32_t node, swb_operation operation, int64_t at_ns);
void swb__engine_enter(swb__engine *engine, swb__phase phase);
/* The run cannot be what was asked for: it fails and is torn down. */
void swb__engine_abort(swb__engine *engine, int status, uint32_t node, const char *message);

/* engine_start.c: content, services, nodes, seeders. */
void swb__engine_start_content(swb__engine *engine);
void swb__engine_start_more(swb__engine *engine);
void swb__engine_prepared(swb__engine *engine, const swb__engine_event *event);
void swb__engine_started(swb__engine *engine, const swb__engine_event *event);
void swb__engine_start_called(swb__engine *engine, const swb__engine_event *event);
void swb__engine_start_tick(swb__engine *engine);
void swb__engine_seed(swb__engine *engine);
void swb__engine_seed_called(swb__engine *engine, const swb__engine_event *event);
bool swb__engine_all(const swb__engine *engine, swb_role role, swb__node_stage least);

/* engine_leech.c: the part that is measured. */
void swb__engine_leech(swb__engine *engine);
void swb__engine_leech_called(swb__engine *engine, const swb__engine_event *event);
void swb__engine_leech_accepted(swb__engine *engine, const swb__engine_event *event);
void swb__engine_leech_watched(swb__engine *engine, const swb__engine_event *event);
void swb__engine_leech_tick(swb__engine *engine);
void swb__engine_leech_exited(swb__engine *engine, uint32_t node, const char *message);
void swb__engine_fail_download(swb__engine *engine, uint32_t node, int status, const char *message);
void swb__engine_settle_rest(swb__engine *engine, int status, const char *message);

/* engine_finish.c: counters, verification, results. */
void swb__engine_count(swb__engine *engine);
void swb__engine_counted(swb__engine *engine, const swb__engine_event *event);
void swb__engine_verify(swb__engine *engine);
void swb__engine_verified(swb__engine *engine, const swb__engine_event *event);

#endif
