#include "host/container.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define PATH_SIZE 4096
#define FILE_LIMIT ((size_t)1 << 20)

static char *read_text(const char *path)
{
    char *text = NULL;
    return swb__read_file(&text, NULL, path, FILE_LIMIT, NULL) == SWB_OK ? text : NULL;
}

static char *read_of(const char *proc, pid_t pid, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%ld/%s", proc, (long)pid, name);
    return read_text(path);
}

/* Whether `list`, separated by commas, has `wanted`. */
static bool has_word(const char *list, const char *wanted)
{
    size_t length = strlen(wanted);
    while (*list != '\0') {
        size_t span = strcspn(list, ",");
        if (span == length && strncmp(list, wanted, length) == 0) {
            return true;
        }
        list += span;
        list += *list == ',';
    }
    return false;
}

/* The path in /proc/PID/cgroup, "ID:CONTROLLERS:PATH", of a v1 controller, or of v2 where that is
 * "". */
static bool find_group(char out[PATH_SIZE], const char *text, const char *controller)
{
    for (const char *line = text; line != NULL && *line != '\0';) {
        char controllers[256] = "";
        const char *colon = strchr(line, ':');
        const char *second = colon == NULL ? NULL : strchr(colon + 1, ':');
        if (second == NULL) {
            return false;
        }
        snprintf(controllers, sizeof controllers, "%.*s", (int)(second - colon - 1), colon + 1);
        if (controller[0] == '\0' ? controllers[0] == '\0' : has_word(controllers, controller)) {
            snprintf(out, PATH_SIZE, "%.*s", (int)strcspn(second + 1, "\n"), second + 1);
            return true;
        }
        line = strchr(second, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return false;
}

/* Whether a mount of /proc/PID/mountinfo shows the hierarchy of `controller`; fills its root and
 * its place. */
static bool is_mount_of(char root[PATH_SIZE], char place[PATH_SIZE], const char *line,
                        const char *controller)
{
    char type[32];
    char options[512];
    const char *dash = strstr(line, " - ");
    const char *end = strchr(line, '\n');
    if (dash == NULL || (end != NULL && dash > end) ||
        sscanf(line, "%*d %*d %*s %4095s %4095s", root, place) != 2 ||
        sscanf(dash, " - %31s %*s %511s", type, options) != 2) {
        return false;
    }
    return controller[0] == '\0' ? strcmp(type, "cgroup2") == 0
                                 : strcmp(type, "cgroup") == 0 && has_word(options, controller);
}

/* The part of `path` below `root`, both as seen by us; NULL where it does not lie there. */
static const char *below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0')) {
        return NULL;
    }
    const char *rest = path + length;
    return strstr(rest, "/..") == NULL ? rest : NULL;
}

/* The directory of the process's group of this controller. False where it cannot be reached, or is
 * that of `self` too. */
static bool find_directory(char out[PATH_SIZE], const char *proc, pid_t pid, pid_t self,
                           const char *controller)
{
    char path[PATH_SIZE];
    char own[PATH_SIZE];
    char root[PATH_SIZE];
    char place[PATH_SIZE];
    char *groups = read_of(proc, pid, "cgroup");
    char *own_groups = read_of(proc, self, "cgroup");
    char *mounts = read_of(proc, pid, "mountinfo");
    bool found = false;
    if (groups != NULL && own_groups != NULL && mounts != NULL &&
        find_group(path, groups, controller) && find_group(own, own_groups, controller) &&
        strcmp(path, own) != 0) {
        for (const char *line = mounts; line != NULL && !found;) {
            const char *rest = NULL;
            if (is_mount_of(root, place, line, controller)) {
                rest = below(path, root);
            }
            if (rest != NULL) {
                int length = snprintf(out, PATH_SIZE, "%s/%ld/root%s%s", proc, (long)pid, place,
                                      strcmp(rest, "/") == 0 ? "" : rest);
                found = length > 0 && length < PATH_SIZE;
            }
            line = strchr(line, '\n');
            line = line == NULL ? NULL : line + 1;
        }
    }
    free(groups);
    free(own_groups);
    free(mounts);
    return found;
}

/* A file of the group; NULL where there is none. */
static char *read_in(const char *directory, const char *name)
{
    char path[PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return read_text(path);
}

/* The number behind `key` and a space at the begin of a line. */
static bool value_of(uint64_t *out, const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL;) {
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            *out = strtoull(line + length, NULL, 10);
            return true;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return false;
}

static bool sample_cpu(swb_sample *sample, const char *v2, const char *v1)
{
    uint64_t value;
    char *text = v2 != NULL ? read_in(v2, "cpu.stat") : NULL;
    bool found = text != NULL && value_of(&value, text, "usage_usec");
    free(text);
    if (found) {
        sample->cpu_ns = value * 1000;
        return true;
    }
    text = v1 != NULL ? read_in(v1, "cpuacct.usage") : NULL;
    if (text != NULL && sscanf(text, "%" SCNu64, &value) == 1) {
        sample->cpu_ns = value;
        found = true;
    }
    free(text);
    return found;
}

/* What is resident in the sense of /proc: anonymous pages, and file pages that are mapped. */
static bool sample_memory(swb_sample *sample, const char *v2, const char *v1)
{
    uint64_t anonymous = 0;
    uint64_t mapped = 0;
    char *text = v2 != NULL ? read_in(v2, "memory.stat") : NULL;
    bool found = text != NULL && value_of(&anonymous, text, "anon") &&
                 value_of(&mapped, text, "file_mapped");
    if (!found) {
        free(text);
        text = v1 != NULL ? read_in(v1, "memory.stat") : NULL;
        found = text != NULL && value_of(&anonymous, text, "total_rss") &&
                value_of(&mapped, text, "total_mapped_file");
    }
    free(text);
    if (found) {
        sample->rss_anon_bytes = anonymous;
        sample->rss_bytes = anonymous + mapped;
    }
    return found;
}

/* Sums over the devices: v2 "8:0 rbytes=1 wbytes=2 ...", v1 "8:0 Read 1", "8:0 Write 2". No device
 * is named before it was used: that is 0, and no reason to look for another counter later. */
static void sum_disk(uint64_t *read_out, uint64_t *written_out, const char *text, bool is_v2)
{
    uint64_t read = 0;
    uint64_t written = 0;
    for (const char *line = text; line != NULL && *line != '\0';) {
        uint64_t first = 0;
        uint64_t second = 0;
        char verb[16];
        if (is_v2) {
            if (sscanf(line, "%*u:%*u rbytes=%" SCNu64 " wbytes=%" SCNu64, &first, &second) == 2) {
                read += first;
                written += second;
            }
        } else if (sscanf(line, "%*u:%*u %15s %" SCNu64, verb, &first) == 2) {
            read += strcmp(verb, "Read") == 0 ? first : 0;
            written += strcmp(verb, "Write") == 0 ? first : 0;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    *read_out = read;
    *written_out = written;
}

static bool sample_disk(swb_sample *sample, const char *v2, const char *v1)
{
    char *text = v2 != NULL ? read_in(v2, "io.stat") : NULL;
    bool is_v2 = text != NULL;
    if (!is_v2) {
        text = v1 != NULL ? read_in(v1, "blkio.throttle.io_service_bytes") : NULL;
    }
    bool found = text != NULL;
    if (found) {
        sum_disk(&sample->disk_read_bytes, &sample->disk_written_bytes, text, is_v2);
    }
    free(text);
    return found;
}

unsigned swb__sample_container(swb_sample *sample, const char *proc, pid_t pid, pid_t self)
{
    static const struct {
        const char *controller; /* of v1 */
        bool (*sample)(swb_sample *sample, const char *v2, const char *v1);
    } kinds[] = {
        {"cpuacct", sample_cpu},
        {"memory", sample_memory},
        {"blkio", sample_disk},
    };
    char v2[PATH_SIZE];
    char v1[PATH_SIZE];
    unsigned replaced = 0;
    bool has_v2 = find_directory(v2, proc, pid, self, "");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool has_v1 = find_directory(v1, proc, pid, self, kinds[i].controller);
        replaced += kinds[i].sample(sample, has_v2 ? v2 : NULL, has_v1 ? v1 : NULL);
    }
    return replaced;
}
