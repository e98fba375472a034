/* The loop: libuv's, embeddable, with calls put off to its next round. */
#include "io/loop_state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "io/multi.h"

#define LONGEST_WAIT_MS 1000

static void on_wake(uv_async_t *wake)
{
    swb__loop_run_posts(wake->data);
}

int swb__loop_create(swb_loop **out, swb_error *error)
{
    swb_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return swb__fail_nomem(error);
    }
    TAILQ_INIT(&loop->deferred);
    STAILQ_INIT(&loop->posts);
    int code = uv_mutex_init(&loop->lock);
    if (code != 0) {
        goto err_memory;
    }
    code = uv_loop_init(&loop->uv);
    if (code != 0) {
        goto err_mutex;
    }
    code = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (code != 0) {
        goto err_loop;
    }
    loop->wake.data = loop;
    uv_timer_init(&loop->uv, &loop->wait);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->idle.data = loop;
    int status = swb__multi_open(loop, error);
    if (status != SWB_OK) {
        swb__loop_destroy(loop);
        return status;
    }
    *out = loop;
    return SWB_OK;

err_loop:
    uv_loop_close(&loop->uv);
err_mutex:
    uv_mutex_destroy(&loop->lock);
err_memory:
    free(loop);
    return code == UV_ENOMEM ? swb__fail_nomem(error)
                             : swb__fail(error, SWB_EIO, "event loop: %s", uv_strerror(code));
}

void swb__loop_destroy(swb_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    assert(loop->owned == 0);
    /* Completions that are pending come first; without `wake` only they keep the loop alive. */
    uv_unref((uv_handle_t *)&loop->wake);
    do {
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    } while (swb__loop_run_posts(loop));
    swb__multi_close(loop);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->wait, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    while (uv_loop_close(&loop->uv) == UV_EBUSY) {
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    }
    uv_mutex_destroy(&loop->lock);
    free(loop);
}

static void on_wait(uv_timer_t *wait)
{
    (void)wait; /* It ended the wait by being due. */
}

/*
 * UV_RUN_ONCE runs the timers that are due and then, before libuv 1.45, waits all the same: so it
 * is not asked to where one is due. One that comes due only then is why no wait is without end.
 */
void swb__loop_step(swb_loop *loop, int timeout_ms)
{
    uv_run_mode mode = UV_RUN_NOWAIT;
    uv_update_time(&loop->uv);
    if (timeout_ms != 0 && uv_backend_timeout(&loop->uv) != 0) {
        mode = UV_RUN_ONCE;
        uv_timer_start(&loop->wait, on_wait,
                       timeout_ms > 0 ? (uint64_t)timeout_ms : LONGEST_WAIT_MS, 0);
    }
    uv_run(&loop->uv, mode);
    uv_timer_stop(&loop->wait);
}

int swb__loop_fd(const swb_loop *loop)
{
    return uv_backend_fd(&loop->uv);
}

int swb__loop_timeout_ms(const swb_loop *loop)
{
    int timeout_ms = uv_backend_timeout(&loop->uv);
    if (timeout_ms <= 0) {
        return timeout_ms;
    }
    /* libuv counts from when it last looked at the clock. */
    int64_t since_ms = swb__clock_ns() / SWB__NS_PER_MS - (int64_t)uv_now(&loop->uv);
    return since_ms >= timeout_ms ? 0 : timeout_ms - (int)since_ms;
}

uv_loop_t *swb__loop_uv(swb_loop *loop)
{
    return &loop->uv;
}

static void run_deferred(uv_idle_t *idle)
{
    swb_loop *loop = idle->data;
    size_t due = 0;
    struct swb__deferred *deferred;
    TAILQ_FOREACH(deferred, &loop->deferred, link)
    {
        due++;
    }
    for (; due > 0 && !TAILQ_EMPTY(&loop->deferred); due--) {
        deferred = TAILQ_FIRST(&loop->deferred);
        swb__loop_undefer(loop, deferred);
        deferred->function(deferred->argument);
    }
}

void swb__loop_defer(swb_loop *loop, struct swb__deferred *deferred,
                     void (*function)(void *argument), void *argument)
{
    if (deferred->queued) {
        return;
    }
    deferred->function = function;
    deferred->argument = argument;
    deferred->queued = true;
    TAILQ_INSERT_TAIL(&loop->deferred, deferred, link);
    uv_idle_start(&loop->idle, run_deferred);
}

void swb__loop_undefer(swb_loop *loop, struct swb__deferred *deferred)
{
    if (!deferred->queued) {
        return;
    }
    deferred->queued = false;
    TAILQ_REMOVE(&loop->deferred, deferred, link);
    if (TAILQ_EMPTY(&loop->deferred)) {
        uv_idle_stop(&loop->idle);
    }
}
