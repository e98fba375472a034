/* content/: the code itself, block for block. */
#include "support/cmocka_all.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/erasure.h>

#include "base/random.h"
#include "support/galois_slow.h"

/* k data and m parity blocks of one length, each at an odd address in a buffer of its own, so that
 * an access outside of it is one outside of what was allocated. */
typedef struct blocks {
    swb_erasure *erasure;
    uint32_t data_parts;
    uint32_t parts;
    size_t length;
    uint8_t *memory[SWB_ERASURE_MAX_PARTS];
    uint8_t *part[SWB_ERASURE_MAX_PARTS];
} blocks;

static void blocks_init(blocks *self, uint32_t data_parts, uint32_t parity_parts, size_t length)
{
    swb__random random;
    swb__random_init(&random, length);
    *self = (blocks){NULL, data_parts, data_parts + parity_parts, length, {NULL}, {NULL}};
    assert_int_equal(swb_erasure_create(&self->erasure, data_parts, parity_parts, NULL), SWB_OK);
    for (uint32_t i = 0; i < self->parts; i++) {
        self->memory[i] = malloc(length + 1);
        assert_non_null(self->memory[i]);
        self->part[i] = self->memory[i] + 1;
        for (size_t x = 0; x < length; x++) {
            self->part[i][x] = (uint8_t)swb__random_next(&random);
        }
    }
    assert_int_equal(swb_erasure_encode(self->erasure, self->part + data_parts,
                                        (const uint8_t *const *)self->part, length),
                     SWB_OK);
}

static void blocks_finish(blocks *self)
{
    for (uint32_t i = 0; i < self->parts; i++) {
        free(self->memory[i]);
    }
    swb_erasure_destroy(self->erasure);
}

/* Decodes from the parts whose indices are given, in that order. */
static void assert_decodes(const blocks *self, const uint32_t *indices)
{
    const uint8_t *given[SWB_ERASURE_MAX_PARTS];
    uint8_t *decoded[SWB_ERASURE_MAX_PARTS];
    swb_erasure_decoder *decoder = NULL;
    const uint32_t *missing = NULL;
    assert_int_equal(
        swb_erasure_decoder_create(&decoder, self->erasure, indices, self->data_parts, NULL),
        SWB_OK);
    size_t count = swb_erasure_decoder_missing(&missing, decoder);
    uint8_t *memory = malloc(count * self->length + 1);
    for (uint32_t i = 0; i < self->data_parts; i++) {
        given[i] = self->part[indices[i]];
    }
    for (size_t i = 0; i < count; i++) {
        decoded[i] = memory + i * self->length;
    }
    assert_int_equal(swb_erasure_decode(decoder, decoded, given, self->length), SWB_OK);
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(decoded[i], self->part[missing[i]], self->length);
    }
    free(memory);
    swb_erasure_decoder_destroy(decoder);
}

/* Steps to the next k of n in the order of combinations; false after the last. */
static bool next_subset(uint32_t *indices, uint32_t k, uint32_t n)
{
    uint32_t at = k;
    while (at > 0 && indices[at - 1] == n - k + at - 1) {
        at--;
    }
    if (at == 0) {
        return false;
    }
    indices[at - 1]++;
    for (uint32_t i = at; i < k; i++) {
        indices[i] = indices[i - 1] + 1;
    }
    return true;
}

static void every_subset_of_small_codes_decodes(void **state)
{
    (void)state;
    for (uint32_t k = 1; k <= 6; k++) {
        for (uint32_t m = 1; m <= 6; m++) {
            blocks self;
            uint32_t indices[6];
            blocks_init(&self, k, m, 33);
            for (uint32_t i = 0; i < k; i++) {
                indices[i] = i;
            }
            do {
                assert_decodes(&self, indices);
            } while (next_subset(indices, k, k + m));
            blocks_finish(&self);
        }
    }
}

static void random_subsets_in_any_order_decode(void **state)
{
    (void)state;
    static const struct {
        uint32_t data_parts;
        uint32_t parity_parts;
        size_t length;
        int subsets;
    } cases[] = {{4, 2, 1000, 50},  {10, 4, 4097, 50}, {20, 12, 777, 50},  {200, 55, 65, 3},
                 {1, 254, 100, 20}, {254, 1, 100, 2},  {127, 128, 100, 5}, {10, 5, 1, 50}};
    swb__random random;
    swb__random_init(&random, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        blocks self;
        uint32_t indices[SWB_ERASURE_MAX_PARTS];
        blocks_init(&self, cases[i].data_parts, cases[i].parity_parts, cases[i].length);
        for (uint32_t j = 0; j < self.parts; j++) {
            indices[j] = j;
        }
        for (int j = 0; j < cases[i].subsets; j++) {
            swb__random_shuffle(&random, indices, self.parts);
            assert_decodes(&self, indices);
        }
        blocks_finish(&self);
    }
}

static void parity_is_that_of_the_documented_formula(void **state)
{
    (void)state;
    static const uint32_t codes[][2] = {{4, 2}, {10, 4}, {3, 7}, {1, 1}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        blocks self;
        uint8_t expected[500];
        blocks_init(&self, codes[i][0], codes[i][1], sizeof expected);
        for (uint32_t part = self.data_parts; part < self.parts; part++) {
            memset(expected, 0, sizeof expected);
            for (uint32_t j = 0; j < self.data_parts; j++) {
                slow_add(expected, self.part[j], sizeof expected, part, j);
            }
            assert_memory_equal(self.part[part], expected, sizeof expected);
        }
        blocks_finish(&self);
    }
}

static void blocks_of_any_length_are_coded_whole(void **state)
{
    (void)state;
    static const uint32_t indices[] = {5, 1, 6, 3, 4};
    for (size_t length = 0; length <= 200; length++) {
        blocks self;
        uint8_t expected[200] = {0};
        blocks_init(&self, 5, 2, length);
        for (uint32_t j = 0; j < 5; j++) {
            slow_add(expected, self.part[j], length, 6, j);
        }
        assert_memory_equal(self.part[6], expected, length);
        assert_decodes(&self, indices);
        blocks_finish(&self);
    }
}

static void missing_parts_are_told_in_ascending_order(void **state)
{
    (void)state;
    static const uint32_t some[] = {5, 2, 4, 0};
    static const uint32_t all[] = {3, 2, 1, 0};
    swb_erasure *erasure = NULL;
    swb_erasure_decoder *decoder = NULL;
    const uint32_t *missing = NULL;
    assert_int_equal(swb_erasure_create(&erasure, 4, 2, NULL), SWB_OK);
    assert_int_equal(swb_erasure_decoder_create(&decoder, erasure, some, 4, NULL), SWB_OK);
    assert_int_equal(swb_erasure_decoder_missing(&missing, decoder), 2);
    assert_int_equal(missing[0], 1);
    assert_int_equal(missing[1], 3);
    swb_erasure_decoder_destroy(decoder);
    assert_int_equal(swb_erasure_decoder_create(&decoder, erasure, all, 4, NULL), SWB_OK);
    assert_int_equal(swb_erasure_decoder_missing(NULL, decoder), 0);
    swb_erasure_decoder_destroy(decoder);
    swb_erasure_destroy(erasure);
}

static void assert_code_refused(uint32_t data_parts, uint32_t parity_parts, const char *message)
{
    swb_erasure *erasure = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_erasure_create(&erasure, data_parts, parity_parts, &error), SWB_EINVAL);
    assert_string_equal(error.message, message);
    assert_null(erasure);
}

static void numbers_of_parts_out_of_range_are_refused(void **state)
{
    (void)state;
    swb_erasure *erasure = NULL;
    assert_code_refused(0, 2,
                        "erasure coding with 0 data and 2 parity parts: there must be 1 or more "
                        "of each and at most 255 together");
    assert_code_refused(4, 0,
                        "erasure coding with 4 data and 0 parity parts: there must be 1 or more "
                        "of each and at most 255 together");
    assert_code_refused(200, 56,
                        "erasure coding with 200 data and 56 parity parts: there must be 1 or "
                        "more of each and at most 255 together");
    assert_code_refused(UINT32_MAX, 2,
                        "erasure coding with 4294967295 data and 2 parity parts: there must be 1 "
                        "or more of each and at most 255 together");
    assert_int_equal(swb_erasure_create(&erasure, 200, 55, NULL), SWB_OK);
    assert_int_equal(swb_erasure_data_parts(erasure), 200);
    assert_int_equal(swb_erasure_parity_parts(erasure), 55);
    swb_erasure_destroy(erasure);
    swb_erasure_destroy(NULL);
}

static void assert_choice_refused(const uint32_t *indices, size_t count, const char *message)
{
    swb_erasure *erasure = NULL;
    swb_erasure_decoder *decoder = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_erasure_create(&erasure, 4, 2, NULL), SWB_OK);
    assert_int_equal(swb_erasure_decoder_create(&decoder, erasure, indices, count, &error),
                     SWB_EINVAL);
    assert_string_equal(error.message, message);
    assert_null(decoder);
    swb_erasure_destroy(erasure);
}

static void choices_that_are_not_k_different_parts_are_refused(void **state)
{
    (void)state;
    static const uint32_t many[] = {0, 1, 2, 3, 4};
    static const uint32_t twice[] = {0, 4, 2, 4};
    static const uint32_t high[] = {0, 1, 2, 6};
    assert_choice_refused(many, 5, "5 parts were given: 4+2 is decoded from 4");
    assert_choice_refused(many, 3, "3 parts were given: 4+2 is decoded from 4");
    assert_choice_refused(NULL, 0, "0 parts were given: 4+2 is decoded from 4");
    assert_choice_refused(twice, 4, "part 4 was given twice");
    assert_choice_refused(high, 4, "there is no part 6: 4+2 has the parts 0 to 5");
    swb_erasure_decoder_destroy(NULL);
}

static void blocks_over_two_gibibytes_are_refused(void **state)
{
    (void)state;
    static const uint32_t indices[] = {1};
    swb_erasure *erasure = NULL;
    swb_erasure_decoder *decoder = NULL;
    assert_int_equal(swb_erasure_create(&erasure, 1, 1, NULL), SWB_OK);
    assert_int_equal(swb_erasure_decoder_create(&decoder, erasure, indices, 1, NULL), SWB_OK);
    assert_int_equal(swb_erasure_encode(erasure, NULL, NULL, (size_t)INT_MAX + 1), SWB_EINVAL);
    assert_int_equal(swb_erasure_decode(decoder, NULL, NULL, (size_t)INT_MAX + 1), SWB_EINVAL);
    swb_erasure_decoder_destroy(decoder);
    swb_erasure_destroy(erasure);
}

static void parts_are_as_long_as_documented(void **state)
{
    (void)state;
    assert_int_equal(swb_erasure_part_bytes(1, 1), 64);
    assert_int_equal(swb_erasure_part_bytes(64, 1), 64);
    assert_int_equal(swb_erasure_part_bytes(65, 1), 128);
    assert_int_equal(swb_erasure_part_bytes(256, 4), 64);
    assert_int_equal(swb_erasure_part_bytes(257, 4), 128);
    assert_int_equal(swb_erasure_part_bytes(100000000, 4), 25000000);
    assert_int_equal(swb_erasure_part_bytes(SWB_CONTENT_MAX_BYTES, 1), SWB_CONTENT_MAX_BYTES);
    assert_int_equal(swb_erasure_part_bytes(100, 0), 0);
}

typedef struct coding {
    const blocks *blocks;
    int failures;
} coding;

static void *encode_many(void *argument)
{
    coding *self = argument;
    uint8_t bytes[4][2000];
    uint8_t *parity[] = {bytes[0], bytes[1], bytes[2], bytes[3]};
    for (int i = 0; i < 200; i++) {
        if (swb_erasure_encode(self->blocks->erasure, parity,
                               (const uint8_t *const *)self->blocks->part, 2000) != SWB_OK ||
            memcmp(bytes[3], self->blocks->part[13], 2000) != 0) {
            self->failures++;
        }
    }
    return NULL;
}

static void threads_encode_with_one_code_at_once(void **state)
{
    (void)state;
    blocks self;
    pthread_t threads[4];
    coding codings[4];
    blocks_init(&self, 10, 4, 2000);
    for (size_t i = 0; i < 4; i++) {
        codings[i] = (coding){&self, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, encode_many, &codings[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(codings[i].failures, 0);
    }
    blocks_finish(&self);
}

static void library_that_computes_is_named(void **state)
{
    (void)state;
    assert_non_null(swb_erasure_library());
    assert_memory_equal(swb_erasure_library(), "ISA-L ", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_subset_of_small_codes_decodes),
        cmocka_unit_test(random_subsets_in_any_order_decode),
        cmocka_unit_test(parity_is_that_of_the_documented_formula),
        cmocka_unit_test(blocks_of_any_length_are_coded_whole),
        cmocka_unit_test(missing_parts_are_told_in_ascending_order),
        cmocka_unit_test(numbers_of_parts_out_of_range_are_refused),
        cmocka_unit_test(choices_that_are_not_k_different_parts_are_refused),
        cmocka_unit_test(blocks_over_two_gibibytes_are_refused),
        cmocka_unit_test(parts_are_as_long_as_documented),
        cmocka_unit_test(threads_encode_with_one_code_at_once),
        cmocka_unit_test(library_that_computes_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
