/* Rows of settings: what stands at the top level, in an axis, or in `exclude`. */
#ifndef SWB_SPEC_ROWS_H
#define SWB_SPEC_ROWS_H

#include "spec/model.h"

/* Whether a list stands for alternatives, each of which makes rows of its own. */
typedef enum swb__lists { SWB__LISTS_REFUSED, SWB__LISTS_EXPANDED } swb__lists;

void swb__rows_finish(swb__rows *rows);

/* Makes `rows` one row without a setting. */
int swb__rows_start(swb__rows *rows, swb__reader *reader);

/* Reads `key: value` as settings of `section` ("" = the top level) and multiplies `rows` with what
 * it says. A setting that `rows` has already is refused. */
int swb__rows_add(swb__rows *rows, swb__reader *reader, const char *section, const yaml_node_t *key,
                  const yaml_node_t *value, swb__lists lists);

/* Reads a mapping of settings, or a list of such mappings, as the rows that it stands for. `out` is
 * freed by the caller on success. */
int swb__rows_read(swb__rows *out, swb__reader *reader, const char *section,
                   const yaml_node_t *node);

/* Whether `key` names a setting or a section. */
bool swb__is_setting(const char *section, const char *key);
/* The names that swb__is_setting() knows. */
void swb__setting_names(swb__names *names, const char *section);

#endif
