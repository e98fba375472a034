/* A framed TLS stream on the loop, carried by libcurl (CURLOPT_CONNECT_ONLY). */
#ifndef SWB_IO_STREAM_H
#define SWB_IO_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__stream swb__stream;

typedef struct swb__stream_events {
    /* The TLS handshake is done; frames may be sent. */
    void (*opened)(void *argument);
    /* One whole frame, as `frame` delimits it; a NUL byte follows it. Borrowed until return. */
    void (*frame_received)(void *argument, const uint8_t *frame, size_t length);
    /* The stream ended; the one last call. SWB_ECONNECT, SWB_ETIMEDOUT, SWB_ETRUNCATED (closed by
     * the peer), SWB_EPROTO (bad frame), SWB_ECANCELED (closed by us). */
    void (*closed)(void *argument, int status, const swb_error *error);
    /* Length of the first frame in `bytes`, 0 where more are needed. SWB_EPROTO. */
    int (*frame)(size_t *length_out, const uint8_t *bytes, size_t length);
    void *argument;
} swb__stream_events;

typedef struct swb__stream_options {
    const char *address;
    uint16_t port;
    int verify_peer;        /* 0: self-signed certificates are accepted (Deluge makes its own) */
    uint64_t connect_ns;    /* deadline of TCP and TLS together */
    size_t max_frame_bytes; /* a longer frame ends the stream with SWB_EPROTO; 0: 64 MiB */
} swb__stream_options;

/* Begins to connect; no event comes from within. SWB_ENOMEM, SWB_EINVAL. */
int swb__stream_open(swb__stream **out, swb_loop *loop, const swb__stream_options *options,
                     const swb__stream_events *events, swb_error *error);
/* Sends bytes, copied; what the socket does not take is sent when it can. `*sent_ns_out` (may be
 * NULL) is set at once to the moment the bytes were handed to TLS. SWB_ENOMEM, SWB_ECONNECT (not
 * open). */
int swb__stream_send(int64_t *sent_ns_out, swb__stream *stream, const void *bytes, size_t length);
/* Closes and frees; `closed` is called once, soon, where it was not called yet. Accepts NULL. */
void swb__stream_close(swb__stream *stream);

#endif
