/* Content as an object: its key, and reads of any range by any thread. */
#include "content/generator.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The number is that of the format: other bytes for the same seed need another one. */
#define KEY_LABEL "swarmbench content 1"

static void put_big_endian(uint8_t *to, uint64_t value)
{
    for (int i = 7; i >= 0; i--) {
        to[i] = (uint8_t)value;
        value >>= 8;
    }
}

static bool derive_key(uint8_t *key, uint64_t seed, uint64_t size_bytes)
{
    uint8_t text[sizeof KEY_LABEL - 1 + 16] = KEY_LABEL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    put_big_endian(text + sizeof KEY_LABEL - 1, seed);
    put_big_endian(text + sizeof KEY_LABEL - 1 + 8, size_bytes);
    if (!EVP_Q_digest(NULL, "SHA256", NULL, text, sizeof text, digest, NULL)) {
        return false;
    }
    memcpy(key, digest, SWB__CONTENT_KEY_BYTES);
    return true;
}

int swb_content_create(swb_content **out, uint64_t seed, uint64_t size_bytes, swb_error *error)
{
    if (size_bytes == 0 || size_bytes > SWB_CONTENT_MAX_BYTES) {
        return swb__fail(error, SWB_EINVAL,
                         "content of %" PRIu64 " bytes: the size must be 1 to %" PRIu64, size_bytes,
                         SWB_CONTENT_MAX_BYTES);
    }
    swb_content *content = calloc(1, sizeof *content);
    if (content == NULL) {
        return swb__fail_nomem(error);
    }
    content->seed = seed;
    content->size_bytes = size_bytes;
    content->cipher = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    if (content->cipher == NULL || !derive_key(content->key, seed, size_bytes)) {
        swb_content_destroy(content);
        return swb__fail(error, SWB_EENV, "OpenSSL does not provide AES-128-CTR and SHA-256");
    }
    *out = content;
    return SWB_OK;
}

void swb_content_destroy(swb_content *content)
{
    if (content != NULL) {
        EVP_CIPHER_free(content->cipher);
        swb__part_destroy(content->part);
        free(content);
    }
}

uint64_t swb_content_seed(const swb_content *content)
{
    return content->seed;
}

uint64_t swb_content_size_bytes(const swb_content *content)
{
    return content->size_bytes;
}

void swb__content_describe(char text[SWB__CONTENT_TEXT_BYTES], const swb_content *content)
{
    const swb__part *part = content->part;
    int length = 0;
    if (part != NULL) {
        length = snprintf(text, SWB__CONTENT_TEXT_BYTES,
                          "part %" PRIu32 " of %" PRIu32 "+%" PRIu32 " of ", part->index,
                          part->data_parts, part->parity_parts);
    }
    snprintf(text + length, SWB__CONTENT_TEXT_BYTES - (size_t)length,
             "content of %" PRIu64 " bytes with seed %" PRIu64,
             part != NULL ? part->content_bytes : content->size_bytes, content->seed);
}

static bool is_inside(const swb_content *content, uint64_t offset_bytes, size_t length)
{
    return offset_bytes <= content->size_bytes && length <= content->size_bytes - offset_bytes;
}

int swb_content_read(const swb_content *content, uint64_t offset_bytes, void *buffer, size_t length)
{
    if (!is_inside(content, offset_bytes, length)) {
        return SWB_EINVAL;
    }
    swb__reader reader;
    int status = swb__reader_init(&reader, content);
    if (status == SWB_OK) {
        status = swb__reader_read(&reader, offset_bytes, buffer, length);
    }
    swb__reader_finish(&reader);
    return status;
}

int swb_content_compare(uint64_t *bad_offset_out, const swb_content *content, uint64_t offset_bytes,
                        const void *bytes, size_t length)
{
    if (!is_inside(content, offset_bytes, length)) {
        return SWB_EINVAL;
    }
    swb__reader reader;
    uint64_t bad_offset = 0;
    int status = swb__reader_init(&reader, content);
    if (status == SWB_OK) {
        status = swb__reader_compare(&bad_offset, &reader, offset_bytes, bytes, length);
    }
    if (status == SWB_EMISMATCH && bad_offset_out != NULL) {
        *bad_offset_out = bad_offset;
    }
    swb__reader_finish(&reader);
    return status;
}
