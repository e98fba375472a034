/* agent/ and its client: the node, started and ended through a real launcher. */
#define _GNU_SOURCE
#include "agent_fixture.h"

static void on_node(void *argument, int status, const swb__agent_node *node, const swb_error *error)
{
    struct answer *answer = argument;
    note(answer, status, error);
    if (node != NULL) {
        answer->node = *node;
    }
}

static void on_sample(void *argument, int status, const swb_sample *sample, const swb_error *error)
{
    struct answer *answer = argument;
    note(answer, status, error);
    if (sample != NULL) {
        answer->sample = *sample;
    }
}

static void on_tail(void *argument, int status, const char *text, const swb_error *error)
{
    struct answer *answer = argument;
    note(answer, status, error);
    snprintf(answer->text, sizeof answer->text, "%s", text != NULL ? text : "");
}

static swb__agent_node node_state(struct fixture *fixture)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_state(fixture->client, on_node, &answer, NULL), SWB_OK);
    expect(fixture, &answer, SWB_OK);
    return answer.node;
}

static void stop_node(struct fixture *fixture, uint64_t grace_ms)
{
    struct answer answer = {0};
    assert_int_equal(
        swb__agent_stop(fixture->client, grace_ms * UINT64_C(1000000), on_done, &answer, NULL),
        SWB_OK);
    expect(fixture, &answer, SWB_OK);
    assert_int_equal(node_state(fixture).run, SWB__NODE_EXITED);
}

static void send_signal(struct fixture *fixture, int signal, int status)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_signal(fixture->client, signal, on_done, &answer, NULL), SWB_OK);
    expect(fixture, &answer, status);
}

static void tail_of(struct fixture *fixture, struct answer *answer, size_t bytes)
{
    *answer = (struct answer){0};
    assert_int_equal(swb__agent_tail(fixture->client, bytes, on_tail, answer, NULL), SWB_OK);
    expect(fixture, answer, SWB_OK);
}

/* Waits until the node's log has the text. */
static void await_log(struct fixture *fixture, const char *text)
{
    struct answer answer;
    int64_t give_up_ns = swb__clock_ns() + LIMIT_MS * SWB__NS_PER_MS;
    do {
        loop_for(fixture->loop, 20);
        tail_of(fixture, &answer, 4096);
        if (swb__clock_ns() > give_up_ns) {
            fail_msg("no '%s' in the log: %s", text, answer.text);
        }
    } while (strstr(answer.text, text) == NULL);
}

static void node_is_started_as_its_launch_says(void **state)
{
    struct fixture *fixture = *state;
    struct stat info;
    char path[160];
    assert_int_equal(node_state(fixture).run, SWB__NODE_IDLE);
    start_node(fixture, "echo \"$COLOUR $HOME $TZ $0\"; cat conf/settings; exec sleep 100", SWB_OK);
    await_log(fixture, "secret");
    struct answer answer;
    tail_of(fixture, &answer, 4096);
    snprintf(path, sizeof path, "blue %s/home UTC sh\nsecret", fixture->root);
    assert_string_equal(answer.text, path);
    tail_of(fixture, &answer, 3);
    assert_string_equal(answer.text, "ret");
    snprintf(path, sizeof path, "%s/home/conf/settings", fixture->root);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    swb__agent_node node = node_state(fixture);
    assert_int_equal(node.run, SWB__NODE_RUNNING);
    assert_true(node.starts == 1);
    start_node(fixture, "true", SWB_EBUSY);
}

static void program_that_is_not_there_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb_launch *launch;
    assert_int_equal(swb__launch_create(&launch, NULL), SWB_OK);
    swb_launch_program(launch, "no-such-program-at-all");
    assert_int_equal(swb__agent_start(fixture->client, launch, on_done, &answer, NULL), SWB_OK);
    swb__launch_destroy(launch);
    expect(fixture, &answer, SWB_ENOENT);
    assert_int_equal(node_state(fixture).run, SWB__NODE_IDLE);
}

static void end_that_nobody_asked_for_is_told(void **state)
{
    struct fixture *fixture = *state;
    synchronize(fixture);
    listen_to_events(fixture);
    start_node(fixture, "printf 'one\\ntwo\\377\\n'; exit 3", SWB_OK);
    assert_true(loop_until(fixture->loop, &fixture->told.exited, LIMIT_MS));
    assert_false(fixture->told.asked);
    assert_int_equal(fixture->told.exit_code, 3);
    assert_int_equal(fixture->told.signal, 0);
    assert_string_equal(fixture->told.tail, "one\ntwo?\n");
    loop_for(fixture->loop, 100);
    assert_int_equal(fixture->told.exits, 1);
}

static void stop_asks_and_is_done_when_it_is_gone(void **state)
{
    struct fixture *fixture = *state;
    synchronize(fixture);
    listen_to_events(fixture);
    start_node(fixture, FAKE_SCRIPT, SWB_OK);
    await_log(fixture, "hello");
    stop_node(fixture, 5000);
    assert_true(loop_until(fixture->loop, &fixture->told.exited, LIMIT_MS));
    assert_true(fixture->told.asked);
    assert_int_equal(fixture->told.exit_code, 0);
    assert_non_null(strstr(fixture->told.tail, "bye"));
    stop_node(fixture, 5000); /* it is gone already */
}

static void stop_kills_what_does_not_listen(void **state)
{
    struct fixture *fixture = *state;
    start_node(fixture, "trap '' TERM; echo deaf; while :; do sleep 0.02; done", SWB_OK);
    await_log(fixture, "deaf");
    stop_node(fixture, 100);
    assert_int_equal(node_state(fixture).signal, SIGKILL);
}

static void stopped_node_can_be_ended(void **state)
{
    struct fixture *fixture = *state;
    start_node(fixture, FAKE_SCRIPT, SWB_OK);
    await_log(fixture, "hello");
    send_signal(fixture, SIGSTOP, SWB_OK);
    stop_node(fixture, 5000);
    assert_int_equal(node_state(fixture).exit_code, 0);
    send_signal(fixture, SIGCONT, SWB_ENOENT);
}

static void restart_starts_the_same_again(void **state)
{
    struct fixture *fixture = *state;
    struct answer early = {0};
    struct answer answer = {0};
    synchronize(fixture);
    listen_to_events(fixture);
    assert_int_equal(swb__agent_restart(fixture->client, on_done, &early, NULL), SWB_OK);
    expect(fixture, &early, SWB_ENOENT);
    start_node(fixture, "echo run >> runs; wc -l < runs; exec sleep 100", SWB_OK);
    await_log(fixture, "1\n");
    assert_int_equal(swb__agent_restart(fixture->client, on_done, &answer, NULL), SWB_OK);
    expect(fixture, &answer, SWB_OK);
    await_log(fixture, "2\n");
    assert_true(node_state(fixture).starts == 2);
    assert_true(loop_until(fixture->loop, &fixture->told.exited, LIMIT_MS));
    assert_true(fixture->told.asked);
    assert_int_equal(fixture->told.signal, SIGKILL);
}

static void sample_tells_the_nodes_resources(void **state)
{
    struct fixture *fixture = *state;
    struct answer none = {0};
    struct answer answer = {0};
    int64_t begin_ns = swb__clock_ns();
    synchronize(fixture);
    assert_int_equal(swb__agent_sample(fixture->client, on_sample, &none, NULL), SWB_OK);
    expect(fixture, &none, SWB_ENOENT);
    start_node(fixture, "while :; do :; done", SWB_OK);
    loop_for(fixture->loop, 300);
    assert_int_equal(swb__agent_sample(fixture->client, on_sample, &answer, NULL), SWB_OK);
    expect(fixture, &answer, SWB_OK);
    const swb_sample *sample = &answer.sample;
    assert_true(sample->cpu_ns > 10000000);
    assert_true(sample->rss_bytes > 100000);
    assert_true(sample->rss_anon_bytes <= sample->rss_bytes);
    assert_true(sample->wire_in_bytes != SWB_COUNT_UNKNOWN && sample->wire_in_bytes > 0);
    assert_true(sample->time_ns > begin_ns && sample->time_ns < swb__clock_ns() + SWB__NS_PER_S);
}

static void whole_log_is_fetched_into_a_file(void **state)
{
    struct fixture *fixture = *state;
    struct answer none = {0};
    struct answer answer = {0};
    char path[96];
    char *text;
    size_t length;
    snprintf(path, sizeof path, "%s/fetched.log", fixture->directory);
    assert_int_equal(swb__agent_log(fixture->client, path, on_done, &none, NULL), SWB_OK);
    expect(fixture, &none, SWB_ENOENT);
    assert_int_equal(access(path, F_OK), -1);
    start_node(fixture, "seq 1 300000; exec sleep 100", SWB_OK);
    await_log(fixture, "300000\n");
    assert_int_equal(swb__agent_log(fixture->client, path, on_done, &answer, NULL), SWB_OK);
    expect(fixture, &answer, SWB_OK);
    assert_int_equal(swb__read_file(&text, &length, path, (size_t)8 << 20, NULL), SWB_OK);
    assert_int_equal(length, 1988895);
    assert_string_equal(text + length - 7, "300000\n");
    free(text);
    assert_int_equal(swb__agent_log(fixture->client, "/nonexistent/log", on_done, NULL, NULL),
                     SWB_EIO);
}

static void node_and_launcher_outlive_the_agent(void **state)
{
    struct fixture *fixture = *state;
    uint16_t port = swb__node_agent_port(fixture->agent);
    start_node(fixture, FAKE_SCRIPT, SWB_OK);
    await_log(fixture, "hello");
    swb__node_agent_stop(fixture->agent);
    loop_for(fixture->loop, 100);
    start_agent(fixture, port);
    swb__agent_node node = node_state(fixture);
    assert_int_equal(node.run, SWB__NODE_RUNNING);
    assert_true(node.starts == 1);
    stop_node(fixture, 5000);
}

static void killed_launcher_takes_its_node_along_and_the_next_one_says_so(void **state)
{
    struct fixture *fixture = *state;
    synchronize(fixture);
    listen_to_events(fixture);
    start_node(fixture, FAKE_SCRIPT, SWB_OK);
    end_launcher(fixture, SIGKILL);
    start_launcher(fixture);
    assert_true(loop_until(fixture->loop, &fixture->told.exited, LIMIT_MS));
    assert_false(fixture->told.asked);
    assert_int_equal(fixture->told.signal, SIGKILL);
    start_node(fixture, FAKE_SCRIPT, SWB_OK);
    assert_true(node_state(fixture).starts == 2);
}

static void start_without_a_launcher_times_out_and_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    end_launcher(fixture, SIGTERM);
    start_node(fixture, "touch started", SWB_ETIMEDOUT);
    start_launcher(fixture);
    loop_for(fixture->loop, 300);
    char path[128];
    snprintf(path, sizeof path, "%s/home/started", fixture->root);
    assert_int_equal(access(path, F_OK), -1);
    start_node(fixture, "touch started", SWB_OK);
}

static void orders_at_the_same_time_are_carried_out_one_after_the_other(void **state)
{
    struct fixture *fixture = *state;
    struct answer answers[8] = {{0}};
    start_node(fixture, "trap 'echo hup' HUP; echo ready; while :; do sleep 0.01; done", SWB_OK);
    await_log(fixture, "ready");
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(swb__agent_signal(fixture->client, SIGHUP, on_done, &answers[i], NULL),
                         SWB_OK);
    }
    for (size_t i = 0; i < 8; i++) {
        expect(fixture, &answers[i], SWB_OK);
    }
    await_log(fixture, "hup");
    assert_int_equal(swb__agent_signal(fixture->client, SIGSEGV, on_done, NULL, NULL), SWB_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(node_is_started_as_its_launch_says),
        AGENT_TEST(program_that_is_not_there_is_told),
        AGENT_TEST(end_that_nobody_asked_for_is_told),
        AGENT_TEST(stop_asks_and_is_done_when_it_is_gone),
        AGENT_TEST(stop_kills_what_does_not_listen),
        AGENT_TEST(stopped_node_can_be_ended),
        AGENT_TEST(restart_starts_the_same_again),
        AGENT_TEST(sample_tells_the_nodes_resources),
        AGENT_TEST(whole_log_is_fetched_into_a_file),
        AGENT_TEST(node_and_launcher_outlive_the_agent),
        AGENT_TEST(killed_launcher_takes_its_node_along_and_the_next_one_says_so),
        AGENT_TEST(start_without_a_launcher_times_out_and_is_taken_back),
        AGENT_TEST(orders_at_the_same_time_are_carried_out_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
