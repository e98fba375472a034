/* The queue between the runner and whoever polls it. */
#ifndef SWB_RUN_EVENTS_H
#define SWB_RUN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <swarmbench/runner.h>

/* A ring that grows. Zeroed memory is a valid empty queue. */
typedef struct swb__events {
    swb_event *rows;
    size_t capacity;
    size_t first;
    size_t count;
    size_t lost; /* events for which there was no memory */
} swb__events;

void swb__events_push(swb__events *events, const swb_event *event);
/* False where it is empty. */
bool swb__events_pop(swb_event *out, swb__events *events);
void swb__events_finish(swb__events *events);

#endif
