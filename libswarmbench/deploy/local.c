/* The `local` deployer: plain processes on this machine, each on a loopback address of its own. */
#include "deploy/builtin.h"
#include "deploy/local_site.h"
#include "host/sampler.h"

static void place(void *argument, size_t index, swb_node *out)
{
    const local_site *site = argument;
    const local_node *node = &site->nodes[index];
    out->name = node->request->name;
    out->role = node->request->role;
    out->address = node->address->text;
    out->data_port = node->address->data_port;
    out->api_port = node->address->api_port;
    out->extra_port = node->address->extra_port;
    out->wildcard_port = node->address->wildcard_port;
    out->home_dir = node->home_dir;
    out->content_dir = node->content_dir;
    out->user = site->user;
    out->password = site->password;
    out->swarm_size = site->swarm_size;
    out->options = node->request->options;
}

static const swb_torrent *torrent(void *argument, size_t content)
{
    const local_site *site = argument;
    return site->torrents[content];
}

static int sample(void *argument, size_t index, swb_sample *out)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    return node->process == NULL
               ? SWB_ENOENT
               : swb__sample_next(out, &node->sampled, swb__process_pid(node->process));
}

const swb_deployer swb__deployer_local = {
    .api_version = SWB_DEPLOYER_API_VERSION,
    .name = "local",
    .description = "processes on this machine, each on a loopback address of its own",
    .faults = SWB_FAULT_KILL | SWB_FAULT_STOP | SWB_FAULT_CONTINUE | SWB_FAULT_RESTART,
    .check = swb__local_check,
    .open = swb__local_open,
    .place = place,
    .prepare = swb__local_prepare,
    .make_torrent = swb__local_make_torrent,
    .torrent = torrent,
    .start = swb__local_start,
    .watch = swb__local_watch,
    .verify = swb__local_verify,
    .decode = swb__local_decode,
    .sample = sample,
    .fault = swb__local_fault,
    .stop = swb__local_stop,
    .close = swb__local_close,
};
