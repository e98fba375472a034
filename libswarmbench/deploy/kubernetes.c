/* The `kubernetes` deployer: nodes as pods, started from charts, measured by the agent in each. */
#include <stdio.h>

#include "deploy/addresses.h"
#include "deploy/builtin.h"
#include "deploy/kubernetes_clean.h"
#include "deploy/kubernetes_site.h"

static void place(void *argument, size_t index, swb_node *out)
{
    const kubernetes_site *site = argument;
    const kubernetes_node *node = &site->nodes[index];
    out->name = node->request->name;
    out->role = node->request->role;
    out->address = node->address;
    out->data_port = SWB__DATA_PORT;
    out->api_port = SWB__API_PORT;
    out->extra_port = SWB__EXTRA_PORT;
    /* Each pod has its address to itself. */
    out->wildcard_port = SWB__WILDCARD_FIRST;
    out->home_dir = KUBERNETES_ROOT "/home";
    out->content_dir = KUBERNETES_ROOT "/home/content";
    out->user = site->user;
    out->password = site->password;
    out->swarm_size = site->swarm_size;
    out->options = node->request->options;
    out->api_url = node->api_url;
    out->extra_url = node->extra_url;
    out->access = site->proxies ? &site->access : NULL;
}

static void locate(void *argument, size_t index, swb_location *out)
{
    const kubernetes_site *site = argument;
    const kubernetes_node *node = &site->nodes[index];
    const swb__clock_offset *clock = swb__agent_clock(node->agent);
    *out = (swb_location){.clock_offset_ns = clock->last.offset_ns,
                          .clock_error_ns = clock->known ? clock->last.error_ns : -1};
    snprintf(out->machine, sizeof out->machine, "%s", node->machine);
    snprintf(out->image, sizeof out->image, "%s", node->image);
}

static const swb_torrent *torrent(void *argument, size_t content)
{
    const kubernetes_site *site = argument;
    return site->torrents[content];
}

static const char *const incidental[] = {
    "context", "kubeconfig",    "helm",         "kustomize",     "pull_secret",   "reach",
    "runner",  "runner_values", "results_size", "results_class", "start_timeout", "close_timeout",
    NULL};

const swb_deployer swb__deployer_kubernetes = {
    .api_version = SWB_DEPLOYER_API_VERSION,
    .name = "kubernetes",
    .description = "pods of a Kubernetes cluster, started from Helm charts",
    .options = swb__kubernetes_options,
    .option_count = KUBERNETES_OPTION_COUNT,
    .incidental = incidental,
    .faults = SWB_FAULT_KILL | SWB_FAULT_STOP | SWB_FAULT_CONTINUE | SWB_FAULT_RESTART,
    .recover = swb__kubernetes_recover,
    .check = swb__kubernetes_check,
    .open = swb__kubernetes_open,
    .bring_up = swb__kubernetes_bring_up,
    .place = place,
    .locate = locate,
    .prepare = swb__kubernetes_prepare,
    .make_torrent = swb__kubernetes_make_torrent,
    .torrent = torrent,
    .start = swb__kubernetes_start,
    .watch = swb__kubernetes_watch,
    .verify = swb__kubernetes_verify,
    .decode = swb__kubernetes_decode,
    .sample = swb__kubernetes_sample,
    .fault = swb__kubernetes_fault,
    .stop = swb__kubernetes_stop,
    .close = swb__kubernetes_close,
};
