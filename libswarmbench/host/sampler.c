#include "host/sampler.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* A client is one process, at times behind a script; more than this is no client. */
#define DEEPEST 4
#define TEXT_SIZE 4096

/* Reads a file of /proc in one go: these are short, and made when read. False where it is gone or
 * not for us. */
static bool read_proc(char text[TEXT_SIZE], pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t length = read(fd, text, TEXT_SIZE - 1);
    close(fd);
    if (length < 0) {
        return false;
    }
    text[length] = '\0';
    return true;
}

/* The number behind "NAME:" at the begin of a line; 0 where it is missing. */
static uint64_t number_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

static void add_memory(swb_sample *sample, pid_t pid)
{
    char text[TEXT_SIZE];
    if (read_proc(text, pid, "status")) {
        sample->rss_bytes += number_of(text, "\nVmRSS:") * 1024;
        sample->rss_anon_bytes += number_of(text, "\nRssAnon:") * 1024;
    }
}

static void add_disk(swb_sample *sample, pid_t pid)
{
    char text[TEXT_SIZE];
    if (sample->disk_read_bytes == SWB_COUNT_UNKNOWN || !read_proc(text, pid, "io")) {
        sample->disk_read_bytes = sample->disk_written_bytes = SWB_COUNT_UNKNOWN;
        return;
    }
    sample->disk_read_bytes += number_of(text, "\nread_bytes:");
    sample->disk_written_bytes += number_of(text, "\nwrite_bytes:");
}

/* What children that have ended used (fields 16 and 17 of stat): only this is told in ticks. The
 * name in field 2 may hold anything, so fields are counted from its last parenthesis. */
static uint64_t ended_children_ns(const char *stat)
{
    uint64_t user = 0;
    uint64_t system = 0;
    const char *at = strrchr(stat, ')');
    if (at == NULL ||
        sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
               &user, &system) != 2) {
        return 0;
    }
    return (user + system) * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The process's own CPU clock counts all its threads in ns, living or ended. */
static bool add_cpu(swb_sample *sample, pid_t pid)
{
    char text[TEXT_SIZE];
    clockid_t clock;
    struct timespec used;
    if (!read_proc(text, pid, "stat") || clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0) {
        return false;
    }
    sample->cpu_ns += (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
    sample->cpu_ns += ended_children_ns(text);
    return true;
}

static bool add_process(swb_sample *sample, pid_t pid, unsigned depth);

static void add_children(swb_sample *sample, pid_t pid, unsigned depth)
{
    char name[64];
    char text[TEXT_SIZE];
    snprintf(name, sizeof name, "task/%d/children", (int)pid);
    if (depth == DEEPEST || !read_proc(text, pid, name)) {
        return;
    }
    for (char *at = text, *next;; at = next) {
        long child = strtol(at, &next, 10);
        if (next == at || child <= 0) {
            return;
        }
        add_process(sample, (pid_t)child, depth + 1);
    }
}

static bool add_process(swb_sample *sample, pid_t pid, unsigned depth)
{
    if (!add_cpu(sample, pid)) {
        return false;
    }
    add_memory(sample, pid);
    add_disk(sample, pid);
    add_children(sample, pid, depth);
    return true;
}

int swb__sample_process(swb_sample *out, pid_t pid)
{
    swb_sample sample = {
        .time_ns = swb__clock_ns(),
        .wire_in_bytes = SWB_COUNT_UNKNOWN,
        .wire_out_bytes = SWB_COUNT_UNKNOWN,
    };
    if (!add_process(&sample, pid, 0)) {
        return SWB_ENOENT;
    }
    *out = sample;
    return SWB_OK;
}

static void keep(uint64_t *last, uint64_t *value)
{
    *value = *value < *last ? *last : *value;
    *last = *value;
}

void swb__sampled_keep(swb__sampled *last, swb_sample *sample, pid_t pid)
{
    if (last->pid != pid) {
        *last = (swb__sampled){.pid = pid};
    }
    keep(&last->cpu_ns, &sample->cpu_ns);
    keep(&last->disk_read_bytes, &sample->disk_read_bytes);
    keep(&last->disk_written_bytes, &sample->disk_written_bytes);
}

int swb__sample_next(swb_sample *out, swb__sampled *last, pid_t pid)
{
    int status = swb__sample_process(out, pid);
    if (status == SWB_OK) {
        swb__sampled_keep(last, out, pid);
    }
    return status;
}
