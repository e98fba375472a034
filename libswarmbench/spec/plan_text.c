/* The plan as a text for a terminal. */
#include "spec/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* Longer tables lose their middle. */
#define ROWS_MAX 60
#define ROWS_AT_ENDS UINT64_C(25)

static void write_heading(swb__writer *writer, const swb_plan *plan)
{
    const swb_experiment *experiment = plan->experiment;
    swb__writer_printf(writer, "%s  (seed %" PRIu64 ", on %s)\ndigest %s\n\n", experiment->name,
                       experiment->seed, experiment->deployer->name, experiment->digest);
}

static void write_mode(swb__writer *writer, const swb_experiment *experiment, size_t index)
{
    const swb__mode *mode = &experiment->modes[index];
    swb__writer_printf(writer, "  %-20s ", mode->name);
    for (size_t i = 0; i < mode->group_count; i++) {
        static const char *const roles[] = {"", " seeders", " leechers"};
        const swb__group *group = &mode->groups[i];
        swb__writer_text(writer, i == 0 ? "" : ", ");
        swb__writer_text(writer, group->driver->name);
        if (mode->group_count > 1) {
            swb__writer_printf(writer, " %.3g%%%s", group->share * 100, roles[group->role]);
        }
    }
    if (mode->coding.coder != SWB__CODER_NONE) {
        char coding[SWB__CODING_TEXT_SIZE];
        swb__writer_printf(writer, ", coded %s", swb__coding_text(coding, &mode->coding));
    }
    if (mode->service != NULL) {
        swb__writer_printf(writer, " + %s", mode->service->name);
    }
    for (size_t i = 0; i < mode->beside_count; i++) {
        swb__writer_printf(writer, "%s %s x%u", i == 0 ? ", beside" : ",", mode->beside[i].name,
                           mode->beside[i].count);
    }
    swb__writer_text(writer, index == experiment->baseline ? "  (baseline)\n" : "\n");
}

static void write_cell(swb__writer *writer, const swb_plan *plan, uint64_t index)
{
    char each[32];
    swb_cell cell;
    swb__settings settings;
    swb_plan_cell(&cell, plan, index);
    swb__plan_settings(&settings, plan, index);
    uint64_t runs =
        (uint64_t)settings.repetitions.min * settings.seeder_sets * plan->experiment->mode_count;
    uint64_t most =
        (uint64_t)settings.repetitions.max * settings.seeder_sets * plan->experiment->mode_count;
    swb__format_duration(each, sizeof each, (double)swb__model_run_ns(&settings));
    char at_most[32] = "";
    if (most != runs) {
        snprintf(at_most, sizeof at_most, "..%" PRIu64, most);
    }
    swb__writer_printf(writer, "  %5" PRIu64 "  %5" PRIu64 "%-8s", index, runs, at_most);
    swb__writer_printf(writer, "%10s  %s\n", each, cell.label);
}

static void write_cells(swb__writer *writer, const swb_plan *plan)
{
    uint64_t count = plan->cell_count;
    swb__writer_printf(writer, "\n%" PRIu64 " %s\n   cell   runs          each run  settings\n",
                       count, count == 1 ? "cell" : "cells");
    for (uint64_t i = 0; i < count; i++) {
        if (count > ROWS_MAX && i == ROWS_AT_ENDS) {
            swb__writer_printf(writer, "    ...  (%" PRIu64 " more)\n", count - 2 * ROWS_AT_ENDS);
            i = count - ROWS_AT_ENDS;
        }
        write_cell(writer, plan, i);
    }
}

static void write_estimate(swb__writer *writer, const swb_plan *plan)
{
    char time[32];
    char limit[32];
    char disk[32];
    char memory[32];
    char traffic[32];
    swb_estimate estimate;
    swb_plan_estimate(&estimate, plan);
    swb__format_duration(time, sizeof time, (double)estimate.time_min_ns);
    swb__format_duration(limit, sizeof limit, (double)estimate.time_max_ns);
    swb__format_bytes(disk, sizeof disk, (double)estimate.disk_peak_bytes);
    swb__format_bytes(memory, sizeof memory, (double)estimate.memory_peak_bytes);
    swb__format_bytes(traffic, sizeof traffic, (double)estimate.traffic_bytes);
    swb__writer_printf(writer, "\nEstimate\n  runs       %" PRIu64, estimate.runs_min);
    if (estimate.runs_max != estimate.runs_min) {
        swb__writer_printf(writer, ", at most %" PRIu64, estimate.runs_max);
    }
    swb__writer_printf(writer,
                       "\n  downloads  %" PRIu64 "\n  time       about %s; by its limits at most "
                       "%s\n  disk       %s at once\n  memory     %s at once\n  traffic    %s\n",
                       estimate.downloads_min, time, limit, disk, memory, traffic);
}

void swb__plan_write_text(swb__writer *writer, const swb_plan *plan)
{
    const swb_experiment *experiment = plan->experiment;
    write_heading(writer, plan);
    swb__writer_printf(writer, "%zu %s\n", experiment->mode_count,
                       experiment->mode_count == 1 ? "mode" : "modes");
    for (size_t i = 0; i < experiment->mode_count; i++) {
        write_mode(writer, experiment, i);
    }
    write_cells(writer, plan);
    write_estimate(writer, plan);
}
