/* Content decoded from files of parts, and verified on the way. */
#include "content/erasure.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "content/generator.h"
#include "content/input.h"

enum { CHUNK_BYTES = SWB_ERASURE_STREAM_CHUNK_BYTES };

typedef struct check {
    const swb_content *content;
    swb_erasure_stream *stream;
    swb__reader reader;
    size_t count; /* of the files that are open */
    swb__input inputs[SWB_ERASURE_MAX_PARTS];
    uint64_t read_bytes[SWB_ERASURE_MAX_PARTS]; /* of each file */
    uint64_t bad_offset;                        /* the lowest that is known; UINT64_MAX: none */
    uint8_t chunk[CHUNK_BYTES];
} check;

/* Feeds each part up to its room. */
static int feed_all(check *self, swb_error *error)
{
    for (size_t i = 0; i < self->count; i++) {
        uint64_t room = swb_erasure_stream_room(self->stream, i);
        size_t wanted = room < CHUNK_BYTES ? (size_t)room : CHUNK_BYTES;
        size_t got = 0;
        int status = swb__input_read(&got, &self->inputs[i], self->read_bytes[i], self->chunk,
                                     wanted, error);
        if (status == SWB_OK && got < wanted) {
            status =
                swb__fail(error, SWB_EIO, "%s was cut while it was read", self->inputs[i].path);
        }
        if (status != SWB_OK) {
            return status;
        }
        swb_erasure_stream_feed(self->stream, i, self->chunk, got);
        self->read_bytes[i] += got;
    }
    return SWB_OK;
}

/* Compares what is decoded. A difference does not end it: lower offsets may differ in what comes
 * later, as all ranges of the content advance together. */
static int compare_decoded(check *self, swb_error *error)
{
    const uint8_t *bytes = NULL;
    uint64_t offset = 0;
    uint64_t bad_offset = 0;
    size_t length;
    while ((length = swb_erasure_stream_next(&bytes, &offset, self->stream)) > 0) {
        int status = swb__reader_compare(&bad_offset, &self->reader, offset, bytes, length);
        if (status == SWB_EMISMATCH && bad_offset < self->bad_offset) {
            self->bad_offset = bad_offset;
        }
        if (status == SWB_ENOMEM) {
            return swb__fail_nomem(error);
        }
    }
    return SWB_OK;
}

static int fail_mismatch(const check *self, swb_error *error)
{
    char description[SWB__CONTENT_TEXT_BYTES];
    swb__content_describe(description, self->content);
    return swb__fail(error, SWB_EMISMATCH,
                     "what %zu parts, the first %s, decode to differs at byte %" PRIu64 " from %s",
                     self->count, self->inputs[0].path, self->bad_offset, description);
}

static int decode_all(check *self, swb_error *error)
{
    int status = swb__reader_init(&self->reader, self->content);
    if (status != SWB_OK) {
        status = swb__fail_nomem(error);
    }
    while (status == SWB_OK && !swb_erasure_stream_is_done(self->stream)) {
        status = feed_all(self, error);
        if (status == SWB_OK) {
            status = compare_decoded(self, error);
        }
    }
    swb__reader_finish(&self->reader);
    return status == SWB_OK && self->bad_offset != UINT64_MAX ? fail_mismatch(self, error) : status;
}

/* Opens the files, each of which must be as long as a part. */
static int open_all(check *self, const swb_erasure *erasure, const swb_erasure_file *files,
                    swb_error *error)
{
    uint64_t part_bytes = swb_erasure_part_bytes(self->content->size_bytes, erasure->data_parts);
    for (size_t i = 0; i < erasure->data_parts; i++) {
        swb__input *input = &self->inputs[i];
        int status = swb__input_open(input, files[i].path, error);
        if (status != SWB_OK) {
            return status;
        }
        self->count++;
        if (input->size_bytes != part_bytes) {
            self->bad_offset = self->content->size_bytes;
            return swb__fail(error, input->size_bytes < part_bytes ? SWB_ETRUNCATED : SWB_EMISMATCH,
                             "%s has %" PRIu64 " bytes: part %" PRIu32 " has %" PRIu64,
                             files[i].path, input->size_bytes, files[i].index, part_bytes);
        }
    }
    return SWB_OK;
}

static int create_stream(check *self, const swb_erasure *erasure, const swb_erasure_file *files,
                         size_t count, swb_error *error)
{
    uint32_t indices[SWB_ERASURE_MAX_PARTS];
    if (self->content->part != NULL) {
        return swb__fail(error, SWB_EINVAL, "a part of content cannot be decoded from parts");
    }
    for (size_t i = 0; i < count && i < SWB_ERASURE_MAX_PARTS; i++) {
        indices[i] = files[i].index;
    }
    return swb_erasure_stream_create(&self->stream, erasure, self->content->size_bytes, indices,
                                     count, error);
}

int swb_erasure_verify_files(uint64_t *bad_offset_out, int64_t *decode_ns_out,
                             const swb_content *content, const swb_erasure *erasure,
                             const swb_erasure_file *files, size_t count, swb_error *error)
{
    check *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return swb__fail_nomem(error);
    }
    self->content = content;
    self->bad_offset = UINT64_MAX;
    int status = create_stream(self, erasure, files, count, error);
    if (status == SWB_OK) {
        status = open_all(self, erasure, files, error);
    }
    if (status == SWB_OK) {
        status = decode_all(self, error);
    }
    if (status == SWB_EMISMATCH && bad_offset_out != NULL) {
        *bad_offset_out = self->bad_offset;
    }
    if ((status == SWB_OK || status == SWB_EMISMATCH) && decode_ns_out != NULL) {
        *decode_ns_out = swb_erasure_stream_decode_ns(self->stream);
    }
    for (size_t i = 0; i < self->count; i++) {
        swb__input_close(&self->inputs[i]);
    }
    swb_erasure_stream_destroy(self->stream);
    free(self);
    return status;
}
