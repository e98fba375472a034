/* GF(2^8) with polynomial 0x11d, bit by bit: shares nothing with what it checks. */
#ifndef SWB_TESTS_GALOIS_SLOW_H
#define SWB_TESTS_GALOIS_SLOW_H

#include <stddef.h>
#include <stdint.h>

static inline uint8_t slow_multiply(uint8_t a, uint8_t b)
{
    unsigned left = a;
    unsigned right = b;
    unsigned product = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= (right >> bit & 1) * (left << bit);
    }
    for (unsigned bit = 14; bit >= 8; bit--) {
        product ^= (product >> bit & 1) * (0x11dU << (bit - 8));
    }
    return (uint8_t)product;
}

/* a^254, as the non-zero elements are a group of order 255. */
static inline uint8_t slow_inverse(uint8_t a)
{
    uint8_t power = 1;
    for (int i = 0; i < 254; i++) {
        power = slow_multiply(power, a);
    }
    return power;
}

/* Adds what data part `j` contributes to parity part `i`, by the formula of erasure.h. */
static inline void slow_add(uint8_t *parity, const uint8_t *data, size_t length, uint32_t i,
                            uint32_t j)
{
    uint8_t coefficient = slow_inverse((uint8_t)(i ^ j));
    uint8_t products[256];
    for (unsigned value = 0; value < 256; value++) {
        products[value] = slow_multiply(coefficient, (uint8_t)value);
    }
    for (size_t x = 0; x < length; x++) {
        parity[x] ^= products[data[x]];
    }
}

#endif
