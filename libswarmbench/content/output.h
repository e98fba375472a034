/* The new file that content is written to. */
#ifndef SWB_CONTENT_OUTPUT_H
#define SWB_CONTENT_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct swb__output {
    const char *path; /* borrowed until it is closed */
    int fd;
} swb__output;

/* Creates the file with mode 0644 and its room on disk; a file or link of that name is removed
 * before. SWB_EIO, SWB_ENOSPACE. */
int swb__output_open(swb__output *output, const char *path, uint64_t size_bytes, swb_error *error);
/* Writes all bytes at an offset; any number of threads at once. SWB_EIO, SWB_ENOSPACE. */
int swb__output_write(const swb__output *output, uint64_t offset, const void *bytes, size_t length,
                      swb_error *error);
/* Closes; with a `status` other than SWB_OK, or where closing fails, the file is removed. Returns
 * `status` or that failure. */
int swb__output_close(swb__output *output, int status, swb_error *error);

#endif
