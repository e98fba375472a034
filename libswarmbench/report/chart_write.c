/* What all charts write their data with. */
#include <math.h>

#include "report/chart.h"
#include "report/format.h"

void swb__chart_row_open(swb__writer *writer, const swb__report_row *row)
{
    char label[SWB__CHART_LABEL_MAX];
    swb__chart_mode_label(label, row);
    swb__writer_text(writer, "\n");
    swb__json_open(writer, '{');
    swb__chart_count(writer, "cell", row->cell);
    swb__chart_text(writer, "mode", label);
}

void swb__chart_number(swb__writer *writer, const char *key, double value)
{
    swb__json_key(writer, key);
    if (isfinite(value) && value != 0) {
        double scale = pow(10, 5 - floor(log10(fabs(value))));
        if (isfinite(scale) && scale > 0) {
            value = round(value * scale) / scale;
        }
    }
    swb__json_number(writer, value);
}

void swb__chart_seconds(swb__writer *writer, const char *key, double ns)
{
    swb__chart_number(writer, key, ns / 1e9);
}

void swb__chart_count(swb__writer *writer, const char *key, uint64_t value)
{
    swb__json_key(writer, key);
    swb__json_uint(writer, value);
}

void swb__chart_text(swb__writer *writer, const char *key, const char *value)
{
    swb__json_key(writer, key);
    swb__json_string(writer, value);
}

size_t swb__chart_kept(size_t at, size_t count, size_t room)
{
    if (count <= room) {
        return at;
    }
    return (size_t)llround((double)at * (double)(count - 1) / (double)(room - 1));
}

int swb__chart_bind(swb__binding *out, const swb__chart_view *view, const swb__report_row *row,
                    const char *sql, const char *what, swb_error *error)
{
    int status = swb__bind(out, view->store, sql, what, error);
    if (status == SWB_OK) {
        swb__bind_int(out, view->experiment->id);
        swb__bind_count(out, row->cell);
        swb__bind_text(out, row->summary.mode);
    }
    return status;
}
