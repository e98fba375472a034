/* The experiment: one YAML file, checked, and expanded into a plan of cells and runs. */
#ifndef SWARMBENCH_EXPERIMENT_H
#define SWARMBENCH_EXPERIMENT_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/error.h>
#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/** A checked experiment. Immutable once made. */
typedef struct swb_experiment swb_experiment;

/**
 * Reads and checks the experiment file at `path`. Unknown keys, wrong types, bad units, duplicate
 * keys and impossible combinations are refused with file, line, column, the value and what would
 * be right. `*out` is owned by the caller, to be freed with swb_experiment_destroy().
 * Returns SWB_EINPUT (the file's content), SWB_ENOENT, SWB_EIO, SWB_ENOMEM.
 */
SWB_API int swb_experiment_load(swb_experiment **out, const char *path, swb_error *error);

/**
 * As swb_experiment_load(), from `length` bytes of YAML in memory; `name` stands for the file in
 * messages. Returns SWB_EINPUT, SWB_ENOMEM.
 */
SWB_API int swb_experiment_parse(swb_experiment **out, const char *text, size_t length,
                                 const char *name, swb_error *error);

/** Frees an experiment; accepts NULL. Nothing that was made from it may outlive it. */
SWB_API void swb_experiment_destroy(swb_experiment *experiment);

/** Name of the experiment; borrowed until it is destroyed. */
SWB_API const char *swb_experiment_name(const swb_experiment *experiment);

/** Seed of everything random in the experiment. */
SWB_API uint64_t swb_experiment_seed(const swb_experiment *experiment);

/** The YAML text as it was read, NUL-terminated; borrowed until the experiment is destroyed. */
SWB_API const char *swb_experiment_text(const swb_experiment *experiment);

/** Number of modes, at least 1. */
SWB_API size_t swb_experiment_mode_count(const swb_experiment *experiment);

/** Name of mode `index`, in the file's order; NULL past the end; borrowed as above. */
SWB_API const char *swb_experiment_mode_name(const swb_experiment *experiment, size_t index);

/** Index of the mode that others are compared with. */
SWB_API size_t swb_experiment_baseline(const swb_experiment *experiment);

/** The plan of an experiment: its cells in order, and the runs in the order they will happen. */
typedef struct swb_plan swb_plan;

/**
 * Expands an experiment. The plan borrows the experiment, which must outlive it. The same file
 * gives the same plan, byte for byte. `*out` is owned by the caller, to be freed with
 * swb_plan_destroy(). Takes 8 bytes a cell; runs are derived when asked for.
 * Returns SWB_EINPUT (no cell is left after `exclude`, or a cell is impossible), SWB_ENOMEM.
 */
SWB_API int swb_plan_create(swb_plan **out, const swb_experiment *experiment, swb_error *error);

/** Frees a plan; accepts NULL. */
SWB_API void swb_plan_destroy(swb_plan *plan);

/** One point of the matrix, without the mode. */
typedef struct swb_cell {
    uint64_t index;           /**< position in the plan's order, from 0 */
    uint64_t file_size_bytes; /**< size of the content */
    uint32_t size;            /**< nodes in the swarm */
    uint32_t seeders;         /**< nodes that have the content at the start */
    char label[200];          /**< the axes and their values: "file_size=100MB size=8 seeders=1" */
} swb_cell;

/** One repetition of one mode in one cell. */
typedef struct swb_planned_run {
    uint64_t index;        /**< position in the order of execution, from 0 */
    uint64_t cell;         /**< index of its cell */
    uint64_t block;        /**< index of its block: runs that share cell, repetition and seed */
    uint32_t mode;         /**< index of its mode */
    uint32_t seeder_set;   /**< which choice of seeders, from 0 */
    uint32_t repetition;   /**< which repetition, from 0; beyond `repetitions.min` only as needed */
    int optional;          /**< non-zero where `repetitions` may stop before it */
    uint64_t content_seed; /**< seed of the block's content */
    uint64_t run_seed;     /**< seed of the run's other random choices */
} swb_planned_run;

/** Number of cells. */
SWB_API uint64_t swb_plan_cell_count(const swb_plan *plan);

/** Number of runs at most: cells x modes x seeder sets x repetitions.max. */
SWB_API uint64_t swb_plan_run_count(const swb_plan *plan);

/** Fills `*out` with cell `index`. Returns SWB_EINVAL past the end. */
SWB_API int swb_plan_cell(swb_cell *out, const swb_plan *plan, uint64_t index);

/** Fills `*out` with run `index`. Returns SWB_EINVAL past the end. */
SWB_API int swb_plan_run(swb_planned_run *out, const swb_plan *plan, uint64_t index);

/** What a plan will cost; a model, not a promise (its terms stand in docs/experiment-format.md). */
typedef struct swb_estimate {
    uint64_t time_min_ns;       /**< all runs up to repetitions.min */
    uint64_t time_max_ns;       /**< all runs up to repetitions.max, each within its limit */
    uint64_t disk_peak_bytes;   /**< most disk that a run needs at once */
    uint64_t memory_peak_bytes; /**< most memory that a run needs at once */
    uint64_t traffic_bytes;     /**< content bytes delivered to leechers, up to repetitions.min */
    uint64_t runs_min;          /**< runs up to repetitions.min */
    uint64_t runs_max;          /**< runs up to repetitions.max */
    uint64_t downloads_min;     /**< leecher downloads up to repetitions.min */
} swb_estimate;

/** Fills `*out` with what the plan will cost. Cannot fail; returns SWB_OK. */
SWB_API int swb_plan_estimate(swb_estimate *out, const swb_plan *plan);

/** Output formats of the calls that write. */
typedef enum swb_format {
    SWB_FORMAT_TEXT = 0,     /**< for a terminal */
    SWB_FORMAT_MARKDOWN = 1, /**< for a page */
    SWB_FORMAT_JSON = 2,     /**< one JSON value */
    SWB_FORMAT_CSV = 3,      /**< RFC 4180, with a header line */
    SWB_FORMAT_HTML = 4,     /**< one page, complete in itself */
    /** An object a line, each with every column, null where unknown; a column has one type in all
     *  rows (real numbers are written with a point), so that columnar formats can be made of it. */
    SWB_FORMAT_JSON_LINES = 5,
} swb_format;

/**
 * Writes the plan to the file descriptor `fd`: SWB_FORMAT_TEXT (a table of cells and the
 * estimate) or SWB_FORMAT_JSON (one object with "experiment", "estimate", "cells" and "runs").
 * Bounded memory for any number of cells. Returns SWB_EINVAL (format), SWB_EIO.
 */
SWB_API int swb_plan_write(const swb_plan *plan, swb_format format, int fd, swb_error *error);

/** How a plan becomes an Argo Workflow. Start with SWB_WORKFLOW_OPTIONS_INIT. */
typedef struct swb_workflow_options {
    uint32_t version;          /**< SWB_WORKFLOW_OPTIONS_VERSION */
    uint32_t parallel;         /**< cells at once, 1 to 1000; 0 = 1: more share the cluster */
    const char *claim;         /**< the volume claim of the results; NULL = swarmbench-results */
    const char *template_name; /**< the WorkflowTemplate of the steps; NULL = swarmbench */
    const char *name_space;    /**< namespace of the objects; NULL = the one they are made in */
} swb_workflow_options;

#define SWB_WORKFLOW_OPTIONS_VERSION 1
#define SWB_WORKFLOW_OPTIONS_INIT                                                                  \
    {                                                                                              \
        SWB_WORKFLOW_OPTIONS_VERSION, 0, NULL, NULL, NULL                                          \
    }

/**
 * Writes the plan to `fd` as two objects for a cluster, in YAML: a ConfigMap with the experiment
 * and the file that its `deploy.values` names, and an Argo Workflow in which each cell is a step,
 * grouped by the size of its swarm, the smallest first. A step runs `swarmbench run --only`; the
 * last one merges what they stored. The same files give the same bytes. Returns SWB_EINVAL
 * (options), SWB_EINPUT (more than 3000 cells, or files of more than 1 MB together: objects of a
 * cluster cannot hold them; values that are no text; overlays, which steps do not have),
 * SWB_ENOENT (no such file of values), SWB_EIO, SWB_ENOMEM.
 */
SWB_API int swb_plan_workflow_write(const swb_plan *plan, const swb_workflow_options *options,
                                    int fd, swb_error *error);

/** Writes the JSON Schema (draft 2020-12) of the experiment format to `fd`. Returns SWB_EIO. */
SWB_API int swb_schema_write(int fd, swb_error *error);

/** Writes the reference page of the experiment format, Markdown, to `fd`. Returns SWB_EIO. */
SWB_API int swb_reference_write(int fd, swb_error *error);

SWB_END_DECLS

#endif
