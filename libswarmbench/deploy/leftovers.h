/* Processes that live in a data directory whose runner has died. */
#ifndef SWB_DEPLOY_LEFTOVERS_H
#define SWB_DEPLOY_LEFTOVERS_H

#include <stdbool.h>
#include <stdint.h>

/* Ends this user's processes whose HOME is inside `directory`, as every node's is: children that
 * outlived their node, and nodes whose runner was killed before it could note them. Returns how
 * many there were. */
uint32_t swb__leftovers_end(const char *directory, bool dry_run);

#endif
