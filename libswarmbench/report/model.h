/* What a results file comes to: the one model that summary, report and JSON are made from. */
#ifndef SWB_REPORT_MODEL_H
#define SWB_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <swarmbench/results.h>

#include "measure/verdict.h"
#include "store/store.h"

/* An open results file, for reading. */
struct swb_results {
    swb__store *store;
};

/* What one run adds to the statistics of its mode in its cell. NaN: unknown; INFINITY: censored,
 * since the run failed. */
typedef struct swb__run_values {
    uint64_t block;
    uint64_t content_seed; /* with the next two: what makes runs of different files alike */
    uint64_t seeder_set;
    uint64_t repetition;
    bool done;
    double makespan_ns;
    double first_byte_ns; /* median over its leechers, as the next two */
    double completion_ns;
    double bandwidth_bps;
    double spread_ns;
    double seeder_share;
    double cpu_ns;
} swb__run_values;

/* One mode in one cell. */
typedef struct swb__report_row {
    swb_summary_row summary;
    uint64_t cell;
    bool is_baseline;
    bool stand_in;              /* a node of it was not the real program */
    bool compared;              /* `comparison` holds what the baseline is to it */
    swb__comparison comparison; /* its inputs are NULL */
    swb__run_values *runs;      /* in order of block */
    size_t run_count;
    size_t run_capacity;
    double spread_ns;      /* median over completed runs */
    double memory_bytes;   /* largest RssAnon of a node, else RSS; 0: unknown */
    double uncertainty_ns; /* widest [lo, hi] of a first byte or completion */
    uint64_t stalls;
    double busy_cores;    /* most that the nodes kept busy while content moved; NaN: unknown */
    double harness_share; /* largest: the runner's CPU over the time of the transfer */
    double harness_bytes; /* largest: the runner's RSS */
} swb__report_row;

/* One experiment of the file; its rows are [first_row, first_row + row_count) of the report's. */
typedef struct swb__report_experiment {
    int64_t id;
    char name[128];
    char place[64];
    char baseline[64];
    char ending[128]; /* "" where it has not ended */
    uint64_t seed;
    double margin;
    double confidence;
    bool allow_stand_in; /* in a comparison */
    int64_t begun_wall_ns;
    double cores; /* of the machine; NaN: unknown */
    swb_progress progress;
    size_t first_row;
    size_t row_count;
} swb__report_experiment;

typedef struct swb__report {
    swb__report_experiment *experiments;
    size_t experiment_count;
    swb__report_row *rows; /* by experiment, cell, and mode: the baseline first */
    size_t row_count;
    size_t row_capacity;
} swb__report;

/* Reads, sums up and compares all that is in the store. Free with swb__report_finish(). */
int swb__report_load(swb__report *out, swb__store *store, swb_error *error);
void swb__report_finish(swb__report *report);

/* Its parts. Rows of one experiment, appended to the report's: */
int swb__report_load_rows(swb__report *report, swb__report_experiment *experiment,
                          swb__store *store, swb_error *error);
/* Fills in what the rows of one experiment are to their baseline. SWB_ENOMEM. */
int swb__report_compare(swb__report *report, const swb__report_experiment *experiment,
                        swb_error *error);
/* How far an experiment has come. */
int swb__report_progress(swb_progress *out, swb__store *store, int64_t experiment,
                         swb_error *error);

#endif
