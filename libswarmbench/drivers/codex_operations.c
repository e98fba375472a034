#include <stdio.h>
#include <string.h>

#include "drivers/codex_api.h"
#include "drivers/codex_metrics.h"
#include "drivers/http_reply.h"

/* Blocks of an upload, and of a dataset whose manifest was not seen. */
#define BLOCK_BYTES 65536

static int ask_info(swb_call *call, int index)
{
    return index == 0 ? swb__codex_send(call, "GET", "debug/info") : SWB_CALL_DONE;
}

/* The record under which other nodes find this one. */
static int take_ready(swb_call *call, int index)
{
    swb_result *found = swb_call_result(call);
    cJSON *info = NULL;
    (void)index;
    int status = swb__codex_json(&info, call);
    if (status != SWB_OK) {
        return status;
    }
    const char *record = swb__json_member_text(info, "spr");
    if (record == NULL || strncmp(record, "spr:", 4) != 0) {
        status = swb_call_fail(call, SWB_EPROTO, 1, "debug/info tells no record (spr) of the node");
    } else if (strlen(record) >= sizeof found->bootstrap) {
        status = swb_call_fail(call, SWB_EPROTO, 0, "the node's record (spr) is too long");
    } else {
        snprintf(found->bootstrap, sizeof found->bootstrap, "%s", record);
    }
    cJSON_Delete(info);
    return status;
}

int swb__codex_ready(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_info, take_ready};
    return swb__codex_run(call, &talk);
}

/* What an attached node has counted before the run, where it tells. */
static int take_earlier(swb_call *call)
{
    swb__codex_session *session = swb_call_session(call);
    const swb_reply *reply = swb_call_reply(call);
    if (reply->http_status == 404) {
        return SWB_OK;
    }
    int status = swb__codex_expect_success(call);
    if (status == SWB_OK) {
        swb__codex_metrics_read(&session->earlier, (const char *)reply->body,
                                swb__codex_api_name(call));
        session->counted = true;
    }
    return status;
}

static int ask_version(swb_call *call, int index)
{
    const swb_node *node = swb_call_node(call);
    if (index == 0) {
        return ask_info(call, index);
    }
    return index == 1 && node->attached && node->extra_port != 0
               ? swb_call_http_extra(call, "GET", "/metrics")
               : SWB_CALL_DONE;
}

static int take_version(swb_call *call, int index)
{
    swb_result *found = swb_call_result(call);
    cJSON *info = NULL;
    if (index == 1) {
        return take_earlier(call);
    }
    int status = swb__codex_json(&info, call);
    if (status != SWB_OK) {
        return status;
    }
    const char *api = swb__codex_api_name(call);
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(info, api);
    const char *version = swb__json_member_text(own, "version");
    const char *revision = swb__json_member_text(own, "revision");
    if (version == NULL) {
        status = swb_call_fail(call, SWB_EPROTO, 0, "debug/info tells no version");
    } else {
        snprintf(found->version, sizeof found->version, "%s", version);
        snprintf(found->revision, sizeof found->revision, "%s", revision == NULL ? "" : revision);
        snprintf(found->api_version, sizeof found->api_version, "%s/v1", api);
        found->stand_in = strstr(version, "stand-in") != NULL;
    }
    cJSON_Delete(info);
    return status;
}

int swb__codex_version(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_version, take_version};
    return swb__codex_run(call, &talk);
}

static int ask_upload(swb_call *call, int index)
{
    if (index > 0) {
        return SWB_CALL_DONE;
    }
    int answer = swb__codex_send(call, "POST", "data");
    swb_call_header(call, "Content-Type", "application/octet-stream");
    swb_call_upload_content(call);
    return answer;
}

static int take_upload(swb_call *call, int index)
{
    swb__codex_session *session = swb_call_session(call);
    swb_result *found = swb_call_result(call);
    (void)index;
    int status = swb__codex_expect_success(call);
    if (status == SWB_OK) {
        status = swb__reply_text(found->handle, sizeof found->handle, call);
    }
    if (status == SWB_OK && !swb__codex_is_cid(found->handle)) {
        return swb__reply_fail(call, SWB_EPROTO, 0, "is no CID");
    }
    session->complete = status == SWB_OK;
    found->state = session->complete ? SWB_STATE_SERVING : SWB_STATE_UNKNOWN;
    return status;
}

int swb__codex_seed(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_upload, take_upload};
    return swb__codex_run(call, &talk);
}

static int ask_stream(swb_call *call, int index)
{
    if (index > 0) {
        return SWB_CALL_DONE;
    }
    int answer = swb__codex_send_data(call, "GET", "/network/stream");
    swb_call_download_content(call);
    return answer;
}

/* The reply is whole, and its bytes are the content's: that was seen to while they came. */
static int take_stream(swb_call *call, int index)
{
    swb__codex_session *session = swb_call_session(call);
    swb_result *found = swb_call_result(call);
    (void)index;
    int status = swb__codex_expect_success(call);
    if (status == SWB_OK) {
        session->complete = true;
        found->state = SWB_STATE_SERVING;
        found->bytes_done = swb_call_node(call)->content_bytes;
    }
    return status;
}

static int take_space(swb__codex_space *out, swb_call *call)
{
    cJSON *space = NULL;
    int status = swb__codex_json(&space, call);
    if (status != SWB_OK) {
        return status;
    }
    out->blocks = swb__json_counter(space, "totalBlocks");
    out->bytes = swb__json_counter(space, "quotaUsedBytes");
    cJSON_Delete(space);
    if (out->blocks == SWB_COUNT_UNKNOWN || out->bytes == SWB_COUNT_UNKNOWN) {
        return swb_call_fail(call, SWB_EPROTO, 0, "'space' tells no totalBlocks or quotaUsedBytes");
    }
    return SWB_OK;
}

static int ask_fetch(swb_call *call, int index)
{
    switch (index) {
    case 0:
        return swb__codex_send(call, "GET", "space");
    case 1:
        return swb__codex_send_data(call, "POST", "/network");
    default:
        return SWB_CALL_DONE;
    }
}

/* The digits themselves: as a JSON number, an id of 64 bits would lose its last ones. */
static bool read_download_id(char *out, size_t size, const swb_reply *reply)
{
    const char *at = strstr((const char *)reply->body, "\"downloadId\"");
    at = at == NULL ? "" : at + strlen("\"downloadId\"");
    at += strspn(at, " :\"");
    size_t length = strspn(at, "0123456789");
    snprintf(out, size, "%.*s", (int)length, at);
    return length > 0 && length < size;
}

static int read_manifest(swb_call *call, const cJSON *reply)
{
    swb__codex_session *session = swb_call_session(call);
    const cJSON *manifest = cJSON_GetObjectItemCaseSensitive(reply, "manifest");
    char text[128];
    session->dataset_bytes = swb__json_counter(manifest, "datasetSize");
    session->block_bytes = swb__json_counter(manifest, "blockSize");
    if (session->dataset_bytes == SWB_COUNT_UNKNOWN || session->block_bytes == 0 ||
        session->block_bytes == SWB_COUNT_UNKNOWN) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the manifest tells no datasetSize or blockSize");
    }
    /* A coded dataset is longer; the stream of it is not. */
    session->coded = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(manifest, "protected"));
    if (session->dataset_bytes != swb_call_node(call)->content_bytes && !session->coded) {
        snprintf(text, sizeof text, "the dataset has %llu bytes, the content %llu",
                 (unsigned long long)session->dataset_bytes,
                 (unsigned long long)swb_call_node(call)->content_bytes);
        return swb_call_fail(call, SWB_EMISMATCH, 0, text);
    }
    return SWB_OK;
}

static int take_fetch(swb_call *call, int index)
{
    swb__codex_session *session = swb_call_session(call);
    cJSON *reply = NULL;
    if (index == 0) {
        return take_space(&session->before, call);
    }
    int status = swb__codex_json(&reply, call);
    if (status == SWB_OK) {
        status = read_manifest(call, reply);
    }
    cJSON_Delete(reply);
    if (status == SWB_OK && session->api == SWB__CODEX_NEWER &&
        !read_download_id(session->download_id, sizeof session->download_id,
                          swb_call_reply(call))) {
        status = swb_call_fail(call, SWB_EPROTO, 0, "the fetch has no downloadId");
    }
    session->fetching = status == SWB_OK;
    swb_call_result(call)->state = SWB_STATE_FETCHING;
    return status;
}

int swb__codex_leech(swb_call *call)
{
    static const swb__codex_dialogue stream = {ask_stream, take_stream};
    static const swb__codex_dialogue fetch = {ask_fetch, take_fetch};
    bool background =
        swb_call_node(call)->options[SWB__CODEX_DOWNLOAD].integer == (int64_t)SWB__CODEX_BACKGROUND;
    return swb__codex_run(call, background ? &fetch : &stream);
}

static int take_exists(swb_call *call)
{
    swb__codex_session *session = swb_call_session(call);
    swb_result *found = swb_call_result(call);
    cJSON *reply = NULL;
    int status = swb__codex_json(&reply, call);
    if (status != SWB_OK) {
        return status;
    }
    const cJSON *exists = cJSON_GetObjectItemCaseSensitive(reply, swb_call_command(call)->handle);
    if (!cJSON_IsBool(exists)) {
        status = swb_call_fail(call, SWB_EPROTO, 0, "'exists' tells neither true nor false");
    } else if (!cJSON_IsTrue(exists)) {
        found->state = SWB_STATE_ABSENT;
    } else if (session->complete) {
        found->state = SWB_STATE_SERVING;
        found->bytes_done = swb_call_node(call)->content_bytes;
    } else {
        found->state = SWB_STATE_FETCHING; /* it is there once its manifest is */
    }
    cJSON_Delete(reply);
    return status;
}

/* Blocks of the dataset that the node stores: the empty ones that fill up a code's last row it does
 * not. */
static uint64_t stored_blocks(const swb_call *call)
{
    const swb__codex_session *session = swb_call_session(call);
    const swb_node *node = swb_call_node(call);
    uint64_t blocks = (session->dataset_bytes - 1) / session->block_bytes + 1;
    uint64_t original = (node->content_bytes - 1) / session->block_bytes + 1;
    if (!session->coded || node->data_parts == 0) {
        return blocks;
    }
    uint64_t rows = (original - 1) / node->data_parts + 1;
    return blocks - (rows * node->data_parts - original);
}

/* Bytes of the content, of which a coded dataset has more. */
static uint64_t done_of(swb_call *call, uint64_t bytes)
{
    const swb__codex_session *session = swb_call_session(call);
    uint64_t content = swb_call_node(call)->content_bytes;
    if (bytes >= session->dataset_bytes) {
        return content;
    }
    return session->dataset_bytes == content
               ? bytes
               : (uint64_t)((double)bytes / (double)session->dataset_bytes * (double)content);
}

/* What the fetch came to, by what the store has more than before. The last block is stored whole,
 * and the manifest counts as a block of its own. */
static void judge_fetch(swb_call *call, const swb__codex_space *now)
{
    swb__codex_session *session = swb_call_session(call);
    swb_result *found = swb_call_result(call);
    uint64_t blocks = stored_blocks(call);
    uint64_t bytes = now->bytes > session->before.bytes ? now->bytes - session->before.bytes : 0;
    bool whole =
        now->blocks > session->before.blocks + blocks || bytes / session->block_bytes >= blocks;
    found->bytes_done = done_of(call, whole ? session->dataset_bytes : bytes);
    if (whole) {
        session->complete = true;
        session->fetching = false;
        found->state = SWB_STATE_SERVING;
    } else if (session->api == SWB__CODEX_NEWER) {
        found->state = SWB_STATE_FAILED; /* the fetch is no longer active */
        snprintf(found->detail, sizeof found->detail,
                 "the fetch ended with %llu of %llu bytes on the node",
                 (unsigned long long)found->bytes_done, (unsigned long long)session->dataset_bytes);
    }
}

/* {"active": true, "received": 3, "total": 16, "bytes": 196608}, or {"active": false}. */
static int take_progress(swb_call *call)
{
    swb__codex_session *session = swb_call_session(call);
    swb_result *found = swb_call_result(call);
    cJSON *progress = NULL;
    int status = swb__codex_json(&progress, call);
    if (status != SWB_OK) {
        return status;
    }
    const cJSON *active = cJSON_GetObjectItemCaseSensitive(progress, "active");
    uint64_t bytes = swb__json_counter(progress, "bytes");
    if (!cJSON_IsBool(active)) {
        status = swb_call_fail(call, SWB_EPROTO, 0, "'progress' does not tell 'active'");
    } else {
        session->active = cJSON_IsTrue(active);
    }
    if (bytes != SWB_COUNT_UNKNOWN) {
        found->bytes_done = done_of(call, bytes);
    }
    cJSON_Delete(progress);
    return status;
}

static uint64_t block_bytes(uint64_t blocks, const swb__codex_session *session)
{
    uint64_t size = session->block_bytes == 0 ? BLOCK_BYTES : session->block_bytes;
    return blocks > SWB_CONTENT_MAX_BYTES / size ? SWB_COUNT_UNKNOWN : blocks * size;
}

/* Payload is known in whole blocks. A node counts a manifest that it receives as one more. */
static uint64_t content_blocks(uint64_t received, uint64_t content_bytes,
                               const swb__codex_session *session)
{
    uint64_t size = session->block_bytes == 0 ? BLOCK_BYTES : session->block_bytes;
    bool manifest = received != SWB_COUNT_UNKNOWN && received > (content_bytes - 1) / size + 1;
    return received - manifest;
}

static int take_metrics(swb_call *call)
{
    const swb__codex_session *session = swb_call_session(call);
    swb_result *found = swb_call_result(call);
    swb__codex_metrics metrics;
    if (swb_call_reply(call)->http_status == 404) {
        return SWB_OK; /* the counters stay unknown */
    }
    int status = swb__codex_expect_success(call);
    if (status != SWB_OK) {
        return status;
    }
    swb__codex_metrics_read(&metrics, (const char *)swb_call_reply(call)->body,
                            swb__codex_api_name(call));
    if (session->counted) {
        swb__codex_metrics_since(&metrics, &session->earlier);
    }
    found->payload_received = block_bytes(
        content_blocks(metrics.blocks_received, swb_call_node(call)->content_bytes, session),
        session);
    found->payload_sent = block_bytes(metrics.blocks_sent, session);
    found->wasted = block_bytes(metrics.blocks_wasted, session);
    found->wire_received = metrics.wire_received;
    found->wire_sent = metrics.wire_sent;
    return SWB_OK;
}

enum { STATUS_EXISTS, STATUS_PROGRESS, STATUS_SPACE, STATUS_METRICS };

/* The counters are asked for when the fetch is over. */
static int ask_status(swb_call *call, int index)
{
    char path[64];
    const swb__codex_session *session = swb_call_session(call);
    bool newer = session->api == SWB__CODEX_NEWER;
    bool fetching = session->fetching && swb_call_result(call)->state == SWB_STATE_FETCHING;
    switch (index) {
    case STATUS_EXISTS:
        return swb__codex_send_data(call, "GET", "/exists");
    case STATUS_PROGRESS:
        snprintf(path, sizeof path, "/network/progress/%s", session->download_id);
        return fetching && newer ? swb__codex_send_data(call, "GET", path) : SWB__CODEX_SKIP;
    case STATUS_SPACE:
        return fetching && !(newer && session->active) ? swb__codex_send(call, "GET", "space")
                                                       : SWB__CODEX_SKIP;
    case STATUS_METRICS:
        return fetching || swb_call_node(call)->extra_port == 0
                   ? SWB_CALL_DONE
                   : swb_call_http_extra(call, "GET", "/metrics");
    default:
        return SWB_CALL_DONE;
    }
}

static int take_status(swb_call *call, int index)
{
    swb__codex_space space;
    int status;
    switch (index) {
    case STATUS_EXISTS:
        return take_exists(call);
    case STATUS_PROGRESS:
        return take_progress(call);
    case STATUS_SPACE:
        status = take_space(&space, call);
        if (status == SWB_OK) {
            judge_fetch(call, &space);
        }
        return status;
    default:
        return take_metrics(call);
    }
}

int swb__codex_status(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_status, take_status};
    return swb__codex_run(call, &talk);
}

/* A fetch under way is cancelled first, where it can be. Deleting what is not there succeeds, so we
 * look before. */
static int ask_remove(swb_call *call, int index)
{
    char path[64];
    const swb__codex_session *session = swb_call_session(call);
    switch (index) {
    case 0:
        return swb__codex_send_data(call, "GET", "/exists");
    case 1:
        snprintf(path, sizeof path, "/network/%s", session->download_id);
        return session->fetching && session->api == SWB__CODEX_NEWER
                   ? swb__codex_send_data(call, "DELETE", path)
                   : SWB__CODEX_SKIP;
    case 2:
        return swb__codex_send_data(call, "DELETE", "");
    default:
        return SWB_CALL_DONE;
    }
}

static int take_remove(swb_call *call, int index)
{
    swb__codex_session *session = swb_call_session(call);
    int status = index == 0 ? take_exists(call) : swb__codex_expect_success(call);
    if (status == SWB_OK && swb_call_result(call)->state == SWB_STATE_ABSENT) {
        return swb_call_fail(call, SWB_ENOENT, 0, "there is no such content");
    }
    if (status == SWB_OK && index == 2) {
        session->complete = session->fetching = false;
    }
    return status;
}

int swb__codex_remove(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_remove, take_remove};
    return swb__codex_run(call, &talk);
}

static int ask_read(swb_call *call, int index)
{
    if (index > 0) {
        return SWB_CALL_DONE;
    }
    int answer = swb__codex_send_data(call, "GET", "");
    swb_call_download_content(call);
    return answer;
}

static int take_read(swb_call *call, int index)
{
    (void)index;
    return swb__codex_expect_success(call);
}

int swb__codex_read(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_read, take_read};
    return swb__codex_run(call, &talk);
}

/* Nodes find their peers by themselves. */
int swb__codex_peers(swb_call *call)
{
    (void)call;
    return SWB_CALL_DONE;
}

int swb__codex_stop(swb_call *call)
{
    return swb_call_fail(call, SWB_EUNSUPPORTED, 0, "the node ends by a signal only");
}
