#include "run/cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

static uint64_t own_cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    int64_t micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    return (uint64_t)(seconds * SWB__NS_PER_S + micros * 1000);
}

static uint64_t own_memory(const char *field)
{
    char *text = NULL;
    uint64_t bytes = 0;
    if (swb__read_file(&text, NULL, "/proc/self/status", 65536, NULL) != SWB_OK) {
        return 0;
    }
    const char *at = strstr(text, field);
    if (at != NULL) {
        bytes = strtoull(at + strlen(field), NULL, 10) * 1024;
    }
    free(text);
    return bytes;
}

void swb__cost_begin(swb__cost *cost)
{
    memset(cost, 0, sizeof *cost);
    cost->cpu_begin_ns = own_cpu_ns();
}

void swb__cost_leech(swb__cost *cost, bool leeching)
{
    if (leeching == cost->leeching) {
        return;
    }
    cost->leeching = leeching;
    if (leeching) {
        cost->leech_cpu_ns = own_cpu_ns();
        cost->leech_begin_ns = swb__clock_ns();
        return;
    }
    cost->total.leech_cpu_ns = own_cpu_ns() - cost->leech_cpu_ns;
    cost->total.leech_wall_ns = (uint64_t)(swb__clock_ns() - cost->leech_begin_ns);
}

void swb__cost_end(swb__cost *cost)
{
    swb__cost_leech(cost, false);
    cost->total.cpu_ns = own_cpu_ns() - cost->cpu_begin_ns;
    cost->total.rss_bytes = own_memory("VmRSS:");
    cost->total.rss_peak_bytes = own_memory("VmHWM:");
}
