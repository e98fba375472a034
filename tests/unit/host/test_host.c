/* host: samples of processes, facts of the machine, making and verifying off the loop's thread. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"
#include "support/loop_until.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "host/environment.h"
#include "host/maker.h"
#include "host/sampler.h"

#define MIB ((size_t)1 << 20)

static void spin(int64_t time_ns)
{
    int64_t end_ns = swb__clock_ns() + time_ns;
    while (swb__clock_ns() < end_ns) {
    }
}

/* A process that computes for 100 ms, holds 32 MiB, and says when it is there. */
static void be_busy(int ready)
{
    char *memory = malloc(32 * MIB);
    memset(memory, 1, 32 * MIB);
    spin(100 * SWB__NS_PER_MS);
    if (write(ready, &memory[5], 1) == 1) {
        pause();
    }
    _exit(0);
}

static pid_t start_busy(int depth)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        pid_t inner = depth > 0 ? fork() : 0;
        if (inner == 0) {
            be_busy(ready[1]);
        }
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void assert_busy(const swb_sample *sample)
{
    assert_true(sample->cpu_ns >= 20000000 && sample->cpu_ns < 5000000000);
    assert_true(sample->rss_anon_bytes >= 32 * MIB && sample->rss_anon_bytes < 512 * MIB);
    assert_true(sample->rss_bytes >= sample->rss_anon_bytes);
    assert_true(sample->wire_in_bytes == SWB_COUNT_UNKNOWN);
    assert_true(sample->wire_out_bytes == SWB_COUNT_UNKNOWN);
    assert_true(llabs(sample->time_ns - swb__clock_ns()) < SWB__NS_PER_S);
}

static void sample_tells_cpu_and_memory_of_a_process(void **state)
{
    (void)state;
    swb_sample sample;
    pid_t pid = start_busy(0);
    assert_int_equal(swb__sample_process(&sample, pid), SWB_OK);
    end(pid);
    assert_busy(&sample);
}

static void sample_counts_the_children_of_a_process(void **state)
{
    (void)state;
    if (access("/proc/self/task", F_OK) != 0) {
        print_message("SKIP: there is no /proc/self/task\n");
        skip();
    }
    swb_sample sample;
    pid_t pid = start_busy(1);
    assert_int_equal(swb__sample_process(&sample, pid), SWB_OK);
    end(pid);
    assert_busy(&sample);
}

static void sample_counts_children_that_have_ended(void **state)
{
    (void)state;
    swb_sample before;
    swb_sample after;
    assert_int_equal(swb__sample_process(&before, getpid()), SWB_OK);
    pid_t pid = fork();
    if (pid == 0) {
        /* Counted in ticks: long enough for many. */
        while (clock() < CLOCKS_PER_SEC / 5) {
        }
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    assert_int_equal(swb__sample_process(&after, getpid()), SWB_OK);
    assert_true(after.cpu_ns - before.cpu_ns >= 100000000);
}

static void counters_of_the_same_process_do_not_fall(void **state)
{
    (void)state;
    swb__sampled last = {0};
    swb_sample sample = {.cpu_ns = 50, .disk_read_bytes = 5, .disk_written_bytes = 6};
    swb__sampled_keep(&last, &sample, 100);
    assert_true(sample.cpu_ns == 50);
    sample = (swb_sample){.cpu_ns = 40, .disk_read_bytes = 7, .disk_written_bytes = 2};
    swb__sampled_keep(&last, &sample, 100);
    assert_true(sample.cpu_ns == 50);
    assert_true(sample.disk_read_bytes == 7 && sample.disk_written_bytes == 6);
    sample.cpu_ns = 3;
    swb__sampled_keep(&last, &sample, 101);
    assert_true(sample.cpu_ns == 3);
}

static void sample_of_no_process_is_not_found(void **state)
{
    (void)state;
    swb_sample sample = {.cpu_ns = 7};
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    assert_int_equal(swb__sample_process(&sample, pid), SWB_ENOENT);
    assert_true(sample.cpu_ns == 7);
}

static void sampling_is_cheap(void **state)
{
    (void)state;
    enum { TIMES = 330 };
    swb_sample sample;
    swb_sample before;
    swb_sample after;
    swb__sample_process(&before, getpid());
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(swb__sample_process(&sample, getpid()), SWB_OK);
    }
    swb__sample_process(&after, getpid());
    /* 33 nodes at 1 Hz: ten seconds of them must take under 1 % of a core. */
    assert_true(after.cpu_ns - before.cpu_ns < 100000000);
}

struct facts {
    unsigned count;
    bool kernel;
    bool cpus;
    bool file_system;
};

static void take_fact(void *argument, const char *name, const char *value)
{
    struct facts *facts = argument;
    facts->count++;
    assert_true(value[0] != '\0');
    assert_null(strchr(value, '\n'));
    facts->kernel = facts->kernel || strcmp(name, "kernel") == 0;
    facts->cpus = facts->cpus || (strcmp(name, "cpu_count") == 0 && atol(value) > 0);
    facts->file_system = facts->file_system || strcmp(name, "work_dir_file_system") == 0;
}

static void environment_tells_what_decides_results(void **state)
{
    (void)state;
    struct facts facts = {0};
    swb__environment_tell("/tmp", take_fact, &facts);
    assert_true(facts.kernel && facts.cpus && facts.file_system);
    assert_true(facts.count > 10);
    assert_true(swb__memory_available() > 1 << 20);
}

struct made {
    bool done;
    int status;
    swb_torrent *torrent;
    uint64_t bad_offset;
    char message[256];
};

static void on_made(void *argument, int status, swb_torrent *torrent, const swb_error *error)
{
    struct made *made = argument;
    made->done = true;
    made->status = status;
    made->torrent = torrent;
    snprintf(made->message, sizeof made->message, "%s", error != NULL ? error->message : "");
}

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    struct made *made = argument;
    on_made(made, status, NULL, error);
    made->bad_offset = bad_offset;
}

static void content_is_made_and_verified_off_the_loop(void **state)
{
    (void)state;
    swb_loop *loop;
    char directory[] = "/tmp/swb-maker-XXXXXX";
    char path[64];
    struct made made = {0};
    struct made verified = {0};
    struct made bad = {0};
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/content.bin", directory);
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    assert_int_equal(
        swb__maker_torrent(loop, &(swb__maker_source){.seed = 5, .size_bytes = 3 * MIB + 1},
                           "content.bin", "http://127.0.0.2/a", path, on_made, &made, NULL),
        SWB_OK);
    assert_false(made.done);
    assert_true(loop_until(loop, &made.done, 20000));
    assert_int_equal(made.status, SWB_OK);
    assert_int_equal(strlen(swb_torrent_infohash(made.torrent)), 40);
    swb_torrent_destroy(made.torrent);

    assert_int_equal(swb__maker_verify(loop,
                                       &(swb__maker_source){.seed = 5, .size_bytes = 3 * MIB + 1},
                                       path, on_verified, &verified, NULL),
                     SWB_OK);
    assert_true(loop_until(loop, &verified.done, 20000));
    assert_int_equal(verified.status, SWB_OK);

    assert_int_equal(truncate(path, 2 * MIB), 0);
    assert_int_equal(swb__maker_verify(loop,
                                       &(swb__maker_source){.seed = 5, .size_bytes = 3 * MIB + 1},
                                       path, on_verified, &bad, NULL),
                     SWB_OK);
    assert_true(loop_until(loop, &bad.done, 20000));
    assert_int_equal(bad.status, SWB_EMISMATCH);
    assert_true(bad.bad_offset == 2 * MIB);
    swb__loop_destroy(loop);
    swb__remove_tree(directory, NULL);
}

static void making_content_where_no_file_can_be_fails(void **state)
{
    (void)state;
    swb_loop *loop;
    struct made made = {0};
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    assert_int_equal(swb__maker_torrent(loop, &(swb__maker_source){.seed = 5, .size_bytes = MIB},
                                        "content.bin", NULL, "/nonexistent/x", on_made, &made,
                                        NULL),
                     SWB_OK);
    assert_true(loop_until(loop, &made.done, 20000));
    assert_int_equal(made.status, SWB_EIO);
    assert_null(made.torrent);
    assert_non_null(strstr(made.message, "/nonexistent/x"));
    assert_int_equal(swb__maker_torrent(loop, &(swb__maker_source){.seed = 5, .size_bytes = 0}, "c",
                                        NULL, NULL, on_made, &made, NULL),
                     SWB_EINVAL);
    swb__loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_tells_cpu_and_memory_of_a_process),
        cmocka_unit_test(sample_counts_the_children_of_a_process),
        cmocka_unit_test(sample_counts_children_that_have_ended),
        cmocka_unit_test(counters_of_the_same_process_do_not_fall),
        cmocka_unit_test(sample_of_no_process_is_not_found),
        cmocka_unit_test(sampling_is_cheap),
        cmocka_unit_test(environment_tells_what_decides_results),
        cmocka_unit_test(content_is_made_and_verified_off_the_loop),
        cmocka_unit_test(making_content_where_no_file_can_be_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
