#include "run/preflight.h"

#include <swarmbench/experiment.h>

#include "run/contents.h"
#include "run/swarm.h"
#include "run/trial.h"

/* The cells that ask most of a place: of disk, and of nodes (processes and memory). */
typedef struct extremes {
    uint64_t disk_cell;
    uint64_t disk_bytes;
    uint64_t nodes_cell;
    uint32_t nodes;
} extremes;

static extremes find_extremes(const swb_runner *runner)
{
    extremes most = {0, 0, 0, 0};
    swb_cell cell;
    for (uint64_t i = 0; swb_plan_cell(&cell, runner->plan, i) == SWB_OK; i++) {
        if (!swb__runner_wants_cell(runner, i)) {
            continue;
        }
        uint64_t bytes = cell.file_size_bytes * (cell.size - cell.seeders + 1);
        if (bytes > most.disk_bytes) {
            most.disk_bytes = bytes;
            most.disk_cell = i;
        }
        if (cell.size > most.nodes) {
            most.nodes = cell.size;
            most.nodes_cell = i;
        }
    }
    return most;
}

static int check_run(const swb_runner *runner, uint64_t cell, uint32_t mode_index, swb_error *error)
{
    const swb__mode *mode = swb__experiment_mode(runner->experiment, mode_index);
    swb__contents contents;
    swb__settings settings;
    swb__swarm swarm;
    swb_planned_run run = {.cell = cell, .mode = mode_index};
    swb__plan_settings(&settings, runner->plan, cell);
    if (swb__swarm_init(&swarm, runner->plan, &run) != SWB_OK) {
        return swb__fail_nomem(error);
    }
    int status = swb__contents_init(&contents, 0, settings.file_size_bytes, &mode->coding, error);
    if (status != SWB_OK) {
        goto out;
    }
    swb_site_request request = {.run_name = "check",
                                .work_dir = runner->work_dir,
                                .log_dir = runner->log_root,
                                .nodes = swarm.requests,
                                .node_count = swarm.count,
                                .seeders = swarm.seeders,
                                .up_bps = settings.network.up_bps,
                                .down_bps = settings.network.down_bps,
                                .delay_ns = settings.network.delay_ns,
                                .loss = settings.network.loss,
                                .options = swb__site_options(runner->deployer, runner->plan),
                                .tracker_url = mode->tracker_url};
    swb__contents_tell(&request, &contents);
    status = runner->deployer->check(&request, error);
    swb__contents_finish(&contents);
out:
    if (status != SWB_OK) {
        swb__error_context(error, "mode '%s'", mode->name);
    }
    swb__swarm_finish(&swarm);
    return status;
}

int swb__preflight(const swb_runner *runner, swb_error *error)
{
    extremes most = find_extremes(runner);
    size_t modes = swb_experiment_mode_count(runner->experiment);
    int status = SWB_OK;
    for (uint32_t i = 0; status == SWB_OK && i < modes; i++) {
        status = check_run(runner, most.disk_cell, i, error);
        if (status == SWB_OK && most.nodes_cell != most.disk_cell) {
            status = check_run(runner, most.nodes_cell, i, error);
        }
        const swb__mode *mode = swb__experiment_mode(runner->experiment, i);
        if (status == SWB_OK && mode->coding.coder == SWB__CODER_CLIENT) {
            status = swb__trial_of_coding(runner, i, most.disk_cell, error);
        }
    }
    return status;
}
