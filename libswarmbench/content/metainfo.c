/* A reader of bencoding that copies nothing and believes nothing. */
#include "content/metainfo.h"

#include <stdbool.h>
#include <string.h>

#define DEEPEST 16
#define MOST_DIGITS 15 /* far over any length, far under an overflow */

struct reader {
    const char *bytes;
    size_t length;
    size_t at;
};

static bool take_char(struct reader *reader, char wanted)
{
    if (reader->at < reader->length && reader->bytes[reader->at] == wanted) {
        reader->at++;
        return true;
    }
    return false;
}

/* Digits up to `end`, which is taken too. */
static bool take_number(uint64_t *out, struct reader *reader, char end)
{
    uint64_t value = 0;
    size_t digits = 0;
    for (; reader->at < reader->length && digits <= MOST_DIGITS; digits++, reader->at++) {
        char digit = reader->bytes[reader->at];
        if (digit < '0' || digit > '9') {
            break;
        }
        value = value * 10 + (uint64_t)(digit - '0');
    }
    *out = value;
    return digits > 0 && digits <= MOST_DIGITS && take_char(reader, end);
}

static bool take_string(const char **out, size_t *length_out, struct reader *reader)
{
    uint64_t length;
    if (!take_number(&length, reader, ':') || length > reader->length - reader->at) {
        return false;
    }
    *out = reader->bytes + reader->at;
    *length_out = (size_t)length;
    reader->at += (size_t)length;
    return true;
}

static bool skip_value(struct reader *reader, unsigned depth)
{
    const char *text;
    size_t length;
    uint64_t number;
    if (depth > DEEPEST) {
        return false;
    }
    if (take_char(reader, 'i')) {
        take_char(reader, '-');
        return take_number(&number, reader, 'e');
    }
    if (take_char(reader, 'l') || take_char(reader, 'd')) {
        while (!take_char(reader, 'e')) {
            if (!skip_value(reader, depth + 1)) {
                return false;
            }
        }
        return true;
    }
    return take_string(&text, &length, reader);
}

/* Enters a dictionary and goes to the value of `wanted`. */
static bool find_key(struct reader *reader, const char *wanted)
{
    const char *key;
    size_t length;
    if (!take_char(reader, 'd')) {
        return false;
    }
    while (take_string(&key, &length, reader)) {
        if (length == strlen(wanted) && memcmp(key, wanted, length) == 0) {
            return true;
        }
        if (!skip_value(reader, 0)) {
            return false;
        }
    }
    return false;
}

int swb__metainfo_find(swb__metainfo_place *out, const char *bytes, size_t length)
{
    struct reader whole = {bytes, length, 0};
    struct reader end = whole;
    uint64_t piece_bytes;
    if (!skip_value(&end, 0) || end.at != length || !find_key(&whole, "info")) {
        return SWB_EPROTO;
    }
    struct reader info = whole;
    struct reader pieces = whole;
    if (!skip_value(&info, 0) || !find_key(&pieces, "piece length") || !take_char(&pieces, 'i') ||
        !take_number(&piece_bytes, &pieces, 'e') || pieces.at > info.at) {
        return SWB_EPROTO;
    }
    *out = (swb__metainfo_place){whole.at, info.at - whole.at, piece_bytes};
    return SWB_OK;
}
