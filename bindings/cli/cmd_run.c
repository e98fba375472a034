/* run: performs an experiment, shows what happens, and ends in order when it is interrupted. */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "display.h"
#include "json.h"
#include "tally.h"

#define POLL_MS 100

/* How events are shown. */
typedef enum run_view {
    VIEW_LINES,
    VIEW_LIVE,
    VIEW_JSON,
    VIEW_QUIET,
} run_view;

typedef struct run_session {
    swb_experiment *experiment;
    swb_plan *plan;
    swb_runner *runner;
    const char *results_path;
    char *default_path; /* what results_path points to where --output was not given; owned */
    run_view view;
    cli_display display;
    cli_tally tally;
    bool begun;       /* there are runs to sum up */
    bool detaches;    /* they go on elsewhere */
    swb_event ending; /* the last one; its status says why the experiment ended early */
} run_session;

/* Set by the signal handler, read by the loop. */
static volatile sig_atomic_t interrupts;
static volatile sig_atomic_t hang_ups; /* the terminal is gone */

static void on_signal(int number)
{
    hang_ups = hang_ups + (number == SIGHUP);
    interrupts = interrupts + 1;
    if (interrupts > 1) {
        signal(number, SIG_DFL); /* a third one ends the process whatever it does */
    }
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    interrupts = hang_ups = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaction(numbers[i], NULL, &before);
        if (before.sa_handler != SIG_IGN) { /* nohup stays in force */
            sigaction(numbers[i], &action, NULL);
        }
    }
    signal(SIGPIPE, SIG_IGN); /* a closed pipe must not cost the results */
}

static run_view choose_view(const cli_arguments *arguments)
{
    if (cli_switch(arguments, "json")) {
        return VIEW_JSON;
    }
    if (cli_switch(arguments, "quiet")) {
        return VIEW_QUIET;
    }
    return cli_display_possible(stderr) ? VIEW_LIVE : VIEW_LINES;
}

static void show_line(run_session *session, const char *line, cli_weight weight)
{
    if (session->view == VIEW_LIVE && weight >= CLI_WEIGHT_NOTICE) {
        cli_display_line(&session->display, line, weight);
    } else if (session->view == VIEW_LINES && weight >= CLI_WEIGHT_INFO) {
        fprintf(stderr, "%s\n", line);
    } else if (session->view == VIEW_QUIET && weight == CLI_WEIGHT_ERROR) {
        cli_complain("%s", line);
    }
}

static void show_event(run_session *session, const swb_event *event)
{
    char line[1024];
    if (session->view == VIEW_JSON) {
        cli_json_event(event, session->experiment);
        return;
    }
    cli_weight weight = cli_tally_line(line, sizeof line, &session->tally, event);
    if (weight != CLI_WEIGHT_NONE) {
        show_line(session, line, weight);
    }
}

/* "NAME.db"; a slash in the name would lead elsewhere. */
static char *default_results_path(const swb_experiment *experiment)
{
    const char *name = swb_experiment_name(experiment);
    size_t size = strlen(name) + sizeof ".db";
    char *path = malloc(size);
    if (path == NULL) {
        return NULL;
    }
    snprintf(path, size, "%s.db", name);
    for (char *slash = path; (slash = strchr(slash, '/')) != NULL;) {
        *slash = '-';
    }
    return path;
}

static int load(run_session *session, const char *path, swb_error *error)
{
    int status = swb_experiment_load(&session->experiment, path, error);
    if (status == SWB_OK) {
        status = swb_plan_create(&session->plan, session->experiment, error);
    }
    return status;
}

static int choose_results_path(run_session *session, const cli_arguments *arguments)
{
    session->results_path = cli_value(arguments, "output");
    if (session->results_path != NULL) {
        return SWB_OK;
    }
    session->default_path = default_results_path(session->experiment);
    session->results_path = session->default_path;
    if (session->default_path == NULL) {
        return SWB_ENOMEM;
    }
    if (session->view == VIEW_LIVE || session->view == VIEW_LINES) {
        fprintf(stderr, "results go to %s\n", session->default_path);
    }
    return SWB_OK;
}

static int create_runner(run_session *session, const cli_arguments *arguments, swb_error *error)
{
    swb_runner_options options = SWB_RUNNER_OPTIONS_INIT;
    error->status = choose_results_path(session, arguments);
    if (error->status != SWB_OK) {
        return error->status;
    }
    options.results_path = session->results_path;
    options.work_dir = cli_value(arguments, "work-dir");
    options.on = cli_value(arguments, "on");
    options.only = cli_value(arguments, "only");
    options.resume = cli_switch(arguments, "resume");
    session->detaches = cli_switch(arguments, "detach");
    options.detach = session->detaches;
    options.keep_data = cli_switch(arguments, "keep-data");
    return swb_runner_create(&session->runner, session->experiment, &options, error);
}

/* Passes an interrupt on; false once the user does not want to wait any longer. */
static bool heed_interrupts(run_session *session, bool *told)
{
    if (interrupts == 0) {
        return true;
    }
    if (!*told && hang_ups > 0 && swb_runner_detach(session->runner) == SWB_OK) {
        *told = session->detaches = true; /* what runs in a cluster does not end with a terminal */
        return true;
    }
    swb_runner_stop(session->runner);
    if (!*told) {
        show_line(session, "ending the current run; interrupt again to end at once",
                  CLI_WEIGHT_NOTICE);
        *told = true;
    }
    return interrupts < 2;
}

/* Polls until the experiment has ended. Returns SWB_OK, SWB_EINTERRUPTED after a second interrupt,
 * or what the runner failed with. */
static int follow(run_session *session)
{
    swb_event event;
    bool told = false;
    while (!swb_runner_done(session->runner)) {
        if (!heed_interrupts(session, &told)) {
            return SWB_EINTERRUPTED;
        }
        int got = swb_runner_poll(&event, session->runner, POLL_MS);
        if (got < 0) {
            return got;
        }
        if (got > 0) {
            cli_tally_add(&session->tally, &event);
            show_event(session, &event);
            session->begun = session->begun || event.kind == SWB_EVENT_EXPERIMENT_STARTED;
            if (event.kind == SWB_EVENT_EXPERIMENT_ENDED) {
                session->ending = event;
            }
        }
        if (session->view == VIEW_LIVE) {
            cli_display_draw(&session->display, &session->tally);
        }
    }
    return SWB_OK;
}

static cli_exit print_summary(const char *path)
{
    swb_error error = SWB_ERROR_INIT;
    swb_results *results = NULL;
    int status = swb_results_open(&results, path, &error);
    if (status == SWB_OK) {
        status = swb_results_report(results, SWB_FORMAT_TEXT, STDOUT_FILENO, &error);
    }
    swb_results_close(results);
    return status < 0 ? cli_failed(&error) : CLI_DONE;
}

/* Runs a prepared session to its end. */
static cli_exit perform(run_session *session)
{
    int status = follow(session);
    uint64_t failed_runs = swb_runner_failed_runs(session->runner);
    cli_display_clear(&session->display);
    swb_runner_destroy(session->runner);
    session->runner = NULL;
    const char *why = swb_status_text(status);
    if (status == SWB_OK) {
        status = session->ending.status;
        why = session->ending.text;
    }
    if (status != SWB_OK && status != SWB_EINTERRUPTED) {
        cli_complain("the experiment ended early: %s", why);
    }
    cli_exit shown = CLI_DONE;
    /* What was measured in a cluster may be lost with its pod, which has been told. */
    bool stored =
        status == SWB_OK || status == SWB_EINTERRUPTED || access(session->results_path, F_OK) == 0;
    if (session->view != VIEW_QUIET && session->view != VIEW_JSON && interrupts < 2 &&
        session->begun && !session->detaches && stored) {
        shown = print_summary(session->results_path);
    }
    if (status != SWB_OK) {
        return cli_exit_of(status);
    }
    return failed_runs > 0 ? CLI_RUNS_FAILED : shown;
}

cli_exit cmd_run(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    run_session session = {.view = choose_view(arguments)};
    cli_exit result;
    cli_display_init(&session.display, stderr);
    catch_signals();
    int status = load(&session, arguments->operand, &error);
    if (status == SWB_OK) {
        status = create_runner(&session, arguments, &error);
    }
    if (status == SWB_OK) {
        cli_tally_init(&session.tally, session.experiment, session.plan);
        result = perform(&session);
        cli_tally_finish(&session.tally);
    } else {
        result = cli_failed(&error);
    }
    free(session.default_path);
    swb_plan_destroy(session.plan);
    swb_experiment_destroy(session.experiment);
    return result;
}
