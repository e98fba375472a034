/* `matrix:` with its axes and `exclude`, and `order:`. */
#ifndef SWB_SPEC_MATRIX_H
#define SWB_SPEC_MATRIX_H

#include "spec/model.h"

int swb__read_matrix(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node);
/* Adds one axis; called by swb__read_matrix(). */
int swb__read_axis(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *key,
                   const yaml_node_t *node);
int swb__read_order(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node);
void swb__matrix_finish(swb_experiment *experiment);

#endif
