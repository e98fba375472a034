#define _GNU_SOURCE
#include "host/blocks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <swarmbench/status.h>

#include "base/clock.h"

#define BLOCK_UNIT 512 /* of st_blocks, on every Linux file system */

int swb__look_at(swb__look *out, int fd)
{
    struct stat info;
    int64_t before_ns = swb__clock_ns();
    if (fstat(fd, &info) != 0) {
        return SWB_EIO;
    }
    *out = (swb__look){
        .before_ns = before_ns,
        .after_ns = swb__clock_ns(),
        .size_bytes = (uint64_t)info.st_size,
        .allocated_bytes = (uint64_t)info.st_blocks * BLOCK_UNIT,
    };
    return SWB_OK;
}

bool swb__file_has_data(int fd)
{
    return lseek(fd, 0, SEEK_DATA) >= 0;
}

uint64_t swb__file_hole(int fd, uint64_t from)
{
    /* A failure means that there is nothing at `from`: no data is there yet. */
    off_t hole = lseek(fd, (off_t)from, SEEK_HOLE);
    return hole < 0 ? from : (uint64_t)hole;
}

int64_t swb__file_birth_ns(int fd)
{
    struct statx info;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) != 0 ||
        (info.stx_mask & STATX_BTIME) == 0) {
        return INT64_MIN;
    }
    return swb__wall_to_clock_ns((int64_t)info.stx_btime.tv_sec * SWB__NS_PER_S +
                                 (int64_t)info.stx_btime.tv_nsec);
}

/* A sparse file, then one page written in its middle: each step must be told at once. */
static bool tells_the_truth(int fd)
{
    enum { SIZE = 1 << 20, AT = 1 << 19 };
    static const char page[65536] = {1};
    swb__look look;
    if (ftruncate(fd, SIZE) != 0 || swb__look_at(&look, fd) != SWB_OK ||
        look.allocated_bytes != 0 || swb__file_has_data(fd) || swb__file_hole(fd, 0) != 0) {
        return false;
    }
    if (pwrite(fd, page, sizeof page, AT) != (ssize_t)sizeof page ||
        swb__look_at(&look, fd) != SWB_OK) {
        return false;
    }
    return look.allocated_bytes >= sizeof page && look.allocated_bytes < SIZE / 2 &&
           lseek(fd, 0, SEEK_DATA) == AT && swb__file_hole(fd, AT) == AT + sizeof page;
}

bool swb__blocks_usable(const char *directory)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/.blocks-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path) {
        return false;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool usable = tells_the_truth(fd);
    close(fd);
    unlink(path);
    return usable;
}
