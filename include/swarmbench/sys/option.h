/* Option rows: one table makes parsing, checks, the JSON schema and the reference page. */
#ifndef SWARMBENCH_SYS_OPTION_H
#define SWARMBENCH_SYS_OPTION_H

#include <stdint.h>

#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/** Type of an option, and with it the unit of its value. */
typedef enum swb_option_type {
    SWB_OPTION_BOOL,      /**< true or false; `integer` is 0 or 1 */
    SWB_OPTION_INTEGER,   /**< `integer` */
    SWB_OPTION_NUMBER,    /**< `number` */
    SWB_OPTION_SIZE,      /**< "100MB", "64KiB"; `integer` in bytes */
    SWB_OPTION_DURATION,  /**< "30s", "20ms", "2h"; `integer` in ns */
    SWB_OPTION_RATE,      /**< "100Mbit"; `integer` in bits per second */
    SWB_OPTION_FRACTION,  /**< "20%" or 0.2; `number`, 1 = whole */
    SWB_OPTION_ENUM,      /**< one of `choices`; `integer` is its position, `string` its name */
    SWB_OPTION_STRING,    /**< `string` */
    SWB_OPTION_FREQUENCY, /**< "5/s", "30/min"; `number` per second */
    SWB_OPTION_LIST,      /**< a list of texts; `integer` is how many, `string` holds them with
                               SWB_OPTION_SEPARATOR between; NULL where not given. No fallback */
    SWB_OPTION_MAP,       /**< names with texts, {HOME: /tmp}; as a LIST of "NAME=text" */
} swb_option_type;

/** Stands between the texts of a LIST or MAP, and in none of them. */
#define SWB_OPTION_SEPARATOR '\x1f'

/** One row of an option table. Static storage. */
typedef struct swb_option {
    const char *name; /**< key in the experiment file */
    swb_option_type type;
    const char *fallback; /**< value where none is given, as one writes it; NULL = none: 0/NULL */
    double minimum;       /**< least value in the base unit (with type BOOL/ENUM/STRING unused) */
    double maximum;       /**< greatest value; 0 with minimum 0 = no limits but the type's */
    const char *choices;  /**< ENUM: the names, separated by '|' */
    const char *description; /**< one sentence, for the reference page and `swarmbench drivers` */
} swb_option;

/** The value of an option. `string` is borrowed from the experiment, NULL where not given. */
typedef struct swb_option_value {
    int64_t integer;
    double number;
    const char *string;
} swb_option_value;

SWB_END_DECLS

#endif
