/* deploy/local: sites of real processes on loopback addresses. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"
#include "support/fake_site.h"
#include "support/loop_until.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <swarmbench/erasure.h>

#include "base/file.h"
#include "deploy/addresses.h"

#define SEEDER 1
#define LEECHER 2
#define LIMIT_MS 20000

struct ended {
    bool told;
    unsigned times;
    size_t node;
    int exit_code;
    int signal;
    char tail[256];
};

struct answer {
    bool done;
    unsigned times;
    int status;
    char message[256];
};

struct fixture {
    fake_site fake;
    const swb_deployer *local;
    swb_loop *loop;
    void *site;
    struct ended ended;
    bool complete;
};

static void on_exited(void *argument, size_t node, int exit_code, int signal, const char *tail)
{
    struct fixture *fixture = argument;
    struct ended *ended = &fixture->ended;
    ended->told = true;
    ended->times++;
    ended->node = node;
    ended->exit_code = exit_code;
    ended->signal = signal;
    snprintf(ended->tail, sizeof ended->tail, "%s", tail);
}

static void on_watched(void *argument, size_t node, size_t content, const swb_watch_event *event)
{
    struct fixture *fixture = argument;
    assert_int_equal(node, LEECHER);
    assert_int_equal(content, fixture->fake.request.content_count - 1);
    fixture->complete = fixture->complete || event->kind == SWB_WATCH_COMPLETE;
}

static void on_done(void *argument, int status, const swb_error *error)
{
    struct answer *answer = argument;
    answer->done = true;
    answer->times++;
    answer->status = status;
    assert_true((status == SWB_OK) == (error == NULL));
    snprintf(answer->message, sizeof answer->message, "%s", error != NULL ? error->message : "");
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fake_site_init(&fixture->fake);
    setenv("XDG_STATE_HOME", fixture->fake.directory, 1);
    fixture->local = swb_deployer_find("local");
    assert_non_null(fixture->local);
    assert_int_equal(swb__loop_create(&fixture->loop, NULL), SWB_OK);
    *state = fixture;
    return 0;
}

static void open_site(struct fixture *fixture)
{
    const swb_site_events events = {
        .exited = on_exited, .watched = on_watched, .argument = fixture};
    swb_error error = SWB_ERROR_INIT;
    int status = fixture->local->open(&fixture->site, fixture->loop, &fixture->fake.request,
                                      &events, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(status, SWB_OK);
}

static void close_site(struct fixture *fixture)
{
    struct answer answer = {0};
    if (fixture->site != NULL) {
        fixture->local->close(fixture->site, on_done, &answer);
        assert_false(answer.done);
        assert_true(loop_until(fixture->loop, &answer.done, LIMIT_MS));
        assert_string_equal(answer.message, "");
        fixture->site = NULL;
    }
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close_site(fixture);
    swb__loop_destroy(fixture->loop);
    swb__remove_tree(fixture->fake.directory, NULL);
    free(fixture);
    return 0;
}

static void wait_for(struct fixture *fixture, struct answer *answer, int status)
{
    assert_false(answer->done); /* never from within the call */
    assert_true(loop_until(fixture->loop, &answer->done, LIMIT_MS));
    assert_int_equal(answer->status, status);
    assert_int_equal(answer->times, 1);
}

static void start_node(struct fixture *fixture, size_t node, const char *script)
{
    struct answer answer = {0};
    swb_launch *launch = fake_launch(script);
    fixture->local->start(fixture->site, node, launch, on_done, &answer);
    swb__launch_destroy(launch);
    wait_for(fixture, &answer, SWB_OK);
}

static swb_node place_node(struct fixture *fixture, size_t node)
{
    swb_node placed = {0};
    fixture->local->place(fixture->site, node, &placed);
    return placed;
}

static bool is_there(const char *format, const char *directory)
{
    char path[256];
    snprintf(path, sizeof path, format, directory);
    return access(path, F_OK) == 0;
}

/* Waits for a line in a node's log. */
static bool log_has(struct fixture *fixture, const char *name, const char *wanted)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.log", fixture->fake.log_dir, name);
    for (int i = 0; i < 500; i++) {
        char *text;
        loop_for(fixture->loop, 10);
        if (swb__read_file(&text, NULL, path, 1 << 20, NULL) == SWB_OK) {
            bool found = strstr(text, wanted) != NULL;
            free(text);
            if (found) {
                return true;
            }
        }
    }
    return false;
}

static void check_passes_where_all_is_there(void **state)
{
    struct fixture *fixture = *state;
    swb_error error = SWB_ERROR_INIT;
    int status = fixture->local->check(&fixture->fake.request, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(status, SWB_OK);
    assert_false(is_there("%s", fixture->fake.work_dir));
}

static void check_refuses(struct fixture *fixture, int status, const char *words)
{
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(fixture->local->check(&fixture->fake.request, &error), status);
    assert_int_equal(error.status, status);
    assert_non_null(strstr(error.message, words));
}

static void check_refuses_what_local_cannot_do(void **state)
{
    struct fixture *fixture = *state;
    swb_site_request *request = &fixture->fake.request;
    request->up_bps = 100000000;
    check_refuses(fixture, SWB_EINPUT, "cannot limit the network to 100Mbit");
    request->up_bps = 0;
    request->loss = 0.01;
    check_refuses(fixture, SWB_EINPUT, "delay or loss");
}

static void check_names_the_program_that_is_missing_and_its_package(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.option.string = "no-such-client";
    check_refuses(fixture, SWB_EENV,
                  "program 'no-such-client' of driver 'fake' is missing: apt-get install dash");
}

static void check_compares_disk_and_memory_with_what_is_free(void **state)
{
    struct fixture *fixture = *state;
    swb_driver hungry = fake_driver;
    fixture->fake.request.content_bytes = SWB_CONTENT_MAX_BYTES;
    check_refuses(fixture, SWB_ENOSPACE, "on the disk of /tmp");
    fixture->fake.request.content_bytes = 1;
    hungry.node_memory_bytes = UINT64_C(1) << 50;
    fixture->fake.nodes[0].driver = &hungry;
    check_refuses(fixture, SWB_EENV, "of memory are needed for 3 nodes");
}

static void nodes_have_addresses_and_directories_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    open_site(fixture);
    swb_node seeder = place_node(fixture, SEEDER);
    swb_node leecher = place_node(fixture, LEECHER);
    assert_string_not_equal(seeder.address, leecher.address);
    assert_int_equal(strncmp(seeder.address, "127.", 4), 0);
    assert_string_not_equal(seeder.address, "127.0.0.1");
    assert_string_equal(seeder.name, "seeder-1");
    assert_int_equal(seeder.role, SWB_ROLE_SEEDER);
    assert_int_equal(seeder.swarm_size, 2);
    assert_int_equal(strspn(seeder.password, "abcdefghijklmnopqrstuvwxyz0123456789"),
                     strlen(seeder.password));
    assert_true(strlen(seeder.password) >= 16);
    assert_true(is_there("%s", leecher.content_dir));
    assert_int_equal(strncmp(leecher.content_dir, leecher.home_dir, strlen(leecher.home_dir)), 0);
}

static void data_is_removed_when_the_site_is_closed(void **state)
{
    struct fixture *fixture = *state;
    open_site(fixture);
    assert_true(is_there("%s/run-1/leecher-1", fixture->fake.work_dir));
    close_site(fixture);
    assert_false(is_there("%s/run-1", fixture->fake.work_dir));
    assert_true(is_there("%s", fixture->fake.work_dir));
}

static void data_is_kept_where_that_is_asked(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.request.keep_data = 1;
    open_site(fixture);
    close_site(fixture);
    assert_true(is_there("%s/run-1/leecher-1", fixture->fake.work_dir));
}

static void directory_that_exists_is_refused_and_left_alone(void **state)
{
    struct fixture *fixture = *state;
    const swb_site_events events = {
        .exited = on_exited, .watched = on_watched, .argument = fixture};
    swb_error error = SWB_ERROR_INIT;
    void *second = NULL;
    open_site(fixture);
    assert_int_equal(
        fixture->local->open(&second, fixture->loop, &fixture->fake.request, &events, &error),
        SWB_EEXIST);
    assert_null(second);
    assert_true(is_there("%s/run-1/leecher-1", fixture->fake.work_dir));
}

static void node_that_is_stopped_ends_without_an_event(void **state)
{
    struct fixture *fixture = *state;
    struct answer stopped = {0};
    struct answer again = {0};
    swb_sample sample;
    open_site(fixture);
    start_node(fixture, LEECHER, FAKE_SCRIPT);
    assert_true(log_has(fixture, "leecher-1", "hello"));
    assert_int_equal(fixture->local->sample(fixture->site, LEECHER, &sample), SWB_OK);
    assert_true(sample.cpu_ns > 0);
    fixture->local->stop(fixture->site, LEECHER, on_done, &stopped);
    wait_for(fixture, &stopped, SWB_OK);
    assert_true(log_has(fixture, "leecher-1", "bye"));
    assert_int_equal(fixture->local->sample(fixture->site, LEECHER, &sample), SWB_ENOENT);
    fixture->local->stop(fixture->site, LEECHER, on_done, &again);
    wait_for(fixture, &again, SWB_OK);
    assert_false(fixture->ended.told);
}

static void node_that_dies_is_told_with_its_last_words(void **state)
{
    struct fixture *fixture = *state;
    open_site(fixture);
    start_node(fixture, SEEDER, "seq 100; echo last words >&2; exit 3");
    assert_true(loop_until(fixture->loop, &fixture->ended.told, LIMIT_MS));
    assert_int_equal(fixture->ended.node, SEEDER);
    assert_int_equal(fixture->ended.exit_code, 3);
    assert_int_equal(fixture->ended.signal, 0);
    /* The last twenty lines. */
    assert_int_equal(strncmp(fixture->ended.tail, "82\n83\n", 6), 0);
    assert_non_null(strstr(fixture->ended.tail, "\n100\nlast words\n"));
}

static void node_sees_only_the_environment_it_was_given(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    char wanted[256];
    setenv("SECRET_OF_THE_RUNNER", "x", 1);
    open_site(fixture);
    swb_launch *launch = fake_launch("env | sort | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=");
    swb_launch_env(launch, "FLAVOUR", "sour");
    fixture->local->start(fixture->site, LEECHER, launch, on_done, &answer);
    swb__launch_destroy(launch);
    wait_for(fixture, &answer, SWB_OK);
    assert_true(loop_until(fixture->loop, &fixture->ended.told, LIMIT_MS));
    snprintf(wanted, sizeof wanted, "FLAVOUR=sour\nHOME=%s\nLANG=C.UTF-8\nPATH=%s\nTZ=UTC\n",
             place_node(fixture, LEECHER).home_dir, getenv("PATH"));
    assert_string_equal(fixture->ended.tail, wanted);
}

static void launch_files_are_written_before_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    struct stat info;
    char path[256];
    open_site(fixture);
    swb_launch *launch = fake_launch("cat etc/deep/conf; ls -d state");
    swb_launch_file(launch, "etc/deep/conf", 0600, "port=1\n", 7);
    swb_launch_dir(launch, "state", 0700);
    fixture->local->start(fixture->site, LEECHER, launch, on_done, &answer);
    swb__launch_destroy(launch);
    wait_for(fixture, &answer, SWB_OK);
    assert_true(loop_until(fixture->loop, &fixture->ended.told, LIMIT_MS));
    assert_string_equal(fixture->ended.tail, "port=1\nstate\n");
    snprintf(path, sizeof path, "%s/etc/deep/conf", place_node(fixture, LEECHER).home_dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void launch_files_do_not_follow_links(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    char path[256];
    open_site(fixture);
    snprintf(path, sizeof path, "%s/etc", place_node(fixture, LEECHER).home_dir);
    assert_int_equal(symlink(fixture->fake.directory, path), 0);
    swb_launch *launch = fake_launch("true");
    swb_launch_file(launch, "etc/conf", 0600, "x", 1);
    fixture->local->start(fixture->site, LEECHER, launch, on_done, &answer);
    swb__launch_destroy(launch);
    wait_for(fixture, &answer, SWB_EIO);
    assert_non_null(strstr(answer.message, "start leecher-1: launch file 'etc/conf'"));
    assert_false(is_there("%s/conf", fixture->fake.directory));
}

static void program_that_is_missing_fails_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb_launch *launch;
    open_site(fixture);
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    swb_launch_program(launch, "/nonexistent/client");
    fixture->local->start(fixture->site, LEECHER, launch, on_done, &answer);
    swb__launch_destroy(launch);
    wait_for(fixture, &answer, SWB_ENOENT);
    assert_non_null(strstr(answer.message, "/nonexistent/client"));
}

static void inflict(struct fixture *fixture, swb_fault fault, int status)
{
    struct answer answer = {0};
    fixture->local->fault(fixture->site, LEECHER, fault, on_done, &answer);
    wait_for(fixture, &answer, status);
}

static void killed_node_ends_without_an_event(void **state)
{
    struct fixture *fixture = *state;
    swb_sample sample;
    open_site(fixture);
    start_node(fixture, LEECHER, FAKE_SCRIPT);
    inflict(fixture, SWB_FAULT_KILL, SWB_OK);
    assert_int_equal(fixture->local->sample(fixture->site, LEECHER, &sample), SWB_ENOENT);
    inflict(fixture, SWB_FAULT_KILL, SWB_ENOENT);
    inflict(fixture, SWB_FAULT_CUT, SWB_EUNSUPPORTED);
    assert_false(fixture->ended.told);
}

static void restarted_node_runs_again_with_its_data(void **state)
{
    struct fixture *fixture = *state;
    swb_sample sample;
    open_site(fixture);
    start_node(fixture, LEECHER,
               "if [ -e here ]; then echo again; else touch here; echo first; fi; "
               "while :; do sleep 0.02; done");
    assert_true(log_has(fixture, "leecher-1", "first"));
    inflict(fixture, SWB_FAULT_RESTART, SWB_OK);
    assert_true(log_has(fixture, "leecher-1", "again"));
    assert_int_equal(fixture->local->sample(fixture->site, LEECHER, &sample), SWB_OK);
    assert_false(fixture->ended.told);
}

static void frozen_node_can_go_on_or_be_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct answer stopped = {0};
    open_site(fixture);
    start_node(fixture, LEECHER, FAKE_SCRIPT);
    assert_true(log_has(fixture, "leecher-1", "hello"));
    inflict(fixture, SWB_FAULT_STOP, SWB_OK);
    inflict(fixture, SWB_FAULT_CONTINUE, SWB_OK);
    inflict(fixture, SWB_FAULT_STOP, SWB_OK);
    fixture->local->stop(fixture->site, LEECHER, on_done, &stopped);
    wait_for(fixture, &stopped, SWB_OK);
    assert_true(log_has(fixture, "leecher-1", "bye"));
}

static void make_torrent(struct fixture *fixture, size_t content)
{
    struct answer made = {0};
    assert_null(fixture->local->torrent(fixture->site, content));
    fixture->local->make_torrent(fixture->site, content, "http://127.0.0.9/announce", on_done,
                                 &made);
    wait_for(fixture, &made, SWB_OK);
    assert_non_null(fixture->local->torrent(fixture->site, content));
}

static void prepare(struct fixture *fixture, size_t content)
{
    struct answer prepared = {0};
    fixture->local->prepare(fixture->site, SEEDER, content, on_done, &prepared);
    wait_for(fixture, &prepared, SWB_OK);
}

static void seeder_gets_the_content_and_it_verifies(void **state)
{
    struct fixture *fixture = *state;
    struct answer verified = {0};
    uint64_t bad_offset = 0;
    open_site(fixture);
    make_torrent(fixture, 0);
    prepare(fixture, 0);
    fixture->local->verify(fixture->site, SEEDER, &bad_offset, on_done, &verified);
    wait_for(fixture, &verified, SWB_OK);
}

static int decode(struct fixture *fixture, const uint32_t parts[2], int expected,
                  swb_decoded *decoded)
{
    struct answer answer = {0};
    fixture->local->decode(fixture->site, SEEDER, parts, decoded, on_done, &answer);
    wait_for(fixture, &answer, expected);
    return answer.status;
}

/* The content as 2 + 1 parts, each a content of its own. */
static void open_coded_site(struct fixture *fixture)
{
    static const char *const names[] = {"part-0", "part-1", "part-2"};
    fixture->fake.request.data_parts = 2;
    fixture->fake.request.parity_parts = 1;
    fixture->fake.request.content_names = names;
    fixture->fake.request.content_count = 3;
    open_site(fixture);
}

static void content_is_decoded_from_the_parts_on_a_node(void **state)
{
    struct fixture *fixture = *state;
    swb_decoded decoded = {0, -1};
    char path[256];
    if (swb_erasure_library() == NULL) {
        skip();
    }
    open_coded_site(fixture);
    for (size_t i = 0; i < 3; i++) {
        make_torrent(fixture, i);
        prepare(fixture, i);
    }
    decode(fixture, (uint32_t[]){2, 0}, SWB_OK, &decoded);
    assert_true(decoded.decode_ns >= 0);
    decode(fixture, (uint32_t[]){0, 1}, SWB_OK, &decoded);
    snprintf(path, sizeof path, "%s/part-1", place_node(fixture, SEEDER).content_dir);
    assert_int_equal(truncate(path, 100), 0);
    decode(fixture, (uint32_t[]){1, 2}, SWB_ETRUNCATED, &decoded);
    decode(fixture, (uint32_t[]){0, 2}, SWB_OK, &decoded);
}

static void part_that_arrives_is_watched(void **state)
{
    struct fixture *fixture = *state;
    open_coded_site(fixture);
    assert_int_equal(fixture->local->watch(fixture->site, LEECHER, 2, swb__clock_ns(), NULL),
                     SWB_OK);
    start_node(fixture, LEECHER,
               "dd if=/dev/urandom of=content/part-2 bs=64 count=2344 2>/dev/null; sleep 60");
    assert_true(loop_until(fixture->loop, &fixture->complete, LIMIT_MS));
}

static void content_that_differs_is_told_with_its_offset(void **state)
{
    struct fixture *fixture = *state;
    struct answer missing = {0};
    struct answer bad = {0};
    uint64_t bad_offset = 1;
    char path[256];
    open_site(fixture);
    fixture->local->verify(fixture->site, LEECHER, &bad_offset, on_done, &missing);
    wait_for(fixture, &missing, SWB_ENOENT);
    snprintf(path, sizeof path, "%s/content.bin", place_node(fixture, LEECHER).content_dir);
    assert_int_equal(swb__write_file(path, 0644, "", 0, NULL), SWB_OK);
    fixture->local->verify(fixture->site, LEECHER, &bad_offset, on_done, &bad);
    wait_for(fixture, &bad, SWB_EMISMATCH);
    assert_true(bad_offset == 0);
    assert_non_null(strstr(bad.message, path));
}

static void content_that_arrives_is_watched(void **state)
{
    struct fixture *fixture = *state;
    open_site(fixture);
    assert_int_equal(fixture->local->watch(fixture->site, LEECHER, 0, swb__clock_ns(), NULL),
                     SWB_OK);
    start_node(fixture, LEECHER,
               "dd if=/dev/urandom of=content/content.bin bs=1000 count=300 2>/dev/null; sleep 60");
    assert_true(loop_until(fixture->loop, &fixture->complete, LIMIT_MS));
}

/* Closing with everything under way: each call has its one completion, and nothing is left. */
static void closing_cancels_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    enum { STOP, FAULT, PREPARE, VERIFY, CLOSE, CALLS };
    struct answer answers[CALLS] = {0};
    uint64_t bad_offset;
    const swb_deployer *local = fixture->local;
    fixture->fake.request.content_bytes = 30000000;
    open_site(fixture);
    make_torrent(fixture, 0);
    start_node(fixture, 0, "trap '' TERM; echo hello; while :; do sleep 0.02; done");
    start_node(fixture, LEECHER, FAKE_SCRIPT);
    assert_true(log_has(fixture, "service-1", "hello"));
    local->stop(fixture->site, 0, on_done, &answers[STOP]);
    local->fault(fixture->site, LEECHER, SWB_FAULT_RESTART, on_done, &answers[FAULT]);
    local->prepare(fixture->site, SEEDER, 0, on_done, &answers[PREPARE]);
    local->verify(fixture->site, SEEDER, &bad_offset, on_done, &answers[VERIFY]);
    local->close(fixture->site, on_done, &answers[CLOSE]);
    fixture->site = NULL;
    assert_true(loop_until(fixture->loop, &answers[CLOSE].done, LIMIT_MS));
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(answers[i].times, 1);
        assert_int_equal(answers[i].status, i == CLOSE ? SWB_OK : SWB_ECANCELED);
    }
    assert_false(fixture->ended.told);
    assert_false(is_there("%s/run-1", fixture->fake.work_dir));
}

static void addresses_in_use_are_passed_over(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    swb__address *addresses = calloc(COUNT, sizeof *addresses);
    assert_non_null(addresses);
    assert_int_equal(swb__addresses_choose(addresses, COUNT, NULL), SWB_OK);
    for (size_t i = 1; i < COUNT; i++) {
        struct in_addr address;
        assert_int_equal(inet_pton(AF_INET, addresses[i].text, &address), 1);
        assert_true((ntohl(address.s_addr) & 0xff) != 0 && (ntohl(address.s_addr) & 0xff) != 255);
        assert_string_not_equal(addresses[i].text, addresses[i - 1].text);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(addresses[i].wildcard_port, addresses[j].wildcard_port);
        }
    }
    free(addresses);
}

static bool is_taken(const swb__address *address, uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, address->text, &name.sin_addr);
    bool taken = bind(fd, (const struct sockaddr *)&name, sizeof name) != 0;
    close(fd);
    return taken;
}

static void ports_that_a_program_has_on_all_addresses_are_passed_over(void **state)
{
    (void)state;
    enum { COUNT = 20, PORTS = 3 };
    static const uint16_t ports[PORTS] = {SWB__DATA_PORT, SWB__API_PORT,
                                          SWB__EXTRA_PORT + SWB__PORT_STEP};
    int held[PORTS];
    swb__address addresses[COUNT];
    for (int i = 0; i < PORTS; i++) {
        struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(ports[i])};
        held[i] = socket(AF_INET, SOCK_STREAM, 0);
        /* Where that fails, another program has it: as good. */
        bind(held[i], (const struct sockaddr *)&name, sizeof name);
    }
    assert_int_equal(swb__addresses_choose(addresses, COUNT, NULL), SWB_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(addresses[i].api_port - addresses[i].data_port,
                         SWB__API_PORT - SWB__DATA_PORT);
        assert_false(is_taken(&addresses[i], addresses[i].data_port));
        assert_false(is_taken(&addresses[i], addresses[i].api_port));
        assert_false(is_taken(&addresses[i], addresses[i].extra_port));
    }
    for (int i = 0; i < PORTS; i++) {
        close(held[i]);
    }
}

#define SITE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(check_passes_where_all_is_there),
        SITE_TEST(check_refuses_what_local_cannot_do),
        SITE_TEST(check_names_the_program_that_is_missing_and_its_package),
        SITE_TEST(check_compares_disk_and_memory_with_what_is_free),
        SITE_TEST(nodes_have_addresses_and_directories_of_their_own),
        SITE_TEST(data_is_removed_when_the_site_is_closed),
        SITE_TEST(data_is_kept_where_that_is_asked),
        SITE_TEST(directory_that_exists_is_refused_and_left_alone),
        SITE_TEST(node_that_is_stopped_ends_without_an_event),
        SITE_TEST(node_that_dies_is_told_with_its_last_words),
        SITE_TEST(node_sees_only_the_environment_it_was_given),
        SITE_TEST(launch_files_are_written_before_the_start),
        SITE_TEST(launch_files_do_not_follow_links),
        SITE_TEST(program_that_is_missing_fails_the_start),
        SITE_TEST(killed_node_ends_without_an_event),
        SITE_TEST(restarted_node_runs_again_with_its_data),
        SITE_TEST(frozen_node_can_go_on_or_be_stopped),
        SITE_TEST(seeder_gets_the_content_and_it_verifies),
        SITE_TEST(content_is_decoded_from_the_parts_on_a_node),
        SITE_TEST(part_that_arrives_is_watched),
        SITE_TEST(content_that_differs_is_told_with_its_offset),
        SITE_TEST(content_that_arrives_is_watched),
        SITE_TEST(closing_cancels_what_is_under_way),
        cmocka_unit_test(addresses_in_use_are_passed_over),
        cmocka_unit_test(ports_that_a_program_has_on_all_addresses_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
