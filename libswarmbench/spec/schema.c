/* The JSON Schema (draft 2020-12) of the experiment format, made from the option tables. */
#include <swarmbench/experiment.h>
#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>

#include <stdio.h>
#include <string.h>

#include "spec/schema.h"
#include "spec/value.h"

#define NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

/* `nodes` of a place that takes nodes which run already. */
static void write_nodes(swb__writer *w, const swb_deployer *deployer)
{
    swb__option_list own = {deployer->node_options, deployer->node_option_count};
    swb__json_key(w, "nodes");
    swb__schema_open_list(w, 1);
    swb__json_open(w, '{');
    swb__schema_text(w, "type", "object");
    swb__schema_open(w, "required", '[');
    swb__json_string(w, own.options[0].name);
    swb__json_close(w, ']');
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    swb__schema_properties(w, own, "");
    swb__schema_properties(w, swb__deploy_node_options, "");
    swb__json_close(w, '}');
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}

/* If `key` is `name`, then these options are known. A key that is not given matches only where
 * it has a default. */
static void write_conditional(swb__writer *w, const char *key, const char *name, bool required,
                              swb__option_list list, const swb_deployer *attaches)
{
    swb__json_open(w, '{');
    swb__schema_open(w, "if", '{');
    swb__schema_open(w, "properties", '{');
    swb__schema_open(w, key, '{');
    swb__schema_text(w, "const", name);
    swb__json_close(w, '}');
    swb__json_close(w, '}');
    if (required) {
        swb__schema_open(w, "required", '[');
        swb__json_string(w, key);
        swb__json_close(w, ']');
    }
    swb__json_close(w, '}');
    swb__schema_open(w, "then", '{');
    swb__schema_open(w, "properties", '{');
    swb__schema_properties(w, list, "");
    if (attaches != NULL) {
        write_nodes(w, attaches);
    }
    swb__json_close(w, '}');
    if (attaches != NULL) {
        swb__schema_open(w, "required", '[');
        swb__json_string(w, "nodes");
        swb__json_close(w, ']');
    }
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}

/* The drivers that are services, or all others; NULL past the end. */
static const swb_driver *next_driver(size_t *index, bool services)
{
    const swb_driver *driver;
    while ((driver = swb_driver_at((*index)++)) != NULL) {
        if ((driver->kind == SWB_DRIVER_SERVICE) == services) {
            return driver;
        }
    }
    return NULL;
}

static void write_driver_names(swb__writer *w, bool services, const char *more)
{
    const swb_driver *driver;
    size_t index = 0;
    swb__json_open(w, '{');
    swb__schema_text(w, "description",
                     services ? "The service beside the swarm."
                              : "The system that the "
                                "nodes run.");
    swb__schema_open(w, "enum", '[');
    while ((driver = next_driver(&index, services)) != NULL) {
        swb__json_string(w, driver->name);
    }
    if (more != NULL) {
        swb__json_string(w, more);
    }
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

static void write_driver_options(swb__writer *w, bool services)
{
    const swb_driver *driver;
    size_t index = 0;
    swb__schema_open(w, "allOf", '[');
    while ((driver = next_driver(&index, services)) != NULL) {
        swb__option_list list = {driver->options, driver->option_count};
        write_conditional(w, "driver", driver->name, true, list, NULL);
    }
    swb__json_close(w, ']');
    swb__schema_bool(w, "unevaluatedProperties", false);
}

/* A key of a mode that is a list of a definition. */
static void write_list_of(swb__writer *w, const char *key, const char *name)
{
    swb__json_key(w, key);
    swb__schema_open_list(w, 1);
    swb__schema_ref(w, name);
    swb__json_close(w, '}');
}

static void define_mode(swb__writer *w)
{
    static const char *const either[] = {"driver", "groups"};
    swb__schema_open_definition(w, "mode",
                                "A configured driver, or groups of drivers that share a content.");
    swb__schema_open(w, "properties", '{');
    swb__json_key(w, "driver");
    write_driver_names(w, false, NULL);
    write_list_of(w, "groups", "group");
    swb__schema_ref_member(w, "tracker", "tracker");
    write_list_of(w, "beside", "beside");
    write_list_of(w, "actions", "action");
    swb__schema_properties(w, swb__coding_options, "");
    swb__json_close(w, '}');
    swb__schema_open(w, "oneOf", '[');
    for (size_t i = 0; i < 2; i++) {
        swb__json_open(w, '{');
        swb__schema_open(w, "required", '[');
        swb__json_string(w, either[i]);
        swb__json_close(w, ']');
        swb__json_close(w, '}');
    }
    swb__json_close(w, ']');
    write_driver_options(w, false);
    swb__json_close(w, '}');
}

static void define_group(swb__writer *w)
{
    swb__schema_open_definition(w, "group", "Nodes that share a driver and its options.");
    swb__schema_open(w, "required", '[');
    swb__json_string(w, "driver");
    swb__json_close(w, ']');
    swb__schema_open(w, "properties", '{');
    for (size_t i = 0; i < swb__group_options.count; i++) {
        swb__json_key(w, swb__group_options.options[i].name);
        if (i == SWB__GROUP_DRIVER) {
            write_driver_names(w, false, NULL);
        } else {
            swb__schema_option(w, &swb__group_options.options[i]);
        }
    }
    swb__json_close(w, '}');
    write_driver_options(w, false);
    swb__json_close(w, '}');
}

static void define_tracker(swb__writer *w)
{
    swb__schema_open(w, "tracker", '{');
    swb__schema_text(w, "description",
                     "The service of a mode instead of the one its driver names.");
    swb__schema_open(w, "anyOf", '[');
    write_driver_names(w, true, "none");
    swb__json_open(w, '{');
    swb__schema_text(w, "description", "The announce URL of a tracker that runs already.");
    swb__schema_text(w, "type", "string");
    swb__schema_text(w, "pattern", "^(http|https|udp)://[^ @]+$");
    swb__json_close(w, '}');
    swb__json_open(w, '{');
    swb__schema_text(w, "type", "object");
    swb__schema_open(w, "required", '[');
    swb__json_string(w, "driver");
    swb__json_close(w, ']');
    swb__schema_open(w, "properties", '{');
    swb__json_key(w, "driver");
    write_driver_names(w, true, NULL);
    swb__json_close(w, '}');
    write_driver_options(w, true);
    swb__json_close(w, '}');
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

static void define_beside(swb__writer *w)
{
    swb__schema_open_definition(w, "beside", "Nodes that have no part in the content.");
    swb__schema_open(w, "required", '[');
    swb__json_string(w, "driver");
    swb__json_close(w, ']');
    swb__schema_open(w, "properties", '{');
    for (size_t i = 0; i < swb__beside_options.count; i++) {
        swb__json_key(w, swb__beside_options.options[i].name);
        if (i == SWB__BESIDE_DRIVER) {
            write_driver_names(w, true, NULL);
        } else {
            swb__schema_option(w, &swb__beside_options.options[i]);
        }
    }
    swb__json_close(w, '}');
    write_driver_options(w, true);
    swb__json_close(w, '}');
}

static void define_action(swb__writer *w)
{
    static const char *const required[] = {"at", "group", "http"};
    swb__schema_open_definition(w, "action", "A request to nodes beside the swarm.");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    swb__schema_properties(w, swb__action_options, "");
    swb__json_close(w, '}');
    swb__schema_open(w, "required", '[');
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        swb__json_string(w, required[i]);
    }
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

static void define_deploy(swb__writer *w)
{
    const swb_option *on = &swb__deploy_options.options[0];
    const swb_deployer *deployer;
    swb__schema_open_definition(w, "deploy", "Where the nodes live.");
    swb__schema_open(w, "properties", '{');
    swb__schema_open(w, on->name, '{');
    swb__schema_text(w, "description", on->description);
    swb__schema_open(w, "enum", '[');
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        swb__json_string(w, deployer->name);
    }
    swb__json_close(w, ']');
    swb__schema_text(w, "default", on->fallback);
    swb__json_close(w, '}');
    swb__json_close(w, '}');
    swb__schema_open(w, "allOf", '[');
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        swb__option_list list = {deployer->options, deployer->option_count};
        write_conditional(w, on->name, deployer->name, strcmp(deployer->name, on->fallback) != 0,
                          list, deployer->attaches ? deployer : NULL);
    }
    swb__json_close(w, ']');
    swb__schema_bool(w, "unevaluatedProperties", false);
    swb__json_close(w, '}');
}

static void define_target(swb__writer *w)
{
    static const size_t either[] = {SWB__TARGET_COUNT, SWB__TARGET_FRACTION};
    swb__schema_open_definition(w, "target", "Whom a fault hits.");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    swb__schema_properties(w, swb__target_options, "");
    swb__json_close(w, '}');
    swb__schema_open(w, "oneOf", '[');
    for (size_t i = 0; i < 2; i++) {
        swb__json_open(w, '{');
        swb__schema_open(w, "required", '[');
        swb__json_string(w, swb__target_options.options[either[i]].name);
        swb__json_close(w, ']');
        swb__json_close(w, '}');
    }
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

static void write_fault_moment(swb__writer *w)
{
    const swb_option *at = &swb__fault_options.options[SWB__FAULT_AT];
    swb__schema_open(w, at->name, '{');
    swb__schema_text(w, "description", at->description);
    swb__schema_open(w, "anyOf", '[');
    swb__schema_option(w, at);
    swb__schema_option(w, &swb__fault_at_duration);
    swb__json_close(w, ']');
    swb__json_close(w, '}');
}

static void define_faults(swb__writer *w)
{
    char kind[16];
    swb__schema_open(w, swb__setting_at(SWB__FAULTS)->option.name, '{');
    swb__schema_text(w, "description", swb__setting_at(SWB__FAULTS)->option.description);
    swb__schema_text(w, "type", "array");
    swb__json_key(w, "maxItems");
    swb__json_int(w, SWB__FAULTS_MAX);
    swb__schema_open(w, "items", '{');
    swb__schema_text(w, "type", "object");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    write_fault_moment(w);
    swb__json_key(w, swb__fault_options.options[SWB__FAULT_FOR].name);
    swb__schema_option(w, &swb__fault_options.options[SWB__FAULT_FOR]);
    for (size_t i = 0; swb__choice_at(kind, sizeof kind, SWB__FAULT_KINDS, i); i++) {
        swb__schema_ref_member(w, kind, "target");
    }
    swb__json_close(w, '}');
    swb__schema_open(w, "required", '[');
    swb__json_string(w, "at");
    swb__json_close(w, ']');
    swb__schema_open(w, "oneOf", '[');
    for (size_t i = 0; swb__choice_at(kind, sizeof kind, SWB__FAULT_KINDS, i); i++) {
        swb__json_open(w, '{');
        swb__schema_open(w, "required", '[');
        swb__json_string(w, kind);
        swb__json_close(w, ']');
        swb__json_close(w, '}');
    }
    swb__json_close(w, ']');
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}

static void define_settings(swb__writer *w)
{
    char path[64];
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        if (id != SWB__FAULTS) {
            swb__json_key(w, swb__setting_path(path, sizeof path, id));
            swb__schema_option(w, &swb__setting_at(id)->option);
        }
    }
}

static void define_verdict(swb__writer *w)
{
    swb__schema_open_definition(w, "verdict", "What the statistics must show.");
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    swb__schema_properties(w, swb__verdict_options, "");
    swb__json_close(w, '}');
    swb__json_close(w, '}');
}

static void write_definitions(swb__writer *w)
{
    static void (*const define[])(swb__writer *) = {
        define_mode,        define_group,      define_tracker, define_beside,   define_action,
        define_deploy,      define_target,     define_faults,  define_settings, swb__schema_row,
        swb__schema_matrix, swb__schema_order, define_verdict};
    const swb__section *section;
    swb__schema_open(w, "$defs", '{');
    for (size_t i = 0; i < sizeof define / sizeof define[0]; i++) {
        define[i](w);
    }
    for (size_t i = 0; (section = swb__section_at(i)) != NULL; i++) {
        swb__schema_section(w, section, false);
        swb__schema_section(w, section, true);
    }
    swb__json_close(w, '}');
}

static void write_modes(swb__writer *w)
{
    swb__schema_open(w, "modes", '{');
    swb__schema_text(w, "description", "What is compared, by name.");
    swb__schema_text(w, "type", "object");
    swb__json_key(w, "minProperties");
    swb__json_int(w, 1);
    swb__schema_open(w, "propertyNames", '{');
    swb__schema_text(w, "pattern", NAME_PATTERN);
    swb__json_close(w, '}');
    swb__schema_ref_member(w, "additionalProperties", "mode");
    swb__json_close(w, '}');
}

static void write_top(swb__writer *w)
{
    static const char *const others[] = {"deploy", "matrix", "order", "verdict"};
    const swb__section *section;
    swb__schema_properties(w, swb__whole_options, "");
    write_modes(w);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        swb__schema_ref_member(w, others[i], others[i]);
    }
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        const swb__setting *setting = swb__setting_at(id);
        if (setting->section[0] == '\0') {
            swb__schema_ref_member(w, setting->option.name, setting->option.name);
        }
    }
    for (size_t i = 0; (section = swb__section_at(i)) != NULL; i++) {
        swb__schema_ref_member(w, section->name, section->name);
    }
}

int swb_schema_write(int fd, swb_error *error)
{
    swb__writer writer;
    swb__writer *w = &writer;
    swb__writer_init(w, fd);
    swb__json_open(w, '{');
    swb__schema_text(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    swb__schema_text(w, "$id", "urn:swarmbench:experiment:1");
    swb__schema_text(w, "title", "swarmbench experiment");
    swb__schema_text(w, "type", "object");
    swb__schema_open(w, "required", '[');
    swb__json_string(w, "swarmbench");
    swb__json_string(w, "modes");
    swb__json_close(w, ']');
    swb__schema_bool(w, "additionalProperties", false);
    swb__schema_open(w, "properties", '{');
    write_top(w);
    swb__json_close(w, '}');
    write_definitions(w);
    swb__json_close(w, '}');
    swb__writer_text(w, "\n");
    return swb__writer_finish(w, error);
}
