/* What is said to a qBittorrent WebUI: the operations of its driver. */
#ifndef SWB_DRIVERS_QBITTORRENT_OPERATIONS_H
#define SWB_DRIVERS_QBITTORRENT_OPERATIONS_H

#include <swarmbench/sys/driver.h>

int swb__qbittorrent_ready(swb_call *call);
int swb__qbittorrent_version(swb_call *call);
int swb__qbittorrent_seed(swb_call *call);
int swb__qbittorrent_leech(swb_call *call);
int swb__qbittorrent_status(swb_call *call);
int swb__qbittorrent_remove(swb_call *call);
int swb__qbittorrent_peers(swb_call *call);
int swb__qbittorrent_stop(swb_call *call);

#endif
