#include "agent/launcher_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/launch_files.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "io/notify.h"

/* Where the file system raises no event for what another container does. */
#define LOOK_NS (250 * SWB__NS_PER_MS)

struct swb__launcher_link {
    const swb__root *root;
    void (*changed)(void *argument);
    void *argument;
    swb__notify *notify;
    swb__timer *timer;
    swb__launcher_state state;
    uint64_t ordered; /* the last order that was given */
    bool waits;       /* for the launcher to carry it out */
};

static swb__launcher_run run_of(const char *text)
{
    return strcmp(text, "idle") == 0      ? SWB__RUN_IDLE
           : strcmp(text, "running") == 0 ? SWB__RUN_RUNNING
           : strcmp(text, "exited") == 0  ? SWB__RUN_EXITED
                                          : SWB__RUN_UNKNOWN;
}

/* False where there is none, or none that is understood. */
static bool read_state(swb__launcher_state *out, const swb__root *root)
{
    char text[SWB__STATE_MAX_BYTES + 1];
    char run[8];
    long pid;
    long long instance;
    long long since_ns;
    unsigned long long order;
    unsigned long long starts;
    swb__launcher_state state;
    int fd;
    if (swb__root_launch_file(&fd, root, SWB__LAUNCH_STATE, NULL) != SWB_OK) {
        return false;
    }
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    if (sscanf(text, SWB__STATE_FORMAT, &instance, &order, &state.result, &starts, run, &pid,
               &since_ns, &state.exit_code, &state.signal) != SWB__STATE_FIELDS) {
        return false;
    }
    state.run = run_of(run);
    state.instance = instance;
    state.order = order;
    state.starts = starts;
    state.pid = (pid_t)pid;
    state.since_ns = since_ns;
    *out = state;
    return state.run != SWB__RUN_UNKNOWN;
}

static bool is_same(const swb__launcher_state *a, const swb__launcher_state *b)
{
    return a->run == b->run && a->instance == b->instance && a->order == b->order &&
           a->starts == b->starts && a->since_ns == b->since_ns;
}

static void look(void *argument)
{
    swb__launcher_link *link = argument;
    swb__launcher_state state;
    if (read_state(&state, link->root) && !is_same(&state, &link->state)) {
        link->state = state;
        link->changed(link->argument);
    }
}

static void on_notify(void *argument, uint32_t mask, const char *name, int64_t now_ns)
{
    (void)now_ns;
    if ((mask & IN_Q_OVERFLOW) != 0 || strcmp(name, SWB__LAUNCH_STATE) == 0) {
        look(argument);
    }
}

int swb__launcher_link_open(swb__launcher_link **out, swb_loop *loop, const swb__root *root,
                            void (*changed)(void *argument), void *argument, swb_error *error)
{
    swb__launcher_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return swb__fail_nomem(error);
    }
    link->root = root;
    link->changed = changed;
    link->argument = argument;
    int status =
        swb__notify_start(&link->notify, loop, root->launch, IN_MOVED_TO, on_notify, link, error);
    if (status == SWB_OK && swb__timer_repeat(&link->timer, loop, LOOK_NS, look, link) != SWB_OK) {
        status = swb__fail_nomem(error);
    }
    if (status != SWB_OK) {
        swb__launcher_link_close(link);
        return status;
    }
    read_state(&link->state, root);
    *out = link;
    return SWB_OK;
}

void swb__launcher_link_close(swb__launcher_link *link)
{
    if (link != NULL) {
        swb__notify_stop(link->notify);
        swb__timer_stop(link->timer);
        free(link);
    }
}

const swb__launcher_state *swb__launcher_link_state(const swb__launcher_link *link)
{
    return &link->state;
}

bool swb__launcher_link_is_busy(const swb__launcher_link *link)
{
    return link->waits && link->ordered > link->state.order;
}

int swb__launcher_link_order(uint64_t *sequence_out, swb__launcher_link *link, const char *text,
                             swb_error *error)
{
    char order[SWB__ORDER_MAX_BYTES];
    /* One that was withdrawn may have been taken all the same: its number is not used again. */
    uint64_t last = link->ordered > link->state.order ? link->ordered : link->state.order;
    int length = snprintf(order, sizeof order, "%" PRIu64 " %s\n", last + 1, text);
    int status =
        swb__root_put_launch_file(link->root, SWB__LAUNCH_ORDER, order, (size_t)length, error);
    if (status == SWB_OK) {
        link->ordered = last + 1;
        link->waits = true;
        *sequence_out = last + 1;
    }
    return status;
}

void swb__launcher_link_withdraw(swb__launcher_link *link)
{
    swb__root_drop_launch_file(link->root, SWB__LAUNCH_ORDER);
    link->waits = false;
}

static void append_list(swb__buffer *to, const char *const *list)
{
    size_t count = 0;
    while (list[count] != NULL) {
        count++;
    }
    swb__buffer_printf(to, "%zu", count);
    swb__buffer_char(to, '\0');
    for (size_t i = 0; i < count; i++) {
        swb__buffer_append(to, list[i], strlen(list[i]) + 1);
    }
}

int swb__launcher_link_put_spec(swb__launcher_link *link, const char *directory,
                                const char *const *argv, const char *const *environment,
                                swb_error *error)
{
    swb__buffer spec = SWB__BUFFER_INIT(SWB__SPEC_MAX_BYTES);
    swb__buffer_append(&spec, SWB__SPEC_MAGIC, sizeof SWB__SPEC_MAGIC);
    swb__buffer_append(&spec, directory, strlen(directory) + 1);
    append_list(&spec, argv);
    append_list(&spec, environment);
    int status = spec.status;
    if (status == SWB_ENOSPACE) {
        status =
            swb__fail(error, SWB_EINVAL, "arguments and environment of the node exceed %d bytes",
                      SWB__SPEC_MAX_BYTES);
    } else if (status != SWB_OK) {
        status = swb__fail_nomem(error);
    } else {
        status =
            swb__root_put_launch_file(link->root, SWB__LAUNCH_SPEC, spec.data, spec.length, error);
    }
    swb__buffer_finish(&spec);
    return status;
}
