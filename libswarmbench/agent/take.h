/* Taking JSON apart: every member is declared with its limits, and what is not declared refused. */
#ifndef SWB_AGENT_TAKE_H
#define SWB_AGENT_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "host/content_spec.h"

typedef enum swb__take_kind {
    SWB__TAKE_TEXT,   /* const char *; most: bytes */
    SWB__TAKE_NUMBER, /* uint64_t, from a number of least to most */
    SWB__TAKE_UINT64, /* uint64_t, from a string of digits */
    SWB__TAKE_INT64,  /* int64_t, from a string of digits */
    SWB__TAKE_BOOL,   /* bool */
    SWB__TAKE_OBJECT, /* const cJSON * */
    SWB__TAKE_ARRAY,  /* const cJSON *; most: items */
} swb__take_kind;

typedef struct swb__take {
    const char *name;
    swb__take_kind kind;
    bool required;
    size_t at; /* offset in the structure that is filled */
    uint64_t least;
    uint64_t most;
} swb__take;

/* Fills `out`; what is missing and not required is left as it is. Texts are borrowed from
 * `object`, which may be NULL. SWB_EINVAL, naming the member. */
int swb__take_object(void *out, const cJSON *object, const swb__take *takes, size_t count,
                     swb_error *error);

/* What prepare, torrent, verify and watch have in common. */
typedef struct swb__take_content {
    const char *name;
    uint64_t seed;
    uint64_t bytes;
    const cJSON *erasure;
    /* Of some only. */
    const char *announce;
    bool write;
    int64_t begin_ns;
    const cJSON *files;
} swb__take_content;

typedef enum swb__content_use {
    SWB__USE_PLAIN,
    SWB__USE_TORRENT,
    SWB__USE_WATCH,
    SWB__USE_DECODE, /* has no name of its own: its parts have */
} swb__content_use;

/* SWB_EINVAL. */
int swb__take_content_body(swb__take_content *out, swb__content_spec *spec_out, const cJSON *body,
                           swb__content_use use, swb_error *error);

typedef struct swb__take_part {
    uint64_t part;
    const char *name; /* borrowed */
} swb__take_part;

/* The parts to decode from, of which there must be `count`. SWB_EINVAL. */
int swb__take_parts(swb__take_part *out, size_t count, const cJSON *array, swb_error *error);

/* A NULL-terminated list of the array's strings, to be freed with free(); the strings are borrowed.
 * SWB_EINVAL, SWB_ENOMEM. */
int swb__take_list(const char ***out, const cJSON *array, const char *name, swb_error *error);

#endif
