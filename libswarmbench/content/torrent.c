/* Single-file torrents (BEP 3) of content. */
#define _GNU_SOURCE /* sched_getaffinity(): the cores that this process may use */

#include <swarmbench/content.h>

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "content/bencode.h"
#include "content/metainfo.h"
#include "content/pieces.h"

#define MIN_PIECE_BYTES (UINT64_C(16) << 10)
#define MAX_DEFAULT_PIECE_BYTES (UINT64_C(16) << 20)
/* MAX_PIECES: 320 MiB of hashes, far over what any client takes. */
enum { MAX_DEFAULT_PIECES = 2048, MAX_PIECES = 1 << 24, MAX_NAME_BYTES = 255 };

struct swb_torrent {
    swb__buffer metainfo;
    uint64_t piece_bytes;
    char infohash[2 * SWB__SHA1_BYTES + 1];
};

static uint64_t piece_count(uint64_t size_bytes, uint64_t piece_bytes)
{
    return size_bytes / piece_bytes + (size_bytes % piece_bytes != 0);
}

uint64_t swb_torrent_default_piece_bytes(uint64_t size_bytes)
{
    uint64_t piece_bytes = MIN_PIECE_BYTES;
    while (piece_bytes < MAX_DEFAULT_PIECE_BYTES &&
           piece_count(size_bytes, piece_bytes) > MAX_DEFAULT_PIECES) {
        piece_bytes *= 2;
    }
    return piece_bytes;
}

static uint32_t core_count(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
        return (uint32_t)CPU_COUNT(&cores);
    }
    /* More cores than a cpu_set_t holds. */
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : (uint32_t)online;
}

static bool is_file_name(const char *name)
{
    return name[0] != '\0' && strlen(name) <= MAX_NAME_BYTES && strchr(name, '/') == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int check_piece_bytes(uint64_t piece_bytes, uint64_t size_bytes, swb_error *error)
{
    if (piece_bytes < MIN_PIECE_BYTES || (piece_bytes & (piece_bytes - 1)) != 0) {
        return swb__fail(error, SWB_EINVAL,
                         "piece length %" PRIu64 ": must be a power of two from %" PRIu64
                         " on, or 0 to have it chosen",
                         piece_bytes, MIN_PIECE_BYTES);
    }
    if (piece_count(size_bytes, piece_bytes) > MAX_PIECES) {
        return swb__fail(error, SWB_EINVAL,
                         "piece length %" PRIu64 ": cuts %" PRIu64
                         " bytes into more than %d pieces",
                         piece_bytes, size_bytes, MAX_PIECES);
    }
    return SWB_OK;
}

static int check_options(const swb_torrent_options *options, swb_error *error)
{
    if (options->version != SWB_TORRENT_OPTIONS_VERSION) {
        return swb__fail(error, SWB_EINVAL, "torrent options of version %" PRIu32 ": expected %d",
                         options->version, SWB_TORRENT_OPTIONS_VERSION);
    }
    if (options->name != NULL && !is_file_name(options->name)) {
        return swb__fail(error, SWB_EINVAL,
                         "torrent name '%.300s': must be a file name of 1 to %d bytes without '/'",
                         options->name, MAX_NAME_BYTES);
    }
    return SWB_OK;
}

static void write_info(swb__buffer *to, const swb_content *content, uint64_t piece_bytes,
                       const swb_torrent_options *options, const uint8_t *digests)
{
    size_t pieces = (size_t)piece_count(content->size_bytes, piece_bytes);
    swb__bencode_dict(to);
    swb__bencode_text(to, "length");
    swb__bencode_uint(to, content->size_bytes);
    swb__bencode_text(to, "name");
    swb__bencode_text(to, options->name == NULL ? "content.bin" : options->name);
    swb__bencode_text(to, "piece length");
    swb__bencode_uint(to, piece_bytes);
    swb__bencode_text(to, "pieces");
    swb__bencode_bytes(to, digests, pieces * SWB__SHA1_BYTES);
    if (options->is_private) {
        swb__bencode_text(to, "private");
        swb__bencode_uint(to, 1);
    }
    swb__bencode_end(to);
}

static bool set_infohash(swb_torrent *torrent, const char *info, size_t length)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (!EVP_Q_digest(NULL, "SHA1", NULL, info, length, digest, NULL)) {
        return false;
    }
    for (size_t i = 0; i < SWB__SHA1_BYTES; i++) {
        snprintf(torrent->infohash + 2 * i, 3, "%02x", digest[i]);
    }
    return true;
}

static int write_metainfo(swb_torrent *torrent, const swb_content *content,
                          const swb_torrent_options *options, const uint8_t *digests,
                          swb_error *error)
{
    swb__buffer *to = &torrent->metainfo;
    swb__bencode_dict(to);
    if (options->announce != NULL) {
        swb__bencode_text(to, "announce");
        swb__bencode_text(to, options->announce);
    }
    swb__bencode_text(to, "info");
    size_t info_at = to->length;
    write_info(to, content, torrent->piece_bytes, options, digests);
    size_t info_length = to->length - info_at;
    swb__bencode_end(to);
    if (to->status != SWB_OK || !set_infohash(torrent, to->data + info_at, info_length)) {
        return swb__fail_nomem(error);
    }
    return SWB_OK;
}

/* Makes the content, its hashes and the metainfo, and the file if one is wanted. */
static int make(swb_torrent *torrent, uint8_t *digests, const swb_content *content,
                const swb_torrent_options *options, swb_error *error)
{
    uint32_t threads = options->threads == 0 ? core_count() : options->threads;
    swb__output file;
    swb__output *output = options->file_path == NULL ? NULL : &file;
    int status = SWB_OK;
    if (output != NULL) {
        status = swb__output_open(output, options->file_path, content->size_bytes, error);
        if (status != SWB_OK) {
            return status;
        }
    }
    status = swb__pieces_hash(digests, content, torrent->piece_bytes, threads, output, error);
    if (status == SWB_OK) {
        status = write_metainfo(torrent, content, options, digests, error);
    }
    return output == NULL ? status : swb__output_close(output, status, error);
}

int swb_torrent_create(swb_torrent **out, const swb_content *content,
                       const swb_torrent_options *options, swb_error *error)
{
    uint64_t piece_bytes = options->piece_bytes != 0
                               ? options->piece_bytes
                               : swb_torrent_default_piece_bytes(content->size_bytes);
    int status = check_options(options, error);
    if (status == SWB_OK) {
        status = check_piece_bytes(piece_bytes, content->size_bytes, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    size_t pieces = (size_t)piece_count(content->size_bytes, piece_bytes);
    swb_torrent *torrent = calloc(1, sizeof *torrent);
    uint8_t *digests = malloc(pieces * SWB__SHA1_BYTES);
    if (torrent == NULL || digests == NULL) {
        status = swb__fail_nomem(error);
    } else {
        torrent->metainfo.limit = SIZE_MAX / 2;
        torrent->piece_bytes = piece_bytes;
        status = make(torrent, digests, content, options, error);
    }
    free(digests);
    if (status != SWB_OK) {
        swb_torrent_destroy(torrent);
        return status;
    }
    *out = torrent;
    return SWB_OK;
}

int swb__torrent_of_metainfo(swb_torrent **out, const void *bytes, size_t length, swb_error *error)
{
    swb__metainfo_place place;
    if (swb__metainfo_find(&place, bytes, length) != SWB_OK) {
        return swb__fail(error, SWB_EPROTO, "%zu bytes that are no metainfo of a torrent", length);
    }
    swb_torrent *torrent = calloc(1, sizeof *torrent);
    if (torrent == NULL) {
        return swb__fail_nomem(error);
    }
    torrent->metainfo.limit = SIZE_MAX / 2;
    torrent->piece_bytes = place.piece_bytes;
    swb__buffer_append(&torrent->metainfo, bytes, length);
    int status = torrent->metainfo.status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
    if (status == SWB_OK &&
        !set_infohash(torrent, torrent->metainfo.data + place.info_at, place.info_length)) {
        status = swb__fail(error, SWB_EENV, "OpenSSL does not provide SHA-1");
    }
    if (status != SWB_OK) {
        swb_torrent_destroy(torrent);
        return status;
    }
    *out = torrent;
    return SWB_OK;
}

void swb_torrent_destroy(swb_torrent *torrent)
{
    if (torrent != NULL) {
        swb__buffer_finish(&torrent->metainfo);
        free(torrent);
    }
}

const uint8_t *swb_torrent_metainfo(size_t *length_out, const swb_torrent *torrent)
{
    *length_out = torrent->metainfo.length;
    return (const uint8_t *)torrent->metainfo.data;
}

const char *swb_torrent_infohash(const swb_torrent *torrent)
{
    return torrent->infohash;
}

uint64_t swb_torrent_piece_bytes(const swb_torrent *torrent)
{
    return torrent->piece_bytes;
}
