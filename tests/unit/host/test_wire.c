/* host/wire: what agent and client write to each other survives the way, and nothing else does. */
#include "support/cmocka_all.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/wire.h"

static void numbers_of_64_bits_survive(void **state)
{
    cJSON *object = cJSON_CreateObject();
    uint64_t number = 0;
    int64_t time_ns = 0;
    (void)state;
    assert_true(swb__wire_add_uint64(object, "seed", UINT64_MAX));
    assert_true(swb__wire_add_int64(object, "least", -INT64_MAX));
    assert_true(swb__wire_add_int64(object, "odd", INT64_C(9007199254740993)));
    assert_true(swb__wire_add_count(object, "unknown", SWB_COUNT_UNKNOWN));
    char *text = cJSON_PrintUnformatted(object);
    cJSON *read = cJSON_Parse(text);
    assert_true(swb__wire_uint64(&number, read, "seed") && number == UINT64_MAX);
    assert_true(swb__wire_int64(&time_ns, read, "least") && time_ns == -INT64_MAX);
    assert_true(swb__wire_int64(&time_ns, read, "odd") && time_ns == INT64_C(9007199254740993));
    assert_true(swb__wire_count(&number, read, "unknown") && number == SWB_COUNT_UNKNOWN);
    cJSON_free(text);
    cJSON_Delete(read);
    cJSON_Delete(object);
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        " 1",
                                        "1 ",
                                        "-1",
                                        "+1",
                                        "0x1",
                                        "1.0",
                                        "1e3",
                                        "18446744073709551616",
                                        "99999999999999999999"};
    uint64_t number = 5;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(swb__wire_parse_uint64(&number, texts[i]));
    }
    cJSON *object = cJSON_Parse("{\"a\":1,\"b\":1.5,\"c\":-1,\"d\":9007199254740994,\"e\":\"1\","
                                "\"f\":1e300,\"g\":\"9223372036854775808\"}");
    assert_false(swb__wire_uint64(&number, object, "a"));
    assert_false(swb__wire_number(&number, object, "b"));
    assert_false(swb__wire_number(&number, object, "c"));
    assert_false(swb__wire_number(&number, object, "d"));
    assert_false(swb__wire_number(&number, object, "e"));
    assert_false(swb__wire_number(&number, object, "f"));
    int64_t time_ns = 5;
    assert_false(swb__wire_int64(&time_ns, object, "g"));
    assert_false(swb__wire_int64(&time_ns, object, "missing"));
    assert_true(number == 5 && time_ns == 5);
    cJSON_Delete(object);
}

static void bytes_survive(void **state)
{
    uint8_t bytes[256];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t length = 0; length <= sizeof bytes; length++) {
        uint8_t *read = NULL;
        size_t read_length = 999;
        cJSON *object = cJSON_CreateObject();
        assert_true(swb__wire_add_bytes(object, "b", bytes, length));
        assert_true(swb__wire_bytes(&read, &read_length, object, "b"));
        assert_int_equal(read_length, length);
        assert_memory_equal(read, bytes, length);
        free(read);
        cJSON_Delete(object);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const texts[] = {"A",        "AA",    "AAA",  "A===", "====",  "AA=A",
                                        "AAAA AAA", "AAA\n", "AA!A", "=AAA", "AAAA=", "AAAA===="};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint8_t *bytes = NULL;
        size_t length;
        if (swb__wire_decode(&bytes, &length, texts[i])) {
            fail_msg("'%s' was taken", texts[i]);
        }
    }
}

static void statuses_signals_and_sources_have_names(void **state)
{
    int status = 7;
    (void)state;
#define CHECK(code, value, text)                                                                   \
    assert_true(swb__wire_status(&status, "SWB_" #code));                                          \
    assert_int_equal(status, SWB_##code);
    SWB_STATUS_MAP(CHECK)
#undef CHECK
    assert_false(swb__wire_status(&status, "Failure"));
    assert_int_equal(swb__wire_signal("TERM"), SIGTERM);
    assert_int_equal(swb__wire_signal("SEGV"), 0);
    assert_string_equal(swb__wire_signal_name(SIGCONT), "CONT");
    assert_null(swb__wire_signal_name(SIGSEGV));
    assert_int_equal(swb__wire_source(swb__wire_source_name(SWB_SOURCE_BLOCKS)), SWB_SOURCE_BLOCKS);
    assert_int_equal(swb__wire_source("something"), SWB_SOURCE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_64_bits_survive),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(bytes_survive),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(statuses_signals_and_sources_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
