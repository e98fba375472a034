/* A loop for each test, and running it until something has happened. */
#ifndef SWB_TESTS_IO_LOOP_FIXTURE_H
#define SWB_TESTS_IO_LOOP_FIXTURE_H

#include "support/cmocka_all.h"

#include <poll.h>
#include <stdbool.h>

#include "base/clock.h"
#include "io/loop_state.h"

static int make_loop(void **state)
{
    return swb__loop_create((swb_loop **)state, NULL);
}

/* A test that failed leaves things open, upon which the loop would assert. */
static int destroy_loop(void **state)
{
    swb_loop *loop = *state;
    if (loop->owned > 0) {
        return -1;
    }
    swb__loop_destroy(loop);
    return 0;
}

/* Runs the loop until `*count` is `wanted` or a minute has gone; true where it is. */
static inline bool run_until(swb_loop *loop, const int *count, int wanted)
{
    int64_t give_up_ns = swb__clock_ns() + 60 * SWB__NS_PER_S;
    while (*count < wanted && swb__clock_ns() < give_up_ns) {
        swb__loop_step(loop, 100);
    }
    return *count == wanted;
}

/* As an embedder does: sleeps on the descriptor for as long as the loop says. */
static inline bool embed_until(swb_loop *loop, const int *count, int wanted)
{
    int64_t give_up_ns = swb__clock_ns() + 60 * SWB__NS_PER_S;
    while (*count < wanted && swb__clock_ns() < give_up_ns) {
        struct pollfd ready = {.fd = swb__loop_fd(loop), .events = POLLIN};
        int timeout_ms = swb__loop_timeout_ms(loop);
        poll(&ready, 1, timeout_ms < 0 ? 5000 : timeout_ms);
        swb__loop_step(loop, 0);
    }
    return *count == wanted;
}

/* Runs the loop for this long. */
static inline void run_for(swb_loop *loop, int ms)
{
    int64_t end_ns = swb__clock_ns() + ms * SWB__NS_PER_MS;
    while (swb__clock_ns() < end_ns) {
        swb__loop_step(loop, 5);
    }
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, make_loop, destroy_loop)

#endif
