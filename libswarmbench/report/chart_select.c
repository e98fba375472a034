/* Which experiment, cells and modes a chart shows, and how much of them there is room for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "report/chart.h"

#define ROWS_MAX_DEFAULT 5000

void swb__chart_mode_label(char out[SWB__CHART_LABEL_MAX], const swb__report_row *row)
{
    const char *mark = row->stand_in ? " (stand-in)" : row->summary.simulated ? " (simulated)" : "";
    snprintf(out, SWB__CHART_LABEL_MAX, "%s%s", row->summary.mode, mark);
}

/* `wanted` as a number from 0; false where it is none. */
static bool as_number(uint64_t *out, const char *wanted)
{
    char *end;
    if (wanted[0] < '0' || wanted[0] > '9') {
        return false;
    }
    *out = strtoull(wanted, &end, 10);
    return *end == '\0';
}

/* Names that were not the one wanted, for a message. */
typedef struct known_names {
    swb__buffer text;
    const char *last;
} known_names;

static void known_add(known_names *known, const char *name)
{
    if (known->last == NULL || strcmp(known->last, name) != 0) {
        swb__buffer_printf(&known->text, "%s%s", known->last == NULL ? "" : ", ", name);
    }
    known->last = name;
}

static int refuse(known_names *known, const char *what, const char *wanted, const char *where,
                  swb_error *error)
{
    bool any = known->last != NULL;
    int status = swb__fail(error, SWB_ENOENT, "no %s '%s' %s; there %s %s", what, wanted, where,
                           any ? "are" : "is", any ? swb__buffer_string(&known->text) : "none");
    swb__buffer_finish(&known->text);
    return status;
}

int swb__chart_experiment(const swb__report_experiment **out, const swb__report *report,
                          const char *wanted, swb_error *error)
{
    size_t count = report->experiment_count;
    uint64_t number = 0;
    if (wanted == NULL && count > 0) {
        *out = &report->experiments[count - 1];
        return SWB_OK;
    }
    for (size_t i = wanted != NULL ? count : 0; i > 0; i--) {
        if (strcmp(report->experiments[i - 1].name, wanted) == 0) {
            *out = &report->experiments[i - 1];
            return SWB_OK;
        }
    }
    if (wanted != NULL && as_number(&number, wanted) && number < count) {
        *out = &report->experiments[number];
        return SWB_OK;
    }
    if (wanted == NULL) {
        return swb__fail(error, SWB_ENOENT, "the file holds no experiment");
    }
    known_names known = {SWB__BUFFER_INIT(600), NULL};
    for (size_t i = 0; i < count; i++) {
        known_add(&known, report->experiments[i].name);
    }
    return refuse(&known, "experiment", wanted, "in the file", error);
}

static bool is_cell(const swb__report_row *row, const char *wanted)
{
    uint64_t number = 0;
    return wanted == NULL || strcmp(row->summary.cell, wanted) == 0 ||
           (as_number(&number, wanted) && row->cell == number);
}

/* Is `mode` one of the names that commas separate? */
static bool is_one_of(const char *mode, const char *wanted)
{
    size_t length = strlen(mode);
    for (const char *at = wanted; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, mode, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return wanted == NULL;
}

static const swb__report_row *row_at(const swb__report *report,
                                     const swb__report_experiment *experiment, size_t index)
{
    return &report->rows[experiment->first_row + index];
}

/* The first name in `wanted` that no row has is refused. */
static int check_modes(const swb__report *report, const swb__report_experiment *experiment,
                       const char *wanted, swb_error *error)
{
    char name[64];
    for (const char *at = wanted; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
        known_names known = {SWB__BUFFER_INIT(600), NULL};
        bool found = false;
        for (size_t i = 0; i < experiment->row_count; i++) {
            const swb__report_row *row = row_at(report, experiment, i);
            found = found || strcmp(row->summary.mode, name) == 0;
            if (row->cell == row_at(report, experiment, 0)->cell) {
                known_add(&known, row->summary.mode);
            }
        }
        if (!found) {
            return refuse(&known, "mode", name, "has a finished run", error);
        }
        swb__buffer_finish(&known.text);
    }
    return SWB_OK;
}

static int check_cell(const swb__report *report, const swb__report_experiment *experiment,
                      const char *wanted, swb_error *error)
{
    known_names known = {SWB__BUFFER_INIT(600), NULL};
    for (size_t i = 0; i < experiment->row_count; i++) {
        const swb__report_row *row = row_at(report, experiment, i);
        if (is_cell(row, wanted)) {
            swb__buffer_finish(&known.text);
            return SWB_OK;
        }
        known_add(&known, row->summary.cell);
    }
    return wanted == NULL ? SWB_OK : refuse(&known, "cell", wanted, "has a finished run", error);
}

/* Place of a row's mode among all modes of the experiment, in the order of their first rows. */
static size_t style_of(const swb__report *report, const swb__report_experiment *experiment,
                       const swb__report_row *row)
{
    size_t place = 0;
    for (size_t i = 0; i < experiment->row_count; i++) {
        const char *mode = row_at(report, experiment, i)->summary.mode;
        bool known = false;
        if (strcmp(mode, row->summary.mode) == 0) {
            break;
        }
        for (size_t j = 0; j < i && !known; j++) {
            known = strcmp(row_at(report, experiment, j)->summary.mode, mode) == 0;
        }
        place += known ? 0 : 1;
    }
    return place;
}

static void add_mode(swb__chart_view *view, const swb__report *report, const swb__report_row *row)
{
    swb__chart_mode mode = {.style = style_of(report, view->experiment, row)};
    swb__chart_mode_label(mode.label, row);
    for (size_t i = 0; i < view->mode_count; i++) {
        if (strcmp(view->modes[i].label, mode.label) == 0) {
            return;
        }
    }
    view->modes[view->mode_count++] = mode;
}

/* Leaves out cells from the end until each row that is left may have its least rows of data. */
static void make_room(swb__chart_view *view, const swb__chart_kind *kind, uint32_t rows_max)
{
    size_t most = rows_max / kind->least_rows;
    size_t shown = 0;
    size_t cells = 0;
    for (size_t i = 0; i < view->row_count; i++) {
        bool ends_cell = i + 1 == view->row_count || view->rows[i + 1]->cell != view->rows[i]->cell;
        view->cell_count += ends_cell;
        if (ends_cell && i < most) {
            shown = i + 1;
            cells++;
        }
    }
    view->cells_left_out = view->cell_count - cells;
    view->cell_count = cells;
    view->row_count = shown;
    view->series_rows = shown > 0 ? rows_max / shown : kind->least_rows;
    if (view->series_rows > kind->most_rows) {
        view->series_rows = kind->most_rows;
    }
}

int swb__chart_view_init(swb__chart_view *out, const swb__chart_kind *kind,
                         const swb__report *report, const swb__report_experiment *experiment,
                         const swb_chart_options *options, swb_error *error)
{
    swb__chart_view view = {.experiment = experiment, .x_min = 0, .x_max = 1};
    int status = check_cell(report, experiment, options->cell, error);
    if (status == SWB_OK) {
        status = check_modes(report, experiment, options->modes, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    view.rows = calloc(experiment->row_count + 1, sizeof *view.rows);
    view.modes = calloc(experiment->row_count + 1, sizeof *view.modes);
    if (view.rows == NULL || view.modes == NULL) {
        swb__chart_view_finish(&view);
        return swb__fail_nomem(error);
    }
    for (size_t i = 0; i < experiment->row_count; i++) {
        const swb__report_row *row = row_at(report, experiment, i);
        if (is_cell(row, options->cell) && is_one_of(row->summary.mode, options->modes) &&
            (row->compared || !kind->compared_only)) {
            view.rows[view.row_count++] = row;
        }
    }
    make_room(&view, kind, options->rows_max > 0 ? options->rows_max : ROWS_MAX_DEFAULT);
    for (size_t i = 0; i < view.row_count; i++) {
        add_mode(&view, report, view.rows[i]);
    }
    view.width_px = options->width_px > 0 ? options->width_px : kind->width_px;
    *out = view;
    return SWB_OK;
}

void swb__chart_view_finish(swb__chart_view *view)
{
    free(view->rows);
    free(view->modes);
}
