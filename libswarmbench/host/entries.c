#include "host/entries.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FOLDER_MODE 0755
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* One component of a path: 1 to NAME_MAX bytes, neither "." nor "..". */
static int take_component(char out[256], const char **path, swb_error *error)
{
    size_t length = strcspn(*path, "/");
    if (length == 0 || length > 255 || strncmp(*path, ".", length) == 0 ||
        strncmp(*path, "..", length) == 0) {
        return swb__fail(error, SWB_EINVAL, "must be a plain path inside the node's home_dir");
    }
    memcpy(out, *path, length);
    out[length] = '\0';
    *path += length;
    *path += **path == '/';
    return SWB_OK;
}

/* Opens a folder within `parent`, making it where it is missing; closes `parent`. */
static int enter(int *out, int parent, const char *name, swb_error *error)
{
    int status = SWB_OK;
    if (mkdirat(parent, name, FOLDER_MODE) != 0 && errno != EEXIST) {
        status = swb__fail_errno(error, SWB_EIO, errno, "make directory %s", name);
    } else {
        *out = openat(parent, name, FOLDER_FLAGS);
        if (*out < 0) {
            status = swb__fail_errno(error, SWB_EIO, errno, "open directory %s", name);
        }
    }
    close(parent);
    return status;
}

/* Sets the mode whatever the umask. */
static int set_mode(int fd, uint32_t mode, swb_error *error)
{
    if (fchmod(fd, (mode_t)(mode & 0777)) != 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "set permissions");
    }
    return SWB_OK;
}

/* Closes `folder`. */
static int write_file(int folder, const char *name, const swb_launch_entry *entry, swb_error *error)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int status = fd >= 0 ? SWB_OK : swb__fail_errno(error, SWB_EIO, errno, "create");
    close(folder);
    if (status != SWB_OK) {
        return status;
    }
    status = set_mode(fd, entry->mode, error);
    if (status == SWB_OK) {
        status = swb__write_all(fd, entry->bytes, entry->length, error);
    }
    close(fd);
    return status;
}

int swb__entry_write(const swb_launch_entry *entry, const char *home_dir, swb_error *error)
{
    char name[256];
    const char *path = entry->path;
    int folder = open(home_dir, FOLDER_FLAGS);
    if (folder < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "open %s", home_dir);
    }
    int status = take_component(name, &path, error);
    while (status == SWB_OK && *path != '\0') {
        status = enter(&folder, folder, name, error);
        if (status != SWB_OK) {
            return status;
        }
        status = take_component(name, &path, error);
    }
    if (status == SWB_OK && !entry->is_directory) {
        return write_file(folder, name, entry, error);
    }
    if (status == SWB_OK) {
        status = enter(&folder, folder, name, error);
        if (status != SWB_OK) {
            return status;
        }
        status = set_mode(folder, entry->mode, error);
    }
    close(folder);
    return status;
}

int swb__entries_write(const swb_launch *launch, const char *home_dir, swb_error *error)
{
    const swb_launch_entry *entry;
    for (size_t i = 0; (entry = swb_launch_entry_at(launch, i)) != NULL; i++) {
        int status = swb__entry_write(entry, home_dir, error);
        if (status != SWB_OK) {
            swb__error_context(error, "launch file '%s'", entry->path);
            return status;
        }
    }
    return SWB_OK;
}
