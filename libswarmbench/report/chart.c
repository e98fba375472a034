/* What the specifications of all charts have in common. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "report/chart.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* Up to so many cells have their plots side by side; of more, one is chosen from a list. */
#define PLOTS_MAX 6
#define PLOT_WIDTH_PX 330

/* Colours that can be told apart with any kind of colour vision (Okabe and Ito 2008), without those
 * that vanish on white or on black. Dashes and shapes tell modes apart once more. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#808080"};
static const char *const shapes[] = {"circle",        "square", "triangle-up",   "diamond",
                                     "triangle-down", "cross",  "triangle-right"};
static const uint8_t dashes[][4] = {{1, 0}, {7, 3}, {2, 2}, {8, 2, 2, 2}, {12, 3}, {4, 4}, {1, 3}};

static void write_cells(swb__writer *writer, const swb__chart_view *view)
{
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count; i++) {
        if (i == 0 || view->rows[i]->cell != view->rows[i - 1]->cell) {
            swb__json_string(writer, view->rows[i]->summary.cell);
        }
    }
    swb__json_close(writer, ']');
}

static void write_dash(swb__writer *writer, const uint8_t *dash)
{
    swb__json_open(writer, '[');
    for (size_t i = 0; i < 4 && (i < 2 || dash[i] > 0); i++) {
        swb__json_uint(writer, dash[i]);
    }
    swb__json_close(writer, ']');
}

/* A value for each mode, in the order of the legend. */
static void write_modes(swb__writer *writer, const swb__chart_view *view, const char *name)
{
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->mode_count; i++) {
        size_t style = view->modes[i].style;
        if (strcmp(name, "colours") == 0) {
            swb__json_string(writer, colours[style % COUNT(colours)]);
        } else if (strcmp(name, "shapes") == 0) {
            swb__json_string(writer, shapes[style % COUNT(shapes)]);
        } else if (strcmp(name, "dashes") == 0) {
            write_dash(writer, dashes[style % COUNT(dashes)]);
        } else {
            swb__json_string(writer, view->modes[i].label);
        }
    }
    swb__json_close(writer, ']');
}

/* What "$name" in a specification stands for. */
static void write_name(swb__writer *writer, const swb__chart_kind *kind,
                       const swb__chart_view *view, const char *name)
{
    if (strcmp(name, "cells") == 0) {
        write_cells(writer, view);
    } else if (strcmp(name, "width") == 0) {
        swb__json_uint(writer, view->width_px);
    } else if (strcmp(name, "limit") == 0) {
        swb__json_number(writer, 1 + view->experiment->margin);
    } else if (strcmp(name, "baseline") == 0) {
        swb__json_string(writer, view->experiment->baseline);
    } else if (strcmp(name, "x_min") == 0) {
        swb__json_number(writer, view->x_min);
    } else if (strcmp(name, "x_max") == 0) {
        swb__json_number(writer, view->x_max);
    } else if (kind->write_name == NULL || !kind->write_name(writer, view, name)) {
        write_modes(writer, view, name);
    }
}

static void write_item(swb__writer *writer, const swb__chart_kind *kind,
                       const swb__chart_view *view, const cJSON *item)
{
    const cJSON *child;
    if (cJSON_IsString(item)) {
        if (item->valuestring[0] == '$') {
            write_name(writer, kind, view, item->valuestring + 1);
        } else {
            swb__json_string(writer, item->valuestring);
        }
    } else if (cJSON_IsNumber(item)) {
        swb__json_number(writer, item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        swb__json_bool(writer, cJSON_IsTrue(item));
    } else if (cJSON_IsNull(item)) {
        swb__json_null(writer);
    } else {
        bool object = cJSON_IsObject(item);
        swb__json_open(writer, object ? '{' : '[');
        cJSON_ArrayForEach(child, item)
        {
            if (object) {
                swb__json_key(writer, child->string);
            }
            write_item(writer, kind, view, child);
        }
        swb__json_close(writer, object ? '}' : ']');
    }
}

static void write_members(swb__writer *writer, const swb__chart_kind *kind,
                          const swb__chart_view *view, const cJSON *object)
{
    const cJSON *child;
    cJSON_ArrayForEach(child, object)
    {
        swb__json_key(writer, child->string);
        write_item(writer, kind, view, child);
    }
}

/* JSON that is the same in all charts. */
static void write_fixed(swb__writer *writer, const char *key, const char *json)
{
    swb__json_key(writer, key);
    swb__json_raw(writer, json);
}

static void write_subtitle(swb__writer *writer, const swb__chart_kind *kind,
                           const swb__chart_view *view)
{
    char text[300];
    bool marked = false;
    snprintf(text, sizeof text, "%s, on %s", view->experiment->name, view->experiment->place);
    swb__json_key(writer, "subtitle");
    swb__json_open(writer, '[');
    swb__json_string(writer, text);
    for (size_t i = 0; i < view->row_count; i++) {
        marked = marked || view->rows[i]->stand_in || view->rows[i]->summary.simulated;
    }
    if (marked) {
        swb__json_string(writer, "modes marked (stand-in) or (simulated) are not the real program");
    }
    if (view->cells_left_out > 0) {
        snprintf(text, sizeof text, "the first %zu of %zu cells: there is no room for more here",
                 view->cell_count, view->cell_count + view->cells_left_out);
        swb__json_string(writer, text);
    }
    if (view->row_count == 0) {
        swb__json_string(writer, kind->compared_only
                                     ? "nothing to show: no mode can be compared with the baseline"
                                     : "nothing to show: no run has ended");
    }
    swb__json_close(writer, ']');
}

static void write_head(swb__writer *writer, const swb__chart_kind *kind,
                       const swb__chart_view *view, unsigned schema)
{
    char address[64];
    char text[600];
    snprintf(address, sizeof address, "https://vega.github.io/schema/vega-lite/v%u.json", schema);
    swb__chart_text(writer, "$schema", address);
    snprintf(text, sizeof text, "%s. %s", kind->info.title, kind->info.description);
    swb__chart_text(writer, "description", text);
    swb__json_key(writer, "title");
    swb__json_open(writer, '{');
    swb__chart_text(writer, "text", kind->info.title);
    write_subtitle(writer, kind, view);
    swb__chart_text(writer, "anchor", "start");
    swb__json_close(writer, '}');
    write_fixed(
        writer, "config",
        "{\"axis\":{\"labelLimit\":300,\"titleFontWeight\":\"normal\"},"
        "\"header\":{\"labelLimit\":320},\"legend\":{\"labelLimit\":240,\"symbolOpacity\":1},"
        "\"title\":{\"subtitleColor\":\"#777777\",\"offset\":12}}");
    write_fixed(writer, "data", "{\"name\":\"rows\"}");
}

#define LOOKUP                                                                                     \
    "{\"lookup\":\"cell\",\"from\":{\"data\":{\"name\":\"cells\"},\"key\":\"cell\","               \
    "\"fields\":[\"cell_label\"]}}"

static void write_size(swb__writer *writer, uint32_t width_px)
{
    swb__chart_count(writer, "width", width_px);
    swb__chart_count(writer, "height", width_px * 9 / 16);
}

/* A list from which the cell that is shown is chosen. */
static void write_choice(swb__writer *writer, const swb__chart_view *view)
{
    swb__json_key(writer, "params");
    swb__json_open(writer, '[');
    swb__json_open(writer, '{');
    swb__chart_text(writer, "name", "shown");
    swb__chart_count(writer, "value", view->rows[0]->cell);
    swb__json_key(writer, "bind");
    swb__json_open(writer, '{');
    swb__chart_text(writer, "input", "select");
    swb__chart_text(writer, "name", "cell ");
    swb__json_key(writer, "options");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count; i++) {
        if (i == 0 || view->rows[i]->cell != view->rows[i - 1]->cell) {
            swb__json_uint(writer, view->rows[i]->cell);
        }
    }
    swb__json_close(writer, ']');
    swb__json_key(writer, "labels");
    write_cells(writer, view);
    swb__json_close(writer, '}');
    swb__json_close(writer, '}');
    swb__json_close(writer, ']');
    write_fixed(writer, "transform", "[{\"filter\":\"datum.cell === shown\"}," LOOKUP "]");
}

/* A plot for each cell: one, several side by side, or one that can be chosen. */
static void write_plots(swb__writer *writer, const swb__chart_kind *kind,
                        const swb__chart_view *view, const cJSON *plot, bool width_given)
{
    if (view->cell_count <= 1 || view->cell_count > PLOTS_MAX) {
        if (view->cell_count > 1) {
            write_choice(writer, view);
        } else {
            write_fixed(writer, "transform", "[" LOOKUP "]");
        }
        write_size(writer, view->width_px);
        write_members(writer, kind, view, plot);
        return;
    }
    write_fixed(writer, "transform", "[" LOOKUP "]");
    swb__json_key(writer, "facet");
    swb__json_open(writer, '{');
    swb__chart_text(writer, "field", "cell_label");
    swb__chart_text(writer, "type", "nominal");
    swb__chart_text(writer, "title", NULL);
    swb__json_key(writer, "sort");
    write_cells(writer, view);
    swb__json_close(writer, '}');
    swb__chart_count(writer, "columns", 2);
    write_fixed(writer, "resolve", "{\"scale\":{\"x\":\"independent\"}}");
    swb__json_key(writer, "spec");
    swb__json_open(writer, '{');
    write_size(writer, width_given ? view->width_px : PLOT_WIDTH_PX);
    write_members(writer, kind, view, plot);
    swb__json_close(writer, '}');
}

static int write_data(swb__writer *writer, const swb__chart_kind *kind, swb__chart_view *view,
                      swb_error *error)
{
    swb__json_key(writer, "datasets");
    swb__json_open(writer, '{');
    swb__json_key(writer, "cells");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < view->row_count; i++) {
        if (i == 0 || view->rows[i]->cell != view->rows[i - 1]->cell) {
            swb__json_open(writer, '{');
            swb__chart_count(writer, "cell", view->rows[i]->cell);
            swb__chart_text(writer, "cell_label", view->rows[i]->summary.cell);
            swb__json_close(writer, '}');
        }
    }
    swb__json_close(writer, ']');
    int status = kind->write_data(writer, view, error);
    swb__json_close(writer, '}');
    return status;
}

int swb__chart_write(swb__writer *writer, const swb__chart_kind *kind, const swb__report *report,
                     const swb__report_experiment *experiment, const swb_chart_options *options,
                     unsigned schema, swb__store *store, swb_error *error)
{
    swb__chart_view view;
    int status = swb__chart_view_init(&view, kind, report, experiment, options, error);
    if (status != SWB_OK) {
        return status;
    }
    view.store = store;
    cJSON *plot = cJSON_Parse(kind->specification);
    if (plot == NULL) {
        swb__chart_view_finish(&view);
        return swb__fail_nomem(error);
    }
    swb__json_open(writer, '{');
    write_head(writer, kind, &view, schema);
    status = write_data(writer, kind, &view, error); /* first: some of it gives an axis its ends */
    if (kind->by_cell) {
        write_plots(writer, kind, &view, plot, options->width_px > 0);
    } else {
        write_fixed(writer, "transform", "[" LOOKUP "]");
        write_members(writer, kind, &view, plot);
    }
    swb__json_close(writer, '}');
    cJSON_Delete(plot);
    swb__chart_view_finish(&view);
    return status;
}
