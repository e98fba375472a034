#include "spec/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 4096

typedef struct swb__arena_chunk {
    struct swb__arena_chunk *next;
    size_t used;
    size_t capacity;
    max_align_t bytes[];
} chunk;

static chunk *add_chunk(swb__arena *arena, size_t size)
{
    size_t capacity = size < CHUNK_BYTES ? CHUNK_BYTES : size;
    if (capacity > SIZE_MAX - sizeof(chunk)) {
        return NULL;
    }
    chunk *made = calloc(1, sizeof(chunk) + capacity);
    if (made == NULL) {
        return NULL;
    }
    made->capacity = capacity;
    made->next = arena->chunks;
    arena->chunks = made;
    return made;
}

void *swb__arena_alloc(swb__arena *arena, size_t size)
{
    size_t align = sizeof(max_align_t);
    if (size > SIZE_MAX - align) {
        return NULL;
    }
    size_t rounded = (size + align - 1) / align * align;
    chunk *from = arena->chunks;
    if (from == NULL || from->capacity - from->used < rounded) {
        from = add_chunk(arena, rounded);
        if (from == NULL) {
            return NULL;
        }
    }
    void *piece = (char *)from->bytes + from->used;
    from->used += rounded;
    return piece;
}

void *swb__arena_array(swb__arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    size_t bytes = count * size;
    return swb__arena_alloc(arena, bytes == 0 ? 1 : bytes);
}

char *swb__arena_text(swb__arena *arena, const char *text, size_t length)
{
    char *copy = length == SIZE_MAX ? NULL : swb__arena_alloc(arena, length + 1);
    if (copy != NULL && length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

void swb__arena_finish(swb__arena *arena)
{
    while (arena->chunks != NULL) {
        chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}
