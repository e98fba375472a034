/* The cursor: AES-128-CTR by OpenSSL, in steps that stay in the processor's first cache. */
#include "content/generator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/status.h>

enum { AES_BLOCK_BYTES = 16, STEP_BYTES = 16384 };

/* No offset: the next read seeks. */
#define NOWHERE UINT64_MAX

int swb__reader_init(swb__reader *reader, const swb_content *content)
{
    static const uint8_t zero_counter[AES_BLOCK_BYTES];
    reader->content = content;
    reader->next = 0;
    reader->state = EVP_CIPHER_CTX_new();
    if (reader->state == NULL ||
        !EVP_EncryptInit_ex2(reader->state, content->cipher, content->key, zero_counter, NULL)) {
        return SWB_ENOMEM;
    }
    return SWB_OK;
}

void swb__reader_finish(swb__reader *reader)
{
    EVP_CIPHER_CTX_free(reader->state);
    reader->state = NULL;
}

/* Makes the next `length` <= STEP_BYTES bytes of the key stream: what zeros are encrypted to. */
static int make(swb__reader *reader, uint8_t *to, size_t length)
{
    static const uint8_t zeros[STEP_BYTES];
    int made = 0;
    if (!EVP_EncryptUpdate(reader->state, to, &made, zeros, (int)length)) {
        reader->next = NOWHERE;
        return SWB_ENOMEM;
    }
    reader->next += length;
    return SWB_OK;
}

static int seek(swb__reader *reader, uint64_t offset)
{
    uint8_t counter[AES_BLOCK_BYTES] = {0};
    uint8_t skipped[AES_BLOCK_BYTES];
    uint64_t block = offset / AES_BLOCK_BYTES;
    for (int i = AES_BLOCK_BYTES; block > 0; block >>= 8) {
        counter[--i] = (uint8_t)block;
    }
    if (!EVP_EncryptInit_ex2(reader->state, NULL, NULL, counter, NULL)) {
        reader->next = NOWHERE;
        return SWB_ENOMEM;
    }
    reader->next = offset - offset % AES_BLOCK_BYTES;
    return make(reader, skipped, offset % AES_BLOCK_BYTES);
}

int swb__reader_read(swb__reader *reader, uint64_t offset, void *buffer, size_t length)
{
    uint8_t *to = buffer;
    assert(offset <= reader->content->size_bytes && length <= reader->content->size_bytes - offset);
    int status = offset == reader->next ? SWB_OK : seek(reader, offset);
    while (length > 0 && status == SWB_OK) {
        size_t step = length < STEP_BYTES ? length : STEP_BYTES;
        status = make(reader, to, step);
        to += step;
        length -= step;
    }
    return status;
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
