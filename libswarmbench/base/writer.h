/* Streamed text and JSON to a file descriptor, through a fixed buffer: bounded memory. */
#ifndef SWB_BASE_WRITER_H
#define SWB_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The first failure is kept; later calls do nothing. Check what swb__writer_finish() returns. */
typedef struct swb__writer {
    int fd;
    int status;
    size_t length;
    unsigned depth;
    uint64_t has_member; /* bit per depth: a comma comes before the next member */
    bool after_key;
    bool in_html; /* JSON in a page: '<' is escaped within it, so that it cannot end its element */
    bool real_point; /* real numbers have a point or an exponent in JSON: a reader that infers a
                      * column's type from some of its rows is then right about all */
    char bytes[8192];
} swb__writer;

void swb__writer_init(swb__writer *writer, int fd);
/* Flushes; returns the first failure, described in `error`. */
int swb__writer_finish(swb__writer *writer, swb_error *error);

void swb__writer_bytes(swb__writer *writer, const void *bytes, size_t length);
void swb__writer_text(swb__writer *writer, const char *text);
void swb__writer_printf(swb__writer *writer, const char *format, ...) SWB__PRINTF(2, 3);

/* JSON (RFC 8259). Commas and quotes are put here; nesting at most 63 deep. A number that is not
 * finite becomes null. A string that is NULL becomes null; bytes that are no UTF-8 become U+FFFD.
 */
void swb__json_open(swb__writer *writer, char bracket);
void swb__json_close(swb__writer *writer, char bracket);
void swb__json_key(swb__writer *writer, const char *key);
void swb__json_string(swb__writer *writer, const char *value);
void swb__json_uint(swb__writer *writer, uint64_t value);
void swb__json_int(swb__writer *writer, int64_t value);
void swb__json_number(swb__writer *writer, double value);
void swb__json_bool(swb__writer *writer, bool value);
void swb__json_null(swb__writer *writer);
/* JSON as it is: one whole value. */
void swb__json_raw(swb__writer *writer, const char *json);

/* One CSV field (RFC 4180), quoted where needed; no comma. */
void swb__csv_field(swb__writer *writer, const char *value);

#endif
