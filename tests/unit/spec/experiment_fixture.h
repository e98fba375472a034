/* Experiments from text, on fake drivers and places. */
#ifndef SWB_TESTS_EXPERIMENT_FIXTURE_H
#define SWB_TESTS_EXPERIMENT_FIXTURE_H

#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/experiment.h>

#include "base/file.h"
#include "spec/experiment.h"
#include "support/fake_deployer.h"
#include "support/fake_driver.h"

#define HEAD "swarmbench: 1\nname: t\ndeploy: {on: fake-place}\n"
#define MODE "modes: {m: {driver: fake-torrent}}\n"
#define MODES                                                                                      \
    "modes: {m: {driver: fake-torrent}, n: {driver: fake-torrent2}, o: {driver: fake-store}}\n"
/* Six lines that make a whole experiment of one cell. */
#define WHOLE HEAD MODE "file_size: 1MB\nsize: 4\n"

static inline int register_fakes(void **state)
{
    (void)state;
    return fake_drivers_register() != SWB_OK || fake_deployers_register() != SWB_OK;
}

static inline swb_experiment *parse(const char *text)
{
    swb_experiment *experiment = NULL;
    swb_error error = SWB_ERROR_INIT;
    int status = swb_experiment_parse(&experiment, text, strlen(text), "t.yaml", &error);
    if (status != SWB_OK) {
        fail_msg("%s", error.message);
    }
    return experiment;
}

typedef struct planned {
    swb_experiment *experiment;
    swb_plan *plan;
} planned;

static inline planned plan_of(const char *text)
{
    planned made = {parse(text), NULL};
    swb_error error = SWB_ERROR_INIT;
    if (swb_plan_create(&made.plan, made.experiment, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    return made;
}

static inline void finish(planned *made)
{
    swb_plan_destroy(made->plan);
    swb_experiment_destroy(made->experiment);
}

/* What `write` puts into a file; to be freed. */
static inline char *written(const swb_plan *plan, swb_format format)
{
    char path[] = "/tmp/swb-plan-XXXXXX";
    char *text = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(swb_plan_write(plan, format, fd, NULL), SWB_OK);
    close(fd);
    assert_int_equal(swb__read_file(&text, NULL, path, (size_t)1 << 30, NULL), SWB_OK);
    unlink(path);
    return text;
}

#endif
