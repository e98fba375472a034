/* inotify: one instance a loop, because a user may have few (128). */
#include "io/notify.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "io/loop_state.h"

struct swb__notify {
    swb_loop *loop;
    int wd; /* shared with the others on the same inode; -1: the kernel dropped it */
    uint32_t mask;
    bool stopped; /* while events were told; freed afterwards */
    swb__notify_fn function;
    void *argument;
    LIST_ENTRY(swb__notify) link;
};

struct swb__inotify {
    swb_loop *loop;
    int fd;
    struct swb__poll *poll;
    bool telling;
    LIST_HEAD(, swb__notify) notifies;
};

static void tell(struct swb__inotify *inotify, const struct inotify_event *event, int64_t now_ns)
{
    const uint32_t for_all = IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT;
    const char *name = event->len > 0 ? event->name : "";
    swb__notify *notify;
    /* One that is started meanwhile stands before the one that is told, and is not reached. */
    LIST_FOREACH(notify, &inotify->notifies, link)
    {
        bool meant = event->wd == notify->wd || (event->mask & IN_Q_OVERFLOW) != 0;
        if (!meant || notify->stopped || (event->mask & (notify->mask | for_all)) == 0) {
            continue;
        }
        if ((event->mask & IN_IGNORED) != 0) {
            notify->wd = -1;
        }
        notify->function(notify->argument, event->mask, name, now_ns);
    }
}

static void close_instance(struct swb__inotify *inotify)
{
    inotify->loop->inotify = NULL;
    swb__poll_close(inotify->poll);
    close(inotify->fd);
    free(inotify);
}

static void drop(struct swb__inotify *inotify, swb__notify *gone)
{
    swb__notify *other;
    bool shared = false;
    LIST_REMOVE(gone, link);
    LIST_FOREACH(other, &inotify->notifies, link)
    {
        shared = shared || other->wd == gone->wd;
    }
    if (!shared && gone->wd >= 0) {
        inotify_rm_watch(inotify->fd, gone->wd);
    }
    free(gone);
}

static void sweep(struct swb__inotify *inotify)
{
    swb__notify *notify = LIST_FIRST(&inotify->notifies);
    while (notify != NULL) {
        swb__notify *next = LIST_NEXT(notify, link);
        if (notify->stopped) {
            drop(inotify, notify);
        }
        notify = next;
    }
    if (LIST_EMPTY(&inotify->notifies)) {
        close_instance(inotify);
    }
}

static void on_ready(void *argument, int fd, int events)
{
    struct swb__inotify *inotify = argument;
    alignas(struct inotify_event) char bytes[16 << 10];
    (void)events;
    ssize_t length = read(fd, bytes, sizeof bytes);
    int64_t now_ns = swb__clock_ns();
    inotify->telling = true;
    for (ssize_t at = 0; at < length;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        tell(inotify, event, now_ns);
        at += (ssize_t)(sizeof *event + event->len);
    }
    inotify->telling = false;
    sweep(inotify);
}

/* Tells which limit was reached and what it is now. */
static int fail_limit(swb_error *error, const char *what)
{
    char path[80];
    char *value = NULL;
    snprintf(path, sizeof path, "/proc/sys/fs/inotify/%s", what);
    if (swb__read_file(&value, NULL, path, 64, NULL) == SWB_OK) {
        value[strcspn(value, "\n")] = '\0';
    }
    swb__fail(error, SWB_EIO,
              "the limit on file watching is reached: raise it with sysctl fs.inotify.%s (now %s)",
              what, value == NULL ? "unknown" : value);
    free(value);
    return SWB_EIO;
}

static int open_instance(swb_loop *loop, swb_error *error)
{
    struct swb__inotify *inotify = calloc(1, sizeof *inotify);
    if (inotify == NULL) {
        return swb__fail_nomem(error);
    }
    inotify->loop = loop;
    LIST_INIT(&inotify->notifies);
    inotify->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify->fd < 0) {
        free(inotify);
        return errno == EMFILE ? fail_limit(error, "max_user_instances")
                               : swb__fail_errno(error, SWB_EIO, errno, "inotify");
    }
    inotify->poll = swb__poll_open(loop, inotify->fd, on_ready, inotify);
    if (inotify->poll == NULL) {
        close_instance(inotify);
        return swb__fail_nomem(error);
    }
    swb__poll_set(inotify->poll, UV_READABLE);
    loop->inotify = inotify;
    return SWB_OK;
}

static int add_watch(int *wd_out, int fd, const char *path, uint32_t mask, swb_error *error)
{
    int wd = inotify_add_watch(fd, path, mask | IN_MASK_ADD);
    if (wd >= 0) {
        *wd_out = wd;
        return SWB_OK;
    }
    if (errno == ENOSPC) {
        return fail_limit(error, "max_user_watches");
    }
    int status = errno == ENOENT || errno == ENOTDIR ? SWB_ENOENT
                 : errno == ENOMEM                   ? SWB_ENOMEM
                                                     : SWB_EIO;
    return swb__fail_errno(error, status, errno, "watch %s", path);
}

int swb__notify_start(swb__notify **out, swb_loop *loop, const char *path, uint32_t mask,
                      swb__notify_fn function, void *argument, swb_error *error)
{
    swb__notify *notify = malloc(sizeof *notify);
    int wd = -1;
    int status = notify == NULL ? swb__fail_nomem(error) : SWB_OK;
    if (status == SWB_OK && loop->inotify == NULL) {
        status = open_instance(loop, error);
    }
    if (status == SWB_OK) {
        status = add_watch(&wd, loop->inotify->fd, path, mask, error);
    }
    if (status != SWB_OK) {
        free(notify);
        if (loop->inotify != NULL && !loop->inotify->telling) {
            sweep(loop->inotify);
        }
        return status;
    }
    *notify = (swb__notify){
        .loop = loop, .wd = wd, .mask = mask, .function = function, .argument = argument};
    LIST_INSERT_HEAD(&loop->inotify->notifies, notify, link);
    loop->owned++;
    *out = notify;
    return SWB_OK;
}

void swb__notify_stop(swb__notify *notify)
{
    if (notify == NULL) {
        return;
    }
    struct swb__inotify *inotify = notify->loop->inotify;
    notify->stopped = true;
    notify->loop->owned--;
    if (!inotify->telling) {
        sweep(inotify);
    }
}
