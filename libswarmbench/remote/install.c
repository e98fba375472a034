/* Bringing the runner to the cluster: a token of its own, then the chart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <swarmbench/experiment.h>

#include "base/file.h"
#include "host/node_process.h"
#include "kube/base64.h"
#include "remote/state.h"

#define VALUES_MAX_BYTES ((size_t)1 << 20)
#define ARGUMENT_MAX 32

/* --- values --- */

static cJSON *image(const kubernetes_options *options, const char *name)
{
    char repository[512];
    size_t length = 0;
    cJSON *object = cJSON_CreateObject();
    const char *digest = swb__kubernetes_listed(&length, options->image_digests, name);
    snprintf(repository, sizeof repository, "%s%s", options->image_prefix, name);
    cJSON_AddStringToObject(object, "repository", repository);
    cJSON_AddStringToObject(object, "pullPolicy", options->pull_policy);
    if (options->image_tag != NULL) {
        cJSON_AddStringToObject(object, "tag", options->image_tag);
    }
    if (digest != NULL) {
        char text[80];
        snprintf(text, sizeof text, "%.*s", (int)length, digest);
        cJSON_AddStringToObject(object, "digest", text);
    }
    return object;
}

static cJSON *results(const swb__remote *remote)
{
    char size[32];
    cJSON *object = cJSON_CreateObject();
    snprintf(size, sizeof size, "%llu", (unsigned long long)remote->kubernetes.results_size_bytes);
    cJSON_AddStringToObject(object, "size", remote->holds ? "" : size);
    cJSON_AddBoolToObject(object, "hold", remote->holds);
    if (remote->kubernetes.results_class != NULL) {
        cJSON_AddStringToObject(object, "storageClass", remote->kubernetes.results_class);
    }
    return object;
}

/* The file that `deploy.values` names goes along. */
static int add_node_values(cJSON *all, const swb__remote *remote, swb_error *error)
{
    char *text = NULL;
    size_t length = 0;
    if (remote->kubernetes.values == NULL) {
        return SWB_OK;
    }
    int status = swb__read_file(&text, &length, remote->kubernetes.values, VALUES_MAX_BYTES, error);
    if (status == SWB_OK) {
        cJSON_AddStringToObject(all, "nodeValues", text);
    }
    free(text);
    return status;
}

static void add_placement(cJSON *all, const kubernetes_options *options)
{
    cJSON *selector = cJSON_AddObjectToObject(all, "nodeSelector");
    for (const char *at = options->node_selector; at != NULL && *at != '\0';) {
        char key[320];
        char value[64];
        size_t length = strcspn(at, ",");
        size_t name = strcspn(at, "=");
        snprintf(key, sizeof key, "%.*s", (int)name, at);
        snprintf(value, sizeof value, "%.*s", (int)(length - name - 1), at + name + 1);
        cJSON_AddStringToObject(selector, key, value);
        at += length + (at[length] == ',');
    }
    if (options->priority_class != NULL) {
        cJSON_AddStringToObject(all, "priorityClassName", options->priority_class);
    }
    if (options->pull_secret != NULL) {
        cJSON *secret = cJSON_CreateObject();
        cJSON_AddStringToObject(secret, "name", options->pull_secret);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(all, "imagePullSecrets"), secret);
    }
}

/* JSON is YAML: the values are a file. */
static char *make_values(const swb__remote *remote, swb_error *error)
{
    char secret[REMOTE_NAME_SIZE + 8];
    cJSON *all = cJSON_CreateObject();
    const char *text = swb_experiment_text(remote->options.experiment);
    snprintf(secret, sizeof secret, "%s-token", remote->release);
    cJSON_AddStringToObject(all, "experiment", text);
    cJSON_AddStringToObject(all, "experimentName", remote->release);
    cJSON_AddStringToObject(all, "only", remote->only != NULL ? remote->only : "");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(all, "args"), cJSON_CreateString("--json"));
    cJSON_AddItemToObject(all, "image", image(&remote->kubernetes, "runner"));
    cJSON *agent = cJSON_AddObjectToObject(all, "agent");
    cJSON_AddItemToObject(agent, "image", image(&remote->kubernetes, "agent"));
    cJSON_AddStringToObject(agent, "tokenSecret", secret);
    cJSON_AddItemToObject(all, "results", results(remote));
    add_placement(all, &remote->kubernetes);
    int status = add_node_values(all, remote, error);
    char *json = status == SWB_OK ? cJSON_PrintUnformatted(all) : NULL;
    if (status == SWB_OK && json == NULL) {
        swb__fail_nomem(error);
    }
    cJSON_Delete(all);
    return json;
}

/* --- the release --- */

/* All objects carry the experiment's label, by which they are removed. */
static int on_applies(void *argument, const swb__kube_resource *resource, const char *name_space,
                      const char *name, swb_error *error)
{
    (void)argument;
    (void)resource;
    (void)name_space;
    (void)name;
    (void)error;
    return SWB_OK;
}

static void on_installed(void *argument, int status, const swb_error *error)
{
    swb__remote *remote = argument;
    remote->installing = NULL;
    if (remote->destroyed) {
        return;
    }
    if (remote->stopping) {
        swb__remote_fail(remote, SWB_EINTERRUPTED, "interrupted");
    } else if (status != SWB_OK) {
        swb__remote_fail(remote, status, error->message);
    } else {
        swb__remote_tell(remote, SWB_EVENT_NOTICE, SWB_OK,
                         "the runner is Job %s in namespace %s of %s; waiting for its pod",
                         remote->release, remote->config.name_space, remote->config.server);
        swb__remote_follow(remote);
    }
}

static int start_release(swb__remote *remote, const char *values, swb_error *error)
{
    char path[4096];
    char chart[4096];
    char *none[] = {NULL};
    snprintf(path, sizeof path, "%s/.%s.values", remote->work_dir, remote->release);
    swb__kubernetes_chart_folder(chart, sizeof chart, &remote->kubernetes, "swarmbench");
    const kubernetes_release_request request = {
        .client = remote->client,
        .program = remote->kubernetes.helm,
        .work_dir = remote->work_dir,
        .folder = chart,
        .origin = "swarmbench",
        .name = remote->release,
        .values = {remote->kubernetes.runner_values, path},
        .sets = none,
        .applies = on_applies,
        .done = on_installed,
        .argument = remote,
    };
    int status = swb__write_file(path, 0600, values, strlen(values), error);
    return status == SWB_OK ? swb__kubernetes_release_start(&remote->installing, &request, error)
                            : status;
}

static void install(swb__remote *remote)
{
    swb_error error = SWB_ERROR_INIT;
    char *values = make_values(remote, &error);
    int status = values != NULL ? start_release(remote, values, &error) : error.status;
    free(values);
    if (status != SWB_OK) {
        swb__remote_fail(remote, status, error.message);
    }
}

/* --- the token --- */

static void on_token_made(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    if (remote->destroyed || remote->phase != REMOTE_INSTALLING) {
        return;
    }
    if (outcome->status != SWB_OK) {
        swb__remote_fail(remote, outcome->status, outcome->error->message);
        return;
    }
    install(remote);
}

static bool draw_token(swb__remote *remote)
{
    unsigned char bytes[24];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(remote->token + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

static void make_token(swb__remote *remote)
{
    char name[REMOTE_NAME_SIZE + 8];
    char *coded = NULL;
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__buffer text = SWB__BUFFER_INIT(4096);
    const swb__kube_resource secret = swb__remote_kind("v1", "Secret");
    const swb__kube_target target = {&secret, remote->config.name_space, name};
    snprintf(name, sizeof name, "%s-token", remote->release);
    if (!draw_token(remote) ||
        swb__base64_encode(&coded, remote->token, strlen(remote->token)) != SWB_OK) {
        swb__remote_fail(remote, SWB_ENOMEM, "out of memory, or of random numbers");
        return;
    }
    swb__buffer_printf(&text,
                       "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels:\n"
                       "    app.kubernetes.io/managed-by: swarmbench\n"
                       "    swarmbench.dev/experiment: %s\ntype: Opaque\ndata:\n  token: %s\n",
                       name, remote->release, coded);
    free(coded);
    int built = swb__kube_apply(&request, &target, KUBERNETES_MANAGER, true, text.data, text.length,
                                &error);
    swb__buffer_finish(&text);
    swb__remote_call(remote, &request, built, on_token_made, &error);
}

void swb__remote_install(swb__remote *remote)
{
    remote->phase = REMOTE_INSTALLING;
    if (remote->holds) {
        swb__remote_tell(remote, SWB_EVENT_WARNING, SWB_OK,
                         "the cluster has no default storage class: results are in the runner's "
                         "pod until they are fetched, and are lost with it; deploy.results_class "
                         "names a class");
    }
    if (remote->kubernetes.charts != NULL) {
        swb__remote_tell(remote, SWB_EVENT_WARNING, SWB_OK,
                         "deploy.charts makes the runner only: the nodes are made from the charts "
                         "in its image (deploy.runner: here uses those of this machine)");
    }
    make_token(remote);
}

/* --- the Job, suspended --- */

static void on_suspended(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    if (!remote->destroyed && outcome->status != SWB_OK &&
        outcome->failure != SWB__KUBE_NOT_FOUND) {
        remote->keeps = true;
        swb__remote_fail(remote, outcome->status, outcome->error->message);
    } else if (!remote->destroyed) {
        swb__remote_judge(remote);
    }
}

void swb__remote_suspend(swb__remote *remote, bool suspend)
{
    char text[400];
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {&remote->jobs, remote->config.name_space, remote->release};
    snprintf(text, sizeof text,
             "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: %s\nspec:\n  suspend: %s\n",
             remote->release, suspend ? "true" : "false");
    /* A manager of its own: to the other one belongs what the chart says. */
    int built = swb__kube_apply(&request, &target, KUBERNETES_MANAGER "-stop", true, text,
                                strlen(text), &error);
    swb__remote_call(remote, &request, built, on_suspended, &error);
}
