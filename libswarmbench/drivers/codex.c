/* Codex and Logos Storage: how a node of either generation is started, and the driver's table. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/codex.h"

#define PROGRAM "codex"
#define DATA_DIR "data"
#define MIB (UINT64_C(1) << 20)
/* What a node holds beside the content: manifests, and a coded copy where it makes one. */
#define QUOTA_COPIES 4
#define QUOTA_ROOM_MIB 1024

static const swb_option options[SWB__CODEX_OPTION_COUNT] = {
    [SWB__CODEX_BINARY] = {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                           "Path of the node's program, where it is neither the one that "
                           "SWARMBENCH_CODEX names nor `codex` in PATH."},
    [SWB__CODEX_GENERATION] = {"generation", SWB_OPTION_ENUM, "auto", 0, 0, "auto|codex|storage",
                               "Command line that the program takes: Codex (2025) or Logos Storage "
                               "(2026); `auto` goes by whether its name has `storage` in it."},
    [SWB__CODEX_DOWNLOAD] = {"download", SWB_OPTION_ENUM, "stream", 0, 0, "stream|background",
                             "How a leecher fetches: `stream` reads the content from the node "
                             "while it arrives, `background` has the node fetch by itself."},
    [SWB__CODEX_QUOTA] = {"quota", SWB_OPTION_SIZE, NULL, 1e6, 1e15, NULL,
                          "Storage quota of a node; where none is given, four times what it may "
                          "come to store, and 1 GiB."},
    [SWB__CODEX_BLOCK_RETRIES] = {"block_retries", SWB_OPTION_INTEGER, NULL, 1, 1e6, NULL,
                                  "How often a node asks for a block that nobody gives, before it "
                                  "gives up; where none is given, the node's own number."},
    [SWB__CODEX_ETH_PROVIDER] =
        {"eth_provider", SWB_OPTION_STRING, NULL, 0, 0, NULL,
         "`via: storage-request`: URL of the JSON-RPC API of the chain that "
         "seeders make their storage requests on."},
    [SWB__CODEX_ACCOUNT] = {"account", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                            "`via: storage-request`: the chain's account that pays, unlocked "
                            "there: 0x and 40 hex digits."},
    [SWB__CODEX_MARKETPLACE] = {"marketplace", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                                "`via: storage-request`: address of the marketplace contract: 0x "
                                "and 40 hex digits."},
};

/* Only the program itself could tell, and it does not run yet. */
static bool is_storage(const swb_node *node)
{
    const char *slash = strrchr(node->program, '/');
    switch ((swb__codex_generation)node->options[SWB__CODEX_GENERATION].integer) {
    case SWB__CODEX_OLDER:
        return false;
    case SWB__CODEX_NEWER:
        return true;
    case SWB__CODEX_AUTO:
        break;
    }
    return strstr(slash == NULL ? node->program : slash, "storage") != NULL;
}

/* The address that others find the node at. Discovery is bound to all addresses and knows its peers
 * by where their packets come from: from 127.0.0.1, whichever loopback address a node was given. */
static const char *public_address(const swb_node *node)
{
    return strncmp(node->address, "127.", 4) == 0 ? "127.0.0.1" : node->address;
}

static void add_number(swb_launch *launch, const char *name, uint64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    swb_launch_arg2(launch, name, text);
}

/* What a node stores: all contents, and the code that it makes of one. */
static uint64_t stored_bytes(const swb_node *node)
{
    uint64_t plain =
        node->stored_bytes > node->content_bytes ? node->stored_bytes : node->content_bytes;
    return node->data_parts == 0
               ? plain
               : plain + plain / node->data_parts * (node->data_parts + node->parity_parts);
}

/* In whole MiB: the unit that both generations read in the same way. */
static void add_quota(const swb_node *node, swb_launch *launch)
{
    char text[32];
    uint64_t given = (uint64_t)node->options[SWB__CODEX_QUOTA].integer;
    uint64_t mib =
        given > 0 ? given / MIB : QUOTA_COPIES * (stored_bytes(node) / MIB + 1) + QUOTA_ROOM_MIB;
    snprintf(text, sizeof text, "%llumb", (unsigned long long)(mib > 0 ? mib : 1));
    swb_launch_arg2(launch, "--storage-quota=", text);
}

static void add_listening(const swb_node *node, swb_launch *launch)
{
    char text[96];
    const char *address = public_address(node);
    if (is_storage(node)) {
        swb_launch_arg2(launch, "--listen-ip=", address);
        add_number(launch, "--listen-port=", node->wildcard_port);
    } else {
        snprintf(text, sizeof text, "/ip4/%s/tcp/%u", address, node->wildcard_port);
        swb_launch_arg2(launch, "--listen-addrs=", text);
    }
    swb_launch_arg2(launch, "--nat=extip:", address);
    add_number(launch, "--disc-port=", node->wildcard_port);
}

/* Never a public network: a newer node joins one where neither is said, an older one does not. */
static void add_bootstrap(const swb_node *node, swb_launch *launch)
{
    if (node->bootstrap != NULL) {
        swb_launch_arg2(launch, "--bootstrap-node=", node->bootstrap);
    } else if (is_storage(node)) {
        swb_launch_arg(launch, "--no-bootstrap-node");
    }
}

/* Only a node that makes storage requests needs the chain; newer ones know nothing of it. */
static bool needs_persistence(const swb_node *node)
{
    return node->data_parts > 0 && node->role == SWB_ROLE_SEEDER && !is_storage(node);
}

/* A command, so it comes after all options of the node. */
static void add_persistence(const swb_node *node, swb_launch *launch)
{
    static const struct {
        size_t option;
        const char *argument;
    } chain[] = {
        {SWB__CODEX_ETH_PROVIDER, "--eth-provider="},
        {SWB__CODEX_ACCOUNT, "--eth-account="},
        {SWB__CODEX_MARKETPLACE, "--marketplace-address="},
    };
    swb_launch_arg(launch, "persistence");
    for (size_t i = 0; i < sizeof chain / sizeof chain[0]; i++) {
        const char *value = node->options[chain[i].option].string;
        if (value != NULL && value[0] != '\0') {
            swb_launch_arg2(launch, chain[i].argument, value);
        }
    }
}

static int check_chain(const swb_node *node, swb_error *error)
{
    const char *provider = node->options[SWB__CODEX_ETH_PROVIDER].string;
    if (needs_persistence(node) && (provider == NULL || provider[0] == '\0')) {
        return swb__fail(
            error, SWB_EINPUT,
            "erasure via storage-request needs a chain: give eth_provider, account and "
            "marketplace in the mode, for example eth_provider: ws://127.0.0.1:8545");
    }
    return SWB_OK;
}

static int launch_codex(const swb_node *node, swb_launch *launch, swb_error *error)
{
    if (check_chain(node, error) != SWB_OK) {
        return SWB_EINPUT;
    }
    int64_t retries = node->options[SWB__CODEX_BLOCK_RETRIES].integer;
    char data_dir[4096];
    int length = snprintf(data_dir, sizeof data_dir, "%s/" DATA_DIR, node->home_dir);
    if (length < 0 || (size_t)length >= sizeof data_dir) {
        return swb__fail(error, SWB_EINPUT, "the path %.100s... is too long", node->home_dir);
    }
    swb_launch_program(launch, node->program);
    swb_launch_dir(launch, DATA_DIR, 0700); /* the node insists on the mode */
    swb_launch_arg2(launch, "--data-dir=", data_dir);
    swb_launch_arg2(launch, "--api-bindaddr=", node->address);
    add_number(launch, "--api-port=", node->api_port);
    add_listening(node, launch);
    add_quota(node, launch);
    swb_launch_arg(launch, "--metrics");
    swb_launch_arg2(launch, "--metrics-address=", node->address);
    add_number(launch, "--metrics-port=", node->extra_port);
    swb_launch_arg(launch, "--log-level=INFO");
    swb_launch_arg(launch, "--log-format=nocolors");
    if (retries > 0) {
        add_number(launch, "--block-retries=", (uint64_t)retries);
    }
    add_bootstrap(node, launch);
    if (needs_persistence(node)) {
        add_persistence(node, launch);
    }
    return SWB_OK;
}

const swb_driver swb__driver_codex = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "codex",
    .description = "Codex and Logos Storage, by their REST API",
    .kind = SWB_DRIVER_STORE,
    .transport = SWB_TRANSPORT_HTTP,
    .program = PROGRAM,
    .program_env = "SWARMBENCH_CODEX",
    .package = "no package has it: build it from source and name it in SWARMBENCH_CODEX",
    .needs_bootstrap = 1,
    .codes = 1,
    .counts_node = 1,
    .options = options,
    .option_count = SWB__CODEX_OPTION_COUNT,
    .session_bytes = sizeof(swb__codex_session),
    .timeout_ns = {[SWB_OP_REMOVE] = UINT64_C(120) * 1000000000},
    .node_memory_bytes = UINT64_C(160) << 20,
    .launch = launch_codex,
    .operations =
        {
            [SWB_OP_READY] = swb__codex_ready,
            [SWB_OP_VERSION] = swb__codex_version,
            [SWB_OP_SEED] = swb__codex_seed,
            [SWB_OP_LEECH] = swb__codex_leech,
            [SWB_OP_STATUS] = swb__codex_status,
            [SWB_OP_REMOVE] = swb__codex_remove,
            [SWB_OP_PEERS] = swb__codex_peers,
            [SWB_OP_STOP] = swb__codex_stop,
            [SWB_OP_READ] = swb__codex_read,
            [SWB_OP_ABLE] = swb__codex_able,
            [SWB_OP_CODE] = swb__codex_code,
        },
};
