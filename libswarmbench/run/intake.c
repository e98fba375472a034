#include "run/intake.h"

#include "base/clock.h"

/* Progress is noted at steps of 1 %, and where that takes longer than this. */
#define NOTE_AT_LEAST_NS (200 * SWB__NS_PER_MS)

void swb__intake_begin(swb__intake *intake, swb_loop *loop, const swb_content *content,
                       const swb__intake_events *events, void *argument)
{
    int64_t now_ns = swb__clock_ns();
    *intake = (swb__intake){.loop = loop,
                            .content = content,
                            .events = *events,
                            .argument = argument,
                            .bad_offset = UINT64_MAX,
                            .seen_ns = now_ns,
                            .noted_ns = now_ns};
}

static void tell(swb__intake *intake)
{
    size_t count = intake->noted_count;
    bool accepted = intake->accepted;
    intake->noted_count = 0;
    intake->accepted = false;
    if (accepted && intake->events.accepted != NULL) {
        intake->events.accepted(intake->argument, intake->accepted_ns);
    }
    for (size_t i = 0; i < count && intake->events.watched != NULL; i++) {
        intake->events.watched(intake->argument, &intake->noted[i]);
    }
}

static void on_timer(void *argument)
{
    swb__intake *intake = argument;
    swb__timer_stop(intake->timer);
    intake->timer = NULL;
    tell(intake);
}

/* Not from here: we are called by the transfer, from which nothing may be sent. Without memory for
 * the timer it is told with what comes next. */
static void tell_soon(swb__intake *intake)
{
    if (intake->timer == NULL) {
        swb__timer_start(&intake->timer, intake->loop, 0, on_timer, intake);
    }
}

void swb__intake_accept(swb__intake *intake)
{
    intake->seen_ns = intake->accepted_ns = swb__clock_ns();
    intake->accepted = true;
    tell_soon(intake);
}

static void note(swb__intake *intake, swb_watch_kind kind, int64_t now_ns)
{
    if (intake->noted_count < SWB__INTAKE_TOLD_MAX) {
        intake->noted[intake->noted_count++] =
            (swb_watch_event){kind, {intake->seen_ns, now_ns, SWB_SOURCE_STREAM}, intake->bytes};
        tell_soon(intake);
    }
}

static uint64_t percent(uint64_t bytes, uint64_t of)
{
    return (uint64_t)(100.0 * (double)bytes / (double)of);
}

int swb__intake_take(swb__intake *intake, const void *bytes, size_t length)
{
    int64_t now_ns = swb__clock_ns();
    uint64_t size = swb_content_size_bytes(intake->content);
    uint64_t before = intake->bytes;
    uint64_t bad_offset = UINT64_MAX;
    if (length > size - before) {
        intake->bad_offset = size;
        return SWB_EMISMATCH;
    }
    int status = swb_content_compare(&bad_offset, intake->content, before, bytes, length);
    if (status != SWB_OK) {
        intake->bad_offset = status == SWB_EMISMATCH ? bad_offset : UINT64_MAX;
        return status;
    }
    intake->bytes += length;
    if (before == 0) {
        note(intake, SWB_WATCH_FIRST_BYTE, now_ns);
    }
    if (percent(intake->bytes, size) > percent(before, size) ||
        (intake->noted_count == 0 && now_ns - intake->noted_ns >= NOTE_AT_LEAST_NS)) {
        note(intake, SWB_WATCH_PROGRESS, now_ns);
        intake->noted_ns = now_ns;
    }
    if (intake->bytes == size) {
        note(intake, SWB_WATCH_COMPLETE, now_ns);
    }
    intake->seen_ns = now_ns;
    return SWB_OK;
}

void swb__intake_end(swb__intake *intake)
{
    swb__timer_stop(intake->timer);
    intake->timer = NULL;
    tell(intake);
}
