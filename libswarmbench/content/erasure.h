/* What a code consists of, for those who compute with it. */
#ifndef SWB_CONTENT_ERASURE_H
#define SWB_CONTENT_ERASURE_H

#include <swarmbench/erasure.h>

#include "content/galois.h"

struct swb_erasure {
    const swb__galois *galois;
    uint32_t data_parts;
    uint32_t parity_parts;
    uint8_t *matrix; /* (k + m) rows of k coefficients: part = row * data */
    uint8_t *tables; /* of the m parity rows */
};

/* The arithmetic, if k and m are in range and it was built in. SWB_EINVAL, SWB_EUNSUPPORTED. */
int swb__erasure_check(const swb__galois **out, uint32_t data_parts, uint32_t parity_parts,
                       swb_error *error);
/* SWB_EINVAL where k + m parts have no part of that index. */
int swb__erasure_check_index(uint32_t data_parts, uint32_t parity_parts, uint32_t index,
                             swb_error *error);

#endif
