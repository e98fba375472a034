/* base/: errors, buffers, units, random numbers, JSON and CSV output, files. */
#include "support/cmocka_all.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/units.h"
#include "base/writer.h"

static void status_texts_are_known_and_unknown_codes_are_named_so(void **state)
{
    (void)state;
    assert_string_equal(swb_status_text(SWB_ETIMEDOUT), "timed out");
    assert_string_equal(swb_status_name(SWB_EINPUT), "SWB_EINPUT");
    assert_string_equal(swb_status_text(-9999), "unknown status");
}

static void error_at_a_place_begins_with_it(void **state)
{
    (void)state;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb__fail_at(&error, SWB_EINPUT, "a.yaml", 3, 7, "bad '%s'", "x"), SWB_EINPUT);
    assert_string_equal(error.message, "a.yaml:3:7: bad 'x'");
    assert_int_equal(error.line, 3);
    swb__error_context(&error, "load");
    assert_string_equal(error.message, "load: a.yaml:3:7: bad 'x'");
    assert_int_equal(swb__fail(NULL, SWB_EIO, "ignored"), SWB_EIO);
}

static void buffer_stops_at_its_limit_and_keeps_the_failure(void **state)
{
    (void)state;
    swb__buffer buffer = SWB__BUFFER_INIT(8);
    swb__buffer_text(&buffer, "12345678");
    assert_int_equal(buffer.status, SWB_OK);
    swb__buffer_char(&buffer, '9');
    assert_int_equal(buffer.status, SWB_ENOSPACE);
    assert_null(swb__buffer_take(&buffer));
    swb__buffer_clear(&buffer);
    swb__buffer_printf(&buffer, "%d-%s", 42, "ab");
    assert_string_equal(swb__buffer_string(&buffer), "42-ab");
    swb__buffer_consume(&buffer, 3);
    assert_string_equal(swb__buffer_string(&buffer), "ab");
    swb__buffer_finish(&buffer);
}

static void exact_units_read_back_as_written(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(swb__format_exact_bytes(text, sizeof text, 100000000), "100MB");
    assert_string_equal(swb__format_exact_bytes(text, sizeof text, 65536), "64KiB");
    assert_string_equal(swb__format_exact_bytes(text, sizeof text, 1), "1B");
    assert_string_equal(swb__format_exact_duration(text, sizeof text, UINT64_C(90000000000)),
                        "90s");
    assert_string_equal(swb__format_exact_duration(text, sizeof text, 0), "0ns");
    assert_string_equal(swb__format_exact_rate(text, sizeof text, 100000000), "100Mbit");
    assert_string_equal(swb__format_duration(text, sizeof text, 1.2345e9), "1.23 s");
    assert_string_equal(swb__format_duration(text, sizeof text, 7800e9), "2 h 10 min");
    assert_string_equal(swb__format_bytes(text, sizeof text, 1e8), "100 MB");
}

static void random_stream_is_the_same_everywhere(void **state)
{
    (void)state;
    swb__random random;
    swb__random_init(&random, 42);
    /* xoshiro256** seeded by splitmix64(42): the values of the authors' reference programs. */
    assert_true(swb__random_next(&random) == UINT64_C(1546998764402558742));
    assert_true(swb__random_next(&random) == UINT64_C(6990951692964543102));
    uint32_t indices[5] = {0, 1, 2, 3, 4};
    unsigned seen = 0;
    swb__random_shuffle(&random, indices, 5);
    for (int i = 0; i < 5; i++) {
        seen |= 1u << indices[i];
    }
    assert_int_equal(seen, 31);
    assert_true(swb__random_derive(1, "a", 0) != swb__random_derive(1, "b", 0));
    assert_true(swb__random_derive(1, "a", 0) != swb__random_derive(1, "a", 1));
}

static void json_is_escaped_and_commas_stand_between_members(void **state)
{
    (void)state;
    char path[] = "/tmp/swb-writer-XXXXXX";
    int fd = mkstemp(path);
    swb__writer writer;
    swb__writer_init(&writer, fd);
    swb__json_open(&writer, '{');
    swb__json_key(&writer, "a\"b");
    swb__json_string(&writer, "x\ny\xff");
    swb__json_key(&writer, "list");
    swb__json_open(&writer, '[');
    swb__json_uint(&writer, UINT64_MAX);
    swb__json_number(&writer, 0.1);
    swb__json_number(&writer, NAN);
    swb__json_close(&writer, ']');
    swb__json_close(&writer, '}');
    assert_int_equal(swb__writer_finish(&writer, NULL), SWB_OK);
    close(fd);
    char *text = NULL;
    assert_int_equal(swb__read_file(&text, NULL, path, 1000, NULL), SWB_OK);
    assert_string_equal(
        text, "{\"a\\\"b\":\"x\\ny\xef\xbf\xbd\",\"list\":[18446744073709551615,0.1,null]}");
    free(text);
    unlink(path);
}

static void json_in_a_page_cannot_end_its_element(void **state)
{
    (void)state;
    char path[] = "/tmp/swb-writer-XXXXXX";
    int fd = mkstemp(path);
    swb__writer writer;
    swb__writer_init(&writer, fd);
    writer.in_html = true;
    writer.real_point = true;
    swb__json_open(&writer, '[');
    swb__json_string(&writer, "</script><!--");
    swb__json_number(&writer, 3);
    swb__json_raw(&writer, "{\"a\":1}");
    swb__json_close(&writer, ']');
    assert_int_equal(swb__writer_finish(&writer, NULL), SWB_OK);
    char *text = NULL;
    assert_int_equal(swb__read_file(&text, NULL, path, 1000, NULL), SWB_OK);
    assert_string_equal(text, "[\"\\u003c/script>\\u003c!--\",3.0,{\"a\":1}]");
    free(text);
    close(fd);
    unlink(path);
}

static void longer_text_than_the_stack_holds_is_written_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/swb-writer-XXXXXX";
    char name[9001];
    int fd = mkstemp(path);
    swb__writer writer;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    swb__writer_init(&writer, fd);
    swb__writer_printf(&writer, "<%s>", name);
    assert_int_equal(swb__writer_finish(&writer, NULL), SWB_OK);
    close(fd);
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(swb__read_file(&text, &length, path, 10000, NULL), SWB_OK);
    assert_int_equal(length, 9002);
    assert_int_equal(text[0], '<');
    assert_memory_equal(text + 1, name, 9000);
    assert_int_equal(text[9001], '>');
    free(text);
    unlink(path);
}

static void json_numbers_have_a_point_in_every_locale(void **state)
{
    (void)state;
    char path[] = "/tmp/swb-writer-XXXXXX";
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL) {
        print_message("SKIP: no locale de_DE.UTF-8\n");
        skip();
    }
    int fd = mkstemp(path);
    swb__writer writer;
    swb__writer_init(&writer, fd);
    swb__json_number(&writer, 0.25);
    swb__writer_finish(&writer, NULL);
    setlocale(LC_NUMERIC, "C");
    close(fd);
    char *text = NULL;
    assert_int_equal(swb__read_file(&text, NULL, path, 100, NULL), SWB_OK);
    assert_string_equal(text, "0.25");
    free(text);
    unlink(path);
}

static void reserved_room_is_no_text_yet(void **state)
{
    (void)state;
    swb__buffer buffer = SWB__BUFFER_INIT(100);
    assert_non_null(swb__buffer_reserve(&buffer, 10));
    assert_string_equal(swb__buffer_string(&buffer), "");
    swb__buffer_finish(&buffer);
}

static void file_in_the_place_of_a_directory_is_an_error(void **state)
{
    (void)state;
    char path[] = "/tmp/swb-file-XXXXXX";
    swb_error error = SWB_ERROR_INIT;
    char expected[96];
    close(mkstemp(path));
    assert_int_equal(swb__make_dirs(path, 0755, &error), SWB_EIO);
    snprintf(expected, sizeof expected, "make directory %s: File exists", path);
    assert_string_equal(error.message, expected);
    unlink(path);
    assert_int_equal(swb__make_dirs("/tmp", 0755, NULL), SWB_OK);
}

static void tree_is_removed_and_links_are_not_followed(void **state)
{
    (void)state;
    char top[] = "/tmp/swb-tree-XXXXXX";
    char path[128];
    char outside[] = "/tmp/swb-outside-XXXXXX";
    assert_non_null(mkdtemp(top));
    assert_non_null(mkdtemp(outside));
    snprintf(path, sizeof path, "%s/a/b/c", top);
    assert_int_equal(swb__make_dirs(path, 0755, NULL), SWB_OK);
    snprintf(path, sizeof path, "%s/a/link", top);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(swb__remove_tree(top, NULL), SWB_OK);
    assert_int_equal(access(top, F_OK), -1);
    assert_int_equal(access(outside, F_OK), 0);
    assert_int_equal(swb__remove_tree(top, NULL), SWB_OK);
    rmdir(outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_texts_are_known_and_unknown_codes_are_named_so),
        cmocka_unit_test(error_at_a_place_begins_with_it),
        cmocka_unit_test(buffer_stops_at_its_limit_and_keeps_the_failure),
        cmocka_unit_test(exact_units_read_back_as_written),
        cmocka_unit_test(random_stream_is_the_same_everywhere),
        cmocka_unit_test(json_is_escaped_and_commas_stand_between_members),
        cmocka_unit_test(json_in_a_page_cannot_end_its_element),
        cmocka_unit_test(longer_text_than_the_stack_holds_is_written_whole),
        cmocka_unit_test(json_numbers_have_a_point_in_every_locale),
        cmocka_unit_test(reserved_room_is_no_text_yet),
        cmocka_unit_test(file_in_the_place_of_a_directory_is_an_error),
        cmocka_unit_test(tree_is_removed_and_links_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
