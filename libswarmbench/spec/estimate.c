/* What a plan will cost: the model whose terms stand on the reference page. */
#include "spec/plan.h"

#include <math.h>

const swb__model swb__plan_model = {
    .start_ns = 500000000,
    .teardown_ns = 2000000000,
    .local_bps = 200000000,
    .make_bps = 400000000,
    .verify_bps = 1000000000,
    .node_bytes = 50000000,
};

/* Sums that stay at the top instead of wrapping. */
static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t to_ns(double seconds)
{
    return seconds * 1e9 >= 1.8e19 ? UINT64_MAX : (uint64_t)(seconds * 1e9);
}

/* Kumar and Ross's bound for nodes that all have the same shaped rates, and the machine's own. */
static double transfer_s(const swb__settings *settings)
{
    double bytes = (double)settings->file_size_bytes;
    double leechers = settings->size - settings->seeders;
    double bound = leechers * bytes / (double)swb__plan_model.local_bps;
    if (settings->network.down_bps > 0) {
        bound = fmax(bound, bytes * 8 / (double)settings->network.down_bps);
    }
    if (settings->network.up_bps > 0) {
        double up = (double)settings->network.up_bps / 8;
        bound = fmax(bound, bytes / (settings->seeders * up));
        bound = fmax(bound, leechers * bytes / (settings->size * up));
    }
    return bound;
}

/* From the first leecher's begin to the last one's. */
static double arrival_s(const swb__settings *settings)
{
    uint32_t after_first = settings->size - settings->seeders - 1;
    double every = (double)settings->arrival.every_ns / 1e9;
    switch ((swb__arrival_pattern)settings->arrival.pattern) {
    case SWB__ARRIVAL_STAGGERED:
        return after_first * every;
    case SWB__ARRIVAL_POISSON:
        return after_first / settings->arrival.rate_per_s;
    case SWB__ARRIVAL_WAVES:
        after_first /= settings->arrival.wave; /* whole waves after the first one */
        return after_first * every;
    case SWB__ARRIVAL_TOGETHER:
        break;
    }
    return 0;
}

uint64_t swb__model_run_ns(const swb__settings *settings)
{
    const swb__model *model = &swb__plan_model;
    double bytes = (double)settings->file_size_bytes;
    double leechers = settings->size - settings->seeders;
    double seconds = settings->size * (double)model->start_ns / 1e9;
    seconds += bytes / (double)model->make_bps;
    seconds += arrival_s(settings) + transfer_s(settings);
    seconds += leechers * bytes / (double)model->verify_bps;
    return add(to_ns(seconds), model->teardown_ns);
}

/* Longest that a run can take, its retries included. */
static uint64_t limit_ns(const swb__settings *settings)
{
    uint64_t once = settings->limits.ready_ns + settings->limits.seed_ns + settings->limits.run_ns +
                    settings->limits.teardown_ns;
    return multiply(once, 1 + (uint64_t)settings->retries);
}

static uint64_t role_memory(const swb__mode *mode, swb__group_role role, uint32_t nodes)
{
    uint32_t counts[64];
    uint64_t bytes = 0;
    swb__group_counts(counts, mode, role, nodes);
    for (size_t i = 0; i < mode->group_count; i++) {
        bytes = add(bytes, multiply(mode->groups[i].driver->node_memory_bytes, counts[i]));
    }
    return bytes;
}

static uint64_t memory_bytes(const swb__mode *mode, const swb__settings *settings)
{
    uint64_t bytes = mode->service == NULL ? 0 : mode->service->node_memory_bytes;
    for (size_t i = 0; i < mode->beside_count; i++) {
        bytes =
            add(bytes, multiply(mode->beside[i].driver->node_memory_bytes, mode->beside[i].count));
    }
    if (mode->groups[0].role == SWB__GROUP_ANY) {
        return add(bytes, role_memory(mode, SWB__GROUP_ANY, settings->size));
    }
    bytes = add(bytes, role_memory(mode, SWB__GROUP_SEEDERS, settings->seeders));
    return add(bytes, role_memory(mode, SWB__GROUP_LEECHERS, settings->size - settings->seeders));
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void add_cell(swb_estimate *estimate, const swb_experiment *experiment,
                     const swb__settings *settings)
{
    uint64_t leechers = settings->size - settings->seeders;
    uint64_t per_repetition = (uint64_t)settings->seeder_sets * experiment->mode_count;
    uint64_t runs_min = settings->repetitions.min * per_repetition;
    uint64_t runs_max = settings->repetitions.max * per_repetition;
    uint64_t delivered = multiply(leechers, settings->file_size_bytes);
    uint64_t disk =
        add(add(delivered, settings->file_size_bytes), settings->size * swb__plan_model.node_bytes);
    estimate->runs_min += runs_min;
    estimate->runs_max += runs_max;
    estimate->downloads_min = add(estimate->downloads_min, multiply(runs_min, leechers));
    estimate->traffic_bytes = add(estimate->traffic_bytes, multiply(runs_min, delivered));
    estimate->time_min_ns =
        add(estimate->time_min_ns, multiply(runs_min, swb__model_run_ns(settings)));
    estimate->time_max_ns = add(estimate->time_max_ns, multiply(runs_max, limit_ns(settings)));
    estimate->disk_peak_bytes = greater(estimate->disk_peak_bytes, disk);
    for (size_t i = 0; i < experiment->mode_count; i++) {
        estimate->memory_peak_bytes =
            greater(estimate->memory_peak_bytes, memory_bytes(&experiment->modes[i], settings));
    }
}

int swb_plan_estimate(swb_estimate *out, const swb_plan *plan)
{
    swb_estimate estimate = {0};
    swb__settings settings;
    for (uint64_t cell = 0; cell < plan->cell_count; cell++) {
        swb__plan_settings(&settings, plan, cell);
        add_cell(&estimate, plan->experiment, &settings);
    }
    *out = estimate;
    return SWB_OK;
}
