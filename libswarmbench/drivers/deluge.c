/* Deluge 2: how a daemon is started, and its driver's table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/buffer.h"
#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/client_options.h"
#include "drivers/deluge_dialogue.h"
#include "drivers/deluge_operations.h"
#include "drivers/deluge_rpc.h"

#define PROGRAM "deluged"

/* Settings that are the same on every node: no limits, no queues, nobody found but by the tracker
 * or by command, nothing asked of the network outside. */
static const char fixed_settings[] =
    "{\"allow_remote\": false, \"random_port\": false, \"listen_use_sys_port\": false,"
    " \"listen_reuse_port\": false, \"random_outgoing_ports\": true, \"outgoing_ports\": [0, 0],"
    " \"dht\": false, \"upnp\": false, \"natpmp\": false, \"utpex\": false, \"lsd\": false,"
    " \"enc_level\": 2, \"max_connections_per_torrent\": -1, \"max_upload_slots_per_torrent\": -1,"
    " \"max_upload_speed\": -1.0, \"max_download_speed\": -1.0,"
    " \"max_upload_speed_per_torrent\": -1, \"max_download_speed_per_torrent\": -1,"
    " \"max_half_open_connections\": 500, \"max_connections_per_second\": 500,"
    " \"ignore_limits_on_local_network\": false, \"rate_limit_ip_overhead\": false,"
    " \"max_active_seeding\": -1, \"max_active_downloading\": -1, \"max_active_limit\": -1,"
    " \"dont_count_slow_torrents\": false, \"auto_managed\": false, \"stop_seed_at_ratio\": false,"
    " \"remove_seed_at_ratio\": false, \"pre_allocate_storage\": false,"
    " \"sequential_download\": false, \"prioritize_first_last_pieces\": false,"
    " \"new_release_check\": false, \"send_info\": false, \"enabled_plugins\": [],"
    " \"geoip_db_location\": \"\", \"cache_size\": 512}";

static int encryption_policy(const swb_node *node)
{
    static const int policies[] = {
        [SWB__ENCRYPTION_DISABLED] = 2,
        [SWB__ENCRYPTION_ALLOWED] = 1,
        [SWB__ENCRYPTION_REQUIRED] = 0,
    };
    return policies[node->options[SWB__CLIENT_ENCRYPTION].integer];
}

static bool add_number(cJSON *settings, const char *name, int64_t value)
{
    return cJSON_AddNumberToObject(settings, name, (double)value) != NULL;
}

static bool add_text(cJSON *settings, const char *name, const char *value)
{
    return cJSON_AddStringToObject(settings, name, value) != NULL;
}

/* Deluge listens on the first free port of a range: here a range of one. */
static bool add_listen_ports(cJSON *settings, uint16_t port)
{
    const int range[] = {port, port};
    cJSON *ports = cJSON_CreateIntArray(range, 2);
    if (ports == NULL || !cJSON_AddItemToObject(settings, "listen_ports", ports)) {
        cJSON_Delete(ports);
        return false;
    }
    return true;
}

static bool add_settings(cJSON *settings, const swb_node *node)
{
    const swb_option_value *options = node->options;
    return add_number(settings, "daemon_port", node->api_port) &&
           add_text(settings, "download_location", node->content_dir) &&
           add_text(settings, "torrentfiles_location", node->content_dir) &&
           add_text(settings, "listen_interface", node->address) &&
           add_text(settings, "outgoing_interface", node->address) &&
           add_listen_ports(settings, node->data_port) &&
           add_number(settings, "enc_in_policy", encryption_policy(node)) &&
           add_number(settings, "enc_out_policy", encryption_policy(node)) &&
           add_number(settings, "max_connections_global",
                      options[SWB__CLIENT_MAX_CONNECTIONS].integer) &&
           add_number(settings, "max_upload_slots_global",
                      options[SWB__CLIENT_UPLOAD_SLOTS].integer);
}

/* core.conf is two JSON objects, one after the other. */
static int write_settings(swb_launch *launch, const swb_node *node)
{
    swb__buffer file = SWB__BUFFER_INIT(64 * 1024);
    cJSON *settings = cJSON_Parse(fixed_settings);
    char *text = NULL;
    int status = SWB_ENOMEM;
    if (settings != NULL && add_settings(settings, node)) {
        text = cJSON_Print(settings);
    }
    if (text != NULL) {
        swb__buffer_printf(&file, "{\"file\": 1, \"format\": 1}%s\n", text);
        status = file.status;
    }
    if (status == SWB_OK) {
        swb_launch_file(launch, "cfg/core.conf", 0600, file.data, file.length);
    }
    cJSON_free(text);
    cJSON_Delete(settings);
    swb__buffer_finish(&file);
    return status;
}

/* Settings of libtorrent that Deluge has no key for are read from the session's saved state, a
 * bencoded dict whose keys must be sorted. */
static int write_session_state(swb_launch *launch, const swb_node *node)
{
    const int64_t protocol = node->options[SWB__CLIENT_PROTOCOL].integer;
    const int tcp = protocol != SWB__PROTOCOL_UTP;
    const int utp = protocol != SWB__PROTOCOL_TCP;
    const struct {
        const char *name;
        int value;
    } settings[] = {
        {"allow_multiple_connections_per_ip", 1},
        {"enable_incoming_tcp", tcp},
        {"enable_incoming_utp", utp},
        {"enable_outgoing_tcp", tcp},
        {"enable_outgoing_utp", utp},
        {"listen_queue_size", 200},
        {"min_reconnect_time", 2},
        {"torrent_connect_boost", 255},
    };
    swb__buffer file = SWB__BUFFER_INIT(4096);
    swb__buffer_text(&file, "d8:settingsd");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        swb__buffer_printf(&file, "%zu:%si%de", strlen(settings[i].name), settings[i].name,
                           settings[i].value);
    }
    swb__buffer_text(&file, "ee");
    if (file.status == SWB_OK) {
        swb_launch_file(launch, "cfg/session.state", 0600, file.data, file.length);
    }
    swb__buffer_finish(&file);
    return file.status;
}

/* A line is NAME:PASSWORD:LEVEL; level 10 administers. */
static int write_accounts(swb_launch *launch, const swb_node *node)
{
    swb__buffer file = SWB__BUFFER_INIT(1024);
    swb__buffer_printf(&file, "%s:%s:10\n", node->user, node->password);
    if (file.status == SWB_OK) {
        swb_launch_file(launch, "cfg/auth", 0600, file.data, file.length);
    }
    swb__buffer_finish(&file);
    return file.status;
}

static int launch_deluge(const swb_node *node, swb_launch *launch, swb_error *error)
{
    char port[8];
    snprintf(port, sizeof port, "%u", node->api_port);
    swb_launch_program(launch, node->program);
    swb_launch_arg(launch, "-d"); /* stay in the foreground */
    swb_launch_arg(launch, "-c");
    swb_launch_arg2(launch, node->home_dir, "/cfg");
    swb_launch_arg(launch, "-u");
    swb_launch_arg(launch, node->address);
    swb_launch_arg(launch, "-p");
    swb_launch_arg(launch, port);
    swb_launch_arg(launch, "-L"); /* under Python 3.11 each log call of Deluge 2.0.3 raises */
    swb_launch_arg(launch, "none");
    if (write_accounts(launch, node) != SWB_OK || write_settings(launch, node) != SWB_OK ||
        write_session_state(launch, node) != SWB_OK) {
        return swb__fail_nomem(error);
    }
    return SWB_OK;
}

const swb_driver swb__driver_deluge = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "deluge",
    .description = "Deluge 2, by its native RPC",
    .kind = SWB_DRIVER_TORRENT,
    .transport = SWB_TRANSPORT_TLS,
    .program = PROGRAM,
    .package = "apt-get install deluged",
    .service = "opentracker",
    .options = swb__client_options,
    .option_count = SWB__CLIENT_OPTION_COUNT,
    .session_bytes = sizeof(swb__deluge_session),
    .node_memory_bytes = UINT64_C(64) << 20,
    .launch = launch_deluge,
    .frame = swb__deluge_frame,
    .operations =
        {
            [SWB_OP_READY] = swb__deluge_ready,
            [SWB_OP_VERSION] = swb__deluge_version,
            [SWB_OP_SEED] = swb__deluge_seed,
            [SWB_OP_LEECH] = swb__deluge_leech,
            [SWB_OP_STATUS] = swb__deluge_status,
            [SWB_OP_REMOVE] = swb__deluge_remove,
            [SWB_OP_PEERS] = swb__deluge_peers,
            [SWB_OP_STOP] = swb__deluge_stop,
        },
};
