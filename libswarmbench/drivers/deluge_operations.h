/* What is said to a Deluge daemon: the operations of its driver. */
#ifndef SWB_DRIVERS_DELUGE_OPERATIONS_H
#define SWB_DRIVERS_DELUGE_OPERATIONS_H

#include <swarmbench/sys/driver.h>

int swb__deluge_ready(swb_call *call);
int swb__deluge_version(swb_call *call);
int swb__deluge_seed(swb_call *call);
int swb__deluge_leech(swb_call *call);
int swb__deluge_status(swb_call *call);
int swb__deluge_remove(swb_call *call);
int swb__deluge_peers(swb_call *call);
int swb__deluge_stop(swb_call *call);

#endif
