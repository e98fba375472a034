/* The drivers that come with the library; listed in registry.c. */
#ifndef SWB_DRIVERS_BUILTIN_H
#define SWB_DRIVERS_BUILTIN_H

#include <swarmbench/sys/driver.h>

#endif
