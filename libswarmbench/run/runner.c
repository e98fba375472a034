#include "run/runner_state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <swarmbench/environment.h>

#include "base/clock.h"
#include "base/file.h"
#include "host/environment.h"
#include "run/away.h"
#include "run/preflight.h"
#include "run/recover.h"

void swb__runner_tell(swb_runner *runner, swb_event_kind kind, int status, uint64_t value,
                      const char *text)
{
    bool of_run =
        kind == SWB_EVENT_RUN_STARTED || kind == SWB_EVENT_RUN_ENDED || kind == SWB_EVENT_RETRY;
    swb_event event = {.kind = kind,
                       .status = status,
                       .time_ns = swb__clock_ns(),
                       .run = of_run ? runner->run.index : UINT64_MAX,
                       .mode = of_run ? runner->run.mode : UINT32_MAX,
                       .node = UINT32_MAX,
                       .value = value};
    const char *name = of_run ? swb_experiment_mode_name(runner->experiment, runner->run.mode)
                              : swb_experiment_name(runner->experiment);
    snprintf(event.name, sizeof event.name, "%s", name);
    snprintf(event.text, sizeof event.text, "%s", text);
    swb__events_push(&runner->events, &event);
}

static void next_run(void *argument);

static void later(swb_runner *runner, swb__timer_fn function)
{
    swb__timer_stop(runner->later);
    runner->later = NULL;
    if (swb__timer_start(&runner->later, runner->loop, 0, function, runner) != SWB_OK) {
        runner->failure = SWB_ENOMEM;
        runner->ended = true;
    }
}

static void end_experiment(swb_runner *runner, int status, const char *text)
{
    const char *ending = status == SWB_OK             ? "done"
                         : status == SWB_EINTERRUPTED ? "interrupted"
                                                      : swb_status_text(status);
    swb__store_experiment_end(runner->store, runner->experiment_id, ending, NULL);
    swb__runner_tell(runner, SWB_EVENT_EXPERIMENT_ENDED, status, runner->failed_runs, text);
    runner->ended = true;
}

/* --- one run --- */

static void on_event(void *argument, const swb_event *event)
{
    swb_runner *runner = argument;
    if (event->kind == SWB_EVENT_PHASE) {
        swb__cost_leech(&runner->cost, strcmp(event->text, "leech") == 0);
    }
    swb__recorder_event(runner, event);
    swb__events_push(&runner->events, event);
}

static void on_sample(void *argument, uint32_t node, const swb_sample *sample)
{
    swb__recorder_sample(argument, node, sample);
}

static void start_run(void *argument);

static swb__run_ending ending_of(const swb_runner *runner, const swb__run_result *result)
{
    if (result->status == SWB_OK) {
        return SWB__ENDING_DONE;
    }
    /* What the place could not do before anything ran is no run of a mode: it is done when the
     * experiment is resumed. */
    if (runner->stopping || result->status == SWB_EINTERRUPTED || !runner->ran) {
        return SWB__ENDING_INTERRUPTED;
    }
    return runner->attempt <= runner->settings.retries ? SWB__ENDING_RETRIED : SWB__ENDING_FAILED;
}

static void after_run(void *argument)
{
    swb_runner *runner = argument;
    swb__run_result result;
    swb_error error = SWB_ERROR_INIT;
    swb__cost_end(&runner->cost);
    swb__execution_result(&result, runner->execution);
    runner->ran = runner->ran || result.status != SWB_EENV;
    swb__run_ending ending = ending_of(runner, &result);
    int status = swb__recorder_end(runner, ending, &result, &error);
    swb__execution_destroy(runner->execution);
    runner->execution = NULL;
    runner->failed_runs += ending == SWB__ENDING_FAILED;
    swb__runner_tell(runner, SWB_EVENT_RUN_ENDED, result.status,
                     result.makespan_ns < 0 ? 0 : (uint64_t)result.makespan_ns, result.cause);
    if (status != SWB_OK) {
        end_experiment(runner, status, error.message);
    } else if (!runner->ran) {
        end_experiment(runner, result.status, result.cause); /* as all the others would */
    } else if (ending == SWB__ENDING_RETRIED) {
        runner->attempt++;
        swb__runner_tell(runner, SWB_EVENT_RETRY, result.status, runner->attempt, result.cause);
        later(runner, start_run);
    } else {
        later(runner, next_run);
    }
}

static void on_ended(void *argument)
{
    later(argument, after_run);
}

static int name_run(swb_runner *runner)
{
    char path[PATH_MAX];
    const char *mode = swb_experiment_mode_name(runner->experiment, runner->run.mode);
    /* The loop's descriptor tells runners of one process apart. */
    snprintf(runner->run_name, sizeof runner->run_name, "swb-%ld-%d-%llu-%u", (long)getpid(),
             swb__loop_fd(runner->loop), (unsigned long long)runner->run.index, runner->attempt);
    snprintf(path, sizeof path, "%s/run-%06llu-%s-%u", runner->log_root,
             (unsigned long long)runner->run.index, mode, runner->attempt);
    free(runner->log_dir);
    runner->log_dir = strdup(path);
    return runner->log_dir == NULL ? SWB_ENOMEM : swb__make_dirs(path, 0755, NULL);
}

static bool is_of_the_place(int status)
{
    return status == SWB_EENV || status == SWB_EIO || status == SWB_ENOSPACE ||
           status == SWB_ENOMEM;
}

/* A run that could not even begin: its row says why. Where the place is at fault all others would
 * end the same way; they are left for when it is repaired and the experiment is resumed. */
static void fail_start(swb_runner *runner, const swb_error *error)
{
    swb__run_result result = {.status = error->status,
                              .started_ns = swb__clock_ns(),
                              .intended_ns = SWB__TIME_UNKNOWN,
                              .start_skew_ns = -1,
                              .makespan_ns = -1,
                              .spread_ns = -1};
    result.ended_ns = result.started_ns;
    snprintf(result.cause, sizeof result.cause, "%s", error->message);
    swb__cost_end(&runner->cost);
    bool ends = is_of_the_place(error->status);
    swb__store_run_end(runner->store, ends ? SWB__ENDING_INTERRUPTED : SWB__ENDING_FAILED, &result,
                       &runner->cost.total, NULL);
    runner->failed_runs += !ends;
    swb__runner_tell(runner, SWB_EVENT_RUN_ENDED, error->status, 0, error->message);
    if (ends) {
        end_experiment(runner, error->status, error->message);
    } else {
        later(runner, next_run);
    }
}

/* Nodes that go on between runs may remember a content that was removed, and so do their peers:
 * each run of theirs gets one that was never seen before, whose seed is stored with the run. */
static void draw_content(swb_runner *runner)
{
    uint64_t seed;
    if (runner->deployer->attaches && getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed) {
        runner->run.content_seed = seed >> 11; /* 53 bits, as all seeds */
    }
}

static void store_fact(void *argument, const char *name, const char *value)
{
    swb_runner *runner = argument;
    swb__store_environment(runner->store, runner->experiment_id, name, value, NULL);
}

static void start_run(void *argument)
{
    swb_runner *runner = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__timer_stop(runner->later);
    runner->later = NULL;
    if (runner->stopping) {
        end_experiment(runner, SWB_EINTERRUPTED, "interrupted");
        return;
    }
    draw_content(runner);
    if (name_run(runner) != SWB_OK || swb__recorder_begin(runner, &error) != SWB_OK) {
        int status = error.status != SWB_OK ? error.status : SWB_EIO;
        end_experiment(runner, status, error.status != SWB_OK ? error.message : runner->log_dir);
        return;
    }
    swb__runner_tell(runner, SWB_EVENT_RUN_STARTED, SWB_OK, runner->attempt, runner->cell.label);
    swb__cost_begin(&runner->cost);
    swb__execution_options options = {.loop = runner->loop,
                                      .plan = runner->plan,
                                      .run = &runner->run,
                                      .deployer = runner->deployer,
                                      .run_name = runner->run_name,
                                      .work_dir = runner->work_dir,
                                      .log_dir = runner->log_dir,
                                      .keep_data = runner->keep_data};
    swb__observer observer = {on_event, on_sample, store_fact, on_ended, runner};
    if (swb__execution_start(&runner->execution, &options, &observer, &error) != SWB_OK) {
        fail_start(runner, &error);
    }
}

static void next_run(void *argument)
{
    swb_runner *runner = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__timer_stop(runner->later);
    runner->later = NULL;
    if (runner->stopping) {
        end_experiment(runner, SWB_EINTERRUPTED, "interrupted");
        return;
    }
    int found = swb__runner_next(runner, &error);
    if (found <= 0) {
        end_experiment(runner, found, found == 0 ? "" : error.message);
        return;
    }
    swb_plan_cell(&runner->cell, runner->plan, runner->run.cell);
    swb__plan_settings(&runner->settings, runner->plan, runner->run.cell);
    runner->attempt = 1;
    start_run(runner);
}

/* --- the experiment --- */

static void on_wake(uv_async_t *wake)
{
    swb_runner *runner = wake->data;
    if (runner->stop_asked && !runner->stopping) {
        runner->stopping = true;
        if (runner->remote != NULL) {
            swb__away_stop(runner);
        } else if (runner->execution != NULL) {
            swb__execution_cancel(runner->execution);
        }
    }
}

static void first_step(void *argument)
{
    swb_runner *runner = argument;
    runner->started_ns = swb__clock_ns();
    swb__runner_tell(runner, SWB_EVENT_EXPERIMENT_STARTED, SWB_OK, swb__runner_remaining(runner),
                     "");
    next_run(runner);
}

static int take_options(swb_runner *runner, const swb_runner_options *options, swb_error *error)
{
    char path[PATH_MAX];
    const char *work = options->work_dir;
    if (work == NULL) {
        work = getenv("TMPDIR");
    }
    runner->work_dir = swb__absolute_path(work != NULL && work[0] != '\0' ? work : "/var/tmp");
    snprintf(path, sizeof path, "%s.logs", options->results_path);
    runner->log_root = swb__absolute_path(path);
    runner->only = options->only != NULL ? strdup(options->only) : NULL;
    runner->keep_data = options->keep_data;
    runner->detach = options->version >= 2 && options->detach != 0;
    if (runner->work_dir == NULL || runner->log_root == NULL ||
        (options->only != NULL && runner->only == NULL)) {
        return swb__fail_nomem(error);
    }
    return swb__make_dirs(runner->work_dir, 0755, error);
}

static int choose_place(swb_runner *runner, const char *on, swb_error *error)
{
    runner->deployer = swb__experiment_deployer(runner->experiment);
    if (on != NULL) {
        runner->deployer = swb_deployer_find(on);
    }
    if (runner->deployer == NULL) {
        return swb__fail(error, SWB_EINPUT, "no place is named '%s'; see `swarmbench drivers`", on);
    }
    return SWB_OK;
}

static int check_only(const swb_runner *runner, swb_error *error)
{
    char known[512];
    for (uint64_t i = 0; i < swb_plan_cell_count(runner->plan); i++) {
        if (swb__runner_wants_cell(runner, i)) {
            return SWB_OK;
        }
    }
    return swb__fail(error, SWB_EINPUT,
                     "no cell matches '%s': give a number or a label, with * for any text, of: %s",
                     runner->only, swb__runner_cells(known, sizeof known, runner));
}

static int open_store(swb_runner *runner, const swb_runner_options *options, swb_error *error)
{
    size_t baseline = swb_experiment_baseline(runner->experiment);
    swb__store_experiment_row row = {
        .name = swb_experiment_name(runner->experiment),
        .digest = swb__experiment_digest(runner->experiment),
        .text = swb_experiment_text(runner->experiment),
        .seed = swb_experiment_seed(runner->experiment),
        .cells_planned = swb_plan_cell_count(runner->plan),
        .runs_planned = runner->run_count,
        .place = runner->deployer->name,
        .baseline = swb_experiment_mode_name(runner->experiment, baseline),
        .margin = swb__experiment_margin(runner->experiment),
        .confidence = swb__experiment_confidence(runner->experiment),
        .allow_stand_in = swb__experiment_allow_stand_in(runner->experiment),
        .resume = options->resume,
    };
    int status = runner->store != NULL
                     ? SWB_OK
                     : swb__store_open(&runner->store, options->results_path, error);
    if (status == SWB_OK) {
        status = swb__store_experiment(&runner->experiment_id, runner->store, &row, error);
    }
    return status;
}

static int open_loop(swb_runner *runner, swb_error *error)
{
    int status = swb__loop_create(&runner->loop, error);
    if (status != SWB_OK) {
        return status;
    }
    if (uv_async_init(swb__loop_uv(runner->loop), &runner->wake, on_wake) != 0) {
        return swb__fail(error, SWB_EIO, "open the runner's wake-up descriptor");
    }
    runner->wake.data = runner;
    runner->wake_open = true;
    return SWB_OK;
}

static int check_options(swb_runner **out, const swb_experiment *experiment,
                         const swb_runner_options *options, swb_error *error)
{
    if (out == NULL || experiment == NULL || options == NULL) {
        return swb__fail(error, SWB_EINVAL, "out, experiment and options are required");
    }
    if (options->version < 1 || options->version > SWB_RUNNER_OPTIONS_VERSION) {
        return swb__fail(error, SWB_EINVAL, "options version %u, this library knows %d",
                         options->version, SWB_RUNNER_OPTIONS_VERSION);
    }
    if (options->results_path == NULL || options->results_path[0] == '\0') {
        return swb__fail(error, SWB_EINVAL, "results_path is required");
    }
    return SWB_OK;
}

static int set_up(swb_runner *runner, const swb_runner_options *options, swb_error *error)
{
    int status = take_options(runner, options, error);
    if (status == SWB_OK) {
        status = choose_place(runner, options->on, error);
    }
    if (status == SWB_OK) {
        status = swb_plan_create(&runner->plan, runner->experiment, error);
    }
    if (status == SWB_OK) {
        runner->run_count = swb_plan_run_count(runner->plan);
        status = check_only(runner, error);
    }
    if (status == SWB_OK) {
        status = open_loop(runner, error);
    }
    if (status == SWB_OK && swb__away_is_wanted(runner)) {
        return swb__away_create(runner, options, error);
    }
    if (status == SWB_OK && runner->detach) {
        status = swb__fail(error, SWB_EUNSUPPORTED,
                           "the runner is on this machine and cannot be left: only one that was "
                           "brought to a cluster can");
    }
    /* Whoever else writes to the file lives, and what is his is not to be removed. A new one is
     * made once it is known to be of use. */
    if (status == SWB_OK && access(options->results_path, F_OK) == 0) {
        status = swb__store_open(&runner->store, options->results_path, error);
    }
    if (status == SWB_OK) {
        swb__recover(runner);
        status = swb__preflight(runner, error);
    }
    return status == SWB_OK ? open_store(runner, options, error) : status;
}

int swb_runner_create(swb_runner **out, const swb_experiment *experiment,
                      const swb_runner_options *options, swb_error *error)
{
    int status = check_options(out, experiment, options, error);
    swb_runner *runner = status == SWB_OK ? calloc(1, sizeof *runner) : NULL;
    if (runner == NULL) {
        return status == SWB_OK ? swb__fail_nomem(error) : status;
    }
    runner->experiment = experiment;
    runner->decided_block = runner->open_cell = runner->ended_cell = UINT64_MAX;
    status = set_up(runner, options, error);
    if (status != SWB_OK) {
        swb_runner_destroy(runner);
        return status;
    }
    if (runner->remote != NULL) {
        *out = runner;
        return SWB_OK;
    }
    swb__environment_tell(runner->work_dir, store_fact, runner);
    if (runner->deployer->attaches) {
        store_fact(runner, "node_state",
                   "warm: attached nodes run before, between and after the runs");
    }
    later(runner, first_step);
    *out = runner;
    return SWB_OK;
}

void swb_runner_destroy(swb_runner *runner)
{
    if (runner == NULL) {
        return;
    }
    if (runner->execution != NULL) {
        swb_runner_stop(runner);
        while (!runner->ended) {
            swb__loop_step(runner->loop, -1);
        }
    }
    swb__away_destroy(runner);
    swb__timer_stop(runner->later);
    if (runner->wake_open) {
        uv_close((uv_handle_t *)&runner->wake, NULL);
    }
    swb__loop_destroy(runner->loop);
    swb__store_close(runner->store);
    swb__events_finish(&runner->events);
    swb_plan_destroy(runner->plan);
    free(runner->work_dir);
    free(runner->log_root);
    free(runner->log_dir);
    free(runner->only);
    free(runner);
}

int swb_runner_step(swb_runner *runner)
{
    if (runner == NULL) {
        return SWB_EINVAL;
    }
    if (!runner->ended) {
        swb__loop_step(runner->loop, 0);
    }
    return SWB_OK;
}

int swb_runner_poll(swb_event *out, swb_runner *runner, int timeout_ms)
{
    if (out == NULL || runner == NULL) {
        return SWB_EINVAL;
    }
    int64_t deadline_ns = swb__clock_ns() + timeout_ms * SWB__NS_PER_MS;
    int left_ms = timeout_ms;
    while (!swb__events_pop(out, &runner->events)) {
        if (runner->ended || (timeout_ms > 0 && left_ms <= 0)) {
            return 0;
        }
        swb__loop_step(runner->loop, left_ms);
        if (timeout_ms == 0) {
            return swb__events_pop(out, &runner->events) ? 1 : 0;
        }
        if (timeout_ms > 0) {
            int64_t left_ns = deadline_ns - swb__clock_ns();
            left_ms = (int)((left_ns + SWB__NS_PER_MS - 1) / SWB__NS_PER_MS);
        }
    }
    return 1;
}

int swb_runner_done(const swb_runner *runner)
{
    return runner->ended && runner->events.count == 0;
}

void swb_runner_stop(swb_runner *runner)
{
    runner->stop_asked = 1;
    uv_async_send(&runner->wake);
}

int swb_runner_detach(swb_runner *runner)
{
    if (runner == NULL) {
        return SWB_EINVAL;
    }
    if (runner->remote == NULL) {
        return SWB_EUNSUPPORTED;
    }
    swb__away_detach(runner);
    return SWB_OK;
}

int swb_runner_fd(const swb_runner *runner)
{
    return swb__loop_fd(runner->loop);
}

int swb_runner_timeout_ms(const swb_runner *runner)
{
    return runner->events.count > 0 ? 0 : swb__loop_timeout_ms(runner->loop);
}

uint64_t swb_runner_failed_runs(const swb_runner *runner)
{
    return runner->failed_runs;
}
