/* What a pod object says of its containers. */
#ifndef SWB_DEPLOY_KUBERNETES_POD_H
#define SWB_DEPLOY_KUBERNETES_POD_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

typedef struct kubernetes_reason {
    char text[400]; /* "" where there is none */
    bool hopeless;  /* waiting does not mend it */
} kubernetes_reason;

/* Why a pod does not run yet. */
void swb__kubernetes_explain(kubernetes_reason *out, const cJSON *pod);
/* The status of a container: `list` is "status.containerStatuses"; NULL where there is none yet. */
const cJSON *swb__kubernetes_container(const cJSON *pod, const char *list, const char *name);

#endif
