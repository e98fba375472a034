/* Charts of what downloads cost: bytes and CPU time, as medians over completed runs. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "measure/statistics.h"
#include "report/chart.h"
#include "report/format.h"

#define CONFIDENCE 0.95
#define MEASURES_MAX 4

/* Values of one mode in one cell, a series for each measure, a value for each run. */
typedef struct measure_set {
    const char *const *names;
    size_t count;
    swb__series values[MEASURES_MAX];
} measure_set;

static void measures_finish(measure_set *measures)
{
    for (size_t i = 0; i < MEASURES_MAX; i++) {
        swb__series_finish(&measures->values[i]);
    }
}

/* What no run knows is left out. */
static void write_measure(swb__writer *writer, const swb__report_row *row, const char *name,
                          swb__series *values, uint64_t seed)
{
    if (values->count == 0) {
        return;
    }
    swb__interval interval = swb__median_interval(values->values, values->count, CONFIDENCE,
                                                  swb__random_derive(seed, name, row->cell));
    swb__chart_row_open(writer, row);
    swb__chart_text(writer, "measure", name);
    swb__chart_number(writer, "median", swb__quantile(values->values, values->count, 0.5));
    swb__chart_number(writer, "low", interval.low);
    swb__chart_number(writer, "high", interval.high);
    swb__chart_count(writer, "runs", values->count);
    swb__json_close(writer, '}');
}

/* Adds columns 0 to `count` of a row, one for each measure from `first` on. */
static int add_columns(measure_set *measures, sqlite3_stmt *row, size_t first, size_t count)
{
    int status = SWB_OK;
    for (size_t i = 0; i < count && status == SWB_OK; i++) {
        double value = swb__column_real(row, (int)i);
        if (!isnan(value)) {
            status = swb__series_add(&measures->values[first + i], value);
        }
    }
    return status;
}

static int read_columns(measure_set *measures, const swb__chart_view *view,
                        const swb__report_row *row, const char *sql, size_t first, size_t count,
                        swb_error *error)
{
    swb__binding rows;
    int status = swb__chart_bind(&rows, view, row, sql, "read costs for a chart", error);
    if (status != SWB_OK) {
        return status;
    }
    while ((status = swb__bound_next(&rows, error)) == 1) {
        if (add_columns(measures, rows.statement, first, count) != SWB_OK) {
            status = swb__fail_nomem(error);
            break;
        }
    }
    swb__bound_finish(&rows);
    return status;
}

static void write_measures(swb__writer *writer, const swb__chart_view *view,
                           const swb__report_row *row, measure_set *measures)
{
    uint64_t seed = swb__random_derive(view->experiment->seed, row->summary.mode, row->cell);
    for (size_t i = 0; i < measures->count; i++) {
        write_measure(writer, row, measures->names[i], &measures->values[i], seed);
    }
}

static const char bytes_sql[] =
    "SELECT avg(CAST(payload_received AS REAL) / bytes), avg(CAST(wasted AS REAL) / bytes),"
    " avg(CAST(wire_in_bytes AS REAL) / bytes)"
    " FROM cell JOIN run ON run.cell = cell.id JOIN download ON download.run = run.id"
    " LEFT JOIN node ON node.run = run.id AND node.node = download.node"
    " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ? AND run.state = 'done'"
    " GROUP BY run.id";

static int add_seeder_share(measure_set *measures, const swb__report_row *row)
{
    int status = SWB_OK;
    for (size_t i = 0; i < row->run_count && status == SWB_OK; i++) {
        if (isfinite(row->runs[i].seeder_share)) {
            status = swb__series_add(&measures->values[0], row->runs[i].seeder_share);
        }
    }
    return status;
}

int swb__chart_bytes(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    static const char *const names[] = {"all seeders sent", "a leecher received",
                                        "a leecher threw away", "wire in, a leecher"};
    int status = SWB_OK;
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count && status == SWB_OK; i++) {
        const swb__report_row *row = view->rows[i];
        measure_set measures = {.names = names, .count = 4};
        status = read_columns(&measures, view, row, bytes_sql, 1, 3, error);
        if (status == SWB_OK && add_seeder_share(&measures, row) != SWB_OK) {
            status = swb__fail_nomem(error);
        }
        if (status == SWB_OK) {
            write_measures(writer, view, row, &measures);
        }
        measures_finish(&measures);
    }
    swb__json_close(writer, ']');
    return status;
}

static const char cpu_sql[] =
    "SELECT avg(cpu_ns) FILTER (WHERE role = 'seeder') / 1e9,"
    " avg(cpu_ns) FILTER (WHERE role = 'leecher') / 1e9"
    " FROM cell JOIN run ON run.cell = cell.id JOIN node ON node.run = run.id"
    " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ? AND run.state = 'done'"
    " GROUP BY run.id";

int swb__chart_cpu(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    static const char *const names[] = {"a seeder", "a leecher"};
    int status = SWB_OK;
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count && status == SWB_OK; i++) {
        measure_set measures = {.names = names, .count = 2};
        status = read_columns(&measures, view, view->rows[i], cpu_sql, 0, 2, error);
        if (status == SWB_OK) {
            write_measures(writer, view, view->rows[i], &measures);
        }
        measures_finish(&measures);
    }
    swb__json_close(writer, ']');
    return status;
}
