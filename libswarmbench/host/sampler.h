/* Resources of a process and its children, from /proc. */
#ifndef SWB_HOST_SAMPLER_H
#define SWB_HOST_SAMPLER_H

#include <sys/types.h>

#include <swarmbench/sys/deployer.h>

/* Fills CPU, memory and disk of `pid`; wire counters are set to SWB_COUNT_UNKNOWN. SWB_ENOENT. */
int swb__sample_process(swb_sample *out, pid_t pid);

#endif
