#include "agent/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/launch_files.h"
#include "base/file.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FOLDER_MODE 0755
#define HOME "home"
#define TEMPORARY ".agent.tmp"

static int fail(swb_error *error, const char *what)
{
    return swb__fail_errno(error, errno == ENOENT ? SWB_ENOENT : SWB_EIO, errno, "%s", what);
}

/* Opens a folder within `parent`. */
static int enter(int *out, int parent, const char *name, swb_error *error)
{
    int fd = openat(parent, name, FOLDER_FLAGS);
    if (fd < 0) {
        return fail(error, name);
    }
    *out = fd;
    return SWB_OK;
}

/* The same, made where it is missing. */
static int make(int *out, int parent, const char *name, swb_error *error)
{
    if (mkdirat(parent, name, FOLDER_MODE) != 0 && errno != EEXIST) {
        return swb__fail_errno(error, SWB_EIO, errno, "make directory %s", name);
    }
    int status = enter(out, parent, name, error);
    /* A client may drop its privileges and must get to its files all the same. */
    if (status == SWB_OK) {
        fchmod(*out, FOLDER_MODE);
    }
    return status;
}

static int make_folders(const swb__root *root, swb_error *error)
{
    int home = -1;
    int content = -1;
    int launch = -1;
    int status = make(&home, root->fd, HOME, error);
    if (status == SWB_OK) {
        status = make(&content, home, SWB__CONTENT_FOLDER, error);
        close(home);
    }
    if (status == SWB_OK) {
        close(content);
        status = make(&launch, root->fd, SWB__LAUNCH_FOLDER, error);
    }
    if (status == SWB_OK) {
        close(launch);
    }
    return status;
}

int swb__root_open(swb__root *out, const char *path, swb_error *error)
{
    swb__root root;
    if (path[0] != '/' || strlen(path) + sizeof "/" SWB__LAUNCH_FOLDER > sizeof root.home) {
        return swb__fail(error, SWB_EINVAL, "root '%.200s' must be an absolute path", path);
    }
    snprintf(root.home, sizeof root.home, "%s/" HOME, path);
    snprintf(root.launch, sizeof root.launch, "%s/" SWB__LAUNCH_FOLDER, path);
    root.fd = open(path, FOLDER_FLAGS);
    if (root.fd < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "root %s", path);
    }
    int status = make_folders(&root, error);
    if (status != SWB_OK) {
        close(root.fd);
        return swb__error_context(error, "root %s", path);
    }
    *out = root;
    return SWB_OK;
}

void swb__root_close(swb__root *root)
{
    close(root->fd);
}

bool swb__is_file_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strlen(name) <= 255 && strchr(name, '/') == NULL;
}

int swb__root_content(int *fd_out, char path[SWB__ROOT_PATH_SIZE], const swb__root *root,
                      const char *name, swb_error *error)
{
    int home = -1;
    int content = -1;
    int status = enter(&home, root->fd, HOME, error);
    if (status == SWB_OK) {
        status = enter(&content, home, SWB__CONTENT_FOLDER, error);
        close(home);
    }
    if (status != SWB_OK) {
        return swb__error_context(error, "content directory");
    }
    snprintf(path, SWB__ROOT_PATH_SIZE, "/proc/self/fd/%d%s%s", content, name != NULL ? "/" : "",
             name != NULL ? name : "");
    *fd_out = content;
    return SWB_OK;
}

/* Opens a regular file, whatever stands there: no link is followed, no FIFO waited for. */
static int open_file(int *fd_out, int folder, const char *name, swb_error *error)
{
    struct stat info;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return fail(error, name);
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return swb__fail(error, SWB_EIO, "%s is no regular file", name);
    }
    *fd_out = fd;
    return SWB_OK;
}

int swb__root_content_file(int *fd_out, char path[SWB__ROOT_PATH_SIZE], const swb__root *root,
                           const char *name, swb_error *error)
{
    int folder = -1;
    int status = swb__root_content(&folder, path, root, NULL, error);
    if (status != SWB_OK) {
        return status;
    }
    status = open_file(fd_out, folder, name, error);
    close(folder);
    if (status == SWB_OK) {
        snprintf(path, SWB__ROOT_PATH_SIZE, "/proc/self/fd/%d", *fd_out);
    }
    return status;
}

int swb__root_launch_file(int *fd_out, const swb__root *root, const char *name, swb_error *error)
{
    int folder = -1;
    int status = enter(&folder, root->fd, SWB__LAUNCH_FOLDER, error);
    if (status == SWB_OK) {
        status = open_file(fd_out, folder, name, error);
        close(folder);
    }
    return status;
}

static int write_file(int folder, const char *name, const void *bytes, size_t length,
                      swb_error *error)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "create %s", name);
    }
    int status = swb__write_all(fd, bytes, length, error);
    close(fd);
    return status;
}

int swb__root_put_launch_file(const swb__root *root, const char *name, const void *bytes,
                              size_t length, swb_error *error)
{
    int folder = -1;
    int status = enter(&folder, root->fd, SWB__LAUNCH_FOLDER, error);
    if (status != SWB_OK) {
        return status;
    }
    unlinkat(folder, TEMPORARY, 0);
    status = write_file(folder, TEMPORARY, bytes, length, error);
    if (status == SWB_OK && renameat(folder, TEMPORARY, folder, name) != 0) {
        status = swb__fail_errno(error, SWB_EIO, errno, "rename to %s", name);
    }
    close(folder);
    return status;
}

void swb__root_drop_launch_file(const swb__root *root, const char *name)
{
    int folder = -1;
    if (enter(&folder, root->fd, SWB__LAUNCH_FOLDER, NULL) == SWB_OK) {
        unlinkat(folder, name, 0);
        close(folder);
    }
}
