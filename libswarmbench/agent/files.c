/* Handing out files: what a runner left in the root, results and logs. The folders of a node are
 * not among them. */
#include "agent/agent_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/hash.h"
#include "host/wire.h"

#define DEPTH_MAX 4
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static bool add_file(cJSON *list, int fd, const char *path, const struct stat *info)
{
    char hash[SWB__WIRE_HASH_SIZE];
    cJSON *row = cJSON_CreateObject();
    if (!swb__hash_file(hash, fd) || cJSON_AddStringToObject(row, "path", path) == NULL ||
        !swb__wire_add_count(row, "bytes", (uint64_t)info->st_size) ||
        cJSON_AddStringToObject(row, "sha256", hash) == NULL || !cJSON_AddItemToArray(list, row)) {
        cJSON_Delete(row);
        return false;
    }
    return true;
}

static bool is_left_out(const char *name, int depth)
{
    return !swb__is_file_name(name) ||
           (depth == 0 && (strcmp(name, "home") == 0 || strcmp(name, "launch") == 0 ||
                           strcmp(name, "lost+found") == 0));
}

static void list_folder(cJSON *list, int folder, const char *path, int depth);

static void list_entry(cJSON *list, int folder, const char *path, int depth)
{
    struct stat info;
    const char *name = strrchr(path, '/');
    int fd = openat(folder, name != NULL ? name + 1 : path, FILE_FLAGS);
    if (fd < 0 || fstat(fd, &info) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    if (S_ISREG(info.st_mode)) {
        add_file(list, fd, path, &info);
        close(fd);
    } else if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX) {
        list_folder(list, fd, path, depth + 1);
    } else {
        close(fd);
    }
}

/* `folder` is moved. */
static void list_folder(cJSON *list, int folder, const char *path, int depth)
{
    char below[SWB__WIRE_MAX_PATH];
    const struct dirent *entry;
    DIR *open = fdopendir(folder);
    if (open == NULL) {
        close(folder);
        return;
    }
    while ((entry = readdir(open)) != NULL && cJSON_GetArraySize(list) < SWB__WIRE_MAX_FILES) {
        int length =
            snprintf(below, sizeof below, "%s%s%s", path, *path != '\0' ? "/" : "", entry->d_name);
        if (!is_left_out(entry->d_name, depth) && (size_t)length < sizeof below) {
            list_entry(list, folder, below, depth);
        }
    }
    closedir(open);
}

bool swb__handle_files(void *argument, swb__request *request)
{
    const swb__node_agent *agent = argument;
    cJSON *object = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(object, "files");
    int folder = openat(agent->root.fd, ".", FOLDER_FLAGS);
    if (list == NULL || folder < 0) {
        cJSON_Delete(object);
        if (folder >= 0) {
            close(folder);
        }
        return swb__reply_error(request, SWB_EIO, "the root cannot be read");
    }
    list_folder(list, folder, "", 0);
    return swb__reply_json(request, object);
}

/* Goes the way part by part: no part leads out of the one before. */
static int open_below(int root, const char *path)
{
    char part[256];
    int at = openat(root, ".", FOLDER_FLAGS);
    for (int depth = 0; at >= 0; depth++) {
        size_t length = strcspn(path, "/");
        bool last = path[length] == '\0';
        int next = -1;
        snprintf(part, sizeof part, "%.*s", (int)(length < 255 ? length : 255), path);
        if (length <= 255 && !is_left_out(part, depth)) {
            next = openat(at, part, last ? FILE_FLAGS : FOLDER_FLAGS);
        }
        close(at);
        at = next;
        if (last) {
            break;
        }
        path += length + 1;
    }
    return at;
}

bool swb__handle_file(void *argument, swb__request *request)
{
    const swb__node_agent *agent = argument;
    struct stat info;
    const char *path = swb__request_text(request, "path");
    if (path == NULL) {
        return swb__reply_error(request, SWB_EINVAL, "query 'path' must name a file");
    }
    int fd = open_below(agent->root.fd, path);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return swb__reply_error(request, SWB_ENOENT, "there is no file '%.200s'", path);
    }
    return swb__reply_file(request, fd, 0, (uint64_t)info.st_size);
}

bool swb__node_agent_has_files(const swb__node_agent *agent)
{
    bool found = false;
    const struct dirent *entry;
    int folder = agent->files_done ? -1 : openat(agent->root.fd, ".", FOLDER_FLAGS);
    DIR *open = folder >= 0 ? fdopendir(folder) : NULL;
    if (open == NULL) {
        if (folder >= 0) {
            close(folder);
        }
        return false;
    }
    while (!found && (entry = readdir(open)) != NULL) {
        found = !is_left_out(entry->d_name, 0);
    }
    closedir(open);
    return found;
}

bool swb__handle_files_done(void *argument, swb__request *request)
{
    swb__node_agent *agent = argument;
    agent->files_done = true;
    return swb__reply_json(request, cJSON_CreateObject());
}
