/* Fetching results: the files that the agent hands out, each checked by its size and hash. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "host/hash.h"
#include "host/wire.h"
#include "remote/state.h"

#define AGENT_PORT 9191
#define AGAIN_NS (2 * SWB__NS_PER_S)
#define GIVE_UP_NS (600 * SWB__NS_PER_S)
#define READY_NS (UINT64_C(20) * 1000000000)

static void fetch_next(swb__remote *remote);

/* --- the agent --- */

static void forget_files(swb__remote *remote)
{
    for (size_t i = 0; i < remote->file_count; i++) {
        free(remote->files[i].name);
    }
    free(remote->files);
    remote->files = NULL;
    remote->file_count = 0;
}

static void on_closed(void *argument)
{
    swb__remote *remote = argument;
    remote->closing_agents--;
}

static void close_agent(swb__remote *remote)
{
    swb__agent *agent = remote->agent;
    remote->agent = NULL;
    remote->closing_agents += agent != NULL;
    swb__agent_close(agent, on_closed, remote);
}

void swb__remote_fetch_no_more(swb__remote *remote)
{
    close_agent(remote);
    forget_files(remote);
}

/* What is known to have begun but cannot be fetched stays in the cluster. */
static void give_up(swb__remote *remote)
{
    remote->keeps = true;
    swb__remote_end(remote);
}

/* Of a runner that could not start, that remains the cause. */
static void tell_unfetched(swb__remote *remote, int status, const char *why)
{
    if (remote->cut_short) {
        swb__remote_tell(remote, SWB_EVENT_WARNING, status, "the results cannot be fetched: %.400s",
                         why);
        return;
    }
    remote->status = status;
    snprintf(remote->why, sizeof remote->why, "the results cannot be fetched: %.400s", why);
}

static void try_again(swb__remote *remote, int status, const char *why)
{
    if (remote->destroyed) {
        return;
    }
    if (status == SWB_ECANCELED) {
        return;
    }
    if (swb__clock_ns() > remote->give_up_ns || status == SWB_ENOSPACE || status == SWB_EIO) {
        tell_unfetched(remote, status, why);
        swb__remote_later(remote, 0, give_up);
        return;
    }
    if (remote->tries++ == 2) {
        swb__remote_tell(remote, SWB_EVENT_NOTICE, SWB_OK, "fetching results, again and again: %s",
                         why);
    }
    swb__remote_later(remote, AGAIN_NS, swb__remote_fetch);
}

static int open_agent(swb__remote *remote, const char *pod, swb_error *error)
{
    swb__buffer path = SWB__BUFFER_INIT(4096);
    swb__agent_options options = {.name = pod, .token = remote->token};
    swb__kube_client_access(&remote->access, remote->headers, &remote->bearer, remote->client);
    options.http = swb__kube_client_http(remote->client);
    options.access = &remote->access;
    int status = swb__kube_proxy_path(&path, remote->config.name_space, pod, AGENT_PORT, error);
    options.base_url = swb__buffer_string(&path);
    if (status == SWB_OK) {
        status = swb__agent_create(&remote->agent, remote->options.loop, &options, error);
    }
    swb__buffer_finish(&path);
    return status;
}

/* --- files --- */

static void place_of(char *out, size_t size, const swb__remote *remote, const char *name)
{
    snprintf(out, size, "%s%s", remote->results_path, name + strlen(REMOTE_RESULTS));
}

static bool is_wanted(const char *name)
{
    return strncmp(name, REMOTE_RESULTS, strlen(REMOTE_RESULTS)) == 0 &&
           strstr(name, "-shm") == NULL && strstr(name, "/..") == NULL;
}

static bool same_hash(const char *path, const char *wanted)
{
    char hash[SWB__WIRE_HASH_SIZE] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool same = fd >= 0 && swb__hash_file(hash, fd) && strcmp(hash, wanted) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return same;
}

/* A file counts once it is whole. */
static int take_file(swb__remote *remote, const remote_file *file, swb_error *error)
{
    char part[4096];
    char place[4096];
    struct stat info;
    place_of(place, sizeof place, remote, file->name);
    snprintf(part, sizeof part, "%s.part", place);
    if (stat(part, &info) != 0 || (uint64_t)info.st_size != file->bytes ||
        !same_hash(part, file->hash)) {
        unlink(part);
        return swb__fail(error, SWB_EMISMATCH, "%s came otherwise than it was sent", file->name);
    }
    return rename(part, place) == 0 ? SWB_OK
                                    : swb__fail_errno(error, SWB_EIO, errno, "rename to %s", place);
}

static void on_file(void *argument, int status, const swb_error *error)
{
    swb__remote *remote = argument;
    swb_error own = SWB_ERROR_INIT;
    if (remote->destroyed) {
        return;
    }
    if (status == SWB_OK) {
        status = take_file(remote, &remote->files[remote->fetching], &own);
        error = &own;
    }
    if (status != SWB_OK) {
        try_again(remote, status, error->message);
        return;
    }
    remote->fetching++;
    fetch_next(remote);
}

static int make_folder_of(char *path, swb_error *error)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return SWB_OK;
    }
    *slash = '\0';
    int status = swb__make_dirs(path, 0755, error);
    *slash = '/';
    return status;
}

/* An agent that did not hear of it ends a little later. */
static void on_released(void *argument, int status, const swb_error *error)
{
    swb__remote *remote = argument;
    (void)status;
    (void)error;
    if (!remote->destroyed) {
        swb__remote_later(remote, 0, swb__remote_remove);
    }
}

static bool has_results(const swb__remote *remote)
{
    for (size_t i = 0; i < remote->file_count; i++) {
        if (strcmp(remote->files[i].name, REMOTE_RESULTS) == 0) {
            return true;
        }
    }
    return false;
}

static void release(swb__remote *remote)
{
    if (remote->cut_short && has_results(remote)) {
        swb__remote_later(remote, 0, give_up);
    } else if (swb__agent_files_fetched(remote->agent, on_released, remote, NULL) != SWB_OK) {
        swb__remote_later(remote, 0, swb__remote_remove);
    }
}

static void fetch_next(swb__remote *remote)
{
    char path[4096];
    swb_error error = SWB_ERROR_INIT;
    if (remote->fetching == remote->file_count) {
        release(remote);
        return;
    }
    const remote_file *file = &remote->files[remote->fetching];
    place_of(path, sizeof path - 8, remote, file->name);
    int status = make_folder_of(path, &error);
    memcpy(path + strlen(path), ".part", sizeof ".part");
    if (status == SWB_OK) {
        status = swb__agent_file(remote->agent, file->name, path, on_file, remote, &error);
    }
    if (status != SWB_OK) {
        try_again(remote, status, error.message);
    }
}

static bool note_file(swb__remote *remote, const cJSON *row)
{
    remote_file *file = &remote->files[remote->file_count];
    const char *name = swb__kube_text(row, "path");
    const char *hash = swb__kube_text(row, "sha256");
    if (!is_wanted(name) || !swb__wire_count(&file->bytes, row, "bytes") ||
        strlen(hash) + 1 != sizeof file->hash) {
        return true;
    }
    snprintf(file->hash, sizeof file->hash, "%s", hash);
    file->name = strdup(name);
    remote->file_count += file->name != NULL;
    return file->name != NULL;
}

static void on_files(void *argument, int status, const cJSON *files, const swb_error *error)
{
    swb__remote *remote = argument;
    const cJSON *row;
    if (remote->destroyed) {
        return;
    }
    if (status != SWB_OK) {
        try_again(remote, status, error->message);
        return;
    }
    forget_files(remote);
    remote->files = calloc((size_t)cJSON_GetArraySize(files) + 1, sizeof *remote->files);
    bool good = remote->files != NULL;
    cJSON_ArrayForEach(row, files)
    {
        good = good && note_file(remote, row);
    }
    if (!good) {
        try_again(remote, SWB_ENOMEM, "out of memory");
        return;
    }
    if (remote->begun && !has_results(remote)) {
        try_again(remote, SWB_EIO, REMOTE_RESULTS " is not among the files there");
        return;
    }
    remote->fetching = 0;
    fetch_next(remote);
}

static void on_ready(void *argument, int status, const swb_error *error)
{
    swb__remote *remote = argument;
    swb_error own = SWB_ERROR_INIT;
    if (remote->destroyed) {
        return;
    }
    if (status == SWB_OK) {
        status = swb__agent_files(remote->agent, on_files, remote, &own);
        error = &own;
    }
    if (status != SWB_OK) {
        try_again(remote, status, error->message);
    }
}

/* --- where they are --- */

static void begin(swb__remote *remote, const char *pod)
{
    swb_error error = SWB_ERROR_INIT;
    close_agent(remote);
    int status = open_agent(remote, pod, &error);
    if (status == SWB_OK) {
        status = swb__agent_ready(remote->agent, READY_NS, on_ready, remote, &error);
    }
    if (status != SWB_OK) {
        try_again(remote, status, error.message);
    }
}

static void on_token(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    uint8_t *bytes = NULL;
    size_t length = 0;
    if (remote->destroyed) {
        return;
    }
    const cJSON *data = swb__kube_member(outcome->object, "data");
    if (outcome->status != SWB_OK) {
        try_again(remote, outcome->status, outcome->error->message);
    } else if (!swb__wire_bytes(&bytes, &length, data, "token") || length >= sizeof remote->token) {
        free(bytes);
        try_again(remote, SWB_EPROTO, "the agent's Secret holds no token");
    } else {
        memcpy(remote->token, bytes, length);
        remote->token[length] = '\0';
        free(bytes);
        swb__remote_later(remote, 0, swb__remote_fetch);
    }
}

static void ask_token(swb__remote *remote)
{
    char name[REMOTE_NAME_SIZE + 8];
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_resource secret = swb__remote_kind("v1", "Secret");
    const swb__kube_target target = {&secret, remote->config.name_space, name};
    snprintf(name, sizeof name, "%s-token", remote->release);
    swb__remote_call(remote, &request, swb__kube_get(&request, &target, &error), on_token, &error);
}

void swb__remote_fetch(swb__remote *remote)
{
    const char *pod = remote->holds ? remote->pod.name : remote->results_pod;
    if (remote->give_up_ns == 0) {
        remote->give_up_ns = swb__clock_ns() + GIVE_UP_NS;
    }
    bool nothing =
        remote->holds ? !remote->pod.runs || remote->pod.gone : !remote->begun && !remote->known;
    if (nothing && remote->begun && remote->status == SWB_OK) {
        remote->status = SWB_EREMOTE;
        snprintf(remote->why, sizeof remote->why,
                 "the runner's pod is gone, and the results with it");
    }
    if (nothing) {
        swb__remote_later(remote, 0, swb__remote_remove);
    } else if (pod[0] == '\0') {
        try_again(remote, SWB_ENOENT, "the pod that hands them out does not run yet");
    } else if (remote->token[0] == '\0') {
        ask_token(remote);
    } else {
        begin(remote, pod);
    }
}
