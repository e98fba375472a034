/* content/: decoding while parts arrive, and from files of parts. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/erasure.h>

#include "base/file.h"
#include "base/random.h"

/* A stream, the parts that go into it and the content that must come out of it. */
typedef struct decoding {
    swb_content *content;
    swb_erasure *erasure;
    swb_erasure_stream *stream;
    uint32_t slots;
    swb_content *part[SWB_ERASURE_MAX_PARTS]; /* of each slot */
    uint64_t fed[SWB_ERASURE_MAX_PARTS];
    uint64_t out; /* bytes of content */
    uint64_t bad_offset;
} decoding;

static swb_content *create_part(const decoding *self, uint32_t index)
{
    swb_content *part = NULL;
    assert_int_equal(swb_content_create_part(&part, self->content, self->slots,
                                             swb_erasure_parity_parts(self->erasure), index, NULL),
                     SWB_OK);
    return part;
}

static void decoding_init(decoding *self, uint64_t size_bytes, uint32_t data_parts,
                          uint32_t parity_parts, const uint32_t *indices)
{
    memset(self, 0, sizeof *self);
    self->slots = data_parts;
    self->bad_offset = UINT64_MAX;
    assert_int_equal(swb_content_create(&self->content, 21, size_bytes, NULL), SWB_OK);
    assert_int_equal(swb_erasure_create(&self->erasure, data_parts, parity_parts, NULL), SWB_OK);
    assert_int_equal(swb_erasure_stream_create(&self->stream, self->erasure, size_bytes, indices,
                                               data_parts, NULL),
                     SWB_OK);
    for (uint32_t i = 0; i < data_parts; i++) {
        self->part[i] = create_part(self, indices[i]);
    }
}

static void decoding_finish(decoding *self)
{
    for (uint32_t i = 0; i < self->slots; i++) {
        swb_content_destroy(self->part[i]);
    }
    swb_erasure_stream_destroy(self->stream);
    swb_erasure_destroy(self->erasure);
    swb_content_destroy(self->content);
}

/* Feeds a slot up to `most` bytes, its byte `corrupt` with a bit flipped; returns how many. */
static size_t feed(decoding *self, uint32_t slot, uint64_t most, uint64_t corrupt)
{
    uint64_t room = swb_erasure_stream_room(self->stream, slot);
    size_t length = (size_t)(most < room ? most : room);
    uint8_t *bytes = malloc(length + 1);
    assert_int_equal(swb_content_read(self->part[slot], self->fed[slot], bytes, length), SWB_OK);
    if (corrupt >= self->fed[slot] && corrupt - self->fed[slot] < length) {
        bytes[corrupt - self->fed[slot]] ^= 1;
    }
    assert_int_equal(swb_erasure_stream_feed(self->stream, slot, bytes, length), SWB_OK);
    self->fed[slot] += length;
    free(bytes);
    return length;
}

static void take_all(decoding *self)
{
    const uint8_t *bytes = NULL;
    uint64_t offset = 0;
    uint64_t bad_offset = 0;
    size_t length;
    while ((length = swb_erasure_stream_next(&bytes, &offset, self->stream)) > 0) {
        if (swb_content_compare(&bad_offset, self->content, offset, bytes, length) != SWB_OK &&
            bad_offset < self->bad_offset) {
            self->bad_offset = bad_offset;
        }
        self->out += length;
    }
}

/* Feeds random slots random amounts, as a network would, until all is out. */
static void run(decoding *self, uint64_t seed, uint32_t corrupt_slot, uint64_t corrupt)
{
    swb__random random;
    swb__random_init(&random, seed);
    while (!swb_erasure_stream_is_done(self->stream)) {
        uint32_t slot = (uint32_t)swb__random_below(&random, self->slots);
        feed(self, slot, swb__random_below(&random, 200000),
             slot == corrupt_slot ? corrupt : UINT64_MAX);
        take_all(self);
    }
    assert_int_equal(self->out, swb_content_size_bytes(self->content));
}

#define NOTHING UINT32_MAX, UINT64_MAX

static void content_comes_out_whole_from_parts_that_arrive_unevenly(void **state)
{
    (void)state;
    static const uint32_t choices[][4] = {{0, 1, 2, 3}, {5, 4, 1, 2}, {3, 0, 5, 1}, {4, 3, 2, 0}};
    static const uint64_t sizes[] = {1,      63,     64,      65,      257,    131071,
                                     131072, 131073, 1000001, 5000000, 9999999};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < 4; j++) {
            decoding self;
            decoding_init(&self, sizes[i], 4, 2, choices[j]);
            run(&self, i * 4 + j, NOTHING);
            assert_true(self.bad_offset == UINT64_MAX);
            assert_true(swb_erasure_stream_decode_ns(self.stream) >= 0);
            decoding_finish(&self);
        }
    }
}

static void other_codes_stream_too(void **state)
{
    (void)state;
    static const struct {
        uint32_t data_parts;
        uint32_t parity_parts;
        uint64_t size_bytes;
    } cases[] = {
        {1, 1, 3000000}, {1, 254, 100}, {2, 5, 777777}, {10, 4, 5000001}, {200, 55, 20000003}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t indices[SWB_ERASURE_MAX_PARTS];
        swb__random random;
        decoding self;
        swb__random_init(&random, i);
        for (uint32_t j = 0; j < cases[i].data_parts + cases[i].parity_parts; j++) {
            indices[j] = j;
        }
        swb__random_shuffle(&random, indices, cases[i].data_parts + cases[i].parity_parts);
        decoding_init(&self, cases[i].size_bytes, cases[i].data_parts, cases[i].parity_parts,
                      indices);
        run(&self, i, NOTHING);
        assert_true(self.bad_offset == UINT64_MAX);
        decoding_finish(&self);
    }
}

static void corrupted_byte_is_found_where_it_does_harm(void **state)
{
    (void)state;
    static const uint32_t indices[] = {5, 1, 3, 4}; /* parts 0 and 2 are missing */
    static const uint64_t offsets[] = {0, 1, 32767, 32768, 99999, 249999};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        decoding self;
        decoding_init(&self, 1000000, 4, 2, indices);
        run(&self, i, 0, offsets[i]); /* a parity part: the missing ones go wrong */
        assert_int_equal(self.bad_offset, offsets[i]);
        decoding_finish(&self);
        decoding_init(&self, 1000000, 4, 2, (const uint32_t[]){3, 2, 1, 0});
        run(&self, i, 2, offsets[i]); /* a data part: only itself */
        assert_int_equal(self.bad_offset, 250048 + offsets[i]);
        decoding_finish(&self);
    }
}

static void part_that_runs_ahead_is_held_up_until_the_others_follow(void **state)
{
    (void)state;
    static const uint32_t indices[] = {0, 1, 2, 4};
    decoding self;
    decoding_init(&self, 100000000, 4, 2, indices);
    uint64_t window = swb_erasure_stream_room(self.stream, 0);
    assert_in_range(window, SWB_ERASURE_STREAM_CHUNK_BYTES, 8 << 20);
    assert_int_equal(feed(&self, 0, UINT64_MAX, UINT64_MAX), window);
    take_all(&self);
    assert_int_equal(swb_erasure_stream_room(self.stream, 0), 0);
    assert_int_equal(swb_erasure_stream_feed(self.stream, 0, "x", 1), SWB_EINVAL);
    for (uint32_t slot = 1; slot < 4; slot++) {
        assert_int_equal(swb_erasure_stream_room(self.stream, slot), window);
        assert_int_equal(feed(&self, slot, SWB_ERASURE_STREAM_CHUNK_BYTES, UINT64_MAX),
                         SWB_ERASURE_STREAM_CHUNK_BYTES);
        assert_int_equal(self.out, 0);
    }
    take_all(&self);
    assert_int_equal(self.out, 4 * SWB_ERASURE_STREAM_CHUNK_BYTES);
    assert_int_equal(swb_erasure_stream_room(self.stream, 0), SWB_ERASURE_STREAM_CHUNK_BYTES);
    decoding_finish(&self);
}

static void slowest_part_always_has_room_for_a_chunk(void **state)
{
    (void)state;
    uint32_t indices[254];
    decoding self;
    for (uint32_t i = 0; i < 254; i++) {
        indices[i] = i + 1;
    }
    decoding_init(&self, 60000000, 254, 1, indices);
    uint64_t part_bytes = swb_content_size_bytes(self.part[0]);
    for (uint32_t turn = 0; !swb_erasure_stream_is_done(self.stream); turn++) {
        uint32_t slowest = 0;
        for (uint32_t i = 1; i < self.slots; i++) {
            slowest = self.fed[i] < self.fed[slowest] ? i : slowest;
        }
        uint64_t rest = part_bytes - self.fed[slowest];
        assert_true(
            swb_erasure_stream_room(self.stream, slowest) >=
            (rest < SWB_ERASURE_STREAM_CHUNK_BYTES ? rest : SWB_ERASURE_STREAM_CHUNK_BYTES));
        /* The first slots always take all that they can, the others odd pieces. */
        feed(&self, slowest, slowest < 9 ? UINT64_MAX : 30001, UINT64_MAX);
        take_all(&self);
    }
    assert_true(self.bad_offset == UINT64_MAX);
    assert_int_equal(self.out, 60000000);
    decoding_finish(&self);
}

static void part_ends_where_its_length_says(void **state)
{
    (void)state;
    static const uint32_t indices[] = {0, 3};
    static const uint8_t zeros[65];
    decoding self;
    decoding_init(&self, 100, 2, 2, indices);
    assert_int_equal(swb_erasure_stream_room(self.stream, 0), 64);
    assert_int_equal(swb_erasure_stream_room(self.stream, 2), 0);
    assert_int_equal(swb_erasure_stream_feed(self.stream, 0, zeros, 65), SWB_EINVAL);
    assert_int_equal(swb_erasure_stream_feed(self.stream, 2, zeros, 1), SWB_EINVAL);
    run(&self, 1, NOTHING);
    assert_int_equal(swb_erasure_stream_room(self.stream, 0), 0);
    assert_int_equal(swb_erasure_stream_feed(self.stream, 0, zeros, 1), SWB_EINVAL);
    decoding_finish(&self);
}

static void replaced_part_joins_where_the_stream_stands(void **state)
{
    (void)state;
    static const uint32_t indices[] = {0, 1, 2, 3};
    decoding self;
    decoding_init(&self, 5000000, 4, 2, indices);
    /* Two blocks of each part are out, and a bit more of some has come, when two parts fail. */
    for (uint32_t slot = 0; slot < 4; slot++) {
        feed(&self, slot, 2 * SWB_ERASURE_STREAM_CHUNK_BYTES + slot * 100, UINT64_MAX);
    }
    take_all(&self);
    for (uint32_t slot = 1; slot < 3; slot++) {
        assert_int_equal(swb_erasure_stream_replace(self.stream, slot, slot + 3, NULL), SWB_OK);
        swb_content_destroy(self.part[slot]);
        self.part[slot] = create_part(&self, slot + 3);
        self.fed[slot] = 0;
    }
    run(&self, 8, NOTHING);
    assert_true(self.bad_offset == UINT64_MAX);
    decoding_finish(&self);
}

static void replacement_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const uint32_t indices[] = {0, 1, 2, 3};
    const uint8_t *bytes = NULL;
    uint64_t offset = 0;
    swb_error error = SWB_ERROR_INIT;
    decoding self;
    decoding_init(&self, 5000000, 4, 2, indices);
    assert_int_equal(swb_erasure_stream_replace(self.stream, 4, 4, &error), SWB_EINVAL);
    assert_string_equal(error.message,
                        "there is no slot 4: a stream of 4 parts has the slots 0 to 3");
    assert_int_equal(swb_erasure_stream_replace(self.stream, 1, 2, &error), SWB_EINVAL);
    assert_string_equal(error.message, "part 2 was given twice");
    assert_int_equal(swb_erasure_stream_replace(self.stream, 1, 6, &error), SWB_EINVAL);
    for (uint32_t slot = 0; slot < 4; slot++) {
        feed(&self, slot, UINT64_MAX, UINT64_MAX);
    }
    assert_int_equal(swb_erasure_stream_next(&bytes, &offset, self.stream),
                     SWB_ERASURE_STREAM_CHUNK_BYTES);
    self.out = SWB_ERASURE_STREAM_CHUNK_BYTES;
    assert_int_equal(swb_erasure_stream_replace(self.stream, 1, 4, &error), SWB_EBUSY);
    take_all(&self);
    run(&self, 2, NOTHING); /* and nothing has changed */
    assert_true(self.bad_offset == UINT64_MAX);
    decoding_finish(&self);
}

static void stream_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const uint32_t indices[] = {0, 1, 1};
    swb_erasure *erasure = NULL;
    swb_erasure_stream *stream = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_erasure_create(&erasure, 2, 1, NULL), SWB_OK);
    assert_int_equal(swb_erasure_stream_create(&stream, erasure, 0, indices, 2, &error),
                     SWB_EINVAL);
    assert_string_equal(error.message,
                        "content of 0 bytes: the size must be 1 to 9007199254740992");
    assert_int_equal(swb_erasure_stream_create(&stream, erasure, 100, indices, 3, &error),
                     SWB_EINVAL);
    assert_string_equal(error.message, "3 parts were given: 2+1 is decoded from 2");
    assert_int_equal(swb_erasure_stream_create(&stream, erasure, 100, indices + 1, 2, &error),
                     SWB_EINVAL);
    assert_string_equal(error.message, "part 1 was given twice");
    assert_null(stream);
    swb_erasure_stream_destroy(NULL);
    swb_erasure_destroy(erasure);
}

/* Files of the parts 1, 3, 4 and 5 of 4+2, so 0 and 2 are decoded. */
enum { FILES = 4, SIZE = 3000001, PART = 750016 };

typedef struct files {
    char folder[32];
    char path[FILES][64];
    swb_content *content;
    swb_erasure *erasure;
    swb_erasure_file file[FILES];
} files;

static int set_up(void **state)
{
    static const uint32_t indices[FILES] = {5, 1, 4, 3};
    files *self = calloc(1, sizeof *self);
    snprintf(self->folder, sizeof self->folder, "/tmp/swb-parts-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    assert_int_equal(swb_content_create(&self->content, 42, SIZE, NULL), SWB_OK);
    assert_int_equal(swb_erasure_create(&self->erasure, 4, 2, NULL), SWB_OK);
    for (size_t i = 0; i < FILES; i++) {
        swb_content *part = NULL;
        snprintf(self->path[i], sizeof self->path[i], "%s/%u", self->folder, indices[i]);
        self->file[i] = (swb_erasure_file){indices[i], self->path[i]};
        assert_int_equal(swb_content_create_part(&part, self->content, 4, 2, indices[i], NULL),
                         SWB_OK);
        assert_int_equal(swb_content_write_file(part, self->path[i], NULL), SWB_OK);
        swb_content_destroy(part);
    }
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    files *self = *state;
    swb_erasure_destroy(self->erasure);
    swb_content_destroy(self->content);
    assert_int_equal(swb__remove_tree(self->folder, NULL), SWB_OK);
    free(self);
    return 0;
}

static void flip_byte(const char *path, long offset)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}

static int verify(const files *self, uint64_t *bad_offset_out, swb_error *error)
{
    return swb_erasure_verify_files(bad_offset_out, NULL, self->content, self->erasure, self->file,
                                    FILES, error);
}

static void files_of_parts_verify_and_tell_the_decode_time(void **state)
{
    const files *self = *state;
    uint64_t bad_offset = 77;
    int64_t decode_ns = -1;
    assert_int_equal(swb_erasure_verify_files(&bad_offset, &decode_ns, self->content, self->erasure,
                                              self->file, FILES, NULL),
                     SWB_OK);
    assert_true(decode_ns > 0);
    assert_int_equal(bad_offset, 77);
}

static void lowest_bad_offset_is_told_though_a_higher_one_comes_first(void **state)
{
    const files *self = *state;
    swb_error error = SWB_ERROR_INIT;
    char expected[200];
    uint64_t bad_offset = 77;
    flip_byte(self->path[1], 10); /* part 1: content byte PART + 10, in the first block */
    assert_int_equal(verify(self, &bad_offset, NULL), SWB_EMISMATCH);
    assert_int_equal(bad_offset, 10); /* parts 0 and 2 are decoded from it */
    flip_byte(self->path[1], 10);
    flip_byte(self->path[2], PART - 1);
    assert_int_equal(verify(self, &bad_offset, &error), SWB_EMISMATCH);
    assert_int_equal(bad_offset, PART - 1);
    snprintf(expected, sizeof expected,
             "what 4 parts, the first %s, decode to differs at byte 750015 from content of 3000001 "
             "bytes with seed 42",
             self->path[0]);
    assert_string_equal(error.message, expected);
    flip_byte(self->path[1], PART - 2);
    assert_int_equal(verify(self, &bad_offset, NULL), SWB_EMISMATCH);
    assert_int_equal(bad_offset, PART - 2);
}

static void file_that_is_not_as_long_as_a_part_is_told(void **state)
{
    const files *self = *state;
    swb_error error = SWB_ERROR_INIT;
    char expected[200];
    uint64_t bad_offset = 77;
    assert_int_equal(truncate(self->path[3], PART - 1), 0);
    assert_int_equal(verify(self, &bad_offset, &error), SWB_ETRUNCATED);
    snprintf(expected, sizeof expected, "%s has 750015 bytes: part 3 has 750016", self->path[3]);
    assert_string_equal(error.message, expected);
    assert_int_equal(bad_offset, 77);
    assert_int_equal(truncate(self->path[3], PART + 1), 0);
    assert_int_equal(verify(self, &bad_offset, NULL), SWB_EMISMATCH);
    assert_int_equal(bad_offset, SIZE);
}

static void files_that_are_not_k_parts_are_refused(void **state)
{
    files *self = *state;
    swb_content *part = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(
        swb_erasure_verify_files(NULL, NULL, self->content, self->erasure, self->file, 3, &error),
        SWB_EINVAL);
    assert_string_equal(error.message, "3 parts were given: 4+2 is decoded from 4");
    self->file[0].index = 1;
    assert_int_equal(verify(self, NULL, &error), SWB_EINVAL);
    assert_string_equal(error.message, "part 1 was given twice");
    self->file[0].index = 5;
    self->file[0].path = "/nonexistent/part";
    assert_int_equal(verify(self, NULL, &error), SWB_ENOENT);
    self->file[0].path = self->folder;
    assert_int_equal(verify(self, NULL, &error), SWB_EIO);
    assert_int_equal(swb_content_create_part(&part, self->content, 4, 2, 0, NULL), SWB_OK);
    assert_int_equal(
        swb_erasure_verify_files(NULL, NULL, part, self->erasure, self->file, FILES, &error),
        SWB_EINVAL);
    assert_string_equal(error.message, "a part of content cannot be decoded from parts");
    swb_content_destroy(part);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_comes_out_whole_from_parts_that_arrive_unevenly),
        cmocka_unit_test(other_codes_stream_too),
        cmocka_unit_test(corrupted_byte_is_found_where_it_does_harm),
        cmocka_unit_test(part_that_runs_ahead_is_held_up_until_the_others_follow),
        cmocka_unit_test(slowest_part_always_has_room_for_a_chunk),
        cmocka_unit_test(part_ends_where_its_length_says),
        cmocka_unit_test(replaced_part_joins_where_the_stream_stands),
        cmocka_unit_test(replacement_that_cannot_be_is_refused),
        cmocka_unit_test(stream_that_cannot_be_is_refused),
        WITH_FILES(files_of_parts_verify_and_tell_the_decode_time),
        WITH_FILES(lowest_bad_offset_is_told_though_a_higher_one_comes_first),
        WITH_FILES(file_that_is_not_as_long_as_a_part_is_told),
        WITH_FILES(files_that_are_not_k_parts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
