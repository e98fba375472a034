/* Making a run's content and torrent on the host, off the loop's thread. */
#ifndef SWB_HOST_MAKER_H
#define SWB_HOST_MAKER_H

#include <swarmbench/content.h>

#include "io/loop.h"

/* Called once, from the loop; `torrent` is moved to the callee, NULL on failure. */
typedef void (*swb__maker_done)(void *argument, int status, swb_torrent *torrent,
                                const swb_error *error);

/* Makes the torrent of (seed, size) with `announce`, writing the content to `path` unless that is
 * NULL. SWB_EINVAL, SWB_ENOMEM. */
int swb__maker_torrent(swb_loop *loop, uint64_t seed, uint64_t size_bytes, const char *name,
                       const char *announce, const char *path, swb__maker_done done, void *argument,
                       swb_error *error);

/* Verifies the file at `path`. SWB_OK or SWB_EMISMATCH (bad_offset told), SWB_ENOENT, SWB_EIO. */
typedef void (*swb__verifier_done)(void *argument, int status, uint64_t bad_offset,
                                   const swb_error *error);
int swb__maker_verify(swb_loop *loop, uint64_t seed, uint64_t size_bytes, const char *path,
                      swb__verifier_done done, void *argument, swb_error *error);

#endif
