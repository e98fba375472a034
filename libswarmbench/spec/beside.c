/* `beside:` of a mode: nodes that live in its runs and have no part in the content. */
#include <string.h>

#include "spec/modes.h"

/* A text of an option that holds several; the option itself where there is none of that number. */
static const yaml_node_t *text_node(swb__reader *reader, const yaml_node_t *node, const char *name,
                                    size_t text)
{
    const yaml_node_t *value = swb__mapping_get(reader, node, name);
    if (value == NULL || value->type == YAML_SCALAR_NODE) {
        return value;
    }
    for (swb__member m = swb__members(reader, value); swb__next_member(&m); text--) {
        if (text == 0) {
            return m.value;
        }
    }
    return value;
}

int swb__check_driver_options(const swb_driver *driver, const swb__fields *fields,
                              swb__reader *reader, const yaml_node_t *node)
{
    size_t option = 0;
    size_t text = 0;
    swb_error why = SWB_ERROR_INIT;
    if (driver->check == NULL || driver->check(&option, &text, fields->values, &why) == SWB_OK) {
        return SWB_OK;
    }
    swb__place place = fields->places[option];
    const yaml_node_t *found = text_node(reader, node, driver->options[option].name, text);
    if (found != NULL) {
        place = swb__place_of(found);
    }
    return swb__refuse_place(reader, place.line > 0 ? place : swb__place_of(node), "%s",
                             why.message);
}

/* Names are those of all groups of the mode: a node's name comes from its group's. */
static int check_name(const swb__mode *mode, const char *name, swb__reader *reader,
                      const yaml_node_t *node)
{
    bool taken = false;
    for (size_t i = 0; i < mode->group_count; i++) {
        taken = taken || strcmp(mode->groups[i].name, name) == 0;
    }
    for (size_t i = 0; i < mode->beside_count; i++) {
        taken = taken || strcmp(mode->beside[i].name, name) == 0;
    }
    return taken ? swb__refuse(reader, node, "there is a group '%s' already; give this one a name",
                               name)
                 : SWB_OK;
}

static int read_one(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    swb__beside *beside = &mode->beside[mode->beside_count];
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, "a group beside the swarm",
                             "{name: web, driver: exec, binary: nginx}");
    if (status != SWB_OK) {
        return status;
    }
    const yaml_node_t *driver = swb__mapping_get(reader, node, "driver");
    const yaml_node_t *name = swb__mapping_get(reader, node, "name");
    if (driver == NULL) {
        return swb__refuse(reader, node, "no driver is given here; for example: driver: exec");
    }
    status = swb__read_driver_name(&beside->driver, reader, driver, true, "driver");
    if (status != SWB_OK) {
        return status;
    }
    swb__fields fields[2] = {
        {.list = swb__beside_options},
        {.list = {beside->driver->options, beside->driver->option_count}},
    };
    status = swb__read_options(fields, 2, NULL, reader, node);
    if (status == SWB_OK) {
        status = swb__check_driver_options(beside->driver, &fields[1], reader, node);
    }
    beside->name = beside->driver->name;
    if (status == SWB_OK && name != NULL) {
        status = swb__read_name(&beside->name, reader, name, "a group");
    }
    if (status != SWB_OK) {
        return status;
    }
    beside->count = (uint32_t)fields[0].values[SWB__BESIDE_COUNT].integer;
    beside->options = fields[1].values;
    return check_name(mode, beside->name, reader, name != NULL ? name : node);
}

int swb__read_beside(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    if (node == NULL) {
        return SWB_OK;
    }
    int status = swb__expect(reader, node, YAML_SEQUENCE_NODE, "beside",
                             "[{name: web, driver: exec, binary: nginx}]");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(node);
    if (count < 1 || count > SWB__BESIDE_MAX) {
        return swb__refuse(reader, node, "%zu groups beside the swarm; there can be 1 to %d", count,
                           SWB__BESIDE_MAX);
    }
    mode->beside = swb__arena_array(reader->arena, count, sizeof *mode->beside);
    if (mode->beside == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        status = read_one(mode, reader, m.value);
        if (status != SWB_OK) {
            return status;
        }
        mode->beside_count++;
    }
    return SWB_OK;
}
