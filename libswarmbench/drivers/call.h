/* A driver's operation under way, as the layer that performs exchanges sees it. */
#ifndef SWB_DRIVERS_CALL_H
#define SWB_DRIVERS_CALL_H

#include <stdbool.h>

#include <swarmbench/sys/driver.h>

#include "base/error.h"
#include "drivers/exchange.h"

/* An operation that is not done after so many exchanges never will be: SWB_EPROTO. */
#define SWB__CALL_EXCHANGES_MAX 1000

/* Begins an operation: nothing is asked of the driver yet. All but `out` is borrowed until the call
 * is destroyed; `session` is the driver's state of the node. SWB_ENOMEM, SWB_EUNSUPPORTED (the
 * driver has no such operation). */
int swb__call_create(swb_call **out, const swb_driver *driver, const swb_node *node,
                     const swb_command *command, void *session, swb_error *error);
void swb__call_destroy(swb_call *call);

/* Tells whether the TLS stream is one that has carried a login. */
void swb__call_set_connected(swb_call *call, bool connected);

/* Asks the driver what comes next: at first with a NULL reply, then with the reply to its exchange.
 * Returns SWB_CALL_SEND with `*exchange_out` set (owned by the call; valid until it is advanced or
 * destroyed), SWB_CALL_DONE, or a negative status described in `error`, with `*retriable_out` told.
 * A driver that returns nonsense is SWB_EINVAL. */
int swb__call_advance(const swb__exchange **exchange_out, bool *retriable_out, swb_call *call,
                      const swb_reply *reply, swb_error *error);

const swb_result *swb__call_result(const swb_call *call);
/* What METRICS told: lines of "NAME VALUE\n"; "" where it told nothing. */
const char *swb__call_metrics(const swb_call *call);

#endif
