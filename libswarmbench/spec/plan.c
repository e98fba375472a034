/* The plan: cells in order, and runs that are derived when asked for. */
#include "spec/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define POINT_MASK ((UINT64_C(1) << SWB__POINT_BITS) - 1)
/* Seeds of 53 bits: every reader of JSON has them exactly. */
#define SEED_SHIFT 11

_Static_assert(SWB__CELLS_MAX < POINT_MASK, "a point must fit into its bits");

uint64_t swb__plan_point(const swb_plan *plan, uint64_t cell)
{
    return plan->cells[cell] & POINT_MASK;
}

static uint64_t first_block(const swb_plan *plan, uint64_t cell)
{
    return plan->cells[cell] >> SWB__POINT_BITS;
}

static uint64_t repetitions_max(const swb_experiment *experiment, uint64_t point)
{
    int64_t most = swb__integer_at(experiment, point, SWB__REPETITIONS_MAX);
    return (uint64_t)(most != 0 ? most : swb__integer_at(experiment, point, SWB__REPETITIONS_MIN));
}

static uint64_t blocks_of(const swb_experiment *experiment, uint64_t point)
{
    return repetitions_max(experiment, point) *
           (uint64_t)swb__integer_at(experiment, point, SWB__SEEDER_SETS);
}

/* Writes the number of its first block into each cell. */
static int number_blocks(swb_plan *plan, swb_error *error)
{
    const swb_experiment *experiment = plan->experiment;
    for (uint64_t cell = 0; cell < plan->cell_count; cell++) {
        uint64_t point = plan->cells[cell];
        plan->cells[cell] |= plan->block_count << SWB__POINT_BITS;
        plan->block_count += blocks_of(experiment, point);
        if (plan->block_count >= SWB__BLOCKS_MAX) {
            swb__place place = swb__place_at(experiment, point, SWB__REPETITIONS_MAX);
            return swb__fail_at(error, SWB_EINPUT, experiment->file, place.line, place.column,
                                "the plan has more than 10^12 repetitions; lower "
                                "repetitions.max, seeder_sets or the number of cells");
        }
    }
    return SWB_OK;
}

int swb_plan_create(swb_plan **out, const swb_experiment *experiment, swb_error *error)
{
    if (out == NULL || experiment == NULL) {
        return swb__fail(error, SWB_EINVAL, "out and experiment are required");
    }
    swb_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return swb__fail_nomem(error);
    }
    plan->experiment = experiment;
    int status = swb__expand(&plan->cells, &plan->cell_count, experiment, error);
    if (status == SWB_OK) {
        status = number_blocks(plan, error);
    }
    if (status != SWB_OK) {
        swb_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return SWB_OK;
}

void swb_plan_destroy(swb_plan *plan)
{
    if (plan != NULL) {
        free(plan->cells);
        free(plan);
    }
}

const swb_experiment *swb__plan_experiment(const swb_plan *plan)
{
    return plan->experiment;
}

uint64_t swb_plan_cell_count(const swb_plan *plan)
{
    return plan->cell_count;
}

uint64_t swb_plan_run_count(const swb_plan *plan)
{
    return plan->block_count * plan->experiment->mode_count;
}

void swb__plan_settings(swb__settings *out, const swb_plan *plan, uint64_t cell)
{
    swb__settings_at(out, plan->experiment, swb__plan_point(plan, cell));
}

int swb_plan_cell(swb_cell *out, const swb_plan *plan, uint64_t index)
{
    if (index >= plan->cell_count) {
        return SWB_EINVAL;
    }
    const swb_experiment *experiment = plan->experiment;
    uint64_t point = swb__plan_point(plan, index);
    out->index = index;
    out->file_size_bytes = (uint64_t)swb__integer_at(experiment, point, SWB__FILE_SIZE);
    out->size = (uint32_t)swb__integer_at(experiment, point, SWB__SIZE);
    out->seeders = (uint32_t)swb__integer_at(experiment, point, SWB__SEEDERS);
    swb__label_at(out->label, sizeof out->label, experiment, point);
    return SWB_OK;
}

/* The cell that a block belongs to. */
static uint64_t cell_of_block(const swb_plan *plan, uint64_t block)
{
    uint64_t from = 0;
    uint64_t to = plan->cell_count;
    while (to - from > 1) {
        uint64_t middle = from + (to - from) / 2;
        if (first_block(plan, middle) <= block) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}

/* Seeds go by the point, not by the position in the plan: another order gives the same runs. */
uint64_t swb__set_seed(const swb_plan *plan, uint64_t cell, uint32_t seeder_set)
{
    uint64_t seed = swb__random_derive(plan->experiment->seed, "cell", swb__plan_point(plan, cell));
    return swb__random_derive(seed, "seeder set", seeder_set);
}

/* The mode that stands at `position` in the block of this seed. */
static uint32_t mode_in_block(const swb_experiment *experiment, uint64_t block_seed,
                              size_t position)
{
    uint32_t order[SWB__MODES_MAX];
    for (uint32_t i = 0; i < experiment->mode_count; i++) {
        order[i] = i;
    }
    if (!experiment->modes_listed) {
        swb__random random;
        swb__random_init(&random, swb__random_derive(block_seed, "mode order", 0));
        swb__random_shuffle(&random, order, experiment->mode_count);
    }
    return order[position];
}

int swb_plan_run(swb_planned_run *out, const swb_plan *plan, uint64_t index)
{
    if (index >= swb_plan_run_count(plan)) {
        return SWB_EINVAL;
    }
    const swb_experiment *experiment = plan->experiment;
    uint64_t block = index / experiment->mode_count;
    uint64_t cell = cell_of_block(plan, block);
    uint64_t point = swb__plan_point(plan, cell);
    uint64_t in_cell = block - first_block(plan, cell);
    uint64_t sets = (uint64_t)swb__integer_at(experiment, point, SWB__SEEDER_SETS);
    out->index = index;
    out->cell = cell;
    out->block = block;
    out->repetition = (uint32_t)(in_cell / sets);
    out->seeder_set = (uint32_t)(in_cell % sets);
    out->optional = out->repetition >= swb__integer_at(experiment, point, SWB__REPETITIONS_MIN);
    uint64_t block_seed = swb__random_derive(swb__set_seed(plan, cell, out->seeder_set),
                                             "repetition", out->repetition);
    out->mode = mode_in_block(experiment, block_seed, (size_t)(index % experiment->mode_count));
    out->content_seed = swb__random_derive(block_seed, "content", 0) >> SEED_SHIFT;
    out->run_seed = swb__random_derive(block_seed, "run", out->mode) >> SEED_SHIFT;
    return SWB_OK;
}

int swb_plan_write(const swb_plan *plan, swb_format format, int fd, swb_error *error)
{
    if (format != SWB_FORMAT_TEXT && format != SWB_FORMAT_JSON) {
        return swb__fail(error, SWB_EINVAL, "a plan is written as text or JSON, not in format %d",
                         (int)format);
    }
    swb__writer writer;
    swb__writer_init(&writer, fd);
    if (format == SWB_FORMAT_JSON) {
        swb__plan_write_json(&writer, plan);
    } else {
        swb__plan_write_text(&writer, plan);
    }
    return swb__writer_finish(&writer, error);
}
