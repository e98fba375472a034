/* Handing out files: what a runner left in the root, results and logs. The folders of a node are
 * not among them. */
#include "agent/agent_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/hash.h"
#include "host/wire.h"

#define DEPTH_MAX 4
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* A list is whole or there is none: who fetches by it removes the volume afterwards. It is made on
 * a thread, since files are hashed for it. */
typedef struct swb__listing {
    swb__node_agent *agent;
    int64_t begun_ns;
    bool done;
    cJSON *object; /* the reply; `files` is in it */
    cJSON *files;
    size_t count;
    int status;
    char failed[SWB__WIRE_MAX_PATH]; /* where a status is not SWB_OK */
} swb__listing;

static void fail(swb__listing *listing, int status, const char *path)
{
    if (listing->status == SWB_OK) {
        listing->status = status;
        snprintf(listing->failed, sizeof listing->failed, "%s", path);
    }
}

static void add_file(swb__listing *listing, int fd, const char *path, const struct stat *info)
{
    char hash[SWB__WIRE_HASH_SIZE];
    if (listing->count == SWB__WIRE_MAX_FILES) {
        fail(listing, SWB_ENOSPACE, path);
        return;
    }
    if (!swb__hash_file(hash, fd)) {
        fail(listing, SWB_EIO, path);
        return;
    }
    cJSON *row = cJSON_CreateObject();
    if (cJSON_AddStringToObject(row, "path", path) == NULL ||
        !swb__wire_add_count(row, "bytes", (uint64_t)info->st_size) ||
        cJSON_AddStringToObject(row, "sha256", hash) == NULL ||
        !cJSON_AddItemToArray(listing->files, row)) {
        cJSON_Delete(row);
        fail(listing, SWB_ENOMEM, path);
        return;
    }
    listing->count++;
}

static bool is_left_out(const char *name, int depth)
{
    return !swb__is_file_name(name) ||
           (depth == 0 && (strcmp(name, "home") == 0 || strcmp(name, "launch") == 0 ||
                           strcmp(name, "lost+found") == 0));
}

static void list_folder(swb__listing *listing, int folder, const char *path, int depth);

/* What has gone meanwhile, and links, are not of the list. */
static void list_entry(swb__listing *listing, int folder, const char *path, int depth)
{
    struct stat info;
    const char *name = strrchr(path, '/');
    int fd = openat(folder, name != NULL ? name + 1 : path, FILE_FLAGS);
    if (fd < 0) {
        if (errno != ENOENT && errno != ELOOP && errno != ENXIO) {
            fail(listing, SWB_EIO, path);
        }
        return;
    }
    if (fstat(fd, &info) != 0) {
        fail(listing, SWB_EIO, path);
    } else if (S_ISREG(info.st_mode)) {
        add_file(listing, fd, path, &info);
    } else if (S_ISDIR(info.st_mode) && depth == DEPTH_MAX) {
        fail(listing, SWB_ENOSPACE, path);
    } else if (S_ISDIR(info.st_mode)) {
        list_folder(listing, fd, path, depth + 1);
        return;
    }
    close(fd);
}

/* `folder` is moved. */
static void list_folder(swb__listing *listing, int folder, const char *path, int depth)
{
    char below[SWB__WIRE_MAX_PATH];
    const struct dirent *entry;
    DIR *open = fdopendir(folder);
    if (open == NULL) {
        close(folder);
        fail(listing, SWB_EIO, path);
        return;
    }
    while (listing->status == SWB_OK && (entry = readdir(open)) != NULL) {
        int length =
            snprintf(below, sizeof below, "%s%s%s", path, *path != '\0' ? "/" : "", entry->d_name);
        if (is_left_out(entry->d_name, depth)) {
            continue;
        }
        if ((size_t)length < sizeof below) {
            list_entry(listing, folder, below, depth);
        } else {
            fail(listing, SWB_ENOSPACE, below);
        }
    }
    closedir(open);
}

/* On a thread; the agent's root stays open as long as that works. */
static void make_listing(void *argument)
{
    swb__listing *listing = argument;
    int folder = openat(listing->agent->root.fd, ".", FOLDER_FLAGS);
    listing->object = cJSON_CreateObject();
    listing->files = cJSON_AddArrayToObject(listing->object, "files");
    if (folder < 0) {
        fail(listing, SWB_EIO, ".");
    } else if (listing->files == NULL) {
        close(folder);
        fail(listing, SWB_ENOMEM, ".");
    } else {
        list_folder(listing, folder, "", 0);
    }
}

void swb__listing_free(swb__node_agent *agent)
{
    if (agent->listing != NULL) {
        cJSON_Delete(agent->listing->object);
        free(agent->listing);
        agent->listing = NULL;
    }
}

static void on_listed(void *argument)
{
    swb__listing *listing = argument;
    swb__node_agent *agent = listing->agent;
    listing->done = true;
    agent->working--;
    if (agent->stopping) {
        swb__node_agent_release(agent);
    } else {
        swb__server_changed(agent->server);
    }
}

static int begin_listing(swb__node_agent *agent)
{
    swb__listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        return SWB_ENOMEM;
    }
    listing->agent = agent;
    listing->begun_ns = swb__clock_ns();
    int status = swb__work_submit(agent->loop, make_listing, on_listed, listing);
    if (status != SWB_OK) {
        free(listing);
        return status;
    }
    agent->listing = listing;
    agent->working++;
    return SWB_OK;
}

static bool reply_listing(swb__request *request, swb__listing *listing)
{
    if (listing->status == SWB_ENOSPACE) {
        return swb__reply_error(request, SWB_ENOSPACE,
                                "'%.200s' is one more than %d files, too deep or too long",
                                listing->failed, SWB__WIRE_MAX_FILES);
    }
    if (listing->status != SWB_OK) {
        return swb__reply_error(request, listing->status, "'%.200s' cannot be read",
                                listing->failed);
    }
    cJSON *object = listing->object;
    listing->object = NULL;
    return swb__reply_json(request, object);
}

bool swb__handle_files(void *argument, swb__request *request)
{
    swb__node_agent *agent = argument;
    const swb__listing *listing = agent->listing;
    /* One that began before it was asked for may be an old one. */
    if (listing != NULL && listing->done && listing->begun_ns < swb__request_came_ns(request)) {
        swb__listing_free(agent);
    }
    if (agent->listing == NULL) {
        int status = begin_listing(agent);
        return status != SWB_OK && swb__reply_error(request, status, "no thread for it");
    }
    if (!agent->listing->done) {
        return false;
    }
    reply_listing(request, agent->listing);
    swb__listing_free(agent);
    return true;
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
