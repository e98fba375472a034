/* Any program as a node: what the experiment says about it is all that is known of it. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "drivers/builtin.h"
#include "drivers/exec_metrics.h"
#include "drivers/exec_template.h"
#include "drivers/http_reply.h"

/* Of all metrics of a node that names none. */
#define METRICS_MAX 64

enum {
    OPTION_BINARY,
    OPTION_IMAGE,
    OPTION_ARGUMENTS,
    OPTION_ENVIRONMENT,
    OPTION_FILES,
    OPTION_BOOTSTRAP,
    OPTION_READY_PATH,
    OPTION_READY_PORT, /* an swb_port, as all ports here */
    OPTION_READY_STATUS,
    OPTION_VERSION_PATH,
    OPTION_VERSION_PORT,
    OPTION_METRICS_PATH,
    OPTION_METRICS_PORT,
    OPTION_METRICS_NAMES,
    OPTION_COUNT,
};

#define PORTS "api|extra|wildcard"
#define PORT_TEXT "Which of the node's ports that goes to."

static const swb_option options[OPTION_COUNT] = {
    [OPTION_BINARY] = {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "The program: a path, or a name looked up in PATH. Required."},
    [OPTION_IMAGE] = {"image", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                      "The image that holds the program, NAME:TAG or NAME@sha256:..., where nodes "
                      "are containers; required there."},
    [OPTION_ARGUMENTS] = {"arguments", SWB_OPTION_LIST, NULL, 0, 0, NULL,
                          "Its arguments. One that asks for what the node does not have, such as "
                          "{bootstrap} of the first one, is left out."},
    [OPTION_ENVIRONMENT] = {"environment", SWB_OPTION_MAP, NULL, 0, 0, NULL,
                            "Its environment, beside PATH, HOME, LANG and TZ."},
    [OPTION_FILES] = {"files", SWB_OPTION_MAP, NULL, 0, 0, NULL,
                      "Files to write into its home directory before it starts, by path."},
    [OPTION_BOOTSTRAP] = {"bootstrap", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                          "What later nodes of this driver get as {bootstrap}; that of the first "
                          "ready node that has one counts."},
    [OPTION_READY_PATH] = {"ready.path", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                           "It is ready once a GET of this path is answered as expected. Not "
                           "given: once it was started."},
    [OPTION_READY_PORT] = {"ready.port", SWB_OPTION_ENUM, "api", 0, 0, PORTS, PORT_TEXT},
    [OPTION_READY_STATUS] = {"ready.status", SWB_OPTION_INTEGER, "200", 100, 599, NULL,
                             "The HTTP status that says so."},
    [OPTION_VERSION_PATH] = {"version.path", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                             "A GET of this path is answered with its version, in one line."},
    [OPTION_VERSION_PORT] = {"version.port", SWB_OPTION_ENUM, "api", 0, 0, PORTS, PORT_TEXT},
    [OPTION_METRICS_PATH] = {"metrics.path", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                             "Where its metrics are, in Prometheus' text format; read once a "
                             "second while leechers fetch, and once more then."},
    [OPTION_METRICS_PORT] = {"metrics.port", SWB_OPTION_ENUM, "api", 0, 0, PORTS, PORT_TEXT},
    [OPTION_METRICS_NAMES] = {"metrics.names", SWB_OPTION_LIST, NULL, 0, 0, NULL,
                              "The metrics to keep: a name, with all its labels, or a name with "
                              "labels as they stand there. Not given: the first 64 values."},
};

/* --- checks --- */

/* The template of a text of a LIST or MAP: of "NAME=text" what stands behind the name. */
static void template_of(const char **text_out, size_t *length_out, const swb__texts *texts,
                        swb_option_type type)
{
    const char *equals = memchr(texts->text, '=', texts->length);
    bool named = type == SWB_OPTION_MAP && equals != NULL;
    *text_out = named ? equals + 1 : texts->text;
    *length_out = texts->length - (size_t)(*text_out - texts->text);
}

static int check_several(size_t *text_out, size_t option, const swb_option_value *value,
                         swb_error *error)
{
    size_t index = 0;
    for (swb__texts texts = swb__texts_of(value); swb__next_text(&texts); index++) {
        const char *text;
        size_t length;
        template_of(&text, &length, &texts, options[option].type);
        if (swb__template_check(text, length, error) != SWB_OK) {
            *text_out = index;
            return SWB_EINPUT;
        }
    }
    return SWB_OK;
}

static int check_path(const char *path, swb_error *error)
{
    if (path == NULL || path[0] == '/') {
        return SWB_OK;
    }
    return swb__fail(error, SWB_EINPUT, "'%.100s' is no path of a URL; it begins with '/'", path);
}

/* Without one of these it would be another image each day. */
static int check_image(const char *image, swb_error *error)
{
    const char *slash = image != NULL ? strrchr(image, '/') : NULL;
    const char *rest = slash != NULL ? slash + 1 : image;
    if (image == NULL || (rest[strcspn(rest, ":@")] != '\0' && rest[0] != ':' && rest[0] != '@')) {
        return SWB_OK;
    }
    return swb__fail(error, SWB_EINPUT, "'%.100s' is no NAME:TAG or NAME@sha256:...", image);
}

static int check_one(size_t *text_out, size_t option, const swb_option_value *value,
                     swb_error *error)
{
    switch (option) {
    case OPTION_IMAGE:
        return check_image(value->string, error);
    case OPTION_ARGUMENTS:
    case OPTION_ENVIRONMENT:
    case OPTION_FILES:
        return check_several(text_out, option, value, error);
    case OPTION_BOOTSTRAP:
        return value->string == NULL
                   ? SWB_OK
                   : swb__template_check(value->string, strlen(value->string), error);
    case OPTION_READY_PATH:
    case OPTION_VERSION_PATH:
    case OPTION_METRICS_PATH:
        return check_path(value->string, error);
    default:
        return SWB_OK;
    }
}

static int check(size_t *option_out, size_t *text_out, const swb_option_value *values,
                 swb_error *error)
{
    const char *binary = values[OPTION_BINARY].string;
    if (binary == NULL || binary[0] == '\0') {
        *option_out = OPTION_BINARY;
        return swb__fail(error, SWB_EINPUT,
                         "driver 'exec' needs the program to start; write for example binary: "
                         "/usr/bin/python3");
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        *option_out = i;
        int status = check_one(text_out, i, &values[i], error);
        if (status != SWB_OK) {
            return status;
        }
    }
    return SWB_OK;
}

static int check_text(const char *text, swb_error *error)
{
    return swb__template_check(text, strlen(text), error);
}

/* --- launch --- */

/* Fills the empty buffer `out` with what a text becomes on this node. */
static const char *filled(swb__buffer *out, const char *text, size_t length, const swb_node *node)
{
    swb__buffer_clear(out);
    swb__template_fill(out, text, length, node);
    return swb__buffer_string(out);
}

static void add_arguments(swb_launch *launch, swb__buffer *text, const swb_node *node)
{
    for (swb__texts t = swb__texts_of(&node->options[OPTION_ARGUMENTS]); swb__next_text(&t);) {
        if (!swb__template_lacks(t.text, t.length, node)) {
            swb_launch_arg(launch, filled(text, t.text, t.length, node));
        }
    }
}

/* Variables, or files by their path. SWB_EINPUT where a name has no place for it. */
static int add_named(swb_launch *launch, swb__buffer *text, const swb_node *node, size_t option,
                     swb_error *error)
{
    for (swb__texts t = swb__texts_of(&node->options[option]); swb__next_text(&t);) {
        char name[256];
        const char *body;
        size_t length;
        template_of(&body, &length, &t, SWB_OPTION_MAP);
        size_t name_length = (size_t)(body - t.text) - (body > t.text);
        if (name_length == 0 || name_length >= sizeof name) {
            return swb__fail(error, SWB_EINPUT, "%s: a name has 1 to %zu characters",
                             options[option].name, sizeof name - 1);
        }
        snprintf(name, sizeof name, "%.*s", (int)name_length, t.text);
        filled(text, body, length, node);
        if (option == OPTION_ENVIRONMENT) {
            swb_launch_env(launch, name, swb__buffer_string(text));
        } else {
            swb_launch_file(launch, name, 0644, swb__buffer_string(text), text->length);
        }
        if (text->status != SWB_OK) {
            break;
        }
    }
    return SWB_OK;
}

static int launch_exec(const swb_node *node, swb_launch *launch, swb_error *error)
{
    swb__buffer text = SWB__BUFFER_INIT(SWB__TEMPLATE_MAX_BYTES);
    swb_launch_program(launch, node->program);
    add_arguments(launch, &text, node);
    int kept = text.status;
    int status = add_named(launch, &text, node, OPTION_ENVIRONMENT, error);
    kept = kept == SWB_OK ? text.status : kept;
    if (status == SWB_OK) {
        status = add_named(launch, &text, node, OPTION_FILES, error);
    }
    kept = kept == SWB_OK ? text.status : kept;
    swb__buffer_finish(&text);
    if (status == SWB_OK && kept != SWB_OK) {
        return kept == SWB_ENOMEM ? swb__fail_nomem(error)
                                  : swb__fail(error, SWB_EINPUT, "a text is longer than %zu bytes",
                                              SWB__TEMPLATE_MAX_BYTES);
    }
    return status;
}

/* --- operations --- */

static int send_to(swb_call *call, swb_port port, const char *method, const char *path)
{
    switch (port) {
    case SWB_PORT_EXTRA:
        return swb_call_http_extra(call, method, path);
    case SWB_PORT_WILDCARD:
        return swb_call_http_wildcard(call, method, path);
    case SWB_PORT_API:
        break;
    }
    return swb_call_http(call, method, path);
}

/* The GET that a path and a port option ask for. */
static int get(swb_call *call, size_t path, size_t port)
{
    const swb_option_value *values = swb_call_node(call)->options;
    return send_to(call, (swb_port)values[port].integer, "GET", values[path].string);
}

static int tell_bootstrap(swb_call *call)
{
    const swb_node *node = swb_call_node(call);
    const char *bootstrap = node->options[OPTION_BOOTSTRAP].string;
    swb_result *found = swb_call_result(call);
    if (bootstrap != NULL) {
        swb__buffer text = SWB__BUFFER_INIT(sizeof found->bootstrap - 1);
        filled(&text, bootstrap, strlen(bootstrap), node);
        int status = text.status;
        snprintf(found->bootstrap, sizeof found->bootstrap, "%s", swb__buffer_string(&text));
        swb__buffer_finish(&text);
        if (status != SWB_OK) {
            return swb_call_fail(call, status, 0, "its bootstrap is longer than 2000 bytes");
        }
    }
    return SWB_CALL_DONE;
}

/* While a program starts it may answer anything: it is asked again up to limits.ready. */
static int ready(swb_call *call)
{
    const swb_option_value *values = swb_call_node(call)->options;
    char what[64];
    if (values[OPTION_READY_PATH].string == NULL) {
        return tell_bootstrap(call);
    }
    if (swb_call_reply(call) == NULL) {
        return get(call, OPTION_READY_PATH, OPTION_READY_PORT);
    }
    if (swb_call_reply(call)->http_status != values[OPTION_READY_STATUS].integer) {
        snprintf(what, sizeof what, "instead of %d", (int)values[OPTION_READY_STATUS].integer);
        return swb__reply_fail(call, SWB_EBUSY, 1, what);
    }
    return tell_bootstrap(call);
}

/* Some give it as JSON, a text in quotes. */
static int version(swb_call *call)
{
    const swb_option_value *values = swb_call_node(call)->options;
    swb_result *found = swb_call_result(call);
    char line[sizeof found->version];
    if (values[OPTION_VERSION_PATH].string == NULL) {
        snprintf(found->version, sizeof found->version, "untold");
        return SWB_CALL_DONE;
    }
    if (swb_call_reply(call) == NULL) {
        return get(call, OPTION_VERSION_PATH, OPTION_VERSION_PORT);
    }
    int status = swb__reply_text(line, sizeof line, call);
    if (status == SWB_OK) {
        size_t length = strlen(line);
        bool quoted = length >= 2 && line[0] == '"' && line[length - 1] == '"';
        snprintf(found->version, sizeof found->version, "%.*s", (int)(length - (quoted ? 2 : 0)),
                 line + quoted);
        found->stand_in = strstr(line, "stand-in") != NULL;
    }
    return status;
}

static bool is_wanted(const swb__metric_line *line, const swb_option_value *names)
{
    size_t length = strlen(line->name);
    for (swb__texts t = swb__texts_of(names); swb__next_text(&t);) {
        if ((t.length == length || t.length == line->bare_length) &&
            memcmp(t.text, line->name, t.length) == 0) {
            return true;
        }
    }
    return names->string == NULL;
}

static int metrics(swb_call *call)
{
    const swb_option_value *values = swb_call_node(call)->options;
    const swb_reply *reply = swb_call_reply(call);
    swb__metric_line line;
    if (values[OPTION_METRICS_PATH].string == NULL) {
        return swb_call_fail(call, SWB_EUNSUPPORTED, 0, "no metrics.path is given");
    }
    if (reply == NULL) {
        return get(call, OPTION_METRICS_PATH, OPTION_METRICS_PORT);
    }
    int status = swb__reply_expect_success(call);
    const char *at = (const char *)reply->body;
    const char *end = at + reply->length;
    size_t count = 0;
    while (status == SWB_OK && count < METRICS_MAX && swb__metric_next(&line, &at, end)) {
        if (is_wanted(&line, &values[OPTION_METRICS_NAMES])) {
            swb_call_metric(call, line.name, line.value);
            count++;
        }
    }
    return status;
}

static int begin_act(swb_call *call, const swb_http_action *http)
{
    const swb_node *node = swb_call_node(call);
    swb__buffer text = SWB__BUFFER_INIT(SWB__TEMPLATE_MAX_BYTES);
    int answer = send_to(call, http->port, http->method,
                         filled(&text, http->path, strlen(http->path), node));
    if (answer == SWB_CALL_SEND && http->body != NULL) {
        filled(&text, http->body, strlen(http->body), node);
        swb_call_body(call, http->type, swb__buffer_string(&text), text.length);
    }
    int status = text.status;
    swb__buffer_finish(&text);
    return status == SWB_OK ? answer : swb_call_fail(call, status, 0, "its text is too long");
}

static bool body_contains(const swb_reply *reply, const char *text, size_t length)
{
    const char *body = (const char *)reply->body;
    for (size_t i = 0; i + length <= reply->length; i++) {
        if (memcmp(body + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}

static int judge_act(swb_call *call, const swb_http_action *http)
{
    const swb_reply *reply = swb_call_reply(call);
    char what[128];
    int got = reply->http_status;
    bool right = http->expect == 0 ? got >= 200 && got < 300 : got == http->expect;
    swb_call_result(call)->http_status = got;
    if (!right) {
        int least = http->expect == 0 ? 200 : http->expect;
        snprintf(what, sizeof what, "instead of %d%s", least, http->expect == 0 ? " to 299" : "");
        return swb__reply_fail(call, SWB_EREMOTE, got == 429 || got >= 500, what);
    }
    if (http->contains == NULL) {
        return SWB_CALL_DONE;
    }
    swb__buffer text = SWB__BUFFER_INIT(SWB__TEMPLATE_MAX_BYTES);
    filled(&text, http->contains, strlen(http->contains), swb_call_node(call));
    bool found = body_contains(reply, swb__buffer_string(&text), text.length);
    snprintf(what, sizeof what, "without '%.80s' in its body", swb__buffer_string(&text));
    swb__buffer_finish(&text);
    return found ? SWB_CALL_DONE : swb__reply_fail(call, SWB_EREMOTE, 0, what);
}

static int act(swb_call *call)
{
    const swb_http_action *http = swb_call_command(call)->http;
    if (http == NULL) {
        return swb_call_fail(call, SWB_EINVAL, 0, "there is no request to make");
    }
    return swb_call_reply(call) == NULL ? begin_act(call, http) : judge_act(call, http);
}

static int stop(swb_call *call)
{
    return swb_call_fail(call, SWB_EUNSUPPORTED, 0, "a program of 'exec' ends by a signal only");
}

const swb_driver swb__driver_exec = {
    .api_version = SWB_DRIVER_API_VERSION,
    .name = "exec",
    .description = "any program, beside a swarm",
    .kind = SWB_DRIVER_SERVICE,
    .transport = SWB_TRANSPORT_HTTP,
    .package = "the experiment names it by 'binary'",
    .needs_bootstrap = 1,
    .options = options,
    .option_count = OPTION_COUNT,
    .node_memory_bytes = UINT64_C(64) << 20,
    .launch = launch_exec,
    .operations =
        {
            [SWB_OP_READY] = ready,
            [SWB_OP_VERSION] = version,
            [SWB_OP_STOP] = stop,
            [SWB_OP_ACT] = act,
            [SWB_OP_METRICS] = metrics,
        },
    .check = check,
    .check_text = check_text,
};
