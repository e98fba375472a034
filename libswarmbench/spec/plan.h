/* The plan as spec/ itself sees it. */
#ifndef SWB_SPEC_PLAN_H
#define SWB_SPEC_PLAN_H

#include "base/writer.h"
#include "spec/model.h"

/* A cell in 8 bytes: its point in the low bits, the number of its first block above. */
#define SWB__POINT_BITS 24
#define SWB__BLOCKS_MAX (UINT64_C(1) << (64 - SWB__POINT_BITS))

struct swb_plan {
    const swb_experiment *experiment;
    uint64_t *cells;
    uint64_t cell_count;
    uint64_t block_count;
};

uint64_t swb__plan_point(const swb_plan *plan, uint64_t cell);

/* Seed of a purpose in a cell and one of its seeder sets: the same for all modes. */
uint64_t swb__set_seed(const swb_plan *plan, uint64_t cell, uint32_t seeder_set);

/* How many of `nodes` each group gets: by share, at least one where there are enough nodes. Counts
 * only groups that can be of `role`; counts_out has room for all groups of the mode. */
void swb__group_counts(uint32_t *counts_out, const swb__mode *mode, swb__group_role role,
                       uint32_t nodes);

/* What one run of a cell takes, by the model of the reference page. */
uint64_t swb__model_run_ns(const swb__settings *settings);

/* The constants of that model, for the reference page. */
typedef struct swb__model {
    uint64_t start_ns;    /* per node, one after the other */
    uint64_t teardown_ns; /* per run */
    uint64_t local_bps;   /* bytes per second that all leechers together receive */
    uint64_t make_bps;    /* bytes per second at which content is made and hashed */
    uint64_t verify_bps;  /* bytes per second at which content is verified */
    uint64_t node_bytes;  /* disk of a node beside the content */
} swb__model;
extern const swb__model swb__plan_model;

void swb__plan_write_json(swb__writer *writer, const swb_plan *plan);
void swb__plan_write_text(swb__writer *writer, const swb_plan *plan);

#endif
