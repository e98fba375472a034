#include "run/swarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(swb__swarm *swarm, const char *group, const swb_driver *driver,
                const swb_option_value *options, swb_role role, uint32_t beside)
{
    size_t i = swarm->count++;
    uint32_t nth = 0;
    for (size_t j = 0; j < i; j++) {
        nth += strcmp(swarm->groups[j], group) == 0;
    }
    if (role == SWB_ROLE_SERVICE && beside == UINT32_MAX) {
        snprintf(swarm->names[i], sizeof swarm->names[i], "%s", group);
    } else {
        snprintf(swarm->names[i], sizeof swarm->names[i], "%.50s-%02u", group, nth);
    }
    swarm->groups[i] = group;
    swarm->numbers[i] = nth;
    swarm->beside[i] = beside;
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
    for (size_t i = 0; i < mode->beside_count; i++) {
        most += mode->beside[i].count;
    }
    const swb_option_value **attached = calloc(most, sizeof *attached);
    swb_role *roles = calloc(most, sizeof *roles);
    uint32_t *groups = calloc(most, sizeof *groups);
    *swarm = (swb__swarm){.requests = calloc(most, sizeof *swarm->requests),
                          .groups = calloc(most, sizeof *swarm->groups),
                          .names = calloc(most, sizeof *swarm->names),
                          .numbers = calloc(most, sizeof *swarm->numbers),
                          .beside = calloc(most, sizeof *swarm->beside)};
    int status = SWB_OK;
    if (attached == NULL || roles == NULL || groups == NULL || swarm->requests == NULL ||
        swarm->groups == NULL || swarm->names == NULL || swarm->numbers == NULL ||
        swarm->beside == NULL) {
        swb__swarm_finish(swarm);
        status = SWB_ENOMEM;
        goto out;
    }
    swb__plan_assign(roles, groups, plan, run);
    swb__deploy_nodes_choose(attached, swb__plan_experiment(plan), run->mode, roles, groups,
                             settings.size);
    if (mode->service != NULL) {
        add(swarm, mode->service->name, mode->service, mode->service_options, SWB_ROLE_SERVICE,
            UINT32_MAX);
    }
    for (uint32_t i = 0; i < settings.size; i++) {
        const swb__group *group = &mode->groups[groups[i]];
        add(swarm, group->name, group->driver, group->options, roles[i], UINT32_MAX);
        swarm->requests[swarm->count - 1].attached = attached[i];
    }
    for (uint32_t i = 0; i < mode->beside_count; i++) {
        const swb__beside *beside = &mode->beside[i];
        for (uint32_t nth = 0; nth < beside->count; nth++) {
            add(swarm, beside->name, beside->driver, beside->options, SWB_ROLE_SERVICE, i);
        }
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
    free(swarm->numbers);
    free(swarm->beside);
    memset(swarm, 0, sizeof *swarm);
}
