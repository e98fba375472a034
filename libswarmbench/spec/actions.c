/* `actions:` of a mode: requests to the nodes beside the swarm, on a timeline. */
#include <string.h>

#include "spec/modes.h"
#include "spec/value.h"

static int find_group(uint32_t *out, const swb__mode *mode, swb__reader *reader,
                      const yaml_node_t *node)
{
    swb__names names = {{NULL}, 0};
    for (uint32_t i = 0; i < mode->beside_count; i++) {
        if (strcmp(mode->beside[i].name, swb__node_text(node)) == 0) {
            *out = i;
            return SWB_OK;
        }
        swb__names_add(&names, mode->beside[i].name);
    }
    return swb__refuse_unknown(reader, node, "group", &names);
}

/* A required key of the row, and of `http` in it. */
static int require(const yaml_node_t **out, swb__reader *reader, const yaml_node_t *row,
                   const char *key)
{
    *out = swb__mapping_get(reader, row, key);
    return *out != NULL
               ? SWB_OK
               : swb__refuse(reader, row,
                             "'%s' is not given; write for example {at: 5s, group: web, http: "
                             "{path: /health}, expect: 200}",
                             key);
}

static int check_target(swb__action_plan *plan, const swb__mode *mode, const swb__fields *fields,
                        swb__reader *reader)
{
    const swb__beside *beside = &mode->beside[plan->beside];
    swb__place node = fields->places[SWB__ACTION_NODE];
    plan->node = node.line != 0 ? (uint32_t)fields->values[SWB__ACTION_NODE].integer : UINT32_MAX;
    if (node.line != 0 && plan->node >= beside->count) {
        return swb__refuse_place(reader, node, "group '%s' has no node %u; it has %u, from 0",
                                 beside->name, plan->node, beside->count);
    }
    if (beside->driver->operations[SWB_OP_ACT] == NULL) {
        return swb__refuse_place(reader, fields->places[SWB__ACTION_GROUP],
                                 "driver '%s' of group '%s' takes no actions", beside->driver->name,
                                 beside->name);
    }
    return SWB_OK;
}

/* The driver judges the texts that it will fill in. */
static int check_texts(const swb__action_plan *plan, const swb__mode *mode,
                       const swb__fields *fields, swb__reader *reader)
{
    static const swb__action_id ids[] = {SWB__ACTION_PATH, SWB__ACTION_BODY, SWB__ACTION_CONTAINS};
    const swb_driver *driver = mode->beside[plan->beside].driver;
    if (plan->http.path[0] != '/') {
        char shown[SWB__EXCERPT_BYTES];
        return swb__refuse_place(reader, fields->places[SWB__ACTION_PATH],
                                 "'%s' is no path of a URL; it begins with '/'",
                                 swb__excerpt(shown, sizeof shown, plan->http.path));
    }
    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && driver->check_text != NULL; i++) {
        swb_error why = SWB_ERROR_INIT;
        const char *text = fields->values[ids[i]].string;
        if (text != NULL && driver->check_text(text, &why) != SWB_OK) {
            return swb__refuse_place(reader, fields->places[ids[i]], "%s", why.message);
        }
    }
    return SWB_OK;
}

static int take_method(swb__action_plan *plan, const swb__fields *fields, swb__reader *reader)
{
    char method[16];
    swb__choice_at(method, sizeof method, fields->list.options[SWB__ACTION_METHOD].choices,
                   (size_t)fields->values[SWB__ACTION_METHOD].integer);
    plan->http.method = swb__arena_text(reader->arena, method, strlen(method));
    return plan->http.method != NULL ? SWB_OK : swb__fail_nomem(reader->error);
}

static int read_row(swb__action_plan *plan, const swb__mode *mode, swb__reader *reader,
                    const yaml_node_t *row)
{
    swb__fields fields = {.list = swb__action_options};
    const yaml_node_t *found = NULL;
    const yaml_node_t *http = NULL;
    const yaml_node_t *group = NULL;
    int status = swb__expect(reader, row, YAML_MAPPING_NODE, "an action",
                             "{at: 5s, group: web, http: {path: /health}, expect: 200}");
    if (status == SWB_OK) {
        status = swb__read_options(&fields, 1, NULL, reader, row);
    }
    if (status == SWB_OK) {
        status = require(&found, reader, row, "at");
    }
    if (status == SWB_OK) {
        status = require(&http, reader, row, "http");
    }
    if (status == SWB_OK) {
        status = require(&found, reader, http, "path");
    }
    if (status == SWB_OK) {
        status = require(&group, reader, row, "group");
    }
    if (status == SWB_OK) {
        status = find_group(&plan->beside, mode, reader, group);
    }
    if (status != SWB_OK) {
        return status;
    }
    const swb_option_value *values = fields.values;
    plan->at_ns = (uint64_t)values[SWB__ACTION_AT].integer;
    plan->every_ns = (uint64_t)values[SWB__ACTION_EVERY].integer;
    plan->times = (uint32_t)values[SWB__ACTION_TIMES].integer;
    plan->timeout_ns = (uint64_t)values[SWB__ACTION_TIMEOUT].integer;
    plan->http = (swb_http_action){.path = values[SWB__ACTION_PATH].string,
                                   .body = values[SWB__ACTION_BODY].string,
                                   .type = values[SWB__ACTION_TYPE].string,
                                   .port = (swb_port)values[SWB__ACTION_PORT].integer,
                                   .expect = (int)values[SWB__ACTION_EXPECT].integer,
                                   .contains = values[SWB__ACTION_CONTAINS].string};
    status = take_method(plan, &fields, reader);
    if (status == SWB_OK) {
        status = check_target(plan, mode, &fields, reader);
    }
    return status == SWB_OK ? check_texts(plan, mode, &fields, reader) : status;
}

static uint64_t count_requests(const swb__mode *mode)
{
    uint64_t requests = 0;
    for (size_t i = 0; i < mode->action_count; i++) {
        const swb__action_plan *plan = &mode->actions[i];
        requests += (uint64_t)plan->times *
                    (plan->node == UINT32_MAX ? mode->beside[plan->beside].count : 1);
    }
    return requests;
}

int swb__read_actions(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    if (node == NULL) {
        return SWB_OK;
    }
    int status = swb__expect(reader, node, YAML_SEQUENCE_NODE, "actions",
                             "[{at: 5s, group: web, http: {path: /health}}]");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(node);
    if (mode->beside_count == 0) {
        return swb__refuse(reader, node,
                           "actions are for nodes beside the swarm, and there are none; write "
                           "beside: [{name: web, driver: exec, binary: nginx}]");
    }
    if (count < 1 || count > SWB__ACTIONS_MAX) {
        return swb__refuse(reader, node, "%zu actions; there can be 1 to %d", count,
                           SWB__ACTIONS_MAX);
    }
    mode->actions = swb__arena_array(reader->arena, count, sizeof *mode->actions);
    if (mode->actions == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        status = read_row(&mode->actions[mode->action_count], mode, reader, m.value);
        if (status != SWB_OK) {
            return status;
        }
        mode->action_count++;
        if (count_requests(mode) > SWB__ACTION_DEEDS) {
            return swb__refuse(reader, m.value, "more than %d requests in a run",
                               SWB__ACTION_DEEDS);
        }
    }
    return SWB_OK;
}
