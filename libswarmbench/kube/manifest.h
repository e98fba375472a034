/* Documents of a YAML stream, as helm and kustomize write them: no I/O. */
#ifndef SWB_KUBE_MANIFEST_H
#define SWB_KUBE_MANIFEST_H

#include "kube/resource.h"

#define SWB__KUBE_DOCUMENTS_MAX 10000

/* One object; `text` is the document as it was written, borrowed from the stream. */
typedef struct swb__kube_object {
    const char *text;
    size_t length;
    uint32_t line; /* of its first line in the stream, from 1 */
    char api_version[SWB__KUBE_VERSION_SIZE];
    char kind[SWB__KUBE_KIND_SIZE];
    char name[SWB__KUBE_NAME_SIZE];
    char name_space[SWB__KUBE_NAME_SIZE]; /* "" where it names none */
} swb__kube_object;

/*
 * All objects of a stream, in order; empty documents are left out. `origin`: what the stream is,
 * for messages ("helm template ..."). `*out` is freed with free(). SWB_EINPUT with the line (not
 * YAML, no object, a name that cannot be one), SWB_ENOMEM.
 */
int swb__kube_manifest(swb__kube_object **out, size_t *count_out, const char *origin,
                       const char *text, size_t length, swb_error *error);

#endif
