/*
 * A runner in a cluster, driven from outside of it: brought there with its experiment as a release
 * of the chart `swarmbench`, followed by its log, its results fetched, and the release removed.
 *
 * The release's name comes from the experiment, so whoever runs the same one again finds it.
 */
#ifndef SWB_REMOTE_REMOTE_H
#define SWB_REMOTE_REMOTE_H

#include <stdbool.h>

#include <swarmbench/runner.h>
#include <swarmbench/sys/option.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__remote swb__remote;

typedef struct swb__remote_options {
    swb_loop *loop;
    const swb_experiment *experiment; /* borrowed for its life */
    const swb_option_value *values;   /* of the place `kubernetes`; NULL: none; borrowed */
    const char *only;                 /* NULL: all cells */
    const char *results_path;         /* where they are to come */
    const char *work_dir;
    bool resume; /* a results file that is there is replaced */
    bool detach; /* ends once the first run is about to begin, and leaves it */
    /* From the loop; the last one is SWB_EVENT_EXPERIMENT_ENDED. */
    void (*tell)(void *argument, const swb_event *event);
    void *argument;
} swb__remote_options;

/* Whether the options, and where we are, ask for a runner in the cluster. */
bool swb__remote_is_wanted(const swb_option_value *values);

/* Looks at the cluster, and waits for that: programs, charts, permissions, and whether the
 * experiment is there already. Makes nothing. SWB_EENV, SWB_EEXIST (the results file, and `resume`
 * is not set), SWB_EINPUT, SWB_EAUTH, SWB_ECONNECT, ... */
int swb__remote_create(swb__remote **out, const swb__remote_options *options, swb_error *error);
/* Begins; what goes wrong from now on is told by the last event. */
void swb__remote_start(swb__remote *remote);
/* Ends the experiment in the cluster, fetches what there is and removes the release. */
void swb__remote_stop(swb__remote *remote);
/* Ends following it and leaves everything in the cluster as it is. */
void swb__remote_detach(swb__remote *remote);
/* Leaves what is in the cluster. Accepts NULL. */
void swb__remote_destroy(swb__remote *remote);

#endif
