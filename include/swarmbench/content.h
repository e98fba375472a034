/* Content: bytes that are determined by (seed, size), their verification, and their torrent. */
#ifndef SWARMBENCH_CONTENT_H
#define SWARMBENCH_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/error.h>
#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/**
 * Content is the AES-128-CTR key stream (NIST SP 800-38A) of a key that is the first 16 bytes of
 * SHA-256("swarmbench content 1" || seed as 8 bytes big-endian || size as 8 bytes big-endian),
 * counting from a zero block. So any offset is made without the bytes before it, and anyone can
 * make the same bytes: `openssl enc -aes-128-ctr -K KEY -iv 0 < /dev/zero | head -c SIZE`.
 */
typedef struct swb_content swb_content;

/** Largest content: 2^53 bytes, which every number format in use carries exactly. */
#define SWB_CONTENT_MAX_BYTES (UINT64_C(1) << 53)

/**
 * Makes a content generator for `size_bytes` bytes (1 .. SWB_CONTENT_MAX_BYTES) of `seed` (any).
 * `*out` is owned by the caller, to be freed with swb_content_destroy().
 * Returns SWB_EINVAL (size out of range), SWB_EENV (OpenSSL lacks a cipher or hash), SWB_ENOMEM.
 */
SWB_API int swb_content_create(swb_content **out, uint64_t seed, uint64_t size_bytes,
                               swb_error *error);

/** Frees a generator; accepts NULL. */
SWB_API void swb_content_destroy(swb_content *content);

/** The seed that the content was made from. */
SWB_API uint64_t swb_content_seed(const swb_content *content);

/** Length of the content in bytes. */
SWB_API uint64_t swb_content_size_bytes(const swb_content *content);

/**
 * Writes the bytes [offset_bytes, offset_bytes + length) of the content to `buffer`.
 * The object holds no position: several threads may read the same content at once.
 * Returns SWB_EINVAL where the range leaves the content, SWB_ENOMEM.
 */
SWB_API int swb_content_read(const swb_content *content, uint64_t offset_bytes, void *buffer,
                             size_t length);

/**
 * Compares `length` bytes with the content from `offset_bytes` on, without a reference copy.
 * Returns SWB_OK where all agree; SWB_EMISMATCH with `*bad_offset_out` (may be NULL) set to the
 * first offset within the content that differs; SWB_EINVAL where the range leaves the content.
 */
SWB_API int swb_content_compare(uint64_t *bad_offset_out, const swb_content *content,
                                uint64_t offset_bytes, const void *bytes, size_t length);

/**
 * Writes the content to a new file at `path` with mode 0644, hashing nothing. An existing file is
 * replaced. On failure no file is left.
 * Returns SWB_EIO, SWB_ENOSPACE, SWB_ENOMEM.
 */
SWB_API int swb_content_write_file(const swb_content *content, const char *path, swb_error *error);

/**
 * Verifies every byte of the file at `path`. `*bad_offset_out` (may be NULL) is set on
 * SWB_EMISMATCH to the first offset that differs; a file that is too short differs at its end,
 * one that is too long at the content's end.
 * Returns SWB_OK, SWB_EMISMATCH, SWB_ENOENT, SWB_EIO, SWB_ENOMEM.
 */
SWB_API int swb_content_verify_file(uint64_t *bad_offset_out, const swb_content *content,
                                    const char *path, swb_error *error);

/** How a torrent is made. Start with SWB_TORRENT_OPTIONS_INIT. */
typedef struct swb_torrent_options {
    uint32_t version;      /**< SWB_TORRENT_OPTIONS_VERSION */
    uint32_t threads;      /**< threads that hash; 0 = one for each core */
    uint64_t piece_bytes;  /**< piece length, a power of two >= 16384; 0 = chosen by size */
    const char *name;      /**< the file's name in the torrent; NULL = "content.bin" */
    const char *announce;  /**< the tracker's URL; NULL = none */
    const char *file_path; /**< where to write the content too; NULL = only hash it */
    int is_private;        /**< non-zero sets the private flag (BEP 27): tracker peers only */
} swb_torrent_options;

#define SWB_TORRENT_OPTIONS_VERSION 1
#define SWB_TORRENT_OPTIONS_INIT                                                                   \
    {                                                                                              \
        SWB_TORRENT_OPTIONS_VERSION, 0, 0, NULL, NULL, NULL, 0                                     \
    }

/** Metainfo of a single-file torrent (BEP 3). */
typedef struct swb_torrent swb_torrent;

/**
 * Makes content and its torrent in one pass on all cores. `*out` is owned by the caller, to be
 * freed with swb_torrent_destroy(). Deterministic: no creation date, keys sorted.
 * Returns SWB_EINVAL (options; over 2^24 pieces), SWB_EENV (OpenSSL lacks SHA-1), SWB_EIO,
 * SWB_ENOSPACE, SWB_ENOMEM. On failure no file is left.
 */
SWB_API int swb_torrent_create(swb_torrent **out, const swb_content *content,
                               const swb_torrent_options *options, swb_error *error);

/** Frees a torrent; accepts NULL. */
SWB_API void swb_torrent_destroy(swb_torrent *torrent);

/** The bencoded metainfo, `*length_out` bytes; borrowed until the torrent is destroyed. */
SWB_API const uint8_t *swb_torrent_metainfo(size_t *length_out, const swb_torrent *torrent);

/** The infohash (BEP 3, SHA-1 of the info dictionary) as 40 lower-case hex digits; borrowed. */
SWB_API const char *swb_torrent_infohash(const swb_torrent *torrent);

/** Piece length in bytes. */
SWB_API uint64_t swb_torrent_piece_bytes(const swb_torrent *torrent);

/**
 * The piece length that is chosen for a size: the power of two that gives at most 2,048 pieces,
 * not under 16 KiB and not over 16 MiB.
 */
SWB_API uint64_t swb_torrent_default_piece_bytes(uint64_t size_bytes);

SWB_END_DECLS

#endif
