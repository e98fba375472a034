/* Kinds of objects and where the API keeps them. */
#ifndef SWB_KUBE_RESOURCE_H
#define SWB_KUBE_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Longest names that the API takes, with their NUL. */
#define SWB__KUBE_NAME_SIZE 254
#define SWB__KUBE_KIND_SIZE 64
#define SWB__KUBE_VERSION_SIZE 256 /* "GROUP/VERSION" */

typedef struct swb__kube_resource {
    char api_version[SWB__KUBE_VERSION_SIZE]; /* "v1", "apps/v1" */
    char kind[SWB__KUBE_KIND_SIZE];
    char plural[SWB__KUBE_KIND_SIZE]; /* as in paths */
    bool namespaced;
} swb__kube_resource;

/* Looks a kind up in the table of those that every cluster has. False: ask the cluster. */
bool swb__kube_resource_known(swb__kube_resource *out, const char *api_version, const char *kind);
/* "apps" of "apps/v1"; "" is the core. */
void swb__kube_group(char *out, size_t size, const swb__kube_resource *resource);
/* The path that tells a group's kinds: "/api/v1", "/apis/GROUP/VERSION". SWB_EINVAL. */
int swb__kube_discovery_path(swb__buffer *out, const char *api_version, swb_error *error);
/* Finds a kind in the reply (an APIResourceList). SWB_EPROTO, SWB_ENOENT (no such kind there). */
int swb__kube_resource_discovered(swb__kube_resource *out, const char *api_version,
                                  const char *kind, const char *json, size_t length,
                                  swb_error *error);
/* "/apis/apps/v1/namespaces/NS/statefulsets/NAME": `name_space` is left out of cluster-wide kinds,
 * or where it is NULL (all namespaces); `name` NULL: the collection. Nothing in a name can lead out
 * of its place in the path. SWB_EINVAL. */
int swb__kube_path(swb__buffer *out, const swb__kube_resource *resource, const char *name_space,
                   const char *name, swb_error *error);
/* Letters, digits and "-._:", not "." or "..", at most 253 bytes: what can stand in a path. */
bool swb__kube_is_name(const char *text);

#endif
