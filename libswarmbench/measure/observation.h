/* Observations: the rows that a run yields. All times: ns on the runner's monotonic clock. */
#ifndef SWB_MEASURE_OBSERVATION_H
#define SWB_MEASURE_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include <swarmbench/sys/deployer.h>

/* A time that is not known. */
#define SWB__TIME_UNKNOWN INT64_MIN

/* What became of one leecher: a failed download is a row too, with its cause. */
typedef struct swb__download {
    uint32_t node;
    uint64_t bytes;            /* size of the content */
    int64_t intended_ns;       /* when it was meant to start */
    int64_t started_ns;        /* when the command was handed to the socket; or unknown */
    int64_t accepted_ns;       /* when the node had acknowledged it; or unknown */
    swb_moment first_byte;     /* source NONE: not seen */
    swb_moment half;           /* 50 % */
    swb_moment ninety;         /* 90 % */
    swb_moment completion;     /* source NONE: never complete (censored at ended_ns) */
    int64_t ended_ns;          /* completed, failed or given up */
    uint64_t bytes_done;       /* at the end */
    uint64_t payload_received; /* SWB_COUNT_UNKNOWN where the client does not tell; next two too */
    uint64_t payload_sent;
    uint64_t wasted;
    uint64_t beyond_bytes; /* of parts that were not needed in the end; 0 where there are none */
    int64_t decode_ns;     /* decoding the parts; part of the completion; -1: nothing to decode */
    uint32_t stalls;       /* periods over 2 s without progress before completion */
    uint64_t stalled_ns;   /* their total */
    bool verified;
    uint64_t bad_offset; /* first byte that differs; UINT64_MAX: none */
    int status;          /* SWB_OK, or why it failed */
    char cause[256];     /* in words; "" on success */
} swb__download;

/* One node of a run. */
typedef struct swb__node_row {
    uint32_t node;
    char name[64];
    char role[16]; /* "seeder", "leecher", "service" */
    char group[64];
    char driver[32];
    char version[64];
    char api_version[32];
    char revision[64];
    char address[64];
    int64_t started_ns;    /* process start; or unknown */
    int64_t ready_ns;      /* API answered; or unknown */
    int64_t seed_begin_ns; /* seeders: the seed command was sent; or unknown */
    int64_t seed_end_ns;   /* seeders: the node serves the content; or unknown */
    int64_t code_begin_ns; /* seeders: the client was asked to erasure-code; or unknown */
    int64_t code_end_ns;   /* and had done so; or unknown */
    uint64_t stored_bytes; /* size of what it coded; SWB_COUNT_UNKNOWN */
    uint64_t payload_sent; /* at the end of the run; SWB_COUNT_UNKNOWN */
    int exit_code;         /* unasked end; -1: none */
    int exit_signal;
    bool stand_in;
    bool warm; /* it ran before the run: nothing about it is fresh */
    swb_location location;
} swb__node_row;

/* What became of a part of an erasure code on a node. */
typedef enum swb__part_fate {
    SWB__PART_HELD,      /* on a seeder from the start */
    SWB__PART_USED,      /* complete, and decoded from */
    SWB__PART_SPARE,     /* complete, but not needed */
    SWB__PART_CANCELLED, /* under way when enough others were complete, or when the run ended */
    SWB__PART_STALLED,   /* given up for another one */
    SWB__PART_FAILED,
} swb__part_fate;

/* A part that a node held or fetched. */
typedef struct swb__part_row {
    uint32_t node;
    uint32_t part;
    swb__part_fate fate;
    uint64_t bytes;        /* its size */
    uint64_t bytes_done;   /* of it on the node at the end */
    int64_t begun_ns;      /* seeders: given to the client; leechers: asked for; or unknown */
    swb_moment completion; /* leechers; source NONE: never complete */
    int64_t ended_ns; /* seeders: it serves the part; leechers: complete or given up; unknown */
    char cause[128];  /* why it was given up; "" */
} swb__part_row;

/* What a run came to. */
typedef struct swb__run_result {
    int status; /* SWB_OK: every download completed and verified */
    char cause[256];
    int64_t started_ns;    /* deployment began */
    int64_t intended_ns;   /* t0 of the leechers; or unknown */
    int64_t ended_ns;      /* teardown finished */
    int64_t start_skew_ns; /* among leechers meant to start together; -1 unknown */
    int64_t makespan_ns;   /* intended start to the last completion; -1 where one is missing */
    int64_t spread_ns;     /* last - first completion; -1 */
    double seeder_share;   /* bytes sent by seeders / file size; NaN */
    uint64_t deploy_ns;    /* first start to last node ready */
    uint64_t content_ns;   /* making content and torrent */
    uint64_t coded_bytes;  /* of the whole code, k + m parts; SWB_COUNT_UNKNOWN: not coded */
    char infohash[41];     /* "" where there is none */
} swb__run_result;

/* The runner's own cost during a run. */
typedef struct swb__harness_cost {
    uint64_t cpu_ns;
    uint64_t leech_cpu_ns; /* CPU from the intended start to the last completion */
    uint64_t leech_wall_ns;
    uint64_t rss_peak_bytes;
    uint64_t rss_bytes;
} swb__harness_cost;

/* Name of a source as it is stored: "inotify", "blocks", "api", "stream", "event", "". */
const char *swb__source_name(swb_source source);
/* As it is stored: "held", "used", "spare", "cancelled", "stalled", "failed". */
const char *swb__part_fate_name(swb__part_fate fate);

#endif
