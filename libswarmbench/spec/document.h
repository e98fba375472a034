/* The YAML document of an experiment: loaded, known to be harmless, and with a place for messages.
 */
#ifndef SWB_SPEC_DOCUMENT_H
#define SWB_SPEC_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <yaml.h>

#include "base/error.h"
#include "spec/arena.h"
#include "spec/names.h"

#define SWB__TEXT_MAX_BYTES ((size_t)1 << 20)

/* A place in the file, counted from 1; 0 where there is none. */
typedef struct swb__place {
    uint32_t line;
    uint32_t column;
} swb__place;

/* What all functions that read share. `error` may be NULL. */
typedef struct swb__reader {
    yaml_document_t document;
    const char *file;
    swb_error *error;
    swb__arena *arena; /* of what is read */
} swb__reader;

/*
 * Loads the one document of `text` and checks it as a whole: UTF-8, no NUL, a mapping at the top,
 * keys that are texts and unique, no tags, nothing nested or repeated by aliases beyond measure. So
 * readers may recurse freely. `reader->file`, `error` and `arena` are set by the caller.
 * SWB_EINPUT, SWB_ENOMEM; on success the document is freed with swb__document_unload().
 */
int swb__document_load(swb__reader *reader, const char *text, size_t length);
void swb__document_unload(swb__reader *reader);

yaml_node_t *swb__document_root(swb__reader *reader);
swb__place swb__place_of(const yaml_node_t *node);
/* Text of a scalar. */
const char *swb__node_text(const yaml_node_t *node);
/* Whether there is no value: nothing, "~" or "null". */
bool swb__node_is_null(const yaml_node_t *node);

/* A walk over the pairs of a mapping or the items of a sequence:
 * for (swb__member m = swb__members(reader, node); swb__next_member(&m);) uses m.key, m.value. */
typedef struct swb__member {
    yaml_document_t *document;
    const yaml_node_t *parent;
    size_t index;
    yaml_node_t *key; /* NULL in a sequence */
    yaml_node_t *value;
} swb__member;

swb__member swb__members(swb__reader *reader, const yaml_node_t *parent);
bool swb__next_member(swb__member *member);
size_t swb__member_count(const yaml_node_t *parent);

/* Value of `key` in a mapping; NULL where it has none. */
yaml_node_t *swb__mapping_get(swb__reader *reader, const yaml_node_t *mapping, const char *key);

/* SWB_EINPUT at a place of the file, or at a node's. */
#define swb__refuse_place(reader, where, ...)                                                      \
    swb__fail_at((reader)->error, SWB_EINPUT, (reader)->file, (where).line, (where).column,        \
                 __VA_ARGS__)
#define swb__refuse(reader, node, ...) swb__refuse_place(reader, swb__place_of(node), __VA_ARGS__)

/* Refuses the text of `node` as an unknown `what` ("key", "driver") and hints at the known ones. */
int swb__refuse_unknown(swb__reader *reader, const yaml_node_t *node, const char *what,
                        const swb__names *known);

/* Refuses a node of another type than `type`; `what` names it, `example` shows what is right. */
int swb__expect(swb__reader *reader, const yaml_node_t *node, yaml_node_type_t type,
                const char *what, const char *example);

#endif
