#include "content/bencode.h"

#include <inttypes.h>
#include <string.h>

void swb__bencode_dict(swb__buffer *buffer)
{
    swb__buffer_char(buffer, 'd');
}

void swb__bencode_end(swb__buffer *buffer)
{
    swb__buffer_char(buffer, 'e');
}

void swb__bencode_uint(swb__buffer *buffer, uint64_t value)
{
    swb__buffer_printf(buffer, "i%" PRIu64 "e", value);
}

void swb__bencode_bytes(swb__buffer *buffer, const void *bytes, size_t length)
{
    swb__buffer_printf(buffer, "%zu:", length);
    swb__buffer_append(buffer, bytes, length);
}

void swb__bencode_text(swb__buffer *buffer, const char *text)
{
    swb__bencode_bytes(buffer, text, strlen(text));
}
