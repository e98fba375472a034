/* `swarmbench-agent install DIR`. */
#ifndef SWB_AGENT_INSTALL_H
#define SWB_AGENT_INSTALL_H

#include "base/error.h"

/* Copies swarmbench-launcher, which lies beside this program, into `directory`, which is made where
 * it is missing; the copy appears whole. SWB_ENOENT (no launcher there), SWB_EIO, SWB_ENOSPACE. */
int swb__install_launcher(const char *directory, swb_error *error);

#endif
