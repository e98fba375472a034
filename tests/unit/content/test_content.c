/* content/: the bytes of content, read and compared at any offset. */
#include "support/cmocka_all.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <swarmbench/content.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static swb_content *create(uint64_t seed, uint64_t size_bytes)
{
    swb_content *content = NULL;
    assert_int_equal(swb_content_create(&content, seed, size_bytes, NULL), SWB_OK);
    return content;
}

static uint8_t *read_whole(const swb_content *content)
{
    size_t size = (size_t)swb_content_size_bytes(content);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(swb_content_read(content, 0, bytes, size), SWB_OK);
    return bytes;
}

static void to_hex(char *out, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

/* The SHA-256 of each content, made by `openssl enc` as the header says. If this fails, the format
 * has changed: results of older experiments could no longer be repeated. */
static void bytes_are_those_of_the_documented_key_stream(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        uint64_t size_bytes;
        const char *sha256;
    } vectors[] = {
        {0, 1, "a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89"},
        {42, 17, "441ba9c0d6e7dd7bcfda9513f486b1b5f1022205cd48b809da9d86b5ec436a62"},
        {42, 100000, "42605b0874e162cba5aa8987bb099296f3b88d05b73637a1a4b64192526c3bf8"},
        {UINT64_MAX, 1048583, "10392c67544c7539ddb6a075758457a6c80f5400cbf7de576fdb80bf0c304f7a"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        swb_content *content = create(vectors[i].seed, vectors[i].size_bytes);
        uint8_t *bytes = read_whole(content);
        uint8_t digest[32];
        char hex[65];
        assert_true(
            EVP_Q_digest(NULL, "SHA256", NULL, bytes, (size_t)vectors[i].size_bytes, digest, NULL));
        to_hex(hex, digest, sizeof digest);
        assert_string_equal(hex, vectors[i].sha256);
        free(bytes);
        swb_content_destroy(content);
    }
}

static void last_bytes_of_the_largest_content_are_made_directly(void **state)
{
    (void)state;
    swb_content *content = create(7, SWB_CONTENT_MAX_BYTES);
    uint8_t bytes[32];
    char hex[65];
    assert_int_equal(swb_content_read(content, SWB_CONTENT_MAX_BYTES - 32, bytes, 32), SWB_OK);
    to_hex(hex, bytes, sizeof bytes);
    assert_string_equal(hex, "878ce4f034a9807dee5d8fb0734d754f6f7d500a310493cf7a488f8e680c3a82");
    swb_content_destroy(content);
}

static void size_out_of_range_is_refused(void **state)
{
    (void)state;
    swb_content *content = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_content_create(&content, 1, 0, &error), SWB_EINVAL);
    assert_string_equal(error.message,
                        "content of 0 bytes: the size must be 1 to 9007199254740992");
    assert_int_equal(swb_content_create(&content, 1, SWB_CONTENT_MAX_BYTES + 1, NULL), SWB_EINVAL);
    assert_null(content);
    swb_content_destroy(NULL);
}

static void content_tells_its_seed_and_size(void **state)
{
    (void)state;
    swb_content *content = create(UINT64_MAX, 5);
    assert_true(swb_content_seed(content) == UINT64_MAX);
    assert_true(swb_content_size_bytes(content) == 5);
    swb_content_destroy(content);
}

static void any_range_equals_that_part_of_the_whole(void **state)
{
    (void)state;
    enum { SIZE = 70001 };
    static const size_t offsets[] = {0, 1, 15, 16, 17, 16383, 16384, 16385, 32768, 69999, SIZE};
    static const size_t lengths[] = {0, 1, 2, 15, 16, 17, 31, 16384, 16385, 50000};
    swb_content *content = create(3, SIZE);
    uint8_t *whole = read_whole(content);
    uint8_t part[50000];
    for (size_t i = 0; i < COUNT(offsets); i++) {
        for (size_t j = 0; j < COUNT(lengths); j++) {
            size_t rest = SIZE - offsets[i];
            size_t length = lengths[j] < rest ? lengths[j] : rest;
            assert_int_equal(swb_content_read(content, offsets[i], part, length), SWB_OK);
            assert_memory_equal(part, whole + offsets[i], length);
        }
    }
    free(whole);
    swb_content_destroy(content);
}

static void range_outside_is_refused_and_writes_nothing(void **state)
{
    (void)state;
    swb_content *content = create(3, 100);
    uint8_t bytes[101] = {0};
    static const uint8_t untouched[101];
    uint64_t bad_offset = 77;
    assert_int_equal(swb_content_read(content, 0, bytes, 101), SWB_EINVAL);
    assert_int_equal(swb_content_read(content, 100, bytes, 1), SWB_EINVAL);
    assert_int_equal(swb_content_read(content, 101, bytes, 0), SWB_EINVAL);
    assert_int_equal(swb_content_read(content, UINT64_MAX, bytes, 2), SWB_EINVAL);
    assert_int_equal(swb_content_read(content, 50, bytes, SIZE_MAX), SWB_EINVAL);
    assert_memory_equal(bytes, untouched, sizeof bytes);
    assert_int_equal(swb_content_compare(&bad_offset, content, 99, bytes, 2), SWB_EINVAL);
    assert_int_equal(bad_offset, 77);
    swb_content_destroy(content);
}

static void first_bad_offset_is_exact_at_every_edge(void **state)
{
    (void)state;
    enum { SIZE = 40000, FROM = 5 };
    static const size_t offsets[] = {FROM,         FROM + 1,     15,    16,       16383,   16384,
                                     FROM + 16383, FROM + 16384, 32768, SIZE - 2, SIZE - 1};
    swb_content *content = create(9, SIZE);
    uint8_t *bytes = read_whole(content);
    for (size_t i = 0; i < COUNT(offsets); i++) {
        uint64_t bad_offset = 77;
        bytes[offsets[i]] ^= 0x80;
        bytes[SIZE - 1] ^= 0x01;
        assert_int_equal(swb_content_compare(&bad_offset, content, FROM, bytes + FROM, SIZE - FROM),
                         SWB_EMISMATCH);
        assert_int_equal(bad_offset, offsets[i]);
        assert_int_equal(swb_content_compare(NULL, content, FROM, bytes + FROM, SIZE - FROM),
                         SWB_EMISMATCH);
        bytes[offsets[i]] ^= 0x80;
        bytes[SIZE - 1] ^= 0x01;
    }
    uint64_t bad_offset = 77;
    assert_int_equal(swb_content_compare(&bad_offset, content, 0, bytes, SIZE), SWB_OK);
    assert_int_equal(bad_offset, 77);
    free(bytes);
    swb_content_destroy(content);
}

static void other_seed_or_size_gives_other_bytes(void **state)
{
    (void)state;
    swb_content *content = create(1, 64);
    swb_content *other_seed = create(2, 64);
    swb_content *other_size = create(1, 65);
    uint8_t bytes[64];
    assert_int_equal(swb_content_read(content, 0, bytes, 64), SWB_OK);
    assert_int_equal(swb_content_compare(NULL, other_seed, 0, bytes, 64), SWB_EMISMATCH);
    assert_int_equal(swb_content_compare(NULL, other_size, 0, bytes, 64), SWB_EMISMATCH);
    swb_content_destroy(content);
    swb_content_destroy(other_seed);
    swb_content_destroy(other_size);
}

typedef struct reading {
    const swb_content *content;
    const uint8_t *whole;
    size_t first;
    int failures;
} reading;

static void *read_many(void *argument)
{
    reading *self = argument;
    uint8_t part[997];
    for (size_t at = self->first; at + sizeof part <= 100000; at += 499) {
        if (swb_content_read(self->content, at, part, sizeof part) != SWB_OK ||
            memcmp(part, self->whole + at, sizeof part) != 0) {
            self->failures++;
        }
    }
    return NULL;
}

static void threads_read_one_content_at_once(void **state)
{
    (void)state;
    swb_content *content = create(4, 100000);
    uint8_t *whole = read_whole(content);
    pthread_t threads[4];
    reading readings[4];
    for (size_t i = 0; i < 4; i++) {
        readings[i] = (reading){content, whole, i * 123, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &readings[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readings[i].failures, 0);
    }
    free(whole);
    swb_content_destroy(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_of_the_documented_key_stream),
        cmocka_unit_test(last_bytes_of_the_largest_content_are_made_directly),
        cmocka_unit_test(size_out_of_range_is_refused),
        cmocka_unit_test(content_tells_its_seed_and_size),
        cmocka_unit_test(any_range_equals_that_part_of_the_whole),
        cmocka_unit_test(range_outside_is_refused_and_writes_nothing),
        cmocka_unit_test(first_bad_offset_is_exact_at_every_edge),
        cmocka_unit_test(other_seed_or_size_gives_other_bytes),
        cmocka_unit_test(threads_read_one_content_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
