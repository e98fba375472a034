/* Each thread takes a run of pieces at a time and makes, hashes and writes it block for block, so
 * that a block is still in the thread's second cache when it is hashed and written. */
#include "content/pieces.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

/* Powers of two: a block holds whole pieces, or a piece whole blocks. */
enum { BLOCK_BYTES = 256 * 1024, RUN_BYTES = 1024 * 1024, MAX_THREADS = 256 };

typedef struct hash_job {
    const swb_content *content;
    const swb__output *output;
    const EVP_MD *sha1;
    uint8_t *digests;
    uint64_t piece_bytes;
    uint64_t run_bytes;
    atomic_uint_fast64_t next_run;
    atomic_bool stop;
} hash_job;

typedef struct worker {
    hash_job *job;
    pthread_t thread;
    bool started;
    int status;
    swb_error error;
    swb__reader reader;
    EVP_MD_CTX *digest;
    uint8_t *block;
} worker;

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Hashes a block that begins or ends within a piece, or holds several. */
static bool hash_block(worker *self, uint64_t offset, size_t length)
{
    const hash_job *job = self->job;
    bool good = true;
    for (size_t at = 0; at < length && good;) {
        size_t part = (size_t)smaller(length - at, job->piece_bytes);
        uint64_t end = offset + at + part;
        if ((offset + at) % job->piece_bytes == 0) {
            good = EVP_DigestInit_ex2(self->digest, job->sha1, NULL);
        }
        good = good && EVP_DigestUpdate(self->digest, self->block + at, part);
        if (good && (end % job->piece_bytes == 0 || end == job->content->size_bytes)) {
            uint64_t piece = (end - 1) / job->piece_bytes;
            good = EVP_DigestFinal_ex(self->digest, job->digests + piece * SWB__SHA1_BYTES, NULL);
        }
        at += part;
    }
    return good;
}

static int make_run(worker *self, uint64_t from, uint64_t to)
{
    const hash_job *job = self->job;
    int status = SWB_OK;
    for (uint64_t at = from; at < to && status == SWB_OK; at += BLOCK_BYTES) {
        size_t length = (size_t)smaller(to - at, BLOCK_BYTES);
        if (swb__reader_read(&self->reader, at, self->block, length) != SWB_OK ||
            !hash_block(self, at, length)) {
            return swb__fail_nomem(&self->error);
        }
        if (job->output != NULL) {
            status = swb__output_write(job->output, at, self->block, length, &self->error);
        }
    }
    return status;
}

static int make_runs(worker *self)
{
    hash_job *job = self->job;
    uint64_t size_bytes = job->content->size_bytes;
    uint64_t run_count = (size_bytes + job->run_bytes - 1) / job->run_bytes;
    int status = SWB_OK;
    while (status == SWB_OK && !atomic_load(&job->stop)) {
        uint64_t run = atomic_fetch_add(&job->next_run, 1);
        if (run >= run_count) {
            break;
        }
        uint64_t from = run * job->run_bytes;
        status = make_run(self, from, from + smaller(job->run_bytes, size_bytes - from));
    }
    return status;
}

static void *work(void *argument)
{
    worker *self = argument;
    self->digest = EVP_MD_CTX_new();
    self->block = swb__block_alloc(BLOCK_BYTES);
    if (swb__reader_init(&self->reader, self->job->content) != SWB_OK || self->digest == NULL ||
        self->block == NULL) {
        self->status = swb__fail_nomem(&self->error);
    } else {
        self->status = make_runs(self);
    }
    if (self->status != SWB_OK) {
        atomic_store(&self->job->stop, true);
    }
    swb__reader_finish(&self->reader);
    EVP_MD_CTX_free(self->digest);
    free(self->block);
    return NULL;
}

/* Runs the workers, the first of them in this thread. One that cannot be started leaves its share
 * to the others. */
static int run_workers(worker *workers, uint32_t count, swb_error *error)
{
    int status = SWB_OK;
    for (uint32_t i = 1; i < count; i++) {
        workers[i].started = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    }
    work(&workers[0]);
    for (uint32_t i = 0; i < count; i++) {
        if (workers[i].started) {
            pthread_join(workers[i].thread, NULL);
        }
        if (workers[i].status != SWB_OK && status == SWB_OK) {
            status = workers[i].status;
            if (error != NULL) {
                *error = workers[i].error;
            }
        }
    }
    return status;
}

int swb__pieces_hash(uint8_t *digests, const swb_content *content, uint64_t piece_bytes,
                     uint32_t threads, const swb__output *output, swb_error *error)
{
    EVP_MD *sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    if (sha1 == NULL) {
        return swb__fail(error, SWB_EENV, "OpenSSL does not provide SHA-1");
    }
    uint64_t run_bytes = piece_bytes < RUN_BYTES ? RUN_BYTES : piece_bytes;
    uint64_t run_count = (content->size_bytes + run_bytes - 1) / run_bytes;
    uint32_t count = (uint32_t)smaller(smaller(threads, MAX_THREADS), run_count);
    hash_job job = {.content = content,
                    .output = output,
                    .sha1 = sha1,
                    .digests = digests,
                    .piece_bytes = piece_bytes,
                    .run_bytes = run_bytes};
    worker *workers = calloc(count, sizeof *workers);
    int status = SWB_OK;
    if (workers == NULL) {
        status = swb__fail_nomem(error);
        goto out;
    }
    for (uint32_t i = 0; i < count; i++) {
        workers[i].job = &job;
    }
    status = run_workers(workers, count, error);
out:
    free(workers);
    EVP_MD_free(sha1);
    return status;
}
