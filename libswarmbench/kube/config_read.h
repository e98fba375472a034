/* Taking a context out of kubeconfig files; private to this folder. */
#ifndef SWB_KUBE_CONFIG_READ_H
#define SWB_KUBE_CONFIG_READ_H

#include "kube/config.h"
#include "kube/kubeconfig.h"

#define SWB__KUBECONFIG_FILES_MAX 16

/* In the order in which they count. */
typedef struct swb__kubeconfig_set {
    swb__kubeconfig files[SWB__KUBECONFIG_FILES_MAX];
    size_t count;
} swb__kubeconfig_set;

/* `context`: NULL for the current one. What was filled before a failure is the caller's to free. */
int swb__kube_config_read(swb__kube_config *config, swb__kubeconfig_set *set, const char *context,
                          swb_error *error);

#endif
