/* What went wrong, in words: filled by calls that take a `swb_error *`. */
#ifndef SWARMBENCH_ERROR_H
#define SWARMBENCH_ERROR_H

#include <stdint.h>

#include <swarmbench/export.h>
#include <swarmbench/status.h>

SWB_BEGIN_DECLS

/**
 * An error as the library tells it. Owned by the caller, usually on the stack, started with
 * SWB_ERROR_INIT; every call accepts NULL in its place. Filled only on failure.
 *
 * `message` is whole: for bad input it begins with "FILE:LINE:COLUMN: ", names the value and says
 * what would be right. `file`, `line` and `column` repeat the place for programs; line and column
 * count from 1 and are 0 where the error has no place. `column` counts characters, not bytes.
 */
typedef struct swb_error {
    int status; /**< an swb_status */
    uint32_t line;
    uint32_t column;
    char file[256];
    char message[1024];
} swb_error;

#define SWB_ERROR_INIT                                                                             \
    {                                                                                              \
        0, 0, 0, {0},                                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

SWB_END_DECLS

#endif
