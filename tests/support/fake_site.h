/* A site of shell scripts in place of clients, for tests of deployers. */
#ifndef SWB_TESTS_FAKE_SITE_H
#define SWB_TESTS_FAKE_SITE_H

#include <stdio.h>
#include <stdlib.h>

#include <swarmbench/sys/deployer.h>

#include "drivers/launch.h"

#define FAKE_NODES 3

static const swb_option fake_options[] = {
    {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL, "the program"},
};

/* A torrent client, as far as a deployer can tell. */
static const swb_driver fake_driver = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "fake",
    .description = "a shell",
    .kind = SWB_DRIVER_TORRENT,
    .program = "sh",
    .package = "apt-get install dash",
    .options = fake_options,
    .option_count = 1,
    .node_memory_bytes = 1 << 20,
};

static const char *const fake_content_names[] = {"content.bin"};

/* One seeder, one leecher, one service, in a directory of their own. */
typedef struct fake_site {
    char directory[64];
    char work_dir[80];
    char log_dir[80];
    swb_option_value option;
    swb_node_request nodes[FAKE_NODES];
    swb_site_request request;
} fake_site;

static inline void fake_site_init(fake_site *fake)
{
    static const char *const names[FAKE_NODES] = {"service-1", "seeder-1", "leecher-1"};
    static const swb_role roles[FAKE_NODES] = {SWB_ROLE_SERVICE, SWB_ROLE_SEEDER, SWB_ROLE_LEECHER};
    snprintf(fake->directory, sizeof fake->directory, "/tmp/swb-site-XXXXXX");
    if (mkdtemp(fake->directory) == NULL) {
        abort();
    }
    snprintf(fake->work_dir, sizeof fake->work_dir, "%s/work", fake->directory);
    snprintf(fake->log_dir, sizeof fake->log_dir, "%s/log", fake->directory);
    fake->option = (swb_option_value){0};
    for (size_t i = 0; i < FAKE_NODES; i++) {
        fake->nodes[i] = (swb_node_request){names[i], &fake_driver, &fake->option, roles[i], NULL};
    }
    fake->request = (swb_site_request){
        .run_name = "run-1",
        .work_dir = fake->work_dir,
        .log_dir = fake->log_dir,
        .nodes = fake->nodes,
        .node_count = FAKE_NODES,
        .content_seed = 3,
        .content_bytes = 300000,
        .content_names = fake_content_names,
        .content_count = 1,
        .seeders = 1,
    };
}

/* The launch of a node that runs a script; to be freed with swb__launch_destroy(). */
static inline swb_launch *fake_launch(const char *script)
{
    swb_launch *launch;
    if (swb__launch_create(&launch, NULL) != SWB_OK) {
        abort();
    }
    swb_launch_program(launch, "sh");
    swb_launch_arg(launch, "-c");
    swb_launch_arg(launch, script);
    return launch;
}

/* Lives until it is asked to end, and then says so. */
#define FAKE_SCRIPT "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.02; done"

#endif
