/* Resources of a process and its children, from /proc. */
#ifndef SWB_HOST_SAMPLER_H
#define SWB_HOST_SAMPLER_H

#include <sys/types.h>

#include <swarmbench/sys/deployer.h>

/* Fills CPU, memory and disk of `pid`; wire counters are set to SWB_COUNT_UNKNOWN. SWB_ENOENT. */
int swb__sample_process(swb_sample *out, pid_t pid);

/* The counters of a process as they were told last. Zeroed memory knows of none. */
typedef struct swb__sampled {
    pid_t pid;
    uint64_t cpu_ns;
    uint64_t disk_read_bytes;
    uint64_t disk_written_bytes;
} swb__sampled;

/* Keeps the counters of `sample` from falling as long as it is the same process: children that end
 * are counted less exactly than living ones, and a fall means a restart to who adds them up. */
void swb__sampled_keep(swb__sampled *last, swb_sample *sample, pid_t pid);

/* The next sample of a node: swb__sample_process(), with counters that do not fall. */
int swb__sample_next(swb_sample *out, swb__sampled *last, pid_t pid);

#endif
