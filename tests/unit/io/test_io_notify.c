/* io/notify: file events on the loop. */
#include "loop_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "io/notify.h"

/* A watch, and what it was told. */
struct watch {
    swb__notify *notify;
    int count;
    char log[1024]; /* "create a|modify a|" */
    int64_t last_ns;
    struct watch *stops; /* this one, when told */
    struct watch *starts;
    swb_loop *loop;
    const char *path;
};

static void watch_with(struct watch *watch, swb_loop *loop, const char *path, uint32_t mask);

static const char *name_of(uint32_t mask)
{
    return mask & IN_CREATE        ? "create"
           : mask & IN_MODIFY      ? "modify"
           : mask & IN_CLOSE_WRITE ? "close"
           : mask & IN_DELETE      ? "delete"
           : mask & IN_IGNORED     ? "ignored"
           : mask & IN_Q_OVERFLOW  ? "overflow"
                                   : "other";
}

static void on_event(void *argument, uint32_t mask, const char *name, int64_t now_ns)
{
    struct watch *watch = argument;
    size_t used = strlen(watch->log);
    watch->count++;
    watch->last_ns = now_ns;
    snprintf(watch->log + used, sizeof watch->log - used, "%s %s|", name_of(mask), name);
    if (watch->stops != NULL) {
        swb__notify_stop(watch->stops->notify);
        watch->stops->notify = NULL;
        watch->stops = NULL;
    }
    if (watch->starts != NULL) {
        watch_with(watch->starts, watch->loop, watch->path, IN_CREATE);
        watch->starts = NULL;
    }
}

static void watch_with(struct watch *watch, swb_loop *loop, const char *path, uint32_t mask)
{
    swb_error error = SWB_ERROR_INIT;
    watch->loop = loop;
    watch->path = path;
    assert_int_equal(swb__notify_start(&watch->notify, loop, path, mask, on_event, watch, &error),
                     SWB_OK);
}

static void make_directory(char *out, size_t size)
{
    snprintf(out, size, "/tmp/swb-notify-XXXXXX");
    assert_non_null(mkdtemp(out));
}

static void write_to(const char *directory, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(swb__write_file(path, 0600, text, strlen(text), NULL), SWB_OK);
}

static void events_of_a_directory_are_told_in_order(void **state)
{
    swb_loop *loop = *state;
    char directory[64];
    struct watch watch = {0};
    make_directory(directory, sizeof directory);
    watch_with(&watch, loop, directory, IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE);
    int64_t before_ns = swb__clock_ns();
    write_to(directory, "a", "text");
    assert_int_equal(watch.count, 0);
    assert_true(run_until(loop, &watch.count, 3));
    assert_string_equal(watch.log, "create a|modify a|close a|");
    assert_in_range(watch.last_ns, before_ns, swb__clock_ns());
    swb__notify_stop(watch.notify);
    swb__notify_stop(NULL);
    swb__remove_tree(directory, NULL);
}

static void watch_of_a_file_has_no_name(void **state)
{
    swb_loop *loop = *state;
    char directory[64];
    char path[80];
    struct watch watch = {0};
    make_directory(directory, sizeof directory);
    write_to(directory, "file", "");
    snprintf(path, sizeof path, "%s/file", directory);
    watch_with(&watch, loop, path, IN_MODIFY);
    write_to(directory, "file", "x");
    assert_true(run_until(loop, &watch.count, 1));
    assert_string_equal(watch.log, "modify |");
    swb__notify_stop(watch.notify);
    swb__remove_tree(directory, NULL);
}

static void two_watches_of_one_directory_are_told_what_each_asked(void **state)
{
    swb_loop *loop = *state;
    char directory[64];
    struct watch creates = {0};
    struct watch closes = {0};
    make_directory(directory, sizeof directory);
    watch_with(&creates, loop, directory, IN_CREATE);
    watch_with(&closes, loop, directory, IN_CLOSE_WRITE);
    write_to(directory, "a", "x");
    assert_true(run_until(loop, &closes.count, 1));
    assert_string_equal(creates.log, "create a|");
    assert_string_equal(closes.log, "close a|");
    swb__notify_stop(closes.notify);
    write_to(directory, "b", "x");
    assert_true(run_until(loop, &creates.count, 2));
    assert_string_equal(creates.log, "create a|create b|");
    assert_string_equal(closes.log, "close a|");
    swb__notify_stop(creates.notify);
    swb__remove_tree(directory, NULL);
}

static void watch_may_be_stopped_in_its_own_call(void **state)
{
    swb_loop *loop = *state;
    char directory[64];
    struct watch watch = {.stops = &watch};
    make_directory(directory, sizeof directory);
    watch_with(&watch, loop, directory, IN_CREATE | IN_CLOSE_WRITE);
    write_to(directory, "a", "x");
    assert_true(run_until(loop, &watch.count, 1));
    run_for(loop, 20);
    assert_string_equal(watch.log, "create a|");
    assert_null(loop->inotify);
    swb__remove_tree(directory, NULL);
}

static void watch_may_stop_another_and_start_a_third(void **state)
{
    swb_loop *loop = *state;
    char directory[64];
    struct watch first = {0};
    struct watch second = {0};
    struct watch third = {0};
    make_directory(directory, sizeof directory);
    watch_with(&first, loop, directory, IN_CREATE);
    watch_with(&second, loop, directory, IN_CREATE);
    /* Whichever is told first stops the other one. */
    first.stops = &second;
    second.stops = &first;
    first.starts = second.starts = &third;
    write_to(directory, "a", "x");
    run_for(loop, 20);
    assert_int_equal(first.count + second.count, 1);
    assert_int_equal(third.count, 0);
    write_to(directory, "b", "x");
    assert_true(run_until(loop, &third.count, 1));
    assert_string_equal(third.log, "create b|");
    swb__notify_stop(first.notify);
    swb__notify_stop(second.notify);
    swb__notify_stop(third.notify);
    swb__remove_tree(directory, NULL);
}

static void directory_that_goes_is_told_as_ignored(void **state)
{
    swb_loop *loop = *state;
    char directory[64];
    struct watch watch = {0};
    struct watch other = {0};
    make_directory(directory, sizeof directory);
    watch_with(&watch, loop, directory, IN_CREATE);
    watch_with(&other, loop, "/tmp", IN_ATTRIB);
    assert_int_equal(rmdir(directory), 0);
    assert_true(run_until(loop, &watch.count, 1));
    assert_string_equal(watch.log, "ignored |");
    swb__notify_stop(watch.notify);
    swb__notify_stop(other.notify);
}

static void lost_events_are_told_to_each_watch(void **state)
{
    swb_loop *loop = *state;
    char *limit = NULL;
    char directory[64];
    char path[80];
    struct watch one = {0};
    struct watch other = {0};
    assert_int_equal(
        swb__read_file(&limit, NULL, "/proc/sys/fs/inotify/max_queued_events", 64, NULL), SWB_OK);
    long events = strtol(limit, NULL, 10);
    free(limit);
    make_directory(directory, sizeof directory);
    watch_with(&one, loop, directory, IN_CREATE | IN_DELETE);
    watch_with(&other, loop, "/tmp", IN_UNMOUNT);
    snprintf(path, sizeof path, "%s/a", directory);
    for (long i = 0; i <= events / 2 + 8; i++) {
        close(open(path, O_CREAT | O_WRONLY, 0600));
        unlink(path);
    }
    assert_true(run_until(loop, &other.count, 1));
    assert_string_equal(other.log, "overflow |");
    assert_true(one.count > events / 2);
    swb__notify_stop(one.notify);
    swb__notify_stop(other.notify);
    swb__remove_tree(directory, NULL);
}

static void many_watches_share_one_instance(void **state)
{
    swb_loop *loop = *state;
    enum { COUNT = 300 };
    static struct watch watches[COUNT];
    char directory[64];
    char paths[COUNT][80];
    make_directory(directory, sizeof directory);
    for (int i = 0; i < COUNT; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%d", directory, i);
        assert_int_equal(mkdir(paths[i], 0700), 0);
        watch_with(&watches[i], loop, paths[i], IN_CREATE);
    }
    write_to(paths[COUNT - 1], "a", "");
    write_to(paths[0], "b", "");
    assert_true(run_until(loop, &watches[0].count, 1));
    assert_string_equal(watches[0].log, "create b|");
    assert_string_equal(watches[COUNT - 1].log, "create a|");
    assert_int_equal(watches[1].count, 0);
    for (int i = 0; i < COUNT; i++) {
        swb__notify_stop(watches[i].notify);
    }
    swb__remove_tree(directory, NULL);
}

static void start_posted(void *argument)
{
    struct watch *watch = argument;
    watch_with(watch, watch->loop, watch->path, IN_CREATE);
}

static void *write_later(void *directory)
{
    struct timespec pause = {.tv_nsec = 50 * SWB__NS_PER_MS};
    nanosleep(&pause, NULL);
    write_to(directory, "a", "");
    return NULL;
}

/* What is started while libuv tells events is known to the kernel only in its next round. */
static void embedder_is_woken_for_a_watch_that_a_post_started(void **state)
{
    swb_loop *loop = *state;
    pthread_t thread;
    char directory[64];
    struct watch watch = {.loop = loop, .path = directory};
    make_directory(directory, sizeof directory);
    swb__loop_step(loop, 0);
    assert_int_equal(swb_loop_post(loop, start_posted, &watch), SWB_OK);
    assert_int_equal(pthread_create(&thread, NULL, write_later, directory), 0);
    int64_t began_ns = swb__clock_ns();
    assert_true(embed_until(loop, &watch.count, 1));
    assert_true(swb__clock_ns() - began_ns < 4 * SWB__NS_PER_S);
    pthread_join(thread, NULL);
    swb__notify_stop(watch.notify);
    swb__remove_tree(directory, NULL);
}

static void what_cannot_be_watched_is_told(void **state)
{
    swb_error error = SWB_ERROR_INIT;
    struct watch watch = {0};
    assert_int_equal(swb__notify_start(&watch.notify, *state, "/no/such/path", IN_CREATE, on_event,
                                       &watch, &error),
                     SWB_ENOENT);
    assert_non_null(strstr(error.message, "/no/such/path"));
    assert_null(watch.notify);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(events_of_a_directory_are_told_in_order),
        LOOP_TEST(watch_of_a_file_has_no_name),
        LOOP_TEST(two_watches_of_one_directory_are_told_what_each_asked),
        LOOP_TEST(watch_may_be_stopped_in_its_own_call),
        LOOP_TEST(watch_may_stop_another_and_start_a_third),
        LOOP_TEST(directory_that_goes_is_told_as_ignored),
        LOOP_TEST(lost_events_are_told_to_each_watch),
        LOOP_TEST(many_watches_share_one_instance),
        LOOP_TEST(embedder_is_woken_for_a_watch_that_a_post_started),
        LOOP_TEST(what_cannot_be_watched_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
