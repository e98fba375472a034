#include "base/utf8.h"

#include <stdbool.h>

static size_t wanted_length(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t swb__utf8_length(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    size_t length = wanted_length(bytes[0]);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xf0 && bytes[1] < 0x90);
    bool surrogate = bytes[0] == 0xed && bytes[1] >= 0xa0;
    bool too_high = bytes[0] == 0xf4 && bytes[1] >= 0x90;
    return overlong || surrogate || too_high ? 0 : length;
}
