#include "host/maker.h"

#include <stdlib.h>
#include <string.h>

/* One piece of work on a thread of the pool; only `done` sees it from the loop. */
struct job {
    swb_content *content;
    swb_torrent *torrent;
    char *name;
    char *announce;
    char *path;
    uint64_t bad_offset;
    int status;
    swb_error error;
    swb__maker_done made;
    swb__verifier_done verified;
    void *argument;
};

static void free_job(struct job *job)
{
    swb_content_destroy(job->content);
    free(job->name);
    free(job->announce);
    free(job->path);
    free(job);
}

static int new_job(struct job **out, uint64_t seed, uint64_t size_bytes, swb_error *error)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb_content_create(&job->content, seed, size_bytes, error);
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

int swb__maker_torrent(swb_loop *loop, uint64_t seed, uint64_t size_bytes, const char *name,
                       const char *announce, const char *path, swb__maker_done done, void *argument,
                       swb_error *error)
{
    struct job *job = NULL;
    int status = new_job(&job, seed, size_bytes, error);
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

int swb__maker_verify(swb_loop *loop, uint64_t seed, uint64_t size_bytes, const char *path,
                      swb__verifier_done done, void *argument, swb_error *error)
{
    struct job *job = NULL;
    int status = new_job(&job, seed, size_bytes, error);
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
