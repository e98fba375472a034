/* The experiment as spec/ itself sees it. */
#ifndef SWB_SPEC_MODEL_H
#define SWB_SPEC_MODEL_H

#include "spec/arena.h"
#include "spec/document.h"
#include "spec/experiment.h"
#include "spec/table.h"

#define SWB__AXES_MAX 16
#define SWB__MODES_MAX 64
#define SWB__CELLS_MAX UINT64_C(10000000)

/* The faults of a cell, with the places of their rows. */
typedef struct swb__fault_list {
    size_t count;
    swb__fault_plan items[SWB__FAULTS_MAX];
    swb__place places[SWB__FAULTS_MAX];
} swb__fault_list;

/* A setting with a value, as it stands somewhere in the file. */
typedef struct swb__assignment {
    size_t setting;
    swb_option_value value;
    const swb__fault_list *faults; /* instead of a value, of SWB__FAULTS */
    bool unset;                    /* neither given nor with a default */
    const char *text;              /* "size=8", for labels; "size=none" where it is unset */
    swb__place place;
} swb__assignment;

/* A table of assignments: a column for each setting that any row sets; NULL where a row does not.
 * Zeroed memory is no row at all. */
typedef struct swb__rows {
    size_t count;
    size_t width;
    uint8_t columns[SWB__SETTING_COUNT]; /* the settings, by column */
    uint64_t mask;                       /* the same as a set of bits */
    const swb__assignment **cells;       /* count x width, by row */
} swb__rows;

typedef struct swb__axis {
    const char *name;
    swb__place place;
    swb__rows rows;
} swb__axis;

/* The axis that gives a setting its values. */
typedef struct swb__owner {
    int axis; /* -1: none does */
    size_t column;
    bool varies; /* the axis gives it more than one value */
} swb__owner;

struct swb_experiment {
    swb__arena arena;
    char *text;
    const char *file;
    const char *name;
    uint64_t seed;
    swb__place top;
    swb__mode *modes;
    size_t mode_count;
    size_t baseline;
    const swb_deployer *deployer;
    swb_option_value *deployer_options;
    swb__deploy_node *nodes; /* rows of deploy.nodes */
    size_t node_count;
    double margin;
    bool allow_stand_in;
    double confidence;
    swb__settings base; /* what holds for all cells, unless an axis says otherwise */
    swb__place base_places[SWB__SETTING_COUNT];
    const swb__fault_list *base_faults;         /* NULL: none */
    const char *base_texts[SWB__SETTING_COUNT]; /* as swb__assignment.text */
    swb__axis axes[SWB__AXES_MAX];
    size_t axis_count;
    swb__owner owners[SWB__SETTING_COUNT];
    swb__rows *excludes; /* one for each row of `exclude`; its rows are alternatives */
    size_t exclude_count;
    swb__place exclude_place;
    uint8_t order_by[SWB__SETTING_COUNT];
    size_t order_by_count;
    bool modes_listed;
    char digest[65];
};

/* A point of the full matrix: the rows of all axes as one number, the last axis fastest. */
uint64_t swb__matrix_points(const swb_experiment *experiment);
/* What the axes say about a setting at a point; NULL where they say nothing. */
const swb__assignment *swb__assignment_at(const swb_experiment *experiment, uint64_t point,
                                          size_t setting);
void swb__settings_at(swb__settings *out, const swb_experiment *experiment, uint64_t point);
/* The place in the file that gave a setting its value at a point. For a default: that of the axis
 * which gives it other values, else the file's begin. */
swb__place swb__place_at(const swb_experiment *experiment, uint64_t point, size_t setting);
/* Setting and value at a point in canonical form, "size=8"; and the value alone. */
const char *swb__text_at(const swb_experiment *experiment, uint64_t point, size_t setting);
const char *swb__value_at(const swb_experiment *experiment, uint64_t point, size_t setting);
/* An integer setting at a point. */
int64_t swb__integer_at(const swb_experiment *experiment, uint64_t point, size_t setting);
/* "file_size=100MB size=8 seeders=1": the settings that vary; returns `out`. */
char *swb__label_at(char *out, size_t size, const swb_experiment *experiment, uint64_t point);

/* rows.c: "size=8" in the arena; NULL where there is no memory. */
const char *swb__assignment_text(swb__arena *arena, const swb__assignment *assignment);
/* faults.c */
int swb__read_faults(swb__fault_list **out, swb__reader *reader, const yaml_node_t *node);
char *swb__faults_text(char *out, size_t size, const swb__fault_plan *faults, size_t count);
/* check.c: refuses a point that cannot be run. */
int swb__check_point(swb_error *error, const swb_experiment *experiment, uint64_t point,
                     const swb__settings *settings);
/* nodes.c: whether deploy.nodes has enough for every mode; else says in `why` what is missing. */
bool swb__deploy_nodes_suffice(char *why, size_t size, const swb_experiment *experiment,
                               const swb__settings *settings);
/* digest.c: fills experiment->digest from the experiment and its `count` points in order. */
int swb__digest(swb_experiment *experiment, const uint64_t *points, uint64_t count,
                swb_error *error);
/* expand.c: the points that are cells, checked and in order; `*points_out` is freed with free(). */
int swb__expand(uint64_t **points_out, uint64_t *count_out, const swb_experiment *experiment,
                swb_error *error);

#endif
