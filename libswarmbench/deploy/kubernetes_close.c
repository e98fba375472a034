/* The way down: logs are fetched, agents let go, objects deleted, and their pods seen to be gone.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "deploy/kubernetes_site.h"

#define LOOK_AGAIN_NS (200 * SWB__NS_PER_MS)
#define LOGS_NS (10 * SWB__NS_PER_S)
#define PODS_NS (UINT64_C(60) * 1000000000)

static void let_go(kubernetes_site *site);
static void delete_next(kubernetes_site *site);
static void confirm_next(kubernetes_site *site);

static void note_failure(kubernetes_site *site, int status, const swb_error *error)
{
    if (site->close_status == SWB_OK) {
        site->close_status = status;
        site->close_error = *error;
    }
}

/* --- the end --- */

static void finish(kubernetes_site *site)
{
    const swb_done closed = site->closed;
    void *const argument = site->closed_argument;
    const int status = site->close_status;
    const swb_error error = site->close_error;
    swb__kube_watch_stop(site->watch);
    swb__journal_close(site->journal, status == SWB_OK);
    swb__kubernetes_free(site);
    closed(argument, status, status == SWB_OK ? NULL : &error);
}

static void on_finish(void *argument)
{
    finish(argument);
}

/* Not from within a watch's event or a call's completion, which still hold on to the client. */
static void finish_soon(kubernetes_site *site)
{
    swb__timer_stop(site->patience);
    swb__timer_stop(site->look_again);
    site->patience = site->look_again = NULL;
    if (swb__timer_start(&site->patience, site->loop, 0, on_finish, site) != SWB_OK) {
        site->patience = NULL;
        finish(site);
    }
}

static void on_look_again(void *argument)
{
    kubernetes_site *site = argument;
    swb__timer_stop(site->look_again);
    site->look_again = NULL;
    confirm_next(site);
}

static void on_confirmed(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_site *site = argument;
    if (site->gave_up) {
        finish_soon(site);
        return;
    }
    /* One that may not be looked at is taken to be gone: that it was deleted is known. */
    if (outcome->status != SWB_OK) {
        site->confirming--;
        confirm_next(site);
    } else if (swb__timer_start(&site->look_again, site->loop, LOOK_AGAIN_NS, on_look_again,
                                site) != SWB_OK) {
        site->look_again = NULL;
        finish_soon(site);
    }
}

/* An object is there until all that belongs to it is gone. */
static void confirm_next(kubernetes_site *site)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    if (site->confirming == 0) {
        finish_soon(site);
        return;
    }
    const kubernetes_applied *at = &site->applied[site->confirming - 1];
    const swb__kube_target target = {&at->resource, at->resource.namespaced ? at->name_space : NULL,
                                     at->name};
    int status = swb__kube_get(&request, &target, NULL);
    if (status == SWB_OK) {
        status =
            swb__kube_client_call(NULL, site->client, &request, NULL, on_confirmed, site, NULL);
    }
    swb__kube_request_finish(&request);
    if (status != SWB_OK) {
        finish_soon(site);
    }
}

static bool waits_for_pods(const kubernetes_site *site)
{
    return site->watch != NULL && (!site->listed || site->pods_left > 0) &&
           !site->request->keep_data;
}

void swb__kubernetes_go_on(kubernetes_site *site)
{
    if (site->deleted && !site->maker_works && TAILQ_EMPTY(&site->owed) && !waits_for_pods(site)) {
        site->deleted = false;
        site->confirming = site->request->keep_data || site->gave_up ? 0 : site->applied_count;
        confirm_next(site);
    }
}

static void on_late(void *argument)
{
    kubernetes_site *site = argument;
    char limit[32];
    swb_error error = SWB_ERROR_INIT;
    swb__timer_stop(site->patience);
    site->patience = NULL;
    swb__fail(&error, SWB_ETIMEDOUT,
              "%zu pods of run %s, or what they belong to, are still there after %s",
              site->pods_left, site->id,
              swb__format_duration(limit, sizeof limit, (double)site->options.close_timeout_ns));
    note_failure(site, SWB_ETIMEDOUT, &error);
    site->listed = true;
    site->pods_left = 0;
    site->gave_up = true;
    if (site->look_again != NULL) {
        finish_soon(site);
    } else {
        swb__kubernetes_go_on(site);
    }
}

/* --- objects --- */

static void on_deleted(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_site *site = argument;
    if (outcome->status != SWB_OK && outcome->failure != SWB__KUBE_NOT_FOUND) {
        note_failure(site, outcome->status, outcome->error);
    }
    delete_next(site);
}

static int delete_one(kubernetes_site *site, const kubernetes_applied *at, swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {&at->resource, at->resource.namespaced ? at->name_space : NULL,
                                     at->name};
    int status = swb__kube_delete(&request, &target, SWB__KUBE_FOREGROUND, -1, error);
    if (status == SWB_OK) {
        status = swb__kube_client_call(NULL, site->client, &request, NULL, on_deleted, site, error);
    }
    swb__kube_request_finish(&request);
    return status;
}

static void end_deleting(kubernetes_site *site)
{
    site->deleted = true;
    if (swb__timer_start(&site->patience, site->loop, (int64_t)site->options.close_timeout_ns,
                         on_late, site) != SWB_OK) {
        site->patience = NULL;
    }
    swb__kubernetes_go_on(site);
}

static void on_pods_deleted(void *argument, const swb__kube_outcome *outcome)
{
    (void)outcome; /* what belonged to them is gone: the cluster deletes them too, only later */
    end_deleting(argument);
}

/* A cluster deletes what belongs to a deleted object one by one, some twenty a second; all at once
 * takes seconds for a thousand. */
static void delete_pods(kubernetes_site *site)
{
    char selector[64];
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {&site->pods, site->config.name_space, NULL};
    const swb__kube_call_options options = {.deadline_ns = PODS_NS};
    snprintf(selector, sizeof selector, KUBERNETES_RUN_LABEL "=%s", site->id);
    int status = site->watch != NULL && !site->request->keep_data
                     ? swb__kube_delete_all(&request, &target, selector, SWB__KUBE_BACKGROUND, NULL)
                     : SWB_ENOENT;
    if (status == SWB_OK) {
        status = swb__kube_client_call(NULL, site->client, &request, &options, on_pods_deleted,
                                       site, NULL);
    }
    swb__kube_request_finish(&request);
    if (status != SWB_OK) {
        end_deleting(site);
    }
}

/* The last one that was applied goes first. */
static void delete_next(kubernetes_site *site)
{
    swb_error error = SWB_ERROR_INIT;
    while (site->deleting > 0) {
        int status = delete_one(site, &site->applied[--site->deleting], &error);
        if (status == SWB_OK) {
            return;
        }
        note_failure(site, status, &error);
    }
    delete_pods(site);
}

/* --- agents --- */

/* What is deleted while it is being applied would be made after all. */
void swb__kubernetes_applied(kubernetes_site *site)
{
    if (!site->may_delete || site->calling) {
        return;
    }
    site->may_delete = false;
    site->deleting = site->request->keep_data ? 0 : site->applied_count;
    if (site->deleting > 0 && site->watch == NULL) {
        swb__kubernetes_follow(site, NULL);
    }
    delete_next(site);
}

static void on_agent_closed(void *argument)
{
    kubernetes_site *site = argument;
    if (--site->closing_agents == 0) {
        site->may_delete = true;
        swb__kubernetes_applied(site);
    }
}

/* Their clients complete what they owe before they are closed. */
static void let_go(kubernetes_site *site)
{
    swb__timer_stop(site->patience);
    site->patience = NULL;
    site->closing_agents = 1;
    for (size_t i = 0; i < site->request->node_count; i++) {
        kubernetes_node *node = &site->nodes[i];
        site->closing_agents += node->agent != NULL;
    }
    for (size_t i = 0; i < site->request->node_count; i++) {
        swb__agent *agent = site->nodes[i].agent;
        site->nodes[i].agent = NULL;
        swb__agent_close(agent, on_agent_closed, site);
    }
    on_agent_closed(site);
}

/* --- logs --- */

static void on_logs_late(void *argument)
{
    kubernetes_site *site = argument;
    site->fetching = SIZE_MAX; /* what still comes is of no use */
    let_go(site);
}

static void on_log(void *argument, int status, const swb_error *error)
{
    kubernetes_site *site = argument;
    (void)status; /* a log that cannot be had is no failure of the run */
    (void)error;
    if (site->fetching != SIZE_MAX && --site->fetching == 0) {
        let_go(site);
    }
}

static void fetch_logs(kubernetes_site *site)
{
    char path[4096];
    site->fetching = 1;
    if (swb__timer_start(&site->patience, site->loop, LOGS_NS, on_logs_late, site) != SWB_OK) {
        site->patience = NULL;
    }
    for (size_t i = 0; i < site->request->node_count && site->patience != NULL; i++) {
        kubernetes_node *node = &site->nodes[i];
        snprintf(path, sizeof path, "%s/%s.log", site->request->log_dir, node->request->name);
        if (node->stage == KUBERNETES_UP &&
            swb__agent_log(node->agent, path, on_log, site, NULL) == SWB_OK) {
            site->fetching++;
        }
    }
    on_log(site, SWB_OK, NULL);
}

void swb__kubernetes_close(void *argument, swb_done done, void *done_argument)
{
    kubernetes_site *site = argument;
    assert(!site->closing);
    site->closing = true;
    site->closed = done;
    site->closed_argument = done_argument;
    swb__timer_stop(site->patience);
    swb__timer_stop(site->refusals);
    site->patience = site->refusals = NULL;
    site->calling = swb__kubernetes_end_render(site) || site->calling;
    swb__kubernetes_cancel(site->up);
    swb__kubernetes_cancel(site->making);
    site->up = site->making = NULL;
    for (size_t i = 0; i < site->request->node_count; i++) {
        swb__timer_stop(site->nodes[i].verdict);
        site->nodes[i].verdict = NULL;
    }
    fetch_logs(site);
}
