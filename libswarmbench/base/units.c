#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit;

static char *scaled(char *out, size_t size, double value, const unit *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && fabs(value) < (double)units[i].factor * 0.9995) {
        i++;
    }
    snprintf(out, size, "%.3g %s", value / (double)units[i].factor, units[i].name);
    return out;
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

char *swb__format_bytes(char *out, size_t size, double bytes)
{
    static const unit units[] = {{"PB", UINT64_C(1000000000000000)},
                                 {"TB", UINT64_C(1000000000000)},
                                 {"GB", 1000000000},
                                 {"MB", 1000000},
                                 {"kB", 1000},
                                 {"B", 1}};
    return scaled(out, size, bytes, units, COUNT(units));
}

char *swb__format_duration(char *out, size_t size, double ns)
{
    static const unit units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    double seconds = ns / 1e9;
    if (seconds >= 172800) {
        double hours = floor(seconds / 3600 + 0.5);
        snprintf(out, size, "%.0f d %.0f h", floor(hours / 24), fmod(hours, 24));
    } else if (seconds >= 7200) {
        double minutes = floor(seconds / 60 + 0.5);
        snprintf(out, size, "%.0f h %.0f min", floor(minutes / 60), fmod(minutes, 60));
    } else if (seconds >= 120) {
        double whole = floor(seconds + 0.5);
        snprintf(out, size, "%.0f min %.0f s", floor(whole / 60), fmod(whole, 60));
    } else {
        scaled(out, size, ns, units, COUNT(units));
    }
    return out;
}

char *swb__format_rate(char *out, size_t size, double bps)
{
    static const unit units[] = {
        {"Tbit/s", UINT64_C(1000000000000)},
        {"Gbit/s", 1000000000},
        {"Mbit/s", 1000000},
        {"kbit/s", 1000},
        {"bit/s", 1},
    };
    return scaled(out, size, bps, units, COUNT(units));
}

static char *exact(char *out, size_t size, uint64_t value, const unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value != 0 && value % units[i].factor == 0) {
            snprintf(out, size, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
            return out;
        }
    }
    snprintf(out, size, "%" PRIu64 "%s", value, units[count - 1].name);
    return out;
}

char *swb__format_exact_bytes(char *out, size_t size, uint64_t bytes)
{
    /* Decimal units first: they are what file sizes are given in. */
    static const unit units[] = {
        {"TB", UINT64_C(1000000000000)},
        {"GB", 1000000000},
        {"MB", 1000000},
        {"TiB", UINT64_C(1) << 40},
        {"GiB", UINT64_C(1) << 30},
        {"MiB", UINT64_C(1) << 20},
        {"kB", 1000},
        {"KiB", 1024},
        {"B", 1},
    };
    return exact(out, size, bytes, units, COUNT(units));
}

char *swb__format_exact_duration(char *out, size_t size, uint64_t ns)
{
    static const unit units[] = {{"h", UINT64_C(3600000000000)},
                                 {"min", UINT64_C(60000000000)},
                                 {"s", 1000000000},
                                 {"ms", 1000000},
                                 {"us", 1000},
                                 {"ns", 1}};
    return exact(out, size, ns, units, COUNT(units));
}

char *swb__format_exact_rate(char *out, size_t size, uint64_t bps)
{
    static const unit units[] = {
        {"Gbit", 1000000000}, {"Mbit", 1000000}, {"kbit", 1000}, {"bit", 1}};
    return exact(out, size, bps, units, COUNT(units));
}
