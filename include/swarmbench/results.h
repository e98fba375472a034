/* Results: reading, summing up and exporting the SQLite file that runs are stored in. */
#ifndef SWARMBENCH_RESULTS_H
#define SWARMBENCH_RESULTS_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/error.h>
#include <swarmbench/experiment.h>
#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/** An open results file, for reading. */
typedef struct swb_results swb_results;

/**
 * Opens the results file at `path`; a runner may be writing to it meanwhile. `*out` is owned by
 * the caller, to be freed with swb_results_close(). A file of an older format is not changed: it is
 * read as it was at this moment, through a copy in TMPDIR (else /tmp) that is brought up to date.
 * Returns SWB_ENOENT, SWB_EDB (not a results file, or of a newer format), SWB_ENOMEM; of an older
 * format also SWB_EIO, SWB_ENOSPACE.
 */
SWB_API int swb_results_open(swb_results **out, const char *path, swb_error *error);

/** Closes a results file; accepts NULL. */
SWB_API void swb_results_close(swb_results *results);

/**
 * Path of the SQLite database that is read, for SQL of one's own: the file itself, or the copy of
 * one of an older format. Borrowed until the results are closed; a copy is removed then.
 */
SWB_API const char *swb_results_database(const swb_results *results);

/**
 * A quantity over runs: median with its bootstrap interval, and quantiles. NaN where unknown. A run
 * that failed counts as longer than every other, so a value may be INFINITY (a bandwidth: 0) where
 * it lies among failed runs.
 */
typedef struct swb_quantity {
    double median;
    double low;  /**< lower end of the 95 % interval of the median */
    double high; /**< upper end */
    double p25;  /**< first quartile */
    double p75;  /**< third quartile */
} swb_quantity;

/** One mode in one cell, summed up over its runs. */
typedef struct swb_summary_row {
    char experiment[128];
    char cell[200]; /**< the cell's label */
    char mode[64];
    uint64_t file_size_bytes;
    uint32_t size;
    uint32_t seeders;
    uint32_t runs; /**< runs that came to an end, failed ones included */
    uint32_t runs_failed;
    uint32_t downloads;          /**< attempted, in retried runs too */
    uint32_t downloads_verified; /**< completed and verified */
    double reliability_low;      /**< Wilson 95 % interval of verified / attempted */
    double reliability_high;
    swb_quantity makespan_ns;   /**< per run: intended start to the last leecher's completion */
    swb_quantity first_byte_ns; /**< per run: median over its leechers of the time to first byte */
    swb_quantity completion_ns; /**< per run: median over its leechers of the time to 100 % */
    swb_quantity bandwidth_bps; /**< per run: median over leechers of content bits / completion */
    double stability;           /**< coefficient of variation of completed makespans; or NaN */
    double seeder_share;  /**< median over completed runs: bytes that seeders sent / file size */
    double start_skew_ns; /**< largest over runs */
    double cpu_ns;        /**< median over completed runs: CPU time of all nodes together */
    double ratio;         /**< median makespan / the baseline's, over common blocks; or NaN */
    int simulated;        /**< non-zero where a stand-in or a simulation made the numbers */
} swb_summary_row;

/**
 * Sums the file up, a row for each cell and mode that has runs. `*rows_out` is an array of
 * `*count_out` rows, owned by the caller, to be freed with swb_results_free_summary().
 * Returns SWB_EDB, SWB_ENOMEM.
 */
SWB_API int swb_results_summary(swb_summary_row **rows_out, size_t *count_out, swb_results *results,
                                swb_error *error);

/** Frees rows of swb_results_summary(); accepts NULL. */
SWB_API void swb_results_free_summary(swb_summary_row *rows);

/** How far an experiment in the file has come. */
typedef struct swb_progress {
    char experiment[128];
    uint64_t runs_planned;    /**< at most */
    uint64_t runs_done;       /**< completed and stored */
    uint64_t runs_failed;     /**< ended in failure after all retries */
    uint64_t runs_unfinished; /**< running now, or cut short */
    int running;              /**< non-zero while a runner works on it */
    int ended;                /**< non-zero once nothing of it is left to do */
    uint64_t cells_planned;   /**< 0: not known, of a file of an older version */
    uint64_t cells_begun;     /**< cells that have a run; fewer where only some were wanted, or a
                                   part is missing in what was merged */
} swb_progress;

/** Fills `*out` with experiment `index` of the file, oldest first. Returns SWB_ENOENT past the
 *  end, SWB_EDB. */
SWB_API int swb_results_progress(swb_progress *out, swb_results *results, size_t index,
                                 swb_error *error);

/**
 * Writes a report on the file to `fd`: SWB_FORMAT_TEXT (for a terminal), SWB_FORMAT_MARKDOWN,
 * SWB_FORMAT_HTML (one page that opens from disk and needs no network; see swb_page_library()) or
 * SWB_FORMAT_JSON. Returns SWB_EINVAL (format), SWB_EIO, SWB_EDB, SWB_ENOMEM.
 *
 * The JSON is the summary for programs: {"experiments": [{"name", "margin", "confidence", "runs",
 * "rows", "notes", ...}]}. An element of "rows" is one mode in one cell, with what
 * swb_summary_row has under the same names, and "comparison": null for the baseline and where
 * nothing may be compared, else {"blocks", "ratio", "low", "high" (two-sided interval of the
 * ratio), "cliffs_delta", "p_not_inferior", "p_inferior", "verdict" ("not inferior", "inferior",
 * "undecided"), "further_blocks" (null: not foreseeable)}. What is unknown or infinite is null.
 */
SWB_API int swb_results_report(swb_results *results, swb_format format, int fd, swb_error *error);

/**
 * What draws the charts of HTML pages, with its versions: "vega 6.2.0, ...". NULL where the library
 * was built without it: pages then have everything but charts, and say how to get them. Static.
 */
SWB_API const char *swb_page_library(void);

/** A chart that swb_results_chart() can make. Static; never freed. */
typedef struct swb_chart {
    const char *name;        /**< for programs: "completion" */
    const char *title;       /**< for people: "Downloads completed over time" */
    const char *description; /**< what it shows and how to read it: a sentence or two */
} swb_chart;

/** Chart `index`, in the order of a report; NULL past the end. Static. */
SWB_API const swb_chart *swb_chart_at(size_t index);

/** What a chart is of, and how large it may get. Start with SWB_CHART_OPTIONS_INIT. */
typedef struct swb_chart_options {
    uint32_t version; /**< SWB_CHART_OPTIONS_VERSION */
    /** The experiment: its name (the newest of that name), else its number as
     *  swb_results_progress() counts. NULL: the newest. */
    const char *experiment;
    const char *cell;  /**< only this cell: its number in the plan, or its label. NULL: all */
    const char *modes; /**< only these modes: names separated by commas. NULL: all */
    /** Rows of data in the chart at most, 1000 to 100000; 0: 5000. Series are thinned to it (their
     *  ends are kept), and where that is not enough later cells are left out; the subtitle says
     *  so. The JSON is under 64 KiB and 1 KiB a row, data and labels included. */
    uint32_t rows_max;
    uint32_t width_px; /**< of a plot, 100 to 4000; 0: what fits a page 900 px wide */
} swb_chart_options;

#define SWB_CHART_OPTIONS_VERSION 1
#define SWB_CHART_OPTIONS_INIT                                                                     \
    {                                                                                              \
        SWB_CHART_OPTIONS_VERSION, NULL, NULL, NULL, 0, 0                                          \
    }

/**
 * Writes chart `name`, one of swb_chart_at(), to `fd` as a Vega-Lite specification: one JSON object
 * with all its data, valid under the schemas of Vega-Lite 5 and 6, which names no file and no
 * address but that of its schema. `options` NULL: the defaults. `fd` stays the caller's.
 *
 * Results of stand-ins and simulations are marked in the names of their modes; downloads that
 * failed are in the chart as what never completed. Where there is nothing to show (no finished run,
 * nothing to compare) the chart has no rows, and its subtitle says why.
 *
 * Returns SWB_ENOENT (no such chart, experiment, cell or mode; the message lists what there is),
 * SWB_EINVAL (an option out of its range), SWB_EIO, SWB_EDB, SWB_ENOMEM.
 */
SWB_API int swb_results_chart(swb_results *results, const char *name,
                              const swb_chart_options *options, int fd, swb_error *error);

/** How two results files are compared. Start with SWB_COMPARE_OPTIONS_INIT. */
typedef struct swb_compare_options {
    uint32_t version;       /**< SWB_COMPARE_OPTIONS_VERSION */
    const char *experiment; /**< only experiments of this name; NULL: all that both files have */
    double margin;          /**< 0.2 = 20 %; 0: that of the first file's experiment */
    double confidence;      /**< 0.5 to 0.9999; 0: that of the first file's experiment */
} swb_compare_options;

#define SWB_COMPARE_OPTIONS_VERSION 1
#define SWB_COMPARE_OPTIONS_INIT                                                                   \
    {                                                                                              \
        SWB_COMPARE_OPTIONS_VERSION, NULL, 0, 0                                                    \
    }

/** What a comparison of two files came to, in rows: a mode in a cell. */
typedef struct swb_compare_counts {
    uint64_t rows;         /**< compared: both files have runs of them */
    uint64_t not_inferior; /**< shown not to be slower by more than the margin */
    uint64_t inferior;     /**< shown to be: regressions */
    uint64_t undecided;    /**< too few runs to say */
    uint64_t only_before;  /**< in the first file only: not compared */
    uint64_t only_after;   /**< in the second file only: not compared */
    uint64_t left_out; /**< in both, but of another file size, swarm or place, or a stand-in or a
                          simulation beside real programs */
} swb_compare_counts;

/**
 * Compares the makespans of `after` with those of `before`, each mode in each cell that both have,
 * and writes what it comes to to `fd`: SWB_FORMAT_TEXT, SWB_FORMAT_MARKDOWN or SWB_FORMAT_JSON.
 * Experiments are matched by name, cells by label, modes by name. It is the test of a report:
 * ratio of medians with a bootstrap interval, non-inferiority at the margin, Holm-corrected over
 * all rows of an experiment. Runs that share content seed, seeder set and repetition are paired;
 * where fewer than half of the smaller set's runs have such a partner, the sets are resampled each
 * by itself.
 * `*counts_out` may be NULL; `options` NULL: the defaults.
 *
 * Returns SWB_ENOENT (the files have no experiment in common), SWB_EINVAL (format, or an option out
 * of its range), SWB_EIO, SWB_EDB, SWB_ENOMEM.
 */
SWB_API int swb_results_compare(swb_compare_counts *counts_out, swb_results *before,
                                swb_results *after, const swb_compare_options *options,
                                swb_format format, int fd, swb_error *error);

/**
 * Writes one table to `fd` as SWB_FORMAT_CSV, SWB_FORMAT_JSON (an array of objects) or
 * SWB_FORMAT_JSON_LINES. `table` is one of swb_results_table_name(). Rows are streamed: bounded
 * memory for any size. Returns SWB_ENOENT (no such table; the message lists them), SWB_EINVAL
 * (format), SWB_EIO, SWB_EDB, SWB_ENOMEM.
 */
SWB_API int swb_results_export(swb_results *results, const char *table, swb_format format, int fd,
                               swb_error *error);

/** What a merge did, counted in runs of the plan. */
typedef struct swb_merge_report {
    uint64_t runs_added;
    uint64_t runs_skipped;    /**< were there already */
    uint64_t runs_unfinished; /**< left out: cut short, or running now */
} swb_merge_report;

/**
 * Merges the results file `from` into the results file `into`, which is made where it is missing:
 * whole runs, with their failed attempts, nodes, downloads, progress, samples and events. Both must
 * hold the same experiment (by its digest), run in the same place; a file that holds none yet takes
 * that of `from`. Facts about the environment that differ are all kept. A run that `into` has
 * already is refused, or passed over where `skip_existing` is not 0, so that merging again changes
 * nothing. All of `from` is merged, or nothing. `out` may be NULL.
 * Returns SWB_ENOENT (`from`), SWB_EEXIST (a run is there already), SWB_EINPUT (another experiment
 * or place), SWB_EINVAL (a path is NULL, or both are one file), SWB_EBUSY (a runner writes to
 * `into`), SWB_EDB (not a results file, or of another format), SWB_EIO, SWB_ENOSPACE, SWB_ENOMEM.
 */
SWB_API int swb_results_merge(swb_merge_report *out, const char *into, const char *from,
                              int skip_existing, swb_error *error);

/** Name of exportable table `index`: "runs", "downloads", "progress", "samples", ...; NULL past
 *  the end. Static. */
SWB_API const char *swb_results_table_name(size_t index);

SWB_END_DECLS

#endif
