/* The checked experiment, as the layers above spec see it. */
#ifndef SWB_SPEC_EXPERIMENT_H
#define SWB_SPEC_EXPERIMENT_H

#include <swarmbench/experiment.h>
#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>

#include "spec/settings.h"

/* Which nodes of a swarm belong to a group. */
typedef enum swb__group_role {
    SWB__GROUP_ANY,
    SWB__GROUP_SEEDERS,
    SWB__GROUP_LEECHERS,
} swb__group_role;

/* Nodes that share a driver and its options. A mode without `groups` is one group of all. */
typedef struct swb__group {
    const char *name;
    const swb_driver *driver;
    swb_option_value *options; /* in the order of the driver's table */
    swb__group_role role;
    double share; /* of the nodes with that role, 0 < share <= 1; the shares of a role sum to 1 */
} swb__group;

/* Who makes the erasure code of a mode's content. */
typedef enum swb__coder {
    SWB__CODER_NONE,
    SWB__CODER_LIBRARY, /* we: each part is a content of its own */
    SWB__CODER_CLIENT,  /* each seeder's client, asked after its upload */
} swb__coder;

typedef struct swb__coding {
    swb__coder coder;
    uint32_t data_parts;
    uint32_t parity_parts;
    bool data_first;        /* CODER_LIBRARY, as all below: parts in their order, else shuffled */
    uint32_t extra;         /* parts fetched at once beyond data_parts */
    uint64_t part_stall_ns; /* without progress: another part is taken instead */
} swb__coding;

/* "library", "storage-request"; "" of NONE. Static. */
const char *swb__coder_name(swb__coder coder);
/* "4+2 by library", "4+2 by storage-request", "" where there is none. */
#define SWB__CODING_TEXT_SIZE 48
const char *swb__coding_text(char out[SWB__CODING_TEXT_SIZE], const swb__coding *coding);

/* Nodes that live beside the swarm, with no part in its content. */
typedef struct swb__beside {
    const char *name;
    const swb_driver *driver;
    swb_option_value *options; /* in the order of the driver's table */
    uint32_t count;
} swb__beside;

/* A row of `actions:`: a request that is made of nodes beside the swarm during a run. */
typedef struct swb__action_plan {
    uint32_t beside;   /* index of the group */
    uint32_t node;     /* in the group; UINT32_MAX: each of them */
    uint64_t at_ns;    /* since the run's intended start */
    uint64_t every_ns; /* between one time and the next */
    uint32_t times;
    uint64_t timeout_ns;
    swb_http_action http;
} swb__action_plan;

#define SWB__BESIDE_MAX 32      /* groups, and nodes of each */
#define SWB__ACTIONS_MAX 64     /* rows */
#define SWB__ACTION_DEEDS 10000 /* requests of a run */

typedef struct swb__mode {
    const char *name;
    swb__coding coding;
    swb__group *groups;
    size_t group_count;
    const swb_driver *service; /* what each run needs beside the swarm, a tracker; or NULL */
    swb_option_value *service_options;
    const char *tracker_url; /* of a tracker that runs already; NULL: none */
    swb__beside *beside;
    size_t beside_count;
    swb__action_plan *actions; /* in the order of the file */
    size_t action_count;
} swb__mode;

const swb__mode *swb__experiment_mode(const swb_experiment *experiment, size_t index);
const swb_deployer *swb__experiment_deployer(const swb_experiment *experiment);
const swb_option_value *swb__experiment_deployer_options(const swb_experiment *experiment);

/* A node that runs already: a row of `deploy: {nodes: [...]}`. */
typedef struct swb__deploy_node {
    uint32_t mode;
    uint32_t group;
    swb__group_role role;      /* what it can be */
    swb_option_value *options; /* in the order of the deployer's node_options */
} swb__deploy_node;

/* Chooses a row for each node of a swarm: the first one that is left of the node's group, one of
 * the node's own role before one of any. `out`: the rows' options; NULL where there are no rows. */
void swb__deploy_nodes_choose(const swb_option_value **out, const swb_experiment *experiment,
                              uint32_t mode, const swb_role *roles, const uint32_t *groups,
                              uint32_t size);

/* Verdict: the margin and confidence of `verdict:`, as fractions; whether stand-ins may enter. */
double swb__experiment_margin(const swb_experiment *experiment);
bool swb__experiment_allow_stand_in(const swb_experiment *experiment);
double swb__experiment_confidence(const swb_experiment *experiment);

/* 64 hex digits: SHA-256 of all that decides the plan and the runs, in canonical form: comments,
 * key order and spelling of values do not change it. Borrowed. */
const char *swb__experiment_digest(const swb_experiment *experiment);

/* Settings of cell `index` (< cell count), resolved. */
void swb__plan_settings(swb__settings *out, const swb_plan *plan, uint64_t cell);

const swb_experiment *swb__plan_experiment(const swb_plan *plan);

/* Assigns the swarm's nodes of a run: roles_out[i] and groups_out[i] (index into the mode's groups)
 * for node i < settings->size. Seeder placement depends on the run's cell and seeder set, never on
 * the mode or the repetition. */
void swb__plan_assign(swb_role *roles_out, uint32_t *groups_out, const swb_plan *plan,
                      const swb_planned_run *run);

#endif
