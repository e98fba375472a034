/**
 * libswarmbench: measures how a peer-to-peer content network moves a file through a swarm.
 *
 * The way through the library:
 *
 *     swb_experiment_load()  ->  swb_runner_create()  ->  swb_runner_poll() ... until done
 *     swb_results_open()     ->  swb_results_summary(), swb_results_report(), swb_results_export()
 *
 * Conventions:
 * - A call that can fail returns 0 (SWB_OK) or a negative swb_status and leaves its outputs
 *   untouched on failure. Outputs come first. The last parameter may be a `swb_error *`.
 * - Units stand in names: `_ns` nanoseconds, `_bytes`, `_bps` bits per second.
 * - Ownership: *owned by the caller*, *borrowed until ...*, *moved on success*.
 * - An object is used by one thread at a time; different objects by different threads.
 *
 * Authors of drivers and deployers find their contracts in <swarmbench/sys/...>.
 */
#ifndef SWARMBENCH_H
#define SWARMBENCH_H

#include <swarmbench/content.h>
#include <swarmbench/environment.h>
#include <swarmbench/erasure.h>
#include <swarmbench/error.h>
#include <swarmbench/experiment.h>
#include <swarmbench/results.h>
#include <swarmbench/runner.h>
#include <swarmbench/status.h>
#include <swarmbench/version.h>

#endif
