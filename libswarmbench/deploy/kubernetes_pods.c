/* The pods of the run, followed. */
#include <stdio.h>
#include <string.h>

#include "deploy/kubernetes_site.h"

int swb__kubernetes_note_set(kubernetes_site *site, const char *name, swb_error *error)
{
    kubernetes_group *group = &site->groups[site->rendering];
    if (group->set[0] != '\0' || strlen(name) >= sizeof group->set - 8) {
        return swb__fail(error, SWB_EINPUT, "StatefulSet %.100s: %s", name,
                         group->set[0] != '\0' ? "a group of nodes is one StatefulSet, not two"
                                               : "its name is too long for pods");
    }
    snprintf(group->set, sizeof group->set, "%s", name);
    for (size_t i = 0; i < group->count; i++) {
        kubernetes_node *node = &site->nodes[group->first + i];
        snprintf(node->pod, sizeof node->pod, "%s-%zu", group->set, i);
    }
    return SWB_OK;
}

static kubernetes_node *node_of(kubernetes_site *site, const cJSON *pod)
{
    const char *name = swb__kube_text(pod, "metadata.name");
    for (size_t i = 0; i < site->request->node_count; i++) {
        if (strcmp(site->nodes[i].pod, name) == 0) {
            return &site->nodes[i];
        }
    }
    return NULL;
}

static void on_listing(void *argument)
{
    kubernetes_site *site = argument;
    site->pods_left = 0;
    site->listed = false;
    for (size_t i = 0; i < site->request->node_count; i++) {
        site->nodes[i].seen = false;
    }
}

/* A pod that was spoken to is not there any more. */
static void lose(kubernetes_node *node, const cJSON *pod)
{
    char words[500];
    if (node->stage == KUBERNETES_AWAITED) {
        return;
    }
    swb__kubernetes_farewell(words, sizeof words, node, pod);
    swb__kubernetes_tell_exited(node, -1, 0, words);
}

static void on_changed(void *argument, swb__kube_change change, const cJSON *pod)
{
    kubernetes_site *site = argument;
    kubernetes_node *node = node_of(site, pod);
    const char *uid = swb__kube_text(pod, "metadata.uid");
    site->pods_left += change == SWB__KUBE_ADDED;
    site->pods_left -= change == SWB__KUBE_DELETED && site->pods_left > 0;
    if (site->closing) {
        swb__kubernetes_go_on(site);
        return;
    }
    if (node == NULL) {
        return;
    }
    node->seen = true;
    if (change == SWB__KUBE_DELETED) {
        lose(node, pod);
    } else if (node->uid[0] != '\0' && strcmp(node->uid, uid) != 0) {
        lose(node, NULL); /* another pod of the same name, made in its place */
    } else {
        swb__kubernetes_judge_pod(node, pod);
    }
    swb__kubernetes_look_up(site);
}

static void on_listed(void *argument)
{
    kubernetes_site *site = argument;
    site->listed = true;
    for (size_t i = 0; i < site->request->node_count && !site->closing; i++) {
        if (!site->nodes[i].seen) {
            lose(&site->nodes[i], NULL);
        }
    }
    if (site->closing) {
        swb__kubernetes_go_on(site);
    }
}

/* Without the API server, agents still tell most. */
static void on_failed(void *argument, int status, const swb_error *error)
{
    kubernetes_site *site = argument;
    swb__kubernetes_fail_up(site, status, error);
    site->pods_left = 0;
    site->listed = true;
    if (site->closing) {
        swb__kubernetes_go_on(site);
    }
}

int swb__kubernetes_follow(kubernetes_site *site, swb_error *error)
{
    char selector[64];
    snprintf(selector, sizeof selector, KUBERNETES_RUN_LABEL "=%s", site->id);
    swb__kube_resource_known(&site->pods, "v1", "Pod");
    const swb__kube_watch_options options = {
        .resource = &site->pods, .name_space = site->config.name_space, .selector = selector};
    const swb__kube_watch_events events = {on_listing, on_changed, on_listed, on_failed, site};
    return swb__kube_watch_start(&site->watch, site->client, &options, &events, error);
}
