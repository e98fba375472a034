/* A part of erasure-coded content, made from the content's key stream. */
#ifndef SWB_CONTENT_PART_H
#define SWB_CONTENT_PART_H

#include "content/galois.h"
#include "content/keystream.h"

typedef struct swb__part {
    const swb__galois *galois;
    uint64_t content_bytes; /* of the whole */
    uint64_t part_bytes;
    uint32_t data_parts;
    uint32_t parity_parts;
    uint32_t index;
    uint8_t *tables; /* a parity part's row; NULL for a data part */
} swb__part;

/* Writes a range of the part. Nothing is allocated. SWB_ENOMEM. */
int swb__part_read(const swb__part *part, swb__keystream *stream, uint64_t offset, void *buffer,
                   size_t length);
/* Accepts NULL. */
void swb__part_destroy(swb__part *part);

#endif
