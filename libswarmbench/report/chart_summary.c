/* Charts of what a report has in its tables: ratio, reliability, and the makespans of the matrix.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/chart.h"
#include "report/format.h"

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* The ends of the axis: what is finite, the baseline and the limit, and some air. */
static void find_ends(swb__chart_view *view)
{
    double low = 1;
    double high = 1 + view->experiment->margin;
    for (size_t i = 0; i < view->row_count; i++) {
        const swb__comparison *comparison = &view->rows[i]->comparison;
        const double values[] = {comparison->ratio, comparison->interval.low,
                                 comparison->interval.high};
        for (size_t j = 0; j < 3; j++) {
            low = isfinite(values[j]) ? fmin(low, values[j]) : low;
            high = isfinite(values[j]) ? fmax(high, values[j]) : high;
        }
    }
    double air = 0.05 * (high - low);
    view->x_min = fmax(0, low - air);
    view->x_max = high + air;
}

static void write_ratio(swb__writer *writer, const swb__chart_view *view,
                        const swb__report_row *row)
{
    const swb__comparison *comparison = &row->comparison;
    swb__chart_row_open(writer, row);
    /* What is infinite is drawn to the end of the axis; the text says what it is. */
    bool known = !isnan(comparison->interval.low);
    swb__chart_number(writer, "ratio",
                      isnan(comparison->ratio)
                          ? comparison->ratio
                          : clamp(comparison->ratio, view->x_min, view->x_max));
    swb__chart_number(writer, "low",
                      known ? clamp(comparison->interval.low, view->x_min, view->x_max)
                            : (double)NAN);
    swb__chart_number(writer, "high",
                      known ? clamp(comparison->interval.high, view->x_min, view->x_max)
                            : (double)NAN);
    swb__chart_text(writer, "text",
                    swb__text_ratio_interval(comparison->ratio, comparison->interval).text);
    swb__chart_text(writer, "verdict", swb__verdict_name(comparison->verdict));
    swb__chart_count(writer, "blocks", comparison->blocks);
    swb__chart_number(writer, "cliffs_delta", comparison->delta);
    swb__json_close(writer, '}');
}

int swb__chart_ratio(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    (void)error;
    find_ends(view);
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count; i++) {
        write_ratio(writer, view, view->rows[i]);
    }
    swb__json_close(writer, ']');
    return SWB_OK;
}

int swb__chart_reliability(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    (void)error;
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count; i++) {
        const swb_summary_row *summary = &view->rows[i]->summary;
        char text[48];
        snprintf(text, sizeof text, "%u/%u", summary->downloads_verified, summary->downloads);
        if (summary->downloads == 0) {
            continue;
        }
        swb__chart_row_open(writer, view->rows[i]);
        swb__chart_number(writer, "share",
                          (double)summary->downloads_verified / summary->downloads);
        swb__chart_number(writer, "low", summary->reliability_low);
        swb__chart_number(writer, "high", summary->reliability_high);
        swb__chart_text(writer, "text", text);
        swb__chart_count(writer, "verified", summary->downloads_verified);
        swb__chart_count(writer, "downloads", summary->downloads);
        swb__json_close(writer, '}');
    }
    swb__json_close(writer, ']');
    return SWB_OK;
}

#define POINT_LABEL_MAX 256
/* Modes stand side by side while no more fields than this can stand in a line of each. */
#define FIELDS_BESIDE 5

static void swarm_label(char out[POINT_LABEL_MAX], const swb_summary_row *summary)
{
    snprintf(out, POINT_LABEL_MAX, "%u / %u", summary->size, summary->seeders);
}

/* A cell's label without the axes that the swarm's has. */
static void rest_label(char out[POINT_LABEL_MAX], const swb_summary_row *summary)
{
    size_t length = 0;
    for (const char *at = summary->cell; *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (strncmp(at, "size=", 5) != 0 && strncmp(at, "seeders=", 8) != 0) {
            length += (size_t)snprintf(out + length, POINT_LABEL_MAX - length, "%s%.*s",
                                       length > 0 ? " " : "", (int)word, at);
        }
        at += word;
        at += *at == ' ';
    }
    if (length == 0) {
        swb__format_bytes(out, POINT_LABEL_MAX, (double)summary->file_size_bytes);
    }
}

static void write_field(swb__writer *writer, const swb__report_row *row, double least, double most)
{
    const swb_summary_row *summary = &row->summary;
    char swarm[POINT_LABEL_MAX];
    char rest[POINT_LABEL_MAX];
    double median = summary->makespan_ns.median;
    /* Where the scale of colours is dark the text is white. */
    bool dark = isfinite(median) && log(median / least) > 0.6 * log(most / least);
    swarm_label(swarm, summary);
    rest_label(rest, summary);
    swb__chart_row_open(writer, row);
    swb__chart_text(writer, "swarm", swarm);
    swb__chart_text(writer, "point", rest);
    swb__chart_seconds(writer, "makespan_s", median);
    swb__chart_text(writer, "text", swb__text_time(median).text);
    swb__chart_text(writer, "interval",
                    swb__text_time_interval(median, (swb__interval){summary->makespan_ns.low,
                                                                    summary->makespan_ns.high})
                        .text);
    swb__chart_text(writer, "ink", dark ? "#ffffff" : "#000000");
    swb__chart_count(writer, "runs", summary->runs);
    swb__chart_count(writer, "failed", summary->runs_failed);
    swb__json_close(writer, '}');
}

int swb__chart_matrix(swb__writer *writer, swb__chart_view *view, swb_error *error)
{
    double least = INFINITY;
    double most = 0;
    (void)error;
    for (size_t i = 0; i < view->row_count; i++) {
        double median = view->rows[i]->summary.makespan_ns.median;
        least = median > 0 ? fmin(least, median) : least;
        most = isfinite(median) ? fmax(most, median) : most;
    }
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count; i++) {
        write_field(writer, view->rows[i], least, most);
    }
    swb__json_close(writer, ']');
    return SWB_OK;
}

static int by_swarm(const void *left, const void *right)
{
    const swb_summary_row *a = &(*(const swb__report_row *const *)left)->summary;
    const swb_summary_row *b = &(*(const swb__report_row *const *)right)->summary;
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    return (a->seeders > b->seeders) - (a->seeders < b->seeders);
}

/* Labels of the rows in their order, each at its first place. */
static void write_labels(swb__writer *writer, const swb__report_row *const *rows, size_t count,
                         void (*label)(char *, const swb_summary_row *))
{
    char text[POINT_LABEL_MAX];
    char other[POINT_LABEL_MAX];
    swb__json_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        label(text, &rows[i]->summary);
        for (size_t j = 0; j < i && !known; j++) {
            label(other, &rows[j]->summary);
            known = strcmp(text, other) == 0;
        }
        if (!known) {
            swb__json_string(writer, text);
        }
    }
    swb__json_close(writer, ']');
}

bool swb__chart_matrix_name(swb__writer *writer, const swb__chart_view *view, const char *name)
{
    if (strcmp(name, "points") == 0) {
        write_labels(writer, view->rows, view->row_count, rest_label);
        return true;
    }
    if (strcmp(name, "columns") == 0) {
        swb__json_uint(writer, view->cell_count <= FIELDS_BESIDE ? 2 : 1);
        return true;
    }
    if (strcmp(name, "swarms") != 0) {
        return false;
    }
    const swb__report_row **sorted = calloc(view->row_count + 1, sizeof *sorted);
    if (sorted == NULL) {
        write_labels(writer, view->rows, view->row_count, swarm_label);
        return true;
    }
    memcpy(sorted, view->rows, view->row_count * sizeof *sorted);
    qsort(sorted, view->row_count, sizeof *sorted, by_swarm);
    write_labels(writer, sorted, view->row_count, swarm_label);
    free(sorted);
    return true;
}
