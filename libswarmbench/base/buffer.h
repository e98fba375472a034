/* The one bounded byte buffer that text and frames are built in. */
#ifndef SWB_BASE_BUFFER_H
#define SWB_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Grows up to `limit` bytes. The first failure (SWB_ENOMEM, SWB_ENOSPACE past the limit) is kept in
 * `status`, and later calls do nothing: check once, at the end. `data` is NUL-terminated unless it
 * is NULL. Zeroed memory with a limit set is a valid empty buffer.
 */
typedef struct swb__buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t limit;
    int status;
} swb__buffer;

#define SWB__BUFFER_INIT(limit_bytes)                                                              \
    {                                                                                              \
        NULL, 0, 0, (limit_bytes), SWB_OK                                                          \
    }

void swb__buffer_finish(swb__buffer *buffer);
/* Empties it, keeps its memory, forgets the failure. */
void swb__buffer_clear(swb__buffer *buffer);
void swb__buffer_append(swb__buffer *buffer, const void *bytes, size_t length);
void swb__buffer_text(swb__buffer *buffer, const char *text);
void swb__buffer_char(swb__buffer *buffer, char character);
void swb__buffer_printf(swb__buffer *buffer, const char *format, ...) SWB__PRINTF(2, 3);
/* Removes the first `length` bytes. */
void swb__buffer_consume(swb__buffer *buffer, size_t length);
/* Makes room for `length` more bytes and returns where they go, NULL on failure; the caller then
 * adds what it wrote to `length`. */
char *swb__buffer_reserve(swb__buffer *buffer, size_t length);
/* The text, "" where it is empty; borrowed until the next change. */
const char *swb__buffer_string(const swb__buffer *buffer);
/* Moves the bytes out; the buffer is empty afterwards. NULL after a failure. */
char *swb__buffer_take(swb__buffer *buffer);

#endif
