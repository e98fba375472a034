/* Numbers and foreign text for people. */
#include "cli.h"

char *cli_format_bytes(char *out, size_t size, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
    snprintf(out, size, "%.*f %s", decimals, bytes, units[unit]);
    return out;
}

char *cli_format_duration(char *out, size_t size, double ns)
{
    double seconds = ns / 1e9;
    if (seconds < 1) {
        snprintf(out, size, "%.0f ms", ns / 1e6);
    } else if (seconds < 60) {
        snprintf(out, size, "%.*f s", seconds < 10 ? 2 : 1, seconds);
    } else if (seconds < 3600) {
        snprintf(out, size, "%d min %d s", (int)seconds / 60, (int)seconds % 60);
    } else {
        snprintf(out, size, "%.0f h %d min", (double)(long long)(seconds / 3600),
                 (int)((long long)seconds % 3600 / 60));
    }
    return out;
}

/* Length of the UTF-8 sequence at `at` (RFC 3629); 0 where there is none. */
static size_t sequence_length(const unsigned char *at)
{
    size_t length = at[0] < 0x80                    ? 1
                    : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                    : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                    : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                    : 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
    bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

void cli_make_utf8(char *text)
{
    unsigned char *at = (unsigned char *)text;
    while (*at != '\0') {
        size_t length = sequence_length(at);
        if (length == 0) {
            *at = '?';
            length = 1;
        }
        at += length;
    }
}
