/* Erasure coding: content cut into k data parts and m parity parts, any k of which give it back. */
#ifndef SWARMBENCH_ERASURE_H
#define SWARMBENCH_ERASURE_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/content.h>
#include <swarmbench/error.h>
#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/**
 * The code is systematic Reed-Solomon over GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1
 * (0x11d), as ISA-L computes it. Content of F bytes becomes k + m parts of
 *
 *     L = ceil(F / k), rounded up to a multiple of 64 bytes.
 *
 * Data part j (0 <= j < k) is the content's bytes [j*L, (j+1)*L), zeros where the content has
 * ended. Byte x of parity part i (k <= i < k + m) is
 *
 *     P_i[x] = sum over j < k of D_j[x] / (i xor j)
 *
 * in that field. The coefficients form a Cauchy matrix (Bloemer et al., "An XOR-based
 * erasure-resilient coding scheme", 1995), every square submatrix of which can be inverted: so
 * every k of the parts decode, for every k and m. ISA-L's other choice, a Vandermonde matrix under
 * an identity, lacks that: some 5 parts of 5+6, or 10 of 10+5, do not decode.
 *
 * Where the library was built without ISA-L, everything that creates an object of this header
 * returns SWB_EUNSUPPORTED and names the package to install.
 */

/** Most parts, data and parity together. */
#define SWB_ERASURE_MAX_PARTS 255
/** A part's length is a multiple of this many bytes. */
#define SWB_ERASURE_UNIT_BYTES 64

/** Name and version of the library that computes, "ISA-L 2.30.0"; NULL where it was left out. */
SWB_API const char *swb_erasure_library(void);

/**
 * Length L of each part of content of `content_bytes` (up to SWB_CONTENT_MAX_BYTES) in
 * `data_parts` data parts; 0 where `data_parts` is 0.
 */
SWB_API uint64_t swb_erasure_part_bytes(uint64_t content_bytes, uint32_t data_parts);

/** A code of k data and m parity parts. Does not change: several threads may use one at once. */
typedef struct swb_erasure swb_erasure;

/**
 * Makes a code of `data_parts` k >= 1 and `parity_parts` m >= 1, k + m <= SWB_ERASURE_MAX_PARTS.
 * `*out` is owned by the caller, to be freed with swb_erasure_destroy().
 * Returns SWB_EINVAL (k or m out of range), SWB_EUNSUPPORTED, SWB_ENOMEM.
 */
SWB_API int swb_erasure_create(swb_erasure **out, uint32_t data_parts, uint32_t parity_parts,
                               swb_error *error);

/** Frees a code; accepts NULL. */
SWB_API void swb_erasure_destroy(swb_erasure *erasure);

/** k, the number of data parts, which is that of the parts needed to decode. */
SWB_API uint32_t swb_erasure_data_parts(const swb_erasure *erasure);

/** m, the number of parity parts. */
SWB_API uint32_t swb_erasure_parity_parts(const swb_erasure *erasure);

/**
 * Computes the m parity blocks of k data blocks of `length` bytes each. Blocks may begin at any
 * address and have any length; parity blocks must not overlap any other. Allocates nothing.
 * Returns SWB_EINVAL where `length` exceeds INT_MAX.
 */
SWB_API int swb_erasure_encode(const swb_erasure *erasure, uint8_t *const *parity,
                               const uint8_t *const *data, size_t length);

/** Decoding from one choice of k parts. Does not change: several threads may use one at once. */
typedef struct swb_erasure_decoder swb_erasure_decoder;

/**
 * Prepares decoding from the parts whose indices are given: k different ones below k + m, in any
 * order. `*out` is owned by the caller, to be freed with swb_erasure_decoder_destroy(); it does
 * not need `erasure` any longer.
 * Returns SWB_EINVAL (too many or few parts, an index too high or given twice), SWB_ENOMEM.
 */
SWB_API int swb_erasure_decoder_create(swb_erasure_decoder **out, const swb_erasure *erasure,
                                       const uint32_t *indices, size_t count, swb_error *error);

/** Frees a decoder; accepts NULL. */
SWB_API void swb_erasure_decoder_destroy(swb_erasure_decoder *decoder);

/**
 * How many data parts are not among those given; `*indices_out` (may be NULL) is set to their
 * indices in ascending order, borrowed until the decoder is destroyed.
 */
SWB_API size_t swb_erasure_decoder_missing(const uint32_t **indices_out,
                                           const swb_erasure_decoder *decoder);

/**
 * Computes the blocks of the missing data parts, in the order of swb_erasure_decoder_missing(),
 * from the blocks of the given parts, in the order in which their indices were given. All have
 * `length` bytes; as for swb_erasure_encode(). Allocates nothing.
 * Returns SWB_EINVAL where `length` exceeds INT_MAX.
 */
SWB_API int swb_erasure_decode(const swb_erasure_decoder *decoder, uint8_t *const *missing,
                               const uint8_t *const *given, size_t length);

/**
 * Part `index` of content, coded with `data_parts` k and `parity_parts` m, as content of its own:
 * all that takes content takes a part. Its size is L, its seed that of the whole content. Any
 * range is made directly and needs no memory: a data part is a range of the content, a byte of a
 * parity part costs the making of k bytes. `*out` is owned by the caller, to be freed with
 * swb_content_destroy(); it does not need `content` any longer.
 * Returns SWB_EINVAL (k, m or index out of range; `content` is a part itself), SWB_EUNSUPPORTED,
 * SWB_ENOMEM.
 */
SWB_API int swb_content_create_part(swb_content **out, const swb_content *content,
                                    uint32_t data_parts, uint32_t parity_parts, uint32_t index,
                                    swb_error *error);

/**
 * Decoding while parts arrive, in bounded memory: at most 17 MiB and 32 KiB for each missing part.
 * A slot takes the bytes of one part from its beginning on. In turn:
 *
 *     1. feed each slot up to swb_erasure_stream_room() bytes with swb_erasure_stream_feed();
 *     2. call swb_erasure_stream_next() until it returns 0; that makes room.
 *
 * A slot that is ahead of the others runs out of room until they follow; the slot that is furthest
 * behind always has room for SWB_ERASURE_STREAM_CHUNK_BYTES after step 2, or for its part's rest.
 */
typedef struct swb_erasure_stream swb_erasure_stream;

#define SWB_ERASURE_STREAM_CHUNK_BYTES 32768

/**
 * Starts decoding content of `content_bytes` (1 .. SWB_CONTENT_MAX_BYTES): slot i takes part
 * `indices[i]`. `*out` is owned by the caller, to be freed with swb_erasure_stream_destroy();
 * `erasure` is borrowed until then.
 * Returns SWB_EINVAL (as swb_erasure_decoder_create(); size out of range), SWB_ENOMEM.
 */
SWB_API int swb_erasure_stream_create(swb_erasure_stream **out, const swb_erasure *erasure,
                                      uint64_t content_bytes, const uint32_t *indices, size_t count,
                                      swb_error *error);

/** Frees a stream; accepts NULL. */
SWB_API void swb_erasure_stream_destroy(swb_erasure_stream *stream);

/** How many bytes a slot takes now; 0 also where its part is complete or there is no such slot. */
SWB_API uint64_t swb_erasure_stream_room(const swb_erasure_stream *stream, size_t slot);

/**
 * Takes the next `length` bytes of a slot's part.
 * Returns SWB_EINVAL, having taken nothing, where `length` exceeds the slot's room.
 */
SWB_API int swb_erasure_stream_feed(swb_erasure_stream *stream, size_t slot, const void *bytes,
                                    size_t length);

/**
 * Gives out the next run of content: `*bytes_out` is borrowed until the next call with this
 * stream, `*offset_out` its offset in the content. Returns its length; 0 where more must be fed
 * first. Each byte of the content is given out once. As all parts advance together, so do the k
 * data ranges: offsets ascend within each, not over all. The padding after the content is dropped.
 */
SWB_API size_t swb_erasure_stream_next(const uint8_t **bytes_out, uint64_t *offset_out,
                                       swb_erasure_stream *stream);

/** Non-zero when all of the content was given out, and swb_erasure_stream_next() returned 0. */
SWB_API int swb_erasure_stream_is_done(const swb_erasure_stream *stream);

/** Time that the decoding proper took so far. */
SWB_API int64_t swb_erasure_stream_decode_ns(const swb_erasure_stream *stream);

/**
 * Puts another part in the place of one that will not arrive: the slot takes part `index` from its
 * beginning. What is given out already is not given out again; those bytes of the new part are
 * counted and dropped, and add to the slot's room.
 * Returns SWB_EINVAL (no such slot; index too high or in use), SWB_EBUSY (swb_erasure_stream_next()
 * has not returned 0), SWB_ENOMEM; the stream is unchanged then.
 */
SWB_API int swb_erasure_stream_replace(swb_erasure_stream *stream, size_t slot, uint32_t index,
                                       swb_error *error);

/** A file that holds a part. */
typedef struct swb_erasure_file {
    uint32_t index;   /**< which part */
    const char *path; /**< where it is */
} swb_erasure_file;

/**
 * Decodes `content` from the files of k parts and verifies every byte of it, without a copy on
 * disk. `*decode_ns_out` (may be NULL) is set to the time that the decoding proper took, on
 * SWB_OK and SWB_EMISMATCH; `*bad_offset_out` (may be NULL) on SWB_EMISMATCH to the first offset of
 * the content that differs. Which part is at fault k parts cannot tell: swb_content_verify_file()
 * can, for each. The length of all files is checked before any is read.
 * Returns SWB_OK, SWB_EMISMATCH (also a file that is longer than a part, with the content's size as
 * offset), SWB_ETRUNCATED (one that is shorter), SWB_EINVAL (as swb_erasure_decoder_create();
 * `content` is a part itself), SWB_ENOENT, SWB_EIO, SWB_ENOMEM.
 */
SWB_API int swb_erasure_verify_files(uint64_t *bad_offset_out, int64_t *decode_ns_out,
                                     const swb_content *content, const swb_erasure *erasure,
                                     const swb_erasure_file *files, size_t count, swb_error *error);

SWB_END_DECLS

#endif
