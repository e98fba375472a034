/* What the allocation of a file tells about the content in it. */
#ifndef SWB_HOST_BLOCKS_H
#define SWB_HOST_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* A look at an open file: what is told was so at some moment between `before_ns` and `after_ns`. */
typedef struct swb__look {
    int64_t before_ns;
    int64_t after_ns;
    uint64_t size_bytes;
    uint64_t allocated_bytes; /* may count a little metadata too */
} swb__look;

/* SWB_EIO. */
int swb__look_at(swb__look *out, int fd);

/* Whether any byte was written; allocated_bytes alone cannot tell where space was reserved. */
bool swb__file_has_data(int fd);

/* Offset of the first hole at or behind `from`, the file's size where there is none. */
uint64_t swb__file_hole(int fd, uint64_t from);

/* When the file was made, on the monotonic clock; INT64_MIN where the file system does not tell.
 * The kernel stamps with its coarse clock, so this is never later than the truth. */
int64_t swb__file_birth_ns(int fd);

/* Tries, with a file of its own in `directory`, whether the file system tells all this at once and
 * exactly. Some do not: blocks appear late, or holes are not told. */
bool swb__blocks_usable(const char *directory);

#endif
