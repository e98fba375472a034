/* run/doctor, run/catalogue: what they find, as text and as JSON. */
#include "support/cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <swarmbench/environment.h>
#include <swarmbench/erasure.h>

#include "base/file.h"
#include "io/loop.h"
#include "run/probe.h"

typedef int (*writing)(swb_format format, int fd, swb_error *error);

/* What a call writes; to be freed. */
static char *written(int *status_out, writing call, swb_format format)
{
    char path[] = "/tmp/swb-doctor-XXXXXX";
    char *text;
    swb_error error = SWB_ERROR_INIT;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    *status_out = call(format, fd, &error);
    assert_string_equal(error.message, "");
    close(fd);
    assert_int_equal(swb__read_file(&text, NULL, path, 1 << 20, NULL), SWB_OK);
    unlink(path);
    return text;
}

static cJSON *parsed(int *status_out, writing call)
{
    char *text = written(status_out, call, SWB_FORMAT_JSON);
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    free(text);
    return json;
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
}

static const cJSON *named(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (strcmp(text_of(item, "name"), name) == 0) {
            return item;
        }
    }
    return NULL;
}

static void doctor_counts_what_is_missing(void **state)
{
    (void)state;
    int lacks;
    int missing = 0;
    const cJSON *item;
    cJSON *json = parsed(&lacks, swb_doctor);
    const cJSON *findings = cJSON_GetObjectItem(json, "findings");
    cJSON_ArrayForEach(item, findings)
    {
        bool there = cJSON_IsTrue(cJSON_GetObjectItem(item, "ok"));
        missing += !there;
        assert_true(there || strlen(text_of(item, "how")) > 0);
    }
    assert_int_equal(missing, lacks);
    assert_int_equal((int)cJSON_GetNumberValue(cJSON_GetObjectItem(json, "lacks")), lacks);
    assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(named(findings, "erasure coding"), "ok")),
                     swb_erasure_library() != NULL);
    assert_non_null(named(findings, "local"));
    assert_non_null(text_of(cJSON_GetObjectItem(json, "machine"), "kernel"));
    cJSON_Delete(json);
}

static void doctor_says_how_to_get_what_is_missing(void **state)
{
    (void)state;
    int lacks;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    cJSON *json = parsed(&lacks, swb_doctor);
    char *text = written(&lacks, swb_doctor, SWB_FORMAT_TEXT);
    setenv("PATH", path, 1);
    const cJSON *setpriv = named(cJSON_GetObjectItem(json, "findings"), "setpriv");
    assert_true(lacks >= 1);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(setpriv, "ok")));
    assert_string_equal(text_of(setpriv, "how"), "install util-linux");
    assert_non_null(strstr(text, "MISSING  setpriv"));
    assert_non_null(strstr(text, "install util-linux"));
    cJSON_Delete(json);
    free(text);
    free(path);
}

static void formats_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb_doctor(SWB_FORMAT_CSV, 1, &error), SWB_EINVAL);
    assert_int_equal(swb_drivers_write(SWB_FORMAT_MARKDOWN, 1, &error), SWB_EINVAL);
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(swb_doctor(SWB_FORMAT_TEXT, -1, NULL), SWB_EIO);
    assert_int_equal(swb_drivers_write(SWB_FORMAT_TEXT, -1, NULL), SWB_EIO);
}

static void catalogue_lists_deployers_and_their_faults(void **state)
{
    (void)state;
    int status;
    cJSON *json = parsed(&status, swb_drivers_write);
    assert_int_equal(status, SWB_OK);
    const cJSON *local = named(cJSON_GetObjectItem(json, "deployers"), "local");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(local, "shapes")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(local, "faults")), 4);
    assert_true(cJSON_IsArray(cJSON_GetObjectItem(json, "drivers")));
    cJSON_Delete(json);
    char *text = written(&status, swb_drivers_write, SWB_FORMAT_TEXT);
    assert_non_null(strstr(text, "\ndeployers\n  local "));
    free(text);
}

/* A program that is a script; its path is written to `path`. */
static void make_program(char *path, const char *script)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    assert_int_equal(swb__write_file(path, 0755, script, strlen(script), NULL), SWB_OK);
}

static void version_is(const char *script, const char *wanted)
{
    char path[] = "/tmp/swb-program-XXXXXX";
    char version[64] = "untouched";
    swb_loop *loop;
    make_program(path, script);
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    assert_int_equal(swb__probe_version(version, sizeof version, loop, path, NULL), SWB_OK);
    swb__loop_destroy(loop);
    unlink(path);
    assert_string_equal(version, wanted);
}

static void version_is_the_first_line_that_a_program_says(void **state)
{
    (void)state;
    version_is("#!/bin/sh\n[ \"$1\" = --version ] && printf 'client 1.2\\tx\\nmore\\n'\n",
               "client 1.2?x");
}

static void program_that_does_not_know_its_version_has_none(void **state)
{
    (void)state;
    version_is("#!/bin/sh\necho usage: client; exit 1\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_counts_what_is_missing),
        cmocka_unit_test(doctor_says_how_to_get_what_is_missing),
        cmocka_unit_test(formats_that_make_no_sense_are_refused),
        cmocka_unit_test(output_that_cannot_be_written_is_an_error),
        cmocka_unit_test(catalogue_lists_deployers_and_their_faults),
        cmocka_unit_test(version_is_the_first_line_that_a_program_says),
        cmocka_unit_test(program_that_does_not_know_its_version_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
