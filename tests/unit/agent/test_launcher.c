/* agent/launcher, by its files alone. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/launch_files.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"

struct state {
    long long instance;
    unsigned long long order;
    int result;
    unsigned long long starts;
    char run[8];
    long pid;
    long long since_ns;
    int exit_code;
    int signal;
};

struct fixture {
    char root[64];
    pid_t launcher;
    unsigned order;
};

static void path_of(char out[128], const struct fixture *fixture, const char *name)
{
    snprintf(out, 128, "%s/" SWB__LAUNCH_FOLDER "/%s", fixture->root, name);
}

static void sleep_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void start_launcher(struct fixture *fixture)
{
    fixture->launcher = fork();
    if (fixture->launcher == 0) {
        execl(SWB_LAUNCHER, SWB_LAUNCHER, fixture->root, (char *)NULL);
        _exit(127);
    }
}

/* What it ended with, as waitpid() tells. */
static int end_launcher(struct fixture *fixture, int signal)
{
    int status = 0;
    kill(fixture->launcher, signal);
    assert_int_equal(waitpid(fixture->launcher, &status, 0), fixture->launcher);
    fixture->launcher = 0;
    return status;
}

static bool read_state(struct state *out, const struct fixture *fixture)
{
    char path[128];
    char *text;
    path_of(path, fixture, SWB__LAUNCH_STATE);
    if (swb__read_file(&text, NULL, path, SWB__STATE_MAX_BYTES, NULL) != SWB_OK) {
        return false;
    }
    /* Never half of one. */
    assert_int_equal(sscanf(text, SWB__STATE_FORMAT, &out->instance, &out->order, &out->result,
                            &out->starts, out->run, &out->pid, &out->since_ns, &out->exit_code,
                            &out->signal),
                     SWB__STATE_FIELDS);
    free(text);
    return true;
}

/* Waits until the launcher has carried out an order, and runs or not as `run` says. */
static struct state await(const struct fixture *fixture, unsigned order, const char *run)
{
    struct state state = {0};
    for (int i = 0; i < 4000; i++) {
        if (read_state(&state, fixture) && state.order >= order && strcmp(state.run, run) == 0) {
            return state;
        }
        sleep_ms(5);
    }
    fail_msg("order %u: state '%s' of order %llu instead of '%s'", order, state.run, state.order,
             run);
    return state;
}

static void put(const struct fixture *fixture, const char *name, const void *bytes, size_t length)
{
    char path[128];
    char temporary[128];
    path_of(path, fixture, name);
    path_of(temporary, fixture, ".test.tmp");
    assert_int_equal(swb__write_file(temporary, 0644, bytes, length, NULL), SWB_OK);
    assert_int_equal(rename(temporary, path), 0);
}

static unsigned give_order(struct fixture *fixture, const char *text)
{
    char order[64];
    int length = snprintf(order, sizeof order, "%u %s\n", ++fixture->order, text);
    put(fixture, SWB__LAUNCH_ORDER, order, (size_t)length);
    return fixture->order;
}

static void put_spec(const struct fixture *fixture, const char *directory, const char *script)
{
    swb__buffer spec = SWB__BUFFER_INIT(10000);
    swb__buffer_append(&spec, SWB__SPEC_MAGIC, sizeof SWB__SPEC_MAGIC);
    swb__buffer_append(&spec, directory, strlen(directory) + 1);
    swb__buffer_append(&spec, "3\0sh\0-c", 8);
    swb__buffer_append(&spec, script, strlen(script) + 1);
    swb__buffer_append(&spec, "1\0A=b", 6);
    put(fixture, SWB__LAUNCH_SPEC, spec.data, spec.length);
    swb__buffer_finish(&spec);
}

static struct state start(struct fixture *fixture, const char *script)
{
    put_spec(fixture, fixture->root, script);
    return await(fixture, give_order(fixture, "start"), "running");
}

static void await_log(const struct fixture *fixture, const char *text)
{
    char path[128];
    path_of(path, fixture, SWB__LAUNCH_LOG);
    for (int i = 0; i < 4000; i++) {
        char *log = NULL;
        bool found =
            swb__read_file(&log, NULL, path, 100000, NULL) == SWB_OK && strstr(log, text) != NULL;
        free(log);
        if (found) {
            return;
        }
        sleep_ms(5);
    }
    fail_msg("no '%s' in the log", text);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->root, sizeof fixture->root, "/tmp/swb-launcher-XXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    start_launcher(fixture);
    await(fixture, 0, "idle");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->launcher > 0) {
        end_launcher(fixture, SIGKILL);
    }
    swb__remove_tree(fixture->root, NULL);
    free(fixture);
    return 0;
}

static void spec_is_started_and_its_end_told(void **state)
{
    struct fixture *fixture = *state;
    char go[128];
    struct state running =
        start(fixture, "echo $A in $PWD; while [ ! -e launch/go ]; do sleep 0.01; done; exit 7");
    path_of(go, fixture, "go");
    assert_int_equal(swb__write_file(go, 0644, "", 0, NULL), SWB_OK);
    assert_int_equal(running.result, 0);
    assert_true(running.starts == 1 && running.pid > 0);
    struct state ended = await(fixture, 1, "exited");
    assert_int_equal(ended.exit_code, 7);
    assert_int_equal(ended.signal, 0);
    assert_int_equal(ended.pid, 0);
    await_log(fixture, "b in /tmp/swb-launcher-");
}

static void signals_reach_the_whole_group(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "sh -c 'trap \"echo inner; exit 0\" TERM; echo ready; while :; do sleep 0.01; "
                   "done' & trap 'echo outer; wait; exit 5' TERM; wait");
    await_log(fixture, "ready");
    give_order(fixture, "signal 15");
    struct state ended = await(fixture, 2, "exited");
    assert_int_equal(ended.exit_code, 5);
    await_log(fixture, "inner");
}

static void await_death(const struct fixture *fixture, const char *pid_file)
{
    char path[128];
    char *text;
    path_of(path, fixture, pid_file);
    assert_int_equal(swb__read_file(&text, NULL, path, 100, NULL), SWB_OK);
    pid_t daemon = (pid_t)atoi(text);
    free(text);
    assert_true(daemon > 1);
    for (int i = 0; i < 2000 && kill(daemon, 0) == 0; i++) {
        sleep_ms(5);
    }
    assert_int_equal(kill(daemon, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void what_left_the_group_does_not_outlive_the_node(void **state)
{
    struct fixture *fixture = *state;
    put_spec(fixture, fixture->root,
             "setsid sh -c 'setsid sh -c \"echo \\$\\$ > launch/inner.pid; exec sleep 100\" & "
             "while ! [ -s launch/inner.pid ]; do sleep 0.01; done; "
             "echo $$ > launch/daemon.pid; echo away; exec sleep 100' & "
             "while ! grep -q away launch/node.log; do sleep 0.01; done; exit 0");
    await(fixture, give_order(fixture, "start"), "exited");
    await_death(fixture, "daemon.pid");
    await_death(fixture, "inner.pid");
}

static void end_of_a_node_that_filled_the_disk_is_told(void **state)
{
    struct fixture *fixture = *state;
    end_launcher(fixture, SIGKILL);
    if (mount("swb-test", fixture->root, "tmpfs", 0, "size=256k") != 0) {
        skip();
    }
    start_launcher(fixture);
    await(fixture, 0, "idle");
    put_spec(fixture, fixture->root, "cat /dev/zero > filler; exit 7");
    struct state ended = await(fixture, give_order(fixture, "start"), "exited");
    int code = ended.exit_code;
    end_launcher(fixture, SIGKILL);
    assert_int_equal(umount2(fixture->root, MNT_DETACH), 0);
    assert_int_equal(code, 7);
}

static void malformed_specs_are_refused_and_harm_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *bytes;
        size_t length;
    } specs[] = {
        {"", 0},
        {"garbage", 7},
        {"swarmbench-launch 1", 20}, /* nothing behind */
        {"swarmbench-launch 1\0/tmp\0"
         "0\0"
         "0",
         29}, /* no program */
        {"swarmbench-launch 1\0/tmp\0"
         "9\0true\0"
         "0",
         34}, /* more arguments than there are */
        {"swarmbench-launch 1\0/tmp\0"
         "1\0true\0"
         "9",
         34}, /* more variables */
        {"swarmbench-launch 1\0/tmp\0"
         "1\0true\0"
         "0\0x",
         36}, /* more than was announced */
        {"swarmbench-launch 1\0/tmp\0"
         "-1\0true\0"
         "0",
         35},
        {"swarmbench-launch 1\0/tmp\0"
         "1\0true\0"
         "0",
         33}, /* cut before its last NUL */
        {"swarmbench-launch 2\0/tmp\0"
         "1\0true\0"
         "0",
         34},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        put(fixture, SWB__LAUNCH_SPEC, specs[i].bytes, specs[i].length);
        struct state refused = await(fixture, give_order(fixture, "start"), "idle");
        if (refused.result != EBADMSG) {
            fail_msg("spec %zu: result %d", i, refused.result);
        }
        assert_true(refused.starts == 0);
    }
    start(fixture, "exec sleep 100");
}

static void spec_that_is_a_link_or_missing_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    assert_int_equal(await(fixture, give_order(fixture, "start"), "idle").result, ENOENT);
    path_of(path, fixture, SWB__LAUNCH_SPEC);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(await(fixture, give_order(fixture, "start"), "idle").result, ELOOP);
}

static void programs_and_directories_that_are_not_there_are_told(void **state)
{
    struct fixture *fixture = *state;
    put_spec(fixture, "/nonexistent", "true");
    assert_int_equal(await(fixture, give_order(fixture, "start"), "idle").result, ENOENT);
}

static void orders_are_carried_out_once_and_only_forwards(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "exec sleep 100");
    fixture->order = 0;
    give_order(fixture, "signal 9"); /* number 1 again: an old one */
    sleep_ms(400);
    assert_string_equal(await(fixture, 1, "running").run, "running");
    assert_int_equal(await(fixture, give_order(fixture, "start"), "running").result, EBUSY);
    assert_int_equal(await(fixture, give_order(fixture, "dance"), "running").result, EINVAL);
    assert_int_equal(await(fixture, give_order(fixture, "signal 999"), "running").result, EINVAL);
    give_order(fixture, "signal 9");
    await(fixture, 5, "exited");
    assert_int_equal(await(fixture, give_order(fixture, "signal 15"), "exited").result, ESRCH);
}

static void term_is_forwarded_and_waited_for(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.01; done");
    await_log(fixture, "ready");
    assert_int_equal(end_launcher(fixture, SIGTERM), 0);
    struct state ended = await(fixture, 1, "exited");
    assert_int_equal(ended.exit_code, 4);
    await_log(fixture, "bye");
}

static void killed_launcher_takes_its_node_along(void **state)
{
    struct fixture *fixture = *state;
    struct state running = start(fixture, "exec sleep 100");
    int status = end_launcher(fixture, SIGKILL);
    assert_true(WIFSIGNALED(status));
    for (int i = 0; i < 2000 && kill((pid_t)running.pid, 0) == 0; i++) {
        sleep_ms(5);
    }
    assert_int_equal(kill((pid_t)running.pid, 0), -1);
    start_launcher(fixture);
    struct state next = await(fixture, 1, "exited");
    assert_int_equal(next.signal, SIGKILL);
    assert_true(next.starts == 1 && next.instance != running.instance);
}

static void second_launcher_is_refused(void **state)
{
    struct fixture *fixture = *state;
    int status = 0;
    pid_t first = fixture->launcher;
    start_launcher(fixture);
    assert_int_equal(waitpid(fixture->launcher, &status, 0), fixture->launcher);
    fixture->launcher = first;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

#define LAUNCHER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAUNCHER_TEST(spec_is_started_and_its_end_told),
        LAUNCHER_TEST(signals_reach_the_whole_group),
        LAUNCHER_TEST(what_left_the_group_does_not_outlive_the_node),
        LAUNCHER_TEST(end_of_a_node_that_filled_the_disk_is_told),
        LAUNCHER_TEST(malformed_specs_are_refused_and_harm_nothing),
        LAUNCHER_TEST(spec_that_is_a_link_or_missing_is_refused),
        LAUNCHER_TEST(programs_and_directories_that_are_not_there_are_told),
        LAUNCHER_TEST(orders_are_carried_out_once_and_only_forwards),
        LAUNCHER_TEST(term_is_forwarded_and_waited_for),
        LAUNCHER_TEST(killed_launcher_takes_its_node_along),
        LAUNCHER_TEST(second_launcher_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
