/* A client of the API server that is waited for, on a loop of its own. */
#ifndef SWB_DEPLOY_KUBERNETES_WAIT_H
#define SWB_DEPLOY_KUBERNETES_WAIT_H

#include "kube/client.h"

typedef struct swb__kube_waiter {
    swb_loop *loop;
    swb__kube_client *client;
} swb__kube_waiter;

/* `config` is borrowed until finish(). SWB_ENOMEM, SWB_EINVAL, SWB_EIO. */
int swb__kube_waiter_init(swb__kube_waiter *out, const swb__kube_config *config, swb_error *error);
void swb__kube_waiter_finish(swb__kube_waiter *waiter);
/* Sends a request, as swb__kube_client_call(), where building it came to SWB_OK, and waits for its
 * end; empties it in any case. `*object_out` (may be NULL) is to be freed with cJSON_Delete(); NULL
 * on failure. `*failure_out` may be NULL. Returns as building or the outcome. */
int swb__kube_wait(cJSON **object_out, swb__kube_failure *failure_out, swb__kube_waiter *waiter,
                   swb__kube_request *request, int built, swb_error *error);
/* Whether we may do `verb` to `resource` ("pods/log") of `group` ("": the core) in a namespace. */
int swb__kube_wait_allowed(bool *out, swb__kube_waiter *waiter, const char *name_space,
                           const char *group, const char *resource, const char *verb,
                           swb_error *error);

#endif
