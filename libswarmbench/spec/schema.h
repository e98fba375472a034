/* Pieces of the JSON Schema: references, lists, and the schema of an option. */
#ifndef SWB_SPEC_SCHEMA_H
#define SWB_SPEC_SCHEMA_H

#include "base/writer.h"
#include "spec/table.h"

/* "key": "value", "key": true; and "key" with a bracket that swb__json_close() closes. */
void swb__schema_text(swb__writer *w, const char *key, const char *value);
void swb__schema_bool(swb__writer *w, const char *key, bool value);
void swb__schema_open(swb__writer *w, const char *key, char bracket);

/* A reference to a definition, alone or as a member. */
void swb__schema_ref(swb__writer *w, const char *name);
void swb__schema_ref_member(swb__writer *w, const char *key, const char *name);

/* An array of at least `least` items: the schema of an item comes next, then the closing '}'. */
void swb__schema_open_list(swb__writer *w, int least);
/* One value of a definition, or a list of them. */
void swb__schema_one_or_list(swb__writer *w, const char *name);

/* "name": {"description": ..., "type": "object"; the rest comes next, then the closing '}'. */
void swb__schema_open_definition(swb__writer *w, const char *name, const char *description);

/* The schema of an option's value. */
void swb__schema_option(swb__writer *w, const swb_option *option);
/* Members of "properties": the options whose names begin with `prefix`; those with a further dot
 * stand in a mapping of their own. */
void swb__schema_properties(swb__writer *w, swb__option_list list, const char *prefix);

/* Definitions of schema_matrix.c. A section stands at the top level, or in a row, where lists are
 * expanded. */
void swb__schema_section(swb__writer *w, const swb__section *section, bool in_row);
void swb__schema_row(swb__writer *w);
void swb__schema_matrix(swb__writer *w);
void swb__schema_order(swb__writer *w);

#endif
