/* One kubeconfig file as it is written; private to this folder. */
#ifndef SWB_KUBE_KUBECONFIG_H
#define SWB_KUBE_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

#include "base/error.h"

#define SWB__KUBECONFIG_MAX_BYTES ((size_t)4 << 20)

typedef struct swb__kubeconfig {
    char *path;
    yaml_document_t document;
    yaml_node_t *root; /* a mapping */
} swb__kubeconfig;

/* SWB_ENOENT (no such file), SWB_EINPUT, SWB_EIO, SWB_ENOMEM. */
int swb__kubeconfig_open(swb__kubeconfig *out, const char *path, swb_error *error);
/* From memory, which is borrowed only until this returns. */
int swb__kubeconfig_parse(swb__kubeconfig *out, const char *path, const char *text, size_t length,
                          swb_error *error);
void swb__kubeconfig_close(swb__kubeconfig *file);

/* The value of a key of a mapping; NULL where there is none or it is null. */
yaml_node_t *swb__kubeconfig_get(swb__kubeconfig *file, const yaml_node_t *mapping,
                                 const char *key);
/* Element NAME of the list KEY ("clusters"), and of it the mapping under MEMBER ("cluster"). NULL
 * in `*out` where the file has none. SWB_EINPUT. */
int swb__kubeconfig_entry(yaml_node_t **out, swb__kubeconfig *file, const char *list,
                          const char *name, const char *member, swb_error *error);
/* A text; `*out` stays as it was where the key is missing or "". SWB_EINPUT, SWB_ENOMEM. */
int swb__kubeconfig_text(char **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                         const char *key, swb_error *error);
int swb__kubeconfig_bool(bool *out, swb__kubeconfig *file, const yaml_node_t *mapping,
                         const char *key, swb_error *error);
/* PEM from KEY-data (base64), else from the file that KEY names, relative to this one. */
int swb__kubeconfig_pem(char **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                        const char *key, swb_error *error);
/* A path, made absolute by the folder of this file. */
int swb__kubeconfig_path(char **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                         const char *key, swb_error *error);
/* Fails with the place of a node. */
int swb__kubeconfig_fail(const swb__kubeconfig *file, const yaml_node_t *at, swb_error *error,
                         const char *format, ...) SWB__PRINTF(4, 5);

#endif
