/* The infohashes that a tracker serves: a sorted set of bounded size. */
#ifndef SWB_TRACKER_WHITELIST_H
#define SWB_TRACKER_WHITELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"

#define SWB__INFOHASH_BYTES 20
#define SWB__INFOHASH_TEXT 41 /* in hex, with its end */
#define SWB__WHITELIST_MAX 4096u

typedef struct swb__infohash {
    uint8_t bytes[SWB__INFOHASH_BYTES];
} swb__infohash;

/* Zeroed memory is an empty one. */
typedef struct swb__whitelist {
    swb__infohash *entries; /* in the order of their bytes */
    size_t count;
} swb__whitelist;

/* 40 hex digits of either case; false for anything else. */
bool swb__infohash_parse(swb__infohash *out, const char *text);
/* In lower case. */
void swb__infohash_text(char out[SWB__INFOHASH_TEXT], const swb__infohash *infohash);

/* One that is there already is fine. SWB_ENOSPACE (SWB__WHITELIST_MAX), SWB_ENOMEM. */
int swb__whitelist_add(swb__whitelist *list, const swb__infohash *infohash, swb_error *error);
/* SWB_ENOENT. */
int swb__whitelist_remove(swb__whitelist *list, const swb__infohash *infohash, swb_error *error);
/* Replaces all by an array of strings; untouched on failure. SWB_EINVAL, SWB_ENOSPACE, SWB_ENOMEM.
 */
int swb__whitelist_replace(swb__whitelist *list, const cJSON *array, swb_error *error);
/* SWB_ENOMEM; `out` is to be finished. */
int swb__whitelist_copy(swb__whitelist *out, const swb__whitelist *list, swb_error *error);
void swb__whitelist_finish(swb__whitelist *list);

#endif
