/* What a pod says of itself: whether it runs, why it does not, why it has gone. */
#include <stdio.h>
#include <string.h>

#include "deploy/kubernetes_site.h"

const cJSON *swb__kubernetes_container(const cJSON *pod, const char *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, swb__kube_member(pod, list))
    {
        if (strcmp(swb__kube_text(item, "name"), name) == 0) {
            return item;
        }
    }
    return NULL;
}

static int integer(const cJSON *object, const char *path)
{
    const cJSON *item = swb__kube_member(object, path);
    return cJSON_IsNumber(item) ? item->valueint : 0;
}

/* What waiting does not mend, or only its owner can. */
static bool is_hopeless(const char *reason)
{
    static const char *const reasons[] = {"ImagePullBackOff",     "InvalidImageName",
                                          "ErrImageNeverPull",    "CreateContainerConfigError",
                                          "CreateContainerError", "CrashLoopBackOff",
                                          "RunContainerError"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reason, reasons[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a container that waits: whether there was something to say. */
static bool explain_container(kubernetes_reason *out, const cJSON *status)
{
    const char *reason = swb__kube_text(status, "state.waiting.reason");
    const char *message = swb__kube_text(status, "state.waiting.message");
    const char *image = swb__kube_text(status, "image");
    if (*reason == '\0' || strcmp(reason, "PodInitializing") == 0 ||
        strcmp(reason, "ContainerCreating") == 0) {
        return false;
    }
    snprintf(out->text, sizeof out->text, "container '%s' (image %.120s): %s%s%.200s",
             swb__kube_text(status, "name"), image, reason, *message != '\0' ? ": " : "", message);
    out->hopeless = is_hopeless(reason);
    return true;
}

static void explain_scheduling(kubernetes_reason *out, const cJSON *pod)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, swb__kube_member(pod, "status.conditions"))
    {
        if (strcmp(swb__kube_text(item, "type"), "PodScheduled") == 0 &&
            strcmp(swb__kube_text(item, "status"), "False") == 0) {
            snprintf(out->text, sizeof out->text, "it is pending: %.300s",
                     swb__kube_text(item, "message"));
        }
    }
}

void swb__kubernetes_explain(kubernetes_reason *out, const cJSON *pod)
{
    static const char *const lists[] = {"status.initContainerStatuses", "status.containerStatuses"};
    *out = (kubernetes_reason){.text = ""};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, swb__kube_member(pod, lists[i]))
        {
            if (explain_container(out, item)) {
                return;
            }
        }
    }
    explain_scheduling(out, pod);
}

static bool is_failed(const cJSON *pod)
{
    const char *phase = swb__kube_text(pod, "status.phase");
    return strcmp(phase, "Failed") == 0 || strcmp(phase, "Succeeded") == 0;
}

void swb__kubernetes_farewell(char *out, size_t size, const kubernetes_node *node, const cJSON *pod)
{
    const char *reason = swb__kube_text(pod, "status.reason");
    const char *message = swb__kube_text(pod, "status.message");
    const cJSON *item;
    cJSON_ArrayForEach(item, swb__kube_member(pod, "status.conditions"))
    {
        if (*reason == '\0' && strcmp(swb__kube_text(item, "type"), "DisruptionTarget") == 0) {
            reason = swb__kube_text(item, "reason");
            message = swb__kube_text(item, "message");
        }
    }
    snprintf(out, size, "pod %s %s%s%s%s%.300s", node->pod,
             strncmp(reason, "Evict", 5) == 0 ? "was evicted" : "was deleted or has failed",
             *reason != '\0' ? ": " : "", reason, *message != '\0' ? ": " : "", message);
}

/* A container was killed for its memory, or ended, and has been started anew. */
static void judge_restart(kubernetes_node *node, const cJSON *status, int *known, const char *what)
{
    char words[300];
    int restarts = integer(status, "restartCount");
    const cJSON *state = swb__kube_member(status, "state.terminated");
    const cJSON *last = state != NULL ? state : swb__kube_member(status, "lastState.terminated");
    if (node->stage != KUBERNETES_UP || (restarts <= *known && state == NULL)) {
        *known = restarts;
        return;
    }
    *known = restarts;
    snprintf(words, sizeof words, "container '%s' of pod %s ended: %s", what, node->pod,
             *swb__kube_text(last, "reason") != '\0' ? swb__kube_text(last, "reason")
                                                     : "restarted");
    swb__kubernetes_tell_exited(node, integer(last, "exitCode"), integer(last, "signal"), words);
}

static void note_origin(kubernetes_node *node, const cJSON *pod)
{
    const cJSON *status = swb__kubernetes_container(pod, "status.containerStatuses", "node");
    snprintf(node->machine, sizeof node->machine, "%s", swb__kube_text(pod, "spec.nodeName"));
    snprintf(node->image, sizeof node->image, "%s", swb__kube_text(status, "imageID"));
}

static bool agent_runs(const cJSON *pod)
{
    return swb__kube_member(swb__kubernetes_container(pod, "status.containerStatuses", "agent"),
                            "state.running") != NULL;
}

void swb__kubernetes_judge_pod(kubernetes_node *node, const cJSON *pod)
{
    const char *address = swb__kube_text(pod, "status.podIP");
    kubernetes_reason reason;
    if (is_failed(pod)) {
        char words[500];
        swb__kubernetes_farewell(words, sizeof words, node, pod);
        swb__kubernetes_tell_exited(node, -1, 0, words);
        snprintf(node->why, sizeof node->why, "%.390s", words);
        return;
    }
    if (node->stage == KUBERNETES_UP) {
        judge_restart(node, swb__kubernetes_container(pod, "status.containerStatuses", "node"),
                      &node->restarts, "node");
        judge_restart(node, swb__kubernetes_container(pod, "status.containerStatuses", "agent"),
                      &node->agent_restarts, "agent");
        return;
    }
    swb__kubernetes_explain(&reason, pod);
    snprintf(node->why, sizeof node->why, "%s", reason.text);
    node->hopeless = reason.hopeless;
    if (node->stage == KUBERNETES_AWAITED && *address != '\0' && agent_runs(pod)) {
        snprintf(node->address, sizeof node->address, "%s", address);
        snprintf(node->uid, sizeof node->uid, "%s", swb__kube_text(pod, "metadata.uid"));
        note_origin(node, pod);
        swb__kubernetes_greet(node);
    }
}
