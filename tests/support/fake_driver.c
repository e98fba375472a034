#include "support/fake_driver.h"

#include <stddef.h>

static int launch(const swb_node *node, swb_launch *out, swb_error *error)
{
    (void)node;
    (void)out;
    (void)error;
    return SWB_EUNSUPPORTED;
}

static int done(swb_call *call)
{
    (void)call;
    return SWB_CALL_DONE;
}

#define OPERATIONS                                                                                 \
    {                                                                                              \
        done, done, done, done, done, done, done, done, done                                       \
    }

static const swb_option torrent_options[] = {
    {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL, "Program to start."},
    {"slots", SWB_OPTION_INTEGER, "4", 1, 100, NULL, "Upload slots."},
    {"choke", SWB_OPTION_ENUM, "fast", 0, 0, "fast|slow", "Choking."},
    {"rate", SWB_OPTION_RATE, NULL, 0, 0, NULL, "Upload rate."},
    {"cache.size", SWB_OPTION_SIZE, "1MB", 0, 1e9, NULL, "Cache."},
    {"sync", SWB_OPTION_BOOL, "false", 0, 0, NULL, "Write through."},
};
static const swb_option tracker_options[] = {
    {"interval", SWB_OPTION_DURATION, "30s", 1e9, 3600e9, NULL, "Announce interval."},
};

static const swb_driver torrent = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "fake-torrent",
    .description = "A torrent client that does nothing",
    .kind = SWB_DRIVER_TORRENT,
    .program = "true",
    .package = "none",
    .service = "fake-tracker",
    .options = torrent_options,
    .option_count = sizeof torrent_options / sizeof torrent_options[0],
    .node_memory_bytes = 100000000,
    .launch = launch,
    .operations = OPERATIONS,
};
static const swb_driver torrent2 = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "fake-torrent2",
    .description = "Another one",
    .kind = SWB_DRIVER_TORRENT,
    .program = "true",
    .package = "none",
    .service = "fake-tracker",
    .node_memory_bytes = 50000000,
    .launch = launch,
    .operations = OPERATIONS,
};
static const swb_driver store = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "fake-store",
    .description = "A store that keeps nothing",
    .kind = SWB_DRIVER_STORE,
    .program = "true",
    .package = "none",
    .launch = launch,
    .operations = OPERATIONS,
};
static const swb_driver tracker = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "fake-tracker",
    .description = "A tracker that knows nobody",
    .kind = SWB_DRIVER_SERVICE,
    .program = "true",
    .package = "none",
    .options = tracker_options,
    .option_count = sizeof tracker_options / sizeof tracker_options[0],
    .node_memory_bytes = 10000000,
    .launch = launch,
    .operations = OPERATIONS,
};

static const swb_driver deluge = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "deluge",
    .description = "A table in place of the Deluge driver",
    .kind = SWB_DRIVER_TORRENT,
    .program = "true",
    .package = "none",
    .service = "opentracker",
    .launch = launch,
    .operations = OPERATIONS,
};
static const swb_driver qbittorrent = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "qbittorrent",
    .description = "A table in place of the qBittorrent driver",
    .kind = SWB_DRIVER_TORRENT,
    .program = "true",
    .package = "none",
    .service = "opentracker",
    .launch = launch,
    .operations = OPERATIONS,
};
static const swb_driver opentracker = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "opentracker",
    .description = "A table in place of the opentracker driver",
    .kind = SWB_DRIVER_SERVICE,
    .program = "true",
    .package = "none",
    .launch = launch,
    .operations = OPERATIONS,
};

static int register_missing(const swb_driver *const *drivers, size_t count)
{
    int status = SWB_OK;
    for (size_t i = 0; i < count && status == SWB_OK; i++) {
        if (swb_driver_find(drivers[i]->name) == NULL) {
            status = swb_driver_register(drivers[i], NULL);
        }
    }
    return status;
}

int fake_drivers_register(void)
{
    static const swb_driver *const drivers[] = {&torrent, &torrent2, &store, &tracker};
    return register_missing(drivers, sizeof drivers / sizeof drivers[0]);
}

int fake_real_drivers_register(void)
{
    static const swb_driver *const drivers[] = {&deluge, &qbittorrent, &opentracker};
    return register_missing(drivers, sizeof drivers / sizeof drivers[0]);
}
