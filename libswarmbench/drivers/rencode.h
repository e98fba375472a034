/* rencode, the serialization of Deluge's RPC: written into a buffer, read in place. */
#ifndef SWB_DRIVERS_RENCODE_H
#define SWB_DRIVERS_RENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Values nested deeper than this are refused. */
#define SWB__RENCODE_DEPTH_MAX 32

/* Counts that have a type byte of their own; longer lists and dicts are opened and ended. */
#define SWB__RENCODE_LIST_MAX 63
#define SWB__RENCODE_DICT_MAX 24

typedef enum swb__rencode_kind {
    SWB__RENCODE_NONE,
    SWB__RENCODE_BOOL,    /* integer: 0 or 1 */
    SWB__RENCODE_INTEGER, /* integer */
    SWB__RENCODE_NUMBER,  /* number; integers past 64 bits too */
    SWB__RENCODE_STRING,  /* bytes, length */
    SWB__RENCODE_LIST,    /* count; its items lie in bytes, length */
    SWB__RENCODE_DICT,    /* count pairs; keys and values lie in bytes, length */
} swb__rencode_kind;

/* A value within the bytes it was read from, which must stay. Nothing to free. */
typedef struct swb__rencode {
    swb__rencode_kind kind;
    int64_t integer;
    double number;
    const uint8_t *bytes;
    size_t length;
    size_t count;
} swb__rencode;

/* Reads the one value that fills `length` bytes and checks all that is in it. SWB_EPROTO:
 * malformed, nested too deep, or bytes are left over. */
int swb__rencode_read(swb__rencode *out, const void *bytes, size_t length);

/* Item `index` of a list; the value of a dict's string `key`. SWB_ENOENT, also where `value` is
 * another kind of thing. */
int swb__rencode_item(swb__rencode *out, const swb__rencode *value, size_t index);
int swb__rencode_member(swb__rencode *out, const swb__rencode *value, const char *key);

/* Copies a string, cut at size - 1 bytes, control characters made spaces; other kinds give "". */
char *swb__rencode_text(char *out, size_t size, const swb__rencode *value);
bool swb__rencode_is(const swb__rencode *value, const char *text);

/* Writing. A list or dict is followed by its items, by keys and values in turn. */
void swb__rencode_put_none(swb__buffer *buffer);
void swb__rencode_put_bool(swb__buffer *buffer, bool value);
void swb__rencode_put_integer(swb__buffer *buffer, int64_t value);
void swb__rencode_put_bytes(swb__buffer *buffer, const void *bytes, size_t length);
void swb__rencode_put_text(swb__buffer *buffer, const char *text);
void swb__rencode_put_list(swb__buffer *buffer, unsigned count); /* up to SWB__RENCODE_LIST_MAX */
void swb__rencode_put_dict(swb__buffer *buffer, unsigned count); /* up to SWB__RENCODE_DICT_MAX */

#endif
