#include "base/random.h"

#include <assert.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

void swb__random_init(swb__random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        random->state[i] = splitmix64(&seed);
    }
}

uint64_t swb__random_next(swb__random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t swb__random_below(swb__random *random, uint64_t bound)
{
    assert(bound > 0);
    uint64_t reject_under = (0 - bound) % bound;
    uint64_t value;
    do {
        value = swb__random_next(random);
    } while (value < reject_under);
    return value % bound;
}

double swb__random_unit(swb__random *random)
{
    return (double)(swb__random_next(random) >> 11) * 0x1.0p-53;
}

void swb__random_shuffle(swb__random *random, uint32_t *indices, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)swb__random_below(random, i);
        uint32_t moved = indices[i - 1];
        indices[i - 1] = indices[j];
        indices[j] = moved;
    }
}

uint64_t swb__random_derive(uint64_t seed, const char *label, uint64_t number)
{
    /* FNV-1a over the label, then mixed with seed and number by splitmix64. */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = label; *c != '\0'; c++) {
        hash = (hash ^ (uint64_t)(unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    uint64_t state = seed;
    state = splitmix64(&state) ^ hash;
    state = splitmix64(&state) ^ number;
    return splitmix64(&state);
}
