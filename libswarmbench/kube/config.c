/* The configuration of one context, put together from all files. */
#include "kube/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "kube/config_read.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define TOKEN_MAX_BYTES ((size_t)1 << 20)
#define PATH_SIZE 4096

static void free_list(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

void swb__kube_config_finish(swb__kube_config *config)
{
    char *const texts[] = {config->source,
                           config->context,
                           config->cluster,
                           config->user,
                           config->name_space,
                           config->server,
                           config->server_name,
                           config->proxy,
                           config->ca,
                           config->certificate,
                           config->key,
                           config->token,
                           config->token_file,
                           config->impersonate,
                           config->exec.api_version,
                           config->exec.install_hint};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(texts[i]);
    }
    free_list(config->exec.argv);
    free_list(config->exec.environment);
    memset(config, 0, sizeof *config);
}

static const char *variable(const char *given, const char *name)
{
    const char *value = given != NULL ? given : getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* --- the files --- */

static void close_files(swb__kubeconfig_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        swb__kubeconfig_close(&set->files[i]);
    }
    set->count = 0;
}

static int open_one(swb__kubeconfig_set *set, const char *path, bool optional, swb_error *error)
{
    if (set->count == SWB__KUBECONFIG_FILES_MAX) {
        return swb__fail(error, SWB_EINPUT, "more than %d kubeconfig files",
                         SWB__KUBECONFIG_FILES_MAX);
    }
    int status = swb__kubeconfig_open(&set->files[set->count], path, error);
    if (status == SWB_ENOENT && optional) {
        return SWB_OK;
    }
    set->count += status == SWB_OK;
    return status;
}

static int open_listed(swb__kubeconfig_set *set, const char *list, swb_error *error)
{
    char path[PATH_SIZE];
    int status = SWB_OK;
    while (status == SWB_OK && *list != '\0') {
        size_t length = strcspn(list, ":");
        if (length >= sizeof path) {
            return swb__fail(error, SWB_EINPUT, "a path of KUBECONFIG is too long: %.80s...", list);
        }
        snprintf(path, sizeof path, "%.*s", (int)length, list);
        list += length + (list[length] == ':');
        status = *path == '\0' ? SWB_OK : open_one(set, path, true, error);
    }
    return status;
}

static int open_files(swb__kubeconfig_set *set, const swb__kube_places *places, swb_error *error)
{
    char path[PATH_SIZE];
    const char *list = variable(places->variable, "KUBECONFIG");
    const char *home = variable(places->home, "HOME");
    if (places->kubeconfig != NULL) {
        return open_one(set, places->kubeconfig, false, error);
    }
    if (list != NULL) {
        return open_listed(set, list, error);
    }
    if (home == NULL) {
        return SWB_OK;
    }
    snprintf(path, sizeof path, "%s/.kube/config", home);
    return open_one(set, path, true, error);
}

/* --- in a pod --- */

static int read_mounted(char **out, const char *folder, const char *name, swb_error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return swb__read_file(out, NULL, path, TOKEN_MAX_BYTES, error);
}

static bool set_text(char **out, const char *format, const char *first, const char *second)
{
    swb__buffer text = SWB__BUFFER_INIT(PATH_SIZE);
    swb__buffer_printf(&text, format, first, second);
    free(*out);
    *out = swb__buffer_take(&text);
    return *out != NULL;
}

static int from_pod(swb__kube_config *config, const char *folder, const char *host,
                    const char *port, swb_error *error)
{
    const char *format = strchr(host, ':') != NULL ? "https://[%s]:%s" : "https://%s:%s";
    config->in_cluster = true;
    int status = read_mounted(&config->ca, folder, "ca.crt", error);
    if (status != SWB_OK) {
        return status;
    }
    /* Missing where the pod has its namespace by the option only. */
    read_mounted(&config->name_space, folder, "namespace", NULL);
    bool made = set_text(&config->server, format, host, port) &&
                set_text(&config->token_file, "%s/%s", folder, "token") &&
                set_text(&config->source, "%s%s", "in-cluster", "") &&
                set_text(&config->user, "%s%s", "the pod's service account", "");
    return made ? SWB_OK : swb__fail_nomem(error);
}

static int try_pod(swb__kube_config *config, const swb__kube_places *places, swb_error *error)
{
    const char *host = variable(places->service_host, "KUBERNETES_SERVICE_HOST");
    const char *port = variable(places->service_port, "KUBERNETES_SERVICE_PORT");
    const char *folder =
        places->service_account != NULL ? places->service_account : SERVICE_ACCOUNT;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/token", folder);
    if (host == NULL || port == NULL || access(path, R_OK) != 0) {
        return swb__fail(error, SWB_ENOENT,
                         "no cluster is configured: there is no kubeconfig (KUBECONFIG, "
                         "~/.kube/config) and this is no pod with a service account");
    }
    return from_pod(config, folder, host, port, error);
}

/* --- all of it --- */

static void cut_slashes(char *url)
{
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/') {
        url[--length] = '\0';
    }
}

static int settle_namespace(swb__kube_config *config, const swb__kube_places *places,
                            swb_error *error)
{
    const char *wanted = places->name_space;
    if (wanted == NULL) {
        wanted = config->name_space != NULL ? config->name_space : "default";
    }
    char *copy = strdup(wanted);
    if (copy == NULL) {
        return swb__fail_nomem(error);
    }
    copy[strcspn(copy, " \t\r\n")] = '\0';
    free(config->name_space);
    config->name_space = copy;
    cut_slashes(config->server);
    return SWB_OK;
}

static int load(swb__kube_config *config, swb__kubeconfig_set *set, const swb__kube_places *places,
                swb_error *error)
{
    int status = open_files(set, places, error);
    if (status != SWB_OK) {
        return status;
    }
    status = set->count > 0 ? swb__kube_config_read(config, set, places->context, error)
                            : try_pod(config, places, error);
    return status == SWB_OK ? settle_namespace(config, places, error) : status;
}

int swb__kube_config_load(swb__kube_config *out, const swb__kube_places *places, swb_error *error)
{
    swb__kube_config config = {0};
    swb__kubeconfig_set set = {.count = 0};
    int status = load(&config, &set, places, error);
    close_files(&set);
    if (status != SWB_OK) {
        swb__kube_config_finish(&config);
        return status;
    }
    *out = config;
    return SWB_OK;
}
