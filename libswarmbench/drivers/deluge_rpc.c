#include "drivers/deluge_rpc.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define HEADER_BYTES 5
#define FRAME_VERSION 1
#define INFLATE_STEP 16384u

static size_t body_length(const uint8_t *header)
{
    return (size_t)header[1] << 24 | (size_t)header[2] << 16 | (size_t)header[3] << 8 | header[4];
}

int swb__deluge_frame(size_t *length_out, const uint8_t *bytes, size_t length)
{
    if (length > 0 && bytes[0] != FRAME_VERSION) {
        return SWB_EPROTO;
    }
    if (length < HEADER_BYTES) {
        *length_out = 0;
        return SWB_OK;
    }
    size_t body = body_length(bytes);
    if (body == 0 || body > SWB__DELUGE_FRAME_MAX) {
        return SWB_EPROTO;
    }
    *length_out = HEADER_BYTES + body;
    return SWB_OK;
}

void swb__deluge_pack(swb__buffer *frame, const swb__buffer *body)
{
    if (body->status != SWB_OK) {
        frame->status = body->status;
        return;
    }
    uLongf packed = compressBound(body->length);
    uint8_t *to = (uint8_t *)swb__buffer_reserve(frame, HEADER_BYTES + packed);
    if (to == NULL) {
        return;
    }
    if (compress(to + HEADER_BYTES, &packed, (const Bytef *)body->data, body->length) != Z_OK) {
        frame->status = SWB_ENOMEM;
        return;
    }
    to[0] = FRAME_VERSION;
    to[1] = (uint8_t)(packed >> 24);
    to[2] = (uint8_t)(packed >> 16);
    to[3] = (uint8_t)(packed >> 8);
    to[4] = (uint8_t)packed;
    frame->length += HEADER_BYTES + packed;
}

/* Inflates until the stream ends; SWB_EPROTO where it is damaged, cut off, too long, or followed by
 * other bytes. */
static int inflate_all(swb__buffer *out, z_stream *stream)
{
    int status = Z_OK;
    while (status == Z_OK) {
        uint8_t chunk[INFLATE_STEP];
        stream->next_out = chunk;
        stream->avail_out = sizeof chunk;
        status = inflate(stream, Z_NO_FLUSH);
        if (status == Z_OK || status == Z_STREAM_END) {
            swb__buffer_append(out, chunk, sizeof chunk - stream->avail_out);
        }
        if (out->status != SWB_OK) {
            return out->status == SWB_ENOMEM ? SWB_ENOMEM : SWB_EPROTO;
        }
    }
    if (status == Z_MEM_ERROR) {
        return SWB_ENOMEM;
    }
    return status == Z_STREAM_END && stream->avail_in == 0 ? SWB_OK : SWB_EPROTO;
}

int swb__deluge_unpack(swb__buffer *body, const uint8_t *frame, size_t length)
{
    size_t whole;
    if (swb__deluge_frame(&whole, frame, length) != SWB_OK || whole == 0 || whole != length) {
        return SWB_EPROTO;
    }
    z_stream stream = {0};
    if (inflateInit(&stream) != Z_OK) {
        return SWB_ENOMEM;
    }
    stream.next_in = (z_const Bytef *)(frame + HEADER_BYTES);
    stream.avail_in = (uInt)(length - HEADER_BYTES);
    int status = inflate_all(body, &stream);
    inflateEnd(&stream);
    return status;
}

void swb__deluge_begin_request(swb__buffer *body, int64_t id, const char *method,
                               unsigned arguments)
{
    swb__rencode_put_list(body, 1);
    swb__rencode_put_list(body, 4);
    swb__rencode_put_integer(body, id);
    swb__rencode_put_text(body, method);
    swb__rencode_put_list(body, arguments);
}

/* Deluge sends the exception's arguments. A wrapped exception has its class as the second one. */
static void read_error(swb__deluge_message *out, const swb__rencode *message)
{
    swb__rencode value;
    swb__rencode arguments;
    if (swb__rencode_item(&value, message, 2) == SWB_OK) {
        swb__rencode_text(out->exception, sizeof out->exception, &value);
    }
    if (swb__rencode_item(&arguments, message, 3) != SWB_OK) {
        return;
    }
    if (swb__rencode_item(&value, &arguments, 0) == SWB_OK) {
        swb__rencode_text(out->text, sizeof out->text, &value);
    }
    if (strcmp(out->exception, "WrappedException") == 0 &&
        swb__rencode_item(&value, &arguments, 1) == SWB_OK) {
        swb__rencode_text(out->exception, sizeof out->exception, &value);
    }
}

int swb__deluge_read(swb__deluge_message *out, const swb__buffer *body)
{
    swb__rencode message;
    swb__rencode kind;
    swb__rencode id;
    memset(out, 0, sizeof *out);
    if (swb__rencode_read(&message, body->data, body->length) != SWB_OK ||
        swb__rencode_item(&kind, &message, 0) != SWB_OK || kind.kind != SWB__RENCODE_INTEGER ||
        swb__rencode_item(&id, &message, 1) != SWB_OK) {
        return SWB_EPROTO;
    }
    out->kind = (swb__deluge_kind)kind.integer;
    if (kind.integer == SWB__DELUGE_EVENT) {
        return SWB_OK;
    }
    if (id.kind != SWB__RENCODE_INTEGER) {
        return SWB_EPROTO;
    }
    out->id = id.integer;
    if (kind.integer == SWB__DELUGE_RESULT) {
        return swb__rencode_item(&out->result, &message, 2) == SWB_OK ? SWB_OK : SWB_EPROTO;
    }
    if (kind.integer != SWB__DELUGE_ERROR) {
        return SWB_EPROTO;
    }
    read_error(out, &message);
    return SWB_OK;
}
