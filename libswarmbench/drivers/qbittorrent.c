/* qBittorrent 4 and 5: how qbittorrent-nox is started, and its driver's table. */
#include <string.h>

#include <openssl/evp.h>

#include "base/buffer.h"
#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/client_options.h"
#include "drivers/qbittorrent_dialogue.h"
#include "drivers/qbittorrent_operations.h"

#define PROGRAM "qbittorrent-nox"

/* The form in which qBittorrent keeps a password. */
#define PBKDF2_ROUNDS 100000
#define SALT_BYTES 16
#define HASH_BYTES 64

/* Settings that are the same on every node: no limits, no queues, nobody found but by the tracker
 * or by command, fresh figures. */
static const char fixed_session[] = "Session\\TempPathEnabled=false\n"
                                    "Session\\Preallocation=false\n"
                                    "Session\\AddTorrentPaused=false\n"
                                    "Session\\AddTorrentStopped=false\n"
                                    "Session\\QueueingSystemEnabled=false\n"
                                    "Session\\DHTEnabled=false\n"
                                    "Session\\LSDEnabled=false\n"
                                    "Session\\PeXEnabled=false\n"
                                    "Session\\MultiConnectionsPerIp=true\n"
                                    "Session\\IgnoreLimitsOnLAN=false\n"
                                    "Session\\GlobalDLSpeedLimit=0\n"
                                    "Session\\GlobalUPSpeedLimit=0\n"
                                    "Session\\MaxConnectionsPerTorrent=-1\n"
                                    "Session\\MaxUploadsPerTorrent=-1\n"
                                    "Session\\ConnectionSpeed=500\n"
                                    "Session\\ChokingAlgorithm=FixedSlots\n"
                                    "Session\\SeedChokingAlgorithm=RoundRobin\n"
                                    "Session\\SocketBacklogSize=200\n"
                                    "Session\\RefreshInterval=100\n"
                                    "Session\\SSRFMitigation=false\n"
                                    "Session\\BlockPeersOnPrivilegedPorts=false\n"
                                    "Session\\StopTrackerTimeout=1\n"
                                    "Session\\TorrentContentLayout=Original\n";

static const char fixed_preferences[] = "Connection\\ResolvePeerCountries=false\n"
                                        "WebUI\\Enabled=true\n"
                                        "WebUI\\UseUPnP=false\n";

static void put_session(swb__buffer *file, const swb_node *node)
{
    static const int encryption[] = {
        [SWB__ENCRYPTION_DISABLED] = 2,
        [SWB__ENCRYPTION_ALLOWED] = 0,
        [SWB__ENCRYPTION_REQUIRED] = 1,
    };
    static const char *const protocol[] = {
        [SWB__PROTOCOL_TCP] = "TCP",
        [SWB__PROTOCOL_UTP] = "UTP",
        [SWB__PROTOCOL_BOTH] = "Both",
    };
    const swb_option_value *options = node->options;
    swb__buffer_text(file, "[BitTorrent]\n");
    swb__buffer_text(file, fixed_session);
    swb__buffer_printf(file, "Session\\Port=%u\n", node->data_port);
    swb__buffer_printf(file, "Session\\InterfaceAddress=%s\n", node->address);
    swb__buffer_printf(file, "Session\\Encryption=%d\n",
                       encryption[options[SWB__CLIENT_ENCRYPTION].integer]);
    swb__buffer_printf(file, "Session\\BTProtocol=%s\n",
                       protocol[options[SWB__CLIENT_PROTOCOL].integer]);
    swb__buffer_printf(file, "Session\\MaxConnections=%lld\n",
                       (long long)options[SWB__CLIENT_MAX_CONNECTIONS].integer);
    swb__buffer_printf(file, "Session\\MaxUploads=%lld\n",
                       (long long)options[SWB__CLIENT_UPLOAD_SLOTS].integer);
}

/* The salt comes from the node's name and password, since a driver has no source of chance: good
 * enough for a password that is made for one run. */
static bool make_salt(unsigned char salt[SALT_BYTES], const swb_node *node)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    swb__buffer seed = SWB__BUFFER_INIT(4096);
    swb__buffer_printf(&seed, "%s\n%s", node->name, node->password);
    bool made = seed.status == SWB_OK &&
                EVP_Digest(seed.data, seed.length, digest, NULL, EVP_sha256(), NULL) == 1;
    if (made) {
        memcpy(salt, digest, SALT_BYTES);
    }
    swb__buffer_finish(&seed);
    return made;
}

/* @ByteArray(SALT:HASH), both in base64. */
static int put_password(swb__buffer *file, const swb_node *node)
{
    unsigned char salt[SALT_BYTES];
    unsigned char hash[HASH_BYTES];
    unsigned char salt_text[(SALT_BYTES + 2) / 3 * 4 + 1];
    unsigned char hash_text[(HASH_BYTES + 2) / 3 * 4 + 1];
    if (!make_salt(salt, node) ||
        PKCS5_PBKDF2_HMAC(node->password, (int)strlen(node->password), salt, SALT_BYTES,
                          PBKDF2_ROUNDS, EVP_sha512(), HASH_BYTES, hash) != 1) {
        return SWB_ENOMEM;
    }
    EVP_EncodeBlock(salt_text, salt, SALT_BYTES);
    EVP_EncodeBlock(hash_text, hash, HASH_BYTES);
    swb__buffer_printf(file, "WebUI\\Password_PBKDF2=\"@ByteArray(%s:%s)\"\n", salt_text,
                       hash_text);
    return file->status;
}

static int put_preferences(swb__buffer *file, const swb_node *node)
{
    swb__buffer_text(file, "[Preferences]\n");
    swb__buffer_text(file, fixed_preferences);
    swb__buffer_printf(file, "WebUI\\Address=%s\n", node->address);
    swb__buffer_printf(file, "WebUI\\Port=%u\n", node->api_port);
    swb__buffer_printf(file, "WebUI\\Username=%s\n", node->user);
    return put_password(file, node);
}

static int launch_qbittorrent(const swb_node *node, swb_launch *launch, swb_error *error)
{
    swb__buffer file = SWB__BUFFER_INIT(64 * 1024);
    swb__buffer_text(&file, "[LegalNotice]\nAccepted=true\n");
    swb__buffer_text(&file, "[Application]\nFileLogger\\Enabled=false\n");
    swb__buffer_text(&file, "[Network]\nPortForwardingEnabled=false\n");
    put_session(&file, node);
    int status = put_preferences(&file, node);
    if (status == SWB_OK) {
        swb_launch_program(launch, node->program);
        swb_launch_arg2(launch, "--profile=", node->home_dir);
        swb_launch_file(launch, "qBittorrent/config/qBittorrent.conf", 0600, file.data,
                        file.length);
    }
    swb__buffer_finish(&file);
    return status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}

const swb_driver swb__driver_qbittorrent = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "qbittorrent",
    .description = "qBittorrent 4 and 5, by its WebUI",
    .kind = SWB_DRIVER_TORRENT,
    .transport = SWB_TRANSPORT_HTTP,
    .program = PROGRAM,
    .package = "apt-get install qbittorrent-nox",
    .service = "opentracker",
    .options = swb__client_options,
    .option_count = SWB__CLIENT_OPTION_COUNT,
    .session_bytes = sizeof(swb__qbittorrent_session),
    .node_memory_bytes = UINT64_C(64) << 20,
    /* It sums its counters up once a second. */
    .counter_lag_ns = UINT64_C(1200000000),
    .launch = launch_qbittorrent,
    .operations =
        {
            [SWB_OP_READY] = swb__qbittorrent_ready,
            [SWB_OP_VERSION] = swb__qbittorrent_version,
            [SWB_OP_SEED] = swb__qbittorrent_seed,
            [SWB_OP_LEECH] = swb__qbittorrent_leech,
            [SWB_OP_STATUS] = swb__qbittorrent_status,
            [SWB_OP_REMOVE] = swb__qbittorrent_remove,
            [SWB_OP_PEERS] = swb__qbittorrent_peers,
            [SWB_OP_STOP] = swb__qbittorrent_stop,
        },
};
