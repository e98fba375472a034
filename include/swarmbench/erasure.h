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

SWB_END_DECLS

#endif
