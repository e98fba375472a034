/* Every file of tests/fuzz/experiments has one defect and is refused at its place, places.txt. */
#include "support/cmocka_all.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <swarmbench/experiment.h>

#include "support/fake_deployer.h"
#include "support/fake_driver.h"

#define FOLDER "tests/fuzz/experiments"

static int register_drivers(void **state)
{
    (void)state;
    return fake_real_drivers_register() != SWB_OK || fake_local_register() != SWB_OK;
}

static void assert_refused_at(const char *name, unsigned line, unsigned column)
{
    char path[512];
    char place[600];
    swb_experiment *experiment = NULL;
    swb_error error = SWB_ERROR_INIT;
    snprintf(path, sizeof path, FOLDER "/%s", name);
    int status = swb_experiment_load(&experiment, path, &error);
    if (status != SWB_EINPUT || experiment != NULL) {
        fail_msg("%s: status %d (%s)", name, status, error.message);
    }
    snprintf(place, sizeof place, "%s:%u:%u: ", path, line, column);
    if (strncmp(error.message, place, strlen(place)) != 0 || error.line != line ||
        error.column != column) {
        fail_msg("wanted '%s...', got '%s'", place, error.message);
    }
    assert_true(strlen(error.message) > strlen(place));
}

static size_t count_files(void)
{
    size_t count = 0;
    const struct dirent *entry;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        count += dot != NULL && strcmp(dot, ".yaml") == 0;
    }
    closedir(folder);
    return count;
}

static void every_malformed_file_is_refused_at_its_place(void **state)
{
    (void)state;
    char name[256];
    unsigned line;
    unsigned column;
    size_t count = 0;
    FILE *places = fopen("tests/fuzz/places.txt", "re");
    assert_non_null(places);
    while (fscanf(places, "%255s %u:%u", name, &line, &column) == 3) {
        assert_refused_at(name, line, column);
        count++;
    }
    assert_true(feof(places));
    fclose(places);
    assert_true(count >= 200);
    assert_int_equal(count, count_files());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_malformed_file_is_refused_at_its_place),
    };
    return cmocka_run_group_tests(tests, register_drivers, NULL);
}
