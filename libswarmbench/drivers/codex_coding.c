/* Codex's own erasure code: a dataset is coded by asking for its storage on the marketplace, of
 * versions up to December 2025. Nobody needs to take the request: the node that makes it keeps the
 * coded dataset. */
#include <stdio.h>
#include <string.h>

#include "drivers/codex_api.h"
#include "drivers/http_reply.h"

/* As short as makes sense: the price that the account puts up grows with them, and what becomes of
 * the request after it was made does not matter. */
#define DURATION_S 3600
#define EXPIRY_S 600

/* --- can this node do it? --- */

static int ask_able(swb_call *call, int index)
{
    switch (index) {
    case 0:
        return swb__codex_send(call, "GET", "debug/info");
    case 1:
        return swb__codex_send(call, "GET", "storage/purchases");
    default:
        return SWB_CALL_DONE;
    }
}

/* "Codex v0.2.5 (bd49591f)", as it names itself. */
static int take_name(swb_call *call)
{
    swb_result *found = swb_call_result(call);
    const char *api = swb__codex_api_name(call);
    cJSON *info = NULL;
    int status = swb__codex_json(&info, call);
    if (status != SWB_OK) {
        return status;
    }
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(info, api);
    const char *version = swb__json_member_text(own, "version");
    const char *revision = swb__json_member_text(own, "revision");
    snprintf(found->detail, sizeof found->detail, "%s %.64s (%.64s)",
             strcmp(api, "storage") == 0 ? "Logos Storage" : "Codex",
             version == NULL ? "of unknown version" : version, revision == NULL ? "-" : revision);
    cJSON_Delete(info);
    return SWB_OK;
}

static int refuse(swb_call *call, const char *what)
{
    char message[512];
    snprintf(message, sizeof message, "the node is %s: %s", swb_call_result(call)->detail, what);
    return swb_call_fail(call, SWB_EUNSUPPORTED, 0, message);
}

static int take_able(swb_call *call, int index)
{
    int http_status = swb_call_reply(call)->http_status;
    if (index == 0) {
        return take_name(call);
    }
    if (http_status == 404) {
        return refuse(call, "it has no storage requests; write via: library, or use a Codex of up "
                            "to December 2025");
    }
    if (http_status == 503) {
        return refuse(call, "it runs without persistence; start it with the command persistence "
                            "and a chain (eth_provider, account, marketplace)");
    }
    return swb__codex_expect_success(call);
}

int swb__codex_able(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_able, take_able};
    return swb__codex_run(call, &talk);
}

/* --- coding --- */

enum { CODE_REQUEST, CODE_PURCHASE, CODE_MANIFEST };

/* Numbers of 256 bits are texts; data parts are nodes less tolerance. */
static int send_request(swb_call *call)
{
    char path[160];
    char body[320];
    const swb_node *node = swb_call_node(call);
    const char *handle = swb_call_command(call)->handle;
    if (handle == NULL || !swb__codex_is_cid(handle) || strlen(handle) > 100) {
        return swb_call_fail(call, SWB_EINPUT, 0, "what is to be coded has no CID");
    }
    snprintf(path, sizeof path, "storage/request/%s", handle);
    snprintf(body, sizeof body,
             "{\"duration\":%d,\"proofProbability\":\"3\",\"pricePerBytePerSecond\":\"1\","
             "\"collateralPerByte\":\"1\",\"expiry\":%d,\"nodes\":%u,\"tolerance\":%u}",
             DURATION_S, EXPIRY_S, node->data_parts + node->parity_parts, node->parity_parts);
    int answer = swb__codex_send(call, "POST", path);
    swb_call_body(call, "application/json", body, strlen(body));
    return answer;
}

static int ask_code(swb_call *call, int index)
{
    char path[128];
    const swb__codex_session *session = swb_call_session(call);
    switch (index) {
    case CODE_REQUEST:
        return session->purchase[0] != '\0' ? SWB__CODEX_SKIP : send_request(call);
    case CODE_PURCHASE:
        snprintf(path, sizeof path, "storage/purchases/%s", session->purchase);
        return swb__codex_send(call, "GET", path);
    case CODE_MANIFEST:
        snprintf(path, sizeof path, "data/%.100s/network/manifest", swb_call_result(call)->handle);
        return swb__codex_send(call, "GET", path);
    default:
        return SWB_CALL_DONE;
    }
}

static int take_purchase_id(swb_call *call)
{
    swb__codex_session *session = swb_call_session(call);
    int status = swb__codex_expect_success(call);
    if (status == SWB_OK) {
        status = swb__reply_text(session->purchase, sizeof session->purchase, call);
    }
    if (status == SWB_OK && !swb__codex_is_cid(session->purchase)) {
        session->purchase[0] = '\0';
        return swb__reply_fail(call, SWB_EPROTO, 0, "is no id of a purchase");
    }
    return status;
}

/* On its way until the chain has the request; after that it does not matter what becomes of it. */
static int judge_purchase(swb_call *call, const char *state, const char *cid, const char *trouble)
{
    char message[256];
    swb_result *found = swb_call_result(call);
    bool bad = strcmp(state, "errored") == 0 || strcmp(state, "error") == 0 ||
               strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0;
    if (bad) {
        snprintf(message, sizeof message, "the purchase is '%.20s': %.180s", state, trouble);
        return swb_call_fail(call, SWB_EREMOTE, 0, message);
    }
    if (strcmp(state, "pending") == 0 || cid == NULL) {
        snprintf(message, sizeof message, "the purchase is still '%.20s'", state);
        return swb_call_fail(call, SWB_EBUSY, 1, message);
    }
    if (!swb__codex_is_cid(cid) || strlen(cid) > 100) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the purchase's content has no CID");
    }
    snprintf(found->handle, sizeof found->handle, "%s", cid);
    return SWB_OK;
}

static int take_purchase(swb_call *call)
{
    cJSON *purchase = NULL;
    int status = swb__codex_json(&purchase, call);
    if (status != SWB_OK) {
        return status;
    }
    const cJSON *request = cJSON_GetObjectItemCaseSensitive(purchase, "request");
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(request, "content");
    const char *state = swb__json_member_text(purchase, "state");
    const char *trouble = swb__json_member_text(purchase, "error");
    status = state == NULL ? swb_call_fail(call, SWB_EPROTO, 0, "the purchase tells no state")
                           : judge_purchase(call, state, swb__json_member_text(content, "cid"),
                                            trouble == NULL ? "it gives no reason" : trouble);
    cJSON_Delete(purchase);
    return status;
}

/* The coded dataset must be one, of the content. */
static int take_manifest(swb_call *call)
{
    cJSON *reply = NULL;
    int status = swb__codex_json(&reply, call);
    if (status != SWB_OK) {
        return status;
    }
    const cJSON *manifest = cJSON_GetObjectItemCaseSensitive(reply, "manifest");
    uint64_t bytes = swb__json_counter(manifest, "datasetSize");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(manifest, "protected")) ||
        bytes == SWB_COUNT_UNKNOWN || bytes < swb_call_node(call)->content_bytes) {
        status =
            swb_call_fail(call, SWB_EPROTO, 0, "the purchase's content is not a coded dataset");
    } else {
        swb_call_result(call)->stored_bytes = bytes;
        swb_call_result(call)->state = SWB_STATE_SERVING;
    }
    cJSON_Delete(reply);
    return status;
}

static int take_code(swb_call *call, int index)
{
    switch (index) {
    case CODE_REQUEST:
        return take_purchase_id(call);
    case CODE_PURCHASE:
        return take_purchase(call);
    default:
        return take_manifest(call);
    }
}

int swb__codex_code(swb_call *call)
{
    static const swb__codex_dialogue talk = {ask_code, take_code};
    return swb__codex_run(call, &talk);
}
