#include "run/swarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(swb__swarm *swarm, const char *group, const swb_driver *driver,
                const swb_option_value *options, swb_role role)
{
    size_t i = swarm->count++;
    size_t nth = 0;
    for (size_t j = 0; j < i; j++) {
        nth += strcmp(swarm->groups[j], group) == 0;
    }
    if (role == SWB_ROLE_SERVICE) {
        snprintf(swarm->names[i], sizeof swarm->names[i], "%s", group);
    } else {
        snprintf(swarm->names[i], sizeof swarm->names[i], "%.50s-%02zu", group, nth);
    }
    swarm->groups[i] = group;
    swarm->seeders += role == SWB_ROLE_SEEDER;
    swarm->requests[i] = (swb_node_request){
        .name = swarm->names[i], .driver = driver, .options = options, .role = role};
}

int swb__swarm_init(swb__swarm *swarm, const swb_plan *plan, const swb_planned_run *run)
{
    const swb__mode *mode = swb__experiment_mode(swb__plan_experiment(plan), run->mode);
    swb__settings settings;
    swb__plan_settings(&settings, plan, run->cell);
    size_t most = (size_t)settings.size + 1;
    const swb_option_value **attached = calloc(most, sizeof *attached);
    swb_role *roles = calloc(most, sizeof *roles);
    uint32_t *groups = calloc(most, sizeof *groups);
    *swarm = (swb__swarm){.requests = calloc(most, sizeof *swarm->requests),
                          .groups = calloc(most, sizeof *swarm->groups),
                          .names = calloc(most, sizeof *swarm->names)};
    int status = SWB_OK;
    if (attached == NULL || roles == NULL || groups == NULL || swarm->requests == NULL ||
        swarm->groups == NULL || swarm->names == NULL) {
        swb__swarm_finish(swarm);
        status = SWB_ENOMEM;
        goto out;
    }
    swb__plan_assign(roles, groups, plan, run);
    swb__deploy_nodes_choose(attached, swb__plan_experiment(plan), run->mode, roles, groups,
                             settings.size);
    if (mode->service != NULL) {
        add(swarm, mode->service->name, mode->service, mode->service_options, SWB_ROLE_SERVICE);
    }
    for (uint32_t i = 0; i < settings.size; i++) {
        const swb__group *group = &mode->groups[groups[i]];
        add(swarm, group->name, group->driver, group->options, roles[i]);
        swarm->requests[swarm->count - 1].attached = attached[i];
    }
out:
    free(attached);
    free(roles);
    free(groups);
    return status;
}

const swb_option_value *swb__site_options(const swb_deployer *deployer, const swb_plan *plan)
{
    const swb_experiment *experiment = swb__plan_experiment(plan);
    return deployer == swb__experiment_deployer(experiment)
               ? swb__experiment_deployer_options(experiment)
               : NULL;
}

void swb__swarm_finish(swb__swarm *swarm)
{
    free(swarm->requests);
    free(swarm->groups);
    free(swarm->names);
    memset(swarm, 0, sizeof *swarm);
}
