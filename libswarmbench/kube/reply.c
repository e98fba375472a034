#include "kube/reply.h"

#include <stdio.h>
#include <string.h>

#define KEY_SIZE 64

const cJSON *swb__kube_member(const cJSON *object, const char *path)
{
    char key[KEY_SIZE];
    while (object != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        object = cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
        path += length + (path[length] == '.');
    }
    return object;
}

const char *swb__kube_text(const cJSON *object, const char *path)
{
    const char *text = cJSON_GetStringValue(swb__kube_member(object, path));
    return text != NULL ? text : "";
}

int swb__kube_parse(cJSON **out, const char *what, const char *body, size_t length,
                    swb_error *error)
{
    cJSON *root = cJSON_ParseWithLength(body, length);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return swb__fail(error, SWB_EPROTO, "%s: the reply of %zu bytes is no JSON object", what,
                         length);
    }
    *out = root;
    return SWB_OK;
}

bool swb__kube_is_passing(swb__kube_failure failure)
{
    return failure == SWB__KUBE_THROTTLED || failure == SWB__KUBE_UNAVAILABLE;
}

/* What the server said, in one line without control characters. */
static void say(char *out, size_t size, const cJSON *status, const char *body, size_t length)
{
    const char *text = swb__kube_text(status, "message");
    if (*text == '\0') {
        text = status == NULL ? body : "";
        length = status == NULL ? length : 0;
    } else {
        length = strlen(text);
    }
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        unsigned char at = (unsigned char)text[i];
        bool blank = at <= ' ' || at == 0x7f;
        if (!blank) {
            out[used++] = (char)at;
        } else if (used > 0 && out[used - 1] != ' ') {
            out[used++] = ' ';
        }
    }
    while (used > 0 && out[used - 1] == ' ') {
        used--;
    }
    out[used] = '\0';
}

static swb__kube_failure kind_of(int http_status, const char *reason, const char *said,
                                 int64_t retry_after_s)
{
    switch (http_status) {
    case 401:
        return SWB__KUBE_UNAUTHORIZED;
    case 403:
        return strstr(said, "exceeded quota") != NULL ? SWB__KUBE_QUOTA : SWB__KUBE_FORBIDDEN;
    case 404:
        return SWB__KUBE_NOT_FOUND;
    case 409:
        if (strstr(said, "the object has been modified") != NULL) {
            return SWB__KUBE_UNAVAILABLE; /* somebody else counted in the same quota just then */
        }
        return strcmp(reason, "AlreadyExists") == 0 ? SWB__KUBE_EXISTS : SWB__KUBE_CONFLICT;
    case 410:
        return SWB__KUBE_EXPIRED;
    case 400:
    case 413:
    case 415:
    case 422:
        return SWB__KUBE_INVALID;
    case 429:
        return SWB__KUBE_THROTTLED;
    case 500:
        /* Told also of documents that cannot be read, which time does not mend. */
        return retry_after_s > 0 ? SWB__KUBE_UNAVAILABLE : SWB__KUBE_REFUSED;
    case 502:
    case 503:
    case 504:
        return SWB__KUBE_UNAVAILABLE;
    default:
        return SWB__KUBE_REFUSED;
    }
}

/* Who we are to the server stands in its message: User "NAME" cannot ... */
static void who(char *out, size_t size, const char *said)
{
    const char *from = strstr(said, "User \"");
    const char *to = from != NULL ? strchr(from + 6, '"') : NULL;
    snprintf(out, size, "%.*s", to != NULL ? (int)(to - from - 6) : 8,
             to != NULL ? from + 6 : "the user");
}

static void tell_forbidden(const swb__kube_request *request, const char *said, swb_error *error)
{
    char user[128];
    who(user, sizeof user, said);
    if (strstr(said, "cannot ") == NULL) {
        /* An admission plugin, such as Pod Security. */
        swb__fail(error, SWB_EAUTH, "%s: the cluster forbids it: %s", request->what, said);
        return;
    }
    swb__fail(error, SWB_EAUTH,
              "%s: permission is missing: %s may not '%s' '%s'%s%s; grant it by a Role and a "
              "RoleBinding",
              request->what, user, request->verb, request->resource,
              request->name_space[0] != '\0' ? " in namespace " : "", request->name_space);
}

static void tell_throttled(const swb__kube_request *request, int64_t retry_after_s,
                           const char *said, swb_error *error)
{
    char when[48] = "";
    if (retry_after_s > 0) {
        snprintf(when, sizeof when, ", again in %lld s", (long long)retry_after_s);
    }
    swb__fail(error, SWB_EBUSY, "%s: the API server has too many requests%s%s%s", request->what,
              when, *said != '\0' ? ": " : "", said);
}

static void tell(swb__kube_failure failure, const swb__kube_request *request, int http_status,
                 int64_t retry_after_s, const char *said, swb_error *error)
{
    switch (failure) {
    case SWB__KUBE_UNAUTHORIZED:
        swb__fail(error, SWB_EAUTH,
                  "%s: the API server does not accept the credentials: wrong or expired token or "
                  "client certificate",
                  request->what);
        return;
    case SWB__KUBE_FORBIDDEN:
        tell_forbidden(request, said, error);
        return;
    case SWB__KUBE_QUOTA:
        swb__fail(error, SWB_ENOSPACE, "%s: the namespace's quota is used up: %s", request->what,
                  said);
        return;
    case SWB__KUBE_NOT_FOUND:
        swb__fail(error, SWB_ENOENT, "%s: not found%s%s", request->what, *said != '\0' ? ": " : "",
                  said);
        return;
    case SWB__KUBE_EXISTS:
        swb__fail(error, SWB_EEXIST, "%s: exists already", request->what);
        return;
    case SWB__KUBE_CONFLICT:
        swb__fail(error, SWB_EBUSY, "%s: conflict: %s", request->what, said);
        return;
    case SWB__KUBE_EXPIRED:
        swb__fail(error, SWB_ETRUNCATED, "%s: the version asked for is too old by now",
                  request->what);
        return;
    case SWB__KUBE_INVALID:
        swb__fail(error, SWB_EINPUT, "%s: the API server refuses it (%d): %s", request->what,
                  http_status, said);
        return;
    case SWB__KUBE_THROTTLED:
        tell_throttled(request, retry_after_s, said, error);
        return;
    default:
        swb__fail(error, SWB_EREMOTE, "%s: HTTP status %d of the API server%s%s", request->what,
                  http_status, *said != '\0' ? ": " : "", said);
    }
}

swb__kube_failure swb__kube_judge(const swb__kube_request *request, int http_status,
                                  const char *body, size_t length, int64_t retry_after_s,
                                  swb_error *error)
{
    char said[512];
    if (http_status / 100 == 2) {
        return SWB__KUBE_FINE;
    }
    cJSON *status = cJSON_ParseWithLength(body, length);
    say(said, sizeof said, status, body, length);
    swb__kube_failure failure =
        kind_of(http_status, swb__kube_text(status, "reason"), said, retry_after_s);
    tell(failure, request, http_status, retry_after_s, said, error);
    cJSON_Delete(status);
    return failure;
}

swb__kube_failure swb__kube_judge_status(const swb__kube_request *request, const cJSON *object,
                                         swb_error *error)
{
    char said[512];
    const cJSON *code = swb__kube_member(object, "code");
    int http_status = cJSON_IsNumber(code) ? code->valueint : 500;
    say(said, sizeof said, object, "", 0);
    swb__kube_failure failure = kind_of(http_status, swb__kube_text(object, "reason"), said, 0);
    tell(failure, request, http_status, 0, said, error);
    return failure;
}

/* --- the lines of a watch --- */

void swb__kube_lines_init(swb__kube_lines *lines, size_t max_line_bytes)
{
    *lines = (swb__kube_lines){.line = SWB__BUFFER_INIT(max_line_bytes)};
}

void swb__kube_lines_finish(swb__kube_lines *lines)
{
    swb__buffer_finish(&lines->line);
}

static bool change_of(swb__kube_change *out, const char *type)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(type, names[i]) == 0) {
            *out = (swb__kube_change)i;
            return true;
        }
    }
    return false;
}

static int take_line(const char *text, size_t length, swb__kube_changed changed, void *argument,
                     swb_error *error)
{
    swb__kube_change change;
    cJSON *root = NULL;
    if (strspn(text, " \t\r") >= length) {
        return SWB_OK;
    }
    int status = swb__kube_parse(&root, "a watch", text, length, error);
    if (status != SWB_OK) {
        return status;
    }
    const cJSON *object = swb__kube_member(root, "object");
    if (!cJSON_IsObject(object) || !change_of(&change, swb__kube_text(root, "type"))) {
        status = swb__fail(error, SWB_EPROTO, "a watch tells '%.40s' of %s",
                           swb__kube_text(root, "type"), object != NULL ? "an object" : "nothing");
    } else {
        status = changed(argument, change, object);
    }
    cJSON_Delete(root);
    return status;
}

static int append(swb__kube_lines *lines, const char *bytes, size_t length, swb_error *error)
{
    swb__buffer_append(&lines->line, bytes, length);
    if (lines->line.status == SWB_ENOSPACE) {
        return swb__fail(error, SWB_EPROTO, "a watch has a line of more than %zu bytes",
                         lines->line.limit);
    }
    return lines->line.status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}

int swb__kube_lines_feed(swb__kube_lines *lines, const void *bytes, size_t length,
                         swb__kube_changed changed, void *argument, swb_error *error)
{
    const char *at = bytes;
    while (length > 0) {
        const char *newline = memchr(at, '\n', length);
        size_t part = newline != NULL ? (size_t)(newline - at) : length;
        int status = append(lines, at, part, error);
        if (status != SWB_OK) {
            return status;
        }
        if (newline == NULL) {
            return SWB_OK;
        }
        status = take_line(swb__buffer_string(&lines->line), lines->line.length, changed, argument,
                           error);
        swb__buffer_clear(&lines->line);
        if (status != SWB_OK) {
            return status;
        }
        at += part + 1;
        length -= part + 1;
    }
    return SWB_OK;
}
