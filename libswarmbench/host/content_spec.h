/* Which content, under which name: what is made, watched and verified beside a node. */
#ifndef SWB_HOST_CONTENT_SPEC_H
#define SWB_HOST_CONTENT_SPEC_H

#include <stdint.h>

#include "host/maker.h"

/* Borrowed by the calls that take it, until they return. */
typedef struct swb__content_spec {
    const char *name; /* of the file in content_dir; no '/' */
    uint64_t seed;
    uint64_t bytes; /* of the whole content, also where the file is a part of it */
    /* Erasure coding: data_parts > 0 makes the file part `part` of it. */
    uint32_t data_parts;
    uint32_t parity_parts;
    uint32_t part;
} swb__content_spec;

static inline swb__maker_source swb__source_of_spec(const swb__content_spec *spec)
{
    return (swb__maker_source){spec->seed, spec->bytes, spec->data_parts, spec->parity_parts,
                               spec->part};
}

#endif
