/* Which nodes of a run seed, and which group each belongs to. */
#include "spec/plan.h"

#include <string.h>

#include "base/random.h"

#define NODES_MAX 4096
#define GROUPS_MAX 64

static bool is_member(const swb__group *group, swb__group_role role)
{
    return group->role == role;
}

/* The groups' shares of `nodes`, rounded down, and what rounding took from each. */
static uint32_t round_down(uint32_t *counts_out, double *rests_out, const swb__mode *mode,
                           swb__group_role role, uint32_t nodes)
{
    uint32_t given = 0;
    for (size_t i = 0; i < mode->group_count; i++) {
        double share = is_member(&mode->groups[i], role) ? mode->groups[i].share * nodes : 0;
        counts_out[i] = (uint32_t)(share + 1e-9);
        rests_out[i] = is_member(&mode->groups[i], role) ? share - counts_out[i] : -1;
        given += counts_out[i];
    }
    return given;
}

static size_t largest(const double *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = values[i] > values[best] ? i : best;
    }
    return best;
}

/* Takes a node from the largest group for each empty one, while the largest can spare it. */
static void fill_empty(uint32_t *counts, const swb__mode *mode, swb__group_role role)
{
    for (size_t i = 0; i < mode->group_count; i++) {
        size_t most = 0;
        for (size_t j = 1; j < mode->group_count; j++) {
            most = counts[j] > counts[most] ? j : most;
        }
        if (is_member(&mode->groups[i], role) && counts[i] == 0 && counts[most] > 1) {
            counts[most]--;
            counts[i]++;
        }
    }
}

void swb__group_counts(uint32_t *counts_out, const swb__mode *mode, swb__group_role role,
                       uint32_t nodes)
{
    double rests[GROUPS_MAX];
    uint32_t given = round_down(counts_out, rests, mode, role, nodes);
    for (; given < nodes; given++) {
        size_t next = largest(rests, mode->group_count);
        counts_out[next]++;
        rests[next] -= 1;
    }
    fill_empty(counts_out, mode, role);
}

/* Gives the nodes in `nodes` to the groups of `role`, in a random order. */
static void assign_groups(uint32_t *groups_out, const swb__mode *mode, swb__group_role role,
                          uint32_t *nodes, uint32_t count, swb__random *random)
{
    uint32_t counts[GROUPS_MAX];
    uint32_t at = 0;
    swb__group_counts(counts, mode, role, count);
    swb__random_shuffle(random, nodes, count);
    for (uint32_t group = 0; group < mode->group_count; group++) {
        for (uint32_t i = 0; i < counts[group]; i++) {
            groups_out[nodes[at++]] = group;
        }
    }
}

static void choose_seeders(swb_role *roles_out, uint32_t size, uint32_t seeders, uint64_t seed)
{
    uint32_t nodes[NODES_MAX];
    swb__random random;
    for (uint32_t i = 0; i < size; i++) {
        nodes[i] = i;
        roles_out[i] = SWB_ROLE_LEECHER;
    }
    swb__random_init(&random, swb__random_derive(seed, "seeders", 0));
    swb__random_shuffle(&random, nodes, size);
    for (uint32_t i = 0; i < seeders; i++) {
        roles_out[nodes[i]] = SWB_ROLE_SEEDER;
    }
}

/* Puts the nodes of a role, or all, into `nodes_out`; returns their number. */
static uint32_t nodes_of(uint32_t *nodes_out, const swb_role *roles, uint32_t size,
                         swb__group_role role)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < size; i++) {
        bool seeds = roles[i] == SWB_ROLE_SEEDER;
        if (role == SWB__GROUP_ANY || seeds == (role == SWB__GROUP_SEEDERS)) {
            nodes_out[count++] = i;
        }
    }
    return count;
}

void swb__plan_assign(swb_role *roles_out, uint32_t *groups_out, const swb_plan *plan,
                      const swb_planned_run *run)
{
    static const swb__group_role roles[] = {SWB__GROUP_ANY, SWB__GROUP_SEEDERS,
                                            SWB__GROUP_LEECHERS};
    const swb_experiment *experiment = plan->experiment;
    const swb__mode *mode = &experiment->modes[run->mode];
    uint64_t point = swb__plan_point(plan, run->cell);
    uint32_t size = (uint32_t)swb__integer_at(experiment, point, SWB__SIZE);
    uint32_t seeders = (uint32_t)swb__integer_at(experiment, point, SWB__SEEDERS);
    uint64_t seed = swb__set_seed(plan, run->cell, run->seeder_set);
    uint32_t nodes[NODES_MAX];
    swb__random random;
    choose_seeders(roles_out, size, seeders, seed);
    swb__random_init(&random, swb__random_derive(seed, "groups", 0));
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        bool all = roles[i] == SWB__GROUP_ANY;
        if (all == (mode->groups[0].role == SWB__GROUP_ANY)) {
            uint32_t count = nodes_of(nodes, roles_out, size, roles[i]);
            assign_groups(groups_out, mode, roles[i], nodes, count, &random);
        }
    }
}
