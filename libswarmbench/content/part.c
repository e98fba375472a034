/* Parts as content. */
#include "content/part.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "content/erasure.h"
#include "content/generator.h"

/* Data and parity of a step stay in the processor's caches; seeking costs little beside it. */
enum { STEP_BYTES = 16384 };

/* A range of a data part: bytes of the content, and zeros behind its end. */
static int read_data(const swb__part *part, swb__keystream *stream, uint32_t index, uint64_t offset,
                     uint8_t *to, size_t length)
{
    uint64_t from = index * part->part_bytes + offset;
    uint64_t rest = from < part->content_bytes ? part->content_bytes - from : 0;
    size_t filled = length < rest ? length : (size_t)rest;
    memset(to + filled, 0, length - filled);
    return filled == 0 ? SWB_OK : swb__keystream_read(stream, from, to, filled);
}

/* Adds up the data parts one after the other, so that memory does not grow with their number. */
static int read_parity(const swb__part *part, swb__keystream *stream, uint64_t offset, uint8_t *to,
                       size_t length)
{
    uint8_t data[STEP_BYTES];
    memset(to, 0, length);
    for (uint32_t i = 0; i < part->data_parts; i++) {
        int status = read_data(part, stream, i, offset, data, length);
        if (status != SWB_OK) {
            return status;
        }
        part->galois->add_column((int)length, (int)part->data_parts, 1, (int)i, part->tables, data,
                                 &to);
    }
    return SWB_OK;
}

int swb__part_read(const swb__part *part, swb__keystream *stream, uint64_t offset, void *buffer,
                   size_t length)
{
    uint8_t *to = buffer;
    int status = SWB_OK;
    if (part->tables == NULL) {
        return read_data(part, stream, part->index, offset, to, length);
    }
    while (length > 0 && status == SWB_OK) {
        size_t step = length < STEP_BYTES ? length : STEP_BYTES;
        status = read_parity(part, stream, offset, to, step);
        offset += step;
        to += step;
        length -= step;
    }
    return status;
}

void swb__part_destroy(swb__part *part)
{
    if (part != NULL) {
        free(part->tables);
        free(part);
    }
}

static int check(const swb__galois **out, const swb_content *content, uint32_t data_parts,
                 uint32_t parity_parts, uint32_t index, swb_error *error)
{
    int status = swb__erasure_check(out, data_parts, parity_parts, error);
    if (status != SWB_OK) {
        return status;
    }
    if (content->part != NULL) {
        return swb__fail(error, SWB_EINVAL, "a part of content cannot be cut into parts again");
    }
    return swb__erasure_check_index(data_parts, parity_parts, index, error);
}

/* The row of the code's matrix that makes a parity part, ready to multiply with. */
static int make_tables(swb__part *part)
{
    size_t columns = part->data_parts;
    swb_erasure *erasure = NULL;
    int status = swb_erasure_create(&erasure, part->data_parts, part->parity_parts, NULL);
    part->tables = malloc(columns * SWB__GALOIS_TABLE_BYTES);
    if (status == SWB_OK && part->tables != NULL) {
        part->galois->make_tables((int)columns, 1, erasure->matrix + part->index * columns,
                                  part->tables);
    }
    swb_erasure_destroy(erasure);
    return part->tables == NULL ? SWB_ENOMEM : status;
}

int swb_content_create_part(swb_content **out, const swb_content *content, uint32_t data_parts,
                            uint32_t parity_parts, uint32_t index, swb_error *error)
{
    const swb__galois *galois = NULL;
    int status = check(&galois, content, data_parts, parity_parts, index, error);
    if (status != SWB_OK) {
        return status;
    }
    swb_content *copy = malloc(sizeof *copy);
    swb__part *part = malloc(sizeof *part);
    if (copy == NULL || part == NULL || !EVP_CIPHER_up_ref(content->cipher)) {
        free(copy);
        free(part);
        return swb__fail_nomem(error);
    }
    *part = (swb__part){
        galois,     content->size_bytes, swb_erasure_part_bytes(content->size_bytes, data_parts),
        data_parts, parity_parts,        index,
        NULL};
    *copy = *content;
    copy->size_bytes = part->part_bytes;
    copy->part = part;
    if (index >= data_parts && make_tables(part) != SWB_OK) {
        swb_content_destroy(copy);
        return swb__fail_nomem(error);
    }
    *out = copy;
    return SWB_OK;
}
