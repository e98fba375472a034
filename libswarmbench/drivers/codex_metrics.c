#include "drivers/codex_metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/sys/driver.h>

/* The value of the line that is `name` (labels included), a space, and a number. */
static uint64_t find(const char *page, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = page; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ' ') {
            continue;
        }
        char *end = NULL;
        double value = strtod(line + length, &end);
        if (end == line + length || !isfinite(value) || value < 0 || value > 9e15) {
            return SWB_COUNT_UNKNOWN;
        }
        return (uint64_t)value;
    }
    return SWB_COUNT_UNKNOWN;
}

static uint64_t find_of_exchange(const char *page, const char *api, const char *name)
{
    char whole[128];
    snprintf(whole, sizeof whole, "%s_block_exchange_%s_total", api, name);
    return find(page, whole);
}

void swb__codex_metrics_read(swb__codex_metrics *out, const char *page, const char *api)
{
    out->wire_received = find(page, "libp2p_network_bytes_total{direction=\"in\"}");
    out->wire_sent = find(page, "libp2p_network_bytes_total{direction=\"out\"}");
    out->blocks_received = find_of_exchange(page, api, "blocks_received");
    out->blocks_sent = find_of_exchange(page, api, "blocks_sent");
    out->blocks_wasted = find_of_exchange(page, api, "spurious_blocks_received");
}

static uint64_t since(uint64_t now, uint64_t earlier)
{
    if (now == SWB_COUNT_UNKNOWN || earlier == SWB_COUNT_UNKNOWN) {
        return now;
    }
    return now > earlier ? now - earlier : 0;
}

void swb__codex_metrics_since(swb__codex_metrics *metrics, const swb__codex_metrics *earlier)
{
    metrics->wire_received = since(metrics->wire_received, earlier->wire_received);
    metrics->wire_sent = since(metrics->wire_sent, earlier->wire_sent);
    metrics->blocks_received = since(metrics->blocks_received, earlier->blocks_received);
    metrics->blocks_sent = since(metrics->blocks_sent, earlier->blocks_sent);
    metrics->blocks_wasted = since(metrics->blocks_wasted, earlier->blocks_wasted);
}
