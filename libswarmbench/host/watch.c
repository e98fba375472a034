/*
 * A watch learns of its file from inotify and then looks at the file's blocks: a client that writes
 * through a mapping raises no event. How often it looks follows from how fast the file grows.
 */
#include "host/watch.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/blocks.h"
#include "io/notify.h"

/* Looks a second that all watches of a watcher make together, but for the short while before an
 * end. One costs about half a microsecond, a wake-up of the loop several. */
#define LOOKS_PER_S 1500
#define LONGEST_NS (50 * SWB__NS_PER_MS)
#define SHORTEST_NS (2 * SWB__NS_PER_MS)
/* A wait is looked at after each sixteenth of its length, but at least so often. */
#define PATIENCE 16
#define PATIENCE_LONGEST_NS (4 * SWB__NS_PER_MS)

enum phase {
    PHASE_ABSENT,  /* no file yet */
    PHASE_EMPTY,   /* a file without a byte */
    PHASE_FILLING, /* its first byte was told */
    PHASE_ENDED,   /* all was told, or nothing can be */
};

struct swb__watcher {
    swb_loop *loop;
    uv_timer_t timer; /* closed last: its callback frees the watcher */
    swb__watch *watches;
    size_t watch_count;
    int64_t due_ns; /* of the timer; INT64_MAX: not armed */
    bool usable;    /* the file system tells the truth */
    bool telling;   /* a watch's function may be on the stack: freeing must wait */
    bool destroyed;
};

struct swb__watch {
    swb__watcher *watcher;
    swb__watch *next;
    swb__notify *notify;
    swb__watch_fn function;
    void *argument;
    char *directory;
    char *name;
    uint64_t size_bytes;
    int64_t begin_ns;
    enum phase phase;
    bool stopped;
    int fd;
    int64_t known_ns;    /* what is awaited had not happened then */
    int64_t since_ns;    /* when the present wait began */
    int64_t due_ns;      /* the next look; INT64_MAX: none */
    uint64_t bytes;      /* at the last look */
    uint64_t hole;       /* no hole before this offset */
    bool wants_scan;     /* blocks enough for the whole are there: look for holes */
    uint64_t full_bytes; /* as many were there ... */
    int64_t full_ns;     /* ... at this moment */
    swb_source full_source;
    uint64_t told;       /* percent */
    double bytes_per_ns; /* how fast it grew lately; never 0 */
};

static void arm(swb__watcher *watcher);

static void tell(swb__watch *watch, swb_watch_kind kind, int64_t hi_ns, swb_source source,
                 uint64_t bytes)
{
    /* A step of the wall clock may have put the birth of the file too late. */
    int64_t lo_ns = watch->known_ns < hi_ns ? watch->known_ns : hi_ns;
    const swb_watch_event event = {kind, {lo_ns, hi_ns, source}, bytes};
    if (!watch->stopped) {
        watch->function(watch->argument, &event);
    }
}

static void end(swb__watch *watch)
{
    watch->phase = PHASE_ENDED;
    watch->due_ns = INT64_MAX;
    watch->wants_scan = false;
    if (watch->fd >= 0) {
        close(watch->fd);
        watch->fd = -1;
    }
}

/* Space that was reserved counts as blocks: neither growth nor the end can be seen in them. */
static bool is_reserved(const swb__watch *watch, const swb__look *look)
{
    return !swb__file_has_data(watch->fd) || (look->allocated_bytes >= watch->size_bytes &&
                                              swb__file_hole(watch->fd, 0) < watch->size_bytes);
}

static void look_for_first_byte(swb__watch *watch, const swb__look *look, swb_source source)
{
    if (look->allocated_bytes == 0) {
        watch->known_ns = look->before_ns;
        return;
    }
    if (is_reserved(watch, look)) {
        end(watch);
        return;
    }
    watch->phase = PHASE_FILLING;
    watch->since_ns = look->after_ns;
    tell(watch, SWB_WATCH_FIRST_BYTE, look->after_ns, source, look->allocated_bytes);
}

static void measure_rate(swb__watch *watch, uint64_t bytes, const swb__look *look)
{
    int64_t passed_ns = look->before_ns - watch->known_ns;
    if (bytes <= watch->bytes) {
        watch->bytes_per_ns *= 0.75;
        return;
    }
    if (passed_ns > 0) {
        double rate = (double)(bytes - watch->bytes) / (double)passed_ns;
        watch->bytes_per_ns += (rate - watch->bytes_per_ns) / 2;
    }
    watch->bytes = bytes;
    watch->since_ns = look->after_ns;
}

static void look_for_growth(swb__watch *watch, const swb__look *look)
{
    uint64_t bytes = look->allocated_bytes;
    bytes = bytes < watch->size_bytes ? bytes : watch->size_bytes;
    measure_rate(watch, bytes, look);
    uint64_t percent = bytes * 100 / watch->size_bytes;
    if (percent > watch->told && percent < 100) {
        watch->told = percent;
        tell(watch, SWB_WATCH_PROGRESS, look->after_ns, SWB_SOURCE_BLOCKS, bytes);
    }
}

/* Blocks enough for the whole may be there without it: they include metadata. Only holes tell, and
 * to look for them takes milliseconds in a large file; so that is put off to scan_for_end(). */
static void look_for_end(swb__watch *watch, const swb__look *look, bool closed)
{
    if (look->size_bytes < watch->size_bytes ||
        (look->allocated_bytes < watch->size_bytes && !closed)) {
        watch->known_ns = look->before_ns;
        return;
    }
    /* While no block is added, there is nothing new to be found. */
    if (closed || look->allocated_bytes != watch->full_bytes) {
        watch->full_bytes = look->allocated_bytes;
        watch->full_ns = look->after_ns;
        watch->full_source = closed ? SWB_SOURCE_INOTIFY : SWB_SOURCE_BLOCKS;
        watch->wants_scan = true;
    }
}

static void scan_for_end(swb__watch *watch)
{
    swb__look look;
    int64_t before_ns = swb__clock_ns();
    watch->wants_scan = false;
    watch->hole = swb__file_hole(watch->fd, watch->hole);
    if (watch->hole < watch->size_bytes) {
        watch->known_ns = before_ns;
        return;
    }
    /* Where no block was added since it looked full, it was full then. */
    bool same =
        swb__look_at(&look, watch->fd) == SWB_OK && look.allocated_bytes == watch->full_bytes;
    int64_t hi_ns = same ? watch->full_ns : swb__clock_ns();
    end(watch);
    tell(watch, SWB_WATCH_COMPLETE, hi_ns, watch->full_source, watch->size_bytes);
}

/* One scan at a time, the longest waiting first: the looks at other files must go on meanwhile. */
static void scan_one(swb__watcher *watcher)
{
    swb__watch *chosen = NULL;
    for (swb__watch *watch = watcher->watches; watch != NULL; watch = watch->next) {
        if (watch->wants_scan && !watch->stopped &&
            (chosen == NULL || watch->full_ns < chosen->full_ns)) {
            chosen = watch;
        }
    }
    if (chosen != NULL) {
        scan_for_end(chosen);
    }
}

/* The interval that sees the next thing of interest soon enough. */
static int64_t interval(const swb__watch *watch, int64_t now_ns)
{
    if (watch->phase == PHASE_EMPTY || watch->bytes == watch->size_bytes) {
        int64_t waited_ns = (now_ns - watch->since_ns) / PATIENCE;
        return waited_ns < PATIENCE_LONGEST_NS ? waited_ns : PATIENCE_LONGEST_NS;
    }
    double left = (double)(watch->size_bytes - watch->bytes);
    double half_percent_ns = (double)watch->size_bytes / 200 / watch->bytes_per_ns;
    double least_ns = (double)watch->watcher->watch_count / LOOKS_PER_S * 1e9;
    least_ns = fmax(least_ns, SHORTEST_NS);
    double chosen_ns = fmin(fmax(half_percent_ns, least_ns), left / 4 / watch->bytes_per_ns);
    return (int64_t)fmin(chosen_ns, LONGEST_NS);
}

/* Rounds the interval down to a power of two of milliseconds and the moment up to a multiple of it:
 * so the looks of many watches fall together, and the loop wakes up once for all. */
static int64_t next_look(const swb__watch *watch, int64_t now_ns)
{
    int64_t wanted_ns = interval(watch, now_ns);
    int64_t period_ns = SWB__NS_PER_MS;
    while (period_ns * 2 <= wanted_ns) {
        period_ns *= 2;
    }
    return (now_ns / period_ns + 1) * period_ns;
}

static void look_again(swb__watch *watch, swb_source source, bool closed)
{
    swb__look look;
    if (swb__look_at(&look, watch->fd) != SWB_OK) {
        end(watch);
        return;
    }
    if (watch->phase == PHASE_EMPTY) {
        look_for_first_byte(watch, &look, source);
    }
    if (watch->phase == PHASE_FILLING) {
        look_for_growth(watch, &look);
        look_for_end(watch, &look, closed);
    }
    if (watch->phase != PHASE_ENDED) {
        watch->due_ns = next_look(watch, look.after_ns);
    }
}

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

/* The file itself, or a file that a client will rename to it: "NAME.part", "NAME.!qB". */
static bool is_candidate(const swb__watch *watch, const char *entry)
{
    size_t length = strlen(watch->name);
    return strncmp(entry, watch->name, length) == 0 &&
           (entry[length] == '\0' || entry[length] == '.');
}

static void adopt(swb__watch *watch, const char *entry)
{
    bool is_it = strcmp(entry, watch->name) == 0;
    if (watch->phase == PHASE_ENDED || (watch->fd >= 0 && !is_it)) {
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
    if (watch->phase != PHASE_FILLING) {
        int64_t birth_ns = swb__file_birth_ns(fd);
        watch->phase = PHASE_EMPTY;
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
    end(watch);
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

/* Between these two, functions of watches may be called, and may stop watches. */
static void begin_telling(swb__watcher *watcher)
{
    assert(!watcher->telling);
    watcher->telling = true;
}

static void end_telling(swb__watcher *watcher)
{
    scan_one(watcher);
    watcher->telling = false;
    free_stopped(watcher);
    if (watcher->destroyed) {
        uv_close((uv_handle_t *)&watcher->timer, on_closed);
    } else {
        arm(watcher);
    }
}

static void on_notify(void *argument, uint32_t mask, const char *name, int64_t now_ns)
{
    swb__watch *watch = argument;
    swb__watcher *watcher = watch->watcher;
    (void)now_ns;
    if (watch->phase == PHASE_ENDED) {
        return;
    }
    begin_telling(watcher);
    if ((mask & IN_Q_OVERFLOW) != 0) {
        scan(watch);
    } else if (is_candidate(watch, name)) {
        adopt(watch, name);
    }
    if (watch->fd >= 0) {
        look_again(watch, SWB_SOURCE_INOTIFY, (mask & IN_CLOSE_WRITE) != 0);
    }
    end_telling(watcher);
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
            look_again(watch, SWB_SOURCE_BLOCKS, false);
        }
    }
    end_telling(watcher);
}

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
    watch->phase = watcher->usable ? PHASE_ABSENT : PHASE_ENDED;
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
