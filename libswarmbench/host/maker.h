/* Making a run's content and torrents on the host, and verifying what arrived, off the loop's
 * thread. */
#ifndef SWB_HOST_MAKER_H
#define SWB_HOST_MAKER_H

#include <swarmbench/content.h>
#include <swarmbench/erasure.h>
#include <swarmbench/sys/deployer.h>

#include "io/loop.h"

/* Which content: the whole of (seed, size), or a part of its erasure code. */
typedef struct swb__maker_source {
    uint64_t seed;
    uint64_t size_bytes; /* of the whole */
    uint32_t data_parts; /* 0: the whole is meant */
    uint32_t parity_parts;
    uint32_t part;
} swb__maker_source;

/* Content `index` of a site. */
static inline swb__maker_source swb__maker_source_of(const swb_site_request *request, size_t index)
{
    return (swb__maker_source){request->content_seed, request->content_bytes, request->data_parts,
                               request->parity_parts, (uint32_t)index};
}

/* Called once, from the loop; `torrent` is moved to the callee, NULL on failure. */
typedef void (*swb__maker_done)(void *argument, int status, swb_torrent *torrent,
                                const swb_error *error);

/* Makes the torrent of a content with `announce`, writing the content to `path` unless that is
 * NULL. SWB_EINVAL, SWB_EUNSUPPORTED (a part, without ISA-L), SWB_ENOMEM. */
int swb__maker_torrent(swb_loop *loop, const swb__maker_source *source, const char *name,
                       const char *announce, const char *path, swb__maker_done done, void *argument,
                       swb_error *error);

/* Writes the content to a new file at `path`; its completion tells as swb_content_write_file().
 * SWB_EINVAL, SWB_EUNSUPPORTED, SWB_ENOMEM. */
int swb__maker_content(swb_loop *loop, const swb__maker_source *source, const char *path,
                       swb_done done, void *argument, swb_error *error);

/* Verifies the file at `path`. SWB_OK or SWB_EMISMATCH (bad_offset told), SWB_ENOENT, SWB_EIO. */
typedef void (*swb__verifier_done)(void *argument, int status, uint64_t bad_offset,
                                   const swb_error *error);
int swb__maker_verify(swb_loop *loop, const swb__maker_source *source, const char *path,
                      swb__verifier_done done, void *argument, swb_error *error);

/* Decodes the whole content from the files of `data_parts` parts (copied), and verifies it. SWB_OK
 * or SWB_EMISMATCH (what was decoded is told), else as swb_erasure_verify_files(). */
typedef void (*swb__decoder_done)(void *argument, int status, const swb_decoded *decoded,
                                  const swb_error *error);
int swb__maker_decode(swb_loop *loop, const swb__maker_source *source,
                      const swb_erasure_file *files, swb__decoder_done done, void *argument,
                      swb_error *error);

#endif
