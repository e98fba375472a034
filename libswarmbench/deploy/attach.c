/* The `attach` deployer: nodes that run already, of whatever owner, found by their URLs. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/attach_site.h"
#include "deploy/builtin.h"
#include "host/sampler.h"

static void place(void *argument, size_t index, swb_node *out)
{
    const attach_site *site = argument;
    const attach_node *node = &site->nodes[index];
    swb__deployer_local.place(site->local, index, out);
    if (node->row == NULL) {
        return;
    }
    const char *user = node->row[ATTACH_USER].string;
    out->address = node->address;
    out->data_port = node->data_port;
    out->api_port = node->url.port;
    out->extra_port = node->metrics.port;
    out->wildcard_port = node->data_port;
    out->home_dir = NULL;
    out->content_dir = node->dir_on_node;
    out->user = user != NULL ? user : "";
    out->password = node->password;
    out->attached = 1;
    out->api_url = node->url.base;
    out->extra_url = node->metrics.port != 0 ? node->metrics.base : NULL;
    out->api_host = node->api_host;
    out->any_certificate = node->row[ATTACH_INSECURE].integer != 0;
}

static void make_torrent(void *argument, size_t content, const char *announce, swb_done done,
                         void *done_argument)
{
    attach_site *site = argument;
    swb__local_make_torrent(site->local, content, announce, done, done_argument);
}

static const swb_torrent *torrent(void *argument, size_t content)
{
    const attach_site *site = argument;
    return site->local->torrents[content];
}

static int watch(void *argument, size_t index, size_t content, int64_t begin_ns, swb_error *error)
{
    const attach_site *site = argument;
    if (site->nodes[index].row[ATTACH_WATCH].integer == 0) {
        return swb__fail(error, SWB_EUNSUPPORTED, "watch: false; the client is asked instead");
    }
    return swb__local_watch(site->local, index, content, begin_ns, error);
}

static void verify(void *argument, size_t index, uint64_t *bad_offset, swb_done done,
                   void *done_argument)
{
    attach_site *site = argument;
    swb__local_verify(site->local, index, bad_offset, done, done_argument);
}

static void decode(void *argument, size_t index, const uint32_t *parts, swb_decoded *out,
                   swb_done done, void *done_argument)
{
    attach_site *site = argument;
    swb__local_decode(site->local, index, parts, out, done, done_argument);
}

/* What a process that ran before used until its first sample is no part of the run. */
static int sample_from_now(attach_node *node, pid_t pid, swb_sample *out)
{
    int status = swb__sample_next(out, &node->sampled, pid);
    if (status != SWB_OK) {
        return status;
    }
    if (node->first.pid == 0) {
        node->first = node->sampled;
    }
    out->cpu_ns -= node->first.cpu_ns;
    out->disk_read_bytes -= node->first.disk_read_bytes;
    out->disk_written_bytes -= node->first.disk_written_bytes;
    return SWB_OK;
}

/* Of a node that is elsewhere, or whose process is not named, nothing is known but what its client
 * tells. */
static int sample(void *argument, size_t index, swb_sample *out)
{
    attach_site *site = argument;
    attach_node *node = &site->nodes[index];
    if (node->row == NULL) {
        return swb__deployer_local.sample(site->local, index, out);
    }
    if (node->row[ATTACH_PID].integer != 0) {
        return sample_from_now(node, (pid_t)node->row[ATTACH_PID].integer, out);
    }
    *out = (swb_sample){.time_ns = swb__clock_ns(),
                        .cpu_ns = SWB_COUNT_UNKNOWN,
                        .rss_bytes = SWB_COUNT_UNKNOWN,
                        .rss_anon_bytes = SWB_COUNT_UNKNOWN,
                        .disk_read_bytes = SWB_COUNT_UNKNOWN,
                        .disk_written_bytes = SWB_COUNT_UNKNOWN,
                        .wire_in_bytes = SWB_COUNT_UNKNOWN,
                        .wire_out_bytes = SWB_COUNT_UNKNOWN};
    return SWB_OK;
}

static void fault(void *argument, size_t index, swb_fault kind, swb_done done, void *done_argument)
{
    attach_site *site = argument;
    local_call *call = &site->local->nodes[index].calls[LOCAL_FAULT];
    swb_error error = SWB_ERROR_INIT;
    (void)kind;
    swb__local_begin(call, done, done_argument);
    swb__fail(&error, SWB_EUNSUPPORTED, "'attach' inflicts no faults: its nodes are others'");
    swb__local_finish(site->local, call, SWB_EUNSUPPORTED, &error);
}

static void stop(void *argument, size_t index, swb_done done, void *done_argument)
{
    attach_site *site = argument;
    local_call *call = &site->local->nodes[index].calls[LOCAL_STOP];
    if (site->nodes[index].row == NULL) {
        swb__local_stop(site->local, index, done, done_argument);
        return;
    }
    swb__local_begin(call, done, done_argument); /* it goes on: it is not ours to end */
    swb__local_finish(site->local, call, SWB_OK, NULL);
}

static int holds(void *argument, size_t index, size_t number, const char *handle, swb_error *error)
{
    attach_site *site = argument;
    const attach_node *node = &site->nodes[index];
    char text[1200];
    snprintf(text, sizeof text, "%s (%s) %s", node->url.base, node->request->driver->name,
             handle[0] != '\0' ? handle : "what came of an upload that was cut short");
    int status = swb__journal_held(site->local->journal, number, text, error);
    if (status == SWB_OK && number == site->numbers) {
        site->numbers++;
        site->local->held++;
    }
    return status;
}

static void removed(void *argument, size_t number)
{
    attach_site *site = argument;
    swb__journal_freed(site->local->journal, number, NULL);
    site->local->held--;
}

const swb_deployer swb__deployer_attach = {
    .api_version = SWB_DEPLOYER_API_VERSION,
    .name = "attach",
    .description =
        "nodes that run already, found by their URLs; they are neither started nor ended",
    .attaches = 1,
    .node_options = swb__attach_options,
    .node_option_count = ATTACH_OPTIONS,
    .check_node = swb__attach_check_node,
    .check = swb__attach_check,
    .open = swb__attach_open,
    .place = place,
    .prepare = swb__attach_prepare,
    .make_torrent = make_torrent,
    .torrent = torrent,
    .start = swb__attach_start,
    .holds = holds,
    .removed = removed,
    .watch = watch,
    .verify = verify,
    .decode = decode,
    .sample = sample,
    .fault = fault,
    .stop = stop,
    .close = swb__attach_close,
};
