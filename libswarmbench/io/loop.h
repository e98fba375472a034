/* The one event loop: libuv, with libcurl's multi handle on its socket interface. */
#ifndef SWB_IO_LOOP_H
#define SWB_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>
#include <uv.h>

#include <swarmbench/sys/deployer.h>

#include "base/error.h"

/* SWB_ENOMEM, SWB_EIO. */
int swb__loop_create(swb_loop **out, swb_error *error);
/* Everything that was opened on the loop must have been closed by its owner (its completion may
 * still be pending: this runs the loop until all handles are closed). Accepts NULL. */
void swb__loop_destroy(swb_loop *loop);

/* Runs what is due. `timeout_ms`: 0 does not wait, -1 waits for the next event, or for a second: to
 * be called again until what is waited for has come. */
void swb__loop_step(swb_loop *loop, int timeout_ms);
/* For a foreign loop: see swb_runner_fd() and swb_runner_timeout_ms(). */
int swb__loop_fd(const swb_loop *loop);
int swb__loop_timeout_ms(const swb_loop *loop);

uv_loop_t *swb__loop_uv(swb_loop *loop);

/* A one-shot timer; not called after swb__timer_stop(). */
typedef struct swb__timer swb__timer;
typedef void (*swb__timer_fn)(void *argument);
/* Fires once, `delay_ns` from now (rounded up to whole milliseconds). Owned by the caller, freed by
 * swb__timer_stop(), also after it fired. */
int swb__timer_start(swb__timer **out, swb_loop *loop, int64_t delay_ns, swb__timer_fn function,
                     void *argument);
/* Fires every `period_ns`. */
int swb__timer_repeat(swb__timer **out, swb_loop *loop, int64_t period_ns, swb__timer_fn function,
                      void *argument);
/* Stops and frees; accepts NULL. May be called from the timer's own function. */
void swb__timer_stop(swb__timer *timer);

/* Runs `work` on a thread of the pool, then `done` on the loop's thread; exactly one `done` for
 * each call that returned SWB_OK. */
int swb__work_submit(swb_loop *loop, void (*work)(void *argument), void (*done)(void *argument),
                     void *argument);

#endif
