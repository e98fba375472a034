/* The machine: what it can do, and what earlier runs left on it. */
#ifndef SWARMBENCH_ENVIRONMENT_H
#define SWARMBENCH_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/error.h>
#include <swarmbench/experiment.h>
#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/**
 * Writes what this machine can do to `fd`, SWB_FORMAT_TEXT or SWB_FORMAT_JSON: the clients that
 * drivers need, kernel features, limits, disk and memory, what was left out of this build, and for
 * each lack how to get it. Starts nothing but `--version` of the clients.
 * Returns the number of lacks that matter to a driver or deployer of this build (0 = all is
 * there), or SWB_EINVAL (format), SWB_EIO, SWB_ENOMEM.
 */
SWB_API int swb_doctor(swb_format format, int fd, swb_error *error);

/** What swb_clean() did. */
typedef struct swb_clean_report {
    uint32_t journals;    /**< dead runners whose journal was found */
    uint32_t processes;   /**< processes of theirs that were ended */
    uint32_t directories; /**< data directories of theirs that were removed */
    uint32_t live;        /**< runners that are alive and were left alone */
    uint32_t held;        /**< contents of theirs that may still be on nodes that were attached: no
                               credentials are kept, so their owners must remove them */
    char held_text[4000]; /**< a line for each of these, as far as they fit */
    uint32_t objects;     /**< objects of theirs in clusters that were removed */
} swb_clean_report;

/**
 * Ends and removes what runners that died left behind, as their journals tell: processes (by
 * process id and start time, so never another's) and data directories. With `dry_run` non-zero it
 * only counts. A cluster that a dead runner used is asked to delete what carries its label.
 * Returns SWB_EIO, SWB_ENOMEM, and what keeps a cluster from being cleaned (SWB_ECONNECT,
 * SWB_EAUTH, ...): then the rest was cleaned all the same, as `*out` tells.
 */
SWB_API int swb_clean(swb_clean_report *out, int dry_run, swb_error *error);

/**
 * Writes the drivers and deployers of this build and their options to `fd`, SWB_FORMAT_TEXT or
 * SWB_FORMAT_JSON. Returns SWB_EINVAL (format), SWB_EIO.
 */
SWB_API int swb_drivers_write(swb_format format, int fd, swb_error *error);

SWB_END_DECLS

#endif
