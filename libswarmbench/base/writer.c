#include "base/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"

void swb__writer_init(swb__writer *writer, int fd)
{
    memset(writer, 0, offsetof(swb__writer, bytes));
    writer->fd = fd;
}

static void flush(swb__writer *writer)
{
    if (writer->status == SWB_OK) {
        writer->status = swb__write_all(writer->fd, writer->bytes, writer->length, NULL);
    }
    writer->length = 0;
}

int swb__writer_finish(swb__writer *writer, swb_error *error)
{
    flush(writer);
    if (writer->status != SWB_OK) {
        return swb__fail(error, writer->status, "write output: %s",
                         swb_status_text(writer->status));
    }
    return SWB_OK;
}

void swb__writer_bytes(swb__writer *writer, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0 && writer->status == SWB_OK) {
        size_t room = sizeof writer->bytes - writer->length;
        size_t part = length < room ? length : room;
        memcpy(writer->bytes + writer->length, at, part);
        writer->length += part;
        at += part;
        length -= part;
        if (writer->length == sizeof writer->bytes) {
            flush(writer);
        }
    }
}

void swb__writer_text(swb__writer *writer, const char *text)
{
    swb__writer_bytes(writer, text, strlen(text));
}

void swb__writer_printf(swb__writer *writer, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(length >= 0);
    if ((size_t)length < sizeof text) {
        swb__writer_bytes(writer, text, (size_t)length);
        return;
    }
    char *longer = malloc((size_t)length + 1);
    if (longer == NULL) {
        writer->status = writer->status == SWB_OK ? SWB_ENOMEM : writer->status;
        return;
    }
    va_start(args, format);
    vsnprintf(longer, (size_t)length + 1, format, args);
    va_end(args);
    swb__writer_bytes(writer, longer, (size_t)length);
    free(longer);
}

static void before_value(swb__writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    uint64_t bit = UINT64_C(1) << writer->depth;
    if (writer->has_member & bit) {
        swb__writer_bytes(writer, ",", 1);
    }
    writer->has_member |= bit;
}

void swb__json_open(swb__writer *writer, char bracket)
{
    before_value(writer);
    swb__writer_bytes(writer, &bracket, 1);
    assert(writer->depth < 63);
    writer->depth++;
    writer->has_member &= ~(UINT64_C(1) << writer->depth);
}

void swb__json_close(swb__writer *writer, char bracket)
{
    assert(writer->depth > 0);
    writer->depth--;
    swb__writer_bytes(writer, &bracket, 1);
}

/* How many characters from here on stand in a JSON string as they are. */
static size_t plain_length(const swb__writer *writer, const char *at)
{
    size_t length = 0;
    while ((unsigned char)at[length] >= 0x20 && (unsigned char)at[length] < 0x80 &&
           at[length] != '"' && at[length] != '\\' && !(at[length] == '<' && writer->in_html)) {
        length++;
    }
    return length;
}

/* What YAML and JavaScript take for the end of a line, or drop: the characters' numbers; 0: none.
 */
static unsigned hidden_break(const char *at, size_t length)
{
    static const struct {
        char bytes[4];
        unsigned number;
    } breaks[] = {{"\xc2\x85", 0x85},
                  {"\xe2\x80\xa8", 0x2028},
                  {"\xe2\x80\xa9", 0x2029},
                  {"\xef\xbb\xbf", 0xfeff}};
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        if (strlen(breaks[i].bytes) == length && memcmp(at, breaks[i].bytes, length) == 0) {
            return breaks[i].number;
        }
    }
    return 0;
}

static void quoted(swb__writer *writer, const char *value)
{
    const char *at = value;
    swb__writer_bytes(writer, "\"", 1);
    while (*at != '\0') {
        size_t plain = plain_length(writer, at);
        size_t length = plain > 0 ? plain : swb__utf8_length(at);
        if (plain > 0) {
            swb__writer_bytes(writer, at, plain);
        } else if (*at == '"' || *at == '\\') {
            char escaped[2] = {'\\', *at};
            swb__writer_bytes(writer, escaped, 2);
        } else if (*at == '\n') {
            swb__writer_text(writer, "\\n");
        } else if ((unsigned char)*at < 0x20 || *at == '<') {
            swb__writer_printf(writer, "\\u%04x", (unsigned char)*at);
        } else if (length == 0) {
            swb__writer_text(writer, SWB__UTF8_REPLACEMENT);
        } else if (hidden_break(at, length) != 0) {
            swb__writer_printf(writer, "\\u%04x", hidden_break(at, length));
        } else {
            swb__writer_bytes(writer, at, length);
        }
        at += length == 0 ? 1 : length;
    }
    swb__writer_bytes(writer, "\"", 1);
}

void swb__json_key(swb__writer *writer, const char *key)
{
    before_value(writer);
    quoted(writer, key);
    swb__writer_bytes(writer, ":", 1);
    writer->after_key = true;
}

void swb__json_string(swb__writer *writer, const char *value)
{
    if (value == NULL) {
        swb__json_null(writer);
        return;
    }
    before_value(writer);
    quoted(writer, value);
}

void swb__json_uint(swb__writer *writer, uint64_t value)
{
    /* By hand: a plan has millions of them. */
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    before_value(writer);
    swb__writer_bytes(writer, digits + at, sizeof digits - at);
}

void swb__json_int(swb__writer *writer, int64_t value)
{
    before_value(writer);
    swb__writer_printf(writer, "%" PRId64, value);
}

void swb__json_number(swb__writer *writer, double value)
{
    if (!isfinite(value)) {
        swb__json_null(writer);
        return;
    }
    /* The shortest of the two forms that reads back as the same number. */
    char text[40];
    snprintf(text, sizeof text, "%.15g", value);
    double back = 0;
    if (sscanf(text, "%lf", &back) != 1 || back != value) {
        snprintf(text, sizeof text, "%.17g", value);
    }
    /* An embedding program's locale may write a comma. */
    char *comma = strchr(text, ',');
    if (comma != NULL) {
        *comma = '.';
    }
    before_value(writer);
    swb__writer_text(writer, text);
    if (writer->real_point && strpbrk(text, ".e") == NULL) {
        swb__writer_text(writer, ".0");
    }
}

void swb__json_bool(swb__writer *writer, bool value)
{
    before_value(writer);
    swb__writer_text(writer, value ? "true" : "false");
}

void swb__json_null(swb__writer *writer)
{
    before_value(writer);
    swb__writer_text(writer, "null");
}

void swb__json_raw(swb__writer *writer, const char *json)
{
    before_value(writer);
    swb__writer_text(writer, json);
}

void swb__csv_field(swb__writer *writer, const char *value)
{
    if (strpbrk(value, ",\"\r\n") == NULL) {
        swb__writer_text(writer, value);
        return;
    }
    swb__writer_bytes(writer, "\"", 1);
    for (const char *at = value; *at != '\0'; at++) {
        swb__writer_bytes(writer, "\"\"", *at == '"' ? 2 : 0);
        if (*at != '"') {
            swb__writer_bytes(writer, at, 1);
        }
    }
    swb__writer_bytes(writer, "\"", 1);
}
