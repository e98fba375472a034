/* The hashes of a torrent's pieces, made together with the content on many threads. */
#ifndef SWB_CONTENT_PIECES_H
#define SWB_CONTENT_PIECES_H

#include <stdint.h>

#include "content/generator.h"
#include "content/output.h"

#define SWB__SHA1_BYTES 20

/*
 * Makes the content once, block for block, and puts the SHA-1 of each piece at its place in
 * `digests` (SWB__SHA1_BYTES for each). Blocks are also written to `output` unless it is NULL.
 * `threads` >= 1 counts the calling one; fewer run where the system gives no more.
 * `piece_bytes` is a power of two. SWB_EIO, SWB_ENOSPACE, SWB_ENOMEM, SWB_EENV.
 */
int swb__pieces_hash(uint8_t *digests, const swb_content *content, uint64_t piece_bytes,
                     uint32_t threads, const swb__output *output, swb_error *error);

#endif
