/* Whole files of content: written, and verified without a reference copy. */
#include <swarmbench/content.h>

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "content/generator.h"
#include "content/input.h"
#include "content/output.h"

/* Few system calls, and still in the second cache. */
enum { CHUNK_BYTES = 256 * 1024 };

static size_t chunk_at(uint64_t offset, uint64_t size_bytes)
{
    return size_bytes - offset < CHUNK_BYTES ? (size_t)(size_bytes - offset) : CHUNK_BYTES;
}

static int write_all(const swb__output *output, swb__reader *reader, uint8_t *chunk,
                     swb_error *error)
{
    uint64_t size_bytes = reader->content->size_bytes;
    int status = SWB_OK;
    for (uint64_t at = 0; at < size_bytes && status == SWB_OK; at += CHUNK_BYTES) {
        size_t length = chunk_at(at, size_bytes);
        if (swb__reader_read(reader, at, chunk, length) != SWB_OK) {
            return swb__fail_nomem(error);
        }
        status = swb__output_write(output, at, chunk, length, error);
    }
    return status;
}

int swb_content_write_file(const swb_content *content, const char *path, swb_error *error)
{
    swb__output output;
    swb__reader reader;
    int status = SWB_OK;
    uint8_t *chunk = swb__block_alloc(CHUNK_BYTES);
    if (swb__reader_init(&reader, content) != SWB_OK || chunk == NULL) {
        status = swb__fail_nomem(error);
        goto out;
    }
    status = swb__output_open(&output, path, content->size_bytes, error);
    if (status == SWB_OK) {
        status = write_all(&output, &reader, chunk, error);
        status = swb__output_close(&output, status, error);
    }
out:
    swb__reader_finish(&reader);
    free(chunk);
    return status;
}

/* Sets `*bad_offset_out` on SWB_EMISMATCH, which is left without a message. */
static int compare_all(uint64_t *bad_offset_out, const swb__input *file, swb__reader *reader,
                       uint8_t *chunk, swb_error *error)
{
    uint64_t size_bytes = reader->content->size_bytes;
    for (uint64_t at = 0; at < size_bytes; at += CHUNK_BYTES) {
        size_t wanted = chunk_at(at, size_bytes);
        size_t got = 0;
        int status = swb__input_read(&got, file, at, chunk, wanted, error);
        if (status == SWB_OK) {
            status = swb__reader_compare(bad_offset_out, reader, at, chunk, got);
        }
        if (status == SWB_OK && got < wanted) {
            *bad_offset_out = at + got;
            status = SWB_EMISMATCH;
        }
        if (status != SWB_OK) {
            return status == SWB_ENOMEM ? swb__fail_nomem(error) : status;
        }
    }
    if (file->size_bytes > size_bytes) {
        *bad_offset_out = size_bytes;
        return SWB_EMISMATCH;
    }
    return SWB_OK;
}

int swb_content_verify_file(uint64_t *bad_offset_out, const swb_content *content, const char *path,
                            swb_error *error)
{
    swb__input file;
    swb__reader reader;
    uint64_t bad_offset = 0;
    char description[SWB__CONTENT_TEXT_BYTES];
    int status = swb__input_open(&file, path, error);
    if (status != SWB_OK) {
        return status;
    }
    uint8_t *chunk = swb__block_alloc(CHUNK_BYTES);
    if (swb__reader_init(&reader, content) != SWB_OK || chunk == NULL) {
        status = swb__fail_nomem(error);
    } else {
        status = compare_all(&bad_offset, &file, &reader, chunk, error);
    }
    if (status == SWB_EMISMATCH) {
        swb__content_describe(description, content);
        swb__fail(error, status, "%s (%" PRIu64 " bytes) differs at byte %" PRIu64 " from %s", path,
                  file.size_bytes, bad_offset, description);
        if (bad_offset_out != NULL) {
            *bad_offset_out = bad_offset;
        }
    }
    swb__reader_finish(&reader);
    free(chunk);
    swb__input_close(&file);
    return status;
}
