/* The swarmbench-agent command. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/version.h>

#include "agent/agent.h"
#include "agent/install.h"
#include "agent/service.h"
#include "base/clock.h"
#include "host/wire.h"

enum { EXIT_DONE = 0, EXIT_INPUT = 2, EXIT_ENVIRONMENT = 3 };

#define LINGER_MAX_S 86400

static const char usage[] =
    "usage: swarmbench-agent serve --root DIR --token-file FILE [--port N] [--address IP]\n"
    "                              [--interface NAME] [--linger SECONDS]\n"
    "       swarmbench-agent install DIR      copy swarmbench-launcher there\n"
    "       swarmbench-agent version\n"
    "\n"
    "serve stands beside a node whose program is started by `swarmbench-launcher DIR`.\n"
    "  --root DIR         the absolute path of the directory that both share\n"
    "  --token-file FILE  holds the token that requests must carry, 16 to 1024 bytes\n"
    "  --port N           to listen on; 9191 if not given, 0 for any that is free\n"
    "  --address IP       to listen on; :: (all) if not given\n"
    "  --interface NAME   the interface whose bytes are counted; all but lo if not given\n"
    "  --linger SECONDS   after SIGTERM, goes on until its files were fetched, so long at most\n";

static int fail(const swb_error *error)
{
    fprintf(stderr, "swarmbench-agent: %s\n", error->message);
    return error->status == SWB_EINVAL ? EXIT_INPUT : EXIT_ENVIRONMENT;
}

static int fail_usage(void)
{
    fputs(usage, stderr);
    return EXIT_INPUT;
}

typedef struct serve {
    swb__node_agent_options options;
    const char *token_file;
    uint64_t linger_s;
    swb_loop *loop;
    bool ending;
} serve;

static int take_arguments(serve *out, int argc, char **argv)
{
    static const struct option known[] = {
        {"root", required_argument, NULL, 'r'},
        {"port", required_argument, NULL, 'p'},
        {"address", required_argument, NULL, 'a'},
        {"interface", required_argument, NULL, 'i'},
        {"token-file", required_argument, NULL, 't'},
        {"linger", required_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    uint64_t port;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'r':
            out->options.root = optarg;
            break;
        case 'a':
            out->options.address = optarg;
            break;
        case 'i':
            out->options.interface = optarg;
            break;
        case 't':
            out->token_file = optarg;
            break;
        case 'p':
            if (!swb__wire_parse_uint64(&port, optarg) || port > UINT16_MAX) {
                fprintf(stderr, "swarmbench-agent: '%s' is no port: 0 to 65535\n", optarg);
                return EXIT_INPUT;
            }
            out->options.port = (uint16_t)port;
            break;
        case 'l':
            if (!swb__wire_parse_uint64(&out->linger_s, optarg) || out->linger_s > LINGER_MAX_S) {
                fprintf(stderr, "swarmbench-agent: '%s' is no number of seconds: 0 to %d\n", optarg,
                        LINGER_MAX_S);
                return EXIT_INPUT;
            }
            break;
        default:
            return fail_usage();
        }
    }
    return optind == argc && out->options.root != NULL && out->token_file != NULL ? EXIT_DONE
                                                                                  : fail_usage();
}

/* Without IPv6 in the kernel, :: cannot be listened on. */
static int start(swb__node_agent **agent, serve *state, swb_error *error)
{
    bool chosen = state->options.address != NULL;
    state->options.address = chosen ? state->options.address : "::";
    int status = swb__node_agent_start(agent, state->loop, &state->options, error);
    if (status == SWB_EENV && !chosen) {
        state->options.address = "0.0.0.0";
        status = swb__node_agent_start(agent, state->loop, &state->options, error);
    }
    return status;
}

static void on_lingered(void *argument)
{
    bool *over = argument;
    *over = true;
}

/* What its pod leaves behind may still be on its way to somebody. */
static void linger(serve *state, const swb__node_agent *agent)
{
    bool over = state->linger_s == 0;
    swb__timer *timer = NULL;
    if (!over && swb__timer_start(&timer, state->loop, (int64_t)state->linger_s * SWB__NS_PER_S,
                                  on_lingered, &over) != SWB_OK) {
        return;
    }
    while (!over && swb__node_agent_has_files(agent)) {
        swb__loop_step(state->loop, -1);
    }
    swb__timer_stop(timer);
}

static int serve_command(int argc, char **argv)
{
    serve state = {.options = {.port = 9191}};
    swb__node_agent *agent = NULL;
    swb_error error = SWB_ERROR_INIT;
    char *token = NULL;
    int code = take_arguments(&state, argc, argv);
    if (code != EXIT_DONE) {
        return code;
    }
    int status = swb__service_read_token(&token, state.token_file, &error);
    if (status == SWB_OK) {
        state.options.token = token;
        status = swb__loop_create(&state.loop, &error);
    }
    if (status == SWB_OK) {
        status = start(&agent, &state, &error);
    }
    swb__service_forget_token(token);
    if (status == SWB_OK) {
        swb__service_run(state.loop, &state.ending, "swarmbench-agent: listening",
                         swb__node_agent_port(agent));
        linger(&state, agent);
    }
    swb__node_agent_stop(agent);
    swb__loop_destroy(state.loop);
    return status == SWB_OK ? EXIT_DONE : fail(&error);
}

static int install_command(int argc, char **argv)
{
    swb_error error = SWB_ERROR_INIT;
    if (argc != 2) {
        return fail_usage();
    }
    return swb__install_launcher(argv[1], &error) == SWB_OK ? EXIT_DONE : fail(&error);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "serve") == 0) {
        return serve_command(argc - 1, argv + 1);
    }
    if (strcmp(command, "install") == 0) {
        return install_command(argc - 1, argv + 1);
    }
    if (argc == 2 && (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)) {
        puts("swarmbench-agent " SWB_VERSION_STRING);
        return EXIT_DONE;
    }
    if (argc == 2 && (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    return fail_usage();
}
