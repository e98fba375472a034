/* Pods that are not even made: why the cluster refuses them is told by events alone. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/kubernetes_site.h"

#define LOOK_NS (2 * SWB__NS_PER_S)
/* A quota counts pods of a run before for a while after they have gone. */
#define PATIENCE_NS (10 * SWB__NS_PER_S)

static bool misses_pods(const kubernetes_site *site, const kubernetes_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (!site->nodes[group->first + i].seen) {
            return true;
        }
    }
    return false;
}

static kubernetes_group *refused_group(const kubernetes_site *site)
{
    for (size_t i = 0; i < site->group_count; i++) {
        if (misses_pods(site, &site->groups[i])) {
            return &site->groups[i];
        }
    }
    return NULL;
}

/* The newest of the events, without what we know: "create Pod P in StatefulSet S failed error: ".
 */
static const char *reason_of(const cJSON *events)
{
    static const char before[] = " failed error: ";
    const char *newest = "";
    const char *text = "";
    const cJSON *item;
    cJSON_ArrayForEach(item, swb__kube_member(events, "items"))
    {
        const char *time = swb__kube_text(item, "lastTimestamp");
        if (strcmp(time, newest) >= 0) {
            newest = time;
            text = swb__kube_text(item, "message");
        }
    }
    const char *cause = strstr(text, before);
    return cause != NULL ? cause + strlen(before) : text;
}

static void on_events(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_site *site = argument;
    const kubernetes_group *group = site->closing ? NULL : refused_group(site);
    const char *reason = reason_of(outcome->object);
    site->looking = false;
    if (group == NULL || *reason == '\0') {
        return;
    }
    if (site->refused_ns == 0) {
        site->refused_ns = swb__clock_ns();
    }
    for (size_t i = group->first; i < group->first + group->count; i++) {
        kubernetes_node *node = &site->nodes[i];
        if (!node->seen) {
            snprintf(node->why, sizeof node->why, "it is refused: %.380s", reason);
            node->hopeless = swb__clock_ns() - site->refused_ns > PATIENCE_NS;
        }
    }
    swb__kubernetes_look_up(site);
}

static void look(void *argument)
{
    kubernetes_site *site = argument;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const kubernetes_group *group = refused_group(site);
    if (group == NULL || site->looking || site->closing || site->up == NULL || !site->listed) {
        return;
    }
    int status =
        swb__kube_events(&request, site->config.name_space, group->set, "FailedCreate", NULL);
    if (status == SWB_OK) {
        status = swb__kube_client_call(NULL, site->client, &request, NULL, on_events, site, NULL);
    }
    swb__kube_request_finish(&request);
    site->looking = status == SWB_OK;
}

void swb__kubernetes_look_for_refusals(kubernetes_site *site)
{
    /* Without it the time of starting runs out, and nobody tells why. */
    if (swb__timer_repeat(&site->refusals, site->loop, LOOK_NS, look, site) != SWB_OK) {
        site->refusals = NULL;
    }
}
