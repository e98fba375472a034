/* Bencoding (BEP 3), written into a buffer. Failures stay in the buffer's status. */
#ifndef SWB_CONTENT_BENCODE_H
#define SWB_CONTENT_BENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Keys must be written in the order of their bytes. */
void swb__bencode_dict(swb__buffer *buffer);
void swb__bencode_end(swb__buffer *buffer);
void swb__bencode_uint(swb__buffer *buffer, uint64_t value);
void swb__bencode_bytes(swb__buffer *buffer, const void *bytes, size_t length);
/* A key of a dictionary, or any other NUL-terminated text. */
void swb__bencode_text(swb__buffer *buffer, const char *text);

#endif
