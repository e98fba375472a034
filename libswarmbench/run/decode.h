/* Parts read back from a store, decoded and compared with the content they were made of. */
#ifndef SWB_RUN_DECODE_H
#define SWB_RUN_DECODE_H

#include <swarmbench/sys/deployer.h>

#include "run/client.h"

typedef struct swb__decode swb__decode;

/* The one completion, from the loop; `decoded` is filled on SWB_OK and SWB_EMISMATCH. The decoding
 * is freed when it returns. */
typedef void (*swb__decode_done)(void *argument, int status, const swb_decoded *decoded,
                                 const swb_error *error);

/* A part: which one, and how it is read. */
typedef struct swb__decode_part {
    uint32_t index;
    swb__client *client; /* not in use otherwise; borrowed until `done` */
    swb_command command; /* SWB_OP_READ; what it points to, too */
} swb__decode_part;

/*
 * Reads the `data_parts` parts from the clients, all at once, holding back those that are ahead, so
 * that it takes the memory of one erasure stream and no disk. `content`, the whole, is borrowed
 * until `done`. SWB_EINVAL, SWB_ENOMEM.
 */
int swb__decode_start(swb_loop *loop, const swb_content *content, uint32_t data_parts,
                      uint32_t parity_parts, const swb__decode_part *parts, uint64_t deadline_ns,
                      swb__decode_done done, void *argument, swb_error *error);

#endif
