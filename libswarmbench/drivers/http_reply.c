#include "drivers/http_reply.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The body's first line, as far as it is fit to be shown. */
static const char *excerpt(char *out, size_t size, const swb_reply *reply)
{
    size_t length = 0;
    while (length < reply->length && length + 1 < size && isprint(reply->body[length])) {
        out[length] = (char)reply->body[length];
        length++;
    }
    out[length] = '\0';
    return out;
}

int swb__reply_fail(swb_call *call, int status, int retriable, const char *what)
{
    const swb_reply *reply = swb_call_reply(call);
    char body[160];
    char text[256];
    snprintf(text, sizeof text, "HTTP %d %s: '%s'", reply->http_status, what,
             excerpt(body, sizeof body, reply));
    return swb_call_fail(call, status, retriable, text);
}

static bool is_web_page(const swb_reply *reply)
{
    return strcmp(reply->content_type, "text/html") == 0 ||
           (reply->length > 0 && reply->body[0] == '<');
}

int swb__reply_expect_success(swb_call *call)
{
    const swb_reply *reply = swb_call_reply(call);
    int http = reply->http_status;
    if (http >= 200 && http < 300) {
        return is_web_page(reply) ? swb__reply_fail(call, SWB_EPROTO, 0, "is a web page") : SWB_OK;
    }
    if (http == 404) {
        return swb__reply_fail(call, SWB_ENOENT, 0, "not found");
    }
    bool busy = http == 429 || http >= 500;
    return swb__reply_fail(call, SWB_EREMOTE, busy, busy ? "for now" : "refused");
}

bool swb__reply_is(const swb_call *call, const char *text)
{
    const swb_reply *reply = swb_call_reply(call);
    size_t length = reply->length;
    while (length > 0 && isspace(reply->body[length - 1])) {
        length--;
    }
    return length == strlen(text) && memcmp(reply->body, text, length) == 0;
}

/* Success with a body. */
static int expect_answer(swb_call *call, const char *wanted)
{
    const swb_reply *reply = swb_call_reply(call);
    char text[128];
    int status = swb__reply_expect_success(call);
    if (status != SWB_OK) {
        return status;
    }
    if (reply->length == 0) {
        snprintf(text, sizeof text, "an empty reply where %s was expected", wanted);
        return swb_call_fail(call, SWB_EPROTO, 1, text);
    }
    return SWB_OK;
}

int swb__reply_text(char *out, size_t size, swb_call *call)
{
    char line[256];
    int status = expect_answer(call, "a line of text");
    if (status != SWB_OK) {
        return status;
    }
    excerpt(line, sizeof line, swb_call_reply(call));
    if (line[0] == '\0' || !swb__reply_is(call, line)) {
        return swb__reply_fail(call, SWB_EPROTO, 0, "is not one line of text");
    }
    snprintf(out, size, "%s", line);
    return SWB_OK;
}

int swb__reply_json(cJSON **out, swb_call *call)
{
    const swb_reply *reply = swb_call_reply(call);
    int status = expect_answer(call, "JSON");
    if (status != SWB_OK) {
        return status;
    }
    cJSON *json = cJSON_ParseWithLength((const char *)reply->body, reply->length);
    if (json == NULL) {
        return swb__reply_fail(call, SWB_EPROTO, 0, "is no JSON");
    }
    *out = json;
    return SWB_OK;
}

uint64_t swb__json_counter(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(member) || !isfinite(member->valuedouble) || member->valuedouble < 0 ||
        member->valuedouble > (double)SWB_CONTENT_MAX_BYTES) {
        return SWB_COUNT_UNKNOWN;
    }
    return (uint64_t)member->valuedouble;
}

const char *swb__json_member_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}
