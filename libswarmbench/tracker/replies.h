/* What opentracker answers, taken apart. No I/O. */
#ifndef SWB_TRACKER_REPLIES_H
#define SWB_TRACKER_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/whitelist.h"

/* Of opentracker's whole life. */
typedef struct swb__tracker_counters {
    uint64_t uptime_s;
    uint64_t tcp_announces;
    uint64_t tcp_scrapes;
    uint64_t udp_announces;
    uint64_t udp_scrapes;
    char revision[64]; /* of its source; "" where it does not tell */
} swb__tracker_counters;

/* Reads the reply to /stats?mode=everything. SWB_EPROTO. */
int swb__tracker_read_counters(swb__tracker_counters *out, const char *text, swb_error *error);

typedef struct swb__tracker_torrent {
    swb__infohash infohash;
    uint64_t seeders;
    uint64_t leechers;
    uint64_t completed; /* clients that told that they have completed it */
} swb__tracker_torrent;

/* Reads the reply to a scrape: at most `room` torrents. SWB_EPROTO. */
int swb__tracker_read_scrape(swb__tracker_torrent *out, size_t *count_out, size_t room,
                             const uint8_t *bytes, size_t length, swb_error *error);

/* Whether an announce was served rather than refused. SWB_EPROTO where it is no reply to one. */
int swb__tracker_read_announce(bool *served_out, const uint8_t *bytes, size_t length,
                               swb_error *error);

#endif
