/* An agent in this process, a real launcher beside it, and a client of the agent. */
#ifndef SWB_TESTS_AGENT_FIXTURE_H
#define SWB_TESTS_AGENT_FIXTURE_H

#include "support/cmocka_all.h"
#include "support/fake_site.h"
#include "support/loop_until.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/file.h"
#include "deploy/agent_client.h"

#define TOKEN "a-token-of-this-run"
#define LIMIT_MS 20000
#define SIZE_BYTES UINT64_C(3000001)

struct answer {
    bool done;
    unsigned times;
    int status;
    char message[300];
    uint64_t bad_offset;
    swb_torrent *torrent;
    swb_decoded decoded;
    swb__agent_node node;
    swb_sample sample;
    char text[5000];
};

struct told {
    unsigned first_bytes;
    unsigned progresses;
    bool complete;
    swb_moment first_byte;
    swb_moment completion;
    bool exited;
    unsigned exits;
    bool asked;
    int exit_code;
    int signal;
    char tail[300];
    bool lost;
    unsigned losses;
    int lost_status;
};

struct fixture {
    char directory[64];
    char root[80];
    char content[128]; /* path of the content's file */
    pid_t launcher;
    swb_loop *loop;
    swb__node_agent *agent;
    swb__agent *client;
    struct told told;
    bool closed;
};

static const swb__content_spec spec = {.name = "content.bin", .seed = 5, .bytes = SIZE_BYTES};

static inline void note(struct answer *answer, int status, const swb_error *error)
{
    answer->done = true;
    answer->times++;
    answer->status = status;
    assert_true((status == SWB_OK) == (error == NULL));
    snprintf(answer->message, sizeof answer->message, "%s", error != NULL ? error->message : "");
}

static inline void on_done(void *argument, int status, const swb_error *error)
{
    note(argument, status, error);
}

static inline void on_watched(void *argument, const char *name, const swb_watch_event *event)
{
    assert_string_equal(name, "content.bin");
    struct fixture *fixture = argument;
    struct told *told = &fixture->told;
    if (event->kind == SWB_WATCH_FIRST_BYTE) {
        told->first_bytes++;
        told->first_byte = event->moment;
    } else if (event->kind == SWB_WATCH_PROGRESS) {
        told->progresses++;
    } else {
        told->complete = true;
        told->completion = event->moment;
    }
}

static inline void on_exited(void *argument, bool asked, int exit_code, int signal,
                             const char *tail)
{
    struct fixture *fixture = argument;
    struct told *told = &fixture->told;
    told->exited = true;
    told->exits++;
    told->asked = asked;
    told->exit_code = exit_code;
    told->signal = signal;
    snprintf(told->tail, sizeof told->tail, "%s", tail);
}

static inline void on_lost(void *argument, int status, const swb_error *error)
{
    struct fixture *fixture = argument;
    assert_non_null(error);
    fixture->told.lost = true;
    fixture->told.losses++;
    fixture->told.lost_status = status;
}

static inline void start_launcher(struct fixture *fixture)
{
    fixture->launcher = fork();
    if (fixture->launcher == 0) {
        execl(SWB_LAUNCHER, SWB_LAUNCHER, fixture->root, (char *)NULL);
        _exit(127);
    }
    assert_true(fixture->launcher > 0);
    char path[128];
    snprintf(path, sizeof path, "%s/launch/state", fixture->root);
    for (int i = 0; i < 4000 && access(path, F_OK) != 0; i++) {
        const struct timespec pause = {0, 5000000};
        nanosleep(&pause, NULL);
    }
    assert_int_equal(access(path, F_OK), 0);
}

static inline void end_launcher(struct fixture *fixture, int signal)
{
    if (fixture->launcher > 0) {
        kill(fixture->launcher, signal);
        waitpid(fixture->launcher, NULL, 0);
        fixture->launcher = 0;
    }
}

static inline void start_agent(struct fixture *fixture, uint16_t port)
{
    const swb__node_agent_options options = {
        .root = fixture->root,
        .address = "127.0.0.1",
        .port = port,
        .token = TOKEN,
        .interface = "lo",
        .launcher_ns = 3 * UINT64_C(1000000000),
    };
    swb_error error = SWB_ERROR_INIT;
    int status = swb__node_agent_start(&fixture->agent, fixture->loop, &options, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(status, SWB_OK);
}

static inline swb__agent *new_client(struct fixture *fixture, const char *token)
{
    char url[64];
    swb__agent *client;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", swb__node_agent_port(fixture->agent));
    const swb__agent_options options = {.name = "node-1", .base_url = url, .token = token};
    assert_int_equal(swb__agent_create(&client, fixture->loop, &options, NULL), SWB_OK);
    return client;
}

static inline void on_closed(void *argument)
{
    *(bool *)argument = true;
}

static inline void close_client(struct fixture *fixture, swb__agent *client)
{
    bool closed = false;
    swb__agent_close(client, on_closed, &closed);
    assert_true(loop_until(fixture->loop, &closed, LIMIT_MS));
}

static inline void expect(struct fixture *fixture, struct answer *answer, int status)
{
    assert_true(loop_until(fixture->loop, &answer->done, LIMIT_MS));
    if (answer->status != status) {
        fail_msg("status %d instead of %d: %s", answer->status, status, answer->message);
    }
    assert_int_equal(answer->times, 1);
}

static inline void synchronize(struct fixture *fixture)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_synchronize(fixture->client, on_done, &answer, NULL), SWB_OK);
    expect(fixture, &answer, SWB_OK);
}

static inline void listen_to_events(struct fixture *fixture)
{
    const swb__agent_events events = {on_watched, on_exited, on_lost, fixture};
    assert_int_equal(swb__agent_listen(fixture->client, &events, NULL), SWB_OK);
}

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/swb-agent-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->root, sizeof fixture->root, "%s/root", fixture->directory);
    snprintf(fixture->content, sizeof fixture->content, "%s/home/content/content.bin",
             fixture->root);
    assert_int_equal(mkdir(fixture->root, 0755), 0);
    assert_int_equal(swb__loop_create(&fixture->loop, NULL), SWB_OK);
    start_launcher(fixture);
    start_agent(fixture, 0);
    fixture->client = new_client(fixture, TOKEN);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->client != NULL) {
        close_client(fixture, fixture->client);
    }
    swb__node_agent_stop(fixture->agent);
    swb__loop_destroy(fixture->loop);
    end_launcher(fixture, SIGTERM);
    swb__remove_tree(fixture->directory, NULL);
    free(fixture);
    return 0;
}

static inline void start_node(struct fixture *fixture, const char *script, int status)
{
    struct answer answer = {0};
    swb_launch *launch = fake_launch(script);
    swb_launch_file(launch, "conf/settings", 0600, "secret", 6);
    swb_launch_env(launch, "COLOUR", "blue");
    assert_int_equal(swb__agent_start(fixture->client, launch, on_done, &answer, NULL), SWB_OK);
    swb__launch_destroy(launch);
    expect(fixture, &answer, status);
}

#define AGENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
