/* Whether a node that nobody here started can still be reached: no process of ours tells its end.
 */
#include "deploy/attach_site.h"

#include <string.h>

#include "base/clock.h"

#define PERIOD_NS (5 * SWB__NS_PER_S)
#define DEADLINE_NS (UINT64_C(5) * 1000000000)
/* A refused connection counts more than an answer that does not come: a busy node is no lost one.
 * So it takes two of those in a row, or six of these. */
#define REFUSED 3
#define SILENT 1
#define LOST 6

static const attach_node *node_of(const attach_probe *probe)
{
    return (const attach_node *)((const char *)probe - offsetof(attach_node, probe));
}

static void judge(attach_probe *probe, int status, const swb_error *error)
{
    char why[512];
    probe->busy = false;
    if (status == SWB_OK || status == SWB_EPROTO || status == SWB_ECANCELED) {
        probe->misses = 0;
        return;
    }
    probe->error = *error;
    probe->misses += status == SWB_ECONNECT ? REFUSED : SILENT;
    if (probe->misses >= LOST) {
        snprintf(why, sizeof why, "the node at %.150s is out of reach: %.250s",
                 node_of(probe)->url.base, error->message);
        swb__timer_stop(probe->timer);
        probe->timer = NULL;
        probe->lost(probe->argument, why);
    }
}

/* Any reply will do. */
static void on_reply(void *argument, int status, const swb__http_reply *reply,
                     const swb_error *error)
{
    (void)reply;
    judge(argument, status, error);
}

static void on_opened(void *argument)
{
    attach_probe *probe = argument;
    swb__stream *stream = probe->stream;
    probe->stream = NULL;
    judge(probe, SWB_OK, NULL);
    swb__stream_close(stream);
}

static void on_frame(void *argument, const uint8_t *frame, size_t length)
{
    (void)argument;
    (void)frame;
    (void)length;
}

/* Told too of a stream that was closed here; then it is no longer the probe's. */
static void on_closed(void *argument, int status, const swb_error *error)
{
    attach_probe *probe = argument;
    if (status == SWB_ECANCELED) {
        return; /* the probe may be gone */
    }
    swb__stream *stream = probe->stream;
    probe->stream = NULL;
    swb__stream_close(stream);
    judge(probe, status, error);
}

static int no_frame(size_t *length_out, const uint8_t *bytes, size_t length)
{
    (void)bytes;
    (void)length;
    *length_out = 0;
    return SWB_OK;
}

static int look(attach_probe *probe, swb_error *error)
{
    const attach_node *node = node_of(probe);
    if (node->request->driver->transport == SWB_TRANSPORT_TLS) {
        swb__stream_options options = {
            .address = node->api_host, .port = node->url.port, .connect_ns = DEADLINE_NS};
        swb__stream_events events = {on_opened, on_frame, on_closed, no_frame, probe};
        return swb__stream_open(&probe->stream, node->site->local->loop, &options, &events, error);
    }
    swb__http_request request = {
        .method = "HEAD", .path = "/", .deadline_ns = DEADLINE_NS, .argument = probe};
    return swb__http_send(NULL, probe->http, &request, on_reply, error);
}

static void on_time(void *argument)
{
    attach_probe *probe = argument;
    if (!probe->busy) {
        probe->busy = look(probe, NULL) == SWB_OK;
    }
}

int swb__attach_probe_start(attach_probe *probe, const attach_node *node,
                            void (*lost)(void *argument, const char *why), void *argument,
                            swb_error *error)
{
    swb_loop *loop = node->site->local->loop;
    probe->lost = lost;
    probe->argument = argument;
    int status = swb__http_client_create(&probe->http, loop, node->url.base, error);
    if (status == SWB_OK) {
        swb__http_client_take_any_certificate(probe->http);
        status = swb__timer_repeat(&probe->timer, loop, PERIOD_NS, on_time, probe);
        status = status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
    }
    return status;
}

void swb__attach_probe_stop(attach_probe *probe)
{
    swb__stream *stream = probe->stream;
    swb__timer_stop(probe->timer);
    probe->timer = NULL;
    probe->stream = NULL;
    swb__stream_close(stream);
    swb__http_client_destroy(probe->http);
    probe->http = NULL;
}
