/* fallocate() is a GNU extension; posix_fallocate() would write all of a file where the file system
 * cannot reserve. */
#define _GNU_SOURCE

#include "content/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int status_of(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG ? SWB_ENOSPACE : SWB_EIO;
}

/* Removed rather than overwritten: whoever still reads the old file keeps its bytes. */
static int remove_old(const char *path, swb_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return SWB_OK; /* creating it tells what is wrong */
    }
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
        return swb__fail(error, SWB_EIO, "%s exists and is no regular file", path);
    }
    if (unlink(path) != 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "replace %s", path);
    }
    return SWB_OK;
}

/* Room is reserved at once, so that a full disk is told before gigabytes are written. */
static int reserve(const swb__output *output, uint64_t size_bytes, swb_error *error)
{
    int result;
    do {
        result = fallocate(output->fd, 0, 0, (off_t)size_bytes);
    } while (result != 0 && errno == EINTR);
    if (result == 0 || errno == EOPNOTSUPP || errno == ENOSYS) {
        return SWB_OK;
    }
    return swb__fail_errno(error, status_of(errno), errno, "reserve %llu bytes for %s",
                           (unsigned long long)size_bytes, output->path);
}

int swb__output_open(swb__output *output, const char *path, uint64_t size_bytes, swb_error *error)
{
    int status = remove_old(path, error);
    if (status != SWB_OK) {
        return status;
    }
    output->path = path;
    output->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (output->fd < 0) {
        return swb__fail_errno(error, status_of(errno), errno, "create %s", path);
    }
    /* The clients that seed it may run as other users: the umask does not apply. */
    if (fchmod(output->fd, 0644) != 0) {
        status = swb__fail_errno(error, SWB_EIO, errno, "set the mode of %s", path);
    } else {
        status = reserve(output, size_bytes, error);
    }
    return status == SWB_OK ? SWB_OK : swb__output_close(output, status, NULL);
}

int swb__output_write(const swb__output *output, uint64_t offset, const void *bytes, size_t length,
                      swb_error *error)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = pwrite(output->fd, at, length, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return swb__fail_errno(error, status_of(errno), errno, "write %s at byte %llu",
                                   output->path, (unsigned long long)offset);
        }
        at += written;
        offset += (uint64_t)written;
        length -= (size_t)written;
    }
    return SWB_OK;
}

int swb__output_close(swb__output *output, int status, swb_error *error)
{
    /* Some file systems report a failed write only here. */
    if (close(output->fd) != 0 && status == SWB_OK && errno != EINTR) {
        status = swb__fail_errno(error, status_of(errno), errno, "close %s", output->path);
    }
    if (status != SWB_OK) {
        unlink(output->path);
    }
    output->fd = -1;
    return status;
}
