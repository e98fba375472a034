/* What dead runs left in a cluster. */
#ifndef SWB_DEPLOY_KUBERNETES_CLEAN_H
#define SWB_DEPLOY_KUBERNETES_CLEAN_H

#include <stdbool.h>
#include <stdint.h>

#include <swarmbench/sys/option.h>

#include "base/error.h"

/* Deletes the objects that carry the label of the run that `text` names, as the journal has it, and
 * counts them; waits for what the API server has taken, not for the pods' end. What is forbidden is
 * passed over, and told when all else is done. With `dry_run` only counts. Uses a loop of its own.
 * `*count_out` is set on failure too. SWB_EINPUT (the text, another cluster), or as the cluster
 * says. */
int swb__kubernetes_clean(uint32_t *count_out, const char *text, bool dry_run, swb_error *error);

/* swb_deployer.recover(): of a runner that was brought into a cluster, what one before it has left,
 * by the label of the experiment; a journal is gone with its pod. */
int swb__kubernetes_recover(uint32_t *count_out, const swb_option_value *values, swb_error *error);

#endif
