#include "report/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"

typedef struct time_unit {
    const char *name;
    double ns;
} time_unit;

static time_unit unit_of(double ns)
{
    static const time_unit units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
    size_t i = 0;
    while (i < 3 && fabs(ns) < units[i].ns * 0.9995) {
        i++;
    }
    return units[i];
}

/* Three figures, never an exponent. */
static void print_figures(char *out, size_t size, double value)
{
    if (isnan(value)) {
        snprintf(out, size, "?");
    } else if (isinf(value)) {
        snprintf(out, size, "inf");
    } else {
        double size_of = fabs(value);
        int decimals = size_of >= 99.95 ? 0 : size_of >= 9.995 ? 1 : 2;
        snprintf(out, size, "%.*f", decimals, value);
    }
}

swb__text swb__text_time(double ns)
{
    swb__text out;
    char figures[32];
    if (!isfinite(ns)) {
        snprintf(out.text, sizeof out.text, "%s", isnan(ns) ? "-" : "failed");
        return out;
    }
    time_unit unit = unit_of(ns);
    print_figures(figures, sizeof figures, ns / unit.ns);
    snprintf(out.text, sizeof out.text, "%s %s", figures, unit.name);
    return out;
}

swb__text swb__text_time_interval(double median, swb__interval interval)
{
    swb__text out;
    char figures[3][24];
    time_unit unit = unit_of(median);
    if (!isfinite(median) || isnan(interval.low)) {
        return swb__text_time(median);
    }
    print_figures(figures[0], sizeof figures[0], median / unit.ns);
    print_figures(figures[1], sizeof figures[1], interval.low / unit.ns);
    print_figures(figures[2], sizeof figures[2], interval.high / unit.ns);
    snprintf(out.text, sizeof out.text, "%s [%s, %s] %s", figures[0], figures[1], figures[2],
             unit.name);
    return out;
}

swb__text swb__text_ratio_interval(double ratio, swb__interval interval)
{
    swb__text out;
    char figures[3][24];
    if (isnan(ratio) || isnan(interval.low)) {
        return swb__text_number(ratio);
    }
    print_figures(figures[0], sizeof figures[0], ratio);
    print_figures(figures[1], sizeof figures[1], interval.low);
    print_figures(figures[2], sizeof figures[2], interval.high);
    snprintf(out.text, sizeof out.text, "%s [%s, %s]", figures[0], figures[1], figures[2]);
    return out;
}

swb__text swb__text_number(double value)
{
    swb__text out = {"-"};
    if (!isnan(value)) {
        print_figures(out.text, sizeof out.text, value);
    }
    return out;
}

swb__text swb__text_percent(double share)
{
    swb__text out = {"-"};
    if (isfinite(share)) {
        snprintf(out.text, sizeof out.text, "%.*f %%", share < 0.0995 ? 1 : 0, 100 * share);
    }
    return out;
}

swb__text swb__text_rate(double bps)
{
    swb__text out = {"-"};
    if (isfinite(bps)) {
        swb__format_rate(out.text, sizeof out.text, bps);
    }
    return out;
}

swb__text swb__text_bytes(double bytes)
{
    swb__text out = {"-"};
    if (isfinite(bytes)) {
        swb__format_bytes(out.text, sizeof out.text, bytes);
    }
    return out;
}

swb__text swb__text_share(uint64_t hits, uint64_t trials, swb__interval interval)
{
    swb__text out = {"-"};
    if (trials > 0) {
        snprintf(out.text, sizeof out.text, "%" PRIu64 "/%" PRIu64 " (%.0f-%.0f %%)", hits, trials,
                 100 * interval.low, 100 * interval.high);
    }
    return out;
}

swb__text swb__text_wall(int64_t wall_ns)
{
    swb__text out = {"-"};
    struct tm date;
    time_t seconds = (time_t)(wall_ns / SWB__NS_PER_S);
    if (gmtime_r(&seconds, &date) != NULL) {
        strftime(out.text, sizeof out.text, "%Y-%m-%d %H:%M:%S UTC", &date);
    }
    return out;
}

double swb__column_real(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(row, column);
}

uint64_t swb__column_count(sqlite3_stmt *row, int column)
{
    int64_t value = sqlite3_column_int64(row, column);
    return value < 0 ? 0 : (uint64_t)value;
}

const char *swb__column_text(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return text == NULL ? "" : (const char *)text;
}

void swb__column_copy(char *out, size_t size, sqlite3_stmt *row, int column)
{
    snprintf(out, size, "%s", swb__column_text(row, column));
}
