/* A context of kubeconfig files, with its cluster and its user. */
#include "kube/config_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#define LIST_MAX 256

/* An entry and the file that it stands in. */
typedef struct entry {
    swb__kubeconfig *file;
    yaml_node_t *node;
} entry;

static int find(entry *out, swb__kubeconfig_set *set, const char *list, const char *name,
                const char *member, swb_error *error)
{
    *out = (entry){0};
    for (size_t i = 0; i < set->count; i++) {
        int status = swb__kubeconfig_entry(&out->node, &set->files[i], list, name, member, error);
        if (status != SWB_OK) {
            return status;
        }
        if (out->node != NULL) {
            out->file = &set->files[i];
            return SWB_OK;
        }
    }
    return SWB_OK;
}

static int copy_text(char **out, const char *text, swb_error *error)
{
    *out = strdup(text);
    return *out != NULL ? SWB_OK : swb__fail_nomem(error);
}

static int choose_context(swb__kube_config *config, swb__kubeconfig_set *set, const char *wanted,
                          swb_error *error)
{
    if (wanted != NULL) {
        return copy_text(&config->context, wanted, error);
    }
    for (size_t i = 0; i < set->count && config->context == NULL; i++) {
        swb__kubeconfig *file = &set->files[i];
        int status =
            swb__kubeconfig_text(&config->context, file, file->root, "current-context", error);
        if (status != SWB_OK) {
            return status;
        }
    }
    return config->context != NULL
               ? SWB_OK
               : swb__fail_at(error, SWB_EINPUT, set->files[0].path, 1, 1,
                              "no current-context: set one (kubectl config use-context NAME) or "
                              "name a context");
}

/* --- exec --- */

static int take_list(char ***out, swb__kubeconfig *file, const yaml_node_t *mapping,
                     const char *key, const char *first,
                     int (*take)(char **out, swb__kubeconfig *file, const yaml_node_t *node,
                                 swb_error *error),
                     swb_error *error)
{
    const yaml_node_t *list = swb__kubeconfig_get(file, mapping, key);
    size_t count = 0;
    if (list != NULL && list->type != YAML_SEQUENCE_NODE) {
        return swb__kubeconfig_fail(file, list, error, "'%s' must be a list", key);
    }
    if (list != NULL) {
        count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    }
    if (count > LIST_MAX) {
        return swb__kubeconfig_fail(file, list, error, "'%s' has more than %d elements", key,
                                    LIST_MAX);
    }
    size_t used = 0;
    *out = calloc(count + 2, sizeof **out);
    if (*out == NULL) {
        return swb__fail_nomem(error);
    }
    int status = first != NULL ? copy_text(&(*out)[used++], first, error) : SWB_OK;
    for (size_t i = 0; status == SWB_OK && i < count; i++) {
        const yaml_node_t *node =
            yaml_document_get_node(&file->document, list->data.sequence.items.start[i]);
        status = take(&(*out)[used++], file, node, error);
    }
    return status;
}

static int take_argument(char **out, swb__kubeconfig *file, const yaml_node_t *node,
                         swb_error *error)
{
    if (node->type != YAML_SCALAR_NODE) {
        return swb__kubeconfig_fail(file, node, error, "an argument of 'args' must be a text");
    }
    return copy_text(out, (const char *)node->data.scalar.value, error);
}

static int take_variable(char **out, swb__kubeconfig *file, const yaml_node_t *node,
                         swb_error *error)
{
    char *name = NULL;
    char *value = NULL;
    swb__buffer both = SWB__BUFFER_INIT(128u << 10);
    int status = swb__kubeconfig_text(&name, file, node, "name", error);
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&value, file, node, "value", error);
    }
    if (status == SWB_OK && name == NULL) {
        status = swb__kubeconfig_fail(file, node, error, "a variable of 'env' has no name");
    }
    if (status == SWB_OK) {
        swb__buffer_printf(&both, "%s=%s", name, value != NULL ? value : "");
        *out = swb__buffer_take(&both);
        status = *out != NULL ? SWB_OK : swb__fail_nomem(error);
    }
    free(name);
    free(value);
    return status;
}

static int check_exec_version(swb__kubeconfig *file, const yaml_node_t *node, const char *version,
                              swb_error *error)
{
    static const char *const known[] = {"client.authentication.k8s.io/v1",
                                        "client.authentication.k8s.io/v1beta1"};
    const yaml_node_t *at = swb__kubeconfig_get(file, node, "apiVersion");
    for (size_t i = 0; version != NULL && i < 2; i++) {
        if (strcmp(version, known[i]) == 0) {
            return SWB_OK;
        }
    }
    return swb__kubeconfig_fail(file, at != NULL ? at : node, error,
                                "'apiVersion' of exec is '%.80s': %s or %s would be right",
                                version != NULL ? version : "", known[0], known[1]);
}

/* A program with a '/' is meant from the folder of the file, one without from PATH. */
static int take_command(char **out, swb__kubeconfig *file, const yaml_node_t *node,
                        swb_error *error)
{
    int status = swb__kubeconfig_text(out, file, node, "command", error);
    if (status == SWB_OK && *out == NULL) {
        return swb__kubeconfig_fail(file, node, error, "exec names no 'command'");
    }
    return status == SWB_OK && strchr(*out, '/') != NULL
               ? swb__kubeconfig_path(out, file, node, "command", error)
               : status;
}

static int take_exec(swb__kube_exec *exec, swb__kubeconfig *file, const yaml_node_t *node,
                     swb_error *error)
{
    char *command = NULL;
    int status = swb__kubeconfig_text(&exec->api_version, file, node, "apiVersion", error);
    if (status == SWB_OK) {
        status = check_exec_version(file, node, exec->api_version, error);
    }
    if (status == SWB_OK) {
        status = take_command(&command, file, node, error);
    }
    if (status == SWB_OK) {
        status = take_list(&exec->argv, file, node, "args", command, take_argument, error);
    }
    if (status == SWB_OK) {
        status = take_list(&exec->environment, file, node, "env", NULL, take_variable, error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&exec->install_hint, file, node, "installHint", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_bool(&exec->cluster_info, file, node, "provideClusterInfo", error);
    }
    free(command);
    return status;
}

/* --- cluster and user --- */

static int take_cluster(swb__kube_config *config, const entry *cluster, swb_error *error)
{
    swb__kubeconfig *file = cluster->file;
    const yaml_node_t *node = cluster->node;
    int status = swb__kubeconfig_text(&config->server, file, node, "server", error);
    if (status == SWB_OK &&
        (config->server == NULL || (strncmp(config->server, "https://", 8) != 0 &&
                                    strncmp(config->server, "http://", 7) != 0))) {
        const yaml_node_t *at = swb__kubeconfig_get(file, node, "server");
        status = swb__kubeconfig_fail(file, at != NULL ? at : node, error,
                                      "'server' is '%.80s' instead of https://HOST:PORT",
                                      config->server != NULL ? config->server : "");
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&config->server_name, file, node, "tls-server-name", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&config->proxy, file, node, "proxy-url", error);
    }
    if (status == SWB_OK) {
        status =
            swb__kubeconfig_bool(&config->insecure, file, node, "insecure-skip-tls-verify", error);
    }
    return status == SWB_OK
               ? swb__kubeconfig_pem(&config->ca, file, node, "certificate-authority", error)
               : status;
}

static int refuse_old(const entry *user, swb_error *error)
{
    static const char *const old[] = {"auth-provider", "username", "password"};
    for (size_t i = 0; i < 3; i++) {
        const yaml_node_t *at = swb__kubeconfig_get(user->file, user->node, old[i]);
        if (at != NULL) {
            swb__kubeconfig_fail(user->file, at, error,
                                 "'%s' is not supported: API servers have dropped it; use a token, "
                                 "a client certificate or exec",
                                 old[i]);
            if (error != NULL) {
                error->status = SWB_EUNSUPPORTED;
            }
            return SWB_EUNSUPPORTED;
        }
    }
    return SWB_OK;
}

static int check_pair(const swb__kube_config *config, const entry *user, swb_error *error)
{
    if ((config->certificate == NULL) == (config->key == NULL)) {
        return SWB_OK;
    }
    return swb__kubeconfig_fail(user->file, user->node, error,
                                "user '%.80s' has a client %s without its %s", config->user,
                                config->certificate != NULL ? "certificate" : "key",
                                config->certificate != NULL ? "key" : "certificate");
}

static int take_user(swb__kube_config *config, const entry *user, swb_error *error)
{
    swb__kubeconfig *file = user->file;
    const yaml_node_t *node = user->node;
    const yaml_node_t *exec = swb__kubeconfig_get(file, node, "exec");
    int status = refuse_old(user, error);
    if (status == SWB_OK) {
        status = swb__kubeconfig_pem(&config->certificate, file, node, "client-certificate", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_pem(&config->key, file, node, "client-key", error);
    }
    if (status == SWB_OK) {
        status = check_pair(config, user, error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&config->token, file, node, "token", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_path(&config->token_file, file, node, "tokenFile", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&config->impersonate, file, node, "as", error);
    }
    return status == SWB_OK && exec != NULL ? take_exec(&config->exec, file, exec, error) : status;
}

static int missing(const entry *context, const swb__kube_config *config, const char *what,
                   const char *name, swb_error *error)
{
    const yaml_node_t *at = swb__kubeconfig_get(context->file, context->node, what);
    return swb__kubeconfig_fail(context->file, at != NULL ? at : context->node, error,
                                "context '%.80s' names %s '%.80s', which no file has",
                                config->context, what, name != NULL ? name : "");
}

static int follow(swb__kube_config *config, swb__kubeconfig_set *set, const entry *context,
                  swb_error *error)
{
    entry cluster;
    entry user = {0};
    int status = find(&cluster, set, "clusters", config->cluster != NULL ? config->cluster : "",
                      "cluster", error);
    if (status == SWB_OK && cluster.node == NULL) {
        return missing(context, config, "cluster", config->cluster, error);
    }
    if (status == SWB_OK) {
        status = take_cluster(config, &cluster, error);
    }
    if (status == SWB_OK && config->user != NULL) {
        status = find(&user, set, "users", config->user, "user", error);
        if (status == SWB_OK && user.node == NULL) {
            return missing(context, config, "user", config->user, error);
        }
    }
    return status == SWB_OK && user.node != NULL ? take_user(config, &user, error) : status;
}

int swb__kube_config_read(swb__kube_config *config, swb__kubeconfig_set *set, const char *wanted,
                          swb_error *error)
{
    entry context = {0};
    int status = choose_context(config, set, wanted, error);
    if (status == SWB_OK) {
        status = find(&context, set, "contexts", config->context, "context", error);
    }
    if (status != SWB_OK) {
        return status;
    }
    if (context.node == NULL) {
        return swb__fail_at(error, SWB_EINPUT, set->files[0].path, 1, 1,
                            "there is no context '%.80s'", config->context);
    }
    status = copy_text(&config->source, context.file->path, error);
    if (status == SWB_OK) {
        status =
            swb__kubeconfig_text(&config->cluster, context.file, context.node, "cluster", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&config->user, context.file, context.node, "user", error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_text(&config->name_space, context.file, context.node, "namespace",
                                      error);
    }
    return status == SWB_OK ? follow(config, set, &context, error) : status;
}
