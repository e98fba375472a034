/* What dead runs left in a cluster. */
#ifndef SWB_DEPLOY_KUBERNETES_CLEAN_H
#define SWB_DEPLOY_KUBERNETES_CLEAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Deletes the objects that carry the label of the run that `text` names, as the journal has it, and
 * counts them; waits for what the API server has taken, not for the pods' end. With `dry_run` only
 * counts. Uses a loop of its own. SWB_EINPUT (the text), or as the cluster says. */
int swb__kubernetes_clean(uint32_t *count_out, const char *text, bool dry_run, swb_error *error);

#endif
