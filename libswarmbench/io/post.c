/* Calls from other threads into the loop, and work that is done on them. */
#include "io/loop_state.h"

#include <stdlib.h>

struct swb__post {
    void (*function)(void *argument);
    void *argument;
    STAILQ_ENTRY(swb__post) link;
};

int swb_loop_post(swb_loop *loop, void (*function)(void *argument), void *argument)
{
    struct swb__post *post = malloc(sizeof *post);
    if (post == NULL) {
        return SWB_ENOMEM;
    }
    post->function = function;
    post->argument = argument;
    uv_mutex_lock(&loop->lock);
    STAILQ_INSERT_TAIL(&loop->posts, post, link);
    /* Within the lock: once the call has run, its function may have ended the loop. */
    uv_async_send(&loop->wake);
    uv_mutex_unlock(&loop->lock);
    return SWB_OK;
}

bool swb__loop_run_posts(swb_loop *loop)
{
    STAILQ_HEAD(, swb__post) due = STAILQ_HEAD_INITIALIZER(due);
    uv_mutex_lock(&loop->lock);
    STAILQ_CONCAT(&due, &loop->posts);
    uv_mutex_unlock(&loop->lock);
    bool some = !STAILQ_EMPTY(&due);
    while (!STAILQ_EMPTY(&due)) {
        struct swb__post *post = STAILQ_FIRST(&due);
        STAILQ_REMOVE_HEAD(&due, link);
        post->function(post->argument);
        free(post);
    }
    return some;
}

struct work {
    uv_work_t uv;
    void (*work)(void *argument);
    void (*done)(void *argument);
    void *argument;
};

static void on_work(uv_work_t *uv)
{
    struct work *work = uv->data;
    work->work(work->argument);
}

static void on_worked(uv_work_t *uv, int status)
{
    (void)status; /* UV_ECANCELED only, which nothing here asks for. */
    struct work *work = uv->data;
    work->done(work->argument);
    free(work);
}

int swb__work_submit(swb_loop *loop, void (*function)(void *argument), void (*done)(void *argument),
                     void *argument)
{
    struct work *work = malloc(sizeof *work);
    if (work == NULL) {
        return SWB_ENOMEM;
    }
    *work = (struct work){.work = function, .done = done, .argument = argument};
    work->uv.data = work;
    uv_queue_work(swb__loop_uv(loop), &work->uv, on_work, on_worked);
    return SWB_OK;
}
