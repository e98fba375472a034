/* A file that is read to be verified. */
#ifndef SWB_CONTENT_INPUT_H
#define SWB_CONTENT_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct swb__input {
    const char *path; /* borrowed until it is closed */
    int fd;
    uint64_t size_bytes; /* at the start */
} swb__input;

/* SWB_ENOENT, SWB_EIO; what is no regular file is not opened. */
int swb__input_open(swb__input *input, const char *path, swb_error *error);
/* Reads up to `length` bytes; fewer only where the file ends. SWB_EIO. */
int swb__input_read(size_t *got_out, const swb__input *input, uint64_t offset, uint8_t *to,
                    size_t length, swb_error *error);
void swb__input_close(swb__input *input);

#endif
