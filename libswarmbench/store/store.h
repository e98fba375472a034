/* The results file: one SQLite database, written by one runner at a time, read by anyone. */
#ifndef SWB_STORE_STORE_H
#define SWB_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/error.h"
#include "measure/observation.h"

typedef struct swb__store swb__store;

#define SWB__STORE_VERSION 6

/* Opens for writing, making or migrating the file as needed (WAL, foreign keys on), and holds the
 * writer's lock until it is closed. SWB_EDB, SWB_EBUSY (another live runner has the lock),
 * SWB_EIO, SWB_ENOMEM. */
int swb__store_open(swb__store **out, const char *path, swb_error *error);
/* As above for reading only; SWB_ENOENT where there is no file. One of an older format is read as
 * it is now, through a copy, and not changed. */
int swb__store_open_read(swb__store **out, const char *path, swb_error *error);
void swb__store_close(swb__store *store);
/* For the readers in store/ and report/: finalize every statement before closing. */
sqlite3 *swb__store_database(swb__store *store);
/* Path of that database: the file, or its up-to-date copy; borrowed until the store is closed. */
const char *swb__store_database_path(const swb__store *store);
/* A reader: what is read until the release is of one moment. */
int swb__store_snapshot(swb__store *store, swb_error *error);
void swb__store_release(swb__store *store);
/* Does a live runner write to the file now? */
bool swb__store_written(const swb__store *store);

typedef struct swb__store_experiment_row {
    const char *name;
    const char *digest; /* 64 hex digits: names the experiment */
    const char *text;   /* the YAML file */
    uint64_t seed;
    uint64_t cells_planned;
    uint64_t runs_planned;
    const char *place; /* deployer */
    const char *baseline;
    double margin;
    double confidence;
    bool allow_stand_in; /* in a verdict */
    bool resume;         /* go on where the file has it already */
} swb__store_experiment_row;

/* Finds the experiment by its digest, or adds it. `*id_out` is its key. Runs that a dead runner
 * left unfinished in the file are marked interrupted. SWB_EEXIST (it is there, and not to be
 * resumed), SWB_EINPUT (it was run at another place); the file is as before then. */
int swb__store_experiment(int64_t *id_out, swb__store *store,
                          const swb__store_experiment_row *experiment, swb_error *error);
/* Records how it ended: "done", "interrupted", or a reason. */
int swb__store_experiment_end(swb__store *store, int64_t experiment, const char *ending,
                              swb_error *error);

/* One fact about the environment: ("kernel", "6.1.0"); joined to an earlier one that differs, as of
 * a session on another machine: "6.1.0; 6.12.1". */
int swb__store_environment(swb__store *store, int64_t experiment, const char *name,
                           const char *value, swb_error *error);

/* A cell; stored once, found again by (experiment, index). */
typedef struct swb__store_cell {
    uint64_t index;
    const char *label;
    uint64_t file_size_bytes;
    uint32_t size;
    uint32_t seeders;
} swb__store_cell;
/* Records why the repetitions of a cell ended. SWB_ENOENT where the cell has no run. */
int swb__store_cell_end(swb__store *store, int64_t experiment, uint64_t index, const char *ending,
                        swb_error *error);

typedef struct swb__store_run {
    uint64_t index; /* in the plan */
    swb__store_cell cell;
    const char *mode;
    const char *coding; /* "4+2 by library"; "" or NULL: none */
    uint64_t block;
    uint32_t seeder_set;
    uint32_t repetition;
    uint32_t attempt; /* from 1 */
    uint64_t content_seed;
    uint64_t run_seed;
} swb__store_run;

/* What is stored of run `index`: */
typedef enum swb__run_state {
    SWB__RUN_ABSENT, /* nothing, or only interrupted attempts */
    SWB__RUN_DONE,   /* completed */
    SWB__RUN_FAILED, /* failed for good */
} swb__run_state;
int swb__store_run_state(swb__run_state *out, swb__store *store, int64_t experiment, uint64_t index,
                         swb_error *error);
/* Makespans in ns of the stored successful runs of a cell and mode: for the stopping rule.
 * `*values_out` freed with free(). */
int swb__store_makespans(double **values_out, size_t *count_out, swb__store *store,
                         int64_t experiment, uint64_t cell, const char *mode, swb_error *error);

/* Begins a run: commits its row as "running", then opens the transaction that the calls below write
 * in; times before this call are fine, they are stored relative to it. Interrupted rows of the same
 * index are replaced. Where the attempt has ended already (retried before a crash), the next free
 * number is taken instead. SWB_EEXIST: the run is done or failed for good. */
int swb__store_run_begin(swb__store *store, int64_t experiment, const swb__store_run *run,
                         swb_error *error);
/* A node, download or part that is stored again is replaced. */
int swb__store_node(swb__store *store, const swb__node_row *node, swb_error *error);
int swb__store_download(swb__store *store, const swb__download *download, swb_error *error);
int swb__store_part(swb__store *store, const swb__part_row *part, swb_error *error);
int swb__store_progress(swb__store *store, uint32_t node, int64_t time_ns, uint64_t bytes,
                        swb_error *error);
int swb__store_sample(swb__store *store, uint32_t node, const swb_sample *sample, swb_error *error);
/* `kind`: a word ("phase", "exited", "fault", ...); node UINT32_MAX: the run. */
int swb__store_event(swb__store *store, int64_t time_ns, uint32_t node, const char *kind,
                     const char *text, swb_error *error);

/* How a run's row ends. */
typedef enum swb__run_ending {
    SWB__ENDING_DONE,
    SWB__ENDING_FAILED,      /* for good */
    SWB__ENDING_RETRIED,     /* failed; another attempt follows */
    SWB__ENDING_INTERRUPTED, /* cut short by the user; runs again on resume */
} swb__run_ending;
/* Writes result and cost, sets the row's state, and commits all of it at once. */
int swb__store_run_end(swb__store *store, swb__run_ending ending, const swb__run_result *result,
                       const swb__harness_cost *cost, swb_error *error);
/* Drops what was written since run_begin; the row stays "running" (to be marked interrupted). */
void swb__store_run_abandon(swb__store *store);

#endif
