/* The metric table: one row a metric, from which the report's legend and docs/metrics.md come. */
#ifndef SWB_MEASURE_METRICS_H
#define SWB_MEASURE_METRICS_H

#include <stddef.h>

#include "base/writer.h"

typedef enum swb__direction {
    SWB__DIRECTION_NONE, /* neither is better */
    SWB__DIRECTION_LESS,
    SWB__DIRECTION_MORE,
} swb__direction;

typedef struct swb__metric {
    const char *name;
    const char *unit;
    swb__direction better;
    const char *definition; /* one sentence */
} swb__metric;

/* Metric `index`; NULL past the end. Static. */
const swb__metric *swb__metric_at(size_t index);

/* "less", "more", "". */
const char *swb__direction_name(swb__direction direction);

/* The table as Markdown, under no heading. */
void swb__metrics_write_table(swb__writer *writer);

/* The whole page docs/metrics.md. */
void swb__metrics_write_page(swb__writer *writer);

#endif
