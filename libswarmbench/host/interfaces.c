#include "host/interfaces.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/status.h>

#include "base/file.h"

#define FILE_LIMIT ((size_t)1 << 20)

/* "  eth0: 1234 5 0 0 0 0 0 0 5678 ...": bytes in come first, bytes out are the ninth number. */
static bool read_line(char name[32], uint64_t *in, uint64_t *out, const char *line)
{
    return sscanf(line, " %31[^: \n]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, in,
                  out) == 3;
}

int swb__interfaces_count(uint64_t *in_out, uint64_t *out_out, const char *path, const char *only)
{
    char *text;
    uint64_t in_sum = 0;
    uint64_t out_sum = 0;
    bool found = false;
    if (swb__read_file(&text, NULL, path, FILE_LIMIT, NULL) != SWB_OK) {
        return SWB_EIO;
    }
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        char name[32];
        uint64_t in;
        uint64_t out;
        line += *line == '\n';
        if (read_line(name, &in, &out, line) &&
            (only == NULL ? strcmp(name, "lo") != 0 : strcmp(name, only) == 0)) {
            in_sum += in;
            out_sum += out;
            found = true;
        }
    }
    free(text);
    if (!found) {
        return SWB_ENOENT;
    }
    *in_out = in_sum;
    *out_out = out_sum;
    return SWB_OK;
}
