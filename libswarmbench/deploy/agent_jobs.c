/* What an agent works on for a while: it is begun, then asked for until it is done. */
#include "deploy/agent_client_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "content/metainfo.h"
#include "host/wire.h"

#define SHORT_NS (30 * (uint64_t)SWB__NS_PER_S)
#define JOB_WAIT_MS 20000
#define JOB_NS ((uint64_t)(JOB_WAIT_MS + 10000) * SWB__NS_PER_MS)
/* A job whose agent cannot be asked for so long has failed. */
#define JOB_SILENCE_NS (60 * SWB__NS_PER_S)
#define RETRY_NS (200 * SWB__NS_PER_MS)

static void on_job(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply);

static void ask_job(swb__agent_call *call)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/jobs/%" PRIu64 "?wait_ms=%d", call->job, JOB_WAIT_MS);
    swb__agent_call_go_on(call, "GET", path, JOB_NS, on_job);
}

/* To ask again is safe, and the connection may just have been cut. */
static void on_no_job(swb__agent_call *call, int status, const swb_error *error)
{
    bool may_pass = status == SWB_ECONNECT || status == SWB_ETIMEDOUT || status == SWB_ETRUNCATED;
    if (may_pass && call->job != 0 && swb__clock_ns() < call->deadline_ns) {
        swb__agent_call_wait(call, RETRY_NS, ask_job);
    } else {
        swb__agent_call_end(call, status, error);
    }
}

/* False where the reply is malformed. */
static bool take_result(swb__agent_call *call, int status, const cJSON *json, swb_error *error)
{
    const cJSON *child = cJSON_GetObjectItemCaseSensitive(json, "torrent");
    uint8_t *metainfo;
    size_t length;
    if (status == SWB_EMISMATCH && !swb__wire_uint64(&call->bad_offset, json, "bad_offset")) {
        return false;
    }
    swb__wire_int64(&call->decode_ns, json, "decode_ns");
    if (child == NULL) {
        return true;
    }
    if (!swb__wire_bytes(&metainfo, &length, child, "metainfo")) {
        return false;
    }
    int result = swb__torrent_of_metainfo(&call->torrent, metainfo, length, error);
    free(metainfo);
    return result == SWB_OK;
}

static void on_job(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    const char *name;
    const char *message = "";
    int status;
    swb_error error = SWB_ERROR_INIT;
    (void)reply;
    call->deadline_ns = swb__clock_ns() + JOB_SILENCE_NS;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "done"))) {
        ask_job(call);
        return;
    }
    if (!swb__wire_text(&name, json, "status") || !swb__wire_status(&status, name) ||
        !swb__wire_text(&message, json, "message") || !take_result(call, status, json, &error)) {
        swb__agent_call_malformed(call);
        return;
    }
    if (status != SWB_OK) {
        swb__fail(&error, status, "%s: %s", call->agent->name, message);
    }
    swb__agent_call_end(call, status, &error);
}

static void on_job_begun(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    (void)reply;
    if (!swb__wire_number(&call->job, json, "job") || call->job == 0) {
        swb__agent_call_malformed(call);
        return;
    }
    call->deadline_ns = swb__clock_ns() + JOB_SILENCE_NS;
    ask_job(call);
}

static cJSON *body_of(const swb__content_spec *content)
{
    cJSON *body = cJSON_CreateObject();
    if (!swb__wire_add_spec(body, content)) {
        cJSON_Delete(body);
        return NULL;
    }
    return body;
}

/* `call` may be NULL, then `error` is set; `body` NULL: no memory. */
static int begin_job(swb__agent_call *call, const char *path, cJSON *body, swb_error *error)
{
    if (call == NULL) {
        cJSON_Delete(body);
        return error->status;
    }
    if (body == NULL) {
        swb__agent_call_drop(call);
        return swb__fail_nomem(error);
    }
    call->failed = on_no_job;
    return swb__agent_call_begin(call, "POST", path, body, SHORT_NS, on_job_begun, error);
}

int swb__agent_prepare(swb__agent *agent, const swb__content_spec *content, swb_done done,
                       void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, swb__agent_tell_plain, argument, told);
    if (call != NULL) {
        call->done.plain = done;
    }
    return begin_job(call, "/v1/content", body_of(content), told);
}

static void tell_torrent(swb__agent_call *call, int status, const swb_error *error)
{
    swb_error malformed = SWB_ERROR_INIT;
    swb_torrent *torrent = call->torrent;
    if (status == SWB_OK && torrent == NULL) {
        status =
            swb__fail(&malformed, SWB_EPROTO, "%s: its agent sent no torrent", call->agent->name);
        error = &malformed;
    }
    call->torrent = NULL;
    if (status != SWB_OK) {
        swb_torrent_destroy(torrent);
        torrent = NULL;
    }
    call->done.torrent(call->argument, status, torrent, error);
}

int swb__agent_make_torrent(swb__agent *agent, const swb__content_spec *content,
                            const char *announce, bool write_file, swb__agent_torrent_done done,
                            void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, tell_torrent, argument, told);
    cJSON *body = body_of(content);
    if (call != NULL) {
        call->done.torrent = done;
    }
    if ((announce != NULL && cJSON_AddStringToObject(body, "announce", announce) == NULL) ||
        cJSON_AddBoolToObject(body, "write", write_file) == NULL) {
        cJSON_Delete(body);
        body = NULL;
    }
    return begin_job(call, "/v1/torrent", body, told);
}

static void tell_verified(swb__agent_call *call, int status, const swb_error *error)
{
    call->done.verify(call->argument, status, call->bad_offset, error);
}

int swb__agent_verify(swb__agent *agent, const swb__content_spec *content,
                      swb__agent_verify_done done, void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, tell_verified, argument, told);
    if (call != NULL) {
        call->done.verify = done;
    }
    return begin_job(call, "/v1/verify", body_of(content), told);
}

static void tell_decoded(swb__agent_call *call, int status, const swb_error *error)
{
    const swb_decoded decoded = {call->bad_offset, call->decode_ns};
    call->done.decode(call->argument, status, &decoded, error);
}

static bool add_parts(cJSON *body, const swb__content_spec *content, const swb__agent_part *parts)
{
    cJSON *array = cJSON_AddArrayToObject(body, "files");
    bool added = array != NULL;
    for (uint32_t i = 0; added && i < content->data_parts; i++) {
        cJSON *item = cJSON_CreateObject();
        added = cJSON_AddItemToArray(array, item) &&
                cJSON_AddNumberToObject(item, "part", parts[i].part) != NULL &&
                cJSON_AddStringToObject(item, "name", parts[i].name) != NULL;
    }
    return added;
}

int swb__agent_decode(swb__agent *agent, const swb__content_spec *content,
                      const swb__agent_part *parts, swb__agent_decode_done done, void *argument,
                      swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__content_spec nameless = *content;
    nameless.name = NULL;
    swb__agent_call *call = swb__agent_call_new(agent, tell_decoded, argument, told);
    cJSON *body = body_of(&nameless);
    if (call != NULL) {
        call->done.decode = done;
    }
    if (!add_parts(body, content, parts)) {
        cJSON_Delete(body);
        body = NULL;
    }
    return begin_job(call, "/v1/decode", body, told);
}
