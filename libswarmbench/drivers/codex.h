/* What the files of the Codex driver share: options, what is kept of a node, its operations. */
#ifndef SWB_DRIVERS_CODEX_H
#define SWB_DRIVERS_CODEX_H

#include <stdbool.h>

#include <swarmbench/sys/driver.h>

#include "drivers/codex_metrics.h"

/* Positions in the option table, and so in swb_node.options. */
enum {
    SWB__CODEX_BINARY,
    SWB__CODEX_GENERATION, /* an swb__codex_generation */
    SWB__CODEX_DOWNLOAD,   /* an swb__codex_download */
    SWB__CODEX_QUOTA,
    SWB__CODEX_BLOCK_RETRIES,
    SWB__CODEX_ETH_PROVIDER,
    SWB__CODEX_ACCOUNT,
    SWB__CODEX_MARKETPLACE,
    SWB__CODEX_OPTION_COUNT,
};

typedef enum swb__codex_generation {
    SWB__CODEX_AUTO,
    SWB__CODEX_OLDER, /* Codex, 2025 */
    SWB__CODEX_NEWER, /* Logos Storage, 2026 */
} swb__codex_generation;

typedef enum swb__codex_download {
    SWB__CODEX_STREAM,
    SWB__CODEX_BACKGROUND,
} swb__codex_download;

/* What a node's store holds. */
typedef struct swb__codex_space {
    uint64_t blocks;
    uint64_t bytes;
} swb__codex_space;

/* Zeroed at first. */
typedef struct swb__codex_session {
    swb__codex_generation api; /* which one answers; AUTO: not asked yet */
    bool complete;             /* the whole content is on the node */
    bool fetching;             /* in the background, as the members below describe */
    bool coded;                /* it is of an erasure-coded dataset */
    bool active;               /* newer API: the fetch goes on */
    swb__codex_space before;   /* when the fetch began */
    uint64_t dataset_bytes;
    uint64_t block_bytes;
    char download_id[32]; /* newer API */
    char purchase[72];    /* of the erasure code that was asked for; "" */
    bool counted;         /* an attached node's counters do not begin at 0: they are below */
    swb__codex_metrics earlier;
} swb__codex_session;

int swb__codex_ready(swb_call *call);
int swb__codex_version(swb_call *call);
int swb__codex_seed(swb_call *call);
int swb__codex_leech(swb_call *call);
int swb__codex_status(swb_call *call);
int swb__codex_remove(swb_call *call);
int swb__codex_peers(swb_call *call);
int swb__codex_stop(swb_call *call);
int swb__codex_read(swb_call *call);
int swb__codex_able(swb_call *call);
int swb__codex_code(swb_call *call);

#endif
