/* io/process: children that end, are ended, and leave nothing behind. */
#define _GNU_SOURCE /* pipe2() */
#include "loop_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "io/http.h"
#include "io/process.h"
#include "support/server.h"

/* A child, and what was told of it. */
struct child {
    swb__process *process;
    int count;
    int exit_code;
    int signal;
    bool destroy_when_exited;
    char output[64];
};

static void on_exited(void *argument, int exit_code, int signal)
{
    struct child *child = argument;
    child->count++;
    child->exit_code = exit_code;
    child->signal = signal;
    if (child->destroy_when_exited) {
        swb__process_destroy(child->process);
    }
}

/* Starts `sh -c script` with its output in a file of its own. */
static void start(struct child *child, swb_loop *loop, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const environment[] = {"PATH=/usr/bin:/bin", "ONE=1 1", NULL};
    swb_error error = SWB_ERROR_INIT;
    snprintf(child->output, sizeof child->output, "/tmp/swb-process-XXXXXX");
    int fd = mkstemp(child->output);
    assert_true(fd >= 0);
    close(fd);
    swb__process_options options = {
        .argv = argv, .environment = environment, .directory = "/", .output_path = child->output};
    assert_int_equal(swb__process_start(&child->process, loop, &options, on_exited, child, &error),
                     SWB_OK);
    assert_int_equal(child->count, 0);
}

static char *output_of(const struct child *child)
{
    char *text = NULL;
    assert_int_equal(swb__read_file(&text, NULL, child->output, 1 << 20, NULL), SWB_OK);
    return text;
}

static void finish(struct child *child)
{
    swb__process_destroy(child->process);
    unlink(child->output);
}

/* Waits until the child has written a line and returns the number in it. */
static pid_t read_number(swb_loop *loop, const struct child *child)
{
    long number = 0;
    int64_t give_up_ns = swb__clock_ns() + 10 * SWB__NS_PER_S;
    while (swb__clock_ns() < give_up_ns) {
        char *text = output_of(child);
        bool whole = strchr(text, '\n') != NULL;
        number = whole ? strtol(text, NULL, 10) : 0;
        free(text);
        if (whole) {
            break;
        }
        run_for(loop, 5);
    }
    assert_true(number > 1);
    return (pid_t)number;
}

/* A zombie is gone: only its parent has not looked yet. */
static bool is_gone(pid_t pid)
{
    char path[64];
    char *stat = NULL;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (swb__read_file(&stat, NULL, path, 4096, NULL) != SWB_OK) {
        return true;
    }
    const char *end_of_name = strrchr(stat, ')');
    bool gone = end_of_name != NULL && end_of_name[2] == 'Z';
    free(stat);
    return gone;
}

static bool goes_soon(pid_t pid)
{
    struct timespec pause = {.tv_nsec = 5 * SWB__NS_PER_MS};
    for (int i = 0; i < 2000 && !is_gone(pid); i++) {
        nanosleep(&pause, NULL);
    }
    return is_gone(pid);
}

static void exit_code_is_told_once(void **state)
{
    struct child child = {0};
    start(&child, *state, "exit 7");
    assert_true(swb__process_running(child.process));
    assert_true(run_until(*state, &child.count, 1));
    assert_false(swb__process_running(child.process));
    assert_int_equal(child.exit_code, 7);
    assert_int_equal(child.signal, 0);
    assert_int_equal(swb__process_signal(child.process, SIGTERM), SWB_ENOENT);
    swb__process_end(child.process, 0);
    run_for(*state, 5);
    assert_int_equal(child.count, 1);
    finish(&child);
}

static void signal_is_told(void **state)
{
    struct child child = {0};
    start(&child, *state, "sleep 1000");
    assert_int_equal(swb__process_signal(child.process, SIGUSR1), SWB_OK);
    assert_true(run_until(*state, &child.count, 1));
    assert_int_equal(child.signal, SIGUSR1);
    finish(&child);
}

static void child_has_its_environment_directory_and_output(void **state)
{
    struct child child = {0};
    start(&child, *state, "sleep 0.1; env | grep -v '^PWD\\|^SHLVL\\|^_'; pwd; cat; echo bad >&2");
    int fd = open(child.output, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "before\n", 7), 7);
    close(fd);
    assert_true(run_until(*state, &child.count, 1));
    char *text = output_of(&child);
    assert_non_null(strstr(text, "before\n"));
    assert_non_null(strstr(text, "ONE=1 1\n"));
    assert_non_null(strstr(text, "PATH=/usr/bin:/bin\n"));
    assert_null(strstr(text, "HOME="));
    assert_non_null(strstr(text, "\n/\nbad\n"));
    free(text);
    finish(&child);
}

static void child_leads_a_session_of_its_own_at_once(void **state)
{
    struct child child = {0};
    uint64_t ticks = 0;
    uint64_t again = 0;
    start(&child, *state, "sleep 1000");
    pid_t pid = swb__process_pid(child.process);
    assert_int_equal(getsid(pid), pid);
    assert_int_equal(getpgid(pid), pid);
    assert_int_equal(swb__process_start_ticks(&ticks, pid), SWB_OK);
    assert_true(ticks > 0);
    run_for(*state, 50);
    assert_int_equal(swb__process_start_ticks(&again, pid), SWB_OK);
    assert_true(again == ticks);
    assert_int_equal(swb__process_start_ticks(&again, 0x3fffffff), SWB_ENOENT);
    finish(&child);
}

static void count_reply(void *argument, int status, const swb__http_reply *reply,
                        const swb_error *error)
{
    (void)status;
    (void)reply;
    (void)error;
    ++*(int *)argument;
}

/* Writes to the pipe given once the peer has closed. */
static void tell_close(test_connection *connection)
{
    const int *told = connection->argument;
    test_hang(connection);
    if (write(*told, "x", 1) != 1) {
        abort();
    }
}

static void connection_of_the_parent_is_not_held_open_by_a_child(void **state)
{
    swb_loop *loop = *state;
    struct child child = {0};
    swb__http_client *client = NULL;
    int replies = 0;
    int pipes[2];
    char url[64];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    test_server *server = test_server_start(tell_close, &pipes[1]);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)test_server_port(server));
    assert_int_equal(swb__http_client_create(&client, loop, url, NULL), SWB_OK);
    swb__http_request request = {.method = "GET", .path = "/", .argument = &replies};
    assert_int_equal(swb__http_send(NULL, client, &request, count_reply, NULL), SWB_OK);
    while (test_server_connections(server) == 0) {
        run_for(loop, 5);
    }
    start(&child, loop, "sleep 1000");
    swb__http_client_destroy(client);
    assert_int_equal(replies, 1);
    struct pollfd closed = {.fd = pipes[0], .events = POLLIN};
    assert_int_equal(poll(&closed, 1, 5000), 1);
    assert_int_equal(child.count, 0);
    finish(&child);
    test_server_stop(server);
    close(pipes[0]);
    close(pipes[1]);
}

static void child_that_obeys_is_ended_without_waiting(void **state)
{
    struct child child = {0};
    start(&child, *state, "sleep 1000");
    swb__process_end(child.process, (uint64_t)(60 * SWB__NS_PER_S));
    assert_int_equal(child.count, 0);
    assert_true(run_until(*state, &child.count, 1));
    assert_int_equal(child.signal, SIGTERM);
    finish(&child);
}

static void child_that_was_stopped_is_ended_without_waiting(void **state)
{
    struct child child = {0};
    start(&child, *state, "sleep 1000");
    assert_int_equal(swb__process_signal(child.process, SIGSTOP), SWB_OK);
    run_for(*state, 20);
    swb__process_end(child.process, (uint64_t)(60 * SWB__NS_PER_S));
    assert_true(run_until(*state, &child.count, 1));
    assert_int_equal(child.signal, SIGTERM);
    finish(&child);
}

static void child_that_ignores_the_request_is_killed_after_the_grace(void **state)
{
    struct child child = {0};
    start(&child, *state, "trap '' TERM; echo 12; while :; do sleep 0.02; done");
    read_number(*state, &child);
    int64_t began_ns = swb__clock_ns();
    swb__process_end(child.process, (uint64_t)(100 * SWB__NS_PER_MS));
    assert_true(run_until(*state, &child.count, 1));
    assert_true(swb__clock_ns() - began_ns >= 100 * SWB__NS_PER_MS);
    assert_int_equal(child.signal, SIGKILL);
    finish(&child);
}

static void grandchildren_die_with_the_group(void **state)
{
    struct child child = {0};
    start(&child, *state, "sleep 1000 & echo $!; wait");
    pid_t grandchild = read_number(*state, &child);
    assert_false(is_gone(grandchild));
    finish(&child);
    assert_true(goes_soon(grandchild));
    run_for(*state, 20);
    assert_int_equal(child.count, 0);
}

static void grandchildren_do_not_outlive_a_child_that_exits(void **state)
{
    struct child child = {0};
    start(&child, *state, "sleep 1000 & echo $!");
    pid_t grandchild = read_number(*state, &child);
    assert_true(run_until(*state, &child.count, 1));
    assert_true(goes_soon(grandchild));
    finish(&child);
}

static void process_may_be_destroyed_when_it_exits(void **state)
{
    struct child child = {.destroy_when_exited = true};
    start(&child, *state, "exit 0");
    assert_true(run_until(*state, &child.count, 1));
    run_for(*state, 5);
    unlink(child.output);
    swb__process_destroy(NULL);
}

static void loop_is_destroyed_once_a_killed_child_is_reaped(void **state)
{
    (void)state;
    swb_loop *loop = NULL;
    struct child child = {0};
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    start(&child, loop, "trap '' TERM; sleep 1000");
    pid_t pid = swb__process_pid(child.process);
    finish(&child);
    swb__loop_destroy(loop);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(child.count, 0);
}

static void what_cannot_be_started_is_told(void **state)
{
    const char *const missing[] = {"no-such-program", NULL};
    const char *const nowhere[] = {"/no/such/program", NULL};
    const char *const there[] = {"true", NULL};
    const char *const environment[] = {NULL};
    swb_error error = SWB_ERROR_INIT;
    swb__process *process = NULL;
    swb__process_options options = {.argv = missing, .environment = environment, .directory = "/"};
    assert_int_equal(swb__process_start(&process, *state, &options, on_exited, NULL, &error),
                     SWB_ENOENT);
    assert_string_equal(error.message, "no program 'no-such-program' in PATH");
    options.argv = nowhere;
    assert_int_equal(swb__process_start(&process, *state, &options, on_exited, NULL, &error),
                     SWB_ENOENT);
    options.argv = there;
    options.directory = "/no/such/directory";
    assert_int_equal(swb__process_start(&process, *state, &options, on_exited, NULL, &error),
                     SWB_ENOENT);
    assert_non_null(strstr(error.message, "/no/such/directory"));
    options.directory = "/";
    options.output_path = "/no/such/directory/log";
    assert_int_equal(swb__process_start(&process, *state, &options, on_exited, NULL, &error),
                     SWB_EIO);
    assert_null(process);
}

/* Starts a child, writes its number to the descriptor, and waits to be killed. */
static void hold_a_child(int out)
{
    swb_loop *loop = NULL;
    struct child child = {0};
    if (swb__loop_create(&loop, NULL) != SWB_OK) {
        _exit(1);
    }
    start(&child, loop, "exec sleep 1000");
    dprintf(out, "%ld\n", (long)swb__process_pid(child.process));
    unlink(child.output);
    for (;;) {
        swb__loop_step(loop, -1);
    }
}

static void child_dies_when_its_parent_is_killed(void **state)
{
    (void)state;
    int pipes[2];
    char text[32] = "";
    assert_int_equal(pipe(pipes), 0);
    pid_t parent = fork();
    if (parent == 0) {
        hold_a_child(pipes[1]);
    }
    close(pipes[1]);
    assert_true(read(pipes[0], text, sizeof text - 1) > 0);
    close(pipes[0]);
    pid_t child = (pid_t)strtol(text, NULL, 10);
    assert_true(child > 1);
    /* Until setpriv has become the program, the child knows nothing of its parent's death. */
    struct timespec pause = {.tv_nsec = 200 * SWB__NS_PER_MS};
    nanosleep(&pause, NULL);
    assert_false(is_gone(child));
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_true(goes_soon(child));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(exit_code_is_told_once),
        LOOP_TEST(signal_is_told),
        LOOP_TEST(child_has_its_environment_directory_and_output),
        LOOP_TEST(child_leads_a_session_of_its_own_at_once),
        LOOP_TEST(connection_of_the_parent_is_not_held_open_by_a_child),
        LOOP_TEST(child_that_obeys_is_ended_without_waiting),
        LOOP_TEST(child_that_was_stopped_is_ended_without_waiting),
        LOOP_TEST(child_that_ignores_the_request_is_killed_after_the_grace),
        LOOP_TEST(grandchildren_die_with_the_group),
        LOOP_TEST(grandchildren_do_not_outlive_a_child_that_exits),
        LOOP_TEST(process_may_be_destroyed_when_it_exits),
        cmocka_unit_test(loop_is_destroyed_once_a_killed_child_is_reaped),
        LOOP_TEST(what_cannot_be_started_is_told),
        cmocka_unit_test(child_dies_when_its_parent_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
