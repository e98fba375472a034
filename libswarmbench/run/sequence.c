/* Which run comes next: resume, --only, and the stopping rule of the repetitions. */
#include "run/runner_state.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "measure/statistics.h"

/* More cells than these are not listed in a message. */
#define CELLS_NAMED_MAX 6

bool swb__runner_wants_cell(const swb_runner *runner, uint64_t cell)
{
    char number[24];
    swb_cell row;
    if (runner->only == NULL) {
        return true;
    }
    snprintf(number, sizeof number, "%llu", (unsigned long long)cell);
    if (strcmp(runner->only, number) == 0) {
        return true;
    }
    return swb_plan_cell(&row, runner->plan, cell) == SWB_OK &&
           fnmatch(runner->only, row.label, 0) == 0;
}

char *swb__runner_cells(char *out, size_t size, const swb_runner *runner)
{
    swb_cell cell;
    uint64_t count = swb_plan_cell_count(runner->plan);
    size_t length = 0;
    out[0] = '\0';
    for (uint64_t i = 0; i < count && swb_plan_cell(&cell, runner->plan, i) == SWB_OK; i++) {
        if (i >= CELLS_NAMED_MAX || length + sizeof cell.label > size) {
            snprintf(out + length, size - length, ", ... (%llu cells; see `swarmbench plan`)",
                     (unsigned long long)count);
            break;
        }
        length += (size_t)snprintf(out + length, size - length, "%s%llu (%s)", i > 0 ? ", " : "",
                                   (unsigned long long)i, cell.label);
    }
    return out;
}

uint64_t swb__runner_remaining(swb_runner *runner)
{
    uint64_t count = 0;
    swb_planned_run run;
    for (uint64_t i = 0; i < runner->run_count; i++) {
        swb__run_state state = SWB__RUN_ABSENT;
        swb_plan_run(&run, runner->plan, i);
        if (run.optional || !swb__runner_wants_cell(runner, run.cell)) {
            continue;
        }
        swb__store_run_state(&state, runner->store, runner->experiment_id, i, NULL);
        count += state == SWB__RUN_ABSENT;
    }
    return count;
}

/* Tells and stores, once a cell, why its repetitions ended. */
static void end_cell(swb_runner *runner, uint64_t cell, const char *reason)
{
    if (cell == UINT64_MAX || cell == runner->ended_cell) {
        return;
    }
    runner->ended_cell = cell;
    swb_event event = {.kind = SWB_EVENT_CELL_ENDED,
                       .time_ns = swb__clock_ns(),
                       .run = UINT64_MAX,
                       .mode = UINT32_MAX,
                       .node = UINT32_MAX,
                       .value = cell};
    snprintf(event.text, sizeof event.text, "%s", reason);
    swb__events_push(&runner->events, &event);
    swb__store_cell_end(runner->store, runner->experiment_id, cell, reason, NULL);
}

/* The widest of the modes' intervals of the median makespan in this cell, over the median. */
static double widest(swb_runner *runner, uint64_t cell, int *status, swb_error *error)
{
    double most = 0;
    size_t modes = swb_experiment_mode_count(runner->experiment);
    for (size_t i = 0; i < modes; i++) {
        double *values = NULL;
        size_t count = 0;
        const char *mode = swb_experiment_mode_name(runner->experiment, i);
        *status = swb__store_makespans(&values, &count, runner->store, runner->experiment_id, cell,
                                       mode, error);
        if (*status != SWB_OK) {
            return NAN;
        }
        uint64_t seed = swb__random_derive(swb_experiment_seed(runner->experiment), "stop", cell);
        double width = swb__relative_half_width(values, count, seed);
        free(values);
        most = isnan(width) || width > most ? (isnan(width) ? INFINITY : width) : most;
    }
    return most;
}

/* Is the optional block of this run needed? Decided once a block, after the runs before it. */
static int decide(bool *needed, swb_runner *runner, const swb_planned_run *run, swb_error *error)
{
    swb__settings settings;
    int status = SWB_OK;
    if (run->block == runner->decided_block) {
        *needed = runner->decision;
        return SWB_OK;
    }
    swb__plan_settings(&settings, runner->plan, run->cell);
    int64_t spent_ns = swb__clock_ns() - runner->started_ns;
    const char *reason = NULL;
    if (settings.repetitions.budget_ns > 0 && spent_ns >= (int64_t)settings.repetitions.budget_ns) {
        reason = "the time budget is spent";
    } else if (settings.repetitions.half_width > 0 &&
               widest(runner, run->cell, &status, error) <= settings.repetitions.half_width) {
        reason = "every mode's interval is narrow enough";
    }
    if (status != SWB_OK) {
        return status;
    }
    runner->decided_block = run->block;
    runner->decision = *needed = reason == NULL;
    if (reason != NULL) {
        end_cell(runner, run->cell, reason);
    }
    return SWB_OK;
}

/* The runs of a cell come one after the other: a run of another cell, or none, ends it. */
static void open_cell(swb_runner *runner, uint64_t cell)
{
    if (cell != runner->open_cell) {
        end_cell(runner, runner->open_cell, "all its repetitions were run");
        runner->open_cell = cell;
    }
}

int swb__runner_next(swb_runner *runner, swb_error *error)
{
    for (; runner->next < runner->run_count; runner->next++) {
        swb__run_state state;
        bool needed = true;
        int status = swb_plan_run(&runner->run, runner->plan, runner->next);
        if (status == SWB_OK && !swb__runner_wants_cell(runner, runner->run.cell)) {
            continue;
        }
        if (status == SWB_OK) {
            status = swb__store_run_state(&state, runner->store, runner->experiment_id,
                                          runner->next, error);
        }
        if (status == SWB_OK && state != SWB__RUN_ABSENT) {
            continue;
        }
        if (status == SWB_OK && runner->run.optional) {
            status = decide(&needed, runner, &runner->run, error);
        }
        if (status != SWB_OK) {
            return status;
        }
        if (needed) {
            open_cell(runner, runner->run.cell);
            runner->next++;
            return 1;
        }
    }
    open_cell(runner, UINT64_MAX);
    return 0;
}
