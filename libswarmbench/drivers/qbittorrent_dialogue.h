/* How one talks to a qBittorrent WebUI: requests in a row, with a login where one is wanted. */
#ifndef SWB_DRIVERS_QBITTORRENT_DIALOGUE_H
#define SWB_DRIVERS_QBITTORRENT_DIALOGUE_H

#include <swarmbench/sys/driver.h>

#include <stdbool.h>

#define SWB__QBITTORRENT_API "/api/v2/"

/* How far the addition of a torrent has come. */
typedef enum swb__qbittorrent_add {
    SWB__ADD_SENT,
    SWB__ADD_REFUSED,
    SWB__ADD_TAKEN, /* but it may not be there yet */
    SWB__ADD_SEEN,
    SWB__ADD_STARTED,
} swb__qbittorrent_add;

/* What the driver keeps of a node between operations. */
typedef struct swb__qbittorrent_session {
    bool logged_in; /* the cookie of the login is in the HTTP client's jar */
    swb__qbittorrent_add add;
} swb__qbittorrent_session;

/* An operation is a login, where there was none, and a row of requests. */
typedef struct swb__qbittorrent_dialogue {
    /* Sends request `index`; SWB_CALL_DONE where there are no more. The reply to the request before
     * it is still there. */
    int (*ask)(swb_call *call, int index);
    /* Takes the reply to request `index`: SWB_OK, or what swb_call_fail() returned. */
    int (*take)(swb_call *call, int index);
} swb__qbittorrent_dialogue;

/* An operation of the driver that is this dialogue. */
int swb__qbittorrent_run(swb_call *call, const swb__qbittorrent_dialogue *talk);

#endif
