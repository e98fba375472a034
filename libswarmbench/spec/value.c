#include "spec/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static const swb__unit size_units[] = {
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", UINT64_C(1000000000000)},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};
static const swb__unit duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"min", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"d", UINT64_C(86400000000000)},
    {NULL, 0},
};
static const swb__unit rate_units[] = {
    {"bit", 1}, {"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {NULL, 0},
};
/* Of a frequency, the factor is the unit's length in seconds: "30/min" is 30 / 60. */
static const swb__unit frequency_units[] = {
    {"/s", 1},
    {"/min", 60},
    {"/h", 3600},
    {NULL, 0},
};

const swb__kind *swb__kind_of(swb_option_type type)
{
    static const swb__kind kinds[] = {
        [SWB_OPTION_BOOL] = {"true or false", "true", NULL},
        [SWB_OPTION_INTEGER] = {"a whole number", "8", NULL},
        [SWB_OPTION_NUMBER] = {"a number", "1.5", NULL},
        [SWB_OPTION_SIZE] = {"a size", "100MB", size_units},
        [SWB_OPTION_DURATION] = {"a duration", "30s", duration_units},
        [SWB_OPTION_RATE] = {"a rate", "100Mbit", rate_units},
        [SWB_OPTION_FRACTION] = {"a fraction", "20%", NULL},
        [SWB_OPTION_ENUM] = {"a name", "", NULL},
        [SWB_OPTION_STRING] = {"a text", "some-text", NULL},
        [SWB_OPTION_FREQUENCY] = {"a frequency", "5/s", frequency_units},
        [SWB_OPTION_LIST] = {"a list of texts", "[one, two]", NULL},
        [SWB_OPTION_MAP] = {"a mapping of names to texts", "{NAME: text}", NULL},
    };
    return &kinds[type];
}

bool swb__type_is_several(swb_option_type type)
{
    return type == SWB_OPTION_LIST || type == SWB_OPTION_MAP;
}

bool swb__type_is_real(swb_option_type type)
{
    return type == SWB_OPTION_NUMBER || type == SWB_OPTION_FRACTION || type == SWB_OPTION_FREQUENCY;
}

char *swb__value_example(char *out, size_t size, const swb_option *option)
{
    if (option->type == SWB_OPTION_ENUM) {
        swb__choice_at(out, size, option->choices, 0);
    } else if (option->type == SWB_OPTION_INTEGER && option->fallback != NULL) {
        snprintf(out, size, "%s", option->fallback);
    } else if (option->type == SWB_OPTION_INTEGER && option->minimum > 0) {
        swb__limit_text(out, size, option, option->minimum);
    } else {
        snprintf(out, size, "%s", swb__kind_of(option->type)->example);
    }
    return out;
}

char *swb__limit_text(char *out, size_t size, const swb_option *option, double limit)
{
    swb_option_value value = {0, limit, NULL};
    if (!swb__type_is_real(option->type)) {
        value.integer = limit >= 9.2e18 ? INT64_MAX : (int64_t)limit;
    }
    return swb__value_text(out, size, option, &value);
}

static char *frequency_text(char *out, size_t size, double per_s)
{
    const swb__unit *unit = frequency_units;
    while (per_s != 0 && per_s * (double)unit->factor < 1 && unit[1].name != NULL) {
        unit++;
    }
    snprintf(out, size, "%.10g%s", per_s * (double)unit->factor, unit->name);
    return out;
}

char *swb__value_text(char *out, size_t size, const swb_option *option,
                      const swb_option_value *value)
{
    switch (option->type) {
    case SWB_OPTION_BOOL:
        snprintf(out, size, "%s", value->integer ? "true" : "false");
        break;
    case SWB_OPTION_INTEGER:
        snprintf(out, size, "%" PRId64, value->integer);
        break;
    case SWB_OPTION_NUMBER:
        snprintf(out, size, "%.15g", value->number);
        break;
    case SWB_OPTION_SIZE:
        return swb__format_exact_bytes(out, size, (uint64_t)value->integer);
    case SWB_OPTION_DURATION:
        return swb__format_exact_duration(out, size, (uint64_t)value->integer);
    case SWB_OPTION_RATE:
        return swb__format_exact_rate(out, size, (uint64_t)value->integer);
    case SWB_OPTION_FRACTION:
        snprintf(out, size, "%.10g%%", value->number * 100);
        break;
    case SWB_OPTION_FREQUENCY:
        return frequency_text(out, size, value->number);
    case SWB_OPTION_ENUM:
        if (!swb__choice_at(out, size, option->choices, (size_t)value->integer)) {
            snprintf(out, size, "?");
        }
        break;
    case SWB_OPTION_STRING:
    case SWB_OPTION_LIST:
    case SWB_OPTION_MAP:
        snprintf(out, size, "%s", value->string == NULL ? "" : value->string);
        break;
    }
    return out;
}

int swb__value_compare(const swb_option *option, const swb_option_value *a,
                       const swb_option_value *b)
{
    if (option->type == SWB_OPTION_STRING) {
        return strcmp(a->string == NULL ? "" : a->string, b->string == NULL ? "" : b->string);
    }
    if (swb__type_is_real(option->type)) {
        return (a->number > b->number) - (a->number < b->number);
    }
    return (a->integer > b->integer) - (a->integer < b->integer);
}

int swb__choice_index(const char *choices, const char *text)
{
    char choice[64];
    for (size_t i = 0; swb__choice_at(choice, sizeof choice, choices, i); i++) {
        if (strcmp(choice, text) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool swb__choice_at(char *out, size_t size, const char *choices, size_t index)
{
    const char *at = choices;
    for (; index > 0; index--) {
        at = strchr(at, '|');
        if (at == NULL) {
            return false;
        }
        at++;
    }
    snprintf(out, size, "%.*s", (int)strcspn(at, "|"), at);
    return true;
}

char *swb__excerpt(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    size_t room = size - sizeof "...";
    bool cut = length > room;
    length = cut ? room : length;
    while (cut && length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    }
    memcpy(out + length, cut ? "..." : "", cut ? sizeof "..." : 1);
    return out;
}
