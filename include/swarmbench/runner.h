/* The runner: performs an experiment and tells what happens as events that are polled. */
#ifndef SWARMBENCH_RUNNER_H
#define SWARMBENCH_RUNNER_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/error.h>
#include <swarmbench/experiment.h>
#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/** How an experiment is run. Start with SWB_RUNNER_OPTIONS_INIT. */
typedef struct swb_runner_options {
    uint32_t version;         /**< SWB_RUNNER_OPTIONS_VERSION */
    const char *results_path; /**< the SQLite file; made where it is missing. Required */
    const char *work_dir;     /**< where nodes keep their data; NULL = $TMPDIR, else /var/tmp */
    const char *on;           /**< the place instead of the experiment's; NULL = the experiment's */
    const char *only;         /**< only cells whose index or label matches; NULL = all */
    int resume;               /**< non-zero: go on with what is missing in the results file */
    int keep_data;            /**< non-zero: keep the nodes' data directories, for a post-mortem */
    int detach; /**< non-zero: a runner that was brought to a cluster is left there once
                     it has begun; from version 2 on */
} swb_runner_options;

#define SWB_RUNNER_OPTIONS_VERSION 2
#define SWB_RUNNER_OPTIONS_INIT                                                                    \
    {                                                                                              \
        SWB_RUNNER_OPTIONS_VERSION, NULL, NULL, NULL, NULL, 0, 0, 0                                \
    }

/** What an event tells. Values are part of the ABI: append, never renumber. */
typedef enum swb_event_kind {
    SWB_EVENT_NONE = 0,
    SWB_EVENT_EXPERIMENT_STARTED = 1, /**< value: runs still to do */
    SWB_EVENT_EXPERIMENT_ENDED = 2,   /**< the last event; status: SWB_OK or why it ended early */
    SWB_EVENT_RUN_STARTED = 3,        /**< text: the cell's label; value: attempt, from 1 */
    SWB_EVENT_RUN_ENDED = 4,          /**< status; value: makespan in ns; text: cause of failure */
    SWB_EVENT_PHASE = 5,        /**< text: "content", "deploy", "seed", "leech", "count", ... */
    SWB_EVENT_NODE_READY = 6,   /**< text: the client's version; value: ns since its start */
    SWB_EVENT_NODE_EXITED = 7,  /**< status; text: its last log lines */
    SWB_EVENT_FIRST_BYTE = 8,   /**< value: ns since the intended start */
    SWB_EVENT_PROGRESS = 9,     /**< value: bytes on the node, of total */
    SWB_EVENT_COMPLETED = 10,   /**< value: ns since the intended start */
    SWB_EVENT_VERIFIED = 11,    /**< status: SWB_OK or SWB_EMISMATCH (value: first bad offset) */
    SWB_EVENT_NODE_FAILED = 12, /**< status; text: cause */
    SWB_EVENT_RETRY = 13,       /**< the run will be tried again; text: cause */
    SWB_EVENT_CELL_ENDED = 14,  /**< text: why its repetitions ended */
    SWB_EVENT_WARNING = 15,     /**< text: what the user should know */
    SWB_EVENT_FAULT = 16,       /**< a fault was injected; text: which */
    SWB_EVENT_ACTION = 17,      /**< status; value: ns to the answer; text: the request, its HTTP
                                     status, how late it left */
    SWB_EVENT_METRIC = 18,      /**< of a node beside the swarm; text: name, a space, the value */
    SWB_EVENT_NOTICE = 19,      /**< text: what goes on around the runs, such as in a cluster */
} swb_event_kind;

/** Name of a kind: "run_started", "first_byte", ...; "unknown" where the library knows none.
 * Static, never freed. Any thread. */
SWB_API const char *swb_event_kind_name(swb_event_kind kind);

/** One event: a plain row. Strings are inside, nothing to free. */
typedef struct swb_event {
    swb_event_kind kind;
    int status;      /**< an swb_status where the kind has one, else SWB_OK */
    int64_t time_ns; /**< monotonic clock of the runner */
    uint64_t run;    /**< index of the run in the plan; UINT64_MAX outside runs */
    uint32_t mode;   /**< index of the mode; UINT32_MAX outside runs */
    uint32_t node;   /**< index of the node in its run; UINT32_MAX where none is meant */
    uint64_t value;  /**< as the kind says */
    uint64_t total;  /**< what `value` counts towards, 0 where nothing */
    char name[64];   /**< the node's or mode's name */
    char text[512];  /**< as the kind says; cut where it is longer */
} swb_event;

/** A running experiment. One thread at a time drives it, from its creation to its end. */
typedef struct swb_runner swb_runner;

/**
 * Prepares a runner: checks the environment (programs, disk, memory) and opens the results file;
 * starts no node. Borrows `experiment`, which must outlive the runner. `*out` is owned by the
 * caller, to be freed with swb_runner_destroy().
 * Returns SWB_EINVAL (options), SWB_EINPUT (the experiment cannot run in this place),
 * SWB_EENV (something is missing here: the message says what and how to get it), SWB_EEXIST (the
 * results file holds this experiment already and `resume` is 0), SWB_EBUSY (another runner writes
 * to the file), SWB_EDB, SWB_EIO, SWB_ENOSPACE, SWB_ENOMEM.
 */
SWB_API int swb_runner_create(swb_runner **out, const swb_experiment *experiment,
                              const swb_runner_options *options, swb_error *error);

/**
 * Ends whatever still runs at once, removes its data and frees the runner; accepts NULL. What was
 * measured stays in the results file; a run cut short is marked so. An experiment whose runner was
 * brought to a cluster goes on there: one that is made for it anew finds it.
 */
SWB_API void swb_runner_destroy(swb_runner *runner);

/**
 * Waits up to `timeout_ms` (0 = do not wait, -1 = without limit) for the next event and copies it
 * to `*out`. Returns 1 where there is one, 0 where time ran out or the experiment has ended
 * (swb_runner_done() tells which), or SWB_EINVAL (out or runner is NULL). What goes wrong in the
 * experiment is told by its events.
 */
SWB_API int swb_runner_poll(swb_event *out, swb_runner *runner, int timeout_ms);

/** Non-zero once the experiment has ended and all its events were polled. */
SWB_API int swb_runner_done(const swb_runner *runner);

/**
 * Asks the experiment to end: the current run is torn down and marked interrupted, and events go
 * on until SWB_EVENT_EXPERIMENT_ENDED with SWB_EINTERRUPTED. May be called from a signal handler
 * and from any thread; a second call changes nothing.
 */
SWB_API void swb_runner_stop(swb_runner *runner);

/**
 * Leaves an experiment whose runner was brought to a cluster, which goes on there; the last event
 * comes with SWB_OK. A runner that is made for the same experiment finds it again. SWB_EINVAL
 * (runner is NULL), SWB_EUNSUPPORTED (the runner is here).
 */
SWB_API int swb_runner_detach(swb_runner *runner);

/**
 * For an embedder with a loop of its own: a file descriptor that becomes readable when
 * swb_runner_step() has something to do. Borrowed until the runner is destroyed.
 */
SWB_API int swb_runner_fd(const swb_runner *runner);

/** Milliseconds until swb_runner_step() must be called even if the descriptor stays silent; -1 =
 *  no limit. */
SWB_API int swb_runner_timeout_ms(const swb_runner *runner);

/** Does what is due and returns without waiting; then swb_runner_poll(out, runner, 0) gives the
 *  events. Returns SWB_OK, SWB_EINVAL (runner is NULL). */
SWB_API int swb_runner_step(swb_runner *runner);

/** Runs that failed so far (after their retries). */
SWB_API uint64_t swb_runner_failed_runs(const swb_runner *runner);

SWB_END_DECLS

#endif
