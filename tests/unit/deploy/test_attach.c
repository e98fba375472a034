/* deploy/attach: what is refused beforehand, and a run's life on nodes that are others'. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"
#include "support/fake_site.h"
#include "support/loop_until.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "deploy/attach_site.h"

#define SEEDER 1
#define LEECHER 2

typedef struct attached {
    fake_site fake;
    swb_option_value rows[FAKE_NODES][ATTACH_OPTIONS];
    char content[FAKE_NODES][96];
    char password_file[96];
    char own_file[128]; /* of the leecher's owner */
    swb_loop *loop;
    void *site;
} attached;

static const swb_deployer *attach(void)
{
    return swb_deployer_find("attach");
}

static int set_up(void **state)
{
    static const char *const urls[] = {"", "http://127.0.0.1:1", "http://localhost:2/base/"};
    attached *at = calloc(1, sizeof *at);
    assert_non_null(at);
    fake_site_init(&at->fake);
    setenv("XDG_STATE_HOME", at->fake.directory, 1);
    setenv("ATTACH_TEST_PASSWORD", "from the environment", 1);
    snprintf(at->password_file, sizeof at->password_file, "%s/password", at->fake.directory);
    assert_int_equal(swb__write_file(at->password_file, 0600, "from a file\nmore", 16, NULL),
                     SWB_OK);
    for (size_t i = SEEDER; i < FAKE_NODES; i++) {
        snprintf(at->content[i], sizeof at->content[i], "%s/content-%zu", at->fake.directory, i);
        assert_int_equal(mkdir(at->content[i], 0755), 0);
        at->rows[i][ATTACH_URL].string = urls[i];
        at->rows[i][ATTACH_CONTENT_DIR].string = at->content[i];
        at->rows[i][ATTACH_WATCH].integer = 1;
        at->fake.nodes[i].attached = at->rows[i];
    }
    at->rows[SEEDER][ATTACH_USER].string = "u";
    at->rows[SEEDER][ATTACH_PASSWORD_ENV].string = "ATTACH_TEST_PASSWORD";
    at->rows[LEECHER][ATTACH_PASSWORD_FILE].string = at->password_file;
    at->rows[LEECHER][ATTACH_DATA].string = "10.0.0.9:7000";
    at->rows[LEECHER][ATTACH_DIR_ON_NODE].string = "/downloads";
    snprintf(at->own_file, sizeof at->own_file, "%s/mine", at->content[LEECHER]);
    assert_int_equal(swb__write_file(at->own_file, 0644, "mine", 4, NULL), SWB_OK);
    assert_int_equal(swb__loop_create(&at->loop, NULL), SWB_OK);
    *state = at;
    return 0;
}

static int tear_down(void **state)
{
    attached *at = *state;
    swb__loop_destroy(at->loop);
    swb__remove_tree(at->fake.directory, NULL);
    free(at);
    return 0;
}

static void assert_refused(const attached *at, int status, const char *says)
{
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(attach()->check(&at->fake.request, &error), status);
    if (strstr(error.message, says) == NULL) {
        fail_msg("wanted '%s', got '%s'", says, error.message);
    }
}

static void what_a_row_promises_is_checked_beforehand(void **state)
{
    attached *at = *state;
    swb_option_value *row = at->rows[LEECHER];
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(attach()->check(&at->fake.request, &error), SWB_OK);
    row[ATTACH_PASSWORD_FILE].string = "/nowhere/at/all";
    assert_refused(at, SWB_ENOENT, "node http://localhost:2/base/: password_file: ");
    row[ATTACH_PASSWORD_FILE].string = NULL;
    row[ATTACH_PASSWORD_ENV].string = "ATTACH_TEST_NOT_SET";
    assert_refused(at, SWB_EENV, "the environment variable ATTACH_TEST_NOT_SET");
    row[ATTACH_PASSWORD_ENV].string = NULL;
    row[ATTACH_CONTENT_DIR].string = at->own_file;
    assert_refused(at, SWB_EENV, "must be a directory that the runner can read and write");
    row[ATTACH_CONTENT_DIR].string = "/nowhere/at/all";
    assert_refused(at, SWB_EENV, "content_dir /nowhere/at/all");
    row[ATTACH_CONTENT_DIR].string = at->content[LEECHER];
    row[ATTACH_PID].integer = 4194304;
    assert_refused(at, SWB_EENV, "there is no process 4194304");
    row[ATTACH_PID].integer = 0;
    at->fake.request.content_bytes = UINT64_C(1) << 60;
    assert_refused(at, SWB_ENOSPACE, "are needed in");
    at->fake.request.content_bytes = 300000;
    at->fake.nodes[LEECHER].attached = NULL;
    assert_refused(at, SWB_EINPUT, "the experiment names none");
}

static void torrent_clients_must_be_able_to_meet(void **state)
{
    attached *at = *state;
    swb_error error = SWB_ERROR_INIT;
    at->rows[SEEDER][ATTACH_URL].string = "http://192.0.2.7:80";
    assert_refused(at, SWB_EINPUT, "could not reach the tracker that the run would start here");
    at->fake.request.tracker_url = "http://192.0.2.8/announce";
    assert_int_equal(attach()->check(&at->fake.request, &error), SWB_OK);
    at->fake.request.tracker_url = NULL;
    at->fake.request.nodes++; /* without the service */
    at->fake.request.node_count--;
    assert_refused(at, SWB_EINPUT, "write data: ADDRESS:PORT");
    at->rows[SEEDER][ATTACH_DATA].string = "192.0.2.7:7000";
    assert_int_equal(attach()->check(&at->fake.request, &error), SWB_OK);
}

typedef struct completion {
    bool done;
    int status;
    char message[256];
} completion;

static void on_done(void *argument, int status, const swb_error *error)
{
    completion *got = argument;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    snprintf(got->message, sizeof got->message, "%s", error != NULL ? error->message : "");
}

static void on_exited(void *argument, size_t node, int exit_code, int signal, const char *tail)
{
    (void)argument;
    fail_msg("node %zu: %d %d %s", node, exit_code, signal, tail);
}

static void on_watched(void *argument, size_t node, size_t content, const swb_watch_event *event)
{
    bool *complete = argument;
    assert_int_equal(node, LEECHER);
    assert_int_equal(content, 0);
    *complete |= event->kind == SWB_WATCH_COMPLETE;
}

static void open_site(attached *at, bool *complete)
{
    const swb_site_events events = {
        .exited = on_exited, .watched = on_watched, .argument = complete};
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(attach()->open(&at->site, at->loop, &at->fake.request, &events, &error),
                     SWB_OK);
}

static void finish(attached *at, completion *got)
{
    if (!loop_until(at->loop, &got->done, 20000) || got->status != SWB_OK) {
        fail_msg("status %d: %s", got->status, got->message);
    }
}

static void close_site(attached *at)
{
    completion closed = {0};
    attach()->close(at->site, on_done, &closed);
    finish(at, &closed);
}

static size_t entries(const char *path)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (const struct dirent *at; (at = readdir(directory)) != NULL;) {
        count += at->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static size_t journals(const attached *at)
{
    char path[128];
    snprintf(path, sizeof path, "%s/swarmbench", at->fake.directory);
    return entries(path);
}

static void node_is_told_as_its_row_says(void **state)
{
    attached *at = *state;
    swb_node seeder = {0};
    swb_node leecher = {0};
    swb_node service = {0};
    char path[128];
    open_site(at, NULL);
    attach()->place(at->site, 0, &service);
    attach()->place(at->site, SEEDER, &seeder);
    attach()->place(at->site, LEECHER, &leecher);
    assert_false(service.attached);
    assert_null(service.api_url);
    assert_true(seeder.attached && leecher.attached);
    assert_string_equal(seeder.api_url, "http://127.0.0.1:1");
    assert_string_equal(seeder.address, "127.0.0.1");
    assert_int_equal(seeder.data_port, 0);
    assert_int_equal(seeder.extra_port, 0);
    assert_string_equal(seeder.user, "u");
    assert_string_equal(seeder.password, "from the environment");
    snprintf(path, sizeof path, "%s/run-1-seeder-1", at->content[SEEDER]);
    assert_string_equal(seeder.content_dir, path);
    assert_string_equal(leecher.api_url, "http://localhost:2/base");
    assert_string_equal(leecher.address, "10.0.0.9");
    assert_int_equal(leecher.data_port, 7000);
    assert_string_equal(leecher.password, "from a file");
    assert_string_equal(leecher.content_dir, "/downloads/run-1-leecher-1");
    close_site(at);
}

static void begin(attached *at)
{
    completion made = {0};
    completion prepared = {0};
    completion started[FAKE_NODES] = {{0}};
    attach()->make_torrent(at->site, 0, NULL, on_done, &made);
    finish(at, &made);
    attach()->prepare(at->site, SEEDER, 0, on_done, &prepared);
    finish(at, &prepared);
    for (size_t i = SEEDER; i < FAKE_NODES; i++) {
        attach()->start(at->site, i, NULL, on_done, &started[i]);
        finish(at, &started[i]);
    }
}

/* What the client would do. */
static void copy_content(const attached *at)
{
    char from[256];
    char to[256];
    char *bytes;
    size_t length;
    snprintf(from, sizeof from, "%s/run-1-seeder-1/content.bin", at->content[SEEDER]);
    snprintf(to, sizeof to, "%s/run-1-leecher-1/content.bin", at->content[LEECHER]);
    assert_int_equal(swb__read_file(&bytes, &length, from, 1 << 20, NULL), SWB_OK);
    assert_int_equal(length, 300000);
    assert_int_equal(swb__write_file(to, 0644, bytes, length, NULL), SWB_OK);
    free(bytes);
}

static void run_leaves_nothing_but_what_was_there(void **state)
{
    attached *at = *state;
    bool complete = false;
    uint64_t bad_offset = 0;
    completion verified = {0};
    swb_sample sample;
    open_site(at, &complete);
    begin(at);
    assert_int_equal(attach()->watch(at->site, LEECHER, 0, swb__clock_ns(), NULL), SWB_OK);
    copy_content(at);
    assert_true(loop_until(at->loop, &complete, 10000));
    attach()->verify(at->site, LEECHER, &bad_offset, on_done, &verified);
    finish(at, &verified);
    assert_int_equal(attach()->sample(at->site, LEECHER, &sample), SWB_OK);
    assert_true(sample.cpu_ns == SWB_COUNT_UNKNOWN && sample.rss_bytes == SWB_COUNT_UNKNOWN);
    assert_int_equal(attach()->holds(at->site, LEECHER, 0, "abc", NULL), SWB_OK);
    assert_int_equal(journals(at), 1);
    attach()->removed(at->site, 0);
    close_site(at);
    assert_int_equal(journals(at), 0);
    assert_int_equal(entries(at->content[SEEDER]), 0);
    assert_int_equal(entries(at->content[LEECHER]), 1);
    assert_int_equal(access(at->own_file, F_OK), 0);
}

static void content_that_stays_is_kept_in_mind_for_cleaning(void **state)
{
    attached *at = *state;
    swb_clean_report report;
    open_site(at, NULL);
    begin(at);
    assert_int_equal(attach()->holds(at->site, SEEDER, 0, "", NULL), SWB_OK);
    assert_int_equal(attach()->holds(at->site, LEECHER, 1, "abc", NULL), SWB_OK);
    assert_int_equal(attach()->holds(at->site, SEEDER, 0, "def", NULL), SWB_OK);
    attach()->removed(at->site, 1);
    close_site(at);
    assert_int_equal(swb_clean(&report, 0, NULL), SWB_OK);
    assert_int_equal(report.held, 1);
    assert_string_equal(report.held_text, "http://127.0.0.1:1 (fake) def\n");
    assert_int_equal(journals(at), 0);
}

static void node_of_others_is_neither_harmed_nor_ended(void **state)
{
    attached *at = *state;
    completion faulted = {0};
    completion stopped = {0};
    at->rows[LEECHER][ATTACH_WATCH].integer = 0;
    at->rows[LEECHER][ATTACH_PID].integer = getpid();
    open_site(at, NULL);
    begin(at);
    attach()->fault(at->site, LEECHER, SWB_FAULT_KILL, on_done, &faulted);
    assert_true(loop_until(at->loop, &faulted.done, 5000));
    assert_int_equal(faulted.status, SWB_EUNSUPPORTED);
    attach()->stop(at->site, LEECHER, on_done, &stopped);
    finish(at, &stopped);
    assert_int_equal(attach()->watch(at->site, LEECHER, 0, 0, NULL), SWB_EUNSUPPORTED);
    swb_sample sample;
    assert_int_equal(attach()->sample(at->site, LEECHER, &sample), SWB_OK);
    assert_true(sample.rss_bytes != SWB_COUNT_UNKNOWN);
    close_site(at);
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    attach_url url;
    char host[ATTACH_TEXT];
    uint16_t port = 0;
    assert_int_equal(swb__attach_url(&url, "https://[::1]", NULL), SWB_OK);
    assert_string_equal(url.base, "https://[::1]:443");
    assert_string_equal(url.host, "::1");
    assert_true(url.https && !url.has_path && url.port == 443);
    assert_int_equal(swb__attach_url(&url, "HTTP://Node.example:81/qbt//", NULL), SWB_OK);
    assert_string_equal(url.base, "http://Node.example:81/qbt");
    assert_true(!url.https && url.has_path && url.port == 81);
    assert_int_equal(swb__attach_url(&url, "http://h:0", NULL), SWB_EINPUT);
    assert_int_equal(swb__attach_data(host, &port, "[fd00::5]:7000", NULL), SWB_OK);
    assert_string_equal(host, "fd00::5");
    assert_int_equal(port, 7000);
    static const char *const bad[] = {"fd00::5:7000", "h:1",         "1.2.3.4",    "1.2.3.4:", ":5",
                                      "1.2.3.4:-1",   "[1.2.3.4]:5", "1.2.3.4:5x", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(swb__attach_data(host, &port, bad[i], NULL), SWB_EINPUT);
    }
}

#define ATTACH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACH_TEST(what_a_row_promises_is_checked_beforehand),
        ATTACH_TEST(torrent_clients_must_be_able_to_meet),
        ATTACH_TEST(node_is_told_as_its_row_says),
        ATTACH_TEST(run_leaves_nothing_but_what_was_there),
        ATTACH_TEST(content_that_stays_is_kept_in_mind_for_cleaning),
        ATTACH_TEST(node_of_others_is_neither_harmed_nor_ended),
        cmocka_unit_test(urls_are_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
