#include "run/decode.h"

#include <stdlib.h>

#include <swarmbench/erasure.h>

typedef struct source {
    swb__decode *decode;
    swb__client *client;
    bool busy;    /* its sink waits for room */
    bool reading; /* its operation is under way */
} source;

struct swb__decode {
    swb_loop *loop;
    const swb_content *content;
    swb_erasure *erasure;
    swb_erasure_stream *stream;
    source *sources;
    uint32_t count;
    uint32_t reading;
    swb__timer *resume; /* from within a sink nothing may be resumed */
    uint64_t bad_offset;
    int status; /* the first failure */
    swb_error error;
    swb__decode_done done;
    void *argument;
};

static void destroy(swb__decode *decode)
{
    swb__timer_stop(decode->resume);
    swb_erasure_stream_destroy(decode->stream);
    swb_erasure_destroy(decode->erasure);
    free(decode->sources);
    free(decode);
}

static void finish(swb__decode *decode)
{
    swb_decoded decoded = {decode->bad_offset, swb_erasure_stream_decode_ns(decode->stream)};
    int status = decode->status;
    if (status == SWB_OK && decode->bad_offset != UINT64_MAX) {
        status = swb__fail(&decode->error, SWB_EMISMATCH,
                           "what the parts decode to differs from the content at byte %llu",
                           (unsigned long long)decode->bad_offset);
    } else if (status == SWB_OK && !swb_erasure_stream_is_done(decode->stream)) {
        status = swb__fail(&decode->error, SWB_ETRUNCATED, "the parts ended before the content");
    }
    decode->done(decode->argument, status, &decoded, status == SWB_OK ? NULL : &decode->error);
    destroy(decode);
}

static void fail(swb__decode *decode, int status, const swb_error *error)
{
    if (decode->status != SWB_OK) {
        return;
    }
    decode->status = status;
    decode->error = *error;
    for (uint32_t i = 0; i < decode->count; i++) {
        if (decode->sources[i].reading) {
            swb__client_cancel(decode->sources[i].client);
        }
    }
}

/* A difference does not end it: all ranges of the content advance together, so that a lower offset
 * may differ in what comes later. */
static int compare_decoded(swb__decode *decode)
{
    const uint8_t *bytes = NULL;
    uint64_t offset = 0;
    uint64_t bad_offset = 0;
    size_t length;
    while ((length = swb_erasure_stream_next(&bytes, &offset, decode->stream)) > 0) {
        int status = swb_content_compare(&bad_offset, decode->content, offset, bytes, length);
        if (status == SWB_EMISMATCH && bad_offset < decode->bad_offset) {
            decode->bad_offset = bad_offset;
        } else if (status != SWB_OK && status != SWB_EMISMATCH) {
            return status;
        }
    }
    return SWB_OK;
}

static void resume_all(void *argument)
{
    swb__decode *decode = argument;
    swb__timer_stop(decode->resume);
    decode->resume = NULL;
    for (uint32_t i = 0; i < decode->count; i++) {
        if (decode->sources[i].busy) {
            decode->sources[i].busy = false;
            swb__client_resume(decode->sources[i].client);
        }
    }
}

/* What waits may have room now; whoever was furthest behind certainly has. */
static int resume_soon(swb__decode *decode)
{
    return decode->resume != NULL
               ? SWB_OK
               : swb__timer_start(&decode->resume, decode->loop, 0, resume_all, decode);
}

static bool any_busy(const swb__decode *decode)
{
    for (uint32_t i = 0; i < decode->count; i++) {
        if (decode->sources[i].busy) {
            return true;
        }
    }
    return false;
}

static int take(void *argument, const void *bytes, size_t length)
{
    source *self = argument;
    swb__decode *decode = self->decode;
    size_t slot = (size_t)(self - decode->sources);
    if (swb_erasure_stream_room(decode->stream, slot) < length) {
        self->busy = true;
        return SWB_EBUSY;
    }
    int status = swb_erasure_stream_feed(decode->stream, slot, bytes, length);
    if (status == SWB_OK) {
        status = compare_decoded(decode);
    }
    return status == SWB_OK && any_busy(decode) ? resume_soon(decode) : status;
}

static void on_read(void *argument, const swb__client_outcome *outcome)
{
    source *self = argument;
    swb__decode *decode = self->decode;
    self->reading = self->busy = false;
    decode->reading--;
    swb__client_set_sink(self->client, NULL, NULL);
    if (outcome->status != SWB_OK) {
        fail(decode, outcome->status, outcome->error);
    }
    if (decode->reading == 0) {
        finish(decode);
    }
}

static int make_stream(swb__decode *decode, uint32_t parity_parts, const swb__decode_part *parts,
                       swb_error *error)
{
    uint32_t indices[SWB_ERASURE_MAX_PARTS];
    for (uint32_t i = 0; i < decode->count; i++) {
        indices[i] = parts[i].index;
        decode->sources[i] = (source){.decode = decode, .client = parts[i].client};
    }
    int status = swb_erasure_create(&decode->erasure, decode->count, parity_parts, error);
    return status != SWB_OK ? status
                            : swb_erasure_stream_create(&decode->stream, decode->erasure,
                                                        swb_content_size_bytes(decode->content),
                                                        indices, decode->count, error);
}

/* What cannot be begun ends like a read that failed. */
static void begin_reads(swb__decode *decode, const swb__decode_part *parts, uint64_t deadline_ns)
{
    for (uint32_t i = 0; i < decode->count && decode->status == SWB_OK; i++) {
        source *self = &decode->sources[i];
        swb_error error = SWB_ERROR_INIT;
        swb__client_set_sink(self->client, take, self);
        int status =
            swb__client_call(self->client, &parts[i].command, deadline_ns, on_read, self, &error);
        if (status == SWB_OK) {
            self->reading = true;
            decode->reading++;
        } else {
            swb__client_set_sink(self->client, NULL, NULL);
            fail(decode, status, &error);
        }
    }
}

static void finish_later(void *argument)
{
    swb__decode *decode = argument;
    swb__timer_stop(decode->resume);
    decode->resume = NULL;
    finish(decode);
}

int swb__decode_start(swb_loop *loop, const swb_content *content, uint32_t data_parts,
                      uint32_t parity_parts, const swb__decode_part *parts, uint64_t deadline_ns,
                      swb__decode_done done, void *argument, swb_error *error)
{
    swb__decode *decode = calloc(1, sizeof *decode);
    if (decode == NULL) {
        return swb__fail_nomem(error);
    }
    decode->loop = loop;
    decode->content = content;
    decode->count = data_parts;
    decode->bad_offset = UINT64_MAX;
    decode->done = done;
    decode->argument = argument;
    decode->sources = calloc(data_parts, sizeof *decode->sources);
    int status = decode->sources == NULL ? swb__fail_nomem(error)
                                         : make_stream(decode, parity_parts, parts, error);
    if (status != SWB_OK) {
        destroy(decode);
        return status;
    }
    begin_reads(decode, parts, deadline_ns);
    if (decode->reading == 0 &&
        swb__timer_start(&decode->resume, loop, 0, finish_later, decode) != SWB_OK) {
        destroy(decode);
        return swb__fail_nomem(error);
    }
    return SWB_OK;
}
