/* host/watch: what is told of a file lies around what its writer did. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"
#include "support/loop_until.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"
#include "host/blocks.h"
#include "host/watch.h"

#define BLOCK ((size_t)16384)
#define BLOCKS ((size_t)256)
#define SIZE (BLOCK * BLOCKS)
/* Widths that a machine busy with other tests keeps; for an idle one see bench/watch_bench.c. */
#define WIDEST_NS (250 * SWB__NS_PER_MS)

enum how { HOW_PWRITE, HOW_MAPPED };

/* A client that writes, and notes when. */
struct writer {
    char directory[64];
    const char *name;      /* at first */
    const char *last_name; /* renamed to at the end; NULL: not */
    enum how how;
    bool shuffled;
    bool reserved;    /* space is allocated beforehand */
    bool keeps_open;  /* the file is closed long after the last byte */
    size_t blocks;    /* that it writes */
    int empty_ms;     /* how long the file is there without a byte */
    int64_t made_ns;  /* the file was not there before */
    int64_t first_lo; /* the first byte was written between these */
    int64_t first_hi;
    int64_t last_lo;
    int64_t last_hi;
    pthread_t thread;
};

struct seen {
    bool first;
    bool complete;
    unsigned steps;
    bool in_order;
    swb_moment first_at;
    swb_moment complete_at;
    uint64_t bytes;
    swb__watch *stop; /* stopped when anything is told */
};

struct fixture {
    swb_loop *loop;
    swb__watcher *watcher;
    struct writer writer;
    struct seen seen;
};

static void pause_us(long us)
{
    const struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static void write_block(const struct writer *writer, int fd, char *map, size_t block)
{
    static const char bytes[BLOCK] = {1};
    if (writer->how == HOW_MAPPED) {
        memcpy(map + block * BLOCK, bytes, BLOCK);
    } else if (pwrite(fd, bytes, BLOCK, (off_t)(block * BLOCK)) != (ssize_t)BLOCK) {
        abort();
    }
}

static void write_blocks(struct writer *writer, int fd, char *map)
{
    uint32_t order[BLOCKS];
    swb__random random;
    swb__random_init(&random, 7);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        order[i] = i;
    }
    if (writer->shuffled) {
        swb__random_shuffle(&random, order, BLOCKS);
    }
    for (size_t i = 0; i < writer->blocks; i++) {
        int64_t before_ns = swb__clock_ns();
        write_block(writer, fd, map, order[i]);
        int64_t after_ns = swb__clock_ns();
        if (i == 0) {
            writer->first_lo = before_ns;
            writer->first_hi = after_ns;
        }
        writer->last_lo = before_ns;
        writer->last_hi = after_ns;
        pause_us(400);
    }
}

static void *run_writer(void *argument)
{
    struct writer *writer = argument;
    char path[128];
    char last_path[128];
    snprintf(path, sizeof path, "%s/%s", writer->directory, writer->name);
    writer->made_ns = swb__clock_ns();
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)SIZE) != 0 ||
        (writer->reserved && posix_fallocate(fd, 0, (off_t)SIZE) != 0)) {
        abort();
    }
    char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pause_us(writer->empty_ms * 1000L);
    write_blocks(writer, fd, map);
    munmap(map, SIZE);
    if (writer->keeps_open) {
        pause_us(600000);
    }
    close(fd);
    if (writer->last_name != NULL) {
        snprintf(last_path, sizeof last_path, "%s/%s", writer->directory, writer->last_name);
        rename(path, last_path);
    }
    return NULL;
}

static void on_event(void *argument, const swb_watch_event *event)
{
    struct seen *seen = argument;
    switch (event->kind) {
    case SWB_WATCH_FIRST_BYTE:
        assert_false(seen->first);
        seen->first = true;
        seen->first_at = event->moment;
        break;
    case SWB_WATCH_PROGRESS:
        seen->in_order = seen->in_order && seen->first && !seen->complete &&
                         event->bytes > seen->bytes && event->bytes < SIZE;
        seen->bytes = event->bytes;
        seen->steps++;
        break;
    case SWB_WATCH_COMPLETE:
        assert_false(seen->complete);
        seen->complete = true;
        seen->complete_at = event->moment;
        break;
    }
    if (seen->stop != NULL) {
        swb__watch_stop(seen->stop);
        seen->stop = NULL;
    }
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->writer = (struct writer){.name = "content.bin", .blocks = BLOCKS};
    snprintf(fixture->writer.directory, sizeof fixture->writer.directory, "/tmp/swb-watch-XXXXXX");
    fixture->seen.in_order = true;
    assert_non_null(mkdtemp(fixture->writer.directory));
    assert_int_equal(swb__loop_create(&fixture->loop, NULL), SWB_OK);
    assert_int_equal(
        swb__watcher_create(&fixture->watcher, fixture->loop, fixture->writer.directory, NULL),
        SWB_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    swb__watcher_destroy(fixture->watcher);
    swb__loop_destroy(fixture->loop);
    swb__remove_tree(fixture->writer.directory, NULL);
    free(fixture);
    return 0;
}

static void skip_where_blocks_tell_nothing(const struct fixture *fixture)
{
    if (!swb__blocks_usable(fixture->writer.directory)) {
        print_message("SKIP: the file system of /tmp does not tell blocks and holes at once\n");
        skip();
    }
}

static swb__watch *watch(struct fixture *fixture)
{
    swb__watch *made;
    assert_int_equal(swb__watch_start(&made, fixture->watcher, fixture->writer.directory,
                                      "content.bin", SIZE, swb__clock_ns(), on_event,
                                      &fixture->seen, NULL),
                     SWB_OK);
    return made;
}

static void start_writer(struct fixture *fixture)
{
    assert_int_equal(pthread_create(&fixture->writer.thread, NULL, run_writer, &fixture->writer),
                     0);
}

/* Watches, lets the client write, waits for the completion. */
static void write_watched(struct fixture *fixture)
{
    skip_where_blocks_tell_nothing(fixture);
    watch(fixture);
    start_writer(fixture);
    assert_true(loop_until(fixture->loop, &fixture->seen.complete, 10000));
    pthread_join(fixture->writer.thread, NULL);
}

static void assert_around(const swb_moment *moment, int64_t truth_lo, int64_t truth_hi)
{
    assert_true(moment->lo_ns <= truth_hi);
    assert_true(moment->hi_ns >= truth_lo);
    assert_true(moment->lo_ns <= moment->hi_ns);
    assert_true(moment->hi_ns - moment->lo_ns < WIDEST_NS);
}

static void assert_true_times(const struct fixture *fixture)
{
    const struct writer *writer = &fixture->writer;
    assert_around(&fixture->seen.first_at, writer->first_lo, writer->first_hi);
    assert_around(&fixture->seen.complete_at, writer->last_lo, writer->last_hi);
    assert_true(fixture->seen.in_order);
    assert_true(fixture->seen.steps > 0 && fixture->seen.steps < 100);
}

static void writes_in_order_are_seen_when_they_happen(void **state)
{
    struct fixture *fixture = *state;
    write_watched(fixture);
    assert_true_times(fixture);
}

static void writes_out_of_order_are_seen_when_they_happen(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.shuffled = true;
    write_watched(fixture);
    assert_true_times(fixture);
}

static void completion_does_not_wait_for_the_file_to_be_closed(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.keeps_open = true;
    fixture->writer.shuffled = true;
    write_watched(fixture);
    assert_true_times(fixture);
    assert_int_equal(fixture->seen.complete_at.source, SWB_SOURCE_BLOCKS);
}

static void writes_through_a_mapping_are_seen_when_they_happen(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.how = HOW_MAPPED;
    fixture->writer.shuffled = true;
    fixture->writer.keeps_open = true;
    write_watched(fixture);
    assert_true_times(fixture);
}

static void file_that_stays_empty_has_no_first_byte(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.empty_ms = 300;
    fixture->writer.how = HOW_MAPPED;
    write_watched(fixture);
    assert_true_times(fixture);
    assert_int_equal(fixture->seen.first_at.source, SWB_SOURCE_BLOCKS);
    assert_true(fixture->seen.first_at.lo_ns > fixture->writer.made_ns);
}

static void file_is_followed_through_its_renaming(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.name = "content.bin.part";
    fixture->writer.last_name = "content.bin";
    write_watched(fixture);
    assert_true_times(fixture);
}

static void other_files_are_not_taken_for_it(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.name = "content.binary";
    watch(fixture);
    start_writer(fixture);
    loop_for(fixture->loop, 500);
    pthread_join(fixture->writer.thread, NULL);
    assert_false(fixture->seen.first);
}

static void files_of_the_client_are_not_taken_for_it(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.name = "content.bin.torrent";
    watch(fixture);
    start_writer(fixture);
    loop_for(fixture->loop, 500);
    pthread_join(fixture->writer.thread, NULL);
    assert_false(fixture->seen.first);
}

static void reserved_space_is_not_taken_for_content(void **state)
{
    struct fixture *fixture = *state;
    fixture->writer.reserved = true;
    fixture->writer.blocks = BLOCKS / 2;
    watch(fixture);
    start_writer(fixture);
    loop_for(fixture->loop, 500);
    pthread_join(fixture->writer.thread, NULL);
    assert_false(fixture->seen.first);
    assert_false(fixture->seen.complete);
}

static void file_with_a_hole_is_not_complete(void **state)
{
    struct fixture *fixture = *state;
    skip_where_blocks_tell_nothing(fixture);
    fixture->writer.shuffled = true;
    fixture->writer.blocks = BLOCKS - 1;
    watch(fixture);
    start_writer(fixture);
    loop_for(fixture->loop, 800);
    pthread_join(fixture->writer.thread, NULL);
    assert_true(fixture->seen.first);
    assert_false(fixture->seen.complete);
    assert_true(fixture->seen.in_order);
}

static void file_that_is_there_already_is_seen(void **state)
{
    struct fixture *fixture = *state;
    skip_where_blocks_tell_nothing(fixture);
    start_writer(fixture);
    pthread_join(fixture->writer.thread, NULL);
    watch(fixture);
    assert_false(fixture->seen.first); /* told from the loop only */
    assert_true(loop_until(fixture->loop, &fixture->seen.complete, 5000));
    assert_true(fixture->seen.first);
}

static void watch_may_be_stopped_from_its_own_function(void **state)
{
    struct fixture *fixture = *state;
    skip_where_blocks_tell_nothing(fixture);
    fixture->seen.stop = watch(fixture);
    start_writer(fixture);
    assert_true(loop_until(fixture->loop, &fixture->seen.first, 5000));
    loop_for(fixture->loop, 100);
    pthread_join(fixture->writer.thread, NULL);
    assert_int_equal(fixture->seen.steps, 0);
    assert_false(fixture->seen.complete);
}

static void watching_a_missing_directory_fails(void **state)
{
    struct fixture *fixture = *state;
    swb__watch *made = NULL;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb__watch_start(&made, fixture->watcher, "/nonexistent", "content.bin", SIZE,
                                      0, on_event, &fixture->seen, &error),
                     SWB_ENOENT);
    assert_non_null(strstr(error.message, "/nonexistent"));
    assert_null(made);
}

#define WATCH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(writes_in_order_are_seen_when_they_happen),
        WATCH_TEST(writes_out_of_order_are_seen_when_they_happen),
        WATCH_TEST(completion_does_not_wait_for_the_file_to_be_closed),
        WATCH_TEST(writes_through_a_mapping_are_seen_when_they_happen),
        WATCH_TEST(file_that_stays_empty_has_no_first_byte),
        WATCH_TEST(file_is_followed_through_its_renaming),
        WATCH_TEST(other_files_are_not_taken_for_it),
        WATCH_TEST(files_of_the_client_are_not_taken_for_it),
        WATCH_TEST(reserved_space_is_not_taken_for_content),
        WATCH_TEST(file_with_a_hole_is_not_complete),
        WATCH_TEST(file_that_is_there_already_is_seen),
        WATCH_TEST(watch_may_be_stopped_from_its_own_function),
        WATCH_TEST(watching_a_missing_directory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
