/* Charts: what is shown of an experiment, as Vega-Lite specifications. */
#ifndef SWB_REPORT_CHART_H
#define SWB_REPORT_CHART_H

#include "base/writer.h"
#include "measure/series.h"
#include "report/model.h"
#include "store/database.h"

#define SWB__CHART_LABEL_MAX 96

/* A mode as a chart names and paints it. */
typedef struct swb__chart_mode {
    char label[SWB__CHART_LABEL_MAX];
    size_t style; /* its place among all modes of the experiment: the same in every chart */
} swb__chart_mode;

/* What a chart is of. */
typedef struct swb__chart_view {
    swb__store *store;
    const swb__report_experiment *experiment;
    const swb__report_row **rows; /* those shown, in the report's order: cell by cell */
    size_t row_count;
    size_t cell_count;
    size_t cells_left_out;  /* for want of room */
    swb__chart_mode *modes; /* each once, in the order of the legend */
    size_t mode_count;
    size_t series_rows; /* rows of data that one mode in one cell may have */
    uint32_t width_px;
    unsigned schema; /* major version of Vega-Lite */
    double x_min;    /* of an axis that the data do not give by themselves */
    double x_max;
} swb__chart_view;

/* One kind of chart. */
typedef struct swb__chart_kind {
    swb_chart info;
    const char *specification; /* charts/NAME.json: what is this chart's own */
    bool by_cell;              /* a plot for each cell; else cells are rows of one plot */
    bool compared_only;        /* only rows that have a comparison */
    uint32_t width_px;         /* of a plot, where the options say nothing */
    size_t least_rows;         /* of data, for one mode in one cell */
    size_t most_rows;
    /* Writes the members of "datasets"; "rows" is one of them. */
    int (*write_data)(swb__writer *writer, swb__chart_view *view, swb_error *error);
    /* Writes what a "$name" in the specification stands for, where it is this chart's own. */
    bool (*write_name)(swb__writer *writer, const swb__chart_view *view, const char *name);
} swb__chart_kind;

/* chart.c */
const swb__chart_kind *swb__chart_kind_at(size_t index);
/* Writes one chart as a JSON object. `options` are as the public call takes them. */
int swb__chart_write(swb__writer *writer, const swb__chart_kind *kind, const swb__report *report,
                     const swb__report_experiment *experiment, const swb_chart_options *options,
                     unsigned schema, swb__store *store, swb_error *error);

/* chart_select.c: which rows of an experiment are shown. Free with swb__chart_view_finish(). */
int swb__chart_view_init(swb__chart_view *out, const swb__chart_kind *kind,
                         const swb__report *report, const swb__report_experiment *experiment,
                         const swb_chart_options *options, swb_error *error);
void swb__chart_view_finish(swb__chart_view *view);
/* The experiment that the options mean. SWB_ENOENT. */
int swb__chart_experiment(const swb__report_experiment **out, const swb__report *report,
                          const char *wanted, swb_error *error);
/* "codex", "codex (stand-in)", "codex (simulated)". */
void swb__chart_mode_label(char out[SWB__CHART_LABEL_MAX], const swb__report_row *row);

/* chart_write.c: rows of data. */
/* Begins the object of a row of data with its cell and mode. */
void swb__chart_row_open(swb__writer *writer, const swb__report_row *row);
/* A number, to six figures; null where it is not finite. */
void swb__chart_number(swb__writer *writer, const char *key, double value);
/* A time in seconds. */
void swb__chart_seconds(swb__writer *writer, const char *key, double ns);
void swb__chart_count(swb__writer *writer, const char *key, uint64_t value);
void swb__chart_text(swb__writer *writer, const char *key, const char *value);
/* Which of `count` things in a row stands at place `at` of the `room` that are kept: the first and
 * the last always are. */
size_t swb__chart_kept(size_t at, size_t count, size_t room);
/* Binds experiment, cell and mode of a row. */
int swb__chart_bind(swb__binding *out, const swb__chart_view *view, const swb__report_row *row,
                    const char *sql, const char *what, swb_error *error);

/* The data of the charts. */
int swb__chart_completion(swb__writer *writer, swb__chart_view *view, swb_error *error);
int swb__chart_first_byte(swb__writer *writer, swb__chart_view *view, swb_error *error);
int swb__chart_progress(swb__writer *writer, swb__chart_view *view, swb_error *error);
int swb__chart_ratio(swb__writer *writer, swb__chart_view *view, swb_error *error);
int swb__chart_reliability(swb__writer *writer, swb__chart_view *view, swb_error *error);
int swb__chart_matrix(swb__writer *writer, swb__chart_view *view, swb_error *error);
bool swb__chart_matrix_name(swb__writer *writer, const swb__chart_view *view, const char *name);
int swb__chart_bytes(swb__writer *writer, swb__chart_view *view, swb_error *error);
int swb__chart_cpu(swb__writer *writer, swb__chart_view *view, swb_error *error);

#endif
