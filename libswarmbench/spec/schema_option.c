#include "spec/schema.h"

#include <stdio.h>
#include <string.h>

#include "spec/value.h"

void swb__schema_text(swb__writer *w, const char *key, const char *value)
{
    swb__json_key(w, key);
    swb__json_string(w, value);
}

void swb__schema_bool(swb__writer *w, const char *key, bool value)
{
    swb__json_key(w, key);
    swb__json_bool(w, value);
}

void swb__schema_open(swb__writer *w, const char *key, char bracket)
{
    swb__json_key(w, key);
    swb__json_open(w, bracket);
}

void swb__schema_ref(swb__writer *w, const char *name)
{
    char path[96];
    snprintf(path, sizeof path, "#/$defs/%s", name);
    swb__json_open(w, '{');
    swb__schema_text(w, "$ref", path);
    swb__json_close(w, '}');
}

void swb__schema_ref_member(swb__writer *w, const char *key, const char *name)
{
    swb__json_key(w, key);
    swb__schema_ref(w, name);
}

void swb__schema_open_list(swb__writer *w, int least)
{
    swb__json_open(w, '{');
    swb__schema_text(w, "type", "array");
    swb__json_key(w, "minItems");
    swb__json_int(w, least);
    swb__json_key(w, "items");
}

void swb__schema_one_or_list(swb__writer *w, const char *name)
{
    swb__json_open(w, '{');
    swb__schema_open(w, "anyOf", '[');
    swb__schema_ref(w, name);
    swb__schema_open_list(w, 1);
    swb__schema_ref(w, name);
    swb__json_close(w, '}');
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

void swb__schema_open_definition(swb__writer *w, const char *name, const char *description)
{
    swb__schema_open(w, name, '{');
    swb__schema_text(w, "description", description);
    swb__schema_text(w, "type", "object");
}

/* "^[0-9]+(\.[0-9]+)? ?(B|kB|...)$" */
static void write_unit_pattern(swb__writer *w, const swb__unit *units)
{
    char pattern[160] = "^\\+?(0|[1-9][0-9]*)(\\.[0-9]+)? ?(";
    size_t used = strlen(pattern);
    for (const swb__unit *unit = units; unit->name != NULL; unit++) {
        used += (size_t)snprintf(pattern + used, sizeof pattern - used, "%s%s",
                                 unit == units ? "" : "|", unit->name);
    }
    snprintf(pattern + used, sizeof pattern - used, ")$");
    swb__schema_text(w, "type", "string");
    swb__schema_text(w, "pattern", pattern);
}

static void write_limits(swb__writer *w, const swb_option *option)
{
    bool whole = option->type == SWB_OPTION_FRACTION && option->maximum == 0;
    if (option->minimum == 0 && option->maximum == 0 && !whole) {
        return;
    }
    swb__json_key(w, "minimum");
    swb__json_number(w, option->minimum);
    swb__json_key(w, "maximum");
    swb__json_number(w, whole ? 1 : option->maximum);
}

static void write_number(swb__writer *w, const swb_option *option, const char *type)
{
    swb__schema_text(w, "type", type);
    write_limits(w, option);
}

/* "20%", or 0.2. */
static void write_fraction(swb__writer *w, const swb_option *option)
{
    swb__schema_open(w, "anyOf", '[');
    swb__json_open(w, '{');
    swb__schema_text(w, "type", "string");
    swb__schema_text(w, "pattern", "^\\+?(0|[1-9][0-9]*)(\\.[0-9]+)?%$");
    swb__json_close(w, '}');
    swb__json_open(w, '{');
    write_number(w, option, "number");
    swb__json_close(w, '}');
    swb__json_close(w, ']');
}

static void write_choices(swb__writer *w, const char *choices)
{
    char choice[64];
    swb__schema_open(w, "enum", '[');
    for (size_t i = 0; swb__choice_at(choice, sizeof choice, choices, i); i++) {
        swb__json_string(w, choice);
    }
    swb__json_close(w, ']');
}

/* A plain 5 is a number to YAML, and read as the text "5". */
static void write_text_type(swb__writer *w)
{
    swb__schema_open(w, "type", '[');
    swb__json_string(w, "string");
    swb__json_string(w, "number");
    swb__json_close(w, ']');
}

static void write_texts(swb__writer *w, const char *key)
{
    swb__schema_open(w, key, '{');
    write_text_type(w);
    swb__json_close(w, '}');
}

static void write_type(swb__writer *w, const swb_option *option)
{
    switch (option->type) {
    case SWB_OPTION_BOOL:
        swb__schema_text(w, "type", "boolean");
        break;
    case SWB_OPTION_INTEGER:
        write_number(w, option, "integer");
        break;
    case SWB_OPTION_NUMBER:
        write_number(w, option, "number");
        break;
    case SWB_OPTION_FRACTION:
        write_fraction(w, option);
        break;
    case SWB_OPTION_ENUM:
        write_choices(w, option->choices);
        break;
    case SWB_OPTION_STRING:
        write_text_type(w);
        break;
    case SWB_OPTION_LIST:
        swb__schema_text(w, "type", "array");
        write_texts(w, "items");
        break;
    case SWB_OPTION_MAP:
        swb__schema_text(w, "type", "object");
        write_texts(w, "additionalProperties");
        break;
    case SWB_OPTION_SIZE:
    case SWB_OPTION_DURATION:
    case SWB_OPTION_RATE:
    case SWB_OPTION_FREQUENCY:
        write_unit_pattern(w, swb__kind_of(option->type)->units);
        break;
    }
}

static void write_default(swb__writer *w, const swb_option *option)
{
    swb_option_value value;
    char why[512];
    if (option->fallback == NULL ||
        !swb__value_parse(&value, option, option->fallback, why, sizeof why)) {
        return;
    }
    swb__json_key(w, "default");
    if (option->type == SWB_OPTION_INTEGER) {
        swb__json_int(w, value.integer);
    } else if (option->type == SWB_OPTION_BOOL) {
        swb__json_bool(w, value.integer != 0);
    } else if (option->type == SWB_OPTION_NUMBER) {
        swb__json_number(w, value.number);
    } else {
        swb__json_string(w, option->fallback);
    }
}

void swb__schema_option(swb__writer *w, const swb_option *option)
{
    swb__json_open(w, '{');
    swb__schema_text(w, "description", option->description);
    write_type(w, option);
    write_default(w, option);
    swb__json_close(w, '}');
}

static bool first_of_its_kind(const swb_option *options, size_t index, const char *path,
                              size_t length)
{
    for (size_t i = 0; i < index; i++) {
        if (strncmp(options[i].name, path, length) == 0) {
            return false;
        }
    }
    return true;
}

void swb__schema_properties(swb__writer *w, swb__option_list list, const char *prefix)
{
    for (size_t i = 0; i < list.count; i++) {
        const char *name = list.options[i].name;
        size_t skipped = strlen(prefix);
        if (strncmp(name, prefix, skipped) != 0) {
            continue;
        }
        const char *dot = strchr(name + skipped, '.');
        if (dot == NULL) {
            swb__json_key(w, name + skipped);
            swb__schema_option(w, &list.options[i]);
            continue;
        }
        size_t length = (size_t)(dot - name) + 1;
        if (first_of_its_kind(list.options, i, name, length)) {
            char below[128];
            char key[64];
            snprintf(below, sizeof below, "%.*s", (int)length, name);
            snprintf(key, sizeof key, "%.*s", (int)(length - skipped - 1), name + skipped);
            swb__schema_open(w, key, '{');
            swb__schema_text(w, "type", "object");
            swb__schema_bool(w, "additionalProperties", false);
            swb__schema_open(w, "properties", '{');
            swb__schema_properties(w, list, below);
            swb__json_close(w, '}');
            swb__json_close(w, '}');
        }
    }
}
