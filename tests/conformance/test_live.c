/* Every driver against its real program: the same story for each. Usage: test_live DRIVER. */
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

typedef struct swarm {
    char root[64];
    swb_content *content;
    swb_torrent *torrent;
    test_node seeder;
    test_node leecher;
} swarm;

static int run(test_node *node, swb_operation operation, const swarm *world, swb_result *result,
               swb_error *error)
{
    swb_command command = {.operation = operation};
    command.handle = swb_torrent_infohash(world->torrent);
    command.metainfo = swb_torrent_metainfo(&command.metainfo_length, world->torrent);
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

static void content_path(char *out, size_t size, const test_node *node)
{
    snprintf(out, size, "%s/content.bin", node->content_dir);
}

static int set_up(void **state)
{
    swarm *world = calloc(1, sizeof *world);
    char path[512];
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    snprintf(world->root, sizeof world->root, "/tmp/swb-live-XXXXXX");
    if (test_recordings() != NULL) {
        snprintf(world->root, sizeof world->root, "/tmp/swb-recorded");
        assert_int_equal(mkdir(world->root, 0755), 0);
    } else {
        assert_non_null(mkdtemp(world->root));
    }
    assert_int_equal(chmod(world->root, 0755), 0);
    test_node_place(&world->seeder, driver, world->root, 0, SWB_ROLE_SEEDER);
    test_node_place(&world->leecher, driver, world->root, 1, SWB_ROLE_LEECHER);
    content_path(path, sizeof path, &world->seeder);
    options.file_path = path;
    options.announce = getenv("SWB_LIVE_TRACKER"); /* for drivers whose nodes meet at one only */
    options.piece_bytes = UINT64_C(1) << 20;       /* few pieces: short recordings */
    assert_int_equal(swb_content_create(&world->content, CONTENT_SEED, CONTENT_BYTES, NULL), 0);
    assert_int_equal(swb_torrent_create(&world->torrent, world->content, &options, NULL), 0);
    world->seeder.node.content_bytes = world->leecher.node.content_bytes = CONTENT_BYTES;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    swarm *world = *state;
    test_node_end(&world->seeder);
    test_node_end(&world->leecher);
    swb_torrent_destroy(world->torrent);
    swb_content_destroy(world->content);
    test_remove_tree(world->root);
    free(world);
    return 0;
}

static void start(test_node *node)
{
    swb_error error = SWB_ERROR_INIT;
    test_node_start(node);
    if (test_node_ready(node, NULL, &error) != SWB_OK) {
        fail_msg("%s is not ready: %s", node->name, error.message);
    }
}

static void introduce(test_node *node, const test_node *peer, const swarm *world)
{
    swb_error error = SWB_ERROR_INIT;
    const swb_peer peers[] = {{peer->address, peer->node.data_port}};
    const swb_command command = {.operation = SWB_OP_PEERS,
                                 .handle = swb_torrent_infohash(world->torrent),
                                 .peers = peers,
                                 .peer_count = 1};
    bool retriable = true;
    int status = SWB_ENOENT;
    for (int tries = 0; tries < 100 && status != SWB_OK && retriable; tries++) {
        status = test_client_run(NULL, &retriable, &node->client, &command, &error);
        test_sleep_ms(10);
    }
    if (status != SWB_OK) {
        fail_msg("%s", error.message);
    }
}

static void stop(test_node *node, const swarm *world)
{
    swb_error error = SWB_ERROR_INIT;
    int status = run(node, SWB_OP_STOP, world, NULL, &error);
    if (status != SWB_EUNSUPPORTED) {
        assert_int_equal(status, SWB_OK);
        assert_true(test_node_ended(node, 10));
    }
}

static void content_moves_from_seeder_to_leecher_and_is_verified(void **state)
{
    swarm *world = *state;
    swb_result result;
    char path[512];
    uint64_t bad = 0;
    start(&world->seeder);
    start(&world->leecher);
    expect(SWB_OK, &world->seeder, SWB_OP_VERSION, world, &result);
    assert_true(result.version[0] != '\0');
    print_message("%s version %s api %s %s\n", driver->name, result.version, result.api_version,
                  result.revision);
    expect(SWB_OK, &world->seeder, SWB_OP_SEED, world, NULL);
    await_state(SWB_STATE_SERVING, &world->seeder, world, &result);
    assert_int_equal(result.bytes_done, CONTENT_BYTES);
    expect(SWB_OK, &world->leecher, SWB_OP_LEECH, world, NULL);
    await_state(SWB_STATE_FETCHING, &world->leecher, world, &result);
    assert_int_equal(result.bytes_done, 0);
    introduce(&world->leecher, &world->seeder, world);
    await_state(SWB_STATE_SERVING, &world->leecher, world, &result);
    assert_int_equal(result.bytes_done, CONTENT_BYTES);
    assert_true(result.wasted != SWB_COUNT_UNKNOWN || getenv("SWB_LIVE_WASTE_UNKNOWN") != NULL);
    /* Counters of payload may lag behind. */
    for (int tries = 0; tries < 100 && result.payload_received < CONTENT_BYTES; tries++) {
        test_sleep_ms(50);
        expect(SWB_OK, &world->leecher, SWB_OP_STATUS, world, &result);
    }
    assert_true(result.payload_received >= CONTENT_BYTES);
    content_path(path, sizeof path, &world->leecher);
    assert_int_equal(swb_content_verify_file(&bad, world->content, path, NULL), SWB_OK);
    expect(SWB_EEXIST, &world->leecher, SWB_OP_LEECH, world, NULL);
    expect(SWB_OK, &world->leecher, SWB_OP_REMOVE, world, NULL);
    await_state(SWB_STATE_ABSENT, &world->leecher, world, &result);
    for (int tries = 0; tries < 100 && access(path, F_OK) == 0; tries++) {
        test_sleep_ms(20);
    }
    assert_int_not_equal(access(path, F_OK), 0);
    stop(&world->leecher, world);
    stop(&world->seeder, world);
}

static void unknown_content_is_told(void **state)
{
    swarm *world = *state;
    swb_result result;
    const swb_peer peers[] = {{"127.0.0.1", 1}};
    const swb_command command = {.operation = SWB_OP_PEERS,
                                 .handle = swb_torrent_infohash(world->torrent),
                                 .peers = peers,
                                 .peer_count = 1};
    start(&world->leecher);
    expect(SWB_OK, &world->leecher, SWB_OP_STATUS, world, &result);
    assert_int_equal(result.state, SWB_STATE_ABSENT);
    expect(SWB_ENOENT, &world->leecher, SWB_OP_REMOVE, world, NULL);
    assert_int_equal(test_client_run(NULL, NULL, &world->leecher.client, &command, NULL),
                     SWB_ENOENT);
}

static void wrong_password_is_refused_for_good(void **state)
{
    swarm *world = *state;
    swb_error error = SWB_ERROR_INIT;
    test_node_start(&world->leecher);
    world->leecher.node.password = "wrong";
    assert_int_equal(test_node_ready(&world->leecher, NULL, &error), SWB_EAUTH);
    world->leecher.node.password = "secret7";
    assert_int_equal(test_node_ready(&world->leecher, NULL, &error), SWB_OK);
}

static void service_answers_and_names_itself(void **state)
{
    swarm *world = *state;
    swb_result result;
    swb_error error = SWB_ERROR_INIT;
    test_node *node = &world->leecher;
    const char *const infohashes[] = {swb_torrent_infohash(world->torrent), NULL};
    node->node.infohashes = infohashes;
    node->node.password = "as long as a run's own"; /* tokens have at least 16 bytes */
    test_node_start(node);
    assert_int_equal(test_node_ready(node, &result, &error), SWB_OK);
    assert_true(result.bootstrap[0] != '\0');
    expect(SWB_OK, node, SWB_OP_VERSION, world, &result);
    assert_true(result.version[0] != '\0');
    stop(node, world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest of_client[] = {
        cmocka_unit_test_setup_teardown(content_moves_from_seeder_to_leecher_and_is_verified,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_content_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_password_is_refused_for_good, set_up, tear_down),
    };
    const struct CMUnitTest of_service[] = {
        cmocka_unit_test_setup_teardown(service_answers_and_names_itself, set_up, tear_down),
    };
    driver = argc == 2 ? swb_driver_find(argv[1]) : NULL;
    if (driver == NULL) {
        fprintf(stderr, "usage: %s DRIVER\n", argv[0]);
        return 2;
    }
    if (!test_program_exists(swb_driver_program(driver, NULL))) {
        printf("SKIP: %s is not installed: %s\n", driver->program, driver->package);
        return 77;
    }
    return driver->kind == SWB_DRIVER_SERVICE
               ? cmocka_run_group_tests_name(driver->name, of_service, NULL, NULL)
               : cmocka_run_group_tests_name(driver->name, of_client, NULL, NULL);
}
