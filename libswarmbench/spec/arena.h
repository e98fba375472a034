/* Memory of an experiment: many small pieces that live and die together. */
#ifndef SWB_SPEC_ARENA_H
#define SWB_SPEC_ARENA_H

#include <stddef.h>

/* Zeroed memory is a valid empty arena. */
typedef struct swb__arena {
    struct swb__arena_chunk *chunks;
} swb__arena;

/* `size` zeroed bytes, aligned for anything; NULL where there is no memory. */
void *swb__arena_alloc(swb__arena *arena, size_t size);
/* As above for `count` items of `size` bytes; at least one byte, so NULL always is a failure. */
void *swb__arena_array(swb__arena *arena, size_t count, size_t size);
/* A copy of `length` bytes and a NUL. */
char *swb__arena_text(swb__arena *arena, const char *text, size_t length);
void swb__arena_finish(swb__arena *arena);

#endif
