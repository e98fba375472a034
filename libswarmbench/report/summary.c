/* Rows of the model: the runs of a mode in a cell, summed up. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "measure/series.h"
#include "measure/statistics.h"
#include "report/format.h"
#include "report/model.h"
#include "store/database.h"

#define CONFIDENCE 0.95

/* Columns of the runs that a summary is made of. */
enum {
    RUN_ID,
    CELL_INDEX,
    CELL_LABEL,
    FILE_SIZE,
    SIZE,
    SEEDERS,
    MODE,
    IS_BASELINE,
    STATE,
    BLOCK,
    MAKESPAN,
    SPREAD,
    START_SKEW,
    SEEDER_SHARE,
    HARNESS_SHARE,
    HARNESS_BYTES,
    CONTENT_SEED,
    SEEDER_SET,
    REPETITION,
};
static const char runs_sql[] =
    "SELECT run.id, cell.plan_index, label, file_size_bytes, size, seeders, mode,"
    " mode = baseline, state, block, makespan_ns,"
    /* Older files say 0 of a leecher that is alone. */
    " CASE WHEN size - seeders > 1 THEN spread_ns END,"
    " CASE WHEN size - seeders > 1 THEN start_skew_ns END, seeder_share,"
    " CAST(leech_cpu_ns AS REAL) / leech_wall_ns, rss_peak_bytes, content_seed,"
    " seeder_set, repetition"
    " FROM experiment JOIN cell ON cell.experiment = experiment.id JOIN run ON run.cell = cell.id"
    " LEFT JOIN harness ON harness.run = run.id"
    " WHERE experiment.id = ? AND state IN ('done', 'failed', 'retried')"
    " ORDER BY cell.plan_index, mode <> baseline, mode, block, run.plan_index, attempt";

/* The times of a run's leechers. */
typedef struct leechers {
    swb__series first_byte_ns;
    swb__series completion_ns;
    swb__series bandwidth_bps;
} leechers;

static void leechers_finish(leechers *values)
{
    swb__series_finish(&values->first_byte_ns);
    swb__series_finish(&values->completion_ns);
    swb__series_finish(&values->bandwidth_bps);
}

/* One download. What failed is censored; what was verified but not seen to happen is unknown. */
static int add_download(leechers *values, swb__report_row *row, sqlite3_stmt *download)
{
    double bits = sqlite3_column_double(download, 0) * 8;
    double first_byte = swb__column_real(download, 1);
    double completion = swb__column_real(download, 2);
    bool verified = sqlite3_column_int(download, 3);
    int status = SWB_OK;
    row->summary.downloads++;
    row->summary.downloads_verified += verified;
    row->stalls += swb__column_count(download, 4);
    row->uncertainty_ns = fmax(row->uncertainty_ns, swb__column_real(download, 5));
    row->uncertainty_ns = fmax(row->uncertainty_ns, swb__column_real(download, 6));
    if (!isnan(first_byte) || !verified) {
        status = swb__series_add(&values->first_byte_ns, isnan(first_byte) ? INFINITY : first_byte);
    }
    if (status == SWB_OK && (!isnan(completion) || !verified)) {
        double time = verified ? completion : INFINITY;
        status = swb__series_add(&values->completion_ns, time);
        if (status == SWB_OK) {
            status = swb__series_add(&values->bandwidth_bps, bits / (time / 1e9));
        }
    }
    return status;
}

static int read_downloads(leechers *values, swb__report_row *row, swb__store *store, int64_t run,
                          swb_error *error)
{
    swb__binding download;
    int status = swb__bind(&download, store,
                           "SELECT bytes, first_byte_hi_ns, completion_hi_ns, verified, stalls,"
                           " first_byte_hi_ns - first_byte_lo_ns,"
                           " completion_hi_ns - completion_lo_ns FROM download WHERE run = ?",
                           "read downloads", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&download, run);
    while ((status = swb__bound_next(&download, error)) == 1) {
        if (add_download(values, row, download.statement) != SWB_OK) {
            status = swb__fail_nomem(error);
            break;
        }
    }
    swb__bound_finish(&download);
    return status;
}

/* What the swarm's nodes used together in a run, and whether any was a stand-in. */
static int read_nodes(double *cpu_ns_out, swb__report_row *row, swb__store *store, int64_t run,
                      swb_error *error)
{
    swb__binding nodes;
    int status = swb__bind(&nodes, store,
                           "SELECT sum(cpu_ns) FILTER (WHERE role <> 'service'),"
                           " max(coalesce(rss_anon_peak_bytes, rss_peak_bytes))"
                           "  FILTER (WHERE role <> 'service'),"
                           " max(stand_in) FROM node WHERE run = ?",
                           "read nodes", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&nodes, run);
    status = swb__bound_next(&nodes, error);
    if (status == 1) {
        *cpu_ns_out = swb__column_real(nodes.statement, 0);
        row->memory_bytes = fmax(row->memory_bytes, sqlite3_column_double(nodes.statement, 1));
        row->stand_in = row->stand_in || sqlite3_column_int(nodes.statement, 2) != 0;
        row->summary.simulated |= row->stand_in;
    }
    swb__bound_finish(&nodes);
    return status < 0 ? status : SWB_OK;
}

/* Cores that the nodes kept busy while content moved: of each node, its CPU time between the
 * samples nearest to where the phases `leech` and `count` begin. It is divided by the time between
 * these samples, or by the phase where that is longer, as it is for a node that ended early.
 * Unknown where these samples are off by more than a quarter of the phase: they tell of the start,
 * or of nothing. */
static int read_busy_cores(swb__report_row *row, swb__store *store, int64_t run, swb_error *error)
{
    swb__binding busy;
    int status =
        swb__bind(&busy, store,
                  "WITH phase AS (SELECT max(time_ns) FILTER (WHERE text = 'leech') AS leech,"
                  "  max(time_ns) FILTER (WHERE text = 'count') AS count"
                  "  FROM event WHERE run = ?1 AND kind = 'phase'),"
                  " known AS MATERIALIZED (SELECT node, time_ns, cpu_ns, leech, count"
                  "  FROM sample, phase WHERE run = ?1 AND cpu_ns IS NOT NULL AND count > leech),"
                  " first AS (SELECT *, min(abs(time_ns - leech)) FROM known GROUP BY node),"
                  " last AS (SELECT *, min(abs(time_ns - count)) FROM known GROUP BY node)"
                  " SELECT CASE WHEN max(abs(f.leech - f.time_ns) + max(l.time_ns - l.count, 0))"
                  "   * 4 <= max(f.count - f.leech) AND min(l.time_ns - f.time_ns) > 0"
                  "  THEN sum(CAST(iif(l.cpu_ns < f.cpu_ns, l.cpu_ns, l.cpu_ns - f.cpu_ns) AS REAL)"
                  "   / max(l.time_ns - f.time_ns, f.count - f.leech)) END"
                  " FROM first AS f JOIN last AS l ON l.node = f.node",
                  "read samples", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&busy, run);
    status = swb__bound_next(&busy, error);
    if (status == 1) {
        row->busy_cores = fmax(row->busy_cores, swb__column_real(busy.statement, 0));
    }
    swb__bound_finish(&busy);
    return status < 0 ? status : SWB_OK;
}

static swb__run_values *new_run(swb__report_row *row)
{
    if (row->run_count == row->run_capacity) {
        size_t capacity = row->run_capacity == 0 ? 8 : row->run_capacity * 2;
        swb__run_values *grown = realloc(row->runs, capacity * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        row->runs = grown;
        row->run_capacity = capacity;
    }
    return &row->runs[row->run_count++];
}

/* Median over leechers; where a run failed before it had any, its value is censored. */
static double leecher_median(swb__series *values, bool done, double censored)
{
    return values->count > 0 || done ? swb__quantile(values->values, values->count, 0.5) : censored;
}

static int fill_run(swb__report_row *row, leechers *values, double cpu_ns, sqlite3_stmt *statement)
{
    swb__run_values *run = new_run(row);
    if (run == NULL) {
        return SWB_ENOMEM;
    }
    bool done = strcmp(swb__column_text(statement, STATE), "done") == 0;
    run->block = swb__column_count(statement, BLOCK);
    run->content_seed = strtoull(swb__column_text(statement, CONTENT_SEED), NULL, 10);
    run->seeder_set = swb__column_count(statement, SEEDER_SET);
    run->repetition = swb__column_count(statement, REPETITION);
    run->done = done;
    run->makespan_ns = done ? swb__column_real(statement, MAKESPAN) : INFINITY;
    run->first_byte_ns = leecher_median(&values->first_byte_ns, done, INFINITY);
    run->completion_ns = leecher_median(&values->completion_ns, done, INFINITY);
    run->bandwidth_bps = leecher_median(&values->bandwidth_bps, done, 0);
    /* What a failed run used up in part is not comparable. */
    run->spread_ns = done ? swb__column_real(statement, SPREAD) : NAN;
    run->seeder_share = done ? swb__column_real(statement, SEEDER_SHARE) : NAN;
    run->cpu_ns = done ? cpu_ns : NAN;
    row->summary.runs++;
    row->summary.runs_failed += !done;
    row->summary.start_skew_ns =
        fmax(row->summary.start_skew_ns, swb__column_real(statement, START_SKEW));
    return SWB_OK;
}

static int add_run(swb__report_row *row, swb__store *store, sqlite3_stmt *statement,
                   swb_error *error)
{
    leechers values = {0};
    double cpu_ns = NAN;
    int64_t id = sqlite3_column_int64(statement, RUN_ID);
    int status = read_downloads(&values, row, store, id, error);
    if (status == SWB_OK) {
        status = read_nodes(&cpu_ns, row, store, id, error);
    }
    if (status == SWB_OK) {
        status = read_busy_cores(row, store, id, error);
    }
    /* A retried run counts in reliability alone: another attempt stands for it. */
    bool counts = strcmp(swb__column_text(statement, STATE), "retried") != 0;
    if (status == SWB_OK && counts && fill_run(row, &values, cpu_ns, statement) != SWB_OK) {
        status = swb__fail_nomem(error);
    }
    row->harness_share = fmax(row->harness_share, swb__column_real(statement, HARNESS_SHARE));
    row->harness_bytes = fmax(row->harness_bytes, swb__column_real(statement, HARNESS_BYTES));
    leechers_finish(&values);
    return status;
}

/* The known values of one metric over a row's runs; `offset` of it in swb__run_values. */
static int collect(swb__series *out, const swb__report_row *row, size_t offset)
{
    int status = SWB_OK;
    for (size_t i = 0; i < row->run_count && status == SWB_OK; i++) {
        double value;
        memcpy(&value, (const char *)&row->runs[i] + offset, sizeof value);
        status = isnan(value) ? SWB_OK : swb__series_add(out, value);
    }
    return status;
}

static int sum_up_quantity(swb_quantity *out, const swb__report_row *row, size_t offset,
                           uint64_t seed)
{
    swb__series values = {0};
    int status = collect(&values, row, offset);
    if (status == SWB_OK) {
        swb__interval interval = swb__median_interval(values.values, values.count, CONFIDENCE,
                                                      swb__random_derive(seed, "quantity", offset));
        out->median = swb__quantile(values.values, values.count, 0.5);
        out->low = interval.low;
        out->high = interval.high;
        out->p25 = swb__sorted_quantile(values.values, values.count, 0.25);
        out->p75 = swb__sorted_quantile(values.values, values.count, 0.75);
    }
    swb__series_finish(&values);
    return status;
}

static int median_of_metric(double *out, const swb__report_row *row, size_t offset)
{
    swb__series values = {0};
    int status = collect(&values, row, offset);
    if (status == SWB_OK) {
        *out = swb__quantile(values.values, values.count, 0.5);
    }
    swb__series_finish(&values);
    return status;
}

/* Coefficient of variation of the makespans of completed runs. */
static int sum_up_stability(swb__report_row *row)
{
    swb__series values = {0};
    int status = SWB_OK;
    for (size_t i = 0; i < row->run_count && status == SWB_OK; i++) {
        if (isfinite(row->runs[i].makespan_ns)) {
            status = swb__series_add(&values, row->runs[i].makespan_ns);
        }
    }
    row->summary.stability = swb__variation(values.values, values.count);
    swb__series_finish(&values);
    return status;
}

static int sum_up(swb__report_row *row, uint64_t experiment_seed)
{
    static const struct {
        size_t to; /* in swb_summary_row */
        size_t from;
    } quantities[] = {
        {offsetof(swb_summary_row, makespan_ns), offsetof(swb__run_values, makespan_ns)},
        {offsetof(swb_summary_row, first_byte_ns), offsetof(swb__run_values, first_byte_ns)},
        {offsetof(swb_summary_row, completion_ns), offsetof(swb__run_values, completion_ns)},
        {offsetof(swb_summary_row, bandwidth_bps), offsetof(swb__run_values, bandwidth_bps)},
    };
    swb_summary_row *summary = &row->summary;
    uint64_t seed = swb__random_derive(experiment_seed, summary->mode, row->cell);
    swb__interval reliability =
        swb__wilson_interval(summary->downloads_verified, summary->downloads, CONFIDENCE);
    int status = SWB_OK;
    summary->reliability_low = reliability.low;
    summary->reliability_high = reliability.high;
    for (size_t i = 0; i < sizeof quantities / sizeof quantities[0] && status == SWB_OK; i++) {
        swb_quantity quantity;
        status = sum_up_quantity(&quantity, row, quantities[i].from, seed);
        memcpy((char *)summary + quantities[i].to, &quantity, sizeof quantity);
    }
    if (status == SWB_OK) {
        status =
            median_of_metric(&summary->seeder_share, row, offsetof(swb__run_values, seeder_share));
    }
    if (status == SWB_OK) {
        status = median_of_metric(&summary->cpu_ns, row, offsetof(swb__run_values, cpu_ns));
    }
    if (status == SWB_OK) {
        status = median_of_metric(&row->spread_ns, row, offsetof(swb__run_values, spread_ns));
    }
    return status == SWB_OK ? sum_up_stability(row) : status;
}

/* A new row at the report's end, for the cell and mode of a run. */
static swb__report_row *new_row(swb__report *report, const swb__report_experiment *experiment,
                                sqlite3_stmt *statement)
{
    if (report->row_count == report->row_capacity) {
        size_t capacity = report->row_capacity == 0 ? 16 : report->row_capacity * 2;
        swb__report_row *grown = realloc(report->rows, capacity * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        report->rows = grown;
        report->row_capacity = capacity;
    }
    swb__report_row *row = &report->rows[report->row_count++];
    *row = (swb__report_row){
        .cell = swb__column_count(statement, CELL_INDEX),
        .is_baseline = sqlite3_column_int(statement, IS_BASELINE),
        .uncertainty_ns = NAN,
        .busy_cores = NAN,
        .harness_share = NAN,
        .harness_bytes = NAN,
        .summary =
            {
                .file_size_bytes = swb__column_count(statement, FILE_SIZE),
                .size = (uint32_t)sqlite3_column_int64(statement, SIZE),
                .seeders = (uint32_t)sqlite3_column_int64(statement, SEEDERS),
                .start_skew_ns = NAN,
                .ratio = NAN,
                .simulated = strcmp(experiment->place, "sim") == 0,
            },
    };
    memcpy(row->summary.experiment, experiment->name, sizeof row->summary.experiment);
    swb__column_copy(row->summary.cell, sizeof row->summary.cell, statement, CELL_LABEL);
    swb__column_copy(row->summary.mode, sizeof row->summary.mode, statement, MODE);
    return row;
}

static bool is_of_row(const swb__report_row *row, sqlite3_stmt *statement)
{
    return row->cell == swb__column_count(statement, CELL_INDEX) &&
           strncmp(row->summary.mode, swb__column_text(statement, MODE),
                   sizeof row->summary.mode - 1) == 0;
}

static int read_runs(swb__report *report, const swb__report_experiment *experiment,
                     swb__store *store, swb__binding *runs, swb_error *error)
{
    swb__report_row *row = NULL;
    int status;
    swb__bind_int(runs, experiment->id);
    while ((status = swb__bound_next(runs, error)) == 1) {
        if (row == NULL || !is_of_row(row, runs->statement)) {
            row = new_row(report, experiment, runs->statement);
        }
        if (row == NULL) {
            return swb__fail_nomem(error);
        }
        status = add_run(row, store, runs->statement, error);
        if (status != SWB_OK) {
            return status;
        }
    }
    return status;
}

int swb__report_load_rows(swb__report *report, swb__report_experiment *experiment,
                          swb__store *store, swb_error *error)
{
    swb__binding runs;
    experiment->first_row = report->row_count;
    int status = swb__bind(&runs, store, runs_sql, "read runs", error);
    if (status != SWB_OK) {
        return status;
    }
    status = read_runs(report, experiment, store, &runs, error);
    swb__bound_finish(&runs);
    experiment->row_count = report->row_count - experiment->first_row;
    for (size_t i = experiment->first_row; i < report->row_count && status == SWB_OK; i++) {
        if (sum_up(&report->rows[i], experiment->seed) != SWB_OK) {
            status = swb__fail_nomem(error);
        }
    }
    return status;
}
