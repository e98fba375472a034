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
