/* spec/: whichever allocation fails, the call says so and leaves nothing behind. */
#include "experiment_fixture.h"

/* The linker sends the library's allocations here (--wrap); the one numbered `fails_at` fails. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations;
static long fails_at;

static int fails(void)
{
    return ++allocations == fails_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

static int load_and_plan(const char *text, swb_error *error)
{
    swb_experiment *experiment = NULL;
    swb_plan *plan = NULL;
    int status = swb_experiment_parse(&experiment, text, strlen(text), "t.yaml", error);
    if (status == SWB_OK) {
        status = swb_plan_create(&plan, experiment, error);
    }
    swb_plan_destroy(plan);
    swb_experiment_destroy(experiment);
    return status;
}

static void every_failing_allocation_is_told(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "modes:\n"
             "  a: {driver: fake-torrent, binary: /bin/x, tracker: {driver: fake-tracker}}\n"
             "  b: {groups: [{driver: fake-torrent}, {driver: fake-torrent2, name: second}]}\n"
             "file_size: 1MB\n"
             "repetitions: 3\n"
             "faults: [{at: 1s, kill: {count: 1}}]\n"
             "order: {by: [size, seeders]}\n"
             "matrix:\n"
             "  swarm: [{size: 4, seeders: [1, 2]}, {size: 8, arrival: {pattern: together}}]\n"
             "  network: [{up: 1Mbit}, {up: 2Mbit}]\n"
             "  exclude: [{size: 8, network: {up: 1Mbit}}]\n";
    swb_error error = SWB_ERROR_INIT;
    int status = SWB_ENOMEM;
    long tries = 0;
    while (status != SWB_OK) {
        allocations = 0;
        fails_at = ++tries;
        status = load_and_plan(text, &error);
        if (status != SWB_OK && (status != SWB_ENOMEM || error.status != SWB_ENOMEM)) {
            fail_msg("allocation %ld of the library: status %d, %s", tries, status, error.message);
        }
    }
    fails_at = 0;
    assert_true(tries > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, register_fakes, NULL);
}
