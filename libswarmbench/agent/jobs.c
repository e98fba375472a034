/* Content, torrents and verification: work on threads, asked for by number. */
#include "agent/agent_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/take.h"
#include "base/clock.h"
#include "host/maker.h"
#include "host/wire.h"

#define MAX_JOBS 32
#define MAX_WORKING 4

typedef struct swb__job {
    swb__node_agent *agent;
    uint64_t number;
    int fd; /* keeps the path alive that the work uses */
    int *part_fds;
    size_t part_count;
    char path[SWB__ROOT_PATH_SIZE];
    char name[256];
    bool done;
    int status;
    swb_error error;
    uint64_t bad_offset;
    int64_t decode_ns; /* -1: nothing was decoded */
    swb_torrent *torrent;
    LIST_ENTRY(swb__job) link;
} swb__job;

static void close_files(swb__job *job)
{
    if (job->fd >= 0) {
        close(job->fd);
        job->fd = -1;
    }
    for (size_t i = 0; i < job->part_count; i++) {
        close(job->part_fds[i]);
    }
    free(job->part_fds);
    job->part_fds = NULL;
    job->part_count = 0;
}

static void free_job(swb__job *job)
{
    LIST_REMOVE(job, link);
    close_files(job);
    swb_torrent_destroy(job->torrent);
    free(job);
}

void swb__jobs_free(swb__node_agent *agent)
{
    while (!LIST_EMPTY(&agent->jobs)) {
        free_job(LIST_FIRST(&agent->jobs));
    }
}

/* The message names the file as the client does, not the way through the descriptor. */
static void tidy_message(swb__job *job)
{
    char *at = strstr(job->error.message, job->path);
    if (at == NULL) {
        return;
    }
    swb_error tidy = job->error;
    snprintf(tidy.message, sizeof tidy.message, "%.*s%s%s", (int)(at - job->error.message),
             job->error.message, job->name, at + strlen(job->path));
    job->error = tidy;
}

static void finish(swb__job *job, int status, const swb_error *error)
{
    swb__node_agent *agent = job->agent;
    job->done = true;
    job->status = status;
    if (status != SWB_OK) {
        job->error = *error;
        tidy_message(job);
    }
    close_files(job);
    agent->working--;
    if (agent->stopping) {
        swb__node_agent_release(agent);
    } else {
        swb__server_changed(agent->server);
    }
}

static void on_written(void *argument, int status, const swb_error *error)
{
    finish(argument, status, error);
}

static void on_made(void *argument, int status, swb_torrent *torrent, const swb_error *error)
{
    swb__job *job = argument;
    job->torrent = torrent;
    finish(job, status, error);
}

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    swb__job *job = argument;
    job->bad_offset = bad_offset;
    finish(job, status, error);
}

/* Makes room by forgetting the oldest job that is done. */
static bool has_room(swb__node_agent *agent)
{
    unsigned count = 0;
    swb__job *job;
    swb__job *oldest = NULL;
    LIST_FOREACH(job, &agent->jobs, link)
    {
        count++;
        oldest = job->done ? job : oldest; /* the newest stands first */
    }
    if (count >= MAX_JOBS && oldest != NULL) {
        free_job(oldest);
        count--;
    }
    return count < MAX_JOBS && agent->working < MAX_WORKING;
}

static int new_job(swb__job **out, swb__node_agent *agent, const char *name, swb_error *error)
{
    if (!has_room(agent)) {
        return swb__fail(error, SWB_EBUSY, "%u jobs are under way already", agent->working);
    }
    swb__job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return swb__fail_nomem(error);
    }
    job->agent = agent;
    job->fd = -1;
    job->decode_ns = -1;
    job->number = ++agent->last_job;
    snprintf(job->name, sizeof job->name, "%s", name);
    LIST_INSERT_HEAD(&agent->jobs, job, link);
    *out = job;
    return SWB_OK;
}

static int begin_content(swb__job *job, const swb__take_content *content,
                         const swb__content_spec *spec, swb_error *error)
{
    const swb__maker_source source = swb__source_of_spec(spec);
    (void)content;
    int status = swb__root_content(&job->fd, job->path, &job->agent->root, spec->name, error);
    return status == SWB_OK
               ? swb__maker_content(job->agent->loop, &source, job->path, on_written, job, error)
               : status;
}

static int begin_torrent(swb__job *job, const swb__take_content *content,
                         const swb__content_spec *spec, swb_error *error)
{
    const swb__maker_source source = swb__source_of_spec(spec);
    int status = SWB_OK;
    if (content->write) {
        status = swb__root_content(&job->fd, job->path, &job->agent->root, spec->name, error);
    }
    return status == SWB_OK
               ? swb__maker_torrent(job->agent->loop, &source, spec->name, content->announce,
                                    content->write ? job->path : NULL, on_made, job, error)
               : status;
}

static int begin_verify(swb__job *job, const swb__take_content *content,
                        const swb__content_spec *spec, swb_error *error)
{
    const swb__maker_source source = swb__source_of_spec(spec);
    (void)content;
    int status = swb__root_content_file(&job->fd, job->path, &job->agent->root, spec->name, error);
    return status == SWB_OK
               ? swb__maker_verify(job->agent->loop, &source, job->path, on_verified, job, error)
               : status;
}

static void on_decoded(void *argument, int status, const swb_decoded *decoded,
                       const swb_error *error)
{
    swb__job *job = argument;
    job->bad_offset = decoded->bad_offset;
    job->decode_ns = status == SWB_OK || status == SWB_EMISMATCH ? decoded->decode_ns : -1;
    finish(job, status, error);
}

/* Opens the file of a part and keeps it open; `path` leads to it. */
static int open_part(swb__job *job, char path[SWB__ROOT_PATH_SIZE], const swb__take_part *part,
                     swb_error *error)
{
    int fd;
    int status = swb__root_content_file(&fd, path, &job->agent->root, part->name, error);
    if (status == SWB_OK) {
        job->part_fds[job->part_count++] = fd;
    }
    return status;
}

static int begin_decode(swb__job *job, const swb__take_content *content,
                        const swb__content_spec *spec, swb_error *error)
{
    const swb__maker_source source = swb__source_of_spec(spec);
    const size_t count = spec->data_parts;
    swb__take_part parts[SWB_ERASURE_MAX_PARTS];
    swb_erasure_file files[SWB_ERASURE_MAX_PARTS] = {{0, NULL}};
    char(*paths)[SWB__ROOT_PATH_SIZE] = calloc(count + 1, sizeof *paths);
    job->part_fds = calloc(count + 1, sizeof *job->part_fds);
    int status = paths != NULL && job->part_fds != NULL
                     ? swb__take_parts(parts, count, content->files, error)
                     : swb__fail_nomem(error);
    for (size_t i = 0; status == SWB_OK && i < count; i++) {
        status = open_part(job, paths[i], &parts[i], error);
        files[i] = (swb_erasure_file){(uint32_t)parts[i].part, paths[i]};
    }
    if (status == SWB_OK) {
        status = swb__maker_decode(job->agent->loop, &source, files, on_decoded, job, error);
    }
    free(paths);
    return status;
}

static bool begin(swb__node_agent *agent, swb__request *request, swb__content_use use,
                  int (*function)(swb__job *job, const swb__take_content *content,
                                  const swb__content_spec *spec, swb_error *error))
{
    swb__take_content content;
    swb__content_spec spec;
    swb__job *job = NULL;
    swb_error error = SWB_ERROR_INIT;
    int status = swb__take_content_body(&content, &spec, swb__request_body(request), use, &error);
    if (status == SWB_OK) {
        status = new_job(&job, agent, spec.name, &error);
    }
    if (status == SWB_OK) {
        status = function(job, &content, &spec, &error);
        if (status != SWB_OK) {
            free_job(job);
        }
    }
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    agent->working++;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "job", (double)job->number);
    return swb__reply_json(request, object);
}

bool swb__handle_content(void *agent, swb__request *request)
{
    return begin(agent, request, SWB__USE_PLAIN, begin_content);
}

bool swb__handle_torrent(void *agent, swb__request *request)
{
    return begin(agent, request, SWB__USE_TORRENT, begin_torrent);
}

bool swb__handle_verify(void *agent, swb__request *request)
{
    return begin(agent, request, SWB__USE_PLAIN, begin_verify);
}

bool swb__handle_decode(void *agent, swb__request *request)
{
    return begin(agent, request, SWB__USE_DECODE, begin_decode);
}

static swb__job *find_job(swb__node_agent *agent, swb__request *request)
{
    swb__job *job;
    LIST_FOREACH(job, &agent->jobs, link)
    {
        if (job->number == swb__request_number(request)) {
            return job;
        }
    }
    swb__reply_error(request, SWB_ENOENT, "there is no job %" PRIu64, swb__request_number(request));
    return NULL;
}

static bool add_torrent(cJSON *object, const swb_torrent *torrent)
{
    size_t length;
    const uint8_t *metainfo = swb_torrent_metainfo(&length, torrent);
    cJSON *child = cJSON_AddObjectToObject(object, "torrent");
    return child != NULL &&
           cJSON_AddStringToObject(child, "infohash", swb_torrent_infohash(torrent)) != NULL &&
           swb__wire_add_bytes(child, "metainfo", metainfo, length);
}

static cJSON *describe(const swb__job *job)
{
    cJSON *object = cJSON_CreateObject();
    bool whole = cJSON_AddNumberToObject(object, "job", (double)job->number) != NULL &&
                 cJSON_AddBoolToObject(object, "done", job->done) != NULL;
    if (job->done) {
        whole = whole && cJSON_AddStringToObject(object, "status", swb_status_name(job->status)) &&
                cJSON_AddStringToObject(object, "message", job->error.message);
    }
    if (job->done && job->status == SWB_EMISMATCH) {
        whole = whole && swb__wire_add_uint64(object, "bad_offset", job->bad_offset);
    }
    if (job->decode_ns >= 0) {
        whole = whole && swb__wire_add_int64(object, "decode_ns", job->decode_ns);
    }
    if (job->torrent != NULL) {
        whole = whole && add_torrent(object, job->torrent);
    }
    if (!whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

bool swb__handle_job(void *argument, swb__request *request)
{
    swb__progress *progress = swb__request_progress(request);
    const swb__job *job = find_job(argument, request);
    uint64_t wait_ms = 0;
    if (job == NULL || (progress->step == 0 &&
                        !swb__request_query(&wait_ms, request, "wait_ms", SWB__WIRE_MAX_WAIT_MS))) {
        return true;
    }
    if (progress->step == 0) {
        progress->step = 1;
        swb__request_wait_until(request, swb__clock_ns() + (int64_t)wait_ms * SWB__NS_PER_MS);
    }
    return job->done || swb__request_is_due(request) ? swb__reply_json(request, describe(job))
                                                     : false;
}

bool swb__handle_job_drop(void *argument, swb__request *request)
{
    swb__job *job = find_job(argument, request);
    if (job == NULL) {
        return true;
    }
    if (!job->done) {
        return swb__reply_error(request, SWB_EBUSY, "job %" PRIu64 " is under way", job->number);
    }
    free_job(job);
    return swb__reply_json(request, cJSON_CreateObject());
}
