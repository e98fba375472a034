/* Progress: when downloads had a share of their content. */
#include <math.h>
#include <stdlib.h>

#include "measure/statistics.h"
#include "report/chart.h"
#include "report/format.h"

#define LEVELS_MAX 21

/* Times by which downloads had reached each level, of one mode in one cell. */
typedef struct level_set {
    size_t count;
    swb__series times_ns[LEVELS_MAX];
    size_t downloads; /* all of them, those without any progress too */
    int64_t run;      /* whose nodes `next` is of */
    uint8_t *next;    /* the next level of each node */
    size_t node_count;
} level_set;

static void levels_finish(level_set *levels)
{
    for (size_t i = 0; i < LEVELS_MAX; i++) {
        swb__series_finish(&levels->times_ns[i]);
    }
    free(levels->next);
}

/* The joins are in this order so that a run's progress is read through once, as it lies. */
static const char progress_sql[] =
    "SELECT run.id, progress.node, CAST(progress.bytes AS REAL) / download.bytes,"
    " progress.time_ns - download.intended_ns, download.first_byte_hi_ns"
    " FROM cell CROSS JOIN run ON run.cell = cell.id CROSS JOIN progress ON progress.run = run.id"
    " CROSS JOIN download ON download.run = run.id AND download.node = progress.node"
    " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ?"
    " AND run.state IN ('done', 'failed') ORDER BY run.id, progress.time_ns";

static const char count_sql[] =
    "SELECT count(*) FROM cell JOIN run ON run.cell = cell.id JOIN download ON download.run = "
    "run.id"
    " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ?"
    " AND run.state IN ('done', 'failed')";

/* Where the next level of a node is kept; NULL without memory. */
static uint8_t *next_level(level_set *levels, int64_t run, size_t node)
{
    if (run != levels->run) {
        levels->run = run;
        for (size_t i = 0; i < levels->node_count; i++) {
            levels->next[i] = 0;
        }
    }
    if (node >= levels->node_count) {
        size_t count = node + 64;
        uint8_t *grown = realloc(levels->next, count);
        if (grown == NULL) {
            return NULL;
        }
        for (size_t i = levels->node_count; i < count; i++) {
            grown[i] = 0;
        }
        levels->next = grown;
        levels->node_count = count;
    }
    return &levels->next[node];
}

static int add_progress(level_set *levels, sqlite3_stmt *row)
{
    double share = sqlite3_column_double(row, 2);
    double first_byte_ns = swb__column_real(row, 4);
    uint8_t *next =
        next_level(levels, sqlite3_column_int64(row, 0), (size_t)swb__column_count(row, 1));
    int status = next == NULL ? SWB_ENOMEM : SWB_OK;
    while (status == SWB_OK && *next < levels->count &&
           share * (double)(levels->count - 1) >= *next - 1e-9) {
        double time_ns = swb__column_real(row, 3);
        if (*next == 0 && !isnan(first_byte_ns)) {
            time_ns = first_byte_ns;
        }
        status = swb__series_add(&levels->times_ns[(*next)++], time_ns);
    }
    return status;
}

static int count_downloads(level_set *levels, const swb__chart_view *view,
                           const swb__report_row *row, swb_error *error)
{
    swb__binding rows;
    int status = swb__chart_bind(&rows, view, row, count_sql, "count downloads", error);
    if (status != SWB_OK) {
        return status;
    }
    status = swb__bound_next(&rows, error);
    if (status == 1) {
        levels->downloads = (size_t)swb__column_count(rows.statement, 0);
    }
    swb__bound_finish(&rows);
    return status < 0 ? status : SWB_OK;
}

static int read_levels(level_set *levels, const swb__chart_view *view, const swb__report_row *row,
                       swb_error *error)
{
    swb__binding rows;
    int status = count_downloads(levels, view, row, error);
    if (status == SWB_OK) {
        status = swb__chart_bind(&rows, view, row, progress_sql, "read progress", error);
    }
    if (status != SWB_OK) {
        return status;
    }
    while ((status = swb__bound_next(&rows, error)) == 1) {
        if (add_progress(levels, rows.statement) != SWB_OK) {
            status = swb__fail_nomem(error);
            break;
        }
    }
    swb__bound_finish(&rows);
    return status;
}

/* A quantile over all downloads: those that never came this far are longer than every other. */
static double quantile_of_all(const swb__series *sorted, size_t all, double q)
{
    double place = (double)(all - 1) * q;
    return ceil(place) >= (double)sorted->count ? (double)INFINITY
                                                : swb__sorted_quantile(sorted->values, all, q);
}

static void write_level(swb__writer *writer, const swb__report_row *row, const level_set *levels,
                        size_t level, bool last)
{
    const swb__series *times = &levels->times_ns[level];
    size_t all = levels->downloads;
    swb__chart_row_open(writer, row);
    swb__chart_number(writer, "share", (double)level / (double)(levels->count - 1));
    swb__chart_seconds(writer, "time_s", quantile_of_all(times, all, 0.5));
    swb__chart_seconds(writer, "p10_s", quantile_of_all(times, all, 0.1));
    swb__chart_seconds(writer, "p90_s", quantile_of_all(times, all, 0.9));
    swb__chart_count(writer, "reached", times->count);
    swb__chart_count(writer, "downloads", all);
    /* What never came to the end is told where the median's curve ends. */
    swb__chart_count(writer, "failed", last ? all - levels->times_ns[levels->count - 1].count : 0);
    swb__json_close(writer, '}');
}

static void write_levels(swb__writer *writer, const swb__report_row *row, level_set *levels)
{
    size_t shown = 0; /* levels that half of the downloads reached */
    for (size_t i = 0; i < levels->count; i++) {
        swb__sort(levels->times_ns[i].values, levels->times_ns[i].count);
        if (levels->downloads > 0 &&
            isfinite(quantile_of_all(&levels->times_ns[i], levels->downloads, 0.5))) {
            shown = i + 1;
        }
    }
    for (size_t i = 0; i < shown; i++) {
        write_level(writer, row, levels, i, i + 1 == shown);
    }
}

int swb__chart_progress(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    int status = SWB_OK;
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count && status == SWB_OK; i++) {
        level_set levels = {.count = view->series_rows >= LEVELS_MAX ? LEVELS_MAX : 11};
        status = read_levels(&levels, view, view->rows[i], error);
        if (status == SWB_OK) {
            write_levels(writer, view->rows[i], &levels);
        }
        levels_finish(&levels);
    }
    swb__json_close(writer, ']');
    return status;
}
