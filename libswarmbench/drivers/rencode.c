#include "drivers/rencode.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Type bytes. Those of one value each, then the ranges whose offset is a value or a count. */
enum {
    INTEGER_SMALL = 0, /* 0..43 */
    FLOAT64 = 44,
    LIST_OPEN = 59,
    DICT_OPEN = 60,
    INTEGER_TEXT = 61,
    INTEGER_8 = 62,
    INTEGER_16 = 63,
    INTEGER_32 = 64,
    INTEGER_64 = 65,
    FLOAT32 = 66,
    TRUE_ = 67,
    FALSE_ = 68,
    NONE = 69,
    INTEGER_NEGATIVE = 70, /* -1..-32 */
    DICT_SMALL = 102,      /* 0..24 pairs */
    END = 127,
    STRING_SMALL = 128, /* 0..63 bytes */
    LIST_SMALL = 192,   /* 0..63 items */
};

#define INTEGER_TEXT_MAX 64
#define STRING_SMALL_MAX 63
#define LENGTH_DIGITS_MAX 10

/* Where a reader is. Each read_* takes what it needs or returns SWB_EPROTO. */
typedef struct cursor {
    const uint8_t *at;
    const uint8_t *end;
} cursor;

static int read_value(swb__rencode *out, cursor *in, unsigned depth);

static int take(const uint8_t **out, cursor *in, size_t length)
{
    if (length > (size_t)(in->end - in->at)) {
        return SWB_EPROTO;
    }
    *out = in->at;
    in->at += length;
    return SWB_OK;
}

static int take_big_endian(uint64_t *out, cursor *in, size_t width)
{
    const uint8_t *bytes;
    int status = take(&bytes, in, width);
    if (status == SWB_OK) {
        *out = 0;
        for (size_t i = 0; i < width; i++) {
            *out = *out << 8 | bytes[i];
        }
    }
    return status;
}

static int read_integer(swb__rencode *out, cursor *in, size_t width)
{
    uint64_t bits;
    int status = take_big_endian(&bits, in, width);
    if (status == SWB_OK) {
        uint64_t sign = UINT64_C(1) << (8 * width - 1);
        out->kind = SWB__RENCODE_INTEGER;
        out->integer = (int64_t)((bits ^ sign) - sign);
    }
    return status;
}

static int read_float(swb__rencode *out, cursor *in, size_t width)
{
    uint64_t bits;
    int status = take_big_endian(&bits, in, width);
    if (status != SWB_OK) {
        return status;
    }
    out->kind = SWB__RENCODE_NUMBER;
    if (width == sizeof(double)) {
        memcpy(&out->number, &bits, sizeof out->number);
    } else {
        uint32_t half = (uint32_t)bits;
        float number;
        memcpy(&number, &half, sizeof number);
        out->number = (double)number;
    }
    return SWB_OK;
}

/* Decimal digits up to END. */
static int read_integer_text(swb__rencode *out, cursor *in)
{
    char digits[INTEGER_TEXT_MAX + 1];
    size_t length = 0;
    while (in->at < in->end && *in->at != END) {
        char digit = (char)*in->at++;
        bool fits = (digit >= '0' && digit <= '9') || (digit == '-' && length == 0);
        if (!fits || length == INTEGER_TEXT_MAX) {
            return SWB_EPROTO;
        }
        digits[length++] = digit;
    }
    digits[length] = '\0';
    if (in->at == in->end || length == 0 || strcmp(digits, "-") == 0) {
        return SWB_EPROTO;
    }
    in->at++;
    errno = 0;
    out->kind = SWB__RENCODE_INTEGER;
    out->integer = strtoll(digits, NULL, 10);
    if (errno == ERANGE) {
        out->kind = SWB__RENCODE_NUMBER;
        out->number = strtod(digits, NULL);
    }
    return SWB_OK;
}

static int read_string(swb__rencode *out, cursor *in, size_t length)
{
    out->kind = SWB__RENCODE_STRING;
    out->length = length;
    return take(&out->bytes, in, length);
}

/* "LENGTH:" and the bytes; `first` is the digit that was taken already. */
static int read_long_string(swb__rencode *out, cursor *in, uint8_t first)
{
    uint64_t length = (uint64_t)(first - '0');
    for (unsigned digits = 1; in->at < in->end && *in->at != ':'; digits++) {
        if (*in->at < '0' || *in->at > '9' || digits == LENGTH_DIGITS_MAX) {
            return SWB_EPROTO;
        }
        length = length * 10 + (uint64_t)(*in->at++ - '0');
    }
    if (in->at == in->end) {
        return SWB_EPROTO;
    }
    in->at++;
    return read_string(out, in, length);
}

static bool at_end_mark(const cursor *in)
{
    return in->at < in->end && *in->at == END;
}

/* Items of a list, or keys and values of a dict: `count` of them, or up to END where `open`. */
static int read_items(swb__rencode *out, cursor *in, swb__rencode_kind kind, size_t count,
                      bool open, unsigned depth)
{
    const size_t each = kind == SWB__RENCODE_DICT ? 2 : 1;
    swb__rencode ignored;
    out->kind = kind;
    out->bytes = in->at;
    out->count = 0;
    while (open ? !at_end_mark(in) : out->count < count) {
        for (size_t i = 0; i < each; i++) {
            if (read_value(&ignored, in, depth + 1) != SWB_OK) {
                return SWB_EPROTO;
            }
        }
        out->count++;
    }
    out->length = (size_t)(in->at - out->bytes);
    in->at += open;
    return SWB_OK;
}

static int read_typed(swb__rencode *out, cursor *in, uint8_t type, unsigned depth)
{
    switch (type) {
    case FLOAT64:
        return read_float(out, in, 8);
    case FLOAT32:
        return read_float(out, in, 4);
    case INTEGER_8:
        return read_integer(out, in, 1);
    case INTEGER_16:
        return read_integer(out, in, 2);
    case INTEGER_32:
        return read_integer(out, in, 4);
    case INTEGER_64:
        return read_integer(out, in, 8);
    case INTEGER_TEXT:
        return read_integer_text(out, in);
    case LIST_OPEN:
        return read_items(out, in, SWB__RENCODE_LIST, 0, true, depth);
    case DICT_OPEN:
        return read_items(out, in, SWB__RENCODE_DICT, 0, true, depth);
    case TRUE_:
    case FALSE_:
        out->kind = SWB__RENCODE_BOOL;
        out->integer = type == TRUE_;
        return SWB_OK;
    case NONE:
        out->kind = SWB__RENCODE_NONE;
        return SWB_OK;
    default:
        return type >= '0' && type <= '9' ? read_long_string(out, in, type) : SWB_EPROTO;
    }
}

static int read_value(swb__rencode *out, cursor *in, unsigned depth)
{
    const uint8_t *byte;
    if (depth > SWB__RENCODE_DEPTH_MAX || take(&byte, in, 1) != SWB_OK) {
        return SWB_EPROTO;
    }
    uint8_t type = *byte;
    memset(out, 0, sizeof *out);
    if (type < FLOAT64) {
        out->kind = SWB__RENCODE_INTEGER;
        out->integer = type - INTEGER_SMALL;
        return SWB_OK;
    }
    if (type >= LIST_SMALL) {
        return read_items(out, in, SWB__RENCODE_LIST, type - LIST_SMALL, false, depth);
    }
    if (type >= STRING_SMALL) {
        return read_string(out, in, type - STRING_SMALL);
    }
    if (type >= DICT_SMALL && type < END) {
        return read_items(out, in, SWB__RENCODE_DICT, type - DICT_SMALL, false, depth);
    }
    if (type >= INTEGER_NEGATIVE && type < DICT_SMALL) {
        out->kind = SWB__RENCODE_INTEGER;
        out->integer = INTEGER_NEGATIVE - 1 - type;
        return SWB_OK;
    }
    return read_typed(out, in, type, depth);
}

int swb__rencode_read(swb__rencode *out, const void *bytes, size_t length)
{
    swb__rencode value;
    cursor in = {bytes, (const uint8_t *)bytes + length};
    if (read_value(&value, &in, 0) != SWB_OK || in.at != in.end) {
        return SWB_EPROTO;
    }
    *out = value;
    return SWB_OK;
}

int swb__rencode_item(swb__rencode *out, const swb__rencode *value, size_t index)
{
    if (value->kind != SWB__RENCODE_LIST || index >= value->count) {
        return SWB_ENOENT;
    }
    cursor in = {value->bytes, value->bytes + value->length};
    for (size_t i = 0; i <= index; i++) {
        int status = read_value(out, &in, 0);
        assert(status == SWB_OK); /* checked when the whole was read */
        (void)status;
    }
    return SWB_OK;
}

int swb__rencode_member(swb__rencode *out, const swb__rencode *value, const char *key)
{
    if (value->kind != SWB__RENCODE_DICT) {
        return SWB_ENOENT;
    }
    cursor in = {value->bytes, value->bytes + value->length};
    for (size_t i = 0; i < value->count; i++) {
        swb__rencode name;
        swb__rencode item;
        if (read_value(&name, &in, 0) != SWB_OK || read_value(&item, &in, 0) != SWB_OK) {
            break;
        }
        if (swb__rencode_is(&name, key)) {
            *out = item;
            return SWB_OK;
        }
    }
    return SWB_ENOENT;
}

char *swb__rencode_text(char *out, size_t size, const swb__rencode *value)
{
    size_t length = value->kind == SWB__RENCODE_STRING ? value->length : 0;
    length = length < size ? length : size - 1;
    for (size_t i = 0; i < length; i++) {
        out[i] = value->bytes[i] < ' ' ? ' ' : (char)value->bytes[i];
    }
    out[length] = '\0';
    return out;
}

bool swb__rencode_is(const swb__rencode *value, const char *text)
{
    return value->kind == SWB__RENCODE_STRING && value->length == strlen(text) &&
           memcmp(value->bytes, text, value->length) == 0;
}

static void put_byte(swb__buffer *buffer, int byte)
{
    swb__buffer_char(buffer, (char)(unsigned char)byte);
}

void swb__rencode_put_none(swb__buffer *buffer)
{
    put_byte(buffer, NONE);
}

void swb__rencode_put_bool(swb__buffer *buffer, bool value)
{
    put_byte(buffer, value ? TRUE_ : FALSE_);
}

static void put_wide(swb__buffer *buffer, int type, int64_t value, unsigned width)
{
    put_byte(buffer, type);
    for (unsigned i = width; i > 0; i--) {
        put_byte(buffer, (int)((uint64_t)value >> (8 * (i - 1)) & 0xff));
    }
}

void swb__rencode_put_integer(swb__buffer *buffer, int64_t value)
{
    if (value >= 0 && value < FLOAT64) {
        put_byte(buffer, (int)value);
    } else if (value < 0 && value >= -32) {
        put_byte(buffer, INTEGER_NEGATIVE - 1 - (int)value);
    } else if (value >= INT8_MIN && value <= INT8_MAX) {
        put_wide(buffer, INTEGER_8, value, 1);
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        put_wide(buffer, INTEGER_16, value, 2);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        put_wide(buffer, INTEGER_32, value, 4);
    } else {
        put_wide(buffer, INTEGER_64, value, 8);
    }
}

void swb__rencode_put_bytes(swb__buffer *buffer, const void *bytes, size_t length)
{
    if (length <= STRING_SMALL_MAX) {
        put_byte(buffer, STRING_SMALL + (int)length);
    } else {
        swb__buffer_printf(buffer, "%zu:", length);
    }
    swb__buffer_append(buffer, bytes, length);
}

void swb__rencode_put_text(swb__buffer *buffer, const char *text)
{
    swb__rencode_put_bytes(buffer, text, strlen(text));
}

void swb__rencode_put_list(swb__buffer *buffer, unsigned count)
{
    assert(count <= SWB__RENCODE_LIST_MAX);
    put_byte(buffer, LIST_SMALL + (int)count);
}

void swb__rencode_put_dict(swb__buffer *buffer, unsigned count)
{
    assert(count <= SWB__RENCODE_DICT_MAX);
    put_byte(buffer, DICT_SMALL + (int)count);
}
