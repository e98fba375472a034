/* host/container and host/interfaces: what control groups and interfaces count. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "host/container.h"
#include "host/interfaces.h"
#include "host/sampler.h"

#define NODE 100
#define AGENT 200

/* Where the node's own mounts show its groups. */
#define GROUPS                                                                                     \
    "100/root"                                                                                     \
    "/sys/fs/cgroup/"

/* A /proc of our own. */
struct fixture {
    char proc[64];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->proc, sizeof fixture->proc, "/tmp/swb-proc-XXXXXX");
    assert_non_null(mkdtemp(fixture->proc));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    swb__remove_tree(fixture->proc, NULL);
    free(fixture);
    return 0;
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", fixture->proc, name);
    *strrchr(path, '/') = '\0';
    assert_int_equal(swb__make_dirs(path, 0755, NULL), SWB_OK);
    path[strlen(path)] = '/';
    assert_int_equal(swb__write_file(path, 0644, text, strlen(text), NULL), SWB_OK);
}

static swb_sample sample_of(const struct fixture *fixture, unsigned replaced)
{
    swb_sample sample = {.cpu_ns = 1,
                         .rss_bytes = 2,
                         .rss_anon_bytes = 3,
                         .disk_read_bytes = 4,
                         .disk_written_bytes = 5};
    assert_int_equal(swb__sample_container(&sample, fixture->proc, NODE, AGENT), replaced);
    return sample;
}

/* As an agent sees its neighbour in a pod of containerd with a namespace of control groups. */
static void unified_groups_of_another_container_are_read(void **state)
{
    const struct fixture *fixture = *state;
    put(fixture, "100/cgroup", "0::/../node\n");
    put(fixture, "200/cgroup", "0::/\n");
    put(fixture, "100/mountinfo",
        "24 23 0:21 / /proc rw - proc proc rw\n"
        "25 23 0:22 /../node /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup rw,nsdelegate\n");
    put(fixture, GROUPS "cpu.stat", "usage_usec 1234567\nuser_usec 1\n");
    put(fixture, GROUPS "memory.stat",
        "anon 1000000\nfile 9000000\nfile_mapped 500000\nanon_thp 7\n");
    put(fixture, GROUPS "io.stat",
        "8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n"
        "259:1 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n");
    swb_sample sample = sample_of(fixture, 3);
    assert_true(sample.cpu_ns == UINT64_C(1234567000));
    assert_true(sample.rss_anon_bytes == 1000000 && sample.rss_bytes == 1500000);
    assert_true(sample.disk_read_bytes == 110 && sample.disk_written_bytes == 220);
}

static void groups_of_version_1_are_read(void **state)
{
    const struct fixture *fixture = *state;
    put(fixture, "100/cgroup",
        "11:memory:/kubepods/pod1/node\n4:cpuacct,cpu:/kubepods/pod1/node\n"
        "3:blkio:/kubepods/pod1/node\n1:name=systemd:/x\n0::/\n");
    put(fixture, "200/cgroup",
        "11:memory:/kubepods/pod1/agent\n4:cpuacct,cpu:/kubepods/pod1/agent\n"
        "3:blkio:/kubepods/pod1/agent\n1:name=systemd:/x\n0::/\n");
    put(fixture, "100/mountinfo",
        "30 25 0:26 /kubepods/pod1/node /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        "31 25 0:27 /kubepods/pod1/node /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
        "32 25 0:28 / /sys/fs/cgroup/blkio ro - cgroup cgroup rw,blkio\n");
    put(fixture, GROUPS "memory/memory.stat",
        "cache 5\nrss 1\nmapped_file 1\ntotal_rss 40000\ntotal_mapped_file 2000\n");
    put(fixture, GROUPS "cpu/cpuacct.usage", "987654321\n");
    put(fixture, GROUPS "blkio/kubepods/pod1/node/blkio.throttle.io_service_bytes",
        "8:0 Read 11\n8:0 Write 22\n8:0 Sync 33\n8:0 Total 33\n8:16 Read 1\n8:16 Write 2\n"
        "Total 36\n");
    swb_sample sample = sample_of(fixture, 3);
    assert_true(sample.cpu_ns == 987654321);
    assert_true(sample.rss_anon_bytes == 40000 && sample.rss_bytes == 42000);
    assert_true(sample.disk_read_bytes == 12 && sample.disk_written_bytes == 24);
}

/* Before anything was written the file is empty: /proc's counters mean something else. */
static void group_that_has_not_touched_a_disk_has_read_and_written_nothing(void **state)
{
    const struct fixture *fixture = *state;
    put(fixture, "100/cgroup", "0::/../node\n");
    put(fixture, "200/cgroup", "0::/\n");
    put(fixture, "100/mountinfo",
        "25 23 0:22 /../node /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup rw,nsdelegate\n");
    put(fixture, GROUPS "io.stat", "");
    swb_sample sample = sample_of(fixture, 1);
    assert_true(sample.disk_read_bytes == 0 && sample.disk_written_bytes == 0);
}

static void group_that_is_ours_too_is_left_alone(void **state)
{
    const struct fixture *fixture = *state;
    put(fixture, "100/cgroup", "0::/user.slice\n");
    put(fixture, "200/cgroup", "0::/user.slice\n");
    put(fixture, "100/mountinfo", "25 23 0:22 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put(fixture, GROUPS "user.slice/cpu.stat", "usage_usec 1234567\n");
    swb_sample sample = sample_of(fixture, 0);
    assert_true(sample.cpu_ns == 1 && sample.rss_bytes == 2 && sample.disk_written_bytes == 5);
}

static void group_that_is_not_mounted_there_is_left_alone(void **state)
{
    const struct fixture *fixture = *state;
    put(fixture, "100/cgroup", "0::/../node\n");
    put(fixture, "200/cgroup", "0::/\n");
    put(fixture, "100/mountinfo",
        "25 23 0:22 /../nodes /sys/fs/cgroup ro - cgroup2 cgroup rw\nno mount\n\n"
        "26 23 0:22 / /elsewhere ro - cgroup2 cgroup rw\n");
    put(fixture, GROUPS "cpu.stat", "usage_usec 1234567\n");
    assert_true(sample_of(fixture, 0).cpu_ns == 1);
}

static void process_without_groups_is_left_alone(void **state)
{
    assert_true(sample_of(*state, 0).cpu_ns == 1);
    put(*state, "100/cgroup", "nonsense");
    put(*state, "200/cgroup", "");
    put(*state, "100/mountinfo", "nonsense - \n");
    assert_true(sample_of(*state, 0).cpu_ns == 1);
}

static void spin(pid_t *child)
{
    *child = fork();
    if (*child == 0) {
        for (;;) {
        }
    }
    assert_true(*child > 0);
}

/* On the machine itself, where it lets us make a group. */
static void group_of_a_real_process_is_read(void **state)
{
    static const char *const hierarchies[] = {"/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup"};
    char group[128] = "";
    char path[160];
    char pid[32];
    pid_t child;
    swb_sample sample;
    const struct timespec while_it_spins = {0, 300000000};
    (void)state;
    for (size_t i = 0; i < 2 && group[0] == '\0'; i++) {
        snprintf(group, sizeof group, "%s/swb-test-%ld", hierarchies[i], (long)getpid());
        if (mkdir(group, 0755) != 0) {
            group[0] = '\0';
        }
    }
    if (group[0] == '\0') {
        printf("SKIP: no control group can be made here\n");
        skip();
    }
    spin(&child);
    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    snprintf(pid, sizeof pid, "%ld", (long)child);
    int status = swb__write_file(path, 0644, pid, strlen(pid), NULL);
    unsigned replaced = 0;
    if (status == SWB_OK) {
        nanosleep(&while_it_spins, NULL);
        status = swb__sample_process(&sample, child);
        sample.cpu_ns = 0;
        replaced = swb__sample_container(&sample, "/proc", child, getpid());
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int i = 0; i < 100 && rmdir(group) != 0; i++) {
        nanosleep(&(const struct timespec){0, 10000000}, NULL);
    }
    assert_int_equal(status, SWB_OK);
    assert_true(replaced >= 1);
    assert_true(sample.cpu_ns > 10000000 && sample.cpu_ns < UINT64_C(10000000000));
}

static const char net_dev[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
    "    lo: 5000 5 0 0 0 0 0 0 5000 5 0 0 0 0 0 0\n"
    "  eth0:18446744073709551615 7 0 0 0 0 0 0 2000 8 0 0 0 0 0 0\n"
    "net1: 30 1 2 3 4 5 6 7 400 9 0 0 0 0 0 0\n";

static void interfaces_are_counted_without_the_loopback(void **state)
{
    const struct fixture *fixture = *state;
    char path[96];
    uint64_t in;
    uint64_t out;
    snprintf(path, sizeof path, "%s/dev", fixture->proc);
    put(fixture, "dev", net_dev);
    assert_int_equal(swb__interfaces_count(&in, &out, path, NULL), SWB_OK);
    assert_true(in == 29 && out == 2400); /* the kernel's own counters wrap the same way */
    assert_int_equal(swb__interfaces_count(&in, &out, path, "net1"), SWB_OK);
    assert_true(in == 30 && out == 400);
    assert_int_equal(swb__interfaces_count(&in, &out, path, "lo"), SWB_OK);
    assert_true(in == 5000 && out == 5000);
    assert_int_equal(swb__interfaces_count(&in, &out, path, "eth1"), SWB_ENOENT);
    assert_int_equal(swb__interfaces_count(&in, &out, "/nonexistent", NULL), SWB_EIO);
    put(fixture, "dev", "garbage\n: 1 2\n");
    assert_int_equal(swb__interfaces_count(&in, &out, path, NULL), SWB_ENOENT);
}

static void loopback_of_this_machine_is_counted(void **state)
{
    uint64_t in;
    uint64_t out;
    (void)state;
    assert_int_equal(swb__interfaces_count(&in, &out, "/proc/net/dev", "lo"), SWB_OK);
}

#define CONTAINER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTAINER_TEST(unified_groups_of_another_container_are_read),
        CONTAINER_TEST(groups_of_version_1_are_read),
        CONTAINER_TEST(group_that_has_not_touched_a_disk_has_read_and_written_nothing),
        CONTAINER_TEST(group_that_is_ours_too_is_left_alone),
        CONTAINER_TEST(group_that_is_not_mounted_there_is_left_alone),
        CONTAINER_TEST(process_without_groups_is_left_alone),
        CONTAINER_TEST(group_of_a_real_process_is_read),
        CONTAINER_TEST(interfaces_are_counted_without_the_loopback),
        CONTAINER_TEST(loopback_of_this_machine_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
