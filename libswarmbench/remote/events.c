/* What the runner in the pod says: JSON objects, one a line, as `swarmbench run --json` writes
 * them; and complaints. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/experiment.h>

#include "base/clock.h"
#include "host/wire.h"
#include "remote/state.h"

#define KINDS_MAX 64

static swb_event_kind kind_of(const char *name)
{
    for (int kind = 1; kind < KINDS_MAX; kind++) {
        if (strcmp(swb_event_kind_name((swb_event_kind)kind), name) == 0) {
            return (swb_event_kind)kind;
        }
    }
    return SWB_EVENT_NONE;
}

static uint32_t mode_of(const swb__remote *remote, const char *name)
{
    size_t count = swb_experiment_mode_count(remote->options.experiment);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(swb_experiment_mode_name(remote->options.experiment, i), name) == 0) {
            return (uint32_t)i;
        }
    }
    return UINT32_MAX;
}

static uint64_t whole(const cJSON *object, const char *name, uint64_t missing)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) && item->valuedouble >= 0 ? (uint64_t)item->valuedouble : missing;
}

static bool read_event(swb_event *out, const swb__remote *remote, const cJSON *object)
{
    *out = (swb_event){.kind = kind_of(swb__kube_text(object, "event")),
                       .time_ns = (int64_t)whole(object, "time_ns", 0),
                       .run = whole(object, "run", UINT64_MAX),
                       .mode = mode_of(remote, swb__kube_text(object, "mode")),
                       .node = (uint32_t)whole(object, "node", UINT32_MAX),
                       .value = whole(object, "value", UINT64_MAX),
                       .total = whole(object, "total", 0)};
    swb__wire_status(&out->status, swb__kube_text(object, "status"));
    snprintf(out->name, sizeof out->name, "%s", swb__kube_text(object, "name"));
    snprintf(out->text, sizeof out->text, "%s", swb__kube_text(object, "text"));
    return out->kind != SWB_EVENT_NONE;
}

static void take_event(swb__remote *remote, const swb_event *event)
{
    remote->begun = true;
    if (event->kind == SWB_EVENT_EXPERIMENT_ENDED) {
        remote->has_ending = true; /* told when all is fetched and gone */
        remote->ending = *event;
        return;
    }
    remote->has_ending = false;
    remote->options.tell(remote->options.argument, event);
}

void swb__remote_take_line(swb__remote *remote, const char *line)
{
    static const char prefix[] = "swarmbench: ";
    swb_event event;
    cJSON *object = *line == '{' ? cJSON_Parse(line) : NULL;
    if (object == NULL) {
        bool ours = strncmp(line, prefix, sizeof prefix - 1) == 0;
        snprintf(remote->complaint, sizeof remote->complaint, "%.500s",
                 line + (ours ? sizeof prefix - 1 : 0));
        return;
    }
    if (read_event(&event, remote, object)) {
        take_event(remote, &event);
    }
    cJSON_Delete(object);
}
