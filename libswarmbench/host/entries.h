/* Writing the files that a node's launch asks for. */
#ifndef SWB_HOST_ENTRIES_H
#define SWB_HOST_ENTRIES_H

#include <swarmbench/sys/deployer.h>

#include "base/error.h"

/* Writes one entry under `home_dir`, as swb__entries_write() does; the message does not name it. */
int swb__entry_write(const swb_launch_entry *entry, const char *home_dir, swb_error *error);

/* Writes all entries of `launch` under `home_dir`; folders are made, links are not followed.
 * SWB_EINVAL (a path that leaves home_dir), SWB_EIO, SWB_ENOSPACE. */
int swb__entries_write(const swb_launch *launch, const char *home_dir, swb_error *error);

#endif
