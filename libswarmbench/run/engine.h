/*
 * The swarm engine: one run from its content to its teardown, as step(event) -> actions.
 *
 * A run moves one content, the whole file; or, with an erasure code of k + m, its parts, each a
 * content of its own, of which a leecher needs any k. What a node has to do with one content is a
 * *lane*. An event or action that is about a content names it.
 *
 * Pure: no I/O, no clock, no random source but the run's seed. The caller performs the actions,
 * feeds back what came of them, and sends a TICK when swb__engine_deadline() is reached.
 */
#ifndef SWB_RUN_ENGINE_H
#define SWB_RUN_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <swarmbench/runner.h>
#include <swarmbench/sys/deployer.h>

#include "measure/observation.h"
#include "spec/experiment.h"

typedef struct swb__engine swb__engine;

typedef struct swb__engine_node {
    swb_role role;
    const swb_driver *driver;
} swb__engine_node;

typedef struct swb__engine_config {
    const swb__settings *settings; /* borrowed for the engine's life */
    const swb__engine_node *nodes; /* the tracker first, those beside last; copied */
    const uint32_t *beside;  /* each node's group beside the swarm, UINT32_MAX: none; or NULL */
    const uint32_t *numbers; /* and its number in it; or NULL, as `beside` */
    size_t node_count;
    const swb__action_plan *actions; /* borrowed for the engine's life */
    size_t action_count;
    swb__coding coding; /* zeroed: none */
    uint64_t run_seed;
    bool announced;           /* there is a tracker, though no service is one */
    uint32_t parallel_starts; /* nodes that may be starting at once; 0: no bound */
} swb__engine_config;

typedef enum swb__engine_event_kind {
    SWB__EVENT_BEGIN,
    SWB__EVENT_TICK,
    SWB__EVENT_TORRENT_MADE,
    SWB__EVENT_PREPARED,
    SWB__EVENT_STARTED,
    SWB__EVENT_EXITED, /* a node ended that no action ended */
    SWB__EVENT_CALL_DONE,
    SWB__EVENT_ACCEPTED,  /* the reply to a LEECH that streams begins */
    SWB__EVENT_WATCHED,   /* of a leecher's file or stream */
    SWB__EVENT_UNWATCHED, /* the place cannot watch it */
    SWB__EVENT_VERIFIED,
    SWB__EVENT_DECODED,
    SWB__EVENT_FAULTED,
    SWB__EVENT_CANCEL, /* the user wants to stop */
    SWB__EVENT_CLOSED, /* nothing of the run is left */
} swb__engine_event_kind;

typedef struct swb__engine_event {
    swb__engine_event_kind kind;
    int64_t now_ns;
    uint32_t node;
    uint32_t content;
    int status;               /* of what was asked for */
    const char *message;      /* why it failed; or the last log lines of EXITED; may be NULL */
    bool retriable;           /* CALL_DONE */
    swb_operation operation;  /* CALL_DONE */
    const swb_result *result; /* CALL_DONE with SWB_OK */
    int64_t sent_ns;          /* CALL_DONE: its first exchange left; SWB__TIME_UNKNOWN */
    int64_t accepted_ns;      /* ACCEPTED */
    swb_watch_event watch;    /* WATCHED */
    uint64_t streamed_bytes;  /* CALL_DONE of LEECH: content bytes that came by the stream */
    uint64_t bad_offset; /* with SWB_EMISMATCH of VERIFIED, DECODED, or of CALL_DONE by a stream */
    int64_t decode_ns;   /* DECODED */
    int exit_code;       /* EXITED */
    int exit_signal;
} swb__engine_event;

typedef enum swb__action_kind {
    SWB__ACTION_MAKE_TORRENT,
    SWB__ACTION_PREPARE,
    SWB__ACTION_START,
    SWB__ACTION_HOLD,   /* operation: to be made ready, its CALL follows */
    SWB__ACTION_CALL,   /* operation, deadline_ns */
    SWB__ACTION_CANCEL, /* the operation under way is to end; its CALL_DONE follows */
    SWB__ACTION_WATCH,  /* begin_ns */
    SWB__ACTION_VERIFY,
    SWB__ACTION_DECODE, /* the parts that swb__engine_used_parts() tells */
    SWB__ACTION_FAULT,  /* fault */
    SWB__ACTION_CLOSE,  /* end and remove everything of the run */
    SWB__ACTION_TELL,   /* tell, status, value, total, text: for the user */
    SWB__ACTION_END,    /* the last action: the results are final */
} swb__action_kind;

typedef struct swb__action {
    swb__action_kind kind;
    uint32_t node;
    uint32_t content;
    swb_operation operation;
    uint32_t row;         /* of a CALL of ACT: which action */
    uint64_t deadline_ns; /* of the whole operation; 0: the driver's */
    int64_t begin_ns;
    swb_fault fault;
    swb_event_kind tell;
    int status;
    uint64_t value;
    uint64_t total;
    const char *text; /* borrowed from the engine, or static; may be NULL */
} swb__action;

/* SWB_ENOMEM. */
int swb__engine_create(swb__engine **out, const swb__engine_config *config);
void swb__engine_destroy(swb__engine *engine);

/* Takes one event in. SWB_ENOMEM where an action could not be queued: the run cannot go on. */
int swb__engine_step(swb__engine *engine, const swb__engine_event *event);
/* Takes the next action out, in order; false where there is none. */
bool swb__engine_next(swb__action *out, swb__engine *engine);
/* When a TICK is due; INT64_MAX: never. */
int64_t swb__engine_deadline(const swb__engine *engine);

/* How many contents the run moves. */
uint32_t swb__engine_contents(const swb__engine *engine);
/* How a content is named once it is: the handle that its first seeder gave; "" before. */
const char *swb__engine_handle(const swb__engine *engine, uint32_t content);
/* The data parts' number of parts from which a leecher's content is to be decoded. */
void swb__engine_used_parts(uint32_t *out, const swb__engine *engine, uint32_t node);
/* What later nodes of a driver need to find its first one; NULL where nothing is known. */
const char *swb__engine_bootstrap(const swb__engine *engine, const swb_driver *driver);

/* The observations so far. `node` fields and times are filled; names are the caller's to add. */
void swb__engine_result(swb__run_result *out, const swb__engine *engine);
/* False where the node is no leecher. */
bool swb__engine_download(swb__download *out, const swb__engine *engine, uint32_t node);
void swb__engine_node_row(swb__node_row *out, const swb__engine *engine, uint32_t node);
/* False where the node had nothing to do with the part, or the content is not coded. */
bool swb__engine_part_row(swb__part_row *out, const swb__engine *engine, uint32_t node,
                          uint32_t part);

#endif
