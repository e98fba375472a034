/* The log of the runner's pod, followed; after a break it goes on behind the last line that was
 * told. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "remote/state.h"

/* A connection that is dead is found out by it. */
#define STREAM_NS (UINT64_C(60) * 1000000000)
#define PAUSE_NS SWB__NS_PER_S

/* "2026-01-02T03:04:05.123456789Z TEXT". Times have all the same form, so that texts compare. */
static void take(swb__remote *remote, char *line)
{
    remote_log *log = &remote->log;
    char *text = strchr(line, ' ');
    if (text == NULL || (size_t)(text - line) >= sizeof log->last) {
        return;
    }
    *text++ = '\0';
    if (strcmp(line, log->last) <= 0) {
        return;
    }
    snprintf(log->last, sizeof log->last, "%s", line);
    swb__remote_take_line(remote, text);
}

static int on_bytes(void *argument, const void *bytes, size_t length)
{
    swb__remote *remote = argument;
    swb__buffer *line = &remote->log.line;
    const char *at = bytes;
    while (length > 0) {
        const char *end = memchr(at, '\n', length);
        size_t part = end != NULL ? (size_t)(end - at) : length;
        swb__buffer_append(line, at, part);
        if (end == NULL) {
            break;
        }
        if (line->status == SWB_OK && line->length > 0) {
            take(remote, line->data);
        }
        swb__buffer_clear(line);
        at = end + 1;
        length -= part + 1;
    }
    return SWB_OK;
}

static void read_on(void *argument)
{
    swb__remote *remote = argument;
    swb__timer_stop(remote->log.pause);
    remote->log.pause = NULL;
    swb__remote_read_log(remote);
}

static void on_ended(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    remote->log.call = NULL;
    swb__buffer_clear(&remote->log.line);
    if (remote->destroyed || remote->phase != REMOTE_FOLLOWING) {
        return;
    }
    bool whole = outcome->status == SWB_OK || outcome->failure == SWB__KUBE_NOT_FOUND;
    /* The log ends with its container; the status of a pod that is being deleted tells that late.
     */
    if (outcome->status == SWB_OK && remote->has_ending && !remote->pod.ended) {
        remote->pod.ended = true;
        remote->pod.exit_code = remote->ending.status == SWB_EINTERRUPTED ? 130 : 0;
    }
    remote->log.at_end = remote->pod.gone || (whole && remote->pod.ended);
    int64_t pause_ns = outcome->status == SWB_ETIMEDOUT ? 0 : PAUSE_NS;
    if (!remote->log.at_end) {
        swb__timer_start(&remote->log.pause, remote->options.loop, pause_ns, read_on, remote);
    }
    swb__remote_judge(remote);
}

/* The log's second in which the last line was. */
static const char *since(char out[24], const char *last)
{
    if (strlen(last) < 19) {
        return NULL;
    }
    snprintf(out, 24, "%.19sZ", last);
    return out;
}

void swb__remote_read_log(swb__remote *remote)
{
    char second[24];
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_call_options options = {
        .deadline_ns = STREAM_NS, .raw = true, .sink = on_bytes};
    remote_log *log = &remote->log;
    if (log->call != NULL || log->pause != NULL || log->at_end) {
        return;
    }
    /* A time with an offset is not taken apart: then all is read again, and told once. */
    bool utc = log->last[0] != '\0' && log->last[strlen(log->last) - 1] == 'Z';
    int status = swb__kube_log_follow(&request, remote->config.name_space, remote->pod.name,
                                      "runner", utc ? since(second, log->last) : NULL, &error);
    if (status == SWB_OK) {
        status = swb__kube_client_call(&log->call, remote->client, &request, &options, on_ended,
                                       remote, &error);
    }
    swb__kube_request_finish(&request);
    if (status != SWB_OK) {
        log->call = NULL;
        swb__remote_fail(remote, status, error.message);
    }
}

void swb__remote_read_no_log(swb__remote *remote)
{
    swb__timer_stop(remote->log.pause);
    remote->log.pause = NULL;
    if (remote->log.call != NULL) {
        swb__kube_call_cancel(remote->log.call);
    }
}
