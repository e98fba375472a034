/* `nodes:` in `deploy:`, the nodes that run already: read, counted, chosen for a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/modes.h"
#include "spec/plan.h"
#include "spec/value.h"

#define ROWS_MAX 4096
#define GROUPS_MAX 64

/* Finds `name` among `count` names that `name_at` tells; without a name, the only one there is. */
static int find_name(uint32_t *out, const swb__fields *own, size_t option, size_t count,
                     const char *(*name_at)(const void *, size_t), const void *of,
                     swb__reader *reader, const yaml_node_t *row)
{
    char hint[640];
    char shown[SWB__EXCERPT_BYTES];
    swb__names names = {{NULL}, 0};
    const char *what = swb__deploy_node_options.options[option].name;
    const char *name = own->values[option].string;
    for (uint32_t i = 0; i < count; i++) {
        if (name == NULL ? count == 1 : strcmp(name_at(of, i), name) == 0) {
            *out = i;
            return SWB_OK;
        }
        swb__names_add(&names, name_at(of, i));
    }
    if (name == NULL) {
        return swb__refuse(reader, row, "this node does not say its %s, and there are %zu", what,
                           count);
    }
    return swb__refuse_place(reader, own->places[option], "there is no %s '%s' (%s)", what,
                             swb__excerpt(shown, sizeof shown, name),
                             swb__names_hint(hint, sizeof hint, &names, name));
}

static const char *mode_name_at(const void *experiment, size_t index)
{
    return ((const swb_experiment *)experiment)->modes[index].name;
}

static const char *group_name_at(const void *mode, size_t index)
{
    return ((const swb__mode *)mode)->groups[index].name;
}

static int check_role(const swb__deploy_node *node, const swb__fields *own, const swb__group *group,
                      swb__reader *reader)
{
    if (node->role != SWB__GROUP_ANY && group->role != SWB__GROUP_ANY &&
        node->role != group->role) {
        return swb__refuse_place(reader, own->places[SWB__DEPLOY_NODE_ROLE],
                                 "the group '%s' has no nodes of this role", group->name);
    }
    return SWB_OK;
}

/* Its first option names a node: given, and no other's of the mode. */
static int check_key(const swb_experiment *experiment, const swb__deploy_node *node,
                     const swb__fields *fields, swb__reader *reader, const yaml_node_t *row)
{
    char shown[SWB__EXCERPT_BYTES];
    const char *what = fields->list.options[0].name;
    const char *key = node->options[0].string;
    if (key == NULL || key[0] == '\0') {
        return swb__refuse(reader, row, "no %s is given for this node", what);
    }
    for (size_t i = 0; i < experiment->node_count; i++) {
        const swb__deploy_node *other = &experiment->nodes[i];
        if (other->mode == node->mode && strcmp(other->options[0].string, key) == 0) {
            return swb__refuse_place(
                reader, fields->places[0], "the mode '%s' has a node with the %s '%s' already",
                experiment->modes[node->mode].name, what, swb__excerpt(shown, sizeof shown, key));
        }
    }
    return SWB_OK;
}

static int check_row(const swb_experiment *experiment, const swb__deploy_node *node,
                     const swb__fields fields[2], swb__reader *reader, const yaml_node_t *row)
{
    const swb__group *group = &experiment->modes[node->mode].groups[node->group];
    size_t option = 0;
    swb_error why = SWB_ERROR_INIT;
    int status = check_role(node, &fields[0], group, reader);
    if (status == SWB_OK) {
        status = check_key(experiment, node, &fields[1], reader, row);
    }
    if (status != SWB_OK ||
        experiment->deployer->check_node(&option, node->options, group->driver, &why) == SWB_OK) {
        return status;
    }
    swb__place place = fields[1].places[option];
    return swb__refuse_place(reader, place.line > 0 ? place : swb__place_of(row), "%s",
                             why.message);
}

static int read_row(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *row)
{
    swb__deploy_node *node = &experiment->nodes[experiment->node_count];
    const swb_deployer *deployer = experiment->deployer;
    swb__fields fields[2] = {{.list = swb__deploy_node_options},
                             {.list = {deployer->node_options, deployer->node_option_count}}};
    int status = swb__expect(reader, row, YAML_MAPPING_NODE, "a node",
                             "{url: \"http://127.0.0.1:8081\", mode: codex}");
    if (status == SWB_OK) {
        status = swb__read_options(fields, 2, NULL, reader, row);
    }
    if (status == SWB_OK) {
        status = find_name(&node->mode, &fields[0], SWB__DEPLOY_NODE_MODE, experiment->mode_count,
                           mode_name_at, experiment, reader, row);
    }
    if (status == SWB_OK) {
        const swb__mode *mode = &experiment->modes[node->mode];
        status = find_name(&node->group, &fields[0], SWB__DEPLOY_NODE_GROUP, mode->group_count,
                           group_name_at, mode, reader, row);
    }
    if (status != SWB_OK) {
        return status;
    }
    node->role = (swb__group_role)fields[0].values[SWB__DEPLOY_NODE_ROLE].integer;
    node->options = fields[1].values;
    return check_row(experiment, node, fields, reader, row);
}

int swb__read_deploy_nodes(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    if (!experiment->deployer->attaches) {
        return SWB_OK;
    }
    const yaml_node_t *rows = node == NULL ? NULL : swb__mapping_get(reader, node, "nodes");
    if (rows == NULL) {
        return swb__refuse(reader, node != NULL ? node : swb__document_root(reader),
                           "place '%s' takes nodes that run already; name them: nodes: [{%s: ...}]",
                           experiment->deployer->name, experiment->deployer->node_options[0].name);
    }
    int status = swb__expect(reader, rows, YAML_SEQUENCE_NODE, "nodes",
                             "[{url: \"http://127.0.0.1:8081\"}]");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(rows);
    if (count < 1 || count > ROWS_MAX) {
        return swb__refuse(reader, rows, "%zu nodes; there can be 1 to %d", count, ROWS_MAX);
    }
    experiment->nodes = swb__arena_array(reader->arena, count, sizeof *experiment->nodes);
    if (experiment->nodes == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, rows); swb__next_member(&m);) {
        status = read_row(experiment, reader, m.value);
        if (status != SWB_OK) {
            return status;
        }
        experiment->node_count++;
    }
    return SWB_OK;
}

/* Rows of a group, by what they can be. */
typedef struct stock {
    uint32_t any;
    uint32_t seeders;
    uint32_t leechers;
} stock;

static stock count_rows(const swb_experiment *experiment, uint32_t mode, uint32_t group)
{
    stock found = {0, 0, 0};
    for (size_t i = 0; i < experiment->node_count; i++) {
        const swb__deploy_node *node = &experiment->nodes[i];
        if (node->mode == mode && node->group == group) {
            found.any += node->role == SWB__GROUP_ANY;
            found.seeders += node->role == SWB__GROUP_SEEDERS;
            found.leechers += node->role == SWB__GROUP_LEECHERS;
        }
    }
    return found;
}

/* How many nodes of any role are missing for these. */
static uint32_t missing(const stock *rows, uint32_t seeders, uint32_t leechers)
{
    uint32_t needed = (seeders > rows->seeders ? seeders - rows->seeders : 0) +
                      (leechers > rows->leechers ? leechers - rows->leechers : 0);
    return needed > rows->any ? needed - rows->any : 0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A group of both roles may get more or fewer of the seeders, as they are drawn. */
static bool group_suffices(char *why, size_t size, const swb_experiment *experiment, uint32_t mode,
                           uint32_t group, uint32_t nodes, const swb__settings *settings)
{
    const swb__mode *of = &experiment->modes[mode];
    swb__group_role role = of->groups[group].role;
    uint32_t leechers = settings->size - settings->seeders;
    uint32_t most = role == SWB__GROUP_LEECHERS ? 0 : least(nodes, settings->seeders);
    uint32_t fewest = role == SWB__GROUP_SEEDERS ? nodes : nodes - least(nodes, leechers);
    stock rows = count_rows(experiment, mode, group);
    uint32_t lacks_most = missing(&rows, most, nodes - most);
    uint32_t lacks_fewest = missing(&rows, fewest, nodes - fewest);
    uint32_t seeders = lacks_most >= lacks_fewest ? most : fewest;
    if (lacks_most == 0 && lacks_fewest == 0) {
        return true;
    }
    snprintf(why, size,
             "mode '%s'%s%s needs %u nodes, %u of them as seeders, but deploy.nodes has %u for any "
             "role, %u for seeders and %u for leechers; add %u, or make the swarm smaller",
             of->name, of->group_count > 1 ? ", group " : "",
             of->group_count > 1 ? of->groups[group].name : "", nodes, seeders, rows.any,
             rows.seeders, rows.leechers, missing(&rows, seeders, nodes - seeders));
    return false;
}

bool swb__deploy_nodes_suffice(char *why, size_t size, const swb_experiment *experiment,
                               const swb__settings *settings)
{
    static const swb__group_role roles[] = {SWB__GROUP_ANY, SWB__GROUP_SEEDERS,
                                            SWB__GROUP_LEECHERS};
    uint32_t nodes_of[] = {settings->size, settings->seeders, settings->size - settings->seeders};
    uint32_t counts[GROUPS_MAX];
    for (uint32_t mode = 0; experiment->deployer->attaches && mode < experiment->mode_count;
         mode++) {
        const swb__mode *of = &experiment->modes[mode];
        for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
            if ((roles[i] == SWB__GROUP_ANY) != (of->groups[0].role == SWB__GROUP_ANY)) {
                continue;
            }
            swb__group_counts(counts, of, roles[i], nodes_of[i]);
            for (uint32_t group = 0; group < of->group_count; group++) {
                if (of->groups[group].role == roles[i] &&
                    !group_suffices(why, size, experiment, mode, group, counts[group], settings)) {
                    return false;
                }
            }
        }
    }
    return true;
}

void swb__deploy_nodes_choose(const swb_option_value **out, const swb_experiment *experiment,
                              uint32_t mode, const swb_role *roles, const uint32_t *groups,
                              uint32_t size)
{
    bool taken[ROWS_MAX] = {false};
    for (uint32_t i = 0; i < size; i++) {
        swb__group_role own =
            roles[i] == SWB_ROLE_SEEDER ? SWB__GROUP_SEEDERS : SWB__GROUP_LEECHERS;
        size_t found = experiment->node_count;
        for (size_t row = experiment->node_count; row-- > 0;) {
            const swb__deploy_node *node = &experiment->nodes[row];
            bool fits = !taken[row] && node->mode == mode && node->group == groups[i] &&
                        (node->role == own || node->role == SWB__GROUP_ANY);
            bool better = found == experiment->node_count || node->role == own ||
                          experiment->nodes[found].role != own;
            found = fits && better ? row : found;
        }
        out[i] = NULL;
        if (found < experiment->node_count) {
            taken[found] = true;
            out[i] = experiment->nodes[found].options;
        }
    }
}
