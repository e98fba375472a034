/* agent/ and its client: content, torrents, watching, clock, and calls that are cut short. */
#define _GNU_SOURCE
#include "agent_fixture.h"

#include <fcntl.h>

#include <swarmbench/erasure.h>

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    struct answer *answer = argument;
    note(answer, status, error);
    answer->bad_offset = bad_offset;
}

static void on_torrent(void *argument, int status, swb_torrent *torrent, const swb_error *error)
{
    struct answer *answer = argument;
    note(answer, status, error);
    answer->torrent = torrent;
}

static void on_sample(void *argument, int status, const swb_sample *sample, const swb_error *error)
{
    struct answer *answer = argument;
    (void)sample;
    note(answer, status, error);
}

static void prepare(struct fixture *fixture, const swb__content_spec *content, int status)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_prepare(fixture->client, content, on_done, &answer, NULL), SWB_OK);
    assert_false(answer.done);
    expect(fixture, &answer, status);
}

static struct answer verify(struct fixture *fixture, const swb__content_spec *content, int status)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_verify(fixture->client, content, on_verified, &answer, NULL),
                     SWB_OK);
    expect(fixture, &answer, status);
    return answer;
}

static void ready_is_told_once_the_agent_answers(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    assert_int_equal(
        swb__agent_ready(fixture->client, 5 * UINT64_C(1000000000), on_done, &answer, NULL),
        SWB_OK);
    assert_false(answer.done);
    expect(fixture, &answer, SWB_OK);
}

static void ready_times_out_where_nothing_listens(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb__node_agent_stop(fixture->agent);
    fixture->agent = NULL;
    assert_int_equal(swb__agent_ready(fixture->client, UINT64_C(500000000), on_done, &answer, NULL),
                     SWB_OK);
    expect(fixture, &answer, SWB_ETIMEDOUT);
    assert_non_null(strstr(answer.message, "node-1"));
}

static void clock_of_the_same_machine_is_ours_within_its_error(void **state)
{
    struct fixture *fixture = *state;
    synchronize(fixture);
    const swb__clock_offset *clock = swb__agent_clock(fixture->client);
    assert_true(clock->known);
    assert_true(llabs(clock->last.offset_ns) <= clock->last.error_ns);
    assert_true(clock->last.error_ns < 50 * SWB__NS_PER_MS);
    assert_true(clock->last.error_ns > 0);
}

static void content_is_made_and_verified(void **state)
{
    struct fixture *fixture = *state;
    struct stat info;
    prepare(fixture, &spec, SWB_OK);
    assert_int_equal(stat(fixture->content, &info), 0);
    assert_true((uint64_t)info.st_size == SIZE_BYTES);
    verify(fixture, &spec, SWB_OK);
}

static void verify_tells_the_first_bad_offset(void **state)
{
    struct fixture *fixture = *state;
    prepare(fixture, &spec, SWB_OK);
    int fd = open(fixture->content, O_RDWR);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, 1234567), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 1234567), 1);
    close(fd);
    struct answer answer = verify(fixture, &spec, SWB_EMISMATCH);
    assert_true(answer.bad_offset == 1234567);
    assert_non_null(strstr(answer.message, "content.bin"));
    assert_null(strstr(answer.message, "/proc"));
}

static void verify_of_no_file_is_not_found(void **state)
{
    verify(*state, &spec, SWB_ENOENT);
}

/* A node may put links where its content should be: nothing behind them is read or written. */
static void links_are_not_followed(void **state)
{
    struct fixture *fixture = *state;
    char outside[96];
    snprintf(outside, sizeof outside, "%s/outside", fixture->directory);
    assert_int_equal(swb__write_file(outside, 0644, "keep", 4, NULL), SWB_OK);
    assert_int_equal(symlink(outside, fixture->content), 0);
    verify(fixture, &spec, SWB_EIO);
    prepare(fixture, &spec, SWB_OK); /* replaces the link itself */
    char *text;
    assert_int_equal(swb__read_file(&text, NULL, outside, 100, NULL), SWB_OK);
    assert_string_equal(text, "keep");
    free(text);

    char folder[96];
    char moved[96];
    snprintf(folder, sizeof folder, "%s/home/content", fixture->root);
    snprintf(moved, sizeof moved, "%s/home/moved", fixture->root);
    assert_int_equal(rename(folder, moved), 0);
    assert_int_equal(symlink(fixture->directory, folder), 0);
    prepare(fixture, &spec, SWB_EIO);
}

static void part_of_coded_content_is_made(void **state)
{
    struct fixture *fixture = *state;
    swb__content_spec part = spec;
    part.data_parts = 4;
    part.parity_parts = 2;
    part.part = 5;
    if (swb_erasure_library() == NULL) {
        prepare(fixture, &part, SWB_EUNSUPPORTED);
        return;
    }
    prepare(fixture, &part, SWB_OK);
    verify(fixture, &part, SWB_OK);
    part.part = 4;
    verify(fixture, &part, SWB_EMISMATCH);
    part.part = 6;
    prepare(fixture, &part, SWB_EINVAL);
}

static void torrent_is_the_one_that_is_made_here(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb_content *content;
    swb_torrent *here;
    size_t length;
    size_t length_here;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.announce = "http://10.0.0.1:6969/announce";
    assert_int_equal(swb__agent_make_torrent(fixture->client, &spec, options.announce, true,
                                             on_torrent, &answer, NULL),
                     SWB_OK);
    expect(fixture, &answer, SWB_OK);
    assert_int_equal(swb_content_create(&content, spec.seed, spec.bytes, NULL), SWB_OK);
    assert_int_equal(swb_torrent_create(&here, content, &options, NULL), SWB_OK);
    assert_string_equal(swb_torrent_infohash(answer.torrent), swb_torrent_infohash(here));
    assert_true(swb_torrent_piece_bytes(answer.torrent) == swb_torrent_piece_bytes(here));
    const uint8_t *bytes = swb_torrent_metainfo(&length, answer.torrent);
    const uint8_t *bytes_here = swb_torrent_metainfo(&length_here, here);
    assert_int_equal(length, length_here);
    assert_memory_equal(bytes, bytes_here, length);
    swb_torrent_destroy(answer.torrent);
    swb_torrent_destroy(here);
    swb_content_destroy(content);
    verify(fixture, &spec, SWB_OK);
}

static void begin_watch(struct fixture *fixture, int64_t begin_ns)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_watch(fixture->client, &spec, begin_ns, on_done, &answer, NULL),
                     SWB_OK);
    expect(fixture, &answer, SWB_OK);
}

/* Writes a tenth of the content's file. */
static void write_tenth(int fd, int tenth)
{
    static const char bytes[SIZE_BYTES / 10 + 2] = {1};
    off_t from = (off_t)(SIZE_BYTES * (uint64_t)tenth / 10);
    off_t to = (off_t)(SIZE_BYTES * (uint64_t)(tenth + 1) / 10);
    assert_int_equal(pwrite(fd, bytes, (size_t)(to - from), from), to - from);
}

static void watch_tells_first_byte_progress_and_end(void **state)
{
    struct fixture *fixture = *state;
    struct told *told = &fixture->told;
    int64_t begin_ns = swb__clock_ns();
    synchronize(fixture);
    listen_to_events(fixture);
    begin_watch(fixture, begin_ns);
    int fd = open(fixture->content, O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)SIZE_BYTES), 0);
    loop_for(fixture->loop, 100);
    assert_int_equal(told->first_bytes, 0);
    int64_t first_ns = swb__clock_ns();
    int64_t last_ns = 0;
    for (int i = 0; i < 10; i++) {
        last_ns = swb__clock_ns();
        write_tenth(fd, i);
        loop_for(fixture->loop, 60);
    }
    close(fd);
    assert_true(loop_until(fixture->loop, &told->complete, LIMIT_MS));
    assert_int_equal(told->first_bytes, 1);
    assert_true(told->progresses >= 5);
    /* In the interval, with a clock that is not known exactly. */
    assert_true(told->first_byte.lo_ns >= begin_ns);
    assert_true(told->first_byte.lo_ns <= first_ns + 5 * SWB__NS_PER_MS);
    assert_true(told->first_byte.hi_ns >= first_ns);
    assert_true(told->completion.hi_ns >= last_ns);
    assert_true(told->completion.lo_ns <= last_ns + 65 * SWB__NS_PER_MS);
    assert_true(told->completion.source == SWB_SOURCE_BLOCKS ||
                told->completion.source == SWB_SOURCE_INOTIFY);
}

static void another_watch_takes_the_place_of_the_first(void **state)
{
    struct fixture *fixture = *state;
    synchronize(fixture);
    begin_watch(fixture, swb__clock_ns());
    int fd = open(fixture->content, O_WRONLY | O_CREAT, 0644);
    write_tenth(fd, 0);
    loop_for(fixture->loop, 200); /* the first watch has seen it, but nobody listens */
    close(fd);
    assert_int_equal(unlink(fixture->content), 0);
    begin_watch(fixture, swb__clock_ns());
    listen_to_events(fixture);
    loop_for(fixture->loop, 200);
    assert_int_equal(fixture->told.first_bytes, 0);
    assert_int_equal(fixture->told.losses, 0);
}

static void on_decoded(void *argument, int status, const swb_decoded *decoded,
                       const swb_error *error)
{
    struct answer *answer = argument;
    note(answer, status, error);
    answer->decoded = *decoded;
}

static struct answer decode(struct fixture *fixture, const swb__content_spec *content,
                            const swb__agent_part *parts, int status)
{
    struct answer answer = {0};
    assert_int_equal(swb__agent_decode(fixture->client, content, parts, on_decoded, &answer, NULL),
                     SWB_OK);
    expect(fixture, &answer, status);
    return answer;
}

static void parts_are_decoded_and_verified(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"p0", "p1", "p2"};
    const swb__agent_part parts[] = {{2, "p2"}, {0, "p0"}};
    const swb__agent_part absent[] = {{2, "p2"}, {1, "none"}};
    const swb__agent_part twice[] = {{2, "p2"}, {2, "p2"}};
    char path[128];
    if (swb_erasure_library() == NULL) {
        printf("SKIP: the library was built without ISA-L\n");
        skip();
    }
    swb__content_spec part = spec;
    part.data_parts = 2;
    part.parity_parts = 1;
    for (uint32_t i = 0; i < 3; i++) {
        part.part = i;
        part.name = names[i];
        prepare(fixture, &part, SWB_OK);
    }
    assert_true(decode(fixture, &part, parts, SWB_OK).decoded.decode_ns > 0);
    decode(fixture, &part, absent, SWB_ENOENT);
    decode(fixture, &part, twice, SWB_EINVAL);
    snprintf(path, sizeof path, "%s/home/content/p0", fixture->root);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "wrong", 5, 1000), 5);
    close(fd);
    struct answer answer = decode(fixture, &part, parts, SWB_EMISMATCH);
    assert_true(answer.decoded.bad_offset >= 1000 && answer.decoded.bad_offset < 1005);
}

/* Files of one node, each with a watch. */
struct seen {
    unsigned first_bytes[3];
    unsigned count;
    bool all;
};

static void on_one_of_three(void *argument, const char *name, const swb_watch_event *event)
{
    struct seen *seen = argument;
    if (event->kind == SWB_WATCH_FIRST_BYTE) {
        assert_true(strlen(name) == 2 && name[1] >= '0' && name[1] <= '2');
        seen->first_bytes[name[1] - '0']++;
        seen->all = ++seen->count == 3;
    }
}

static void no_end(void *argument, bool asked, int exit_code, int signal, const char *tail)
{
    (void)argument;
    (void)asked;
    (void)exit_code;
    (void)signal;
    (void)tail;
}

static void no_loss(void *argument, int status, const swb_error *error)
{
    (void)argument;
    fail_msg("status %d: %s", status, error->message);
}

static void several_files_are_watched_at_the_same_time(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"p0", "p1", "p2"};
    struct seen seen = {{0}, 0, false};
    const swb__agent_events events = {on_one_of_three, no_end, no_loss, &seen};
    synchronize(fixture);
    assert_int_equal(swb__agent_listen(fixture->client, &events, NULL), SWB_OK);
    for (size_t i = 0; i < 3; i++) {
        struct answer answer = {0};
        swb__content_spec one = spec;
        one.name = names[i];
        assert_int_equal(
            swb__agent_watch(fixture->client, &one, swb__clock_ns(), on_done, &answer, NULL),
            SWB_OK);
        expect(fixture, &answer, SWB_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/home/content/%s", fixture->root, names[i]);
        int fd = open(path, O_WRONLY | O_CREAT, 0644);
        write_tenth(fd, 0);
        close(fd);
    }
    assert_true(loop_until(fixture->loop, &seen.all, LIMIT_MS));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(seen.first_bytes[i], 1);
    }
}

static void wrong_token_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb__agent *client = new_client(fixture, "a-token-of-another");
    assert_int_equal(swb__agent_prepare(client, &spec, on_done, &answer, NULL), SWB_OK);
    expect(fixture, &answer, SWB_EAUTH);
    assert_int_equal(access(fixture->content, F_OK), -1);
    close_client(fixture, client);
}

static void closing_completes_each_call_once(void **state)
{
    struct fixture *fixture = *state;
    struct answer answers[6] = {{0}};
    swb__agent *client = fixture->client;
    synchronize(fixture);
    listen_to_events(fixture);
    assert_int_equal(swb__agent_prepare(client, &spec, on_done, &answers[0], NULL), SWB_OK);
    assert_int_equal(swb__agent_verify(client, &spec, on_verified, &answers[1], NULL), SWB_OK);
    assert_int_equal(swb__agent_sample(client, on_sample, &answers[2], NULL), SWB_OK);
    assert_int_equal(swb__agent_synchronize(client, on_done, &answers[3], NULL), SWB_OK);
    assert_int_equal(
        swb__agent_make_torrent(client, &spec, NULL, false, on_torrent, &answers[4], NULL), SWB_OK);
    assert_int_equal(swb__agent_restart(client, on_done, &answers[5], NULL), SWB_OK);
    swb__agent_close(client, on_closed, &fixture->closed);
    fixture->client = NULL;
    assert_false(fixture->closed);
    assert_int_equal(answers[0].times, 0);
    assert_true(loop_until(fixture->loop, &fixture->closed, LIMIT_MS));
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(answers[i].times, 1);
        assert_int_equal(answers[i].status, SWB_ECANCELED);
    }
    assert_int_equal(fixture->told.losses, 0);
}

static void closing_while_a_call_waits_to_try_again_completes_it(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb__node_agent_stop(fixture->agent);
    fixture->agent = NULL;
    assert_int_equal(
        swb__agent_ready(fixture->client, UINT64_C(60000000000), on_done, &answer, NULL), SWB_OK);
    loop_for(fixture->loop, 100);
    assert_int_equal(answer.times, 0);
    close_client(fixture, fixture->client);
    fixture->client = NULL;
    assert_int_equal(answer.times, 1);
    assert_int_equal(answer.status, SWB_ECANCELED);
}

static void agent_that_ends_answers_those_that_wait(void **state)
{
    struct fixture *fixture = *state;
    synchronize(fixture);
    listen_to_events(fixture);
    loop_for(fixture->loop, 100);
    swb__node_agent_stop(fixture->agent);
    fixture->agent = NULL;
    loop_for(fixture->loop, 300);
    /* It may come back: the client goes on trying. */
    assert_int_equal(fixture->told.losses, 0);
}

static void restarted_agent_means_lost_events(void **state)
{
    struct fixture *fixture = *state;
    uint16_t port = swb__node_agent_port(fixture->agent);
    synchronize(fixture);
    listen_to_events(fixture);
    start_node(fixture, "exit 3", SWB_OK);
    assert_true(loop_until(fixture->loop, &fixture->told.exited, LIMIT_MS));
    loop_for(fixture->loop, 50);
    swb__node_agent_stop(fixture->agent);
    start_agent(fixture, port);
    assert_true(loop_until(fixture->loop, &fixture->told.lost, LIMIT_MS));
    assert_int_equal(fixture->told.lost_status, SWB_EREMOTE);
    loop_for(fixture->loop, 300);
    assert_int_equal(fixture->told.losses, 1);
    assert_int_equal(fixture->told.exits, 1);
}

static void agent_stopped_during_a_job_lets_it_end(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    swb__content_spec large = spec;
    large.bytes = 200000000;
    assert_int_equal(
        swb__agent_make_torrent(fixture->client, &large, NULL, false, on_torrent, &answer, NULL),
        SWB_OK);
    loop_for(fixture->loop, 20);
    swb__node_agent_stop(fixture->agent);
    fixture->agent = NULL;
    close_client(fixture, fixture->client);
    fixture->client = NULL;
    assert_int_equal(answer.times, 1);
    assert_int_not_equal(answer.status, SWB_OK);
}

static void calls_that_need_the_clock_refuse_before(void **state)
{
    struct fixture *fixture = *state;
    swb_error error = SWB_ERROR_INIT;
    const swb__agent_events events = {on_watched, on_exited, on_lost, fixture};
    assert_int_equal(swb__agent_sample(fixture->client, on_sample, NULL, &error), SWB_EINVAL);
    assert_int_equal(swb__agent_listen(fixture->client, &events, &error), SWB_EINVAL);
    assert_int_equal(swb__agent_watch(fixture->client, &spec, 0, on_done, NULL, &error),
                     SWB_EINVAL);
    assert_non_null(strstr(error.message, "clock"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(ready_is_told_once_the_agent_answers),
        AGENT_TEST(ready_times_out_where_nothing_listens),
        AGENT_TEST(clock_of_the_same_machine_is_ours_within_its_error),
        AGENT_TEST(content_is_made_and_verified),
        AGENT_TEST(verify_tells_the_first_bad_offset),
        AGENT_TEST(verify_of_no_file_is_not_found),
        AGENT_TEST(links_are_not_followed),
        AGENT_TEST(part_of_coded_content_is_made),
        AGENT_TEST(torrent_is_the_one_that_is_made_here),
        AGENT_TEST(watch_tells_first_byte_progress_and_end),
        AGENT_TEST(another_watch_takes_the_place_of_the_first),
        AGENT_TEST(parts_are_decoded_and_verified),
        AGENT_TEST(several_files_are_watched_at_the_same_time),
        AGENT_TEST(wrong_token_is_refused),
        AGENT_TEST(closing_completes_each_call_once),
        AGENT_TEST(closing_while_a_call_waits_to_try_again_completes_it),
        AGENT_TEST(agent_that_ends_answers_those_that_wait),
        AGENT_TEST(restarted_agent_means_lost_events),
        AGENT_TEST(agent_stopped_during_a_job_lets_it_end),
        AGENT_TEST(calls_that_need_the_clock_refuse_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
