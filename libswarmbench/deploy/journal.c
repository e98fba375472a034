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
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "io/process.h"

#define PATH_SIZE 4096
#define MARK_NAME ".swarmbench"
#define MARK_TEXT "swarmbench data: removed when its run ends\n"

struct swb__journal {
    int fd;
    char path[PATH_SIZE];
};

/* Makes the directory of journals and tells whether it can be trusted: it must be ours alone to
 * write, or anyone could have us remove and kill things. */
static int take_folder(const char *path, swb_error *error)
{
    struct stat info;
    int status = swb__make_dirs(path, 0700, error);
    if (status != SWB_OK) {
        return status;
    }
    if (lstat(path, &info) != 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "%s", path);
    }
    if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 022) != 0 ||
        access(path, W_OK) != 0) {
        return swb__fail(error, SWB_EIO, "%s must be a directory that this user alone can write to",
                         path);
    }
    return SWB_OK;
}

int swb__journal_folder(char *out, size_t size, swb_error *error)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char path[PATH_SIZE];
    bool from_environment = true;
    if (state != NULL && state[0] == '/') {
        snprintf(path, sizeof path, "%s/swarmbench", state);
    } else if (home != NULL && home[0] == '/') {
        snprintf(path, sizeof path, "%s/.local/state/swarmbench", home);
    } else {
        from_environment = false;
    }
    /* A home that does not exist or cannot be written to is common for service users. */
    if (!from_environment || take_folder(path, NULL) != SWB_OK) {
        snprintf(path, sizeof path, "/var/tmp/swarmbench-%u", (unsigned)geteuid());
        int status = take_folder(path, error);
        if (status != SWB_OK) {
            return status;
        }
    }
    snprintf(out, size, "%s", path);
    return SWB_OK;
}

int swb__journal_boot_id(char out[SWB__JOURNAL_BOOT_SIZE], swb_error *error)
{
    char *text;
    int status = swb__read_file(&text, NULL, "/proc/sys/kernel/random/boot_id", 256, error);
    if (status == SWB_OK) {
        snprintf(out, SWB__JOURNAL_BOOT_SIZE, "%.*s", (int)strcspn(text, "\n"), text);
        free(text);
    }
    return status;
}

/* Makes and locks a file of its own. SWB_EBUSY: a cleaner took it before it was locked. */
static int make_file(swb__journal *journal, const char *folder, swb_error *error)
{
    uint64_t number = 0;
    struct stat info;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        return swb__fail_errno(error, SWB_EIO, errno, "random number");
    }
    int length = snprintf(journal->path, sizeof journal->path, "%s/%d-%016" PRIx64 "%s", folder,
                          (int)getpid(), number, SWB__JOURNAL_SUFFIX);
    if (length < 0 || (size_t)length >= sizeof journal->path) {
        return swb__fail(error, SWB_EIO, "path too long: %.80s...", folder);
    }
    journal->fd = open(journal->path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (journal->fd < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "create %s", journal->path);
    }
    int status = SWB_OK;
    if (flock(journal->fd, LOCK_EX) != 0 || fstat(journal->fd, &info) != 0) {
        status = swb__fail_errno(error, SWB_EIO, errno, "lock %s", journal->path);
        unlink(journal->path);
    } else if (info.st_nlink == 0) {
        status = swb__fail(error, SWB_EBUSY, "%s was removed", journal->path);
    }
    if (status != SWB_OK) {
        close(journal->fd);
    }
    return status;
}

int swb__journal_open(swb__journal **out, swb_error *error)
{
    char folder[PATH_SIZE];
    int status = swb__journal_folder(folder, sizeof folder, error);
    if (status != SWB_OK) {
        return status;
    }
    swb__journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return swb__fail_nomem(error);
    }
    do {
        status = make_file(journal, folder, error);
    } while (status == SWB_EBUSY);
    if (status != SWB_OK) {
        free(journal);
        return status;
    }
    *out = journal;
    return SWB_OK;
}

void swb__journal_close(swb__journal *journal, bool gone)
{
    if (journal != NULL) {
        if (gone) {
            unlink(journal->path);
        }
        close(journal->fd);
        free(journal);
    }
}

static int add_line(swb__journal *journal, const char *line, swb_error *error)
{
    int status = swb__write_all(journal->fd, line, strlen(line), error);
    if (status != SWB_OK) {
        swb__error_context(error, "%s", journal->path);
    }
    return status;
}

static int mark(const char *directory, swb_error *error)
{
    char path[PATH_SIZE + sizeof MARK_NAME + 1];
    snprintf(path, sizeof path, "%s/%s", directory, MARK_NAME);
    return swb__write_file(path, 0644, MARK_TEXT, strlen(MARK_TEXT), error);
}

int swb__journal_directory(swb__journal *journal, const char *path, swb_error *error)
{
    char line[PATH_SIZE + 8];
    if (path[0] != '/' || strchr(path, '\n') != NULL || strlen(path) >= PATH_SIZE) {
        return swb__fail(error, SWB_EINVAL, "'%.200s' is no absolute path on one line", path);
    }
    snprintf(line, sizeof line, "dir %s\n", path);
    int status = add_line(journal, line, error);
    if (status != SWB_OK) {
        return status;
    }
    if (mkdir(path, 0755) != 0) {
        return errno == EEXIST
                   ? swb__fail(error, SWB_EEXIST,
                               "%s exists already; 'swarmbench clean' removes what a runner that "
                               "died left behind",
                               path)
                   : swb__fail_errno(error, SWB_EIO, errno, "make directory %s", path);
    }
    /* Whatever the umask: a client that drops its privileges must get to its files. */
    chmod(path, 0755);
    return mark(path, error);
}

bool swb__journal_owns_directory(const char *directory)
{
    char path[PATH_SIZE + sizeof MARK_NAME + 1];
    struct stat info;
    char text[sizeof MARK_TEXT + 1] = "";
    if (directory[0] != '/' || strlen(directory) >= PATH_SIZE || lstat(directory, &info) != 0 ||
        !S_ISDIR(info.st_mode) || info.st_uid != geteuid()) {
        return false;
    }
    snprintf(path, sizeof path, "%s/%s", directory, MARK_NAME);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ours = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
                read(fd, text, sizeof text - 1) == (ssize_t)strlen(MARK_TEXT) &&
                strcmp(text, MARK_TEXT) == 0;
    close(fd);
    return ours;
}

/* All but the mark, which must outlast the rest: a removal cut short can then be done again. */
static int empty_directory(const char *path, swb_error *error)
{
    int status = SWB_OK;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return swb__fail_errno(error, SWB_EIO, errno, "open %s", path);
    }
    const struct dirent *entry;
    while (status == SWB_OK && (entry = readdir(directory)) != NULL) {
        char inner[PATH_SIZE + sizeof entry->d_name];
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, MARK_NAME) != 0) {
            snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
            status = swb__remove_tree(inner, error);
        }
    }
    closedir(directory);
    return status;
}

int swb__journal_remove_directory(const char *path, swb_error *error)
{
    if (!swb__journal_owns_directory(path)) {
        return swb__fail(error, SWB_ENOENT, "no data directory of ours: %.200s", path);
    }
    int status = empty_directory(path, error);
    return status == SWB_OK ? swb__remove_tree(path, error) : status;
}

static int add_held(swb__journal *journal, const char *line, int length, size_t size,
                    swb_error *error)
{
    if (length < 0 || (size_t)length >= size || strchr(line, '\n') != line + length - 1) {
        return swb__fail(error, SWB_EINVAL, "'%.200s' is no line for a journal", line);
    }
    return add_line(journal, line, error);
}

int swb__journal_held(swb__journal *journal, size_t number, const char *text, swb_error *error)
{
    char line[2048];
    int length = snprintf(line, sizeof line, "held %zu %s\n", number, text);
    return add_held(journal, line, length, sizeof line, error);
}

int swb__journal_freed(swb__journal *journal, size_t number, swb_error *error)
{
    char line[64];
    int length = snprintf(line, sizeof line, "freed %zu\n", number);
    return add_held(journal, line, length, sizeof line, error);
}

int swb__journal_cluster(swb__journal *journal, const char *text, swb_error *error)
{
    char line[8192];
    int length = snprintf(line, sizeof line, "cluster %s\n", text);
    return add_held(journal, line, length, sizeof line, error);
}

int swb__journal_process(swb__journal *journal, pid_t pid, swb_error *error)
{
    char boot[SWB__JOURNAL_BOOT_SIZE];
    char line[128];
    uint64_t ticks;
    int status = swb__journal_boot_id(boot, error);
    if (status != SWB_OK) {
        return status;
    }
    if (swb__process_start_ticks(&ticks, pid) != SWB_OK) {
        return swb__fail(error, SWB_ENOENT, "process %d has ended", (int)pid);
    }
    snprintf(line, sizeof line, "proc %d %" PRIu64 " %s\n", (int)pid, ticks, boot);
    return add_line(journal, line, error);
}
