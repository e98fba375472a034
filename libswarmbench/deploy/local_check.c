#include "deploy/local_site.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <swarmbench/erasure.h>

#include "base/file.h"
#include "base/units.h"
#include "host/environment.h"

#define PATH_SIZE 4096
#define NODE_DISK_BYTES (UINT64_C(64) << 20)
/* Descriptors of the runner for a node (process, watch, connections) and for itself. */
#define NODE_FILES 12
#define OWN_FILES 64

bool swb__local_seeds_file(const swb_node_request *request)
{
    return request->role == SWB_ROLE_SEEDER && request->driver->kind == SWB_DRIVER_TORRENT;
}

static int check_shaping(const swb_site_request *request, swb_error *error)
{
    char rate[32];
    if (request->up_bps != 0 || request->down_bps != 0) {
        uint64_t bps = request->up_bps != 0 ? request->up_bps : request->down_bps;
        return swb__fail(error, SWB_EINPUT,
                         "'local' cannot limit the network to %s: leave 'network' out, or deploy "
                         "to a place that shapes",
                         swb__format_exact_rate(rate, sizeof rate, bps));
    }
    if (request->delay_ns != 0 || request->loss > 0) {
        return swb__fail(error, SWB_EINPUT,
                         "'local' cannot add delay or loss to the network: leave 'network' out, or "
                         "deploy to a place that shapes");
    }
    return SWB_OK;
}

static int check_programs(const swb_site_request *request, swb_error *error)
{
    char path[PATH_SIZE];
    if (!swb__find_program(path, sizeof path, "setpriv")) {
        return swb__fail(error, SWB_EENV,
                         "program 'setpriv' is missing (it ties the nodes to the runner): install "
                         "util-linux");
    }
    for (size_t i = 0; i < request->node_count; i++) {
        const swb_driver *driver = request->nodes[i].driver;
        const char *program = swb_driver_program(driver, request->nodes[i].options);
        if (!swb__find_program(path, sizeof path, program)) {
            return swb__fail(error, SWB_EENV, "program '%s' of driver '%s' is missing: %s", program,
                             driver->name, driver->package);
        }
    }
    return SWB_OK;
}

/* The directory itself, or what is there of the way to it. */
static void existing_part(char out[PATH_SIZE], const char *path)
{
    snprintf(out, PATH_SIZE, "%s", path);
    while (access(out, F_OK) != 0 && strchr(out, '/') != NULL) {
        char *slash = strrchr(out, '/');
        slash[slash == out] = '\0';
        if (slash == out) {
            return;
        }
    }
}

/* Of parts, a node may come to hold all. */
static uint64_t disk_needed(const swb_site_request *request)
{
    uint64_t copies = 0;
    uint64_t copy_bytes = request->content_bytes;
    bool shared = false;
    if (request->data_parts > 0) {
        copy_bytes = request->content_count *
                     swb_erasure_part_bytes(request->content_bytes, request->data_parts);
    }
    for (size_t i = 0; i < request->node_count; i++) {
        bool shares = swb__local_seeds_file(&request->nodes[i]);
        copies += request->nodes[i].role != SWB_ROLE_SERVICE && !shares;
        shared = shared || shares;
    }
    return copy_bytes * (copies + shared) + NODE_DISK_BYTES * request->node_count;
}

static int check_disk(const swb_site_request *request, swb_error *error)
{
    char path[PATH_SIZE];
    char needed_text[32];
    char free_text[32];
    uint64_t free_bytes;
    uint64_t needed = disk_needed(request);
    existing_part(path, request->work_dir);
    int status = swb__free_bytes(&free_bytes, path, error);
    if (status != SWB_OK) {
        return status;
    }
    if (access(path, W_OK | X_OK) != 0) {
        return swb__fail(error, SWB_EENV, "cannot write to %s: choose another work directory",
                         path);
    }
    if (needed > free_bytes) {
        return swb__fail(error, SWB_ENOSPACE,
                         "%s on the disk of %s are needed for %zu nodes, %s are free",
                         swb__format_bytes(needed_text, sizeof needed_text, (double)needed), path,
                         request->node_count,
                         swb__format_bytes(free_text, sizeof free_text, (double)free_bytes));
    }
    return SWB_OK;
}

static int check_memory(const swb_site_request *request, swb_error *error)
{
    char needed_text[32];
    char free_text[32];
    uint64_t needed = 0;
    uint64_t available = swb__memory_available();
    for (size_t i = 0; i < request->node_count; i++) {
        needed += request->nodes[i].driver->node_memory_bytes;
    }
    if (needed > available) {
        return swb__fail(error, SWB_EENV, "%s of memory are needed for %zu nodes, %s are available",
                         swb__format_bytes(needed_text, sizeof needed_text, (double)needed),
                         request->node_count,
                         swb__format_bytes(free_text, sizeof free_text, (double)available));
    }
    return SWB_OK;
}

static int check_files(const swb_site_request *request, swb_error *error)
{
    struct rlimit limit;
    rlim_t needed = OWN_FILES + NODE_FILES * (rlim_t)request->node_count;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed) {
        return swb__fail(error, SWB_EENV,
                         "%llu open files are allowed, %zu nodes need %llu: ulimit -n %llu",
                         (unsigned long long)limit.rlim_cur, request->node_count,
                         (unsigned long long)needed, (unsigned long long)needed);
    }
    return SWB_OK;
}

static int check_loopback(const swb_site_request *request, swb_error *error)
{
    swb__address address;
    (void)request;
    return swb__addresses_choose(&address, 1, error);
}

int swb__local_check(const swb_site_request *request, swb_error *error)
{
    static int (*const checks[])(const swb_site_request *, swb_error *) = {
        check_shaping, check_programs, check_disk, check_memory, check_files, check_loopback,
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        int status = checks[i](request, error);
        if (status != SWB_OK) {
            return status;
        }
    }
    return SWB_OK;
}
