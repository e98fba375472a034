/* io/loop: timers, posts from threads, work, and embedding. */
#include "loop_fixture.h"

#include <time.h>

#include <pthread.h>
#include <stdlib.h>

struct timed {
    swb__timer *timer;
    int count;
    int stop_at;
    int64_t last_ns;
};

static void on_count(void *argument)
{
    ++*(int *)argument;
}

static void on_timer(void *argument)
{
    struct timed *timed = argument;
    timed->last_ns = swb__clock_ns();
    if (++timed->count == timed->stop_at) {
        swb__timer_stop(timed->timer);
    }
}

static void timer_fires_once_and_never_early(void **state)
{
    swb_loop *loop = *state;
    for (int i = 0; i < 20; i++) {
        struct timed timed = {.stop_at = -1};
        int64_t began_ns = swb__clock_ns();
        int64_t delay_ns = 1 + i * 700000;
        assert_int_equal(swb__timer_start(&timed.timer, loop, delay_ns, on_timer, &timed), SWB_OK);
        assert_int_equal(timed.count, 0);
        assert_true(run_until(loop, &timed.count, 1));
        assert_true(timed.last_ns - began_ns >= delay_ns);
        swb__timer_stop(timed.timer);
    }
}

/* Nothing else is there to wake the loop: it must not go to sleep over what it has just run. */
static void step_returns_once_a_timer_that_was_due_has_run(void **state)
{
    swb_loop *loop = *state;
    struct timespec while_due = {0, 5000000};
    int count = 0;
    swb__timer *timer = NULL;
    assert_int_equal(swb__timer_start(&timer, loop, SWB__NS_PER_MS, on_count, &count), SWB_OK);
    nanosleep(&while_due, NULL);
    int64_t begin_ns = swb__clock_ns();
    swb__loop_step(loop, -1);
    assert_int_equal(count, 1);
    assert_true(swb__clock_ns() - begin_ns < 500 * SWB__NS_PER_MS);
    swb__timer_stop(timer);
}

static void timer_may_be_stopped_in_its_own_call(void **state)
{
    swb_loop *loop = *state;
    struct timed once = {.stop_at = 1};
    struct timed often = {.stop_at = 3};
    swb__timer_start(&once.timer, loop, 0, on_timer, &once);
    swb__timer_repeat(&often.timer, loop, 2 * SWB__NS_PER_MS, on_timer, &often);
    assert_true(run_until(loop, &often.count, 3));
    run_for(loop, 20);
    assert_int_equal(once.count, 1);
    assert_int_equal(often.count, 3);
}

static void stopped_timer_is_not_called(void **state)
{
    swb_loop *loop = *state;
    struct timed timed = {0};
    swb__timer_start(&timed.timer, loop, SWB__NS_PER_MS, on_timer, &timed);
    swb__timer_stop(timed.timer);
    run_for(loop, 10);
    assert_int_equal(timed.count, 0);
    swb__timer_stop(NULL);
}

static void repeating_timer_does_not_drift(void **state)
{
    swb_loop *loop = *state;
    struct timed timed = {.stop_at = 50};
    int64_t began_ns = swb__clock_ns();
    swb__timer_repeat(&timed.timer, loop, 3500000, on_timer, &timed);
    assert_true(run_until(loop, &timed.count, 50));
    /* A period counted from each firing would add up to a millisecond to each of the 50. */
    int64_t late_ns = timed.last_ns - began_ns - 50 * INT64_C(3500000);
    assert_true(late_ns >= 0);
    if (late_ns > 20 * SWB__NS_PER_MS) {
        print_message("late by %lld ns: a busy machine\n", (long long)late_ns);
    }
}

static void step_without_waiting_returns_at_once_and_with_a_bound_in_time(void **state)
{
    swb_loop *loop = *state;
    int64_t began_ns = swb__clock_ns();
    swb__loop_step(loop, 0);
    assert_true(swb__clock_ns() - began_ns < 5 * SWB__NS_PER_S);
    began_ns = swb__clock_ns();
    swb__loop_step(loop, 30);
    assert_true(swb__clock_ns() - began_ns >= 29 * SWB__NS_PER_MS);
}

static void count_up(void *argument)
{
    ++*(int *)argument;
}

struct poster {
    swb_loop *loop;
    int *count;
};

static void *post_many(void *argument)
{
    struct poster *poster = argument;
    for (int i = 0; i < 1000; i++) {
        if (swb_loop_post(poster->loop, count_up, poster->count) != SWB_OK) {
            abort();
        }
    }
    return NULL;
}

static void posts_from_threads_run_each_once_on_the_loop(void **state)
{
    swb_loop *loop = *state;
    pthread_t threads[4];
    int count = 0;
    struct poster poster = {loop, &count};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &poster), 0);
    }
    while (count < 4000) {
        swb__loop_step(loop, -1);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    run_for(loop, 5);
    assert_int_equal(count, 4000);
}

static void post_that_is_pending_runs_before_the_loop_is_gone(void **state)
{
    (void)state;
    swb_loop *loop = NULL;
    int count = 0;
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    assert_int_equal(swb_loop_post(loop, count_up, &count), SWB_OK);
    assert_int_equal(count, 0);
    swb__loop_destroy(loop);
    assert_int_equal(count, 1);
    swb__loop_destroy(NULL);
}

struct job {
    pthread_t worked_on;
    int worked;
    int done;
};

static void work(void *argument)
{
    struct job *job = argument;
    job->worked_on = pthread_self();
    job->worked++;
}

static void work_done(void *argument)
{
    struct job *job = argument;
    job->done++;
}

static void work_runs_on_another_thread_and_is_done_once(void **state)
{
    swb_loop *loop = *state;
    struct job job = {0};
    assert_int_equal(swb__work_submit(loop, work, work_done, &job), SWB_OK);
    assert_int_equal(job.done, 0);
    assert_true(run_until(loop, &job.done, 1));
    assert_int_equal(job.worked, 1);
    assert_false(pthread_equal(job.worked_on, pthread_self()));
}

static void work_that_is_under_way_is_done_before_the_loop_is_gone(void **state)
{
    (void)state;
    swb_loop *loop = NULL;
    struct job jobs[16] = {0};
    assert_int_equal(swb__loop_create(&loop, NULL), SWB_OK);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(swb__work_submit(loop, work, work_done, &jobs[i]), SWB_OK);
    }
    swb__loop_destroy(loop);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(jobs[i].done, 1);
    }
}

static void *post_later(void *argument)
{
    struct timespec pause = {.tv_nsec = 20 * SWB__NS_PER_MS};
    struct poster *poster = argument;
    nanosleep(&pause, NULL);
    swb_loop_post(poster->loop, count_up, poster->count);
    return NULL;
}

static void embedder_is_woken_by_posts_and_timers(void **state)
{
    swb_loop *loop = *state;
    pthread_t thread;
    int count = 0;
    struct poster poster = {loop, &count};
    struct timed timed = {.stop_at = 1};
    swb__loop_step(loop, 0);
    assert_int_equal(swb__loop_timeout_ms(loop), -1);
    assert_int_equal(pthread_create(&thread, NULL, post_later, &poster), 0);
    int64_t began_ns = swb__clock_ns();
    assert_true(embed_until(loop, &count, 1));
    assert_true(swb__clock_ns() - began_ns < 4 * SWB__NS_PER_S);
    pthread_join(thread, NULL);
    swb__timer_start(&timed.timer, loop, 20 * SWB__NS_PER_MS, on_timer, &timed);
    assert_in_range(swb__loop_timeout_ms(loop), 1, 21);
    assert_true(embed_until(loop, &timed.count, 1));
    assert_true(swb__clock_ns() - began_ns < 4 * SWB__NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timer_fires_once_and_never_early),
        LOOP_TEST(step_returns_once_a_timer_that_was_due_has_run),
        LOOP_TEST(timer_may_be_stopped_in_its_own_call),
        LOOP_TEST(stopped_timer_is_not_called),
        LOOP_TEST(repeating_timer_does_not_drift),
        LOOP_TEST(step_without_waiting_returns_at_once_and_with_a_bound_in_time),
        LOOP_TEST(posts_from_threads_run_each_once_on_the_loop),
        cmocka_unit_test(post_that_is_pending_runs_before_the_loop_is_gone),
        LOOP_TEST(work_runs_on_another_thread_and_is_done_once),
        cmocka_unit_test(work_that_is_under_way_is_done_before_the_loop_is_gone),
        LOOP_TEST(embedder_is_woken_by_posts_and_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
