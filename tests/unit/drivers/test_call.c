/* Calls and launches: what the library makes of what a driver says, nonsense too. */
#include "support/cmocka_all.h"

#include <string.h>

#include "drivers/call.h"
#include "drivers/launch.h"

static int (*scripted)(swb_call *call);

static int run_scripted(swb_call *call)
{
    return scripted(call);
}

static const swb_driver http_driver = {
    .name = "http",
    .transport = SWB_TRANSPORT_HTTP,
    .operations = {[SWB_OP_READY] = run_scripted},
};

static const swb_driver tls_driver = {
    .name = "tls",
    .transport = SWB_TRANSPORT_TLS,
    .operations = {[SWB_OP_READY] = run_scripted},
};

static const swb_node node = {.name = "n1"};
static const swb_command ready = {.operation = SWB_OP_READY};

/* One advance of an operation that does what `function` does. */
static swb_call *advance(int *answer, const swb__exchange **exchange, swb_error *error,
                         const swb_driver *driver, int (*function)(swb_call *call))
{
    swb_call *call = NULL;
    bool retriable = true;
    scripted = function;
    *error = (swb_error)SWB_ERROR_INIT;
    assert_int_equal(swb__call_create(&call, driver, &node, &ready, NULL, error), SWB_OK);
    *answer = swb__call_advance(exchange, &retriable, call, NULL, error);
    return call;
}

static void is_refused(const swb_driver *driver, int (*function)(swb_call *call),
                       const char *message)
{
    int answer;
    swb_error error;
    const swb__exchange *exchange = NULL;
    swb_call *call = advance(&answer, &exchange, &error, driver, function);
    assert_int_equal(answer, SWB_EINVAL);
    assert_string_equal(error.message, message);
    assert_null(exchange);
    swb__call_destroy(call);
}

static int send_form(swb_call *call)
{
    int answer = swb_call_http(call, "POST", "/a?b=1");
    swb_call_header(call, "X-One", "1");
    swb_call_field(call, "name", "value & more");
    swb_call_field(call, "empty", "");
    return answer;
}

static void exchange_holds_what_the_driver_added(void **state)
{
    int answer;
    swb_error error;
    const swb__exchange *exchange = NULL;
    (void)state;
    swb_call *call = advance(&answer, &exchange, &error, &http_driver, send_form);
    assert_int_equal(answer, SWB_CALL_SEND);
    assert_string_equal(exchange->method, "POST");
    assert_string_equal(exchange->path, "/a?b=1");
    assert_int_equal(exchange->header_count, 1);
    assert_int_equal(exchange->field_count, 2);
    assert_string_equal(exchange->fields[0].value, "value & more");
    assert_string_equal(exchange->fields[1].value, "");
    swb__call_destroy(call);
}

static int send_parts(swb_call *call)
{
    int answer = swb_call_http(call, "POST", "/");
    swb_call_part(call, "file", "a.bin", NULL, "\0\1", 2);
    swb_call_part(call, "none", NULL, NULL, NULL, 0);
    return answer;
}

static void parts_hold_bytes_and_may_be_empty(void **state)
{
    int answer;
    swb_error error;
    const swb__exchange *exchange = NULL;
    (void)state;
    swb_call *call = advance(&answer, &exchange, &error, &http_driver, send_parts);
    assert_int_equal(answer, SWB_CALL_SEND);
    assert_int_equal(exchange->part_count, 2);
    assert_memory_equal(exchange->parts[0].bytes, "\0\1", 2);
    assert_null(exchange->parts[0].type);
    assert_int_equal(exchange->parts[1].length, 0);
    swb__call_destroy(call);
}

static int say_nothing(swb_call *call)
{
    (void)call;
    return SWB_CALL_SEND;
}

static int fail_silently(swb_call *call)
{
    (void)call;
    return SWB_EIO;
}

static int send_twice(swb_call *call)
{
    swb_call_http(call, "GET", "/");
    return swb_call_http(call, "GET", "/");
}

static int send_two_bodies(swb_call *call)
{
    int answer = swb_call_http(call, "POST", "/");
    swb_call_body(call, NULL, "x", 1);
    swb_call_field(call, "a", "b");
    return answer;
}

static int send_frame(swb_call *call)
{
    return swb_call_frame(call, "x", 1);
}

static int send_broken_header(swb_call *call)
{
    int answer = swb_call_http(call, "GET", "/");
    swb_call_header(call, "X", "a\r\nHost: elsewhere");
    return answer;
}

static int send_broken_path(swb_call *call)
{
    return swb_call_http(call, "GET", "http://elsewhere/");
}

static int add_to_nothing(swb_call *call)
{
    swb_call_field(call, "a", "b");
    return SWB_CALL_DONE;
}

static int upload_nothing(swb_call *call)
{
    int answer = swb_call_http(call, "POST", "/");
    swb_call_upload_content(call);
    return answer;
}

static void nonsense_of_a_driver_is_refused_with_its_reason(void **state)
{
    (void)state;
    is_refused(&http_driver, say_nothing, "ready: the driver has nothing to send");
    is_refused(&http_driver, fail_silently, "ready: the driver failed without saying why");
    is_refused(&http_driver, send_twice, "ready: the driver began two exchanges at once");
    is_refused(&http_driver, send_two_bodies, "ready: an exchange has one kind of body");
    is_refused(&http_driver, send_frame, "ready: the driver has another transport");
    is_refused(&tls_driver, send_broken_path, "ready: the driver has another transport");
    is_refused(&http_driver, send_broken_header,
               "ready: a header has a name and a value of one line");
    is_refused(&http_driver, send_broken_path,
               "ready: the path of an HTTP exchange begins with '/' and has no spaces");
    is_refused(&http_driver, add_to_nothing,
               "ready: only an HTTP exchange that was begun can be added to");
    is_refused(&http_driver, upload_nothing, "ready: the command has no content to upload");
}

static void operation_that_a_driver_lacks_is_unsupported(void **state)
{
    const swb_command seed = {.operation = SWB_OP_SEED};
    swb_call *call = NULL;
    swb_error error = SWB_ERROR_INIT;
    (void)state;
    assert_int_equal(swb__call_create(&call, &http_driver, &node, &seed, NULL, &error),
                     SWB_EUNSUPPORTED);
    assert_string_equal(error.message, "driver 'http' cannot seed");
    assert_null(call);
    swb__call_destroy(NULL);
}

static swb_launch *new_launch(void)
{
    swb_launch *launch = NULL;
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    return launch;
}

static void launch_holds_what_the_driver_gave(void **state)
{
    swb_launch *launch = new_launch();
    (void)state;
    swb_launch_program(launch, "prog");
    swb_launch_arg(launch, "-x");
    swb_launch_arg2(launch, "--port=", "80");
    swb_launch_env(launch, "A", "1");
    swb_launch_env(launch, "B", "2");
    swb_launch_env(launch, "A", "3");
    swb_launch_dir(launch, "d", 0755);
    swb_launch_file(launch, "d/f", 0600, "abc", 3);
    swb_launch_file(launch, "..d/..f", 0600, NULL, 0);
    assert_int_equal(swb__launch_status(launch, NULL), SWB_OK);
    assert_string_equal(swb_launch_argv(launch)[2], "--port=80");
    assert_null(swb_launch_argv(launch)[3]);
    assert_string_equal(swb_launch_environment(launch)[0], "B=2");
    assert_string_equal(swb_launch_environment(launch)[1], "A=3");
    assert_null(swb_launch_environment(launch)[2]);
    assert_true(swb_launch_entry_at(launch, 0)->is_directory);
    assert_string_equal((const char *)swb_launch_entry_at(launch, 1)->bytes, "abc");
    assert_int_equal(swb_launch_entry_at(launch, 2)->length, 0);
    assert_null(swb_launch_entry_at(launch, 3));
    swb__launch_destroy(launch);
}

static void launch_keeps_the_first_failure(void **state)
{
    static const char *const outside[] = {"",          "/etc/passwd", "..",   "../x",
                                          "a/../../x", "a/..",        "a//.."};
    (void)state;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        swb_launch *launch = new_launch();
        swb_error error = SWB_ERROR_INIT;
        swb_launch_program(launch, "prog");
        swb_launch_file(launch, outside[i], 0644, "x", 1);
        swb_launch_arg(launch, NULL);
        assert_int_equal(swb__launch_status(launch, &error), SWB_EINVAL);
        assert_non_null(strstr(error.message, "does not lie inside the node's directory"));
        swb__launch_destroy(launch);
    }
}

static void launch_needs_a_program_and_before_its_arguments(void **state)
{
    swb_error error = SWB_ERROR_INIT;
    swb_launch *launch = new_launch();
    (void)state;
    assert_null(swb_launch_argv(launch)[0]);
    assert_int_equal(swb__launch_status(launch, &error), SWB_EINVAL);
    assert_string_equal(error.message, "the driver named no program to start");
    swb_launch_arg(launch, "-x");
    assert_int_equal(swb__launch_status(launch, &error), SWB_EINVAL);
    assert_string_equal(error.message, "argument '-x' comes before the program");
    swb__launch_destroy(launch);
    swb__launch_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange_holds_what_the_driver_added),
        cmocka_unit_test(parts_hold_bytes_and_may_be_empty),
        cmocka_unit_test(nonsense_of_a_driver_is_refused_with_its_reason),
        cmocka_unit_test(operation_that_a_driver_lacks_is_unsupported),
        cmocka_unit_test(launch_holds_what_the_driver_gave),
        cmocka_unit_test(launch_keeps_the_first_failure),
        cmocka_unit_test(launch_needs_a_program_and_before_its_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
