/* One run being performed: the engine's actions done in a place, its events fed back. */
#ifndef SWB_RUN_EXECUTION_H
#define SWB_RUN_EXECUTION_H

#include <swarmbench/runner.h>

#include "measure/observation.h"
#include "run/engine.h"
#include "run/swarm.h"

typedef struct swb__execution swb__execution;

typedef struct swb__execution_options {
    swb_loop *loop;
    const swb_plan *plan;
    const swb_planned_run *run; /* copied */
    const swb_deployer *deployer;
    const char *run_name;
    const char *work_dir; /* absolute */
    const char *log_dir;  /* absolute */
    int keep_data;
} swb__execution_options;

/* What an execution tells; from the loop's thread, never from within swb__execution_start(). */
typedef struct swb__observer {
    void (*event)(void *argument, const swb_event *event);
    void (*sample)(void *argument, uint32_t node, const swb_sample *sample);
    /* As swb_site_events.fact. */
    void (*fact)(void *argument, const char *name, const char *value);
    /* The run is over and nothing of it is left; the one last call. */
    void (*ended)(void *argument);
    void *argument;
} swb__observer;

/* Strings and observer's argument are borrowed until it is destroyed. SWB_ENOMEM, or as the
 * deployer's open(). */
int swb__execution_start(swb__execution **out, const swb__execution_options *options,
                         const swb__observer *observer, swb_error *error);
/* Tears the run down as interrupted; `ended` follows. */
void swb__execution_cancel(swb__execution *execution);
/* Only after `ended`, and not from within it. Accepts NULL. */
void swb__execution_destroy(swb__execution *execution);

size_t swb__execution_node_count(const swb__execution *execution);
/* After `ended`: what the run came to. */
void swb__execution_result(swb__run_result *out, const swb__execution *execution);
bool swb__execution_download(swb__download *out, const swb__execution *execution, uint32_t node);
void swb__execution_node_row(swb__node_row *out, const swb__execution *execution, uint32_t node);
/* Parts are 0 .. contents - 1. False where the node had nothing to do with the part. */
uint32_t swb__execution_contents(const swb__execution *execution);
bool swb__execution_part_row(swb__part_row *out, const swb__execution *execution, uint32_t node,
                             uint32_t part);

#endif
