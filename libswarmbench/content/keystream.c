/* AES-128-CTR by OpenSSL, in steps that stay in the processor's first cache. */
#include "content/keystream.h"

#include <swarmbench/status.h>

enum { AES_BLOCK_BYTES = 16, STEP_BYTES = 16384 };

/* No offset: the next read seeks. */
#define NOWHERE UINT64_MAX

int swb__keystream_init(swb__keystream *stream, const EVP_CIPHER *cipher, const uint8_t *key)
{
    static const uint8_t zero_counter[AES_BLOCK_BYTES];
    stream->next = 0;
    stream->state = EVP_CIPHER_CTX_new();
    if (stream->state == NULL ||
        !EVP_EncryptInit_ex2(stream->state, cipher, key, zero_counter, NULL)) {
        return SWB_ENOMEM;
    }
    return SWB_OK;
}

void swb__keystream_finish(swb__keystream *stream)
{
    EVP_CIPHER_CTX_free(stream->state);
    stream->state = NULL;
}

/* Makes the next `length` <= STEP_BYTES bytes of the key stream: what zeros are encrypted to. */
static int make(swb__keystream *stream, uint8_t *to, size_t length)
{
    static const uint8_t zeros[STEP_BYTES];
    int made = 0;
    if (!EVP_EncryptUpdate(stream->state, to, &made, zeros, (int)length)) {
        stream->next = NOWHERE;
        return SWB_ENOMEM;
    }
    stream->next += length;
    return SWB_OK;
}

static int seek(swb__keystream *stream, uint64_t offset)
{
    uint8_t counter[AES_BLOCK_BYTES] = {0};
    uint8_t skipped[AES_BLOCK_BYTES];
    uint64_t block = offset / AES_BLOCK_BYTES;
    for (int i = AES_BLOCK_BYTES; block > 0; block >>= 8) {
        counter[--i] = (uint8_t)block;
    }
    if (!EVP_EncryptInit_ex2(stream->state, NULL, NULL, counter, NULL)) {
        stream->next = NOWHERE;
        return SWB_ENOMEM;
    }
    stream->next = offset - offset % AES_BLOCK_BYTES;
    return make(stream, skipped, offset % AES_BLOCK_BYTES);
}

int swb__keystream_read(swb__keystream *stream, uint64_t offset, void *buffer, size_t length)
{
    uint8_t *to = buffer;
    int status = offset == stream->next ? SWB_OK : seek(stream, offset);
    while (length > 0 && status == SWB_OK) {
        size_t step = length < STEP_BYTES ? length : STEP_BYTES;
        status = make(stream, to, step);
        to += step;
        length -= step;
    }
    return status;
}
