#define _GNU_SOURCE /* F_OFD_SETLK */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct flock whole_file(void)
{
    struct flock range;
    memset(&range, 0, sizeof range);
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    return range;
}

static bool lock_path(char *out, size_t size, const char *path)
{
    int length = snprintf(out, size, "%s-writer", path);
    return length > 0 && (size_t)length < size;
}

/* Is the open file still the one that the path names? Its holder removes it before letting go. */
static bool still_named(int fd, const char *path)
{
    struct stat by_fd;
    struct stat by_path;
    return fstat(fd, &by_fd) == 0 && stat(path, &by_path) == 0 && by_fd.st_dev == by_path.st_dev &&
           by_fd.st_ino == by_path.st_ino;
}

static int busy(int fd, const char *path, swb_error *error)
{
    char pid[24] = "";
    ssize_t length = pread(fd, pid, sizeof pid - 1, 0);
    pid[length > 0 ? length : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    return swb__fail(error, SWB_EBUSY, "%s: process %s writes to it; wait until it has ended", path,
                     pid[0] == '\0' ? "unknown" : pid);
}

static void write_pid(int fd)
{
    char pid[24];
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* Only for the message of one that comes later: a failure changes nothing. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)length, 0) != length) {
        (void)!ftruncate(fd, 0);
    }
}

int swb__lock_take(swb__lock *lock, const char *path, swb_error *error)
{
    struct flock range = whole_file();
    if (!lock_path(lock->path, sizeof lock->path, path)) {
        return swb__fail(error, SWB_EIO, "%.200s...: path is too long", path);
    }
    for (;;) {
        int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
            return swb__fail_errno(error, SWB_EIO, errno, "create %s", lock->path);
        }
        if (fcntl(fd, F_OFD_SETLK, &range) != 0) {
            int reason = errno;
            int status = reason == EAGAIN || reason == EACCES
                             ? busy(fd, path, error)
                             : swb__fail_errno(error, SWB_EIO, reason, "lock %s", lock->path);
            close(fd);
            return status;
        }
        if (still_named(fd, lock->path)) {
            write_pid(fd);
            lock->fd = fd;
            return SWB_OK;
        }
        close(fd);
    }
}

void swb__lock_give(swb__lock *lock)
{
    if (lock->fd >= 0) {
        unlink(lock->path);
        close(lock->fd);
        lock->fd = -1;
    }
}

bool swb__lock_held(const char *path)
{
    char name[4096];
    struct flock range = whole_file();
    int fd = lock_path(name, sizeof name, path) ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0 && errno == EACCES) {
        /* Another user's: a lock for reading is all that may be asked about. */
        fd = open(name, O_RDONLY | O_CLOEXEC);
        range.l_type = F_RDLCK;
    }
    if (fd < 0) {
        return false;
    }
    bool held = fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
    close(fd);
    return held;
}
