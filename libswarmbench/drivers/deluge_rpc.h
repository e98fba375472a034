/* Deluge's native RPC: frames of zlib-compressed rencode, requests and replies. */
#ifndef SWB_DRIVERS_DELUGE_RPC_H
#define SWB_DRIVERS_DELUGE_RPC_H

#include "base/buffer.h"
#include "drivers/rencode.h"

/* A frame on the wire is the byte 1, the body's length as u32 big-endian, and the body. */
#define SWB__DELUGE_FRAME_MAX (16u << 20)
/* What a body may inflate to: replies are small, so a zlib bomb stops here. */
#define SWB__DELUGE_REPLY_MAX (1u << 20)
/* What a request may hold; the largest one carries a torrent in base64. */
#define SWB__DELUGE_REQUEST_MAX (64u << 20)

/* swb_driver.frame. */
int swb__deluge_frame(size_t *length_out, const uint8_t *bytes, size_t length);

/* Compresses what is in `body` and appends it as one frame; failures are kept in `frame`. */
void swb__deluge_pack(swb__buffer *frame, const swb__buffer *body);
/* Inflates the body of one whole frame into the empty buffer `body`, up to its limit. SWB_EPROTO,
 * SWB_ENOMEM. */
int swb__deluge_unpack(swb__buffer *body, const uint8_t *frame, size_t length);

/* Begins a request of one call in the empty buffer `body`; `arguments` values follow, and then a
 * dict of named arguments. */
void swb__deluge_begin_request(swb__buffer *body, int64_t id, const char *method,
                               unsigned arguments);

typedef enum swb__deluge_kind {
    SWB__DELUGE_RESULT = 1,
    SWB__DELUGE_ERROR = 2,
    SWB__DELUGE_EVENT = 3,
} swb__deluge_kind;

typedef struct swb__deluge_message {
    swb__deluge_kind kind;
    int64_t id;          /* of the request, but for an event */
    swb__rencode result; /* RESULT */
    char exception[64];  /* ERROR: its class */
    char text[256];      /* ERROR: its words */
} swb__deluge_message;

/* Reads an unpacked body, which `out` borrows. SWB_EPROTO. */
int swb__deluge_read(swb__deluge_message *out, const swb__buffer *body);

#endif
