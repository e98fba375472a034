/* content/: a build without ISA-L. */
#include "support/cmocka_all.h"

#include <swarmbench/erasure.h>

#define MESSAGE                                                                                    \
    "this build has no erasure coding: install ISA-L (Debian: libisal-dev) and build swarmbench "  \
    "again"

static void code_is_not_supported_and_the_package_is_named(void **state)
{
    (void)state;
    swb_erasure *erasure = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_erasure_create(&erasure, 4, 2, &error), SWB_EUNSUPPORTED);
    assert_string_equal(error.message, MESSAGE);
    assert_int_equal(swb_erasure_create(&erasure, 4, 0, &error), SWB_EINVAL);
    assert_null(erasure);
    assert_null(swb_erasure_library());
}

static void part_is_not_supported_and_the_package_is_named(void **state)
{
    (void)state;
    swb_content *content = NULL;
    swb_content *part = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_content_create(&content, 1, 1000, NULL), SWB_OK);
    assert_int_equal(swb_content_create_part(&part, content, 4, 2, 0, &error), SWB_EUNSUPPORTED);
    assert_string_equal(error.message, MESSAGE);
    assert_null(part);
    swb_content_destroy(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_is_not_supported_and_the_package_is_named),
        cmocka_unit_test(part_is_not_supported_and_the_package_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
