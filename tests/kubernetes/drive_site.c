/*
 * Drives the deployer `kubernetes` as a runner does, up to the moment that all nodes have greeted,
 * and down again: usage: drive_site PODS FOLDER NAMESPACE CHARTS SECONDS
 * Prints "up S", "closed S" (seconds of each step) and "peak BYTES" (of its own memory), a line
 * each; what goes wrong on standard error, with exit code 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>

#include "base/clock.h"
#include "deploy/kubernetes_options.h"
#include "io/loop.h"

struct answer {
    bool done;
    int status;
};

struct nodes {
    swb_node_request *list;
    char (*names)[24];
};

static void on_done(void *argument, int status, const swb_error *error)
{
    struct answer *answer = argument;
    *answer = (struct answer){true, status};
    if (status != SWB_OK) {
        fprintf(stderr, "%s\n", error->message);
    }
}

static void on_exited(void *argument, size_t node, int exit_code, int signal, const char *tail)
{
    int *lost = argument;
    fprintf(stderr, "node %zu ended (%d, %d): %s\n", node, exit_code, signal, tail);
    ++*lost;
}

static void on_fact(void *argument, const char *name, const char *value)
{
    (void)argument;
    (void)name;
    (void)value;
}

/* A tracker, one seeder, and leechers. */
static void fill(struct nodes *out, size_t count, const swb_option_value *options)
{
    const swb_driver *tracker = swb_driver_find("opentracker");
    const swb_driver *client = swb_driver_find("qbittorrent");
    out->list = calloc(count, sizeof *out->list);
    out->names = calloc(count, sizeof *out->names);
    if (out->list == NULL || out->names == NULL || tracker == NULL || client == NULL) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(out->names[i], sizeof out->names[i], "node-%zu", i);
        out->list[i] = (swb_node_request){.name = out->names[i],
                                          .driver = i == 0 ? tracker : client,
                                          .options = options,
                                          .role = i == 0   ? SWB_ROLE_SERVICE
                                                  : i == 1 ? SWB_ROLE_SEEDER
                                                           : SWB_ROLE_LEECHER};
    }
}

/* The options that have no default, and the two that matter here; the table's order is the
 * deployer's own. */
static void choose(swb_option_value *out, const char *name_space, const char *charts,
                   uint64_t seconds)
{
    const int64_t limit_ns = (int64_t)seconds * SWB__NS_PER_S;
    for (size_t i = 0; i < KUBERNETES_OPTION_COUNT; i++) {
        const char *name = swb__kubernetes_options[i].name;
        out[i].string = swb__kubernetes_options[i].type == SWB_OPTION_STRING ||
                                swb__kubernetes_options[i].type == SWB_OPTION_ENUM
                            ? swb__kubernetes_options[i].fallback
                            : NULL;
        if (strcmp(name, "namespace") == 0) {
            out[i].string = name_space;
        } else if (strcmp(name, "charts") == 0) {
            out[i].string = charts;
        } else if (strcmp(name, "reach") == 0) {
            out[i].integer = REACH_DIRECT;
        } else if (strstr(name, "_timeout") != NULL) {
            out[i].integer = limit_ns;
        }
    }
}

static bool await(swb_loop *loop, const struct answer *answer, const char *what, int64_t begin_ns)
{
    while (!answer->done) {
        swb__loop_step(loop, 1000);
    }
    printf("%s %.3f\n", what, (double)(swb__clock_ns() - begin_ns) / SWB__NS_PER_S);
    fflush(stdout);
    return answer->status == SWB_OK;
}

static int drive(swb_loop *loop, const swb_deployer *deployer, const swb_site_request *request)
{
    void *site;
    int lost = 0;
    swb_error error = SWB_ERROR_INIT;
    struct answer up = {0};
    struct answer down = {0};
    const swb_site_events events = {.exited = on_exited, .argument = &lost, .fact = on_fact};
    int64_t begin_ns = swb__clock_ns();
    if (deployer->open(&site, loop, request, &events, &error) != SWB_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    deployer->bring_up(site, on_done, &up);
    bool came = await(loop, &up, "up", begin_ns);
    begin_ns = swb__clock_ns();
    deployer->close(site, on_done, &down);
    bool went = await(loop, &down, "closed", begin_ns);
    return came && went && lost == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const char *const contents[] = {"content.bin"};
    swb_option_value options[KUBERNETES_OPTION_COUNT] = {0};
    swb_option_value none[64] = {0};
    char folders[2][512];
    struct nodes nodes;
    struct rusage used;
    swb_loop *loop = NULL;
    const swb_deployer *deployer = swb_deployer_find("kubernetes");
    if (argc != 6 || deployer == NULL) {
        fprintf(stderr, "usage: drive_site PODS FOLDER NAMESPACE CHARTS SECONDS\n");
        return 2;
    }
    size_t count = strtoul(argv[1], NULL, 10);
    snprintf(folders[0], sizeof folders[0], "%s/work", argv[2]);
    snprintf(folders[1], sizeof folders[1], "%s/log", argv[2]);
    choose(options, argv[3], argv[4], strtoul(argv[5], NULL, 10));
    fill(&nodes, count, none);
    const swb_site_request request = {.run_name = "scale",
                                      .work_dir = folders[0],
                                      .log_dir = folders[1],
                                      .nodes = nodes.list,
                                      .node_count = count,
                                      .content_bytes = 1000000,
                                      .content_names = contents,
                                      .content_count = 1,
                                      .seeders = 1,
                                      .options = options};
    int code = swb__loop_create(&loop, NULL) == SWB_OK ? drive(loop, deployer, &request) : 1;
    swb__loop_destroy(loop);
    getrusage(RUSAGE_SELF, &used);
    printf("peak %ld\n", used.ru_maxrss * 1024);
    free(nodes.list);
    free(nodes.names);
    return code;
}
