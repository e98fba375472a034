/* The life of a remote runner: looked for, installed, followed, fetched, removed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "remote/state.h"
#include "spec/experiment.h"

#define EXPERIMENT_PART 30

bool swb__remote_is_wanted(const swb_option_value *values)
{
    kubernetes_options options;
    swb__kube_config config;
    swb__kubernetes_options_read(&options, values);
    if (options.runner != RUNNER_AUTO) {
        return options.runner == RUNNER_CLUSTER;
    }
    if (options.reach != REACH_AUTO || swb__kubernetes_config(&config, &options, NULL) != SWB_OK) {
        return false; /* without a cluster, the place says what is missing */
    }
    bool outside = !config.in_cluster;
    swb__kube_config_finish(&config);
    return outside;
}

void swb__remote_tell(swb__remote *remote, swb_event_kind kind, int status, const char *format, ...)
{
    swb_event event = {.kind = kind,
                       .status = status,
                       .time_ns = swb__clock_ns(),
                       .run = UINT64_MAX,
                       .mode = UINT32_MAX,
                       .node = UINT32_MAX};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(event.text, sizeof event.text, format, arguments);
    va_end(arguments);
    snprintf(event.name, sizeof event.name, "%s", swb_experiment_name(remote->options.experiment));
    remote->options.tell(remote->options.argument, &event);
}

static void on_later(void *argument)
{
    swb__remote *remote = argument;
    swb__timer_stop(remote->later);
    remote->later = NULL;
    remote->next(remote);
}

void swb__remote_later(swb__remote *remote, int64_t delay_ns, void (*next)(swb__remote *remote))
{
    swb__timer_stop(remote->later);
    remote->later = NULL;
    remote->next = next;
    if (swb__timer_start(&remote->later, remote->options.loop, delay_ns, on_later, remote) !=
        SWB_OK) {
        remote->later = NULL;
        remote->keeps = true;
        remote->status = SWB_ENOMEM;
        snprintf(remote->why, sizeof remote->why, "out of memory");
        swb__remote_end(remote);
    }
}

void swb__remote_call(swb__remote *remote, swb__kube_request *request, int built,
                      swb__kube_done done, swb_error *error)
{
    int status = built;
    if (status == SWB_OK) {
        status = swb__kube_client_call(NULL, remote->client, request, NULL, done, remote, error);
    }
    swb__kube_request_finish(request);
    if (status != SWB_OK) {
        swb__remote_fail(remote, status, error->message);
    }
}

/* How the experiment ended: as its runner said, unless something was in its way. */
static void tell_ending(swb__remote *remote)
{
    swb_event event = remote->ending;
    if (!remote->has_ending) {
        event = (swb_event){.run = UINT64_MAX, .mode = UINT32_MAX, .node = UINT32_MAX};
    }
    event.kind = SWB_EVENT_EXPERIMENT_ENDED;
    event.time_ns = swb__clock_ns();
    if (remote->status != SWB_OK) {
        event.status = remote->status;
        snprintf(event.text, sizeof event.text, "%s", remote->why);
    }
    snprintf(event.name, sizeof event.name, "%s", swb_experiment_name(remote->options.experiment));
    remote->options.tell(remote->options.argument, &event);
}

void swb__remote_end(swb__remote *remote)
{
    if (remote->phase == REMOTE_ENDED) {
        return;
    }
    remote->phase = REMOTE_ENDED;
    swb__remote_follow_no_more(remote);
    if (remote->keeps) {
        swb__remote_tell(remote, SWB_EVENT_NOTICE, SWB_OK,
                         "release %s stays in namespace %s: the same command goes on with it; "
                         "kubectl delete all,sa,role,rolebinding,secret,cm,pvc,netpol -n %s -l "
                         "swarmbench.dev/experiment=%s removes it",
                         remote->release, remote->config.name_space, remote->config.name_space,
                         remote->release);
    }
    tell_ending(remote);
}

static bool may_have_results(const swb__remote *remote)
{
    return remote->phase == REMOTE_FETCHING ||
           (remote->phase == REMOTE_FOLLOWING && (remote->known || remote->begun));
}

void swb__remote_fail(swb__remote *remote, int status, const char *message)
{
    if (remote->destroyed || remote->phase == REMOTE_ENDED) {
        return;
    }
    if (remote->status == SWB_OK) {
        remote->status = status;
        snprintf(remote->why, sizeof remote->why, "%s", message);
    }
    swb__remote_follow_no_more(remote);
    remote->keeps = remote->keeps || may_have_results(remote);
    if (remote->keeps || remote->phase == REMOTE_LOOKING || remote->phase == REMOTE_REMOVING) {
        swb__remote_end(remote);
    } else {
        swb__remote_later(remote, 0, swb__remote_remove);
    }
}

/* --- looking --- */

static void on_looked(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    if (remote->destroyed || remote->phase != REMOTE_LOOKING) {
        return;
    }
    if (outcome->status == SWB_OK) {
        remote->known = true;
        remote->holds = swb__remote_job_holds(outcome->object);
        swb__remote_tell(remote, SWB_EVENT_NOTICE, SWB_OK,
                         "following Job %s in namespace %s, which is there already",
                         remote->release, remote->config.name_space);
        if (cJSON_IsTrue(swb__kube_member(outcome->object, "spec.suspend"))) {
            swb__remote_suspend(remote, false);
        }
        swb__remote_follow(remote);
    } else if (outcome->failure == SWB__KUBE_NOT_FOUND) {
        swb__remote_install(remote);
    } else {
        swb__remote_fail(remote, outcome->status, outcome->error->message);
    }
}

static void look(swb__remote *remote)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb_error error = SWB_ERROR_INIT;
    const swb__kube_target target = {&remote->jobs, remote->config.name_space, remote->release};
    swb__remote_call(remote, &request, swb__kube_get(&request, &target, &error), on_looked, &error);
}

void swb__remote_start(swb__remote *remote)
{
    swb__remote_later(remote, 0, look);
}

/* --- the end from outside --- */

void swb__remote_stop(swb__remote *remote)
{
    if (remote->stopping || remote->phase >= REMOTE_FETCHING) {
        return;
    }
    remote->stopping = true;
    if (remote->phase == REMOTE_FOLLOWING) {
        swb__remote_tell(remote, SWB_EVENT_NOTICE, SWB_OK,
                         "ending the experiment in the cluster: its runner removes the nodes of "
                         "the current run");
        swb__remote_suspend(remote, true);
        return;
    }
    remote->keeps = remote->phase == REMOTE_LOOKING;
    if (!swb__kubernetes_release_cancel(remote->installing)) {
        remote->installing = NULL;
        swb__remote_fail(remote, SWB_EINTERRUPTED, "interrupted");
    }
}

void swb__remote_detach(swb__remote *remote)
{
    if (remote->phase == REMOTE_ENDED) {
        return;
    }
    remote->keeps = true;
    swb__remote_end(remote);
}

/* --- making and freeing --- */

/* "NAME-12345678": letters, digits and hyphens of the experiment's name, and what tells it from
 * others of that name. */
static int make_name(swb__remote *remote, swb_error *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    swb__buffer all = SWB__BUFFER_INIT((size_t)64 << 10);
    const char *name = swb_experiment_name(remote->options.experiment);
    size_t used = 0;
    swb__buffer_printf(&all, "%s/%s", swb__experiment_digest(remote->options.experiment),
                       remote->only != NULL ? remote->only : "");
    bool good = all.status == SWB_OK &&
                EVP_Digest(all.data, all.length, digest, NULL, EVP_sha256(), NULL) == 1;
    swb__buffer_finish(&all);
    if (!good) {
        return swb__fail_nomem(error);
    }
    for (; *name != '\0' && used < EXPERIMENT_PART; name++) {
        char at = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
        bool plain = (at >= 'a' && at <= 'z') || (at >= '0' && at <= '9' && used > 0);
        if (plain || (used > 0 && remote->release[used - 1] != '-')) {
            remote->release[used++] = plain ? at : '-';
        }
    }
    if (used == 0) {
        used = (size_t)snprintf(remote->release, sizeof remote->release, "swarmbench");
    }
    used -= remote->release[used - 1] == '-';
    snprintf(remote->release + used, sizeof remote->release - used, "-%02x%02x%02x%02x", digest[0],
             digest[1], digest[2], digest[3]);
    snprintf(remote->selector, sizeof remote->selector,
             "app.kubernetes.io/managed-by=swarmbench,swarmbench.dev/experiment=%s",
             remote->release);
    snprintf(remote->runner_selector, sizeof remote->runner_selector,
             "%s,app.kubernetes.io/component=runner", remote->selector);
    return SWB_OK;
}

static int take_options(swb__remote *remote, const swb__remote_options *options, swb_error *error)
{
    remote->options = *options;
    remote->only = options->only != NULL ? strdup(options->only) : NULL;
    remote->results_path = strdup(options->results_path);
    remote->work_dir = strdup(options->work_dir);
    remote->pods = swb__remote_kind("v1", "Pod");
    remote->jobs = swb__remote_kind("batch/v1", "Job");
    remote->bearer = (swb__buffer)SWB__BUFFER_INIT((size_t)2 << 20);
    remote->log.line = (swb__buffer)SWB__BUFFER_INIT((size_t)64 << 10);
    swb__kubernetes_options_read(&remote->kubernetes, options->values);
    if (remote->results_path == NULL || remote->work_dir == NULL ||
        (options->only != NULL && remote->only == NULL)) {
        return swb__fail_nomem(error);
    }
    int status = swb__kubernetes_options_check(&remote->kubernetes, error);
    return status == SWB_OK ? make_name(remote, error) : status;
}

int swb__remote_create(swb__remote **out, const swb__remote_options *options, swb_error *error)
{
    swb__remote *remote = calloc(1, sizeof *remote);
    if (remote == NULL) {
        return swb__fail_nomem(error);
    }
    int status = take_options(remote, options, error);
    if (status == SWB_OK) {
        status = swb__kubernetes_config(&remote->config, &remote->kubernetes, error);
        remote->has_config = status == SWB_OK;
    }
    if (status == SWB_OK) {
        status = swb__remote_look_around(remote, error);
    }
    if (status == SWB_OK) {
        status = swb__kube_client_create(&remote->client, options->loop, &remote->config, error);
    }
    if (status != SWB_OK) {
        swb__remote_destroy(remote);
        return status;
    }
    *out = remote;
    return SWB_OK;
}

void swb__remote_destroy(swb__remote *remote)
{
    if (remote == NULL) {
        return;
    }
    remote->destroyed = true;
    swb__timer_stop(remote->later);
    swb__remote_follow_no_more(remote);
    swb__remote_fetch_no_more(remote);
    while (remote->closing_agents > 0) {
        swb__loop_step(remote->options.loop, -1);
    }
    swb__kubernetes_release_cancel(remote->installing);
    swb__kube_client_destroy(remote->client);
    if (remote->has_config) {
        swb__kube_config_finish(&remote->config);
    }
    swb__buffer_finish(&remote->bearer);
    swb__buffer_finish(&remote->log.line);
    free(remote->only);
    free(remote->results_path);
    free(remote->work_dir);
    free(remote);
}
