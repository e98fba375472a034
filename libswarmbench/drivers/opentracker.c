/* opentracker, the tracker that torrent clients find each other by. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/http_reply.h"

#define PROGRAM "opentracker"

enum { OPTION_BINARY, OPTION_COUNT };

static const swb_option options[OPTION_COUNT] = {
    [OPTION_BINARY] = {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "Path of the tracker's program, where it is not the one in PATH."},
};

/* Started by root, it changes its root directory and then its user: the whitelist is read as
 * "nobody" from a directory of its own, so the node's directory may be closed to others. Statistics
 * are given to those who ask from the node's own address or from the local machine. */
static int launch_opentracker(const swb_node *node, swb_launch *launch, swb_error *error)
{
    swb__buffer file = SWB__BUFFER_INIT(16 * 1024);
    swb__buffer_printf(&file, "listen.tcp %s:%u\n", node->address, node->api_port);
    swb__buffer_printf(&file, "listen.udp %s:%u\n", node->address, node->api_port);
    swb__buffer_printf(&file, "tracker.rootdir %s/root\n", node->home_dir);
    swb__buffer_text(&file, "tracker.user nobody\n"
                            "access.whitelist whitelist\n"
                            "access.stats 127.0.0.1\n");
    swb__buffer_printf(&file, "access.stats %s\n", node->address);
    if (file.status != SWB_OK) {
        return swb__fail_nomem(error);
    }
    swb_launch_program(launch, node->program);
    swb_launch_arg(launch, "-f");
    swb_launch_arg2(launch, node->home_dir, "/opentracker.conf");
    swb_launch_dir(launch, "root", 0755);
    swb_launch_file(launch, "opentracker.conf", 0644, file.data, file.length);
    swb__buffer_clear(&file);
    for (size_t i = 0; node->infohashes != NULL && node->infohashes[i] != NULL; i++) {
        swb__buffer_printf(&file, "%s\n", node->infohashes[i]);
    }
    int status = file.status;
    if (status == SWB_OK) {
        swb_launch_file(launch, "root/whitelist", 0644, file.data, file.length);
    }
    swb__buffer_finish(&file);
    return status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}

/* An empty scrape: a bencoded dict of no files. */
static int ready(swb_call *call)
{
    const swb_node *node = swb_call_node(call);
    swb_result *found = swb_call_result(call);
    if (swb_call_reply(call) == NULL) {
        return swb_call_http(call, "GET", "/scrape");
    }
    int status = swb__reply_expect_success(call);
    if (status != SWB_OK) {
        return status;
    }
    if (strncmp((const char *)swb_call_reply(call)->body, "d5:files", 8) != 0) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply to a scrape is none of a tracker");
    }
    snprintf(found->bootstrap, sizeof found->bootstrap, "http://%s:%u/announce", node->address,
             node->api_port);
    return SWB_CALL_DONE;
}

/* The build names the revisions of its files; Debian's leaves them out ("$Revision$"). */
static int version(swb_call *call)
{
    static const char mark[] = "$Revision: ";
    swb_result *found = swb_call_result(call);
    if (swb_call_reply(call) == NULL) {
        return swb_call_http(call, "GET", "/stats?mode=version");
    }
    /* It tells statistics to addresses that it was told, and a runner elsewhere is none of them. */
    if (swb_call_reply(call)->http_status == 403) {
        snprintf(found->version, sizeof found->version, "untold");
        return SWB_CALL_DONE;
    }
    int status = swb__reply_expect_success(call);
    if (status != SWB_OK) {
        return status;
    }
    if (strncmp((const char *)swb_call_reply(call)->body, "$Source", 7) != 0) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply tells no versions of source files");
    }
    snprintf(found->version, sizeof found->version, "untold");
    const char *revision = strstr((const char *)swb_call_reply(call)->body, mark);
    if (revision != NULL) {
        revision += strlen(mark);
        snprintf(found->revision, sizeof found->revision, "%.*s", (int)strcspn(revision, " $\r\n"),
                 revision);
    }
    return SWB_CALL_DONE;
}

static int stop(swb_call *call)
{
    return swb_call_fail(call, SWB_EUNSUPPORTED, 0, "opentracker ends by a signal only");
}

const swb_driver swb__driver_opentracker = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "opentracker",
    .description = "opentracker, a BitTorrent tracker",
    .kind = SWB_DRIVER_SERVICE,
    .transport = SWB_TRANSPORT_HTTP,
    .program = PROGRAM,
    .package = "apt-get install opentracker",
    .options = options,
    .option_count = OPTION_COUNT,
    .node_memory_bytes = UINT64_C(8) << 20,
    .launch = launch_opentracker,
    .operations =
        {
            [SWB_OP_READY] = ready,
            [SWB_OP_VERSION] = version,
            [SWB_OP_STOP] = stop,
        },
};
