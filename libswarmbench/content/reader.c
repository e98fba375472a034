/* The cursor: the whole content is its key stream, a part is made from it. */
#include "content/generator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/status.h>

/* Stays in the processor's first cache. */
enum { STEP_BYTES = 16384 };

int swb__reader_init(swb__reader *reader, const swb_content *content)
{
    reader->content = content;
    return swb__keystream_init(&reader->stream, content->cipher, content->key);
}

void swb__reader_finish(swb__reader *reader)
{
    swb__keystream_finish(&reader->stream);
}

int swb__reader_read(swb__reader *reader, uint64_t offset, void *buffer, size_t length)
{
    const swb_content *content = reader->content;
    assert(offset <= content->size_bytes && length <= content->size_bytes - offset);
    if (content->part != NULL) {
        return swb__part_read(content->part, &reader->stream, offset, buffer, length);
    }
    return swb__keystream_read(&reader->stream, offset, buffer, length);
}

static size_t first_difference(const uint8_t *a, const uint8_t *b)
{
    size_t at = 0;
    while (a[at] == b[at]) {
        at++;
    }
    return at;
}

int swb__reader_compare(uint64_t *bad_offset_out, swb__reader *reader, uint64_t offset,
                        const void *bytes, size_t length)
{
    uint8_t expected[STEP_BYTES];
    const uint8_t *at = bytes;
    while (length > 0) {
        size_t step = length < STEP_BYTES ? length : STEP_BYTES;
        int status = swb__reader_read(reader, offset, expected, step);
        if (status != SWB_OK) {
            return status;
        }
        if (memcmp(expected, at, step) != 0) {
            *bad_offset_out = offset + first_difference(expected, at);
            return SWB_EMISMATCH;
        }
        offset += step;
        at += step;
        length -= step;
    }
    return SWB_OK;
}

void *swb__block_alloc(size_t length)
{
    return aligned_alloc(SWB__PAGE_BYTES, length);
}
