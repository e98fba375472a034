/* The agent's end of launch_files.h: orders to the launcher, and what it tells. */
#ifndef SWB_AGENT_LAUNCHER_LINK_H
#define SWB_AGENT_LAUNCHER_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/root.h"
#include "io/loop.h"

typedef struct swb__launcher_link swb__launcher_link;

typedef enum swb__launcher_run {
    SWB__RUN_UNKNOWN = 0, /* no launcher has told anything yet */
    SWB__RUN_IDLE,
    SWB__RUN_RUNNING,
    SWB__RUN_EXITED,
} swb__launcher_run;

typedef struct swb__launcher_state {
    swb__launcher_run run;
    int64_t instance;
    uint64_t order;
    int result; /* of the order: 0 or an errno */
    uint64_t starts;
    pid_t pid;
    int64_t since_ns;
    int exit_code;
    int signal;
} swb__launcher_state;

/* `changed` is called from the loop when the state is another one. `root` is borrowed. SWB_EIO,
 * SWB_ENOMEM. */
int swb__launcher_link_open(swb__launcher_link **out, swb_loop *loop, const swb__root *root,
                            void (*changed)(void *argument), void *argument, swb_error *error);
/* Accepts NULL. */
void swb__launcher_link_close(swb__launcher_link *link);

/* Borrowed. */
const swb__launcher_state *swb__launcher_link_state(const swb__launcher_link *link);

/* Whether the launcher still has to carry out an order. */
bool swb__launcher_link_is_busy(const swb__launcher_link *link);
/* Gives an order: "start" or "signal NUMBER". It is carried out once the state's order is as high
 * as the one given out. Not to be called while it is busy. SWB_EIO, SWB_ENOSPACE. */
int swb__launcher_link_order(uint64_t *sequence_out, swb__launcher_link *link, const char *text,
                             swb_error *error);
/* Takes back an order that the launcher does not react to. */
void swb__launcher_link_withdraw(swb__launcher_link *link);

/* Writes what is to be started by the next "start". SWB_EINVAL (too long), SWB_EIO, SWB_ENOSPACE,
 * SWB_ENOMEM. */
int swb__launcher_link_put_spec(swb__launcher_link *link, const char *directory,
                                const char *const *argv, const char *const *environment,
                                swb_error *error);

#endif
