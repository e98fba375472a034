#include "support/fake_deployer.h"

static int check(const swb_site_request *request, swb_error *error)
{
    (void)request;
    (void)error;
    return SWB_OK;
}

static int site_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                     const swb_site_events *events, swb_error *error)
{
    (void)site_out;
    (void)loop;
    (void)request;
    (void)events;
    (void)error;
    return SWB_EUNSUPPORTED;
}

/* No site can be opened, so none of these is ever called. */
static void place(void *site, size_t node, swb_node *out)
{
    (void)site;
    (void)node;
    (void)out;
}

static void on_node(void *site, size_t node, swb_done done, void *argument)
{
    (void)site;
    (void)node;
    (void)done;
    (void)argument;
}

static void prepare(void *site, size_t node, size_t content, swb_done done, void *argument)
{
    (void)content;
    on_node(site, node, done, argument);
}

static void make_torrent(void *site, size_t content, const char *announce, swb_done done,
                         void *argument)
{
    (void)site;
    (void)content;
    (void)announce;
    (void)done;
    (void)argument;
}

static const swb_torrent *torrent(void *site, size_t content)
{
    (void)content;
    (void)site;
    return NULL;
}

static void start(void *site, size_t node, const swb_launch *launch, swb_done done, void *argument)
{
    (void)launch;
    on_node(site, node, done, argument);
}

static int watch(void *site, size_t node, size_t content, int64_t begin_ns, swb_error *error)
{
    (void)content;
    (void)site;
    (void)node;
    (void)begin_ns;
    (void)error;
    return SWB_EUNSUPPORTED;
}

static void verify(void *site, size_t node, uint64_t *bad_offset, swb_done done, void *argument)
{
    (void)bad_offset;
    on_node(site, node, done, argument);
}

static int sample(void *site, size_t node, swb_sample *out)
{
    (void)site;
    (void)node;
    (void)out;
    return SWB_ENOENT;
}

static void fault(void *site, size_t node, swb_fault kind, swb_done done, void *argument)
{
    (void)kind;
    on_node(site, node, done, argument);
}

static void site_close(void *site, swb_done done, void *argument)
{
    on_node(site, 0, done, argument);
}

#define FUNCTIONS                                                                                  \
    .check = check, .open = site_open, .place = place, .prepare = prepare,                         \
    .make_torrent = make_torrent, .torrent = torrent, .start = start, .watch = watch,              \
    .verify = verify, .sample = sample, .fault = fault, .stop = on_node, .close = site_close

static const swb_option place_options[] = {
    {"root", SWB_OPTION_STRING, "/tmp", 0, 0, NULL, "Directory of the nodes."},
};

static const swb_deployer full = {
    .api_version = SWB_DEPLOYER_API_VERSION,
    .name = "fake-place",
    .description = "A place that can do everything and does nothing",
    .options = place_options,
    .option_count = 1,
    .shapes = 1,
    .faults = SWB_FAULT_KILL | SWB_FAULT_STOP | SWB_FAULT_CONTINUE | SWB_FAULT_RESTART |
              SWB_FAULT_CUT | SWB_FAULT_HEAL,
    FUNCTIONS,
};
static const swb_deployer plain = {
    .api_version = SWB_DEPLOYER_API_VERSION,
    .name = "fake-plain",
    .description = "A place that can only kill",
    .faults = SWB_FAULT_KILL,
    FUNCTIONS,
};
static const swb_deployer local = {
    .api_version = SWB_DEPLOYER_API_VERSION,
    .name = "local",
    .description = "A table in place of the local deployer",
    .faults = SWB_FAULT_KILL | SWB_FAULT_STOP | SWB_FAULT_CONTINUE | SWB_FAULT_RESTART,
    FUNCTIONS,
};

static int register_missing(const swb_deployer *deployer)
{
    return swb_deployer_find(deployer->name) != NULL ? SWB_OK
                                                     : swb_deployer_register(deployer, NULL);
}

int fake_deployers_register(void)
{
    int status = register_missing(&full);
    return status != SWB_OK ? status : register_missing(&plain);
}

int fake_local_register(void)
{
    return register_missing(&local);
}
