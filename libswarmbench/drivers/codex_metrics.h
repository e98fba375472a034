/* A node's metrics page: the figures of it that count. */
#ifndef SWB_DRIVERS_CODEX_METRICS_H
#define SWB_DRIVERS_CODEX_METRICS_H

#include <stdint.h>

/* SWB_COUNT_UNKNOWN where the page does not tell. */
typedef struct swb__codex_metrics {
    uint64_t wire_received; /* bytes of libp2p */
    uint64_t wire_sent;
    uint64_t blocks_received; /* manifests included */
    uint64_t blocks_sent;
    uint64_t blocks_wasted; /* received without being asked for */
} swb__codex_metrics;

/* `page` is the text in Prometheus' format; `api`: "codex" or "storage". */
void swb__codex_metrics_read(swb__codex_metrics *out, const char *page, const char *api);

/* Takes what was counted `earlier` off; what was not told then is taken as 0: a counter appears
 * with its first event. */
void swb__codex_metrics_since(swb__codex_metrics *metrics, const swb__codex_metrics *earlier);

#endif
