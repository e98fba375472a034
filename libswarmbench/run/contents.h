/* What a run moves: the whole file, or the parts of an erasure code of it. */
#ifndef SWB_RUN_CONTENTS_H
#define SWB_RUN_CONTENTS_H

#include <swarmbench/content.h>

#include "base/error.h"
#include "spec/experiment.h"

/* Zeroed memory holds nothing. */
typedef struct swb__contents {
    swb_content *whole;
    swb_content **items; /* what moves; `whole` itself, or the parts */
    char (*names)[32];   /* of their files */
    const char **name_list;
    size_t count;
    uint32_t data_parts; /* 0: the whole moves */
    uint32_t parity_parts;
} swb__contents;

/* SWB_ENOMEM, SWB_EINVAL, SWB_EENV, SWB_EUNSUPPORTED. */
int swb__contents_init(swb__contents *contents, uint64_t seed, uint64_t bytes,
                       const swb__coding *coding, swb_error *error);
void swb__contents_finish(swb__contents *contents);

/* Fills what a place is told of the content. Strings are borrowed. */
void swb__contents_tell(swb_site_request *request, const swb__contents *contents);
/* All that a node may come to store. */
uint64_t swb__contents_stored_bytes(const swb__contents *contents);

#endif
