/* The settings of one cell: what the experiment file and the cell's axes say, resolved. */
#ifndef SWB_SPEC_SETTINGS_H
#define SWB_SPEC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum swb__arrival_pattern {
    SWB__ARRIVAL_TOGETHER,
    SWB__ARRIVAL_STAGGERED, /* one leecher each `every_ns` */
    SWB__ARRIVAL_POISSON,   /* exponential gaps of mean 1/rate */
    SWB__ARRIVAL_WAVES,     /* `wave` leechers each `every_ns` */
} swb__arrival_pattern;

typedef enum swb__fault_kind {
    SWB__FAULT_KILL,
    SWB__FAULT_STOP, /* frozen, for `for_ns` or to the end */
    SWB__FAULT_RESTART,
    SWB__FAULT_PARTITION,
} swb__fault_kind;

typedef enum swb__fault_role {
    SWB__FAULT_ANY,
    SWB__FAULT_SEEDER,
    SWB__FAULT_LEECHER,
} swb__fault_role;

/* One row of `faults:`. Exactly one of at_fraction (>= 0) and at_ns is meant. */
typedef struct swb__fault_plan {
    swb__fault_kind kind;
    swb__fault_role role;
    double at_fraction; /* of all content bytes to be delivered in the run; negative: at_ns */
    uint64_t at_ns;     /* since the run's intended start */
    uint32_t count;     /* nodes hit; 0: `fraction` of them */
    double fraction;
    uint64_t for_ns; /* 0: to the end */
} swb__fault_plan;

#define SWB__FAULTS_MAX 16

typedef struct swb__settings {
    uint64_t file_size_bytes;
    uint32_t size;
    uint32_t seeders;
    uint32_t seeder_sets;
    struct {
        uint32_t min;
        uint32_t max;
        double half_width;  /* of the median's interval, relative; 0: always go to max */
        uint64_t budget_ns; /* of the whole experiment; 0: none */
    } repetitions;
    struct {
        int64_t pattern; /* swb__arrival_pattern */
        uint64_t every_ns;
        double rate_per_s;
        uint32_t wave;
    } arrival;
    struct {
        uint64_t up_bps; /* 0: not shaped */
        uint64_t down_bps;
        uint64_t delay_ns;
        double loss;
    } network;
    struct {
        uint64_t ready_ns; /* from a node's start to its API's answer */
        uint64_t seed_ns;  /* for all seeders to serve */
        uint64_t run_ns;   /* from the intended start to the last completion */
        uint64_t stall_ns; /* no progress on any leecher */
        uint64_t teardown_ns;
    } limits;
    uint32_t retries;
    swb__fault_plan faults[SWB__FAULTS_MAX];
    size_t fault_count;
} swb__settings;

#endif
