#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buffer.h"

static bool is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int swb__make_dirs(const char *path, mode_t mode, swb_error *error)
{
    char part[4096];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        return swb__fail(error, SWB_EINVAL, "path of %zu bytes: '%.80s'", length, path);
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0') {
            continue;
        }
        part[i] = '\0';
        if (mkdir(part, mode) != 0) {
            int errnum = errno;
            /* A directory is fine whatever mkdir() says of it: EEXIST, EROFS, EACCES. */
            if (!is_dir(part)) {
                return swb__fail_errno(error, SWB_EIO, errnum, "make directory %s", part);
            }
        }
        part[i] = path[i];
    }
    return SWB_OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)where;
    if (kind == FTW_DNR) {
        chmod(path, 0700);
    }
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

int swb__remove_tree(const char *path, swb_error *error)
{
    if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT) {
        return swb__fail_errno(error, SWB_EIO, errno, "remove %s", path);
    }
    return SWB_OK;
}

static int write_status(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT ? SWB_ENOSPACE : SWB_EIO;
}

int swb__write_all(int fd, const void *bytes, size_t length, swb_error *error)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return swb__fail_errno(error, write_status(errno), errno, "write");
        }
        at += written;
        length -= (size_t)written;
    }
    return SWB_OK;
}

int swb__write_file(const char *path, mode_t mode, const void *bytes, size_t length,
                    swb_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "create %s", path);
    }
    int status = swb__write_all(fd, bytes, length, error);
    if (status != SWB_OK) {
        swb__error_context(error, "%s", path);
    }
    /* Some file systems report a failed write only here. */
    if (close(fd) != 0 && errno != EINTR && status == SWB_OK) {
        status = swb__fail_errno(error, write_status(errno), errno, "close %s", path);
    }
    return status;
}

static int read_all(char *data, size_t size, size_t *length, int fd)
{
    while (*length < size) {
        ssize_t got = read(fd, data + *length, size - *length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? SWB_OK : SWB_EIO;
        }
        *length += (size_t)got;
    }
    return SWB_OK;
}

int swb__read_file(char **data_out, size_t *length_out, const char *path, size_t limit,
                   swb_error *error)
{
    char *data = NULL;
    size_t length = 0;
    size_t size = 4096;
    int status = SWB_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return swb__fail_errno(error, errno == ENOENT ? SWB_ENOENT : SWB_EIO, errno, "open %s",
                               path);
    }
    /* Read in growing steps: a file in /proc tells no size beforehand. */
    for (;;) {
        char *grown = realloc(data, size + 1);
        if (grown == NULL) {
            status = swb__fail_nomem(error);
            break;
        }
        data = grown;
        if (read_all(data, size, &length, fd) != SWB_OK) {
            status = swb__fail_errno(error, SWB_EIO, errno, "read %s", path);
            break;
        }
        if (length > limit) {
            status = swb__fail(error, SWB_ENOSPACE, "%s is longer than %zu bytes", path, limit);
            break;
        }
        if (length < size) {
            break;
        }
        size *= 2;
    }
    close(fd);
    if (status != SWB_OK) {
        free(data);
        return status;
    }
    data[length] = '\0';
    *data_out = data;
    if (length_out != NULL) {
        *length_out = length;
    }
    return SWB_OK;
}

char *swb__absolute_path(const char *path)
{
    char here[PATH_MAX];
    swb__buffer text = SWB__BUFFER_INIT((size_t)2 * PATH_MAX);
    if (path[0] == '/' || getcwd(here, sizeof here) == NULL) {
        return strdup(path);
    }
    swb__buffer_printf(&text, "%s/%s", here, path);
    return swb__buffer_take(&text);
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool swb__find_program(char *out, size_t size, const char *program)
{
    if (strchr(program, '/') != NULL) {
        int length = snprintf(out, size, "%s", program);
        return length > 0 && (size_t)length < size && is_program(out);
    }
    const char *path = getenv("PATH");
    const char *at = path == NULL || *path == '\0' ? "/usr/local/bin:/usr/bin:/bin" : path;
    while (*at != '\0') {
        size_t span = strcspn(at, ":");
        int length = snprintf(out, size, "%.*s/%s", (int)span, at, program);
        if (span > 0 && length > 0 && (size_t)length < size && is_program(out)) {
            return true;
        }
        at += span;
        at += *at == ':';
    }
    return false;
}

int swb__free_bytes(uint64_t *out, const char *path, swb_error *error)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "file system of %s", path);
    }
    *out = (uint64_t)info.f_bavail * (uint64_t)info.f_frsize;
    return SWB_OK;
}
