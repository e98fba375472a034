/* The schema of what says where the cells are: sections of settings, rows, axes and order. */
#include "spec/schema.h"

#include <stdio.h>
#include <string.h>

#include "spec/value.h"

void swb__schema_section(swb__writer *w, const swb__section *section, bool in_row)
{
    char name[64];
    char path[64];
    snprintf(name, sizeof name, "%s%s", section->name, in_row ? "-row" : "");
    swb__schema_open(w, name, '{');
    swb__schema_text(w, "description", section->description);
    swb__schema_open(w, "anyOf", '[');
    if (strcmp(section->name, "repetitions") == 0) {
        swb__schema_ref(w, "repetitions.min");
    }
    swb__json_open(w, '{');
    swb__schema_text(w, "type", "object");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        const swb__setting *setting = swb__setting_at(id);
        if (strcmp(setting->section, section->name) == 0) {
            swb__json_key(w, setting->option.name);
            swb__setting_path(path, sizeof path, id);
            if (in_row) {
                swb__schema_one_or_list(w, path);
            } else {
                swb__schema_ref(w, path);
            }
        }
    }
    swb__json_close(w, '}');
    swb__json_close(w, '}');
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

void swb__schema_row(swb__writer *w)
{
    char path[64];
    char name[64];
    const swb__section *section;
    swb__schema_open_definition(w, "row", "Settings that belong together; lists are expanded.");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        swb__json_key(w, swb__setting_path(path, sizeof path, id));
        swb__schema_one_or_list(w, path);
    }
    for (size_t i = 0; (section = swb__section_at(i)) != NULL; i++) {
        snprintf(name, sizeof name, "%s-row", section->name);
        swb__json_key(w, section->name);
        swb__schema_one_or_list(w, name);
    }
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}

void swb__schema_matrix(swb__writer *w)
{
    char path[64];
    char name[64];
    const swb__section *section;
    swb__schema_open_definition(w, "matrix",
                                "Axes: any setting, any section, or a name with a list of rows.");
    swb__schema_open(w, "properties", '{');
    swb__json_key(w, "exclude");
    swb__schema_open_list(w, 0);
    swb__schema_ref(w, "row");
    swb__json_close(w, '}');
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        swb__json_key(w, swb__setting_path(path, sizeof path, id));
        if (id == SWB__FAULTS) {
            swb__schema_one_or_list(w, path);
        } else {
            swb__schema_open_list(w, 1);
            swb__schema_ref(w, path);
            swb__json_close(w, '}');
        }
    }
    for (size_t i = 0; (section = swb__section_at(i)) != NULL; i++) {
        snprintf(name, sizeof name, "%s-row", section->name);
        swb__json_key(w, section->name);
        swb__schema_open_list(w, 1);
        swb__schema_ref(w, name);
        swb__json_close(w, '}');
    }
    swb__json_close(w, '}');
    swb__json_key(w, "additionalProperties");
    swb__schema_open_list(w, 1);
    swb__schema_ref(w, "row");
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}

void swb__schema_order(swb__writer *w)
{
    char path[64];
    swb__schema_open_definition(w, "order", "The order of cells and of the modes in a block.");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    swb__schema_properties(w, swb__order_options, "");
    swb__json_key(w, "by");
    swb__schema_open_list(w, 0);
    swb__json_open(w, '{');
    swb__schema_open(w, "enum", '[');
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        if (id != SWB__FAULTS) {
            swb__json_string(w, swb__setting_path(path, sizeof path, id));
        }
    }
    swb__json_close(w, ']');
    swb__json_close(w, '}');
    swb__json_close(w, '}');
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}
