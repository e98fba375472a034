/* rencode: agreement with the Python package, round trips, and bytes that lie. */
#include "support/cmocka_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/rencode.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Made with rencode.dumps() of Python's rencode 1.0.6. */
static const struct {
    int64_t value;
    const char *hex;
} integers[] = {
    {0, "00"},
    {43, "2b"},
    {44, "3e2c"},
    {-1, "46"},
    {-32, "65"},
    {-33, "3edf"},
    {127, "3e7f"},
    {-128, "3e80"},
    {128, "3f0080"},
    {-32768, "3f8000"},
    {32768, "4000008000"},
    {INT32_MAX, "407fffffff"},
    {INT64_C(2147483648), "410000000080000000"},
    {INT64_MIN, "418000000000000000"},
    {INT64_MAX, "417fffffffffffffff"},
};

static size_t unhex(uint8_t *out, const char *hex)
{
    char digits[3] = {0};
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length; i++) {
        memcpy(digits, hex + 2 * i, 2);
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return length;
}

static int read_hex(swb__rencode *out, uint8_t *bytes, const char *hex)
{
    return swb__rencode_read(out, bytes, unhex(bytes, hex));
}

static void integers_are_written_and_read_as_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(integers); i++) {
        uint8_t bytes[32];
        swb__rencode value;
        swb__buffer buffer = SWB__BUFFER_INIT(64);
        size_t length = unhex(bytes, integers[i].hex);
        swb__rencode_put_integer(&buffer, integers[i].value);
        assert_int_equal(buffer.length, length);
        assert_memory_equal(buffer.data, bytes, length);
        assert_int_equal(swb__rencode_read(&value, bytes, length), SWB_OK);
        assert_int_equal(value.kind, SWB__RENCODE_INTEGER);
        assert_true(value.integer == integers[i].value);
        swb__buffer_finish(&buffer);
    }
}

static void numbers_and_integers_past_64_bits_are_read(void **state)
{
    uint8_t bytes[64];
    swb__rencode value;
    (void)state;
    assert_int_equal(read_hex(&value, bytes, "423fc00000"), SWB_OK);
    assert_int_equal(value.kind, SWB__RENCODE_NUMBER);
    assert_true(value.number == 1.5);
    assert_int_equal(read_hex(&value, bytes, "2c3ff8000000000000"), SWB_OK);
    assert_true(value.number == 1.5);
    assert_int_equal(read_hex(&value, bytes, "3d313138303539313632303731373431313330333432347f"),
                     SWB_OK);
    assert_int_equal(value.kind, SWB__RENCODE_NUMBER);
    assert_true(value.number == 1180591620717411303424.0);
}

static void long_lists_and_dicts_are_read_item_by_item(void **state)
{
    uint8_t bytes[256];
    swb__rencode value;
    swb__rencode item;
    (void)state;
    assert_int_equal(
        read_hex(&value, bytes,
                 "3b000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526"
                 "2728292a2b3e2c3e2d3e2e3e2f3e303e313e323e333e343e353e363e373e383e393e3a3e3b3e3c3e"
                 "3d3e3e3e3f7f"),
        SWB_OK);
    assert_int_equal(value.count, 64);
    assert_int_equal(swb__rencode_item(&item, &value, 63), SWB_OK);
    assert_int_equal(item.integer, 63);
    assert_int_equal(swb__rencode_item(&item, &value, 64), SWB_ENOENT);
    assert_int_equal(read_hex(&value, bytes,
                              "3c0001010102010301040105010601070108010901"
                              "0a010b010c010d010e010f011001110112011301140115011601170118"
                              "0119017f"),
                     SWB_OK);
    assert_int_equal(value.kind, SWB__RENCODE_DICT);
    assert_int_equal(value.count, 26);
}

static void members_of_nested_dicts_are_found_by_name(void **state)
{
    uint8_t bytes[64];
    swb__rencode value;
    swb__rencode inner;
    swb__rencode item;
    (void)state;
    assert_int_equal(read_hex(&value, bytes, "678161678162c201c20203"), SWB_OK);
    assert_int_equal(swb__rencode_member(&inner, &value, "a"), SWB_OK);
    assert_int_equal(swb__rencode_member(&item, &inner, "b"), SWB_OK);
    assert_int_equal(item.kind, SWB__RENCODE_LIST);
    assert_int_equal(swb__rencode_item(&item, &item, 1), SWB_OK);
    assert_int_equal(item.count, 2);
    assert_int_equal(swb__rencode_member(&item, &value, "b"), SWB_ENOENT);
    assert_int_equal(swb__rencode_member(&item, &item, "b"), SWB_ENOENT);
}

static void what_is_written_is_read_back(void **state)
{
    char text[100];
    char copy[100];
    swb__rencode value;
    swb__rencode item;
    swb__buffer buffer = SWB__BUFFER_INIT(4096);
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    swb__rencode_put_list(&buffer, 4);
    swb__rencode_put_text(&buffer, text);
    swb__rencode_put_none(&buffer);
    swb__rencode_put_dict(&buffer, 1);
    swb__rencode_put_text(&buffer, "key");
    swb__rencode_put_bool(&buffer, true);
    swb__rencode_put_text(&buffer, "");
    assert_int_equal(swb__rencode_read(&value, buffer.data, buffer.length), SWB_OK);
    assert_int_equal(value.count, 4);
    assert_int_equal(swb__rencode_item(&item, &value, 0), SWB_OK);
    assert_string_equal(swb__rencode_text(copy, sizeof copy, &item), text);
    assert_string_equal(swb__rencode_text(copy, 4, &item), "xxx");
    assert_int_equal(swb__rencode_item(&item, &value, 1), SWB_OK);
    assert_int_equal(item.kind, SWB__RENCODE_NONE);
    assert_int_equal(swb__rencode_item(&item, &value, 2), SWB_OK);
    assert_int_equal(swb__rencode_member(&item, &item, "key"), SWB_OK);
    assert_int_equal(item.kind, SWB__RENCODE_BOOL);
    assert_int_equal(item.integer, 1);
    assert_int_equal(swb__rencode_item(&item, &value, 3), SWB_OK);
    assert_true(swb__rencode_is(&item, ""));
    swb__buffer_finish(&buffer);
}

static void malformed_bytes_are_refused(void **state)
{
    static const char *const bad[] = {
        "",     /* nothing */
        "0000", /* something left over */
        "2d",   /* a type that is not defined */
        "7f",   /* an end of nothing */
        "3e",   /* integers that are cut off */
        "41000000",
        "2c3ff8", /* a float that is cut off */
        "8361",   /* a string that is cut off */
        "36343a78",
        "393939393939393939393a",     /* 9,999,999,999 bytes announced */
        "39393939393939393939393a78", /* a length of too many digits */
        "31",                         /* a length without its colon */
        "31613a",
        "c201",   /* a list that is cut off */
        "3b0102", /* an open list without its end */
        "678161", /* a key without its value */
        "3c81617f",
        "3d7f",     /* no digits */
        "3d2d7f",   /* a sign only */
        "3d317a7f", /* a digit that is none */
        "3d31",     /* digits without an end */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t bytes[64];
        swb__rencode value = {.kind = SWB__RENCODE_BOOL, .integer = 77};
        if (read_hex(&value, bytes, bad[i]) != SWB_EPROTO) {
            fail_msg("'%s' was not refused", bad[i]);
        }
        assert_int_equal(value.integer, 77);
    }
}

static void digits_without_end_are_refused(void **state)
{
    uint8_t bytes[200];
    swb__rencode value;
    (void)state;
    memset(bytes, '9', sizeof bytes);
    bytes[0] = 61;
    bytes[sizeof bytes - 1] = 127;
    assert_int_equal(swb__rencode_read(&value, bytes, sizeof bytes), SWB_EPROTO);
}

static void nesting_is_bounded(void **state)
{
    static uint8_t bytes[1u << 20];
    swb__rencode value;
    (void)state;
    memset(bytes, 192 + 1, sizeof bytes); /* lists of one list */
    assert_int_equal(swb__rencode_read(&value, bytes, sizeof bytes), SWB_EPROTO);
    bytes[SWB__RENCODE_DEPTH_MAX] = 0;
    assert_int_equal(swb__rencode_read(&value, bytes, SWB__RENCODE_DEPTH_MAX + 1), SWB_OK);
    bytes[SWB__RENCODE_DEPTH_MAX] = 193;
    bytes[SWB__RENCODE_DEPTH_MAX + 1] = 0;
    assert_int_equal(swb__rencode_read(&value, bytes, SWB__RENCODE_DEPTH_MAX + 2), SWB_EPROTO);
}

static void every_prefix_and_every_flipped_byte_is_read_or_refused(void **state)
{
    /* A status as Deluge sends it, and then some. */
    static const char sample[] = "c301026a8a746f74616c5f646f6e653f0080857374617465875365656469"
                                 "6e678769735f73656564438166c2423fc0000045";
    uint8_t bytes[128];
    uint8_t copy[128];
    swb__rencode value;
    size_t length = unhex(bytes, sample);
    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a read past the end is seen */
        memcpy(exact, bytes, cut);
        assert_int_equal(swb__rencode_read(&value, exact, cut), SWB_EPROTO);
        free(exact);
    }
    for (size_t at = 0; at < length; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(copy, bytes, length);
            copy[at] = (uint8_t)byte;
            int status = swb__rencode_read(&value, copy, length);
            assert_true(status == SWB_OK || status == SWB_EPROTO);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_and_read_as_python_does),
        cmocka_unit_test(numbers_and_integers_past_64_bits_are_read),
        cmocka_unit_test(long_lists_and_dicts_are_read_item_by_item),
        cmocka_unit_test(members_of_nested_dicts_are_found_by_name),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(digits_without_end_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(every_prefix_and_every_flipped_byte_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
