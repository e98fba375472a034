/* A node's client: performs a driver's operations on it over io. */
#ifndef SWB_RUN_CLIENT_H
#define SWB_RUN_CLIENT_H

#include <stdbool.h>

#include <swarmbench/sys/driver.h>

#include "base/error.h"
#include "io/loop.h"
#include "run/intake.h"

typedef struct swb__client swb__client;

/* What an operation came to; borrowed until the callback returns. */
typedef struct swb__client_outcome {
    swb_operation operation;
    int status;
    bool retriable;
    const swb_error *error;   /* NULL on SWB_OK */
    const swb_result *result; /* on SWB_OK */
    const char *metrics;      /* on SWB_OK: lines of "NAME VALUE\n"; "" but for METRICS */
    uint64_t streamed_bytes;  /* of the content, by a stream; all verified */
    uint64_t bad_offset;      /* where that stream differs; UINT64_MAX: nowhere */
    int64_t sent_ns; /* its first exchange was handed to the socket; or SWB__TIME_UNKNOWN */
    int64_t done_ns;
} swb__client_outcome;

/* The one completion of an operation. */
typedef void (*swb__client_done)(void *argument, const swb__client_outcome *outcome);

/* `node` is borrowed for the client's life. Connects to nothing yet. SWB_ENOMEM, SWB_EINVAL. */
int swb__client_create(swb__client **out, swb_loop *loop, const swb_driver *driver,
                       const swb_node *node, swb_error *error);
/* An operation under way completes with SWB_ECANCELED first. Accepts NULL. */
void swb__client_destroy(swb__client *client);

/* Begins an operation; one at a time. What `command` points to is borrowed until `done`, which is
 * never called from within. `deadline_ns`: of the whole operation, 0: the driver's. SWB_ENOMEM,
 * SWB_EBUSY (one is under way), SWB_EUNSUPPORTED. */
int swb__client_call(swb__client *client, const swb_command *command, uint64_t deadline_ns,
                     swb__client_done done, void *argument, swb_error *error);
/* The same in two steps: everything is made ready, then it leaves at once. What is held must be
 * released or destroyed. Returns as swb__client_call(). */
int swb__client_hold(swb__client *client, const swb_command *command, swb__client_done done,
                     void *argument, swb_error *error);
int swb__client_release(swb__client *client, uint64_t deadline_ns, swb_error *error);
/* Ends the operation under way, soon, with SWB_ECANCELED. HTTP only: a TLS operation goes on, as
 * does one that is over already. */
void swb__client_cancel(swb__client *client);
/* Streamed content goes to `sink` (as swb__http_request.sink) instead of being verified here and
 * told of; NULL: as at first. Until this is called again. */
void swb__client_set_sink(swb__client *client,
                          int (*sink)(void *argument, const void *bytes, size_t length),
                          void *argument);
/* Goes on after a sink was busy; as swb__http_resume(). */
void swb__client_resume(swb__client *client);
/* What is told of streamed content, with the argument of swb__client_call(). Nothing at first. */
void swb__client_set_intake(swb__client *client, const swb__intake_events *events);

#endif
