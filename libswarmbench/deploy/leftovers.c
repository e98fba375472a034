#include "deploy/leftovers.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "deploy/pidfd.h"

#define ENVIRONMENT_LIMIT ((size_t)1 << 20)

/* Whether one of the variables, each with its NUL, is a HOME inside `directory`. */
static bool has_home(const char *variables, size_t length, const char *directory)
{
    static const char name[] = "HOME=";
    size_t size = strlen(directory);
    for (const char *at = variables; at < variables + length; at += strlen(at) + 1) {
        if (strncmp(at, name, sizeof name - 1) == 0) {
            at += sizeof name - 1;
            return strncmp(at, directory, size) == 0 && at[size] == '/';
        }
    }
    return false;
}

static bool lives_in(pid_t pid, const char *directory)
{
    char path[64];
    char *variables;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    /* Those of other users cannot be read. */
    if (swb__read_file(&variables, &length, path, ENVIRONMENT_LIMIT, NULL) != SWB_OK) {
        return false;
    }
    bool lives = has_home(variables, length, directory);
    free(variables);
    return lives;
}

static bool end_if_leftover(pid_t pid, const char *directory, bool dry_run)
{
    if (pid == getpid() || !lives_in(pid, directory)) {
        return false;
    }
    int pidfd = swb__pidfd_open(pid);
    if (pidfd < 0) {
        return false;
    }
    /* Looked at again, now that it is held. */
    bool is_leftover = swb__pidfd_runs(pidfd) && lives_in(pid, directory);
    if (is_leftover && !dry_run) {
        swb__pidfd_end(pidfd, pid);
    }
    close(pidfd);
    return is_leftover;
}

uint32_t swb__leftovers_end(const char *directory, bool dry_run)
{
    uint32_t count = 0;
    DIR *processes = opendir("/proc");
    const struct dirent *entry;
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end == '\0' && pid > 1 && pid <= INT_MAX) {
            count += end_if_leftover((pid_t)pid, directory, dry_run);
        }
    }
    if (processes != NULL) {
        closedir(processes);
    }
    return count;
}
