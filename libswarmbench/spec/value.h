/* The value of an option as text: reading it, and writing it back in canonical form. */
#ifndef SWB_SPEC_VALUE_H
#define SWB_SPEC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <swarmbench/sys/option.h>

/* A unit as it is written, and how many base units it is. */
typedef struct swb__unit {
    const char *name;
    uint64_t factor;
} swb__unit;

/* What the options of a type look like, for messages, schema and reference page. */
typedef struct swb__kind {
    const char *noun;       /* "a size" */
    const char *example;    /* "100MB" */
    const swb__unit *units; /* ends with a NULL name; NULL where the type has none */
} swb__kind;

const swb__kind *swb__kind_of(swb_option_type type);

/* Reads `text` as a value of `option`. For ENUM and STRING, `out->string` borrows `text`. On
 * failure returns false, leaves `*out` as it is and writes to `why` what is wrong and what would be
 * right, beginning with the value in quotes. */
bool swb__value_parse(swb_option_value *out, const swb_option *option, const char *text, char *why,
                      size_t why_size);

/* Writes the value as swb__value_parse() reads it, in the largest unit that gives a whole number.
 * Returns `out`. */
char *swb__value_text(char *out, size_t size, const swb_option *option,
                      const swb_option_value *value);

/* Less than, equal to or greater than 0 as `a` stands before, with or after `b`. */
int swb__value_compare(const swb_option *option, const swb_option_value *a,
                       const swb_option_value *b);

/* Whether values of this type are in `number`, not in `integer`. */
bool swb__type_is_real(swb_option_type type);

/* Whether values of this type are several texts. */
bool swb__type_is_several(swb_option_type type);

/* A value that one could write for the option; returns `out`. */
char *swb__value_example(char *out, size_t size, const swb_option *option);

/* Writes a limit of the option's range as one writes a value. Returns `out`. */
char *swb__limit_text(char *out, size_t size, const swb_option *option, double limit);

/* Position of `text` among `choices`, the names separated by '|'; -1 where it is none of them. */
int swb__choice_index(const char *choices, const char *text);

/* Copies choice `index` to `out`; false past the last one. */
bool swb__choice_at(char *out, size_t size, const char *choices, size_t index);

/* Copies `text` to `out` for a message: cut after some 60 bytes at a character's end, control
 * characters as '?'. Returns `out`. */
char *swb__excerpt(char *out, size_t size, const char *text);

#define SWB__EXCERPT_BYTES 72

#endif
