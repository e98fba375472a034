/* Following the Job and its pods until the experiment is over. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "remote/state.h"

#define LOOK_NS (3 * SWB__NS_PER_S)
/* A cluster that is away does not end what goes on in it. */
#define PATIENCE_NS (UINT64_C(7) * 24 * 3600 * 1000000000)

/* --- over? --- */

/* A runner that ended by itself, and is not started again. */
static bool is_final(int exit_code)
{
    return exit_code >= 0 && exit_code <= 3;
}

static bool is_over(const swb__remote *remote)
{
    const remote_pod *pod = &remote->pod;
    bool read = pod->ended && (remote->log.at_end || !pod->runs);
    if (!remote->pods_listed) {
        return false;
    }
    if (remote->stopping) {
        return pod->name[0] == '\0' || read;
    }
    if (!pod->gone && read && (is_final(pod->exit_code) || (remote->holds && !pod->leaving))) {
        return true;
    }
    return remote->job_over && (pod->name[0] == '\0' || read);
}

/* Where the runner said nothing of its end. */
static void note_ending(swb__remote *remote)
{
    const remote_pod *pod = &remote->pod;
    const char *said = remote->complaint[0] != '\0' ? remote->complaint : "it said nothing";
    if (remote->stopping && (!remote->has_ending || remote->ending.status != SWB_OK)) {
        remote->status = SWB_EINTERRUPTED;
        snprintf(remote->why, sizeof remote->why, "interrupted");
    } else if (!remote->has_ending) {
        bool ran = pod->name[0] != '\0' && pod->runs && !pod->gone;
        remote->status = ran && pod->exit_code == 2   ? SWB_EINPUT
                         : ran && pod->exit_code == 3 ? SWB_EENV
                                                      : SWB_EEXITED;
        if (ran && (pod->exit_code == 2 || pod->exit_code == 3)) {
            snprintf(remote->why, sizeof remote->why, "the runner in the cluster: %.400s", said);
        } else if (ran) {
            snprintf(remote->why, sizeof remote->why,
                     "the runner in the cluster ended with exit code %d: %.400s", pod->exit_code,
                     said);
        } else {
            snprintf(remote->why, sizeof remote->why, "Job %s has ended: %.300s", remote->release,
                     remote->job_why[0] != '\0' ? remote->job_why : "its runner is gone");
        }
    }
}

void swb__remote_judge(swb__remote *remote)
{
    if (remote->phase != REMOTE_FOLLOWING || !is_over(remote)) {
        return;
    }
    note_ending(remote);
    remote->phase = REMOTE_FETCHING;
    swb__remote_later(remote, 0, swb__remote_fetch);
}

/* --- a runner that does not start --- */

/* What one before it has stored is not given up for that. Pods are still followed: who hands it out
 * is one of them. */
static void cannot_start(swb__remote *remote, int status, const char *words)
{
    if (remote->phase != REMOTE_FOLLOWING) {
        return;
    }
    if (!remote->known) {
        swb__remote_fail(remote, status, words);
        return;
    }
    remote->status = status;
    snprintf(remote->why, sizeof remote->why, "%s", words);
    remote->cut_short = true;
    remote->phase = REMOTE_FETCHING;
    swb__remote_later(remote, 0, swb__remote_fetch);
}

/* --- pods --- */

static void tell_why(swb__remote *remote, const kubernetes_reason *reason)
{
    remote_pod *pod = &remote->pod;
    if (reason->text[0] == '\0' || strcmp(pod->why, reason->text) == 0) {
        return;
    }
    snprintf(pod->why, sizeof pod->why, "%s", reason->text);
    if (reason->hopeless && !remote->begun) {
        char words[480];
        snprintf(words, sizeof words, "the runner's pod cannot start: %s", reason->text);
        cannot_start(remote, SWB_EENV, words);
        return;
    }
    swb__remote_tell(remote, SWB_EVENT_NOTICE, SWB_OK, "the runner's pod waits: %s", reason->text);
}

static void take_pod(swb__remote *remote, const cJSON *object)
{
    remote_pod *pod = &remote->pod;
    if (pod->name[0] != '\0') {
        swb__remote_tell(remote, SWB_EVENT_WARNING, SWB_OK,
                         "the runner's pod %s is gone; pod %s goes on", pod->name,
                         swb__kube_text(object, "metadata.name"));
    }
    swb__remote_read_no_log(remote);
    *pod = (remote_pod){.exit_code = -1};
    snprintf(pod->name, sizeof pod->name, "%s", swb__kube_text(object, "metadata.name"));
    snprintf(pod->uid, sizeof pod->uid, "%s", swb__kube_text(object, "metadata.uid"));
    snprintf(pod->created, sizeof pod->created, "%s",
             swb__kube_text(object, "metadata.creationTimestamp"));
    remote->log.last[0] = '\0';
    remote->log.at_end = false;
    remote->since_ns = swb__clock_ns();
}

static void judge_runner(swb__remote *remote, const cJSON *object)
{
    remote_pod *pod = &remote->pod;
    kubernetes_reason reason;
    if (strcmp(pod->uid, swb__kube_text(object, "metadata.uid")) != 0) {
        if (strcmp(pod->created, swb__kube_text(object, "metadata.creationTimestamp")) > 0) {
            return; /* one before it */
        }
        take_pod(remote, object);
    }
    remote->pod_listed = true;
    const cJSON *status = swb__kubernetes_container(object, "status.containerStatuses", "runner");
    const cJSON *ended = swb__kube_member(status, "state.terminated");
    const char *phase = swb__kube_text(object, "status.phase");
    pod->leaving = *swb__kube_text(object, "metadata.deletionTimestamp") != '\0';
    pod->runs = pod->runs || ended != NULL || swb__kube_member(status, "state.running") != NULL;
    if (ended != NULL) {
        const cJSON *code = cJSON_GetObjectItemCaseSensitive(ended, "exitCode");
        pod->ended = true;
        pod->exit_code = cJSON_IsNumber(code) ? code->valueint : -1;
    } else if (strcmp(phase, "Failed") == 0) {
        pod->ended = true; /* evicted before it ran, or its machine is gone */
    }
    if (pod->runs) {
        swb__remote_read_log(remote);
    } else {
        swb__kubernetes_explain(&reason, object);
        tell_why(remote, &reason);
    }
}

static bool is_ready(const cJSON *object)
{
    const cJSON *agent = swb__kubernetes_container(object, "status.containerStatuses", "agent");
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(agent, "ready"));
}

static void lose_pod(swb__remote *remote)
{
    remote->pod.ended = remote->pod.gone = true;
    remote->log.at_end = remote->log.call == NULL;
}

static void on_pod(void *argument, swb__kube_change change, const cJSON *object)
{
    swb__remote *remote = argument;
    const char *name = swb__kube_text(object, "metadata.name");
    const cJSON *labels = swb__kube_member(object, "metadata.labels");
    const char *component = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(labels, "app.kubernetes.io/component"));
    if (component == NULL) {
        return; /* of a node */
    }
    if (strcmp(component, "results") == 0) {
        bool ready = change != SWB__KUBE_DELETED && is_ready(object);
        if (ready || strcmp(name, remote->results_pod) == 0) {
            snprintf(remote->results_pod, sizeof remote->results_pod, "%s", ready ? name : "");
        }
    } else if (change != SWB__KUBE_DELETED) {
        judge_runner(remote, object);
    } else if (strcmp(remote->pod.uid, swb__kube_text(object, "metadata.uid")) == 0) {
        lose_pod(remote);
    }
    swb__remote_judge(remote);
}

static void on_listing_pods(void *argument)
{
    swb__remote *remote = argument;
    remote->pod_listed = false;
    remote->results_pod[0] = '\0';
}

/* What went while nothing was told is not in the list. */
static void on_pods_listed(void *argument)
{
    swb__remote *remote = argument;
    remote->pods_listed = true;
    if (remote->pod.name[0] != '\0' && !remote->pod_listed) {
        lose_pod(remote);
    }
    swb__remote_judge(remote);
}

/* --- the Job --- */

static void lose_job(swb__remote *remote)
{
    remote->job_over = true;
    snprintf(remote->job_why, sizeof remote->job_why, "somebody deleted it");
}

static void on_job(void *argument, swb__kube_change change, const cJSON *object)
{
    swb__remote *remote = argument;
    const cJSON *item;
    if (strcmp(swb__kube_text(object, "metadata.name"), remote->release) != 0) {
        return;
    }
    remote->job_listed = true;
    snprintf(remote->job_uid, sizeof remote->job_uid, "%s", swb__kube_text(object, "metadata.uid"));
    cJSON_ArrayForEach(item, swb__kube_member(object, "status.conditions"))
    {
        const char *type = swb__kube_text(item, "type");
        bool ends = strcmp(type, "Failed") == 0 || strcmp(type, "Complete") == 0;
        if (ends && strcmp(swb__kube_text(item, "status"), "True") == 0) {
            remote->job_over = true;
            snprintf(remote->job_why, sizeof remote->job_why, "%s",
                     swb__kube_text(item, "message"));
        }
    }
    if (change == SWB__KUBE_DELETED) {
        lose_job(remote);
    }
    swb__remote_judge(remote);
}

static void on_listing_jobs(void *argument)
{
    swb__remote *remote = argument;
    remote->job_listed = false;
}

static void on_jobs_listed(void *argument)
{
    swb__remote *remote = argument;
    if (!remote->job_listed) {
        lose_job(remote);
    }
    swb__remote_judge(remote);
}

/* --- what only events tell --- */

static bool waits_for_pod(const remote_pod *pod)
{
    return pod->name[0] == '\0' || pod->gone;
}

/* A Job without a pod, such as for a quota; or a pod without its volume. */
static bool waits_unexplained(const remote_pod *pod)
{
    return waits_for_pod(pod) || (!pod->runs && pod->why[0] == '\0');
}

/* Whether an event is about this very object; an earlier one may have had its name. */
static bool is_about(const cJSON *event, const char *uid)
{
    const char *about = swb__kube_text(event, "involvedObject.uid");
    return *about == '\0' || *uid == '\0' || strcmp(about, uid) == 0;
}

/* The newest warning. */
static void newest_warning(kubernetes_reason *out, const swb__remote *remote, const cJSON *events)
{
    const char *newest = "";
    const cJSON *item;
    *out = (kubernetes_reason){.text = ""};
    cJSON_ArrayForEach(item, swb__kube_member(events, "items"))
    {
        const char *time = swb__kube_text(item, "lastTimestamp");
        bool ours = is_about(item, waits_for_pod(&remote->pod) ? remote->job_uid : remote->pod.uid);
        if (ours && strcmp(swb__kube_text(item, "type"), "Warning") == 0 &&
            strcmp(time, newest) >= 0) {
            newest = time;
            snprintf(out->text, sizeof out->text, "%.390s", swb__kube_text(item, "message"));
        }
    }
}

static void on_events(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    kubernetes_reason reason;
    if (remote->destroyed || remote->phase != REMOTE_FOLLOWING) {
        return;
    }
    newest_warning(&reason, remote, outcome->object);
    /* Of a Job that was there already it may be from before the quota was raised. */
    if (strstr(reason.text, "exceeded quota") != NULL && !remote->begun && !remote->known &&
        remote->pod.name[0] == '\0') {
        char words[480];
        snprintf(words, sizeof words, "the runner's pod cannot be made: %s", reason.text);
        cannot_start(remote, SWB_ENOSPACE, words);
        return;
    }
    if (waits_unexplained(&remote->pod)) {
        tell_why(remote, &reason);
    }
}

static void ask_why(swb__remote *remote)
{
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const char *about = waits_for_pod(&remote->pod) ? remote->release : remote->pod.name;
    swb__remote_call(remote, &request,
                     swb__kube_events(&request, remote->config.name_space, about, NULL, &error),
                     on_events, &error);
}

/* --- patience --- */

static bool is_late(const swb__remote *remote)
{
    const remote_pod *pod = &remote->pod;
    return remote->phase == REMOTE_FOLLOWING && !remote->begun && (!pod->runs || pod->gone) &&
           swb__clock_ns() - remote->since_ns > (int64_t)remote->kubernetes.start_timeout_ns;
}

/* What a cluster that was out of reach told last is no reason to give up what runs there by now. */
static void on_pods_asked(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    const cJSON *item;
    char words[600];
    if (remote->destroyed) {
        return;
    }
    remote->asking_pods = false;
    cJSON_ArrayForEach(item, swb__kube_member(outcome->object, "items"))
    {
        on_pod(remote, SWB__KUBE_MODIFIED, item);
    }
    if (outcome->status != SWB_OK || !is_late(remote)) {
        return;
    }
    snprintf(words, sizeof words,
             "the runner's pod does not run after deploy.start_timeout: %.400s",
             remote->pod.why[0] != '\0' ? remote->pod.why : "the cluster does not say why");
    cannot_start(remote, SWB_EENV, words);
}

static void ask_pods(swb__remote *remote)
{
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {&remote->pods, remote->config.name_space, NULL};
    remote->asking_pods = true;
    swb__remote_call(remote, &request,
                     swb__kube_list(&request, &target, remote->runner_selector, 0, NULL, &error),
                     on_pods_asked, &error);
}

static void look_again(void *argument)
{
    swb__remote *remote = argument;
    const remote_pod *pod = &remote->pod;
    if (remote->phase != REMOTE_FOLLOWING || (pod->runs && !pod->gone)) {
        return;
    }
    if (is_late(remote)) {
        if (!remote->asking_pods) {
            ask_pods(remote);
        }
    } else if (waits_unexplained(pod) && swb__clock_ns() - remote->since_ns >= LOOK_NS) {
        ask_why(remote);
    }
}

/* --- both --- */

static void on_failed(void *argument, int status, const swb_error *error)
{
    swb__remote *remote = argument;
    remote->keeps = true;
    swb__remote_fail(remote, status, error->message);
}

static int watch(swb__kube_watch **out, swb__remote *remote, const swb__kube_resource *kind,
                 const swb__kube_watch_events *events, swb_error *error)
{
    const swb__kube_watch_options options = {.resource = kind,
                                             .name_space = remote->config.name_space,
                                             .selector = remote->selector,
                                             .patience_ns = PATIENCE_NS};
    return swb__kube_watch_start(out, remote->client, &options, events, error);
}

void swb__remote_follow(swb__remote *remote)
{
    swb_error error = SWB_ERROR_INIT;
    const swb__kube_watch_events of_pods = {on_listing_pods, on_pod, on_pods_listed, on_failed,
                                            remote};
    const swb__kube_watch_events of_jobs = {on_listing_jobs, on_job, on_jobs_listed, on_failed,
                                            remote};
    remote->phase = REMOTE_FOLLOWING;
    remote->since_ns = swb__clock_ns();
    remote->pod.exit_code = -1;
    int status = watch(&remote->pod_watch, remote, &remote->pods, &of_pods, &error);
    if (status == SWB_OK) {
        status = watch(&remote->job_watch, remote, &remote->jobs, &of_jobs, &error);
    }
    if (status == SWB_OK) {
        status =
            swb__timer_repeat(&remote->patience, remote->options.loop, LOOK_NS, look_again, remote);
    }
    if (status != SWB_OK) {
        swb__remote_fail(remote, status, error.message);
    }
}

void swb__remote_follow_no_more(swb__remote *remote)
{
    swb__timer_stop(remote->patience);
    remote->patience = NULL;
    swb__remote_read_no_log(remote);
    swb__kube_watch_stop(remote->pod_watch);
    swb__kube_watch_stop(remote->job_watch);
    remote->pod_watch = remote->job_watch = NULL;
}
