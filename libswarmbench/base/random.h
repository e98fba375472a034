/* Seeded random numbers: the same seed gives the same stream on every machine. */
#ifndef SWB_BASE_RANDOM_H
#define SWB_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64. Not for secrets. */
typedef struct swb__random {
    uint64_t state[4];
} swb__random;

void swb__random_init(swb__random *random, uint64_t seed);
uint64_t swb__random_next(swb__random *random);
/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t swb__random_below(swb__random *random, uint64_t bound);
/* Uniform in [0, 1). */
double swb__random_unit(swb__random *random);
/* Shuffles `count` indices in place (Fisher-Yates). */
void swb__random_shuffle(swb__random *random, uint32_t *indices, size_t count);

/* A seed for a purpose of its own, derived from a seed: different labels or numbers give
 * unrelated seeds. */
uint64_t swb__random_derive(uint64_t seed, const char *label, uint64_t number);

#endif
