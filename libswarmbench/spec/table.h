/* The option table: every setting of a cell, once. Parsing, checks, plan, digest, JSON schema and
 * reference page are made from it. */
#ifndef SWB_SPEC_TABLE_H
#define SWB_SPEC_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <swarmbench/sys/option.h>

#include "spec/settings.h"

/* Position of a setting in the table. */
typedef enum swb__setting_id {
    SWB__FILE_SIZE,
    SWB__SIZE,
    SWB__SEEDERS,
    SWB__SEEDER_SETS,
    SWB__REPETITIONS_MIN,
    SWB__REPETITIONS_MAX,
    SWB__REPETITIONS_HALF_WIDTH,
    SWB__REPETITIONS_BUDGET,
    SWB__ARRIVAL_PATTERN,
    SWB__ARRIVAL_EVERY,
    SWB__ARRIVAL_RATE,
    SWB__ARRIVAL_WAVE,
    SWB__NETWORK_UP,
    SWB__NETWORK_DOWN,
    SWB__NETWORK_DELAY,
    SWB__NETWORK_LOSS,
    SWB__FAULTS,
    SWB__LIMITS_READY,
    SWB__LIMITS_SEED,
    SWB__LIMITS_RUN,
    SWB__LIMITS_STALL,
    SWB__LIMITS_TEARDOWN,
    SWB__RETRIES,
    SWB__SETTING_COUNT,
} swb__setting_id;

/* A setting: the option, and where its value lies in swb__settings. */
typedef struct swb__setting {
    const char *section; /* "" at the top level */
    swb_option option;
    size_t offset;
    size_t size;  /* of the field; an integer of 4 or 8 bytes, or a double */
    bool is_list; /* `faults`: a list of rows, which has its own reader */
    bool no_axis; /* one value for the whole experiment */
} swb__setting;

const swb__setting *swb__setting_at(size_t id);

/* "network.delay"; returns `out`. */
char *swb__setting_path(char *out, size_t size, size_t id);

/* Id of the setting that `section` calls `name` (section "": also a whole path); -1 for none. */
int swb__setting_find(const char *section, const char *name);

/* Puts a value into its field, or takes it out. */
void swb__setting_store(swb__settings *settings, size_t id, const swb_option_value *value);
void swb__setting_load(swb_option_value *out, const swb__settings *settings, size_t id);

/* A section of the file: a mapping of settings, or one of the tables below. */
typedef struct swb__section {
    const char *name;
    const char *description;
    const char *example;
} swb__section;

/* Sections of settings, NULL past the end. */
const swb__section *swb__section_at(size_t index);
const swb__section *swb__section_find(const char *name);

/* Options that are no settings of a cell. */
typedef enum swb__whole_id {
    SWB__WHOLE_VERSION,
    SWB__WHOLE_NAME,
    SWB__WHOLE_SEED,
    SWB__WHOLE_BASELINE,
    SWB__WHOLE_ALLOW_STAND_IN,
    SWB__WHOLE_COUNT,
} swb__whole_id;

typedef enum swb__verdict_id { SWB__VERDICT_MARGIN, SWB__VERDICT_CONFIDENCE } swb__verdict_id;
typedef enum swb__fault_id { SWB__FAULT_AT, SWB__FAULT_FOR } swb__fault_id;
typedef enum swb__target_id {
    SWB__TARGET_ROLE,
    SWB__TARGET_COUNT,
    SWB__TARGET_FRACTION,
} swb__target_id;
typedef enum swb__group_id {
    SWB__GROUP_NAME,
    SWB__GROUP_DRIVER,
    SWB__GROUP_ROLE,
    SWB__GROUP_SHARE,
} swb__group_id;

typedef enum swb__coding_id {
    SWB__CODING_DATA,
    SWB__CODING_PARITY,
    SWB__CODING_VIA,
    SWB__CODING_PICK,
    SWB__CODING_EXTRA,
    SWB__CODING_PART_STALL,
} swb__coding_id;

typedef enum swb__beside_id {
    SWB__BESIDE_NAME,
    SWB__BESIDE_DRIVER,
    SWB__BESIDE_COUNT,
} swb__beside_id;

typedef enum swb__action_id {
    SWB__ACTION_AT,
    SWB__ACTION_GROUP,
    SWB__ACTION_NODE,
    SWB__ACTION_TIMES,
    SWB__ACTION_EVERY,
    SWB__ACTION_METHOD,
    SWB__ACTION_PATH,
    SWB__ACTION_BODY,
    SWB__ACTION_TYPE,
    SWB__ACTION_PORT,
    SWB__ACTION_EXPECT,
    SWB__ACTION_CONTAINS,
    SWB__ACTION_TIMEOUT,
} swb__action_id;

typedef enum swb__deploy_node_id {
    SWB__DEPLOY_NODE_MODE,
    SWB__DEPLOY_NODE_GROUP,
    SWB__DEPLOY_NODE_ROLE,
} swb__deploy_node_id;

typedef struct swb__option_list {
    const swb_option *options;
    size_t count;
} swb__option_list;

extern const swb__option_list swb__whole_options;       /* top level, by swb__whole_id */
extern const swb__option_list swb__order_options;       /* order: modes */
extern const swb__option_list swb__verdict_options;     /* by swb__verdict_id */
extern const swb__option_list swb__deploy_options;      /* on */
extern const swb__option_list swb__deploy_node_options; /* by swb__deploy_node_id */
extern const swb__option_list swb__fault_options;       /* a row of faults, by swb__fault_id */
extern const swb__option_list swb__target_options;      /* whom a fault hits, by swb__target_id */
extern const swb__option_list swb__mode_options;        /* driver */
extern const swb__option_list swb__group_options;       /* by swb__group_id */
extern const swb__option_list swb__beside_options;      /* by swb__beside_id */
extern const swb__option_list swb__action_options;      /* by swb__action_id */
extern const swb__option_list swb__coding_options; /* erasure.*, of a mode; by swb__coding_id */

/* The kinds of faults as they are written, by swb__fault_kind; '|' between them. */
#define SWB__FAULT_KINDS "kill|stop|restart|partition"

/* `at` of a fault where it is given as a duration. */
extern const swb_option swb__fault_at_duration;

#endif
