/* Watchers of descriptors. */
#include "io/loop_state.h"

#include <stdlib.h>

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

uv_poll_t *swb__poll_open(swb_loop *loop, int fd, void *data)
{
    uv_poll_t *poll = malloc(sizeof *poll);
    if (poll == NULL || uv_poll_init(swb__loop_uv(loop), poll, fd) != 0) {
        free(poll);
        return NULL;
    }
    poll->data = data;
    return poll;
}

int swb__poll_start(swb_loop *loop, uv_poll_t *poll, int events, uv_poll_cb function)
{
    loop->changed = true;
    return uv_poll_start(poll, events, function);
}

void swb__poll_close(uv_poll_t *poll)
{
    if (poll != NULL) {
        uv_close((uv_handle_t *)poll, free_handle);
    }
}
