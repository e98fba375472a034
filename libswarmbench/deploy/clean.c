/* Ending and removing what dead runners left behind, as their journals tell. */
#include "deploy/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "deploy/kubernetes_clean.h"
#include "deploy/leftovers.h"
#include "deploy/pidfd.h"
#include "io/process.h"

#define PATH_SIZE 4096
#define JOURNAL_LIMIT ((size_t)16 << 20)

struct cleaner {
    swb_clean_report report;
    char boot[SWB__JOURNAL_BOOT_SIZE];
    bool dry_run;
    bool keep_held;
    uint32_t noted;   /* processes of the journal at hand: by its lines, */
    uint32_t found;   /* and by their home; in a dry run these are the same ones again */
    bool keep;        /* the journal at hand names what could not be removed */
    int status;       /* the first failure; the rest is cleaned all the same */
    swb_error *error; /* tells it */
};

static void fail(struct cleaner *cleaner, const swb_error *error)
{
    cleaner->keep = true;
    if (cleaner->status == SWB_OK) {
        cleaner->status = swb__fail(cleaner->error, error->status, "%s", error->message);
    }
}

/* Whether it is the process that was noted, and not a later one of the same number. */
static bool is_process(int pidfd, pid_t pid, uint64_t ticks)
{
    uint64_t found;
    return swb__process_start_ticks(&found, pid) == SWB_OK && found == ticks &&
           swb__pidfd_runs(pidfd);
}

/* "PID START_TICKS BOOT_ID"; anything else is passed over. */
static void clean_process(struct cleaner *cleaner, const char *text)
{
    char *at;
    errno = 0;
    long pid = strtol(text, &at, 10);
    if (*at != ' ' || pid <= 1 || pid > INT32_MAX) {
        return;
    }
    uint64_t ticks = strtoull(at + 1, &at, 10);
    if (*at != ' ' || errno != 0 || strcmp(at + 1, cleaner->boot) != 0) {
        return;
    }
    int pidfd = swb__pidfd_open((pid_t)pid);
    if (pidfd < 0) {
        return;
    }
    if (is_process(pidfd, (pid_t)pid, ticks)) {
        cleaner->noted++;
        if (!cleaner->dry_run) {
            swb__pidfd_end(pidfd, (pid_t)pid);
        }
    }
    close(pidfd);
}

static void clean_directory(struct cleaner *cleaner, const char *path)
{
    swb_error error = SWB_ERROR_INIT;
    if (!swb__journal_owns_directory(path)) {
        return;
    }
    cleaner->found += swb__leftovers_end(path, cleaner->dry_run);
    if (!cleaner->dry_run && swb__journal_remove_directory(path, &error) != SWB_OK) {
        fail(cleaner, &error);
        return;
    }
    cleaner->report.directories++;
}

static void clean_cluster(struct cleaner *cleaner, const char *text)
{
    swb_error error = SWB_ERROR_INIT;
    uint32_t count = 0;
#ifdef SWB_HAVE_KUBERNETES
    int status = swb__kubernetes_clean(&count, text, cleaner->dry_run, &error);
#else
    int status =
        swb__fail(&error, SWB_EUNSUPPORTED,
                  "'%.300s' was made by a build with Kubernetes, which this one lacks", text);
#endif
    cleaner->report.objects += count;
    if (status != SWB_OK) {
        fail(cleaner, &error);
    }
}

/* Calls `clean` with what follows `key` in each line that begins with it. */
static void each_line(struct cleaner *cleaner, char *text, size_t length, const char *key,
                      void (*clean)(struct cleaner *, const char *))
{
    size_t key_length = strlen(key);
    for (char *line = text, *end; line < text + length; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + length - line));
        if (end == NULL) {
            return; /* cut short: what it was to name was not made yet */
        }
        *end = '\0';
        if (strncmp(line, key, key_length) == 0) {
            clean(cleaner, line + key_length);
        }
        *end = '\n';
    }
}

/* "NUMBER TEXT"; told unless a later line frees or replaces it. `rest`: what follows that line. */
static bool is_held(const char *text, size_t length, const char *rest)
{
    char freed[64];
    char again[64];
    snprintf(freed, sizeof freed, "\nfreed %.*s\n", (int)length, text);
    snprintf(again, sizeof again, "\nheld %.*s ", (int)length, text);
    return length > 0 && length < 21 && text[length] == ' ' && strstr(rest, freed) == NULL &&
           strstr(rest, again) == NULL;
}

/* Contents on attached nodes: they can only be told. */
static void tell_held(struct cleaner *cleaner, const char *journal)
{
    static const char key[] = "held ";
    swb_clean_report *report = &cleaner->report;
    for (const char *line = journal, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *text = line + sizeof key - 1;
        size_t digits = strspn(text, "0123456789");
        if (strncmp(line, key, sizeof key - 1) != 0 || !is_held(text, digits, end)) {
            continue;
        }
        size_t used = strlen(report->held_text);
        size_t length = (size_t)(end - text) - digits; /* with its '\n', without the space */
        report->held++;
        if (used + length < sizeof report->held_text) {
            snprintf(report->held_text + used, sizeof report->held_text - used, "%.*s", (int)length,
                     text + digits + 1);
        }
        cleaner->keep |= cleaner->keep_held;
    }
}

static void clean_journal(struct cleaner *cleaner, const char *path)
{
    char *text;
    size_t length;
    swb_error error = SWB_ERROR_INIT;
    cleaner->report.journals++;
    cleaner->keep = cleaner->dry_run;
    cleaner->noted = cleaner->found = 0;
    if (swb__read_file(&text, &length, path, JOURNAL_LIMIT, &error) != SWB_OK) {
        fail(cleaner, &error);
        return;
    }
    /* Processes first: they write to the directories. */
    each_line(cleaner, text, length, "proc ", clean_process);
    each_line(cleaner, text, length, "dir ", clean_directory);
    each_line(cleaner, text, length, "cluster ", clean_cluster);
    tell_held(cleaner, text);
    free(text);
    uint32_t more = cleaner->noted > cleaner->found ? cleaner->noted : cleaner->found;
    cleaner->report.processes += cleaner->dry_run ? more : cleaner->noted + cleaner->found;
    if (!cleaner->keep) {
        unlink(path);
    }
}

/* A journal is dead when its lock can be taken. */
static void visit(struct cleaner *cleaner, const char *path)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid()) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            clean_journal(cleaner, path);
        } else {
            cleaner->report.live++;
        }
    }
    close(fd);
}

static bool is_journal(const char *name)
{
    size_t length = strlen(name);
    size_t suffix = strlen(SWB__JOURNAL_SUFFIX);
    return length > suffix && strcmp(name + length - suffix, SWB__JOURNAL_SUFFIX) == 0;
}

int swb__journal_clean(swb_clean_report *out, swb__clean_how how, swb_error *error)
{
    char folder[PATH_SIZE];
    struct cleaner cleaner = {
        .dry_run = how == SWB__CLEAN_DRY, .keep_held = how == SWB__CLEAN_KEEP_HELD, .error = error};
    *out = (swb_clean_report){0};
    int status = swb__journal_folder(folder, sizeof folder, error);
    if (status == SWB_OK) {
        status = swb__journal_boot_id(cleaner.boot, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return swb__fail_errno(error, SWB_EIO, errno, "open %s", folder);
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char path[PATH_SIZE + sizeof entry->d_name];
        if (is_journal(entry->d_name)) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            visit(&cleaner, path);
        }
    }
    closedir(directory);
    *out = cleaner.report;
    return cleaner.status;
}

int swb_clean(swb_clean_report *out, int dry_run, swb_error *error)
{
    if (out == NULL) {
        return swb__fail(error, SWB_EINVAL, "swb_clean() needs a place for its report");
    }
    return swb__journal_clean(out, dry_run != 0 ? SWB__CLEAN_DRY : SWB__CLEAN_ALL, error);
}
