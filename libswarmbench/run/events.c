#include "run/events.h"

#include <stdlib.h>
#include <string.h>

static bool grow(swb__events *events)
{
    size_t capacity = events->capacity == 0 ? 32 : events->capacity * 2;
    swb_event *rows = malloc(capacity * sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < events->count; i++) {
        rows[i] = events->rows[(events->first + i) % events->capacity];
    }
    free(events->rows);
    events->rows = rows;
    events->capacity = capacity;
    events->first = 0;
    return true;
}

void swb__events_push(swb__events *events, const swb_event *event)
{
    if (events->count == events->capacity && !grow(events)) {
        events->lost++;
        return;
    }
    events->rows[(events->first + events->count) % events->capacity] = *event;
    events->count++;
}

bool swb__events_pop(swb_event *out, swb__events *events)
{
    if (events->count == 0) {
        return false;
    }
    *out = events->rows[events->first];
    events->first = (events->first + 1) % events->capacity;
    events->count--;
    return true;
}

void swb__events_finish(swb__events *events)
{
    free(events->rows);
    memset(events, 0, sizeof *events);
}

const char *swb_event_kind_name(swb_event_kind kind)
{
    static const char *const names[] = {
        [SWB_EVENT_EXPERIMENT_STARTED] = "experiment_started",
        [SWB_EVENT_EXPERIMENT_ENDED] = "experiment_ended",
        [SWB_EVENT_RUN_STARTED] = "run_started",
        [SWB_EVENT_RUN_ENDED] = "run_ended",
        [SWB_EVENT_PHASE] = "phase",
        [SWB_EVENT_NODE_READY] = "node_ready",
        [SWB_EVENT_NODE_EXITED] = "node_exited",
        [SWB_EVENT_FIRST_BYTE] = "first_byte",
        [SWB_EVENT_PROGRESS] = "progress",
        [SWB_EVENT_COMPLETED] = "completed",
        [SWB_EVENT_VERIFIED] = "verified",
        [SWB_EVENT_NODE_FAILED] = "node_failed",
        [SWB_EVENT_RETRY] = "retry",
        [SWB_EVENT_CELL_ENDED] = "cell_ended",
        [SWB_EVENT_WARNING] = "warning",
        [SWB_EVENT_FAULT] = "fault",
        [SWB_EVENT_ACTION] = "action",
        [SWB_EVENT_METRIC] = "metric",
        [SWB_EVENT_NOTICE] = "notice",
    };
    size_t index = (size_t)kind;
    bool known = index < sizeof names / sizeof names[0] && names[index] != NULL;
    return known ? names[index] : "unknown";
}
