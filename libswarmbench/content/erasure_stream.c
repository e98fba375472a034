/* Decoding while parts arrive: a ring buffer for each part, drained block for block when all have
 * the block. A block begins at a multiple of its length in the ring, so it is never in two pieces
 * and never moved. An empty ring is filled from its beginning again: that memory is still in the
 * processor's caches. */
#include "content/erasure.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

enum {
    BLOCK_BYTES = SWB_ERASURE_STREAM_CHUNK_BYTES,
    /* All rings together, unless that gives less than the two blocks of a ring that keep the
     * slowest part moving, or more than is of use. */
    RINGS_BYTES = 8 << 20,
    MIN_RING_BLOCKS = 2,
    MAX_RING_BLOCKS = 32
};

typedef struct part_slot {
    uint32_t index;
    uint64_t fed_bytes; /* of the part, from its beginning */
    uint64_t origin;    /* the part's byte that the ring began with */
    uint8_t *ring;
} part_slot;

struct swb_erasure_stream {
    const swb_erasure *erasure;
    swb_erasure_decoder *decoder;
    uint64_t content_bytes;
    uint64_t part_bytes;
    uint32_t data_parts;
    size_t ring_bytes;
    uint8_t *memory;     /* the rings, and blocks for what is decoded */
    uint64_t done_bytes; /* of each part: given out, and gone from the rings */
    size_t block_bytes;  /* the block that is being given out; 0: none */
    uint32_t next_part;  /* the data part whose range of it comes next */
    int64_t decode_ns;
    part_slot slots[SWB_ERASURE_MAX_PARTS];
    uint8_t *decoded[SWB_ERASURE_MAX_PARTS];
    const uint8_t *data[SWB_ERASURE_MAX_PARTS]; /* the block's data parts, given or decoded */
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static size_t ring_blocks(uint32_t rings)
{
    size_t blocks = (size_t)RINGS_BYTES / BLOCK_BYTES / rings;
    if (blocks < MIN_RING_BLOCKS) {
        return MIN_RING_BLOCKS;
    }
    return blocks < MAX_RING_BLOCKS ? blocks : MAX_RING_BLOCKS;
}

static bool allocate(swb_erasure_stream *stream)
{
    uint32_t parity_parts = stream->erasure->parity_parts;
    uint32_t most_missing = parity_parts < stream->data_parts ? parity_parts : stream->data_parts;
    stream->ring_bytes = ring_blocks(stream->data_parts) * BLOCK_BYTES;
    size_t rings_bytes = stream->data_parts * stream->ring_bytes;
    stream->memory = malloc(rings_bytes + most_missing * (size_t)BLOCK_BYTES);
    if (stream->memory == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < stream->data_parts; i++) {
        stream->slots[i].ring = stream->memory + i * stream->ring_bytes;
    }
    for (uint32_t i = 0; i < most_missing; i++) {
        stream->decoded[i] = stream->memory + rings_bytes + i * (size_t)BLOCK_BYTES;
    }
    return true;
}

int swb_erasure_stream_create(swb_erasure_stream **out, const swb_erasure *erasure,
                              uint64_t content_bytes, const uint32_t *indices, size_t count,
                              swb_error *error)
{
    swb_erasure_decoder *decoder = NULL;
    if (content_bytes == 0 || content_bytes > SWB_CONTENT_MAX_BYTES) {
        return swb__fail(error, SWB_EINVAL,
                         "content of %" PRIu64 " bytes: the size must be 1 to %" PRIu64,
                         content_bytes, SWB_CONTENT_MAX_BYTES);
    }
    int status = swb_erasure_decoder_create(&decoder, erasure, indices, count, error);
    if (status != SWB_OK) {
        return status;
    }
    swb_erasure_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        swb_erasure_decoder_destroy(decoder);
        return swb__fail_nomem(error);
    }
    stream->erasure = erasure;
    stream->decoder = decoder;
    stream->content_bytes = content_bytes;
    stream->data_parts = erasure->data_parts;
    stream->part_bytes = swb_erasure_part_bytes(content_bytes, erasure->data_parts);
    if (!allocate(stream)) {
        swb_erasure_stream_destroy(stream);
        return swb__fail_nomem(error);
    }
    for (size_t i = 0; i < count; i++) {
        stream->slots[i].index = indices[i];
    }
    *out = stream;
    return SWB_OK;
}

void swb_erasure_stream_destroy(swb_erasure_stream *stream)
{
    if (stream != NULL) {
        swb_erasure_decoder_destroy(stream->decoder);
        free(stream->memory);
        free(stream);
    }
}

/* Where a byte of a part stands in the ring. */
static size_t ring_at(const swb_erasure_stream *stream, const part_slot *slot, uint64_t offset)
{
    return (size_t)((offset - slot->origin) % stream->ring_bytes);
}

uint64_t swb_erasure_stream_room(const swb_erasure_stream *stream, size_t slot)
{
    if (slot >= stream->data_parts) {
        return 0;
    }
    return smaller(stream->done_bytes + stream->ring_bytes, stream->part_bytes) -
           stream->slots[slot].fed_bytes;
}

int swb_erasure_stream_feed(swb_erasure_stream *stream, size_t slot, const void *bytes,
                            size_t length)
{
    const uint8_t *from = bytes;
    if (length > swb_erasure_stream_room(stream, slot)) {
        return SWB_EINVAL;
    }
    part_slot *to = &stream->slots[slot];
    if (to->fed_bytes < stream->done_bytes) {
        size_t dropped = (size_t)smaller(length, stream->done_bytes - to->fed_bytes);
        to->fed_bytes += dropped;
        from += dropped;
        length -= dropped;
    }
    while (length > 0) {
        size_t at = ring_at(stream, to, to->fed_bytes);
        size_t step = (size_t)smaller(length, stream->ring_bytes - at);
        memcpy(to->ring + at, from, step);
        to->fed_bytes += step;
        from += step;
        length -= step;
    }
    return SWB_OK;
}

/* Decodes the next block, if all parts have it. */
static bool decode_block(swb_erasure_stream *stream)
{
    const uint8_t *given[SWB_ERASURE_MAX_PARTS];
    const uint32_t *missing = NULL;
    size_t block_bytes = (size_t)smaller(BLOCK_BYTES, stream->part_bytes - stream->done_bytes);
    for (uint32_t i = 0; i < stream->data_parts; i++) {
        const part_slot *from = &stream->slots[i];
        if (from->fed_bytes < stream->done_bytes + block_bytes) {
            return false;
        }
        given[i] = from->ring + ring_at(stream, from, stream->done_bytes);
        if (from->index < stream->data_parts) {
            stream->data[from->index] = given[i];
        }
    }
    size_t missing_count = swb_erasure_decoder_missing(&missing, stream->decoder);
    for (size_t i = 0; i < missing_count; i++) {
        stream->data[missing[i]] = stream->decoded[i];
    }
    int64_t begun_ns = swb__clock_ns();
    swb_erasure_decode(stream->decoder, stream->decoded, given, block_bytes);
    stream->decode_ns += swb__clock_ns() - begun_ns;
    stream->block_bytes = block_bytes;
    stream->next_part = 0;
    return block_bytes > 0;
}

/* The next range of the block that is not padding only; 0 where there is none. */
static size_t next_range(const uint8_t **bytes_out, uint64_t *offset_out,
                         swb_erasure_stream *stream)
{
    if (stream->next_part == stream->data_parts) {
        return 0;
    }
    uint32_t part = stream->next_part++;
    uint64_t offset = part * stream->part_bytes + stream->done_bytes;
    if (offset >= stream->content_bytes) {
        stream->next_part = stream->data_parts; /* those behind it are padding, too */
        return 0;
    }
    *bytes_out = stream->data[part];
    *offset_out = offset;
    return (size_t)smaller(stream->block_bytes, stream->content_bytes - offset);
}

static void end_block(swb_erasure_stream *stream)
{
    stream->done_bytes += stream->block_bytes;
    stream->block_bytes = 0;
    for (uint32_t i = 0; i < stream->data_parts; i++) {
        if (stream->slots[i].fed_bytes <= stream->done_bytes) {
            stream->slots[i].origin = stream->done_bytes;
        }
    }
}

size_t swb_erasure_stream_next(const uint8_t **bytes_out, uint64_t *offset_out,
                               swb_erasure_stream *stream)
{
    size_t length = 0;
    while (length == 0 && (stream->block_bytes > 0 || decode_block(stream))) {
        length = next_range(bytes_out, offset_out, stream);
        if (length == 0) {
            end_block(stream);
        }
    }
    return length;
}

int swb_erasure_stream_is_done(const swb_erasure_stream *stream)
{
    return stream->done_bytes == stream->part_bytes;
}

int64_t swb_erasure_stream_decode_ns(const swb_erasure_stream *stream)
{
    return stream->decode_ns;
}

int swb_erasure_stream_replace(swb_erasure_stream *stream, size_t slot, uint32_t index,
                               swb_error *error)
{
    uint32_t indices[SWB_ERASURE_MAX_PARTS];
    swb_erasure_decoder *decoder = NULL;
    if (slot >= stream->data_parts) {
        return swb__fail(error, SWB_EINVAL,
                         "there is no slot %zu: a stream of %" PRIu32
                         " parts has the slots 0 to %" PRIu32,
                         slot, stream->data_parts, stream->data_parts - 1);
    }
    if (stream->block_bytes > 0) {
        return swb__fail(error, SWB_EBUSY,
                         "a part cannot be replaced while decoded content waits to be taken");
    }
    for (uint32_t i = 0; i < stream->data_parts; i++) {
        indices[i] = i == slot ? index : stream->slots[i].index;
    }
    int status =
        swb_erasure_decoder_create(&decoder, stream->erasure, indices, stream->data_parts, error);
    if (status != SWB_OK) {
        return status;
    }
    swb_erasure_decoder_destroy(stream->decoder);
    stream->decoder = decoder;
    stream->slots[slot].index = index;
    stream->slots[slot].fed_bytes = 0;
    stream->slots[slot].origin = stream->done_bytes;
    return SWB_OK;
}
