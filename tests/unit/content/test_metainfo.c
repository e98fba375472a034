/* content/metainfo: a torrent read back is the one that was made; malformed ones are refused. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/metainfo.h"

static swb_torrent *make(const char *announce)
{
    swb_content *content;
    swb_torrent *torrent;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.announce = announce;
    assert_int_equal(swb_content_create(&content, 1, 100000, NULL), SWB_OK);
    assert_int_equal(swb_torrent_create(&torrent, content, &options, NULL), SWB_OK);
    swb_content_destroy(content);
    return torrent;
}

static void torrent_read_back_is_the_same(void **state)
{
    static const char *const announces[] = {NULL, "http://10.0.0.1:6969/announce"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        swb_torrent *torrent = make(announces[i]);
        swb_torrent *read;
        size_t length;
        const uint8_t *bytes = swb_torrent_metainfo(&length, torrent);
        assert_int_equal(swb__torrent_of_metainfo(&read, bytes, length, NULL), SWB_OK);
        assert_string_equal(swb_torrent_infohash(read), swb_torrent_infohash(torrent));
        assert_true(swb_torrent_piece_bytes(read) == swb_torrent_piece_bytes(torrent));
        size_t read_length;
        assert_memory_equal(swb_torrent_metainfo(&read_length, read), bytes, length);
        assert_int_equal(read_length, length);
        swb_torrent_destroy(read);
        swb_torrent_destroy(torrent);
    }
}

/* Each is put in memory of exactly its length, so that a sanitizer sees a read behind its end. */
static int find(const char *text, size_t length)
{
    swb__metainfo_place place;
    char *copy = malloc(length + (length == 0));
    assert_non_null(copy);
    memcpy(copy, text, length);
    int status = swb__metainfo_find(&place, copy, length);
    free(copy);
    return status;
}

static void malformed_metainfo_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "d",
        "de",
        "i1e",
        "4:info",
        "d4:infoe",
        "d4:infodee",
        "d4:infod12:piece lengthi1eee1",
        "d4:infod12:piece lengthe",
        "d4:infod12:piece length1:1ee",
        "d4:infod12:piece lengthi-1eee",
        "d4:infod12:piece lengthi99999999999999999999eee",
        "d4:infod12:piece lengthieee",
        "d4:infoi1ee",
        "d99999999999999:info",
        "d4:infod12:piece lengthi16384e",
        "d8:announce-1:xe",
        "d4:infod0:12:piece lengthi1eee",
        /* the key is there, but behind the info dictionary */
        "d4:infode12:piece lengthi1ee",
        "llllllllllllllllllllllllllllllllleeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (find(texts[i], strlen(texts[i])) != SWB_EPROTO) {
            fail_msg("'%s' was taken", texts[i]);
        }
    }
    assert_int_equal(find("d4:infod12:piece lengthi16384eee", 32), SWB_OK);
}

static void metainfo_cut_anywhere_is_refused(void **state)
{
    swb_torrent *torrent = make("http://a/b");
    size_t length;
    const uint8_t *bytes = swb_torrent_metainfo(&length, torrent);
    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(find((const char *)bytes, cut), SWB_EPROTO);
    }
    swb_torrent_destroy(torrent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torrent_read_back_is_the_same),
        cmocka_unit_test(malformed_metainfo_is_refused),
        cmocka_unit_test(metainfo_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
