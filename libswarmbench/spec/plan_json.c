/* The plan as one JSON object. */
#include "spec/plan.h"

#include <string.h>

static void member_uint(swb__writer *writer, const char *key, uint64_t value)
{
    swb__json_key(writer, key);
    swb__json_uint(writer, value);
}

static void member_string(swb__writer *writer, const char *key, const char *value)
{
    swb__json_key(writer, key);
    swb__json_string(writer, value);
}

static void write_coding(swb__writer *writer, const swb__coding *coding)
{
    swb__json_key(writer, "erasure");
    if (coding->coder == SWB__CODER_NONE) {
        swb__json_null(writer);
        return;
    }
    swb__json_open(writer, '{');
    member_uint(writer, "data", coding->data_parts);
    member_uint(writer, "parity", coding->parity_parts);
    member_string(writer, "via", swb__coder_name(coding->coder));
    swb__json_close(writer, '}');
}

static void write_beside(swb__writer *writer, const swb__mode *mode)
{
    swb__json_key(writer, "beside");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < mode->beside_count; i++) {
        swb__json_open(writer, '{');
        member_string(writer, "name", mode->beside[i].name);
        member_string(writer, "driver", mode->beside[i].driver->name);
        member_uint(writer, "count", mode->beside[i].count);
        swb__json_close(writer, '}');
    }
    swb__json_close(writer, ']');
    member_uint(writer, "actions", mode->action_count);
}

static void write_mode(swb__writer *writer, const swb__mode *mode)
{
    swb__json_open(writer, '{');
    member_string(writer, "name", mode->name);
    member_string(writer, "tracker", mode->service == NULL ? NULL : mode->service->name);
    swb__json_key(writer, "groups");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < mode->group_count; i++) {
        static const char *const roles[] = {"any", "seeder", "leecher"};
        const swb__group *group = &mode->groups[i];
        swb__json_open(writer, '{');
        member_string(writer, "name", group->name);
        member_string(writer, "driver", group->driver->name);
        member_string(writer, "role", roles[group->role]);
        swb__json_key(writer, "share");
        swb__json_number(writer, group->share);
        swb__json_close(writer, '}');
    }
    swb__json_close(writer, ']');
    write_coding(writer, &mode->coding);
    write_beside(writer, mode);
    swb__json_close(writer, '}');
}

static void write_experiment(swb__writer *writer, const swb_experiment *experiment)
{
    swb__json_open(writer, '{');
    member_string(writer, "name", experiment->name);
    member_uint(writer, "seed", experiment->seed);
    member_string(writer, "digest", experiment->digest);
    member_string(writer, "place", experiment->deployer->name);
    member_string(writer, "baseline", experiment->modes[experiment->baseline].name);
    swb__json_key(writer, "modes");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < experiment->mode_count; i++) {
        write_mode(writer, &experiment->modes[i]);
    }
    swb__json_close(writer, ']');
    swb__json_close(writer, '}');
}

static void write_estimate(swb__writer *writer, const swb_plan *plan)
{
    swb_estimate estimate;
    swb_plan_estimate(&estimate, plan);
    swb__json_open(writer, '{');
    member_uint(writer, "time_min_ns", estimate.time_min_ns);
    member_uint(writer, "time_max_ns", estimate.time_max_ns);
    member_uint(writer, "disk_peak_bytes", estimate.disk_peak_bytes);
    member_uint(writer, "memory_peak_bytes", estimate.memory_peak_bytes);
    member_uint(writer, "traffic_bytes", estimate.traffic_bytes);
    member_uint(writer, "runs_min", estimate.runs_min);
    member_uint(writer, "runs_max", estimate.runs_max);
    member_uint(writer, "downloads_min", estimate.downloads_min);
    swb__json_close(writer, '}');
}

/* "settings" holds what varies beside the three settings that every cell shows. */
static void write_cell(swb__writer *writer, const swb_plan *plan, uint64_t index)
{
    swb_cell cell;
    const swb_experiment *experiment = plan->experiment;
    uint64_t point = swb__plan_point(plan, index);
    swb_plan_cell(&cell, plan, index);
    swb__json_open(writer, '{');
    member_uint(writer, "index", cell.index);
    member_string(writer, "label", cell.label);
    member_uint(writer, "file_size_bytes", cell.file_size_bytes);
    member_uint(writer, "size", cell.size);
    member_uint(writer, "seeders", cell.seeders);
    swb__json_key(writer, "settings");
    swb__json_open(writer, '{');
    for (size_t id = SWB__SEEDERS + 1; id < SWB__SETTING_COUNT; id++) {
        if (experiment->owners[id].varies) {
            char path[64];
            member_string(writer, swb__setting_path(path, sizeof path, id),
                          swb__value_at(experiment, point, id));
        }
    }
    swb__json_close(writer, '}');
    swb__json_close(writer, '}');
}

static void write_run(swb__writer *writer, const swb_plan *plan, uint64_t index)
{
    swb_planned_run run;
    swb_plan_run(&run, plan, index);
    swb__json_open(writer, '{');
    member_uint(writer, "index", run.index);
    member_uint(writer, "cell", run.cell);
    member_uint(writer, "block", run.block);
    member_string(writer, "mode", plan->experiment->modes[run.mode].name);
    member_uint(writer, "seeder_set", run.seeder_set);
    member_uint(writer, "repetition", run.repetition);
    swb__json_key(writer, "optional");
    swb__json_bool(writer, run.optional != 0);
    member_uint(writer, "content_seed", run.content_seed);
    member_uint(writer, "run_seed", run.run_seed);
    swb__json_close(writer, '}');
}

static void write_rows(swb__writer *writer, const swb_plan *plan, uint64_t count,
                       void (*write)(swb__writer *, const swb_plan *, uint64_t))
{
    swb__json_open(writer, '[');
    for (uint64_t i = 0; i < count && writer->status == SWB_OK; i++) {
        write(writer, plan, i);
    }
    swb__json_close(writer, ']');
}

void swb__plan_write_json(swb__writer *writer, const swb_plan *plan)
{
    swb__json_open(writer, '{');
    swb__json_key(writer, "experiment");
    write_experiment(writer, plan->experiment);
    swb__json_key(writer, "estimate");
    write_estimate(writer, plan);
    swb__json_key(writer, "cells");
    write_rows(writer, plan, plan->cell_count, write_cell);
    swb__json_key(writer, "runs");
    write_rows(writer, plan, swb_plan_run_count(plan), write_run);
    swb__json_close(writer, '}');
    swb__writer_text(writer, "\n");
}
