/* Charts of single downloads: shown as they are, never used for an interval. */
#include <math.h>

#include "measure/statistics.h"
#include "report/chart.h"
#include "report/format.h"

/* The downloads of one mode in one cell, in runs that count. */
typedef struct download_set {
    swb__series times_ns; /* of those that have one, in order once sorted */
    size_t failed;        /* that have none and never will */
    double given_up_ns;   /* when the last of these was given up; 0: unknown */
} download_set;

static const char completion_sql[] =
    "SELECT CASE WHEN verified THEN completion_hi_ns END, NOT verified, download.ended_ns"
    " FROM cell JOIN run ON run.cell = cell.id JOIN download ON download.run = run.id"
    " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ?"
    " AND run.state IN ('done', 'failed')";

static const char first_byte_sql[] =
    "SELECT first_byte_hi_ns, NOT verified, download.ended_ns"
    " FROM cell JOIN run ON run.cell = cell.id JOIN download ON download.run = run.id"
    " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ?"
    " AND run.state IN ('done', 'failed')";

/* A download that was verified but not seen to happen is unknown: it is in neither. */
static int read_downloads(download_set *out, const swb__chart_view *view,
                          const swb__report_row *row, const char *sql, swb_error *error)
{
    swb__binding rows;
    int status = swb__chart_bind(&rows, view, row, sql, "read downloads for a chart", error);
    if (status != SWB_OK) {
        return status;
    }
    while ((status = swb__bound_next(&rows, error)) == 1) {
        double time_ns = swb__column_real(rows.statement, 0);
        if (!isnan(time_ns)) {
            if (swb__series_add(&out->times_ns, time_ns) != SWB_OK) {
                status = swb__fail_nomem(error);
                break;
            }
        } else if (sqlite3_column_int(rows.statement, 1)) {
            out->failed++;
            out->given_up_ns = fmax(out->given_up_ns, swb__column_real(rows.statement, 2));
        }
    }
    swb__bound_finish(&rows);
    swb__sort(out->times_ns.values, out->times_ns.count);
    return status;
}

static void write_step(swb__writer *writer, const swb__report_row *row, double time_ns, size_t done,
                       size_t all, size_t failed)
{
    swb__chart_row_open(writer, row);
    swb__chart_seconds(writer, "time_s", time_ns);
    swb__chart_number(writer, "share", (double)done / (double)all);
    swb__chart_count(writer, "done", done);
    swb__chart_count(writer, "downloads", all);
    swb__chart_count(writer, "failed", failed);
    swb__json_close(writer, '}');
}

/* The distribution function of one mode in one cell: from 0, in steps, to where the last download
 * was complete or given up. */
static void write_curve(swb__writer *writer, const swb__chart_view *view,
                        const swb__report_row *row, const download_set *values)
{
    const double *times = values->times_ns.values;
    size_t count = values->times_ns.count;
    size_t all = count + values->failed;
    size_t room = view->series_rows - 2;
    if (all == 0) {
        return;
    }
    write_step(writer, row, 0, 0, all, 0);
    for (size_t i = 0; i < count && i < room; i++) {
        size_t at = swb__chart_kept(i, count, room);
        write_step(writer, row, times[at], at + 1, all, 0);
    }
    if (values->failed > 0) {
        double last = count > 0 ? times[count - 1] : 0;
        write_step(writer, row, fmax(last, values->given_up_ns), count, all, values->failed);
    }
}

int swb__chart_completion(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    int status = SWB_OK;
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count && status == SWB_OK; i++) {
        download_set values = {.failed = 0};
        status = read_downloads(&values, view, view->rows[i], completion_sql, error);
        if (status == SWB_OK) {
            write_curve(writer, view, view->rows[i], &values);
        }
        swb__series_finish(&values.times_ns);
    }
    swb__json_close(writer, ']');
    return status;
}

static void write_box(swb__writer *writer, const swb__report_row *row, const download_set *values)
{
    static const struct {
        const char *key;
        double q;
    } quantiles[] = {
        {"p5_s", 0.05}, {"p25_s", 0.25}, {"median_s", 0.5}, {"p75_s", 0.75}, {"p95_s", 0.95}};
    const double *times = values->times_ns.values;
    size_t count = values->times_ns.count;
    if (count + values->failed == 0) {
        return;
    }
    swb__chart_row_open(writer, row);
    swb__chart_text(writer, "kind", "box");
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        swb__chart_seconds(writer, quantiles[i].key,
                           swb__sorted_quantile(times, count, quantiles[i].q));
    }
    swb__chart_seconds(writer, "last_s", count > 0 ? times[count - 1] : 0);
    swb__chart_count(writer, "downloads", count + values->failed);
    swb__chart_count(writer, "failed", values->failed);
    swb__json_close(writer, '}');
}

static void write_ticks(swb__writer *writer, const swb__chart_view *view,
                        const swb__report_row *row, const download_set *values)
{
    size_t count = values->times_ns.count;
    size_t room = view->series_rows - 1;
    for (size_t i = 0; i < count && i < room; i++) {
        swb__chart_row_open(writer, row);
        swb__chart_text(writer, "kind", "download");
        swb__chart_seconds(writer, "time_s",
                           values->times_ns.values[swb__chart_kept(i, count, room)]);
        swb__json_close(writer, '}');
    }
}

int swb__chart_first_byte(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    int status = SWB_OK;
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count && status == SWB_OK; i++) {
        download_set values = {.failed = 0};
        status = read_downloads(&values, view, view->rows[i], first_byte_sql, error);
        if (status == SWB_OK) {
            write_box(writer, view->rows[i], &values);
            write_ticks(writer, view, view->rows[i], &values);
        }
        swb__series_finish(&values.times_ns);
    }
    swb__json_close(writer, ']');
    return status;
}
