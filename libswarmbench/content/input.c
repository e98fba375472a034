#include "content/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

int swb__input_open(swb__input *input, const char *path, swb_error *error)
{
    struct stat info;
    /* O_NONBLOCK: a FIFO in the file's place must not hold us up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return swb__fail_errno(error, errno == ENOENT ? SWB_ENOENT : SWB_EIO, errno, "open %s",
                               path);
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return swb__fail(error, SWB_EIO, "%s is no regular file", path);
    }
    *input = (swb__input){path, fd, (uint64_t)info.st_size};
    return SWB_OK;
}

int swb__input_read(size_t *got_out, const swb__input *input, uint64_t offset, uint8_t *to,
                    size_t length, swb_error *error)
{
    size_t filled = 0;
    while (filled < length) {
        ssize_t got = pread(input->fd, to + filled, length - filled, (off_t)(offset + filled));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return swb__fail_errno(error, SWB_EIO, errno, "read %s at byte %" PRIu64, input->path,
                                   offset + filled);
        }
        if (got == 0) {
            break;
        }
        filled += (size_t)got;
    }
    *got_out = filled;
    return SWB_OK;
}

void swb__input_close(swb__input *input)
{
    close(input->fd);
    input->fd = -1;
}
