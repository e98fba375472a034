/*
 * A driver in one file, against the public headers only: copy it, and fill in your system.
 *
 * "quill" is an imaginary store: its daemon is started with a configuration file, takes content by
 * HTTP upload, names it by a handle, and hands it out again as a stream. The walk through this file
 * is docs/adding-a-driver.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/swarmbench.h>
#include <swarmbench/sys/driver.h>

/* ---- Options: what an experiment may set. Values arrive in this order in node->options. ---- */

enum { OPTION_BINARY, OPTION_CACHE, OPTION_COUNT };

static const swb_option options[OPTION_COUNT] = {
    {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL, "Path of quilld, where it is not in PATH."},
    {"cache", SWB_OPTION_SIZE, "64MiB", 1048576, 0, NULL, "Memory the daemon keeps blocks in."},
};

/* ---- Launch: files to write, and the command line. Deterministic: no clock, no chance. ---- */

static int launch(const swb_node *node, swb_launch *launch, swb_error *error)
{
    char config[512];
    int length = snprintf(config, sizeof config, "listen = %s:%u\npeers = %s:%u\ncache = %lld\n",
                          node->address, node->api_port, node->address, node->data_port,
                          (long long)node->options[OPTION_CACHE].integer);
    if (length < 0 || (size_t)length >= sizeof config) {
        if (error != NULL) {
            error->status = SWB_EINPUT;
            snprintf(error->message, sizeof error->message, "%s: address too long", node->name);
        }
        return SWB_EINPUT;
    }
    swb_launch_program(launch, node->program);     /* "quilld", or what option binary names */
    swb_launch_arg(launch, "--config=quill.conf"); /* it is started in its home_dir */
    swb_launch_arg2(launch, "--data=", node->content_dir);
    if (node->bootstrap != NULL) { /* what the first node answered to READY */
        swb_launch_arg2(launch, "--join=", node->bootstrap);
    }
    swb_launch_file(launch, "quill.conf", 0644, config, (size_t)length);
    return SWB_OK; /* failures of the calls above are kept and reported by the library */
}

/* ---- Operations: called first without a reply, then with the reply to what was sent. ---- */

/* Ends the operation where the reply is none of success; a busy daemon may be asked again. */
static int expect_success(swb_call *call)
{
    char text[64];
    int http = swb_call_reply(call)->http_status;
    if (http >= 200 && http < 300) {
        return SWB_OK;
    }
    snprintf(text, sizeof text, "HTTP %d", http);
    return swb_call_fail(call, http == 404 ? SWB_ENOENT : SWB_EREMOTE, http >= 500, text);
}

/* The reply's body as one word, copied to `out`: never trust its length or its bytes. */
static int expect_word(char *out, size_t size, swb_call *call)
{
    const swb_reply *reply = swb_call_reply(call);
    int status = expect_success(call);
    if (status != SWB_OK) {
        return status;
    }
    size_t length = strcspn((const char *)reply->body, " \r\n<");
    if (length == 0 || length >= size || length < reply->length - (reply->length > 0)) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply is not one word");
    }
    memcpy(out, reply->body, length);
    out[length] = '\0';
    return SWB_OK;
}

static int ready(swb_call *call)
{
    swb_result *result = swb_call_result(call);
    if (swb_call_reply(call) == NULL) {
        return swb_call_http(call, "GET", "/v1/id");
    }
    int status = expect_word(result->bootstrap, sizeof result->bootstrap, call);
    return status == SWB_OK ? SWB_CALL_DONE : status;
}

static int version(swb_call *call)
{
    swb_result *result = swb_call_result(call);
    if (swb_call_reply(call) == NULL) {
        return swb_call_http(call, "GET", "/v1/version");
    }
    int status = expect_word(result->version, sizeof result->version, call);
    return status == SWB_OK ? SWB_CALL_DONE : status;
}

/* A STORE driver uploads the command's content, and is given the handle for it. */
static int seed(swb_call *call)
{
    swb_result *result = swb_call_result(call);
    if (swb_call_reply(call) == NULL) {
        int answer = swb_call_http(call, "POST", "/v1/content");
        swb_call_upload_content(call); /* made while it is sent: never in memory as a whole */
        return answer;
    }
    int status = expect_word(result->handle, sizeof result->handle, call);
    return status == SWB_OK ? SWB_CALL_DONE : status;
}

/* Starts a request about the command's handle: "/v1/content/HANDLE" and `rest`. */
static int request(swb_call *call, const char *method, const char *rest)
{
    char path[768];
    snprintf(path, sizeof path, "/v1/content/%s%s", swb_call_command(call)->handle, rest);
    return swb_call_http(call, method, path);
}

static int leech(swb_call *call)
{
    if (swb_call_reply(call) == NULL) {
        int answer = request(call, "GET", "/stream");
        swb_call_download_content(call); /* verified as it arrives, and timed */
        return answer;
    }
    int status = expect_success(call);
    if (status == SWB_OK) {
        swb_call_result(call)->state = SWB_STATE_SERVING; /* the stream was the whole download */
    }
    return status == SWB_OK ? SWB_CALL_DONE : status;
}

/* The node's own copy, where a download did not come through a stream. */
static int read_copy(swb_call *call)
{
    if (swb_call_reply(call) == NULL) {
        int answer = request(call, "GET", "");
        swb_call_download_content(call);
        return answer;
    }
    int status = expect_success(call);
    return status == SWB_OK ? SWB_CALL_DONE : status;
}

/* Two exchanges: swb_call_step() tells which of them the reply is for. What a driver must remember
 * between operations goes into swb_call_session(). */
static int status_of(swb_call *call)
{
    enum { ASK_STATE = 0, ASK_BYTES = 1 };
    swb_result *result = swb_call_result(call);
    char word[32];
    if (swb_call_reply(call) == NULL) {
        return request(call, "GET", "/state");
    }
    if (swb_call_reply(call)->http_status == 404) {
        result->state = SWB_STATE_ABSENT;
        return SWB_CALL_DONE;
    }
    int status = expect_word(word, sizeof word, call);
    if (status != SWB_OK) {
        return status;
    }
    if (swb_call_step(call) == ASK_STATE) {
        result->state = strcmp(word, "whole") == 0 ? SWB_STATE_SERVING : SWB_STATE_FETCHING;
        swb_call_set_step(call, ASK_BYTES);
        return request(call, "GET", "/bytes");
    }
    char *end;
    result->bytes_done = strtoull(word, &end, 10);
    return *end == '\0' ? SWB_CALL_DONE
                        : swb_call_fail(call, SWB_EPROTO, 0, "a count of bytes is no number");
}

static int remove_content(swb_call *call)
{
    if (swb_call_reply(call) == NULL) {
        return request(call, "DELETE", "");
    }
    int status = expect_success(call);
    return status == SWB_OK ? SWB_CALL_DONE : status;
}

/* Nodes of quill find each other by themselves, once they have joined. */
static int peers(swb_call *call)
{
    (void)call;
    return SWB_CALL_DONE;
}

static int stop(swb_call *call)
{
    return swb_call_fail(call, SWB_EUNSUPPORTED, 0, "quilld ends by a signal only");
}

/* ---- The table: all that the library knows of a driver. ---- */

extern const swb_driver skeleton_driver;

const swb_driver skeleton_driver = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "quill",
    .description = "quill, an imaginary content store",
    .kind = SWB_DRIVER_STORE,
    .transport = SWB_TRANSPORT_HTTP,
    .program = "quilld",
    .package = "there is none: quill is imaginary",
    .needs_bootstrap = 1,
    .options = options,
    .option_count = OPTION_COUNT,
    .node_memory_bytes = 128u << 20,
    .launch = launch,
    .operations =
        {
            [SWB_OP_READY] = ready,
            [SWB_OP_VERSION] = version,
            [SWB_OP_SEED] = seed,
            [SWB_OP_LEECH] = leech,
            [SWB_OP_STATUS] = status_of,
            [SWB_OP_REMOVE] = remove_content,
            [SWB_OP_PEERS] = peers,
            [SWB_OP_STOP] = stop,
            [SWB_OP_READ] = read_copy,
        },
};

/* A program of your own registers its drivers before it reads an experiment that names them. */
#ifndef SKELETON_WITHOUT_MAIN
int main(void)
{
    swb_error error = SWB_ERROR_INIT;
    if (swb_driver_register(&skeleton_driver, &error) != SWB_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("%s: %s\n", skeleton_driver.name, swb_driver_find("quill")->description);
    return 0;
}
#endif
