/* The way up: objects are applied, pods are waited for, agents answer. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "deploy/kubernetes_site.h"

static void end(kubernetes_site *site, int status, const swb_error *error)
{
    kubernetes_owed *up = site->up;
    swb__timer_stop(site->patience);
    swb__timer_stop(site->refusals);
    site->patience = site->refusals = NULL;
    site->up = NULL;
    if (up != NULL) {
        swb__kubernetes_tell_soon(up, status, error);
    }
}

void swb__kubernetes_fail_up(kubernetes_site *site, int status, const swb_error *error)
{
    if (site->up != NULL && !site->closing) {
        end(site, status, error);
    }
}

/* The first node that is not up; NULL where all are. */
static const kubernetes_node *awaited(const kubernetes_site *site, size_t *count_out)
{
    const kubernetes_node *first = NULL;
    *count_out = 0;
    for (size_t i = 0; i < site->request->node_count; i++) {
        const kubernetes_node *node = &site->nodes[i];
        if (node->stage != KUBERNETES_UP) {
            /* One that says why tells more. */
            if (first == NULL || (first->why[0] == '\0' && node->why[0] != '\0')) {
                first = node;
            }
            ++*count_out;
        }
    }
    return first;
}

void swb__kubernetes_look_up(kubernetes_site *site)
{
    size_t count = 0;
    swb_error error = SWB_ERROR_INIT;
    if (site->up == NULL || site->closing) {
        return;
    }
    for (size_t i = 0; i < site->request->node_count; i++) {
        const kubernetes_node *node = &site->nodes[i];
        if (node->hopeless) {
            end(site, swb__fail(&error, SWB_EENV, "pod %s: %s", node->pod, node->why), &error);
            return;
        }
    }
    if (awaited(site, &count) == NULL) {
        end(site, SWB_OK, NULL);
    }
}

static void on_patience_over(void *argument)
{
    kubernetes_site *site = argument;
    char limit[32];
    size_t count = 0;
    swb_error error = SWB_ERROR_INIT;
    const kubernetes_node *node = awaited(site, &count);
    swb__fail(&error, SWB_ETIMEDOUT,
              "%zu of %zu pods do not run after deploy.start_timeout, %s; pod %s: %s", count,
              site->request->node_count,
              swb__format_duration(limit, sizeof limit, (double)site->options.start_timeout_ns),
              node != NULL ? node->pod : "",
              node != NULL && node->why[0] != '\0'
                  ? node->why
                  : "it was not made; the events of its StatefulSet tell why");
    end(site, SWB_ETIMEDOUT, &error);
}

static void on_version(void *argument, const swb__kube_outcome *outcome)
{
    const kubernetes_site *site = argument;
    const char *version = swb__kube_text(outcome->object, "gitVersion");
    if (outcome->status == SWB_OK && *version != '\0') {
        site->events.fact(site->events.argument, "kubernetes", version);
    }
}

/* It matters to who repeats the run, not to the run. */
static void ask_version(kubernetes_site *site)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    if (swb__kube_version(&request, NULL) == SWB_OK) {
        swb__kube_client_call(NULL, site->client, &request, NULL, on_version, site, NULL);
    }
    swb__kube_request_finish(&request);
}

void swb__kubernetes_bring_up(void *argument, swb_done done, void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    kubernetes_owed *up = swb__kubernetes_owe(site, done, done_argument);
    if (up == NULL) {
        return;
    }
    if (site->closing) {
        swb__fail(&error, SWB_ECANCELED, "the run was ended");
        swb__kubernetes_tell_soon(up, SWB_ECANCELED, &error);
        return;
    }
    site->up = up;
    if (swb__timer_start(&site->patience, site->loop, (int64_t)site->options.start_timeout_ns,
                         on_patience_over, site) != SWB_OK) {
        site->patience = NULL;
        end(site, swb__fail_nomem(&error), &error);
        return;
    }
    ask_version(site);
    swb__kubernetes_apply(site);
}
