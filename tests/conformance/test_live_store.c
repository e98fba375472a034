/*
 * Every driver of a store against its real program: the same story for each.
 * Usage: test_live_store DRIVER [OPTION=VALUE]..., of enumerations.
 */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <swarmbench/swarmbench.h>

#include "support/test_node.h"

#define CONTENT_BYTES 3000001u
#define CONTENT_SEED 7

static const swb_driver *driver;
static char *const *assignments; /* OPTION=VALUE, up to a NULL */

typedef struct swarm {
    char root[64];
    swb_content *content;
    char handle[512];
    char bootstrap[2048];
    test_node seeder;
    test_node leecher;
} swarm;

static int run(test_node *node, swb_operation operation, const swarm *world, swb_result *result,
               swb_error *error)
{
    const swb_command command = {
        .operation = operation, .handle = world->handle, .content = world->content};
    return test_client_run(result, NULL, &node->client, &command, error);
}

static void expect(int wanted, test_node *node, swb_operation operation, const swarm *world,
                   swb_result *result)
{
    swb_error error = SWB_ERROR_INIT;
    int status = run(node, operation, world, result, &error);
    if (status != wanted) {
        fail_msg("%s: %s: %s instead of %s (%s)", node->name, swb_operation_name(operation),
                 swb_status_name(status), swb_status_name(wanted), error.message);
    }
}

/* STATUS until the node is in this state, 30 s at most. */
static void await_state(swb_node_state state, test_node *node, const swarm *world,
                        swb_result *result)
{
    for (int tries = 0; tries < 600; tries++) {
        expect(SWB_OK, node, SWB_OP_STATUS, world, result);
        assert_int_not_equal(result->state, SWB_STATE_FAILED);
        if (result->state == state) {
            return;
        }
        test_sleep_ms(50);
    }
    fail_msg("%s: state %d instead of %d after 30 s", node->name, result->state, state);
}

/* Position of a choice in "first|second|...". */
static int64_t position_of(const char *choices, const char *name)
{
    size_t length = strlen(name);
    int64_t position = 0;
    for (const char *at = choices; at != NULL; position++) {
        if (strncmp(at, name, length) == 0 && (at[length] == '|' || at[length] == '\0')) {
            return position;
        }
        at = strchr(at, '|');
        at += at != NULL;
    }
    fail_msg("'%s' is none of %s", name, choices);
    return -1;
}

static void set_option(test_node *node, const char *name, const char *value)
{
    for (size_t i = 0; i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, name) == 0) {
            node->options[i].integer = position_of(driver->options[i].choices, value);
            return;
        }
    }
    fail_msg("there is no option '%s'", name);
}

static void place(test_node *node, const swarm *world, unsigned number, swb_role role)
{
    char assignment[128];
    test_node_place(node, driver, world->root, number, role);
    node->node.content_bytes = CONTENT_BYTES;
    for (size_t i = 0; assignments[i] != NULL; i++) {
        snprintf(assignment, sizeof assignment, "%s", assignments[i]);
        char *value = strchr(assignment, '=');
        assert_non_null(value);
        *value = '\0';
        set_option(node, assignment, value + 1);
    }
}

static int set_up(void **state)
{
    swarm *world = calloc(1, sizeof *world);
    snprintf(world->root, sizeof world->root, "/tmp/swb-live-XXXXXX");
    assert_non_null(mkdtemp(world->root));
    assert_int_equal(swb_content_create(&world->content, CONTENT_SEED, CONTENT_BYTES, NULL), 0);
    place(&world->seeder, world, 0, SWB_ROLE_SEEDER);
    place(&world->leecher, world, 1, SWB_ROLE_LEECHER);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    swarm *world = *state;
    test_node_end(&world->seeder);
    test_node_end(&world->leecher);
    swb_content_destroy(world->content);
    test_remove_tree(world->root);
    free(world);
    return 0;
}

static void start(test_node *node, swarm *world)
{
    swb_error error = SWB_ERROR_INIT;
    swb_result result;
    node->node.bootstrap = world->bootstrap[0] != '\0' ? world->bootstrap : NULL;
    test_node_start(node);
    if (test_node_ready(node, &result, &error) != SWB_OK) {
        fail_msg("%s is not ready: %s", node->name, error.message);
    }
    if (world->bootstrap[0] == '\0') {
        snprintf(world->bootstrap, sizeof world->bootstrap, "%s", result.bootstrap);
    }
}

/* Both nodes run, the seeder has the content. */
static void reach_seed(swarm *world)
{
    swb_result result;
    start(&world->seeder, world);
    start(&world->leecher, world);
    expect(SWB_OK, &world->seeder, SWB_OP_VERSION, world, &result);
    assert_true(result.version[0] != '\0');
    print_message("%s: %s, version %s api %s %s\n", driver->name, world->seeder.node.program,
                  result.version, result.api_version, result.revision);
    expect(SWB_OK, &world->seeder, SWB_OP_SEED, world, &result);
    assert_true(result.handle[0] != '\0');
    snprintf(world->handle, sizeof world->handle, "%s", result.handle);
    await_state(SWB_STATE_SERVING, &world->seeder, world, &result);
    assert_int_equal(result.bytes_done, CONTENT_BYTES);
}

static void counters_tell_of_the_transfer(swarm *world)
{
    swb_result result;
    for (int tries = 0; tries < 100; tries++) {
        expect(SWB_OK, &world->leecher, SWB_OP_STATUS, world, &result);
        if (result.payload_received >= CONTENT_BYTES) {
            break;
        }
        test_sleep_ms(50);
    }
    assert_true(result.payload_received >= CONTENT_BYTES);
    assert_true(result.payload_received != SWB_COUNT_UNKNOWN);
    assert_true(result.wire_received >= CONTENT_BYTES);
    expect(SWB_OK, &world->seeder, SWB_OP_STATUS, world, &result);
    assert_true(result.payload_sent >= CONTENT_BYTES);
    assert_true(result.wire_sent >= CONTENT_BYTES);
}

static void content_is_streamed_read_back_and_removed(void **state)
{
    swarm *world = *state;
    swb_result result;
    reach_seed(world);
    expect(SWB_OK, &world->leecher, SWB_OP_STATUS, world, &result);
    assert_int_equal(result.state, SWB_STATE_ABSENT);
    expect(SWB_OK, &world->leecher, SWB_OP_LEECH, world, &result);
    assert_int_equal(result.state, SWB_STATE_SERVING);
    await_state(SWB_STATE_SERVING, &world->leecher, world, &result);
    assert_int_equal(result.bytes_done, CONTENT_BYTES);
    counters_tell_of_the_transfer(world);
    expect(SWB_OK, &world->leecher, SWB_OP_READ, world, NULL);
    expect(SWB_OK, &world->leecher, SWB_OP_REMOVE, world, NULL);
    await_state(SWB_STATE_ABSENT, &world->leecher, world, &result);
    expect(SWB_ENOENT, &world->leecher, SWB_OP_READ, world, NULL);
}

static void content_is_fetched_in_the_background_and_read_back(void **state)
{
    swarm *world = *state;
    swb_result result;
    set_option(&world->leecher, "download", "background");
    reach_seed(world);
    expect(SWB_OK, &world->leecher, SWB_OP_LEECH, world, &result);
    await_state(SWB_STATE_SERVING, &world->leecher, world, &result);
    assert_int_equal(result.bytes_done, CONTENT_BYTES);
    counters_tell_of_the_transfer(world);
    expect(SWB_OK, &world->leecher, SWB_OP_READ, world, NULL);
}

static void same_content_has_the_same_name_on_every_node(void **state)
{
    swarm *world = *state;
    swb_result result;
    reach_seed(world);
    expect(SWB_OK, &world->leecher, SWB_OP_SEED, world, &result);
    assert_string_equal(result.handle, world->handle);
}

static void unknown_content_is_told(void **state)
{
    swarm *world = *state;
    reach_seed(world);
    expect(SWB_ENOENT, &world->leecher, SWB_OP_READ, world, NULL);
    expect(SWB_ENOENT, &world->leecher, SWB_OP_REMOVE, world, NULL);
    snprintf(world->handle, sizeof world->handle, "nonsense");
    expect(SWB_EINPUT, &world->leecher, SWB_OP_LEECH, world, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(content_is_streamed_read_back_and_removed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(content_is_fetched_in_the_background_and_read_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(same_content_has_the_same_name_on_every_node, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(unknown_content_is_told, set_up, tear_down),
    };
    driver = argc >= 2 ? swb_driver_find(argv[1]) : NULL;
    if (driver == NULL) {
        fprintf(stderr, "usage: %s DRIVER [OPTION=VALUE]...\n", argv[0]);
        return 2;
    }
    assignments = argv + 2;
    if (!test_program_exists(swb_driver_program(driver, NULL))) {
        printf("SKIP: %s is not installed: %s\n", swb_driver_program(driver, NULL),
               driver->package);
        return 77;
    }
    return cmocka_run_group_tests_name(driver->name, tests, NULL, NULL);
}
