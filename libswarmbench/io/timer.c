/* Timers: never early, and repeating ones do not drift. */
#include "io/loop_state.h"

#include <stdlib.h>

#include "base/clock.h"

struct swb__timer {
    uv_timer_t uv;
    swb_loop *loop;
    swb__timer_fn function;
    void *argument;
    int64_t due_ns;
    int64_t period_ns; /* 0: once */
};

static void arm(swb__timer *timer);

static void on_due(uv_timer_t *uv)
{
    swb__timer *timer = uv->data;
    if (timer->period_ns > 0) {
        /* A round that was missed is left out. */
        int64_t missed = (swb__clock_ns() - timer->due_ns) / timer->period_ns;
        timer->due_ns += (missed + 1) * timer->period_ns;
        arm(timer);
    }
    timer->function(timer->argument);
}

/* libuv counts in whole milliseconds of CLOCK_MONOTONIC from when it last looked at the clock. */
static void arm(swb__timer *timer)
{
    int64_t due_ms = (timer->due_ns + SWB__NS_PER_MS - 1) / SWB__NS_PER_MS;
    int64_t now_ms = (int64_t)uv_now(&timer->loop->uv);
    uv_timer_start(&timer->uv, on_due, due_ms > now_ms ? (uint64_t)(due_ms - now_ms) : 0, 0);
}

static int start(swb__timer **out, swb_loop *loop, int64_t delay_ns, int64_t period_ns,
                 swb__timer_fn function, void *argument)
{
    swb__timer *timer = malloc(sizeof *timer);
    if (timer == NULL) {
        return SWB_ENOMEM;
    }
    timer->loop = loop;
    timer->function = function;
    timer->argument = argument;
    timer->due_ns = swb__clock_ns() + delay_ns;
    timer->period_ns = period_ns;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    arm(timer);
    loop->owned++;
    *out = timer;
    return SWB_OK;
}

int swb__timer_start(swb__timer **out, swb_loop *loop, int64_t delay_ns, swb__timer_fn function,
                     void *argument)
{
    return start(out, loop, delay_ns > 0 ? delay_ns : 0, 0, function, argument);
}

int swb__timer_repeat(swb__timer **out, swb_loop *loop, int64_t period_ns, swb__timer_fn function,
                      void *argument)
{
    return start(out, loop, period_ns, period_ns, function, argument);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

void swb__timer_stop(swb__timer *timer)
{
    if (timer == NULL) {
        return;
    }
    timer->loop->owned--;
    uv_close((uv_handle_t *)&timer->uv, on_closed);
}
