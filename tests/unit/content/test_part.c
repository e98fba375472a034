/* content/: parts of erasure-coded content, as content of their own. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include <swarmbench/erasure.h>

#include "base/file.h"
#include "base/random.h"
#include "support/galois_slow.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static swb_content *create(uint64_t seed, uint64_t size_bytes)
{
    swb_content *content = NULL;
    assert_int_equal(swb_content_create(&content, seed, size_bytes, NULL), SWB_OK);
    return content;
}

static swb_content *create_part(uint64_t seed, uint64_t size_bytes, uint32_t data_parts,
                                uint32_t parity_parts, uint32_t index)
{
    swb_content *part = NULL;
    swb_content *content = create(seed, size_bytes);
    assert_int_equal(swb_content_create_part(&part, content, data_parts, parity_parts, index, NULL),
                     SWB_OK);
    swb_content_destroy(content); /* the part lives on */
    return part;
}

static uint8_t *read_whole(const swb_content *content)
{
    size_t size = (size_t)swb_content_size_bytes(content);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(swb_content_read(content, 0, bytes, size), SWB_OK);
    return bytes;
}

/* The SHA-256 of parts, made by a Python program from the formula in erasure.h and `openssl enc`.
 * If this fails, the format has changed: results of older experiments could no longer be
 * repeated. */
static void bytes_are_those_of_the_documented_format(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        uint64_t size_bytes;
        uint32_t data_parts;
        uint32_t parity_parts;
        uint32_t index;
        uint64_t part_bytes;
        const char *sha256;
    } vectors[] = {
        {42, 100000, 4, 2, 0, 25024,
         "ac28f495f777e152cb82f50b7138c7e52c0e6265b932b492acef6d635f9f1005"},
        {42, 100000, 4, 2, 3, 25024,
         "a5465f73009336fcdc34e666187232e4c0420f9393a4b77a04ae72888ed60405"},
        {42, 100000, 4, 2, 4, 25024,
         "e45ae22f0ad3bb1269eba4eaaa28f61eba106b9935fe1eb8789c864dc7b3e273"},
        {42, 100000, 4, 2, 5, 25024,
         "c69d70b7cee0901edf9978c9d0e56a78b321caa4883e207e69c7a2528033af99"},
        {42, 100000, 10, 4, 9, 10048,
         "19444d998529eac2d41e8b4a2360d506d0cbebba1b41e4830ed69eaa3c04cf96"},
        {42, 100000, 10, 4, 13, 10048,
         "9139cc7b68d35ba4303d71dfa458b86b321ba42ef9179d19c04281b671d76dc5"},
        {7, 1, 4, 2, 0, 64, "5a8c9ec5807a2001a713424c2502ec63d6a98cab8ddf633d9810c7d5287c81d6"},
        {7, 1, 4, 2, 1, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
        {7, 1, 4, 2, 5, 64, "6269b667c01dc30ce794cf1f670ead8163c32bb94e9039f1bce0411caa2f4660"},
        {UINT64_MAX, 1048583, 200, 55, 200, 5248,
         "890fa352bad1c0fc0ad14653b42d4ab2c9355b2f9aecb4dea9bc7951a678c9b1"},
        {UINT64_MAX, 1048583, 200, 55, 254, 5248,
         "2be008dd6e8db4aced5477fd72f11f32abfff1f8b43c217f0c828007a0418296"},
        {1, 65, 1, 254, 1, 128, "967ef35076d52465df8d957b516dfda7172c04f051d7a20879569f769b7dcc86"},
        {1, 65, 1, 254, 254, 128,
         "57dabdc7930c01a0b6f9c156ee5ca05f52feaecbade26cf202d5a66c7211ac68"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        swb_content *part =
            create_part(vectors[i].seed, vectors[i].size_bytes, vectors[i].data_parts,
                        vectors[i].parity_parts, vectors[i].index);
        uint8_t digest[32];
        char hex[65];
        assert_true(swb_content_seed(part) == vectors[i].seed);
        assert_int_equal(swb_content_size_bytes(part), vectors[i].part_bytes);
        uint8_t *bytes = read_whole(part);
        assert_true(
            EVP_Q_digest(NULL, "SHA256", NULL, bytes, (size_t)vectors[i].part_bytes, digest, NULL));
        for (size_t j = 0; j < sizeof digest; j++) {
            snprintf(hex + 2 * j, 3, "%02x", digest[j]);
        }
        assert_string_equal(hex, vectors[i].sha256);
        free(bytes);
        swb_content_destroy(part);
    }
}

/* The part by the formula, from the whole content with its padding. */
static void compute(uint8_t *to, const uint8_t *padded, size_t part_bytes, uint32_t data_parts,
                    uint32_t index)
{
    if (index < data_parts) {
        memcpy(to, padded + index * part_bytes, part_bytes);
        return;
    }
    memset(to, 0, part_bytes);
    for (uint32_t j = 0; j < data_parts; j++) {
        slow_add(to, padded + j * part_bytes, part_bytes, index, j);
    }
}

static void assert_parts_are_computed(uint64_t size_bytes, uint32_t data_parts,
                                      uint32_t parity_parts)
{
    size_t part_bytes = (size_t)swb_erasure_part_bytes(size_bytes, data_parts);
    swb_content *content = create(11, size_bytes);
    uint8_t *padded = calloc(data_parts, part_bytes);
    uint8_t *expected = malloc(part_bytes);
    assert_int_equal(swb_content_read(content, 0, padded, (size_t)size_bytes), SWB_OK);
    for (uint32_t i = 0; i < data_parts + parity_parts; i++) {
        swb_content *part = create_part(11, size_bytes, data_parts, parity_parts, i);
        uint8_t *bytes = read_whole(part);
        compute(expected, padded, part_bytes, data_parts, i);
        assert_memory_equal(bytes, expected, part_bytes);
        free(bytes);
        swb_content_destroy(part);
    }
    free(expected);
    free(padded);
    swb_content_destroy(content);
}

static void parts_of_content_of_any_size_equal_an_independent_computation(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 63, 64, 65, 255, 256, 257, 1001, 65536, 99991, 262147};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_parts_are_computed(sizes[i], 4, 2);
        assert_parts_are_computed(sizes[i], 1, 1);
        assert_parts_are_computed(sizes[i], 10, 4);
    }
}

static void any_range_of_a_part_equals_that_range_of_the_whole(void **state)
{
    (void)state;
    swb__random random;
    swb__random_init(&random, 5);
    for (uint32_t index = 0; index < 6; index++) {
        swb_content *part = create_part(3, 199999, 4, 2, index);
        uint64_t size = swb_content_size_bytes(part);
        uint8_t *whole = read_whole(part);
        for (int i = 0; i < 200; i++) {
            uint64_t offset = swb__random_below(&random, size + 1);
            uint64_t length = swb__random_below(&random, size - offset + 1);
            uint8_t *range = malloc((size_t)length + 1); /* an access beyond it would be told */
            assert_int_equal(swb_content_read(part, offset, range, (size_t)length), SWB_OK);
            assert_memory_equal(range, whole + offset, length);
            free(range);
        }
        free(whole);
        swb_content_destroy(part);
    }
}

static void first_bad_offset_in_a_part_is_told(void **state)
{
    (void)state;
    static const size_t offsets[] = {49999, 49998, 33333, 16385, 16384, 1, 0};
    for (uint32_t index = 3; index < 6; index++) {
        swb_content *part = create_part(3, 199999, 4, 2, index);
        size_t size = (size_t)swb_content_size_bytes(part);
        uint8_t *bytes = read_whole(part);
        uint64_t bad_offset = 77;
        assert_int_equal(swb_content_compare(&bad_offset, part, 0, bytes, size), SWB_OK);
        for (size_t i = 0; i < COUNT(offsets); i++) {
            bytes[offsets[i]] ^= 4;
            assert_int_equal(swb_content_compare(&bad_offset, part, 0, bytes, size), SWB_EMISMATCH);
            assert_int_equal(bad_offset, offsets[i]);
        }
        assert_int_equal(swb_content_read(part, size, bytes, 1), SWB_EINVAL);
        free(bytes);
        swb_content_destroy(part);
    }
}

static void part_is_written_and_verified_as_a_file_and_has_a_torrent(void **state)
{
    (void)state;
    char folder[] = "/tmp/swb-part-XXXXXX";
    char path[64];
    char expected[256];
    swb_error error = SWB_ERROR_INIT;
    swb_torrent *torrent = NULL;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    uint64_t bad_offset = 0;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/part.bin", folder);
    swb_content *part = create_part(42, 1000000, 4, 2, 5);
    swb_content *other = create_part(42, 1000000, 4, 2, 4);
    assert_int_equal(swb_content_write_file(part, path, NULL), SWB_OK);
    assert_int_equal(swb_content_verify_file(NULL, part, path, NULL), SWB_OK);
    options.file_path = path;
    options.threads = 2;
    assert_int_equal(swb_torrent_create(&torrent, part, &options, &error), SWB_OK);
    assert_int_equal(strlen(swb_torrent_infohash(torrent)), 40);
    swb_torrent_destroy(torrent);
    assert_int_equal(swb_content_verify_file(NULL, part, path, NULL), SWB_OK);
    assert_int_equal(swb_content_verify_file(&bad_offset, other, path, &error), SWB_EMISMATCH);
    assert_int_equal(bad_offset, 0);
    snprintf(expected, sizeof expected,
             "%s (250048 bytes) differs at byte 0 from part 4 of 4+2 of content of 1000000 bytes "
             "with seed 42",
             path);
    assert_string_equal(error.message, expected);
    swb_content_destroy(part);
    swb_content_destroy(other);
    assert_int_equal(swb__remove_tree(folder, NULL), SWB_OK);
}

static void parts_of_the_largest_content_are_made_directly(void **state)
{
    (void)state;
    swb_content *part = create_part(7, SWB_CONTENT_MAX_BYTES, 3, 2, 4);
    swb_content *content = create(7, SWB_CONTENT_MAX_BYTES);
    uint64_t size = swb_content_size_bytes(part);
    uint8_t bytes[64];
    uint8_t data[64];
    uint8_t expected[64] = {0};
    assert_int_equal(size, UINT64_C(3002399751580352));
    assert_int_equal(swb_content_read(part, size - 64, bytes, 64), SWB_OK);
    for (uint32_t j = 0; j < 3; j++) {
        size_t length = j < 2 ? 64 : 0; /* 3 * L is 64 more than the content has */
        memset(data, 0, sizeof data);
        assert_int_equal(swb_content_read(content, (j + 1) * size - 64, data, length), SWB_OK);
        slow_add(expected, data, 64, 4, j);
    }
    assert_memory_equal(bytes, expected, 64);
    swb_content_destroy(part);
    swb_content_destroy(content);
}

static void part_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    swb_content *content = create(1, 1000);
    swb_content *part = NULL;
    swb_content *part_of_part = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_content_create_part(&part, content, 4, 2, 6, &error), SWB_EINVAL);
    assert_string_equal(error.message, "there is no part 6: 4+2 has the parts 0 to 5");
    assert_int_equal(swb_content_create_part(&part, content, 0, 2, 0, &error), SWB_EINVAL);
    assert_int_equal(swb_content_create_part(&part, content, 254, 2, 0, &error), SWB_EINVAL);
    assert_null(part);
    assert_int_equal(swb_content_create_part(&part, content, 4, 2, 5, &error), SWB_OK);
    assert_int_equal(swb_content_create_part(&part_of_part, part, 4, 2, 0, &error), SWB_EINVAL);
    assert_string_equal(error.message, "a part of content cannot be cut into parts again");
    assert_null(part_of_part);
    swb_content_destroy(part);
    swb_content_destroy(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_of_the_documented_format),
        cmocka_unit_test(parts_of_content_of_any_size_equal_an_independent_computation),
        cmocka_unit_test(any_range_of_a_part_equals_that_range_of_the_whole),
        cmocka_unit_test(first_bad_offset_in_a_part_is_told),
        cmocka_unit_test(part_is_written_and_verified_as_a_file_and_has_a_torrent),
        cmocka_unit_test(parts_of_the_largest_content_are_made_directly),
        cmocka_unit_test(part_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
