#include "host/environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <swarmbench/version.h>

#include "base/file.h"

#define VALUE_SIZE 256
#define FILE_LIMIT ((size_t)1 << 20)

struct teller {
    swb__fact_fn tell;
    void *argument;
};

static void tell(const struct teller *teller, const char *name, const char *value)
{
    if (value[0] != '\0') {
        teller->tell(teller->argument, name, value);
    }
}

static void tell_number(const struct teller *teller, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    tell(teller, name, text);
}

/* The first line of a file, without its end; "" where there is none. */
static void first_line(char out[VALUE_SIZE], const char *path)
{
    char *text;
    out[0] = '\0';
    if (swb__read_file(&text, NULL, path, FILE_LIMIT, NULL) == SWB_OK) {
        snprintf(out, VALUE_SIZE, "%.*s", (int)strcspn(text, "\n"), text);
        free(text);
    }
}

/* What stands behind `key` and its separator in the first line of `text` that begins with it. */
static bool value_of(char out[VALUE_SIZE], const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, key, length) == 0 && strchr(" \t:=", line[length]) != NULL) {
            const char *value = line + length;
            value += strspn(value, " \t:=\"");
            snprintf(out, VALUE_SIZE, "%.*s", (int)strcspn(value, "\"\n"), value);
            return true;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return false;
}

static void tell_file(const struct teller *teller, const char *name, const char *path)
{
    char value[VALUE_SIZE];
    first_line(value, path);
    tell(teller, name, value);
}

static void tell_system(const struct teller *teller)
{
    struct utsname names;
    char value[3 * sizeof names.release + 8];
    char *text;
    tell(teller, "swarmbench", SWB_VERSION_STRING);
    if (uname(&names) == 0) {
        snprintf(value, sizeof value, "%s %s %s", names.sysname, names.release, names.machine);
        tell(teller, "kernel", value);
        tell(teller, "kernel_build", names.version);
    }
    if (swb__read_file(&text, NULL, "/etc/os-release", FILE_LIMIT, NULL) == SWB_OK) {
        char name[VALUE_SIZE] = "";
        value_of(name, text, "PRETTY_NAME");
        tell(teller, "distribution", name);
        free(text);
    }
}

/* The flags that decide how fast hashing and ciphers are. */
static void tell_cpu_flags(const struct teller *teller, const char *cpuinfo)
{
    static const char *const wanted[] = {"aes",  "sha_ni", "avx2", "avx512f",
                                         "vaes", "sha1",   "sha2", "pmull"};
    const char *at = strstr(cpuinfo, "\nflags");
    at = at != NULL ? at : strstr(cpuinfo, "\nFeatures");
    if (at == NULL) {
        return;
    }
    char found[VALUE_SIZE] = "";
    size_t used = 0;
    size_t line = strcspn(at + 1, "\n") + 1;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char word[16];
        int length = snprintf(word, sizeof word, " %s", wanted[i]);
        const char *hit = at;
        while ((hit = strstr(hit, word)) != NULL && hit < at + line &&
               strchr(" \n", hit[length]) == NULL) {
            hit += length;
        }
        if (hit != NULL && hit < at + line) {
            used += (size_t)snprintf(found + used, sizeof found - used, "%s%s",
                                     used == 0 ? "" : " ", wanted[i]);
        }
    }
    tell(teller, "cpu_flags", found);
}

static void tell_cpu(const struct teller *teller)
{
    char *text;
    char value[VALUE_SIZE] = "";
    if (swb__read_file(&text, NULL, "/proc/cpuinfo", (size_t)64 << 20, NULL) == SWB_OK) {
        value_of(value, text, "model name");
        tell(teller, "cpu_model", value);
        tell_cpu_flags(teller, text);
        free(text);
    }
    tell_number(teller, "cpu_count", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    tell_file(teller, "cpu_governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    tell_file(teller, "clock_source",
              "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    tell_file(teller, "load_average", "/proc/loadavg");
}

/* A line of /proc/meminfo in bytes; UINT64_MAX where there is none. */
static uint64_t meminfo_bytes(const char *key)
{
    char *text;
    char value[VALUE_SIZE];
    uint64_t bytes = UINT64_MAX;
    if (swb__read_file(&text, NULL, "/proc/meminfo", FILE_LIMIT, NULL) == SWB_OK) {
        if (value_of(value, text, key)) {
            bytes = strtoull(value, NULL, 10) * 1024;
        }
        free(text);
    }
    return bytes;
}

uint64_t swb__memory_available(void)
{
    return meminfo_bytes("MemAvailable");
}

static void tell_memory(const struct teller *teller)
{
    static const struct {
        const char *name;
        const char *key;
    } rows[] = {
        {"memory_bytes", "MemTotal"},
        {"memory_available_bytes", "MemAvailable"},
        {"swap_bytes", "SwapTotal"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t bytes = meminfo_bytes(rows[i].key);
        if (bytes != UINT64_MAX) {
            tell_number(teller, rows[i].name, bytes);
        }
    }
}

static void tell_network(const struct teller *teller)
{
    tell_file(teller, "congestion_control", "/proc/sys/net/ipv4/tcp_congestion_control");
    tell_file(teller, "default_qdisc", "/proc/sys/net/core/default_qdisc");
    tell_file(teller, "tcp_rmem", "/proc/sys/net/ipv4/tcp_rmem");
    tell_file(teller, "tcp_wmem", "/proc/sys/net/ipv4/tcp_wmem");
}

/* Magic numbers as in statfs(2). */
static const char *file_system_name(uint32_t magic)
{
    static const struct {
        uint32_t magic;
        const char *name;
    } known[] = {
        {0xEF53, "ext4"},        {0x58465342, "xfs"}, {0x9123683E, "btrfs"}, {0x01021994, "tmpfs"},
        {0x794C7630, "overlay"}, {0x2FC12FC1, "zfs"}, {0x6969, "nfs"},       {0xF2F52010, "f2fs"},
        {0x65735546, "fuse"},    {0x01021997, "9p"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].magic == magic) {
            return known[i].name;
        }
    }
    return NULL;
}

static void tell_disk(const struct teller *teller, const char *work_dir)
{
    struct statfs info;
    uint64_t bytes;
    if (statfs(work_dir, &info) == 0) {
        char number[32];
        uint32_t magic = (uint32_t)info.f_type;
        snprintf(number, sizeof number, "0x%x", magic);
        const char *name = file_system_name(magic);
        tell(teller, "work_dir_file_system", name != NULL ? name : number);
    }
    if (swb__free_bytes(&bytes, work_dir, NULL) == SWB_OK) {
        tell_number(teller, "work_dir_free_bytes", bytes);
    }
}

/* As far as it shows without privileges: the CPU's flag, and what the firmware calls itself. */
static void tell_virtualization(const struct teller *teller)
{
    char *text;
    if (swb__read_file(&text, NULL, "/proc/cpuinfo", (size_t)64 << 20, NULL) == SWB_OK) {
        if (strstr(text, " hypervisor") != NULL) {
            tell(teller, "virtual_machine", "yes");
        }
        free(text);
    }
    tell_file(teller, "machine", "/sys/class/dmi/id/product_name");
    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0) {
        tell(teller, "container", "yes");
    }
    bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
    bool v1 = access("/sys/fs/cgroup/cpu", F_OK) == 0 || access("/sys/fs/cgroup/memory", F_OK) == 0;
    tell(teller, "cgroup_version", v2 ? "2" : v1 ? "1" : "none");
}

static void tell_limits(const struct teller *teller)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        tell_number(teller, "open_files_soft", (uint64_t)files.rlim_cur);
        tell_number(teller, "open_files_hard", (uint64_t)files.rlim_max);
    }
    tell_file(teller, "inotify_instances", "/proc/sys/fs/inotify/max_user_instances");
    tell_file(teller, "inotify_watches", "/proc/sys/fs/inotify/max_user_watches");
    tell(teller, "user", geteuid() == 0 ? "root" : "not root");
}

void swb__environment_tell(const char *work_dir, swb__fact_fn fact, void *argument)
{
    const struct teller teller = {fact, argument};
    tell_system(&teller);
    tell_cpu(&teller);
    tell_memory(&teller);
    tell_network(&teller);
    tell_disk(&teller, work_dir);
    tell_virtualization(&teller);
    tell_limits(&teller);
}
