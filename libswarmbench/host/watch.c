/*
 * A watch learns of its file from inotify and then looks at the file's blocks: a client that writes
 * through a mapping raises no event.
 */
#include "host/watch.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/blocks.h"
#include "host/watch_state.h"

static bool same_file(int a, int b)
{
    struct stat x;
    struct stat y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int open_entry(const swb__watch *watch, const char *entry)
{
    char path[4096];
    struct stat info;
    int length = snprintf(path, sizeof path, "%s/%s", watch->directory, entry);
    if (length < 0 || (size_t)length >= sizeof path) {
        return -1;
    }
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The file itself, or under the name that clients give it until it is whole. Other suffixes may be
 * those of other files: "NAME.torrent". */
static bool is_candidate(const swb__watch *watch, const char *entry)
{
    static const char *const suffixes[] = {"", ".part", ".!qB", ".!ut", ".partial", ".incomplete"};
    size_t length = strlen(watch->name);
    if (strncmp(entry, watch->name, length) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (strcmp(entry + length, suffixes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void adopt(swb__watch *watch, const char *entry)
{
    bool is_it = strcmp(entry, watch->name) == 0;
    if (watch->phase == SWB__WATCH_ENDED || (watch->fd >= 0 && !is_it)) {
        return;
    }
    int fd = open_entry(watch, entry);
    if (fd < 0) {
        return;
    }
    if (watch->fd >= 0 && same_file(fd, watch->fd)) {
        close(fd);
        return;
    }
    if (watch->fd >= 0) {
        close(watch->fd);
    }
    watch->fd = fd;
    watch->hole = 0;
    watch->full_bytes = 0;
    watch->wants_scan = false;
    if (watch->phase != SWB__WATCH_FILLING) {
        int64_t birth_ns = swb__file_birth_ns(fd);
        watch->phase = SWB__WATCH_EMPTY;
        watch->known_ns = birth_ns > watch->begin_ns ? birth_ns : watch->begin_ns;
        watch->since_ns = swb__clock_ns();
    }
}

/* Finds a file that was made without an event for it: before the watch, or in an overflow. */
static void scan(swb__watch *watch)
{
    DIR *directory = opendir(watch->directory);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (is_candidate(watch, entry->d_name)) {
            adopt(watch, entry->d_name);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static void free_watch(swb__watch *watch)
{
    swb__watch_end(watch);
    free(watch->directory);
    free(watch->name);
    free(watch);
}

static void free_stopped(swb__watcher *watcher)
{
    swb__watch **link = &watcher->watches;
    while (*link != NULL) {
        swb__watch *watch = *link;
        if (watch->stopped) {
            *link = watch->next;
            watcher->watch_count--;
            free_watch(watch);
        } else {
            link = &watch->next;
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_timer(uv_timer_t *timer);

static void arm(swb__watcher *watcher)
{
    int64_t due_ns = INT64_MAX;
    for (const swb__watch *watch = watcher->watches; watch != NULL; watch = watch->next) {
        due_ns = watch->due_ns < due_ns ? watch->due_ns : due_ns;
    }
    if (due_ns >= watcher->due_ns) {
        return;
    }
    int64_t delay_ns = due_ns - swb__clock_ns();
    int64_t delay_ms = delay_ns <= 0 ? 0 : (delay_ns + SWB__NS_PER_MS - 1) / SWB__NS_PER_MS;
    watcher->due_ns = due_ns;
    uv_update_time(uv_handle_get_loop((uv_handle_t *)&watcher->timer));
    uv_timer_start(&watcher->timer, on_timer, (uint64_t)delay_ms, 0);
}

/* Between these two, functions of watches may be called, and may stop watches. */
static void begin_telling(swb__watcher *watcher)
{
    assert(!watcher->telling);
    watcher->telling = true;
}

static void end_telling(swb__watcher *watcher)
{
    swb__watch_scan_one(watcher);
    watcher->telling = false;
    free_stopped(watcher);
    if (watcher->destroyed) {
        uv_close((uv_handle_t *)&watcher->timer, on_closed);
    } else {
        arm(watcher);
    }
}

static void on_timer(uv_timer_t *timer)
{
    swb__watcher *watcher = timer->data;
    /* The timer counts whole milliseconds: what is due within half of one is due. */
    int64_t now_ns = swb__clock_ns() + SWB__NS_PER_MS / 2;
    watcher->due_ns = INT64_MAX;
    begin_telling(watcher);
    for (swb__watch *watch = watcher->watches; watch != NULL; watch = watch->next) {
        if (!watch->stopped && watch->due_ns <= now_ns) {
            swb__watch_look(watch, SWB_SOURCE_BLOCKS, false);
        }
    }
    end_telling(watcher);
}

static void on_notify(void *argument, uint32_t mask, const char *name, int64_t now_ns)
{
    swb__watch *watch = argument;
    swb__watcher *watcher = watch->watcher;
    bool overflow = (mask & IN_Q_OVERFLOW) != 0;
    (void)now_ns;
    if (watch->phase == SWB__WATCH_ENDED || (!overflow && !is_candidate(watch, name))) {
        return;
    }
    begin_telling(watcher);
    if (overflow) {
        scan(watch);
    } else {
        adopt(watch, name);
    }
    if (watch->fd >= 0) {
        swb__watch_look(watch, SWB_SOURCE_INOTIFY, (mask & IN_CLOSE_WRITE) != 0);
    }
    end_telling(watcher);
}

int swb__watcher_create(swb__watcher **out, swb_loop *loop, const char *directory, swb_error *error)
{
    swb__watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL) {
        return swb__fail_nomem(error);
    }
    int result = uv_timer_init(swb__loop_uv(loop), &watcher->timer);
    if (result != 0) {
        free(watcher);
        return swb__fail(error, SWB_EIO, "timer: %s", uv_strerror(result));
    }
    watcher->timer.data = watcher;
    watcher->loop = loop;
    watcher->due_ns = INT64_MAX;
    watcher->usable = swb__blocks_usable(directory);
    *out = watcher;
    return SWB_OK;
}

void swb__watcher_destroy(swb__watcher *watcher)
{
    if (watcher == NULL) {
        return;
    }
    bool telling = watcher->telling;
    watcher->telling = true;
    watcher->destroyed = true;
    for (swb__watch *watch = watcher->watches; watch != NULL; watch = watch->next) {
        swb__watch_stop(watch);
    }
    if (!telling) {
        end_telling(watcher);
    }
}

static swb__watch *new_watch(const char *directory, const char *name)
{
    swb__watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    watch->fd = -1;
    watch->due_ns = INT64_MAX;
    watch->bytes_per_ns = 1e-9;
    watch->directory = strdup(directory);
    watch->name = strdup(name);
    if (watch->directory == NULL || watch->name == NULL) {
        free_watch(watch);
        return NULL;
    }
    return watch;
}

int swb__watch_start(swb__watch **out, swb__watcher *watcher, const char *directory,
                     const char *name, uint64_t size_bytes, int64_t begin_ns,
                     swb__watch_fn function, void *argument, swb_error *error)
{
    swb__watch *watch = new_watch(directory, name);
    if (watch == NULL) {
        return swb__fail_nomem(error);
    }
    watch->watcher = watcher;
    watch->function = function;
    watch->argument = argument;
    watch->size_bytes = size_bytes;
    watch->begin_ns = begin_ns;
    watch->phase = watcher->usable ? SWB__WATCH_ABSENT : SWB__WATCH_ENDED;
    int status =
        swb__notify_start(&watch->notify, watcher->loop, directory,
                          IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE, on_notify, watch, error);
    if (status != SWB_OK) {
        free_watch(watch);
        return status;
    }
    watch->next = watcher->watches;
    watcher->watches = watch;
    watcher->watch_count++;
    scan(watch);
    /* What it tells, it tells from the loop. */
    watch->due_ns = watch->fd >= 0 ? swb__clock_ns() : INT64_MAX;
    arm(watcher);
    *out = watch;
    return SWB_OK;
}

void swb__watch_stop(swb__watch *watch)
{
    if (watch == NULL || watch->stopped) {
        return;
    }
    watch->stopped = true;
    swb__notify_stop(watch->notify);
    watch->notify = NULL;
    if (!watch->watcher->telling) {
        free_stopped(watch->watcher);
    }
}
