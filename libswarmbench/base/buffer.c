#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void swb__buffer_finish(swb__buffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
    buffer->length = buffer->capacity = 0;
}

void swb__buffer_clear(swb__buffer *buffer)
{
    buffer->length = 0;
    buffer->status = SWB_OK;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

char *swb__buffer_reserve(swb__buffer *buffer, size_t length)
{
    if (buffer->status != SWB_OK) {
        return NULL;
    }
    if (length > buffer->limit || buffer->length > buffer->limit - length) {
        buffer->status = SWB_ENOSPACE;
        return NULL;
    }
    size_t wanted = buffer->length + length + 1;
    if (wanted > buffer->capacity) {
        size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
        while (capacity < wanted) {
            capacity *= 2;
        }
        char *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            buffer->status = SWB_ENOMEM;
            return NULL;
        }
        buffer->data = data;
        buffer->data[buffer->length] = '\0';
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->length;
}

void swb__buffer_append(swb__buffer *buffer, const void *bytes, size_t length)
{
    char *to = swb__buffer_reserve(buffer, length);
    if (to == NULL) {
        return;
    }
    if (length > 0) {
        memcpy(to, bytes, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void swb__buffer_text(swb__buffer *buffer, const char *text)
{
    swb__buffer_append(buffer, text, strlen(text));
}

void swb__buffer_char(swb__buffer *buffer, char character)
{
    swb__buffer_append(buffer, &character, 1);
}

void swb__buffer_printf(swb__buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *to = swb__buffer_reserve(buffer, (size_t)length);
    if (to == NULL) {
        return;
    }
    va_start(args, format);
    vsnprintf(to, (size_t)length + 1, format, args);
    va_end(args);
    buffer->length += (size_t)length;
}

void swb__buffer_consume(swb__buffer *buffer, size_t length)
{
    assert(length <= buffer->length);
    if (length == 0) {
        return;
    }
    buffer->length -= length;
    memmove(buffer->data, buffer->data + length, buffer->length + 1);
}

const char *swb__buffer_string(const swb__buffer *buffer)
{
    return buffer->data == NULL ? "" : buffer->data;
}

char *swb__buffer_take(swb__buffer *buffer)
{
    if (buffer->status != SWB_OK || swb__buffer_reserve(buffer, 0) == NULL) {
        return NULL;
    }
    char *data = buffer->data;
    data[buffer->length] = '\0';
    buffer->data = NULL;
    buffer->length = buffer->capacity = 0;
    return data;
}
