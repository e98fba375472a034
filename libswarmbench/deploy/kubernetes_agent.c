/* The agent of a pod: greeted once the pod runs, listened to from then on. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/addresses.h"
#include "deploy/kubernetes_site.h"
#include "host/node_process.h"

#define READY_NS (UINT64_C(60) * 1000000000)
/* What the agent tells of a kill comes before what the kubelet tells of its cause. */
#define VERDICT_NS (2 * SWB__NS_PER_S)

static size_t index_of(const kubernetes_node *node)
{
    return (size_t)(node - node->site->nodes);
}

static void tell(kubernetes_node *node, int exit_code, int signal, const char *tail)
{
    const kubernetes_site *site = node->site;
    swb__timer_stop(node->verdict);
    node->verdict = NULL;
    node->runs = false;
    site->events.exited(site->events.argument, index_of(node), exit_code, signal, tail);
}

/* What a pod says of its end is the cause of what its agent may have told before. */
void swb__kubernetes_tell_exited(kubernetes_node *node, int exit_code, int signal, const char *tail)
{
    bool lost = exit_code < 0;
    if (node->stage == KUBERNETES_LOST || node->site->closing) {
        return;
    }
    /* Without it the others come up for nothing. */
    if (node->stage != KUBERNETES_UP || (lost && node->site->up != NULL)) {
        snprintf(node->why, sizeof node->why, "%.390s", tail);
        node->hopeless = true;
        swb__kubernetes_look_up(node->site);
        return;
    }
    bool tells = node->runs || node->verdict != NULL || lost;
    if (lost) {
        node->stage = KUBERNETES_LOST;
    }
    if (tells && node->site->up == NULL) {
        tell(node, exit_code, signal, tail);
    }
}

static void on_verdict(void *argument)
{
    kubernetes_node *node = argument;
    const char *limit = node->site->options.memory_limit;
    char words[SWB__TAIL_BYTES + 200];
    snprintf(words, sizeof words, "%s%s%s%s", node->tail != NULL ? node->tail : "",
             limit != NULL ? "\nNobody of the run killed it; its memory_limit is " : "",
             limit != NULL ? limit : "", limit != NULL ? "." : "");
    free(node->tail);
    node->tail = NULL;
    tell(node, node->exit_code, node->exit_signal, words);
}

static void on_exited(void *argument, bool asked, int exit_code, int signal, const char *tail)
{
    kubernetes_node *node = argument;
    bool ran = node->runs;
    node->runs = false;
    if (asked || !ran || node->stage != KUBERNETES_UP || node->site->closing) {
        return;
    }
    if (signal != SIGKILL) {
        tell(node, exit_code, signal, tail);
        return;
    }
    free(node->tail);
    node->tail = strdup(tail);
    node->exit_code = exit_code;
    node->exit_signal = signal;
    if (swb__timer_start(&node->verdict, node->site->loop, VERDICT_NS, on_verdict, node) !=
        SWB_OK) {
        node->verdict = NULL;
        on_verdict(node);
    }
}

static void on_watched(void *argument, const char *name, const swb_watch_event *event)
{
    const kubernetes_node *node = argument;
    const kubernetes_site *site = node->site;
    for (size_t i = 0; i < site->request->content_count && !site->closing; i++) {
        if (strcmp(site->request->content_names[i], name) == 0) {
            site->events.watched(site->events.argument, index_of(node), i, event);
            return;
        }
    }
}

static void on_lost(void *argument, int status, const swb_error *error)
{
    kubernetes_node *node = argument;
    char words[600];
    (void)status;
    snprintf(words, sizeof words, "the agent of pod %s: %.500s", node->pod, error->message);
    swb__kubernetes_tell_exited(node, -1, 0, words);
}

/* --- greeting --- */

static void fail(kubernetes_node *node, const char *what, const swb_error *error)
{
    snprintf(node->why, sizeof node->why, "%s: %.300s", what, error->message);
    node->hopeless = true;
    swb__kubernetes_look_up(node->site);
}

static void on_synchronized(void *argument, int status, const swb_error *error)
{
    kubernetes_node *node = argument;
    const swb__agent_events events = {on_watched, on_exited, on_lost, node};
    swb_error own = SWB_ERROR_INIT;
    if (node->site->closing) {
        return;
    }
    if (status == SWB_OK) {
        status = swb__agent_listen(node->agent, &events, &own);
        error = &own;
    }
    if (status != SWB_OK) {
        fail(node, "its agent", error);
        return;
    }
    node->stage = KUBERNETES_UP;
    node->why[0] = '\0';
    swb__kubernetes_look_up(node->site);
}

static void on_ready(void *argument, int status, const swb_error *error)
{
    kubernetes_node *node = argument;
    swb_error own = SWB_ERROR_INIT;
    if (node->site->closing) {
        return;
    }
    if (status == SWB_OK) {
        status = swb__agent_synchronize(node->agent, on_synchronized, node, &own);
        error = &own;
    }
    if (status != SWB_OK) {
        fail(node, "its agent", error);
    }
}

static int proxy_paths(kubernetes_node *node, swb__buffer *agent, swb_error *error)
{
    const kubernetes_site *site = node->site;
    const uint16_t ports[] = {SWB__API_PORT, SWB__EXTRA_PORT};
    char **const urls[] = {&node->api_url, &node->extra_url};
    int status = swb__kube_proxy_path(agent, site->config.name_space, node->pod,
                                      KUBERNETES_AGENT_PORT, error);
    for (size_t i = 0; status == SWB_OK && i < 2; i++) {
        swb__buffer url = SWB__BUFFER_INIT(4096);
        swb__buffer_text(&url, site->config.server);
        status = swb__kube_proxy_path(&url, site->config.name_space, node->pod, ports[i], error);
        free(*urls[i]);
        *urls[i] = swb__buffer_take(&url);
        swb__buffer_finish(&url);
        if (status == SWB_OK && *urls[i] == NULL) {
            status = swb__fail_nomem(error);
        }
    }
    return status;
}

static int open_agent(kubernetes_node *node, swb_error *error)
{
    kubernetes_site *site = node->site;
    swb__buffer url = SWB__BUFFER_INIT(4096);
    swb__agent_options options = {.name = node->request->name, .token = site->token};
    int status = SWB_OK;
    if (site->proxies) {
        options.http = swb__kube_client_http(site->client);
        swb__kube_client_access(&site->access, site->headers, &site->bearer, site->client);
        options.access = &site->access;
        status = proxy_paths(node, &url, error);
    } else {
        bool v6 = strchr(node->address, ':') != NULL;
        swb__buffer_printf(&url, v6 ? "http://[%s]:%d" : "http://%s:%d", node->address,
                           KUBERNETES_AGENT_PORT);
    }
    options.base_url = swb__buffer_string(&url);
    if (status == SWB_OK) {
        status = swb__agent_create(&node->agent, site->loop, &options, error);
    }
    swb__buffer_finish(&url);
    return status;
}

void swb__kubernetes_greet(kubernetes_node *node)
{
    swb_error error = SWB_ERROR_INIT;
    node->stage = KUBERNETES_GREETED;
    int status = open_agent(node, &error);
    if (status == SWB_OK) {
        status = swb__agent_ready(node->agent, READY_NS, on_ready, node, &error);
    }
    if (status != SWB_OK) {
        fail(node, "its agent", &error);
    }
}
