/* Reading of metainfo that came over a network: as much as a torrent object needs. */
#ifndef SWB_CONTENT_METAINFO_H
#define SWB_CONTENT_METAINFO_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/content.h>

#include "base/error.h"

/* Makes a torrent of bencoded metainfo (BEP 3, one file), which is copied. `*out` is owned by the
 * caller. SWB_EPROTO (malformed), SWB_EENV, SWB_ENOMEM. */
int swb__torrent_of_metainfo(swb_torrent **out, const void *bytes, size_t length, swb_error *error);

/* Where the info dictionary lies in the metainfo, and its piece length. SWB_EPROTO. */
typedef struct swb__metainfo_place {
    size_t info_at;
    size_t info_length;
    uint64_t piece_bytes;
} swb__metainfo_place;
int swb__metainfo_find(swb__metainfo_place *out, const char *bytes, size_t length);

#endif
