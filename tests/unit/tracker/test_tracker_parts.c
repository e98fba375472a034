/* tracker/ without a process: the whitelist, and what is read of opentracker's replies. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "tracker/replies.h"
#include "tracker/whitelist.h"

#define HASH_A "0000000000000000000000000000000000000001"
#define HASH_B "ABCDEF0123456789abcdef0123456789ABCDEF01"
#define BYTES_A "AAAAAAAAAAAAAAAAAAAA"

static swb__infohash infohash(const char *text)
{
    swb__infohash found;
    assert_true(swb__infohash_parse(&found, text));
    return found;
}

static void infohash_is_40_hex_digits_and_nothing_else(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      HASH_A "0",
                                      "000000000000000000000000000000000000000g",
                                      " 00000000000000000000000000000000000001",
                                      "0x00000000000000000000000000000000000001"};
    swb__infohash found;
    char text[SWB__INFOHASH_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(swb__infohash_parse(&found, bad[i]));
    }
    found = infohash(HASH_B);
    swb__infohash_text(text, &found);
    assert_string_equal(text, "abcdef0123456789abcdef0123456789abcdef01");
}

static void whitelist_is_a_set(void **state)
{
    swb__whitelist list = {0};
    swb__infohash a = infohash(HASH_A);
    swb__infohash b = infohash(HASH_B);
    (void)state;
    assert_int_equal(swb__whitelist_remove(&list, &a, NULL), SWB_ENOENT);
    assert_int_equal(swb__whitelist_add(&list, &b, NULL), SWB_OK);
    assert_int_equal(swb__whitelist_add(&list, &a, NULL), SWB_OK);
    assert_int_equal(swb__whitelist_add(&list, &b, NULL), SWB_OK);
    assert_int_equal(list.count, 2);
    assert_memory_equal(&list.entries[0], &a, sizeof a);
    assert_int_equal(swb__whitelist_remove(&list, &a, NULL), SWB_OK);
    assert_int_equal(list.count, 1);
    assert_memory_equal(&list.entries[0], &b, sizeof b);
    swb__whitelist_finish(&list);
}

static void whitelist_is_bounded(void **state)
{
    swb__whitelist list = {0};
    swb_error error = SWB_ERROR_INIT;
    char text[SWB__INFOHASH_TEXT];
    (void)state;
    for (unsigned i = 0; i < SWB__WHITELIST_MAX; i++) {
        snprintf(text, sizeof text, "%040x", (i * 2654435761u) ^ 77u);
        swb__infohash one = infohash(text);
        assert_int_equal(swb__whitelist_add(&list, &one, NULL), SWB_OK);
    }
    for (size_t i = 1; i < list.count; i++) {
        assert_true(memcmp(&list.entries[i - 1], &list.entries[i], SWB__INFOHASH_BYTES) < 0);
    }
    swb__infohash more = infohash(HASH_B);
    assert_int_equal(swb__whitelist_add(&list, &more, &error), SWB_ENOSPACE);
    assert_non_null(strstr(error.message, "4096"));
    assert_int_equal(list.count, SWB__WHITELIST_MAX);
    swb__whitelist_finish(&list);
}

static void replacing_by_something_wrong_changes_nothing(void **state)
{
    swb__whitelist list = {0};
    swb_error error = SWB_ERROR_INIT;
    cJSON *good = cJSON_Parse("[\"" HASH_A "\",\"" HASH_B "\"]");
    cJSON *bad = cJSON_Parse("[\"" HASH_A "\",\"nonsense\"]");
    cJSON *number = cJSON_Parse("[7]");
    (void)state;
    assert_int_equal(swb__whitelist_replace(&list, good, NULL), SWB_OK);
    assert_int_equal(swb__whitelist_replace(&list, bad, &error), SWB_EINVAL);
    assert_non_null(strstr(error.message, "'nonsense'"));
    assert_int_equal(swb__whitelist_replace(&list, number, NULL), SWB_EINVAL);
    assert_int_equal(list.count, 2);
    cJSON_Delete(good);
    cJSON_Delete(bad);
    cJSON_Delete(number);
    swb__whitelist_finish(&list);
}

static const char counters_text[] =
    "<?xml version=\"1.0\"?>\n<stats>\n  <version>\n$Source$: $Revision: 1.2 $\n  </version>\n"
    "  <uptime>12</uptime>\n  <torrents>\n    <count_mutex>1</count_mutex>\n  </torrents>\n"
    "  <connections>\n    <tcp>\n      <accept>9</accept>\n      <announce>5</announce>\n"
    "      <scrape>2</scrape>\n    </tcp>\n    <udp>\n      <overall>0</overall>\n"
    "      <announce>3</announce>\n      <scrape>1</scrape>\n    </udp>\n  "
    "</connections>\n</stats>";

static void counters_are_read(void **state)
{
    swb__tracker_counters found;
    (void)state;
    assert_int_equal(swb__tracker_read_counters(&found, counters_text, NULL), SWB_OK);
    assert_int_equal(found.uptime_s, 12);
    assert_int_equal(found.tcp_announces, 5);
    assert_int_equal(found.tcp_scrapes, 2);
    assert_int_equal(found.udp_announces, 3);
    assert_int_equal(found.udp_scrapes, 1);
    assert_string_equal(found.revision, "1.2");
}

static void counters_that_are_cut_off_are_refused(void **state)
{
    char text[sizeof counters_text];
    swb__tracker_counters found;
    (void)state;
    size_t end = (size_t)(strstr(counters_text, "</stats>") - counters_text);
    for (size_t length = 0; length <= end; length++) {
        memcpy(text, counters_text, length);
        text[length] = '\0';
        assert_int_equal(swb__tracker_read_counters(&found, text, NULL), SWB_EPROTO);
    }
}

static int read_scrape(size_t *count, swb__tracker_torrent *out, size_t room, const char *text)
{
    return swb__tracker_read_scrape(out, count, room, (const uint8_t *)text, strlen(text), NULL);
}

static void scrape_is_read(void **state)
{
    swb__tracker_torrent found[2];
    size_t count = 9;
    (void)state;
    assert_int_equal(read_scrape(&count, found, 2, "d5:filesdee"), SWB_OK);
    assert_int_equal(count, 0);
    assert_int_equal(read_scrape(&count, found, 2,
                                 "d5:filesd20:" BYTES_A
                                 "d8:completei3e10:downloadedi2e10:incompletei17eeee"),
                     SWB_OK);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].seeders, 3);
    assert_int_equal(found[0].completed, 2);
    assert_int_equal(found[0].leechers, 17);
}

static void scrape_of_another_kind_is_refused(void **state)
{
#define ENTRY "20:" BYTES_A "d8:completei3e10:downloadedi2e10:incompletei17ee"
    static const char *const bad[] = {
        "",
        "d",
        "d5:filesd",
        "d5:filesdeee",
        "d5:filesd20:AAAA",
        "d5:filesd" ENTRY ENTRY "ee",
        "d5:filesd20:" BYTES_A "d8:completei-1e10:downloadedi2e10:incompletei1eeee",
        "d5:filesd20:" BYTES_A "d8:completeie10:downloadedi2e10:incompletei1eeee",
        "d5:filesd20:" BYTES_A
        "d8:completei99999999999999999999e10:downloadedi2e10:incompletei1eeee",
    };
    swb__tracker_torrent found[1];
    size_t count = 7;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_scrape(&count, found, 1, bad[i]), SWB_EPROTO);
        assert_int_equal(count, 7);
    }
}

static void announce_is_served_or_refused(void **state)
{
    static const char served[] = "d8:completei1e5:peers0:e";
    static const char refused[] = "d14:failure reason3:noye";
    bool is_served = false;
    (void)state;
    assert_int_equal(
        swb__tracker_read_announce(&is_served, (const uint8_t *)served, sizeof served - 1, NULL),
        SWB_OK);
    assert_true(is_served);
    assert_int_equal(
        swb__tracker_read_announce(&is_served, (const uint8_t *)refused, sizeof refused - 1, NULL),
        SWB_OK);
    assert_false(is_served);
    assert_int_equal(swb__tracker_read_announce(&is_served, (const uint8_t *)"<html>", 6, NULL),
                     SWB_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infohash_is_40_hex_digits_and_nothing_else),
        cmocka_unit_test(whitelist_is_a_set),
        cmocka_unit_test(whitelist_is_bounded),
        cmocka_unit_test(replacing_by_something_wrong_changes_nothing),
        cmocka_unit_test(counters_are_read),
        cmocka_unit_test(counters_that_are_cut_off_are_refused),
        cmocka_unit_test(scrape_is_read),
        cmocka_unit_test(scrape_of_another_kind_is_refused),
        cmocka_unit_test(announce_is_served_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
