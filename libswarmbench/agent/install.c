#include "agent/install.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define NAME "swarmbench-launcher"
#define MAX_BYTES ((size_t)64 << 20)

static int find_launcher(char out[PATH_MAX], swb_error *error)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "/proc/self/exe");
    }
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    snprintf(out, PATH_MAX, "%s/" NAME, own);
    return access(out, R_OK) == 0 ? SWB_OK : swb__fail_errno(error, SWB_ENOENT, errno, "%s", out);
}

int swb__install_launcher(const char *directory, swb_error *error)
{
    char source[PATH_MAX];
    char target[PATH_MAX];
    char temporary[PATH_MAX];
    char *bytes = NULL;
    size_t length;
    int status = find_launcher(source, error);
    if (status == SWB_OK) {
        status = swb__read_file(&bytes, &length, source, MAX_BYTES, error);
    }
    if (status == SWB_OK) {
        status = swb__make_dirs(directory, 0755, error);
    }
    if (status != SWB_OK) {
        free(bytes);
        return status;
    }
    snprintf(target, sizeof target, "%s/" NAME, directory);
    snprintf(temporary, sizeof temporary, "%s/." NAME ".%ld", directory, (long)getpid());
    status = swb__write_file(temporary, 0755, bytes, length, error);
    if (status == SWB_OK && (chmod(temporary, 0755) != 0 || rename(temporary, target) != 0)) {
        status = swb__fail_errno(error, SWB_EIO, errno, "install %s", target);
    }
    if (status != SWB_OK) {
        unlink(temporary);
    }
    free(bytes);
    return status;
}
