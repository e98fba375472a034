/* The runner's state, shared by the files that make it up (runner.c, sequence.c, recorder.c). */
#ifndef SWB_RUN_RUNNER_STATE_H
#define SWB_RUN_RUNNER_STATE_H

#include <signal.h>

#include <swarmbench/runner.h>

#include "io/loop.h"
#include "run/cost.h"
#include "run/events.h"
#include "run/execution.h"
#include "spec/experiment.h"
#include "store/store.h"

struct swb_runner {
    const swb_experiment *experiment;
    swb_plan *plan;
    const swb_deployer *deployer;
    char *work_dir; /* absolute */
    char *log_root; /* absolute */
    char *only;     /* pattern, or NULL */
    int keep_data;
    bool detach;
    swb_loop *loop;
    swb__store *store;
    int64_t experiment_id;
    uint64_t run_count;
    int64_t started_ns;
    swb__events events;
    swb__timer *later; /* the next thing to do, from the loop */
    uv_async_t wake;   /* swb_runner_stop() may come from a signal handler */
    bool wake_open;
    struct swb__remote *remote; /* the runner proper is in a cluster; else NULL */
    volatile sig_atomic_t stop_asked;
    bool stopping;
    bool ended;
    int failure; /* what ended the experiment early */
    swb_error error;
    uint64_t failed_runs;
    bool ran;               /* a run ended otherwise than for want of something here */
    uint64_t next;          /* index of the next run to look at */
    uint64_t decided_block; /* the last block of which it was decided whether it is needed */
    bool decision;
    uint64_t open_cell;  /* the cell whose runs are under way; UINT64_MAX: none */
    uint64_t ended_cell; /* the last cell of which it was told why its repetitions ended */
    /* The run under way. */
    swb_planned_run run;
    swb_cell cell;
    swb__settings settings;
    uint32_t attempt;
    swb__execution *execution;
    swb__cost cost;
    char run_name[64];
    char *log_dir;
};

/* runner.c: an event, of the run under way where its kind is one of runs. */
void swb__runner_tell(swb_runner *runner, swb_event_kind kind, int status, uint64_t value,
                      const char *text);

/* sequence.c: which run comes next. Returns 1 with runner->run set, 0 where none is left, or a
 * negative status. */
int swb__runner_next(swb_runner *runner, swb_error *error);
/* Runs that are still to be done at most, for the first event. */
uint64_t swb__runner_remaining(swb_runner *runner);
/* True where the cell is among those of `only`. */
bool swb__runner_wants_cell(const swb_runner *runner, uint64_t cell);
/* The first cells by number and label, for a message; returns `out`. */
char *swb__runner_cells(char *out, size_t size, const swb_runner *runner);

/* recorder.c: from observations to the store. The first failure is returned by the last. */
int swb__recorder_begin(swb_runner *runner, swb_error *error);
void swb__recorder_event(swb_runner *runner, const swb_event *event);
void swb__recorder_sample(swb_runner *runner, uint32_t node, const swb_sample *sample);
int swb__recorder_end(swb_runner *runner, swb__run_ending ending, const swb__run_result *result,
                      swb_error *error);

#endif
