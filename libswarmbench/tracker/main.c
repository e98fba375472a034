/* The swarmbench-tracker command. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <swarmbench/version.h>

#include "agent/service.h"
#include "base/file.h"
#include "host/node_process.h"
#include "host/wire.h"
#include "tracker/opentracker.h"
#include "tracker/tracker.h"

enum { EXIT_DONE = 0, EXIT_INPUT = 2, EXIT_ENVIRONMENT = 3 };

static const char usage[] =
    "usage: swarmbench-tracker --state DIR --token-file FILE [--address IP]\n"
    "                          [--announce-port N] [--control-port N] [--opentracker PROGRAM]\n"
    "       swarmbench-tracker version\n"
    "\n"
    "Runs opentracker, and serves an API to control it for who knows the token.\n"
    "  --state DIR            its files; made where it is missing\n"
    "  --token-file FILE      holds the token that requests must carry, 16 to 1024 bytes\n"
    "  --address IP           IPv4, to listen on for clients and for control; 127.0.0.1 if not "
    "given\n"
    "  --announce-port N      of opentracker, TCP and UDP; 6969 if not given\n"
    "  --control-port N       of the API; 6970 if not given, 0 for any that is free\n"
    "  --opentracker PROGRAM  a path or a name in PATH; opentracker if not given\n"
    "Started by root, it becomes nobody before it listens.\n";

typedef struct serve {
    swb__tracker_options options;
    const char *state;
    const char *token_file;
    char *token;
    char *opentracker; /* its path, where one was given */
    swb_loop *loop;
    swb__tracker *tracker;
    bool ending;
    bool lost;
} serve;

static int fail(const swb_error *error)
{
    fprintf(stderr, "swarmbench-tracker: %s\n", error->message);
    return error->status == SWB_EINVAL ? EXIT_INPUT : EXIT_ENVIRONMENT;
}

static int fail_usage(void)
{
    fputs(usage, stderr);
    return EXIT_INPUT;
}

static bool take_port(uint16_t *out, const char *text, uint64_t least)
{
    uint64_t port;
    if (!swb__wire_parse_uint64(&port, text) || port < least || port > UINT16_MAX) {
        fprintf(stderr, "swarmbench-tracker: '%s' is no port: %u to 65535\n", text,
                (unsigned)least);
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

static bool take_argument(serve *out, int letter)
{
    switch (letter) {
    case 's':
        out->state = optarg;
        return true;
    case 't':
        out->token_file = optarg;
        return true;
    case 'a':
        out->options.address = optarg;
        return true;
    case 'o':
        out->options.opentracker = optarg;
        return true;
    case 'p':
        return take_port(&out->options.announce_port, optarg, 1);
    case 'c':
        return take_port(&out->options.control_port, optarg, 0);
    default:
        fail_usage();
        return false;
    }
}

static bool take_arguments(serve *out, int argc, char **argv)
{
    static const struct option known[] = {
        {"state", required_argument, NULL, 's'},
        {"token-file", required_argument, NULL, 't'},
        {"address", required_argument, NULL, 'a'},
        {"announce-port", required_argument, NULL, 'p'},
        {"control-port", required_argument, NULL, 'c'},
        {"opentracker", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!take_argument(out, letter)) {
            return false;
        }
    }
    if (optind != argc || out->state == NULL || out->token_file == NULL) {
        fail_usage();
        return false;
    }
    return true;
}

/* A change of user clears the signal that comes with a parent's death: it is asked for again, so
 * that neither we nor opentracker outlive who started us. */
static int become_nobody(swb_error *error)
{
    int signal = 0;
    pid_t parent = getppid();
    const struct passwd *user = getpwnam("nobody");
    if (user == NULL) {
        return swb__fail(error, SWB_EENV, "there is no user 'nobody' to run opentracker as");
    }
    prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
    if (chown(".", user->pw_uid, user->pw_gid) != 0 || setgroups(0, NULL) != 0 ||
        setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
        return swb__fail_errno(error, SWB_EENV, errno, "become the user 'nobody'");
    }
    if (signal != 0 && (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0 || getppid() != parent)) {
        return swb__fail(error, SWB_EENV, "the process that started this one is gone");
    }
    return SWB_OK;
}

/* All else is relative to the state directory, which a user without rights may not get to by its
 * path. */
static int enter_state(const serve *state, swb_error *error)
{
    int status = swb__make_dirs(state->state, 0700, error);
    if (status == SWB_OK && chdir(state->state) != 0) {
        status = swb__fail_errno(error, SWB_EIO, errno, "enter %s", state->state);
    }
    if (status == SWB_OK && geteuid() == 0) {
        status = become_nobody(error);
    }
    return status;
}

static void on_ended(void *argument, int exit_code, int signal)
{
    serve *state = argument;
    char tail[SWB__TAIL_BYTES + 1] = "";
    int fd = open(SWB__OPENTRACKER_LOG, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        swb__log_tail(tail, fd);
        close(fd);
    }
    fprintf(stderr, "swarmbench-tracker: opentracker ended, exit code %d, signal %d\n%s", exit_code,
            signal, tail);
    state->ending = state->lost = true;
}

/* A path counts from where we were started, not from the state directory. */
static int find_opentracker(serve *state, swb_error *error)
{
    const char *given = state->options.opentracker;
    if (strchr(given, '/') == NULL) {
        return SWB_OK;
    }
    state->opentracker = realpath(given, NULL);
    if (state->opentracker == NULL) {
        return swb__fail(error, SWB_EENV, "there is no program '%s'", given);
    }
    state->options.opentracker = state->opentracker;
    return SWB_OK;
}

static int run(serve *state)
{
    swb_error error = SWB_ERROR_INIT;
    int status = swb__service_read_token(&state->token, state->token_file, &error);
    state->options.token = state->token;
    if (status == SWB_OK) {
        status = find_opentracker(state, &error);
    }
    if (status == SWB_OK) {
        status = enter_state(state, &error);
    }
    if (status == SWB_OK) {
        status = swb__loop_create(&state->loop, &error);
    }
    if (status == SWB_OK) {
        status = swb__tracker_start(&state->tracker, state->loop, &state->options, &error);
    }
    if (status == SWB_OK) {
        swb__service_run(state->loop, &state->ending, "swarmbench-tracker: control",
                         swb__tracker_port(state->tracker));
    }
    swb__tracker_stop(state->tracker);
    swb__loop_destroy(state->loop);
    swb__service_forget_token(state->token);
    free(state->opentracker);
    if (status != SWB_OK) {
        return fail(&error);
    }
    return state->lost ? EXIT_ENVIRONMENT : EXIT_DONE;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    serve state = {.options = {.address = "127.0.0.1",
                               .announce_port = 6969,
                               .control_port = 6970,
                               .opentracker = "opentracker",
                               .ended = on_ended,
                               .argument = &state}};
    if (argc == 2 && (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)) {
        puts("swarmbench-tracker " SWB_VERSION_STRING);
        return EXIT_DONE;
    }
    if (argc == 2 && (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    return take_arguments(&state, argc, argv) ? run(&state) : EXIT_INPUT;
}
