/* Reading scalars and mappings of options by their tables. */
#ifndef SWB_SPEC_READ_H
#define SWB_SPEC_READ_H

#include "spec/document.h"
#include "spec/table.h"

/* A table and the values that were read by it. `values` and `places` are made by
 * swb__read_options(); a place is 0 where the file gives no value. */
typedef struct swb__fields {
    swb__option_list list;
    swb_option_value *values;
    swb__place *places;
} swb__fields;

/* Reads one value; its text is copied. `path` names the option in messages. */
int swb__read_value(swb_option_value *out, swb__reader *reader, const swb_option *option,
                    const yaml_node_t *node, const char *path);

/*
 * Reads a mapping whose keys are the options of `count` tables, or stand in `others`, which is left
 * to the caller ('|' between the names; NULL for none). An option with a dot in its name stands in
 * a mapping of its own: "erasure.data" is {erasure: {data: 4}}. `node` NULL: all have defaults.
 */
int swb__read_options(swb__fields *fields, size_t count, const char *others, swb__reader *reader,
                      const yaml_node_t *node);

#endif
