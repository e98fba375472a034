#include "host/maker.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One piece of work on a thread of the pool; only `done` sees it from the loop. */
struct job {
    swb_content *content;
    swb_torrent *torrent;
    char *name;
    char *announce;
    char *path;
    swb_erasure *erasure;
    swb_erasure_file *files; /* `data_parts` of them */
    uint32_t data_parts;
    swb_decoded decoded;
    uint64_t bad_offset;
    int status;
    swb_error error;
    swb__maker_done made;
    swb_done written;
    swb__verifier_done verified;
    swb__decoder_done decode_done;
    void *argument;
};

static void free_job(struct job *job)
{
    swb_content_destroy(job->content);
    free(job->name);
    free(job->announce);
    free(job->path);
    for (size_t i = 0; job->files != NULL && i < job->data_parts; i++) {
        free((char *)job->files[i].path);
    }
    free(job->files);
    swb_erasure_destroy(job->erasure);
    free(job);
}

/* The whole content of the source, or the part that it names. */
static int make_content(swb_content **out, const swb__maker_source *source, bool whole,
                        swb_error *error)
{
    swb_content *content = NULL;
    int status = swb_content_create(&content, source->seed, source->size_bytes, error);
    if (status != SWB_OK || whole || source->data_parts == 0) {
        *out = content;
        return status;
    }
    status = swb_content_create_part(out, content, source->data_parts, source->parity_parts,
                                     source->part, error);
    swb_content_destroy(content);
    return status;
}

static int new_job(struct job **out, const swb__maker_source *source, bool whole, swb_error *error)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return swb__fail_nomem(error);
    }
    int status = make_content(&job->content, source, whole, error);
    if (status != SWB_OK) {
        free(job);
        return status;
    }
    *out = job;
    return SWB_OK;
}

/* False where memory ran out. */
static bool copy_text(char **out, const char *text)
{
    if (text != NULL) {
        *out = strdup(text);
    }
    return text == NULL || *out != NULL;
}

static int submit(swb_loop *loop, struct job *job, void (*work)(void *), void (*done)(void *),
                  swb_error *error)
{
    int status = swb__work_submit(loop, work, done, job);
    if (status != SWB_OK) {
        free_job(job);
        return swb__fail(error, status, "hand work to a thread: %s", swb_status_text(status));
    }
    return SWB_OK;
}

static void make(void *argument)
{
    struct job *job = argument;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.name = job->name;
    options.announce = job->announce;
    options.file_path = job->path;
    job->status = swb_torrent_create(&job->torrent, job->content, &options, &job->error);
}

static void tell_made(void *argument)
{
    struct job *job = argument;
    job->made(job->argument, job->status, job->torrent, job->status == SWB_OK ? NULL : &job->error);
    free_job(job);
}

int swb__maker_torrent(swb_loop *loop, const swb__maker_source *source, const char *name,
                       const char *announce, const char *path, swb__maker_done done, void *argument,
                       swb_error *error)
{
    struct job *job = NULL;
    int status = new_job(&job, source, false, error);
    if (status != SWB_OK) {
        return status;
    }
    job->made = done;
    job->argument = argument;
    if (!copy_text(&job->name, name) || !copy_text(&job->announce, announce) ||
        !copy_text(&job->path, path)) {
        free_job(job);
        return swb__fail_nomem(error);
    }
    return submit(loop, job, make, tell_made, error);
}

static void write_content(void *argument)
{
    struct job *job = argument;
    job->status = swb_content_write_file(job->content, job->path, &job->error);
}

static void tell_written(void *argument)
{
    struct job *job = argument;
    job->written(job->argument, job->status, job->status == SWB_OK ? NULL : &job->error);
    free_job(job);
}

int swb__maker_content(swb_loop *loop, const swb__maker_source *source, const char *path,
                       swb_done done, void *argument, swb_error *error)
{
    struct job *job = NULL;
    int status = new_job(&job, source, false, error);
    if (status != SWB_OK) {
        return status;
    }
    job->written = done;
    job->argument = argument;
    if (!copy_text(&job->path, path)) {
        free_job(job);
        return swb__fail_nomem(error);
    }
    return submit(loop, job, write_content, tell_written, error);
}

static void verify(void *argument)
{
    struct job *job = argument;
    job->status = swb_content_verify_file(&job->bad_offset, job->content, job->path, &job->error);
}

static void tell_verified(void *argument)
{
    struct job *job = argument;
    job->verified(job->argument, job->status, job->bad_offset,
                  job->status == SWB_OK ? NULL : &job->error);
    free_job(job);
}

int swb__maker_verify(swb_loop *loop, const swb__maker_source *source, const char *path,
                      swb__verifier_done done, void *argument, swb_error *error)
{
    struct job *job = NULL;
    int status = new_job(&job, source, false, error);
    if (status != SWB_OK) {
        return status;
    }
    job->verified = done;
    job->argument = argument;
    if (!copy_text(&job->path, path)) {
        free_job(job);
        return swb__fail_nomem(error);
    }
    return submit(loop, job, verify, tell_verified, error);
}

static void decode(void *argument)
{
    struct job *job = argument;
    job->status =
        swb_erasure_verify_files(&job->decoded.bad_offset, &job->decoded.decode_ns, job->content,
                                 job->erasure, job->files, job->data_parts, &job->error);
}

static void tell_decoded(void *argument)
{
    struct job *job = argument;
    job->decode_done(job->argument, job->status, &job->decoded,
                     job->status == SWB_OK ? NULL : &job->error);
    free_job(job);
}

static int copy_files(struct job *job, const swb__maker_source *source,
                      const swb_erasure_file *files, swb_error *error)
{
    job->files = calloc(source->data_parts + 1, sizeof *job->files);
    if (job->files == NULL) {
        return swb__fail_nomem(error);
    }
    job->data_parts = source->data_parts;
    for (size_t i = 0; i < job->data_parts; i++) {
        char *path = strdup(files[i].path);
        if (path == NULL) {
            return swb__fail_nomem(error);
        }
        job->files[i] = (swb_erasure_file){files[i].index, path};
    }
    return SWB_OK;
}

int swb__maker_decode(swb_loop *loop, const swb__maker_source *source,
                      const swb_erasure_file *files, swb__decoder_done done, void *argument,
                      swb_error *error)
{
    struct job *job = NULL;
    int status = new_job(&job, source, true, error);
    if (status != SWB_OK) {
        return status;
    }
    job->decode_done = done;
    job->argument = argument;
    job->decoded.bad_offset = UINT64_MAX;
    status = copy_files(job, source, files, error);
    if (status == SWB_OK) {
        status = swb_erasure_create(&job->erasure, source->data_parts, source->parity_parts, error);
    }
    if (status != SWB_OK) {
        free_job(job);
        return status;
    }
    return submit(loop, job, decode, tell_decoded, error);
}
