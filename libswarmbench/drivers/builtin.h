/* The drivers that come with the library; listed in registry.c. */
#ifndef SWB_DRIVERS_BUILTIN_H
#define SWB_DRIVERS_BUILTIN_H

#include <swarmbench/sys/driver.h>

extern const swb_driver swb__driver_codex;
extern const swb_driver swb__driver_deluge;
extern const swb_driver swb__driver_exec;
extern const swb_driver swb__driver_opentracker;
extern const swb_driver swb__driver_tracker;
extern const swb_driver swb__driver_qbittorrent;

#endif
