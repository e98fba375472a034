/* A release: a chart or a Kustomize overlay is rendered, and each object is applied, one after the
 * other. */
#ifndef SWB_DEPLOY_KUBERNETES_RELEASE_H
#define SWB_DEPLOY_KUBERNETES_RELEASE_H

#include "kube/client.h"

#define KUBERNETES_MANAGER "swarmbench"
#define KUBERNETES_VALUES 2

typedef struct kubernetes_release kubernetes_release;

/* `folder`, `values` and `sets` are borrowed until start() returns, the other texts until `done`.
 */
typedef struct kubernetes_release_request {
    swb__kube_client *client;
    const char *program;  /* helm; or kubectl or kustomize, where `sets` is NULL */
    const char *work_dir; /* for files without a name */
    const char *folder;   /* of the chart or overlay */
    const char *origin;   /* what it is called in messages */
    const char *name;
    /* helm: files of further values, or NULL; later ones win */
    const char *values[KUBERNETES_VALUES];
    char *const *sets; /* helm: "KEY=JSON", NULL-terminated */
    /* Told before an object is applied: what may have been made is to be removed, whatever comes of
     * the call. A failure ends it. */
    int (*applies)(void *argument, const swb__kube_resource *resource, const char *name_space,
                   const char *name, swb_error *error);
    void (*done)(void *argument, int status, const swb_error *error);
    void *argument;
} kubernetes_release_request;

/* Goes into the client's namespace. `done` comes once, from the loop, and then `*out` is gone.
 * SWB_EENV (helm, the chart), SWB_EINPUT (what it renders), SWB_EIO, SWB_ENOMEM, or as the cluster
 * says. On failure there is no `done`. */
int swb__kubernetes_release_start(kubernetes_release **out,
                                  const kubernetes_release_request *request, swb_error *error);
/* Ends it. True: an object is on its way, and `done` comes with SWB_ECANCELED once it arrived.
 * False: it is gone without a `done`. Accepts NULL. */
bool swb__kubernetes_release_cancel(kubernetes_release *release);

#endif
