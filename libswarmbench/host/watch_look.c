/*
 * Looking at a watched file: what its blocks tell of first byte, growth and end, and when to look
 * again, which follows from how fast it grows.
 */
#include "host/watch_state.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/blocks.h"

/* Looks a second that all watches of a watcher make together, but for the short while before an
 * end. One costs about half a microsecond, a wake-up of the loop several. */
#define LOOKS_PER_S 1500
#define LONGEST_NS (50 * SWB__NS_PER_MS)
#define SHORTEST_NS (2 * SWB__NS_PER_MS)
/* A wait is looked at after each sixteenth of its length, but at least so often. */
#define PATIENCE 16
#define PATIENCE_LONGEST_NS (4 * SWB__NS_PER_MS)

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

void swb__watch_end(swb__watch *watch)
{
    watch->phase = SWB__WATCH_ENDED;
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
        swb__watch_end(watch);
        return;
    }
    watch->phase = SWB__WATCH_FILLING;
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
    swb__watch_end(watch);
    tell(watch, SWB_WATCH_COMPLETE, hi_ns, watch->full_source, watch->size_bytes);
}

void swb__watch_scan_one(swb__watcher *watcher)
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
    if (watch->phase == SWB__WATCH_EMPTY || watch->bytes == watch->size_bytes) {
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

void swb__watch_look(swb__watch *watch, swb_source source, bool closed)
{
    swb__look look;
    if (swb__look_at(&look, watch->fd) != SWB_OK) {
        swb__watch_end(watch);
        return;
    }
    if (watch->phase == SWB__WATCH_EMPTY) {
        look_for_first_byte(watch, &look, source);
    }
    if (watch->phase == SWB__WATCH_FILLING) {
        look_for_growth(watch, &look);
        look_for_end(watch, &look, closed);
    }
    if (watch->phase != SWB__WATCH_ENDED) {
        watch->due_ns = next_look(watch, look.after_ns);
    }
}
