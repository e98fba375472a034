/* The launch of a node, as the runner makes it for a driver to fill. */
#ifndef SWB_DRIVERS_LAUNCH_H
#define SWB_DRIVERS_LAUNCH_H

#include <swarmbench/sys/deployer.h>

#include "base/error.h"

int swb__launch_create(swb_launch **out, swb_error *error);
void swb__launch_destroy(swb_launch *launch);
/* The first failure of the driver's calls: SWB_OK, SWB_ENOMEM, SWB_EINVAL; also SWB_EINVAL where no
 * program was set. */
int swb__launch_status(const swb_launch *launch, swb_error *error);

#endif
