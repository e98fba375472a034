/* How one talks to a Deluge daemon: requests in a row, with a login where the stream is new. */
#ifndef SWB_DRIVERS_DELUGE_DIALOGUE_H
#define SWB_DRIVERS_DELUGE_DIALOGUE_H

#include <swarmbench/sys/driver.h>

#include <stdbool.h>

#include "base/buffer.h"
#include "drivers/rencode.h"

/* What the driver keeps of a node between operations. */
typedef struct swb__deluge_session {
    int64_t last_id; /* of the request sent last */
    bool logged_in;  /* on the stream that was there then */
} swb__deluge_session;

/* An operation is a login, where the stream is new, and a row of requests. */
typedef struct swb__deluge_dialogue {
    /* Sends request `index`; SWB_CALL_DONE where there are no more. */
    int (*ask)(swb_call *call, int index);
    /* Takes the result of request `index`: SWB_OK, or what swb_call_fail() returned. NULL where any
     * result will do. */
    int (*take)(swb_call *call, int index, const swb__rencode *result);
} swb__deluge_dialogue;

/* An operation of the driver that is this dialogue. */
int swb__deluge_run(swb_call *call, const swb__deluge_dialogue *talk);

/* A request: begun here, `arguments` values and a dict of named ones put behind it by the caller,
 * then sent, which also frees it. Returns what the driver's operation is to return. */
swb__buffer swb__deluge_request(swb_call *call, const char *method, unsigned arguments);
int swb__deluge_send(swb_call *call, swb__buffer *request);

#endif
