/* JSON of the command's own: events and status. What the library writes it writes itself. */
#ifndef SWB_CLI_JSON_H
#define SWB_CLI_JSON_H

#include <cjson/cJSON.h>

#include "cli.h"

/* Add a member; false where memory ran out. Text may be cut anywhere: what is not UTF-8 becomes
 * '?'. Integers keep all their digits. */
bool cli_json_text(cJSON *object, const char *name, const char *text);
bool cli_json_uint(cJSON *object, const char *name, uint64_t value);
bool cli_json_int(cJSON *object, const char *name, int64_t value);

/* Writes one line to stdout, at once. */
cli_exit cli_json_print(const cJSON *value);

/* One event as an object; what it does not have is left out. */
cli_exit cli_json_event(const swb_event *event, const swb_experiment *experiment);

#endif
