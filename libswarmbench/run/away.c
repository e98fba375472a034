/* A runner in a cluster in the place of this one. */
#include "run/away.h"

#include <stdlib.h>

#include "run/swarm.h"

#ifdef SWB_HAVE_KUBERNETES

#include <string.h>

#include "remote/remote.h"

static void on_event(void *argument, const swb_event *event)
{
    swb_runner *runner = argument;
    bool failed = event->status != SWB_OK && event->status != SWB_EINTERRUPTED;
    if (event->kind == SWB_EVENT_RUN_ENDED) {
        runner->failed_runs += failed;
    } else if (event->kind == SWB_EVENT_RETRY) {
        runner->failed_runs -= runner->failed_runs > 0;
    } else if (event->kind == SWB_EVENT_EXPERIMENT_ENDED) {
        runner->ended = true;
    }
    swb__events_push(&runner->events, event);
    if (event->kind == SWB_EVENT_EXPERIMENT_STARTED && runner->detach) {
        swb__remote_detach(runner->remote);
    }
}

bool swb__away_is_wanted(const swb_runner *runner)
{
    return strcmp(runner->deployer->name, "kubernetes") == 0 &&
           swb__remote_is_wanted(swb__site_options(runner->deployer, runner->plan));
}

int swb__away_create(swb_runner *runner, const swb_runner_options *options, swb_error *error)
{
    const swb__remote_options asked = {
        .loop = runner->loop,
        .experiment = runner->experiment,
        .values = swb__site_options(runner->deployer, runner->plan),
        .only = runner->only,
        .results_path = options->results_path,
        .work_dir = runner->work_dir,
        .resume = options->resume != 0,
        .tell = on_event,
        .argument = runner,
    };
    int status = swb__remote_create(&runner->remote, &asked, error);
    if (status == SWB_OK) {
        swb__remote_start(runner->remote);
    }
    return status == SWB_ENOENT ? swb__fail(error, SWB_EENV, "%s", error->message) : status;
}

void swb__away_stop(swb_runner *runner)
{
    swb__remote_stop(runner->remote);
}

void swb__away_detach(swb_runner *runner)
{
    swb__remote_detach(runner->remote);
}

void swb__away_destroy(swb_runner *runner)
{
    swb__remote_destroy(runner->remote);
}

#else

bool swb__away_is_wanted(const swb_runner *runner)
{
    (void)runner;
    return false;
}

int swb__away_create(swb_runner *runner, const swb_runner_options *options, swb_error *error)
{
    (void)runner;
    (void)options;
    return swb__fail(error, SWB_EUNSUPPORTED, "this build has no client of Kubernetes");
}

void swb__away_stop(swb_runner *runner)
{
    (void)runner;
}

void swb__away_detach(swb_runner *runner)
{
    (void)runner;
}

void swb__away_destroy(swb_runner *runner)
{
    (void)runner;
}

#endif
