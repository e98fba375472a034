/* Resources of the container that a process lives in, from its control groups (v1, v2, hybrid). */
#ifndef SWB_HOST_CONTAINER_H
#define SWB_HOST_CONTAINER_H

#include <sys/types.h>

#include <swarmbench/sys/deployer.h>

/*
 * Replaces those values of `sample` (of `pid`, by swb__sample_process()) that the control groups of
 * `pid` tell better: they count what has ended too. A group is used only where it can be reached,
 * through the process's own file system (/proc/PID/root), and where it is not that of `self` too,
 * who would be counted with it. Returns how many of CPU, memory and disk were replaced. `proc` is
 * "/proc", or made like it.
 */
unsigned swb__sample_container(swb_sample *sample, const char *proc, pid_t pid, pid_t self);

#endif
