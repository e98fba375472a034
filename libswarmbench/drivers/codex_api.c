#include "drivers/codex_api.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "drivers/http_reply.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PATH_SIZE 1024

/* Steps of a call: request `index` is step index + 1. */
enum { STEP_PROBE_NEWER = -1, STEP_PROBE_OLDER = -2 };

static const char *api_name(swb__codex_generation api)
{
    return api == SWB__CODEX_NEWER ? "storage" : "codex";
}

const char *swb__codex_api_name(const swb_call *call)
{
    const swb__codex_session *session = swb_call_session(call);
    return api_name(session->api);
}

static int send_probe(swb_call *call, swb__codex_generation api)
{
    char path[64];
    swb_call_set_step(call, api == SWB__CODEX_NEWER ? STEP_PROBE_NEWER : STEP_PROBE_OLDER);
    snprintf(path, sizeof path, "/api/%s/v1/debug/info", api_name(api));
    return swb_call_http(call, "GET", path);
}

static int ask(swb_call *call, const swb__codex_dialogue *talk, int index)
{
    int answer = SWB__CODEX_SKIP;
    for (; answer == SWB__CODEX_SKIP; index++) {
        swb_call_set_step(call, index + 1);
        answer = talk->ask(call, index);
    }
    return answer;
}

/* An unknown path is an empty 404: then it is the other API, or none of the two. */
static int take_probe(swb_call *call, const swb__codex_dialogue *talk)
{
    swb__codex_session *session = swb_call_session(call);
    bool newer = swb_call_step(call) == STEP_PROBE_NEWER;
    cJSON *info = NULL;
    if (swb_call_reply(call)->http_status == 404) {
        return newer ? send_probe(call, SWB__CODEX_OLDER)
                     : swb_call_fail(call, SWB_EPROTO, 0,
                                     "it answers neither as Codex nor as Logos Storage");
    }
    int status = swb__codex_json(&info, call);
    cJSON_Delete(info);
    if (status != SWB_OK) {
        return status;
    }
    session->api = newer ? SWB__CODEX_NEWER : SWB__CODEX_OLDER;
    return ask(call, talk, 0);
}

int swb__codex_run(swb_call *call, const swb__codex_dialogue *talk)
{
    const swb__codex_session *session = swb_call_session(call);
    int step = swb_call_step(call);
    if (swb_call_reply(call) == NULL) {
        return session->api == SWB__CODEX_AUTO ? send_probe(call, SWB__CODEX_NEWER)
                                               : ask(call, talk, 0);
    }
    if (step < 0) {
        return take_probe(call, talk);
    }
    int status = talk->take(call, step - 1);
    return status == SWB_OK ? ask(call, talk, step) : status;
}

int swb__codex_send(swb_call *call, const char *method, const char *path)
{
    char whole[PATH_SIZE];
    snprintf(whole, sizeof whole, "/api/%s/v1/%s", swb__codex_api_name(call), path);
    return swb_call_http(call, method, whole);
}

bool swb__codex_is_cid(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length])) {
        length++;
    }
    return length > 0 && text[length] == '\0';
}

int swb__codex_send_data(swb_call *call, const char *method, const char *suffix)
{
    char path[PATH_SIZE];
    const char *handle = swb_call_command(call)->handle;
    if (handle == NULL || !swb__codex_is_cid(handle)) {
        snprintf(path, sizeof path, "'%.100s' is no CID", handle == NULL ? "" : handle);
        return swb_call_fail(call, SWB_EINPUT, 0, path);
    }
    snprintf(path, sizeof path, "data/%s%s", handle, suffix);
    return swb__codex_send(call, method, path);
}

/* What a node says, and what is meant by it. */
typedef struct refusal {
    const char *words; /* how the body begins */
    int status;
    const char *meaning;
} refusal;

static const refusal refusals[] = {
    {"Incorrect Cid", SWB_EINPUT, "it takes this for no CID"},
    {"CID has invalid content type", SWB_EINPUT, "the CID names no dataset"},
    {"Invalid parameters", SWB_EINPUT, "it refuses the parameters"},
    {"The requested CID could not be retrieved", SWB_ENOENT, "the content is not on the node"},
    {"Error retries exhausted", SWB_ENOENT, "nobody gave it the content"},
    {"Unable to store block", SWB_ENOSPACE, "its storage quota is full"},
    {"Persistence is not enabled", SWB_EUNSUPPORTED, "it runs without persistence"},
    {"The MIME type", SWB_EREMOTE, "it refuses the upload's MIME type"},
    {"Request do not have body available", SWB_EREMOTE, "it saw no body in the upload"},
};

int swb__codex_expect_success(swb_call *call)
{
    const swb_reply *reply = swb_call_reply(call);
    const char *body = (const char *)reply->body;
    if (reply->http_status / 100 == 2) {
        return SWB_OK;
    }
    for (size_t i = 0; i < COUNT(refusals); i++) {
        if (strncmp(body, refusals[i].words, strlen(refusals[i].words)) == 0) {
            return swb__reply_fail(call, refusals[i].status, 0, refusals[i].meaning);
        }
    }
    if (reply->http_status == 404 && reply->length == 0) {
        return swb__reply_fail(call, SWB_EUNSUPPORTED, 0, "this version has no such call");
    }
    return swb__reply_expect_success(call);
}

int swb__codex_json(cJSON **out, swb_call *call)
{
    cJSON *json = NULL;
    int status = swb__codex_expect_success(call);
    if (status == SWB_OK) {
        status = swb__reply_json(&json, call);
    }
    if (status == SWB_OK && !cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply is JSON, but no object");
    }
    if (status == SWB_OK) {
        *out = json;
    }
    return status;
}
