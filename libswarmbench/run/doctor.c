/* What this machine can do, and how to get the rest. */
#define _GNU_SOURCE
#include <swarmbench/environment.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <swarmbench/erasure.h>
#include <swarmbench/results.h>
#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>
#include <swarmbench/version.h>

#include "base/file.h"
#include "base/units.h"
#include "base/writer.h"
#include "host/blocks.h"
#include "host/environment.h"
#include "run/probe.h"

#define PATH_SIZE 4096
#define TEXT_SIZE 512
/* What the largest swarm of the examples needs: 32 nodes and a tracker. */
#define FILES_NEEDED 512
#define INOTIFY_NEEDED 64
#define DISK_NEEDED_BYTES (UINT64_C(4) * 1000 * 1000 * 1000)
#define MEMORY_NEEDED_BYTES (UINT64_C(2) * 1000 * 1000 * 1000)

struct doctor {
    swb__writer writer;
    bool json;
    int lacks;
    swb_loop *loop;
    char work_dir[PATH_SIZE];
};

static void begin_group(struct doctor *doctor, const char *name)
{
    if (!doctor->json) {
        swb__writer_printf(&doctor->writer, "\n%s\n", name);
    }
}

/* One line of the findings. `value`: what was found; `how`: what to do about a lack. */
static void find(struct doctor *doctor, const char *group, const char *name, bool there,
                 const char *value, const char *how)
{
    swb__writer *writer = &doctor->writer;
    doctor->lacks += !there;
    if (!doctor->json) {
        swb__writer_printf(writer, "  %-8s %-16s ", there ? "ok" : "MISSING", name);
        swb__writer_text(writer, value);
        if (!there) {
            swb__writer_text(writer, value[0] != '\0' ? "; " : "");
            swb__writer_text(writer, how);
        }
        swb__writer_text(writer, "\n");
        return;
    }
    swb__json_open(writer, '{');
    swb__json_key(writer, "group");
    swb__json_string(writer, group);
    swb__json_key(writer, "name");
    swb__json_string(writer, name);
    swb__json_key(writer, "ok");
    swb__json_bool(writer, there);
    swb__json_key(writer, "value");
    swb__json_string(writer, value);
    swb__json_key(writer, "how");
    swb__json_string(writer, there ? NULL : how);
    swb__json_close(writer, '}');
}

static void examine_driver(struct doctor *doctor, const swb_driver *driver)
{
    char path[PATH_SIZE];
    char version[128] = "";
    char value[TEXT_SIZE];
    const char *program = swb_driver_program(driver, NULL);
    if (program == NULL) {
        find(doctor, "drivers", driver->name, true, "needs no program", NULL);
    } else if (swb__find_program(path, sizeof path, program)) {
        swb__probe_version(version, sizeof version, doctor->loop, path, NULL);
        snprintf(value, sizeof value, "%s%s%.300s", version, version[0] != '\0' ? ", " : "", path);
        find(doctor, "drivers", driver->name, true, value, NULL);
    } else {
        snprintf(value, sizeof value, "no program '%.300s'", program);
        find(doctor, "drivers", driver->name, false, value,
             driver->package != NULL ? driver->package : "install it");
    }
}

static void examine_drivers(struct doctor *doctor)
{
    const swb_driver *driver;
    begin_group(doctor, "drivers");
    for (size_t i = 0; (driver = swb_driver_at(i)) != NULL; i++) {
        examine_driver(doctor, driver);
    }
}

/* What a build may lack. */
static void examine_build(struct doctor *doctor)
{
    const char *erasure = swb_erasure_library();
    begin_group(doctor, "build");
    find(doctor, "build", "erasure coding", erasure != NULL, erasure != NULL ? erasure : "left out",
         "install ISA-L (Debian: libisal-dev) and build swarmbench again");
    const char *page = swb_page_library();
    find(doctor, "build", "charts in pages", page != NULL, page != NULL ? page : "left out",
         "run examples/install-npm.sh of swarmbench's sources (it needs npm) and build again");
}

static void examine_deployers(struct doctor *doctor)
{
    const swb_deployer *deployer;
    char path[PATH_SIZE];
    begin_group(doctor, "deployers");
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        find(doctor, "deployers", deployer->name, true, deployer->description, NULL);
    }
    bool there = swb__find_program(path, sizeof path, "setpriv");
    find(doctor, "deployers", "setpriv", there, there ? path : "ties nodes to their runner",
         "install util-linux");
}

/* The number in a file of /proc/sys; 0 where there is none. */
static uint64_t number_in(const char *path)
{
    char *text;
    uint64_t number = 0;
    if (swb__read_file(&text, NULL, path, TEXT_SIZE, NULL) == SWB_OK) {
        number = strtoull(text, NULL, 10);
        free(text);
    }
    return number;
}

static void examine_inotify(struct doctor *doctor, const char *name, const char *path)
{
    char value[TEXT_SIZE];
    char how[TEXT_SIZE];
    uint64_t number = number_in(path);
    snprintf(value, sizeof value, "%" PRIu64, number);
    snprintf(how, sizeof how, "%d are needed: write a higher number to %s", INOTIFY_NEEDED, path);
    find(doctor, "kernel", name, number >= INOTIFY_NEEDED, value, how);
}

static bool has_pidfd(void)
{
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static void examine_kernel(struct doctor *doctor)
{
    begin_group(doctor, "kernel");
    examine_inotify(doctor, "inotify objects", "/proc/sys/fs/inotify/max_user_instances");
    examine_inotify(doctor, "inotify watches", "/proc/sys/fs/inotify/max_user_watches");
    find(doctor, "kernel", "pidfd", has_pidfd(), "names processes for good",
         "use Linux 5.3 or later");
    find(doctor, "kernel", "file blocks", swb__blocks_usable(doctor->work_dir), doctor->work_dir,
         "its file system does not tell blocks and holes at once, so first and last byte come from "
         "the clients: set TMPDIR to a directory on ext4, xfs, btrfs or tmpfs");
}

static void examine_amount(struct doctor *doctor, const char *name, uint64_t found, uint64_t needed,
                           const char *where)
{
    char found_text[32];
    char needed_text[32];
    char value[TEXT_SIZE];
    char how[TEXT_SIZE];
    swb__format_bytes(found_text, sizeof found_text, (double)found);
    swb__format_bytes(needed_text, sizeof needed_text, (double)needed);
    snprintf(value, sizeof value, "%s free%s%.300s", found_text, where[0] != '\0' ? " in " : "",
             where);
    snprintf(how, sizeof how, "32 nodes with 100 MB need %s", needed_text);
    find(doctor, "limits", name, found >= needed, value, how);
}

static void examine_limits(struct doctor *doctor)
{
    struct rlimit files = {0};
    uint64_t disk = 0;
    char value[TEXT_SIZE];
    char how[TEXT_SIZE];
    begin_group(doctor, "limits");
    getrlimit(RLIMIT_NOFILE, &files);
    snprintf(value, sizeof value, "%llu", (unsigned long long)files.rlim_cur);
    snprintf(how, sizeof how, "ulimit -n %d", FILES_NEEDED);
    find(doctor, "limits", "open files", files.rlim_cur >= FILES_NEEDED, value, how);
    swb__free_bytes(&disk, doctor->work_dir, NULL);
    examine_amount(doctor, "disk", disk, DISK_NEEDED_BYTES, doctor->work_dir);
    examine_amount(doctor, "memory", swb__memory_available(), MEMORY_NEEDED_BYTES, "");
}

static void tell_fact(void *argument, const char *name, const char *value)
{
    struct doctor *doctor = argument;
    if (doctor->json) {
        swb__json_key(&doctor->writer, name);
        swb__json_string(&doctor->writer, value);
    } else {
        swb__writer_printf(&doctor->writer, "  %-25s ", name);
        swb__writer_text(&doctor->writer, value);
        swb__writer_text(&doctor->writer, "\n");
    }
}

static void examine(struct doctor *doctor)
{
    examine_drivers(doctor);
    examine_build(doctor);
    examine_deployers(doctor);
    examine_kernel(doctor);
    examine_limits(doctor);
}

static void write_text(struct doctor *doctor)
{
    swb__writer_printf(&doctor->writer, "swarmbench %s\n", SWB_VERSION_STRING);
    examine(doctor);
    begin_group(doctor, "machine");
    swb__environment_tell(doctor->work_dir, tell_fact, doctor);
    swb__writer_printf(&doctor->writer, "\n%d %s missing\n", doctor->lacks,
                       doctor->lacks == 1 ? "thing is" : "things are");
}

static void write_json(struct doctor *doctor)
{
    swb__writer *writer = &doctor->writer;
    swb__json_open(writer, '{');
    swb__json_key(writer, "findings");
    swb__json_open(writer, '[');
    examine(doctor);
    swb__json_close(writer, ']');
    swb__json_key(writer, "lacks");
    swb__json_int(writer, doctor->lacks);
    swb__json_key(writer, "machine");
    swb__json_open(writer, '{');
    swb__environment_tell(doctor->work_dir, tell_fact, doctor);
    swb__json_close(writer, '}');
    swb__json_close(writer, '}');
    swb__writer_text(writer, "\n");
}

int swb_doctor(swb_format format, int fd, swb_error *error)
{
    const char *temporary = getenv("TMPDIR");
    if (format != SWB_FORMAT_TEXT && format != SWB_FORMAT_JSON) {
        return swb__fail(error, SWB_EINVAL, "the doctor writes text or JSON, not format %d",
                         (int)format);
    }
    struct doctor *doctor = calloc(1, sizeof *doctor);
    if (doctor == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb__loop_create(&doctor->loop, error);
    if (status == SWB_OK) {
        swb__writer_init(&doctor->writer, fd);
        doctor->json = format == SWB_FORMAT_JSON;
        snprintf(doctor->work_dir, sizeof doctor->work_dir, "%s",
                 temporary != NULL && temporary[0] != '\0' ? temporary : "/var/tmp");
        (doctor->json ? write_json : write_text)(doctor);
        swb__loop_destroy(doctor->loop);
        status = swb__writer_finish(&doctor->writer, error);
        status = status == SWB_OK ? doctor->lacks : status;
    }
    free(doctor);
    return status;
}
