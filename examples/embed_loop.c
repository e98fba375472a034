/*
 * Drives an experiment from a loop of one's own, here poll(2) on the runner and on stdin: a line
 * "stop" ends the experiment in order.
 *
 *     embed_loop experiment.yaml results.db
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/swarmbench.h>

static void read_command(struct pollfd *input, swb_runner *runner)
{
    char line[64];
    ssize_t length = read(input->fd, line, sizeof line);
    if (length <= 0) {
        input->fd = -1; /* poll() skips it from now on */
    } else if (length >= 4 && memcmp(line, "stop", 4) == 0) {
        swb_runner_stop(runner);
    }
}

/* All that is due, without waiting; then the events that came of it. */
static int serve_runner(swb_runner *runner, unsigned *runs)
{
    swb_event event;
    int status = swb_runner_step(runner);
    while (status >= 0 && (status = swb_runner_poll(&event, runner, 0)) == 1) {
        *runs += event.kind == SWB_EVENT_RUN_ENDED;
    }
    return status;
}

static int drive(swb_runner *runner)
{
    unsigned runs = 0;
    int status = SWB_OK;
    struct pollfd fds[] = {{.fd = swb_runner_fd(runner), .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    while (status >= 0 && !swb_runner_done(runner)) {
        poll(fds, 2, swb_runner_timeout_ms(runner));
        if (fds[1].revents != 0) {
            read_command(&fds[1], runner);
        }
        status = serve_runner(runner, &runs);
    }
    printf("%u runs ended\n", runs);
    return status;
}

int main(int argc, char **argv)
{
    swb_error error = SWB_ERROR_INIT;
    swb_experiment *experiment = NULL;
    swb_runner *runner = NULL;
    swb_runner_options options = SWB_RUNNER_OPTIONS_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: %s EXPERIMENT.yaml RESULTS.db\n", argv[0]);
        return 2;
    }
    options.results_path = argv[2];
    int status = swb_experiment_load(&experiment, argv[1], &error);
    if (status == SWB_OK) {
        status = swb_runner_create(&runner, experiment, &options, &error);
    }
    if (status == SWB_OK) {
        status = drive(runner);
    }
    if (status < 0) {
        fprintf(stderr, "%s\n", error.message[0] != '\0' ? error.message : swb_status_text(status));
    }
    swb_runner_destroy(runner);
    swb_experiment_destroy(experiment);
    return status < 0 ? 1 : 0;
}
