/* `modes:`, what is compared; and `deploy:`, where. */
#ifndef SWB_SPEC_MODES_H
#define SWB_SPEC_MODES_H

#include "spec/model.h"
#include "spec/read.h"

int swb__read_modes(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node);
/* `node` NULL: the default place. */
int swb__read_deploy(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node);

/* nodes.c: the rows of `nodes:` in `deploy:`, once the modes are known. */
int swb__read_deploy_nodes(swb_experiment *experiment, swb__reader *reader,
                           const yaml_node_t *node);

/* coding.c: takes the erasure code of a mode whose groups are known. `node` is the mapping
 * `erasure:`, NULL where there is none. */
int swb__read_coding(swb__mode *mode, const swb__fields *fields, swb__reader *reader,
                     const yaml_node_t *node);

/* beside.c: `beside:` of a mode, nodes without a part in its content. `node` NULL: there is none.
 */
int swb__read_beside(swb__mode *mode, swb__reader *reader, const yaml_node_t *node);
/* actions.c: `actions:` of a mode, requests to the nodes beside it. `node` NULL: there is none. */
int swb__read_actions(swb__mode *mode, swb__reader *reader, const yaml_node_t *node);

/* What these and `modes:` share. The driver that `node` names: one of a service, or one of a swarm
 * (`what` names it in messages); the name of a group; options of `node` as the driver itself judges
 * them. */
int swb__read_driver_name(const swb_driver **out, swb__reader *reader, const yaml_node_t *node,
                          bool service, const char *what);
int swb__read_name(const char **out, swb__reader *reader, const yaml_node_t *node,
                   const char *what);
int swb__check_driver_options(const swb_driver *driver, const swb__fields *fields,
                              swb__reader *reader, const yaml_node_t *node);

/* Whether `name` can name an experiment, a mode or a group: 1 to 64 of A-Z a-z 0-9 . _ -, beginning
 * with a letter or a digit. */
bool swb__is_name(const char *name);
#define SWB__NAME_RULE "write 1 to 64 of A-Z a-z 0-9 . _ -, the first one a letter or a digit"

#endif
