/* content/: whichever allocation of erasure coding fails, the call says so and leaves nothing. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include <swarmbench/erasure.h>

#include "base/file.h"

/* The linker sends the library's allocations here (--wrap); the one numbered `fails_at` fails. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static long allocations;
static long fails_at;

void *__wrap_malloc(size_t size)
{
    return ++allocations == fails_at ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return ++allocations == fails_at ? NULL : __real_calloc(count, size);
}

/* Makes a file of each part 1 to 4 of 4+2 and decodes from them, by way of a replaced part too. */
static int code_and_decode(const char *folder, swb_error *error)
{
    static const uint32_t indices[] = {1, 2, 3, 4};
    char path[4][64];
    swb_erasure_file files[4];
    swb_content *content = NULL;
    swb_content *part = NULL;
    swb_erasure *erasure = NULL;
    swb_erasure_stream *stream = NULL;
    int status = swb_content_create(&content, 1, 1000, error);
    for (uint32_t i = 0; i < 4 && status == SWB_OK; i++) {
        snprintf(path[i], sizeof path[i], "%s/%u", folder, i);
        files[i] = (swb_erasure_file){indices[i], path[i]};
        status = swb_content_create_part(&part, content, 4, 2, indices[i], error);
        if (status == SWB_OK) {
            status = swb_content_write_file(part, path[i], error);
            swb_content_destroy(part);
        }
    }
    status = status != SWB_OK ? status : swb_erasure_create(&erasure, 4, 2, error);
    if (status == SWB_OK) {
        status = swb_erasure_stream_create(&stream, erasure, 1000, indices, 4, error);
    }
    status = status != SWB_OK ? status : swb_erasure_stream_replace(stream, 0, 5, error);
    if (status == SWB_OK) {
        status = swb_erasure_verify_files(NULL, NULL, content, erasure, files, 4, error);
    }
    swb_erasure_stream_destroy(stream);
    swb_erasure_destroy(erasure);
    swb_content_destroy(content);
    return status;
}

static void every_failing_allocation_is_told(void **state)
{
    (void)state;
    char folder[] = "/tmp/swb-memory-XXXXXX";
    swb_error error = SWB_ERROR_INIT;
    int status = SWB_ENOMEM;
    long tries = 0;
    assert_non_null(mkdtemp(folder));
    while (status != SWB_OK) {
        allocations = 0;
        fails_at = ++tries;
        status = code_and_decode(folder, &error);
        if (status != SWB_OK && (status != SWB_ENOMEM || error.status != SWB_ENOMEM)) {
            fail_msg("allocation %ld of the library: status %d, %s", tries, status, error.message);
        }
    }
    fails_at = 0;
    assert_true(tries > 30);
    assert_int_equal(swb__remove_tree(folder, NULL), SWB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
