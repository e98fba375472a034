/* Replies of the API server, read: no I/O. */
#ifndef SWB_KUBE_REPLY_H
#define SWB_KUBE_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "kube/request.h"

/* Why the API server refused; what is done about it differs. */
typedef enum swb__kube_failure {
    SWB__KUBE_FINE = 0,
    SWB__KUBE_UNAUTHORIZED, /* 401: SWB_EAUTH */
    SWB__KUBE_FORBIDDEN,    /* 403: SWB_EAUTH */
    SWB__KUBE_QUOTA,        /* 403, a ResourceQuota: SWB_ENOSPACE */
    SWB__KUBE_NOT_FOUND,    /* 404: SWB_ENOENT */
    SWB__KUBE_EXISTS,       /* 409 AlreadyExists: SWB_EEXIST */
    SWB__KUBE_CONFLICT,     /* 409: SWB_EBUSY */
    SWB__KUBE_EXPIRED,      /* 410: SWB_ETRUNCATED; list again */
    SWB__KUBE_INVALID,      /* 400, 415, 422: SWB_EINPUT */
    SWB__KUBE_THROTTLED,    /* 429: SWB_EBUSY; later */
    SWB__KUBE_UNAVAILABLE,  /* 502-504, 500 with Retry-After: SWB_EREMOTE; later */
    SWB__KUBE_REFUSED,      /* anything else: SWB_EREMOTE */
} swb__kube_failure;

/* Tells what a reply of this HTTP status means for the request, in one line. Returns
 * SWB__KUBE_FINE for 2xx and leaves `error` alone. `body` may be anything. */
swb__kube_failure swb__kube_judge(const swb__kube_request *request, int http_status,
                                  const char *body, size_t length, int64_t retry_after_s,
                                  swb_error *error);
/* As judge(), of a Status object that came in a watch. */
swb__kube_failure swb__kube_judge_status(const swb__kube_request *request, const cJSON *object,
                                         swb_error *error);
/* Whether the same request may go through later. */
bool swb__kube_is_passing(swb__kube_failure failure);

/* Parses a reply that must be an object. To be freed with cJSON_Delete(). SWB_EPROTO. */
int swb__kube_parse(cJSON **out, const char *what, const char *body, size_t length,
                    swb_error *error);
/* The text at a dotted path ("metadata.name"); "" where there is none. */
const char *swb__kube_text(const cJSON *object, const char *path);
/* The member at a dotted path; NULL where there is none. */
const cJSON *swb__kube_member(const cJSON *object, const char *path);

/* --- the lines of a watch --- */

typedef enum swb__kube_change {
    SWB__KUBE_ADDED,
    SWB__KUBE_MODIFIED,
    SWB__KUBE_DELETED,
    SWB__KUBE_BOOKMARK,
    SWB__KUBE_ERROR, /* `object` is a Status */
} swb__kube_change;

/* Returns SWB_OK to go on; else feed() stops and returns the same. */
typedef int (*swb__kube_changed)(void *argument, swb__kube_change change, const cJSON *object);

/* Zeroed with max_line_bytes set: ready. */
typedef struct swb__kube_lines {
    swb__buffer line;
} swb__kube_lines;

#define SWB__KUBE_LINE_MAX_BYTES ((size_t)8 << 20)

void swb__kube_lines_init(swb__kube_lines *lines, size_t max_line_bytes);
void swb__kube_lines_finish(swb__kube_lines *lines);
/* Takes any number of bytes and tells the changes that are whole by then. SWB_EPROTO (not JSON, an
 * unknown type, a line that is too long), SWB_ENOMEM, or what `changed` returned. */
int swb__kube_lines_feed(swb__kube_lines *lines, const void *bytes, size_t length,
                         swb__kube_changed changed, void *argument, swb_error *error);

#endif
