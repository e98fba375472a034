/*
 * Requests to the API server as bytes: no I/O. Each builder fills a request that was zeroed by
 * SWB__KUBE_REQUEST_INIT or finish(); it returns SWB_EINVAL (a name that cannot be one) or
 * SWB_ENOMEM with the message set.
 */
#ifndef SWB_KUBE_REQUEST_H
#define SWB_KUBE_REQUEST_H

#include <stdint.h>

#include "base/buffer.h"
#include "kube/resource.h"

/* What an object of a request is; borrowed. */
typedef struct swb__kube_target {
    const swb__kube_resource *resource;
    const char *name_space; /* NULL: all namespaces, or a cluster-wide kind */
    const char *name;       /* NULL: the collection */
} swb__kube_target;

typedef struct swb__kube_request {
    const char *verb; /* as RBAC has it: "get", "list", "patch", ...; static */
    const char *method;
    const char *body_type; /* NULL: no body */
    swb__buffer path;      /* with its query */
    swb__buffer body;
    /* For messages: "statefulset run-1 in namespace bench"; the plural for RBAC. */
    char what[160];
    char resource[SWB__KUBE_KIND_SIZE + 16];
    char name_space[SWB__KUBE_NAME_SIZE];
} swb__kube_request;

#define SWB__KUBE_BODY_MAX_BYTES ((size_t)8 << 20)
#define SWB__KUBE_REQUEST_INIT                                                                     \
    {                                                                                              \
        .path = SWB__BUFFER_INIT(16u << 10), .body = SWB__BUFFER_INIT(SWB__KUBE_BODY_MAX_BYTES)    \
    }

void swb__kube_request_finish(swb__kube_request *request);

/* Server-side apply of a YAML or JSON document as `manager`. `force`: take over fields that others
 * manage. */
int swb__kube_apply(swb__kube_request *out, const swb__kube_target *target, const char *manager,
                    bool force, const void *document, size_t length, swb_error *error);
int swb__kube_get(swb__kube_request *out, const swb__kube_target *target, swb_error *error);
/* A page of at most `limit` objects (0: all). `selector`: "key=value,..."; NULL. `next`: the token
 * of the page before; NULL: the first. */
int swb__kube_list(swb__kube_request *out, const swb__kube_target *target, const char *selector,
                   unsigned limit, const char *next, swb_error *error);
/* Events about an object, of a reason; NULL: of all. */
int swb__kube_events(swb__kube_request *out, const char *name_space, const char *object,
                     const char *reason, swb_error *error);
/* Changes after `version`, with bookmarks; the server ends it after `seconds`. */
int swb__kube_watch_from(swb__kube_request *out, const swb__kube_target *target,
                         const char *selector, const char *version, unsigned seconds,
                         swb_error *error);
typedef enum swb__kube_propagation {
    SWB__KUBE_BACKGROUND, /* what belongs to it goes later */
    SWB__KUBE_FOREGROUND, /* it goes once all that belongs to it is gone */
    SWB__KUBE_ORPHAN,
} swb__kube_propagation;
/* `grace_s`: -1 as the object says. */
int swb__kube_delete(swb__kube_request *out, const swb__kube_target *target,
                     swb__kube_propagation propagation, int grace_s, swb_error *error);
/* All objects of a namespace that a selector names; the selector is a must. */
int swb__kube_delete_all(swb__kube_request *out, const swb__kube_target *target,
                         const char *selector, swb__kube_propagation propagation, swb_error *error);
int swb__kube_create_object(swb__kube_request *out, const swb__kube_target *target,
                            const void *json, size_t length, swb_error *error);
/* A container's output: the last `lines` (0: all), of at most `bytes` (0: all); `previous`: of the
 * container before its restart. */
int swb__kube_log(swb__kube_request *out, const char *name_space, const char *pod,
                  const char *container, unsigned lines, uint64_t bytes, bool previous,
                  swb_error *error);
/* A container's output from its begin, or from the second of `since` (RFC 3339; NULL), each line
 * with its time before it, as it comes until the container ends. */
int swb__kube_log_follow(swb__kube_request *out, const char *name_space, const char *pod,
                         const char *container, const char *since, swb_error *error);
/* May we do this? Asks with a SelfSubjectAccessReview. `resource` may have a part, as in
 * "pods/log"; `group` "" is the core. */
int swb__kube_access(swb__kube_request *out, const char *name_space, const char *group,
                     const char *resource, const char *verb, swb_error *error);
/* What the server is: "gitVersion" of the reply. */
int swb__kube_version(swb__kube_request *out, swb_error *error);
/* The path under which the API server passes HTTP on to a port of a pod; without a slash behind. */
int swb__kube_proxy_path(swb__buffer *out, const char *name_space, const char *pod, uint16_t port,
                         swb_error *error);

#endif
