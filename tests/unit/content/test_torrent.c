/* content/: torrents of content. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <swarmbench/content.h>

#include "base/file.h"

static swb_content *create(uint64_t seed, uint64_t size_bytes)
{
    swb_content *content = NULL;
    assert_int_equal(swb_content_create(&content, seed, size_bytes, NULL), SWB_OK);
    return content;
}

static swb_torrent *make(const swb_content *content, const swb_torrent_options *options)
{
    swb_torrent *torrent = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_torrent_create(&torrent, content, options, &error), SWB_OK);
    return torrent;
}

static void metainfo_is_bencoded_with_sorted_keys(void **state)
{
    (void)state;
    swb_content *content = create(42, 17);
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.announce = "http://127.0.0.1:6969/announce";
    options.name = "a.bin";
    options.is_private = 1;
    swb_torrent *torrent = make(content, &options);
    static const char before[] = "d8:announce30:http://127.0.0.1:6969/announce4:infod6:lengthi17e"
                                 "4:name5:a.bin12:piece lengthi16384e6:pieces20:";
    static const char after[] = "7:privatei1eee";
    uint8_t bytes[17];
    uint8_t digest[20];
    assert_int_equal(swb_content_read(content, 0, bytes, sizeof bytes), SWB_OK);
    assert_true(EVP_Q_digest(NULL, "SHA1", NULL, bytes, sizeof bytes, digest, NULL));
    size_t length = 0;
    const uint8_t *metainfo = swb_torrent_metainfo(&length, torrent);
    assert_int_equal(length, strlen(before) + sizeof digest + strlen(after));
    assert_memory_equal(metainfo, before, strlen(before));
    assert_memory_equal(metainfo + strlen(before), digest, sizeof digest);
    assert_memory_equal(metainfo + strlen(before) + sizeof digest, after, strlen(after));
    swb_torrent_destroy(torrent);
    swb_content_destroy(content);
}

static void metainfo_leaves_out_what_is_not_asked_for(void **state)
{
    (void)state;
    swb_content *content = create(42, 17);
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    swb_torrent *torrent = make(content, &options);
    static const char before[] =
        "d4:infod6:lengthi17e4:name11:content.bin12:piece lengthi16384e6:pieces20:";
    size_t length = 0;
    const uint8_t *metainfo = swb_torrent_metainfo(&length, torrent);
    assert_int_equal(length, strlen(before) + 20 + 2);
    assert_memory_equal(metainfo, before, strlen(before));
    assert_memory_equal(metainfo + length - 2, "ee", 2);
    swb_torrent_destroy(torrent);
    swb_content_destroy(content);
}

/* Made by mktorrent on the same file. If this fails, experiments could no longer be repeated. */
static void infohash_is_the_known_one(void **state)
{
    (void)state;
    swb_content *content = create(42, 10000000);
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.piece_bytes = 32768;
    swb_torrent *torrent = make(content, &options);
    assert_int_equal(swb_torrent_piece_bytes(torrent), 32768);
    assert_string_equal(swb_torrent_infohash(torrent), "d04188db883b92ba84eb7133f9adeddc18eb7a33");
    swb_torrent_destroy(torrent);
    swb_content_destroy(content);
}

static void assert_same_for_threads(const swb_content *content, swb_torrent_options *options)
{
    size_t length = 0;
    options->threads = 1;
    swb_torrent *alone = make(content, options);
    const uint8_t *expected = swb_torrent_metainfo(&length, alone);
    for (options->threads = 2; options->threads <= 8; options->threads++) {
        size_t other_length = 0;
        swb_torrent *torrent = make(content, options);
        const uint8_t *metainfo = swb_torrent_metainfo(&other_length, torrent);
        assert_int_equal(other_length, length);
        assert_memory_equal(metainfo, expected, length);
        assert_int_equal(swb_content_verify_file(NULL, content, options->file_path, NULL), SWB_OK);
        assert_int_equal(unlink(options->file_path), 0);
        swb_torrent_destroy(torrent);
    }
    swb_torrent_destroy(alone);
}

static void any_number_of_threads_gives_the_same_torrent_and_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/swb-torrent-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/content.bin", folder);
    swb_content *content = create(5, 9000001);
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.file_path = path;
    /* Pieces far smaller than a block, of a block's order, and larger than a run. */
    for (options.piece_bytes = 16384; options.piece_bytes <= 4 << 20; options.piece_bytes *= 16) {
        assert_same_for_threads(content, &options);
    }
    swb_content_destroy(content);
    assert_int_equal(swb__remove_tree(folder, NULL), SWB_OK);
}

static void default_piece_length_gives_at_most_2048_pieces(void **state)
{
    (void)state;
    static const struct {
        uint64_t size_bytes;
        uint64_t piece_bytes;
    } cases[] = {
        {1, 16384},
        {2048 * 16384, 16384},
        {2048 * 16384 + 1, 32768},
        {1000000000, 524288},
        {UINT64_C(2048) << 24, 1 << 24},
        {(UINT64_C(2048) << 24) + 1, 1 << 24},
        {SWB_CONTENT_MAX_BYTES, 1 << 24},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(swb_torrent_default_piece_bytes(cases[i].size_bytes),
                         cases[i].piece_bytes);
    }
}

static void assert_refused(const swb_torrent_options *options, const char *message)
{
    swb_content *content = create(1, 100);
    swb_torrent *torrent = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_torrent_create(&torrent, content, options, &error), SWB_EINVAL);
    assert_null(torrent);
    assert_string_equal(error.message, message);
    swb_content_destroy(content);
}

static void piece_length_that_is_no_power_of_two_or_too_small_is_refused(void **state)
{
    (void)state;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.piece_bytes = 8192;
    assert_refused(&options, "piece length 8192: must be a power of two from 16384 on, or 0 to "
                             "have it chosen");
    options.piece_bytes = 100000;
    assert_refused(&options, "piece length 100000: must be a power of two from 16384 on, or 0 to "
                             "have it chosen");
}

static void name_that_is_no_file_name_is_refused(void **state)
{
    (void)state;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.name = "../x";
    assert_refused(&options,
                   "torrent name '../x': must be a file name of 1 to 255 bytes without '/'");
    options.name = "..";
    assert_refused(&options,
                   "torrent name '..': must be a file name of 1 to 255 bytes without '/'");
    options.name = "";
    assert_refused(&options, "torrent name '': must be a file name of 1 to 255 bytes without '/'");
}

static void options_of_an_unknown_version_are_refused(void **state)
{
    (void)state;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.version = 2;
    assert_refused(&options, "torrent options of version 2: expected 1");
}

static void file_that_cannot_be_created_is_an_error(void **state)
{
    (void)state;
    swb_content *content = create(1, 100);
    swb_torrent *torrent = NULL;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.file_path = "/nonexistent/content.bin";
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_torrent_create(&torrent, content, &options, &error), SWB_EIO);
    assert_string_equal(error.message,
                        "create /nonexistent/content.bin: No such file or directory");
    assert_null(torrent);
    swb_content_destroy(content);
}

static void piece_length_that_gives_too_many_pieces_is_refused(void **state)
{
    (void)state;
    swb_content *content = create(1, SWB_CONTENT_MAX_BYTES);
    swb_torrent *torrent = NULL;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_torrent_create(&torrent, content, &options, &error), SWB_EINVAL);
    assert_string_equal(error.message, "piece length 16777216: cuts 9007199254740992 bytes into "
                                       "more than 16777216 pieces");
    assert_null(torrent);
    swb_content_destroy(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metainfo_is_bencoded_with_sorted_keys),
        cmocka_unit_test(metainfo_leaves_out_what_is_not_asked_for),
        cmocka_unit_test(infohash_is_the_known_one),
        cmocka_unit_test(any_number_of_threads_gives_the_same_torrent_and_file),
        cmocka_unit_test(default_piece_length_gives_at_most_2048_pieces),
        cmocka_unit_test(piece_length_that_is_no_power_of_two_or_too_small_is_refused),
        cmocka_unit_test(name_that_is_no_file_name_is_refused),
        cmocka_unit_test(options_of_an_unknown_version_are_refused),
        cmocka_unit_test(file_that_cannot_be_created_is_an_error),
        cmocka_unit_test(piece_length_that_gives_too_many_pieces_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
