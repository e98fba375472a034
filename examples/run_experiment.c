/*
 * Runs an experiment and tells what happens: the shortest way through the library.
 *
 *     run_experiment experiment.yaml results.db
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <swarmbench/swarmbench.h>

/* Events are plain rows: what `value` and `text` mean stands beside each kind in runner.h. */
static void tell(const swb_event *event, const swb_experiment *experiment)
{
    const char *mode = swb_experiment_mode_name(experiment, event->mode);
    switch (event->kind) {
    case SWB_EVENT_RUN_STARTED:
        printf("run %" PRIu64 ": %s, %s\n", event->run, mode, event->text);
        break;
    case SWB_EVENT_FIRST_BYTE:
        printf("  %s has its first byte after %.3f s\n", event->name, (double)event->value / 1e9);
        break;
    case SWB_EVENT_COMPLETED:
        printf("  %s is complete after %.3f s\n", event->name, (double)event->value / 1e9);
        break;
    case SWB_EVENT_RUN_ENDED:
        printf("  %s %s\n", swb_status_text(event->status), event->text);
        break;
    default:
        break;
    }
}

static int run(const char *experiment_path, const char *results_path, swb_error *error)
{
    swb_experiment *experiment = NULL;
    swb_runner *runner = NULL;
    swb_results *results = NULL;
    swb_event event;

    int status = swb_experiment_load(&experiment, experiment_path, error);
    if (status < 0) {
        return status;
    }

    /* Goes on where an earlier run of the same experiment into the same file was cut short. */
    swb_runner_options options = SWB_RUNNER_OPTIONS_INIT;
    options.results_path = results_path;
    options.resume = 1;
    status = swb_runner_create(&runner, experiment, &options, error);

    while (status >= 0 && !swb_runner_done(runner)) {
        status = swb_runner_poll(&event, runner, -1);
        if (status == 1) {
            tell(&event, experiment);
        }
    }

    /* The results file has everything; the report is only one way to read it. */
    if (status >= 0) {
        fflush(stdout);
        status = swb_results_open(&results, results_path, error);
    }
    if (status >= 0) {
        status = swb_results_report(results, SWB_FORMAT_TEXT, STDOUT_FILENO, error);
    }
    swb_results_close(results);
    swb_runner_destroy(runner);
    swb_experiment_destroy(experiment);
    return status;
}

int main(int argc, char **argv)
{
    swb_error error = SWB_ERROR_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: %s EXPERIMENT.yaml RESULTS.db\n", argv[0]);
        return 2;
    }
    int status = run(argv[1], argv[2], &error);
    if (status < 0) {
        fprintf(stderr, "%s\n", error.message[0] != '\0' ? error.message : swb_status_text(status));
    }
    return status < 0 ? 1 : 0;
}
