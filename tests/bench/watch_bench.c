/*
 * How late and how sure host/watch is, and what it costs: a child writes FILES files of 100 MB in
 * blocks of 16 KiB and random order, together at RATE MB/s, and notes when; we watch.
 *     watch_bench [FILES [RATE]]     (default 31 300)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "host/watch.h"

#define MOST 256
#define BLOCK ((size_t)16384)
#define BLOCKS ((size_t)6104)
#define SIZE (BLOCK * BLOCKS)

/* Shared with the child: the truth. */
struct truth {
    int64_t first_ns[MOST];
    int64_t last_ns[MOST];
};

struct seen {
    size_t index;
    swb_moment first;
    swb_moment complete;
    unsigned steps;
};

static size_t files = 31;
static double rate_mb = 300;
static size_t finished;
static char directory[] = "/var/tmp/swb-bench-XXXXXX";

static void file_directory(char out[64], size_t index)
{
    snprintf(out, 64, "%s/%zu", directory, index);
}

static int make_file(size_t index)
{
    char path[80];
    file_directory(path, index);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/content.bin");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)SIZE) != 0) {
        abort();
    }
    return fd;
}

static void wait_until(int64_t time_ns)
{
    const struct timespec at = {time_ns / SWB__NS_PER_S, time_ns % SWB__NS_PER_S};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void be_writer(struct truth *truth)
{
    static uint32_t order[BLOCKS];
    static char bytes[BLOCK] = {1};
    int fds[MOST];
    swb__random random;
    swb__random_init(&random, 1);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        order[i] = i;
    }
    swb__random_shuffle(&random, order, BLOCKS);
    int64_t begin_ns = swb__clock_ns();
    for (size_t block = 0; block < BLOCKS; block++) {
        for (size_t i = 0; i < files; i++) {
            if (block == 0) {
                fds[i] = make_file(i);
            }
            if (pwrite(fds[i], bytes, BLOCK, (off_t)(order[block] * BLOCK)) != (ssize_t)BLOCK) {
                abort();
            }
            (block == 0 ? truth->first_ns : truth->last_ns)[i] = swb__clock_ns();
        }
        double written = (double)((block + 1) * files * BLOCK);
        wait_until(begin_ns + (int64_t)(written / rate_mb * 1000));
    }
    wait_until(swb__clock_ns() + SWB__NS_PER_S);
    _exit(0);
}

static void on_event(void *argument, const swb_watch_event *event)
{
    struct seen *seen = argument;
    if (event->kind == SWB_WATCH_FIRST_BYTE) {
        seen->first = event->moment;
    } else if (event->kind == SWB_WATCH_PROGRESS) {
        seen->steps++;
    } else {
        seen->complete = event->moment;
        finished++;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_row(const char *name, double *ms)
{
    qsort(ms, files, sizeof *ms, by_size);
    printf("%-22s least %8.3f  median %8.3f  most %8.3f ms\n", name, ms[0], ms[files / 2],
           ms[files - 1]);
}

static void print_moments(const struct seen *seen, const struct truth *truth, bool first)
{
    double late[MOST];
    double width[MOST];
    unsigned outside = 0;
    for (size_t i = 0; i < files; i++) {
        const swb_moment *moment = first ? &seen[i].first : &seen[i].complete;
        int64_t true_ns = first ? truth->first_ns[i] : truth->last_ns[i];
        late[i] = (double)(moment->hi_ns - true_ns) / 1e6;
        width[i] = (double)(moment->hi_ns - moment->lo_ns) / 1e6;
        outside += moment->lo_ns > true_ns;
    }
    print_row(first ? "first byte: late" : "last byte: late", late);
    print_row(first ? "first byte: width" : "last byte: width", width);
    printf("%-22s %u\n", "truth outside of it", outside);
}

int main(int count, char **arguments)
{
    static struct seen seen[MOST];
    swb_loop *loop;
    swb__watcher *watcher;
    swb__watch *watch;
    struct timespec cpu;
    unsigned steps = 0;
    files = count > 1 ? strtoul(arguments[1], NULL, 10) : files;
    rate_mb = count > 2 ? strtod(arguments[2], NULL) : rate_mb;
    struct truth *truth =
        mmap(NULL, sizeof *truth, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (files == 0 || files > MOST || mkdtemp(directory) == NULL ||
        swb__loop_create(&loop, NULL) != SWB_OK ||
        swb__watcher_create(&watcher, loop, directory, NULL) != SWB_OK) {
        return 1;
    }
    for (size_t i = 0; i < files; i++) {
        char path[64];
        file_directory(path, i);
        seen[i].index = i;
        if (swb__make_dirs(path, 0755, NULL) != SWB_OK ||
            swb__watch_start(&watch, watcher, path, "content.bin", SIZE, swb__clock_ns(), on_event,
                             &seen[i], NULL) != SWB_OK) {
            return 1;
        }
    }
    int64_t begin_ns = swb__clock_ns();
    pid_t writer = fork();
    if (writer == 0) {
        be_writer(truth);
    }
    while (finished < files) {
        swb__loop_step(loop, -1);
    }
    double seconds = (double)(swb__clock_ns() - begin_ns) / 1e9;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    waitpid(writer, NULL, 0);
    print_moments(seen, truth, true);
    print_moments(seen, truth, false);
    for (size_t i = 0; i < files; i++) {
        steps += seen[i].steps;
    }
    printf("%zu files in %.2f s, %.1f steps a file; cost: %.2f %% of a core\n", files, seconds,
           (double)steps / (double)files,
           ((double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9) / seconds * 100);
    swb__watcher_destroy(watcher);
    swb__loop_destroy(loop);
    swb__remove_tree(directory, NULL);
    return 0;
}
