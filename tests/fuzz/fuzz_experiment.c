/*
 * A fuzz target: whatever the bytes, an experiment is refused with a place or planned and written.
 * With clang and -DSWB_FUZZ=ON this is a libFuzzer program:
 *   cmake -B build/fuzz -DCMAKE_C_COMPILER=clang -DSWB_FUZZ=ON \
 *         -DSWB_SANITIZE=fuzzer-no-link,address,undefined
 *   build/fuzz/tests/fuzz/fuzz_experiment CORPUS tests/fuzz/experiments examples
 * Otherwise replay.c feeds it the files that it is given.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/experiment.h>

#include "support/fake_deployer.h"
#include "support/fake_driver.h"

/* Larger plans are sound for the same reasons, and slow. */
#define RUNS_MAX 10000

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sink = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return fake_real_drivers_register() != SWB_OK || fake_local_register() != SWB_OK ||
           fake_drivers_register() != SWB_OK || fake_deployers_register() != SWB_OK;
}

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_refusal(const swb_error *error)
{
    must(error->status == SWB_EINPUT);
    must(error->line > 0 && error->column > 0);
    must(strncmp(error->message, "fuzz.yaml:", 10) == 0);
}

static void write_plan(const swb_experiment *experiment)
{
    swb_plan *plan = NULL;
    swb_estimate estimate;
    swb_error error = SWB_ERROR_INIT;
    int status = swb_plan_create(&plan, experiment, &error);
    if (status != SWB_OK) {
        check_refusal(&error);
        return;
    }
    must(swb_plan_estimate(&estimate, plan) == SWB_OK);
    must(estimate.runs_max == swb_plan_run_count(plan) && estimate.runs_min <= estimate.runs_max);
    must(swb_plan_write(plan, SWB_FORMAT_TEXT, sink, &error) == SWB_OK);
    if (swb_plan_run_count(plan) <= RUNS_MAX) {
        must(swb_plan_write(plan, SWB_FORMAT_JSON, sink, &error) == SWB_OK);
    }
    swb_plan_destroy(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    swb_experiment *experiment = NULL;
    swb_error error = SWB_ERROR_INIT;
    if (swb_experiment_parse(&experiment, (const char *)data, size, "fuzz.yaml", &error) !=
        SWB_OK) {
        check_refusal(&error);
        return 0;
    }
    write_plan(experiment);
    swb_experiment_destroy(experiment);
    return 0;
}
