/* Reading the value of an option from its text. */
#include "spec/value.h"

#include <stdio.h>
#include <string.h>

/* digits / 10^scale. Decimal on purpose: no locale decides how a file is read. */
typedef struct decimal {
    uint64_t digits;
    unsigned scale;
    bool negative;
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the number at `*at`. Returns NULL, or what is wrong. A leading zero is refused because
 * YAML's readers do not agree about its meaning. */
static const char *read_decimal(decimal *out, const char **at)
{
    decimal number = {0, 0, false};
    const char *c = *at;
    number.negative = *c == '-';
    c += *c == '-' || *c == '+';
    if (!is_digit(*c)) {
        return "does not begin with a number";
    }
    if (*c == '0' && is_digit(c[1])) {
        return "begins with a needless zero";
    }
    bool after_point = false;
    for (; is_digit(*c) || (*c == '.' && !after_point && is_digit(c[1])); c++) {
        if (*c == '.') {
            after_point = true;
            continue;
        }
        if (number.digits >= UINT64_C(100000000000000000) || number.scale == 18) {
            return "has more than 18 figures";
        }
        number.digits = number.digits * 10 + (uint64_t)(*c - '0');
        number.scale += after_point;
    }
    *out = number;
    *at = c;
    return NULL;
}

static double decimal_number(const decimal *number)
{
    double divisor = 1;
    for (unsigned i = 0; i < number->scale; i++) {
        divisor *= 10;
    }
    double value = (double)number->digits / divisor;
    return number->negative ? -value : value;
}

typedef enum whole { WHOLE, NOT_WHOLE, TOO_LARGE } whole;

/* decimal * factor as an integer. */
static whole decimal_whole(int64_t *out, const decimal *number, uint64_t factor)
{
    uint64_t digits = number->digits;
    unsigned scale = number->scale;
    for (; scale > 0 && digits % 10 == 0; scale--) {
        digits /= 10;
    }
    for (; scale > 0 && factor % 10 == 0; scale--) {
        factor /= 10;
    }
    if (digits != 0 && factor > (uint64_t)INT64_MAX / digits) {
        return TOO_LARGE;
    }
    uint64_t product = digits * factor;
    for (; scale > 0; scale--) {
        if (product % 10 != 0) {
            return NOT_WHOLE;
        }
        product /= 10;
    }
    *out = number->negative ? -(int64_t)product : (int64_t)product;
    return WHOLE;
}

static const swb__unit *find_unit(const swb__unit *units, const char *name)
{
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, name) == 0) {
            return units;
        }
    }
    return NULL;
}

static void unit_list(char *out, size_t size, const swb__unit *units)
{
    size_t used = 0;
    out[0] = '\0';
    for (; units->name != NULL && used < size; units++) {
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ", ", units->name);
    }
}

typedef struct value_reading {
    const swb_option *option;
    const char *text;
    char *why;
    size_t why_size;
} value_reading;

static bool refuse(const value_reading *reading, const char *problem)
{
    char shown[SWB__EXCERPT_BYTES];
    char example[64];
    char units[128] = "";
    const swb__kind *kind = swb__kind_of(reading->option->type);
    if (kind->units != NULL) {
        unit_list(units, sizeof units, kind->units);
    }
    snprintf(reading->why, reading->why_size, "'%s' %s; write %s such as %s%s%s%s",
             swb__excerpt(shown, sizeof shown, reading->text), problem, kind->noun,
             swb__value_example(example, sizeof example, reading->option),
             units[0] == '\0' ? "" : " (units: ", units, units[0] == '\0' ? "" : ")");
    return false;
}

static bool parse_bool(swb_option_value *out, const value_reading *reading)
{
    bool yes = strcmp(reading->text, "true") == 0;
    if (!yes && strcmp(reading->text, "false") != 0) {
        char shown[SWB__EXCERPT_BYTES];
        snprintf(reading->why, reading->why_size, "'%s' is neither true nor false",
                 swb__excerpt(shown, sizeof shown, reading->text));
        return false;
    }
    out->integer = yes;
    return true;
}

static bool parse_integer(swb_option_value *out, const value_reading *reading)
{
    const char *at = reading->text;
    decimal number;
    const char *problem = read_decimal(&number, &at);
    if (problem != NULL || *at != '\0' || number.scale != 0) {
        return refuse(reading, problem != NULL ? problem : "is not a whole number");
    }
    decimal_whole(&out->integer, &number, 1);
    return true;
}

static bool parse_number(swb_option_value *out, const value_reading *reading)
{
    const char *at = reading->text;
    decimal number;
    const char *problem = read_decimal(&number, &at);
    if (problem != NULL || *at != '\0') {
        return refuse(reading, problem != NULL ? problem : "is not a number");
    }
    out->number = decimal_number(&number);
    return true;
}

static bool parse_fraction(swb_option_value *out, const value_reading *reading)
{
    const char *at = reading->text;
    decimal number;
    const char *problem = read_decimal(&number, &at);
    if (problem != NULL || (strcmp(at, "%") != 0 && *at != '\0')) {
        return refuse(reading, problem != NULL ? problem : "is not a fraction");
    }
    number.scale += *at == '%' ? 2 : 0;
    out->number = decimal_number(&number);
    return true;
}

/* A number and a unit, with at most one space between them. */
static bool parse_with_unit(swb_option_value *out, const value_reading *reading)
{
    const char *at = reading->text;
    const swb__unit *units = swb__kind_of(reading->option->type)->units;
    decimal number;
    const char *problem = read_decimal(&number, &at);
    if (problem != NULL) {
        return refuse(reading, problem);
    }
    if (*at == '\0') {
        return refuse(reading, "has no unit");
    }
    const swb__unit *unit = find_unit(units, at + (*at == ' '));
    if (unit == NULL) {
        return refuse(reading, "has an unknown unit");
    }
    if (number.negative) {
        return refuse(reading, "is negative");
    }
    if (reading->option->type == SWB_OPTION_FREQUENCY) {
        out->number = decimal_number(&number) / (double)unit->factor;
        return true;
    }
    switch (decimal_whole(&out->integer, &number, unit->factor)) {
    case NOT_WHOLE:
        return refuse(reading, "is finer than the smallest unit");
    case TOO_LARGE:
        return refuse(reading, "is too large");
    case WHOLE:
        break;
    }
    return true;
}

static bool parse_choice(swb_option_value *out, const value_reading *reading)
{
    out->integer = swb__choice_index(reading->option->choices, reading->text);
    if (out->integer >= 0) {
        out->string = reading->text;
        return true;
    }
    char shown[SWB__EXCERPT_BYTES];
    char hint[256];
    char choice[64];
    size_t used = 0;
    for (size_t i = 0;
         used < sizeof hint && swb__choice_at(choice, sizeof choice, reading->option->choices, i);
         i++) {
        used +=
            (size_t)snprintf(hint + used, sizeof hint - used, "%s%s", i == 0 ? "" : ", ", choice);
    }
    snprintf(reading->why, reading->why_size, "'%s' is not known here; write one of: %s",
             swb__excerpt(shown, sizeof shown, reading->text), hint);
    return false;
}

static bool parse_text(swb_option_value *out, const value_reading *reading)
{
    if (strlen(reading->text) > 4000) {
        return refuse(reading, "is longer than 4000 bytes");
    }
    out->string = reading->text;
    return true;
}

/* They are no scalars: see swb__read_value(). */
static bool parse_several(swb_option_value *out, const value_reading *reading)
{
    (void)out;
    return refuse(reading, "is one text");
}

static bool has_limits(const swb_option *option)
{
    return option->minimum != 0 || option->maximum != 0 || option->type == SWB_OPTION_FRACTION;
}

static bool in_range(const swb_option_value *value, const value_reading *reading)
{
    const swb_option *option = reading->option;
    if (option->type == SWB_OPTION_BOOL || option->type == SWB_OPTION_ENUM ||
        option->type == SWB_OPTION_STRING || swb__type_is_several(option->type) ||
        !has_limits(option)) {
        return true;
    }
    double least = option->minimum;
    double most = option->minimum == 0 && option->maximum == 0 ? 1 : option->maximum;
    double given = swb__type_is_real(option->type) ? value->number : (double)value->integer;
    if (given >= least && given <= most) {
        return true;
    }
    char shown[SWB__EXCERPT_BYTES];
    char from[48];
    char to[48];
    swb__limit_text(from, sizeof from, option, least);
    swb__limit_text(to, sizeof to, option, most);
    swb__excerpt(shown, sizeof shown, reading->text);
    if (least == most) {
        snprintf(reading->why, reading->why_size, "'%s' must be %s", shown, from);
    } else {
        snprintf(reading->why, reading->why_size, "'%s' is out of range; write %s to %s", shown,
                 from, to);
    }
    return false;
}

bool swb__value_parse(swb_option_value *out, const swb_option *option, const char *text, char *why,
                      size_t why_size)
{
    static bool (*const parsers[])(swb_option_value *, const value_reading *) = {
        [SWB_OPTION_BOOL] = parse_bool,          [SWB_OPTION_INTEGER] = parse_integer,
        [SWB_OPTION_NUMBER] = parse_number,      [SWB_OPTION_SIZE] = parse_with_unit,
        [SWB_OPTION_DURATION] = parse_with_unit, [SWB_OPTION_RATE] = parse_with_unit,
        [SWB_OPTION_FRACTION] = parse_fraction,  [SWB_OPTION_ENUM] = parse_choice,
        [SWB_OPTION_STRING] = parse_text,        [SWB_OPTION_FREQUENCY] = parse_with_unit,
        [SWB_OPTION_LIST] = parse_several,       [SWB_OPTION_MAP] = parse_several,
    };
    value_reading reading = {option, text, why, why_size};
    swb_option_value value = {0, 0, NULL};
    if (!parsers[option->type](&value, &reading) || !in_range(&value, &reading)) {
        return false;
    }
    *out = value;
    return true;
}
