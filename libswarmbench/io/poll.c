/* Watchers of descriptors. */
#include "io/loop_state.h"

#include <stdlib.h>

static void on_event(uv_poll_t *uv, int status, int events)
{
    struct swb__poll *poll = uv->data;
    if (status != 0) {
        /* An error on the socket, upon which libuv stops: whoever reads or writes will see it. */
        events = poll->events;
        swb__poll_set(poll, events);
    }
    poll->ready(poll->argument, poll->fd, events);
}

struct swb__poll *swb__poll_open(swb_loop *loop, int fd, swb__poll_fn ready, void *argument)
{
    struct swb__poll *poll = malloc(sizeof *poll);
    if (poll == NULL || uv_poll_init(&loop->uv, &poll->uv, fd) != 0) {
        free(poll);
        return NULL;
    }
    poll->uv.data = poll;
    poll->fd = fd;
    poll->events = 0;
    poll->ready = ready;
    poll->argument = argument;
    return poll;
}

void swb__poll_set(struct swb__poll *poll, int events)
{
    poll->events = events;
    uv_poll_start(&poll->uv, events, on_event);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

void swb__poll_close(struct swb__poll *poll)
{
    if (poll != NULL) {
        uv_close((uv_handle_t *)&poll->uv, on_closed);
    }
}
