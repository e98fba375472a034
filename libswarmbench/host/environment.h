/* What this machine is: stored with the results, and shown by the doctor. */
#ifndef SWB_HOST_ENVIRONMENT_H
#define SWB_HOST_ENVIRONMENT_H

#include <stdint.h>

#include "base/error.h"

/* Calls `tell` with each fact: kernel, cpu_model, cpu_count, memory_bytes, congestion_control,
 * file system of `work_dir`, load average, clock source, virtualization as far as it shows, ... */
typedef void (*swb__fact_fn)(void *argument, const char *name, const char *value);
void swb__environment_tell(const char *work_dir, swb__fact_fn tell, void *argument);

/* Bytes of memory that programs can still get (MemAvailable), UINT64_MAX where unknown. */
uint64_t swb__memory_available(void);

#endif
