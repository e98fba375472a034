/* Can a run happen in the cluster? Nothing is made there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "deploy/kubernetes_site.h"
#include "deploy/kubernetes_wait.h"

#define PATH_SIZE 4096
#define QUOTA_NS (10 * SWB__NS_PER_S)

/* What one check needs to know. */
typedef struct checked {
    const swb_site_request *request;
    kubernetes_options options;
    swb__kube_config config;
    swb__kube_waiter waiter;
} checked;

static int check_programs(const checked *at, swb_error *error)
{
    char path[PATH_SIZE];
    if (at->options.kustomizes && !swb__find_program(path, sizeof path, at->options.kustomize)) {
        return swb__fail(error, SWB_EENV,
                         "program '%s' is missing (it renders the overlays): install kubectl 1.24 "
                         "or later, or Kustomize 5, or name either by deploy.kustomize",
                         at->options.kustomize);
    }
    if (!at->options.kustomizes && !swb__find_program(path, sizeof path, at->options.helm)) {
        return swb__fail(error, SWB_EENV,
                         "program '%s' is missing (it renders the charts): install Helm 3.10 or "
                         "later, or name it by deploy.helm",
                         at->options.helm);
    }
    return swb__find_program(path, sizeof path, "setpriv")
               ? SWB_OK
               : swb__fail(error, SWB_EENV, "program 'setpriv' is missing: install util-linux");
}

static int check_charts(const checked *at, swb_error *error)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < at->request->node_count; i++) {
        const swb_driver *driver = at->request->nodes[i].driver;
        if (at->options.kustomizes) {
            const char *role = swb__kubernetes_role(at->request->nodes[i].role);
            if (!swb__kubernetes_overlay_path(path, sizeof path, &at->options, driver, role)) {
                return swb__fail(error, SWB_EENV,
                                 "there is no kustomization.yaml in %.200s for driver '%s': name "
                                 "its overlay by deploy.overlays, or the folder of the charts by "
                                 "deploy.charts or SWARMBENCH_CHARTS",
                                 path, driver->name);
            }
        } else if (!swb__kubernetes_chart_path(path, sizeof path, &at->options, driver)) {
            return swb__fail(error, SWB_EENV,
                             "there is no chart %.200s for driver '%s': name the folder of the "
                             "charts by deploy.charts or SWARMBENCH_CHARTS",
                             path, driver->name);
        }
    }
    if (at->options.values != NULL && access(at->options.values, R_OK) != 0) {
        return swb__fail(error, SWB_EENV, "deploy.values: there is no file '%.300s'",
                         at->options.values);
    }
    return SWB_OK;
}

/* There is an image of ours for each program that we know. */
static int check_images(const checked *at, swb_error *error)
{
    for (size_t i = 0; i < at->request->node_count; i++) {
        const swb_node_request *node = &at->request->nodes[i];
        if (node->driver->program == NULL &&
            swb__kubernetes_image(node->driver, node->options) == NULL) {
            return swb__fail(error, SWB_EENV,
                             "node '%s' of driver '%s' has no image to run in: write image: "
                             "NAME:TAG beside its driver; the image holds the program that "
                             "'binary' names",
                             node->name, node->driver->name);
        }
    }
    return SWB_OK;
}

/* The API server passes on HTTP and nothing else. */
static int check_reach(const checked *at, swb_error *error)
{
    for (size_t i = 0; i < at->request->node_count; i++) {
        const swb_driver *driver = at->request->nodes[i].driver;
        if (driver->transport == SWB_TRANSPORT_TLS &&
            swb__kubernetes_proxies(&at->options, &at->config)) {
            return swb__fail(error, SWB_EENV,
                             "driver '%s' speaks TLS to its nodes, which the API server does not "
                             "pass on: run in the cluster (chart 'swarmbench'), or write deploy: "
                             "{reach: direct} where this machine reaches the pods' addresses",
                             driver->name);
        }
    }
    return SWB_OK;
}

static int check_namespace(checked *at, swb_error *error)
{
    swb__kube_resource resource;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__kube_failure failure = SWB__KUBE_FINE;
    swb__kube_resource_known(&resource, "v1", "Namespace");
    const swb__kube_target target = {&resource, NULL, at->config.name_space};
    int built = swb__kube_get(&request, &target, error);
    int status = swb__kube_wait(NULL, &failure, &at->waiter, &request, built, error);
    if (failure == SWB__KUBE_NOT_FOUND) {
        return swb__fail(error, SWB_EENV,
                         "the cluster has no namespace '%s': make it (kubectl "
                         "create namespace %s), or name another by deploy.namespace",
                         at->config.name_space, at->config.name_space);
    }
    /* Not to be allowed to look at namespaces is usual. */
    return failure == SWB__KUBE_FORBIDDEN ? SWB_OK : status;
}

/* What the deployer does in a cluster. */
static const struct {
    const char *group;
    const char *resource;
    const char *verb;
    bool proxy; /* only where pods are reached through the API server */
} needs[] = {
    {"apps", "statefulsets", "create", false},
    {"apps", "statefulsets", "patch", false},
    {"apps", "statefulsets", "delete", false},
    {"", "services", "create", false},
    {"", "services", "patch", false},
    {"", "services", "delete", false},
    {"", "secrets", "create", false},
    {"", "secrets", "patch", false},
    {"", "secrets", "delete", false},
    {"", "pods", "list", false},
    {"", "pods", "watch", false},
    {"", "pods/proxy", "get", true},
    {"", "pods/proxy", "create", true},
    {"", "pods/proxy", "delete", true},
};

/* All that is missing is told at once. */
static int check_permissions(checked *at, swb_error *error)
{
    char missing[700] = "";
    size_t used = 0;
    bool proxies = swb__kubernetes_proxies(&at->options, &at->config);
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        bool allowed = true;
        int status =
            needs[i].proxy && !proxies
                ? SWB_OK
                : swb__kube_wait_allowed(&allowed, &at->waiter, at->config.name_space,
                                         needs[i].group, needs[i].resource, needs[i].verb, error);
        if (status != SWB_OK) {
            return status;
        }
        if (!allowed && used < sizeof missing) {
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s %s",
                                     used > 0 ? ", " : "", needs[i].verb, needs[i].resource);
        }
    }
    return used == 0
               ? SWB_OK
               : swb__fail(error, SWB_EENV,
                           "permissions are missing in namespace '%s': %s; grant them by a Role "
                           "and a RoleBinding",
                           at->config.name_space, missing);
}

/* Numbers of pods have no unit, or "k" where they are thousands. */
static bool count_of(long *out, const cJSON *quota, const char *list, const char *key)
{
    char *end;
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(swb__kube_member(quota, list), key));
    if (text == NULL) {
        return false;
    }
    long value = strtol(text, &end, 10);
    if (strcmp(end, "k") == 0) {
        value *= 1000;
    } else if (*end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

static int check_quota(const checked *at, const cJSON *quota, swb_error *error)
{
    static const char *const keys[] = {"pods", "count/pods"};
    for (size_t i = 0; i < 2; i++) {
        long hard;
        long used;
        if (count_of(&hard, quota, "status.hard", keys[i]) &&
            count_of(&used, quota, "status.used", keys[i]) &&
            (long)at->request->node_count > hard - used) {
            return swb__fail(error, SWB_ENOSPACE,
                             "quota '%s' of namespace '%s' allows %ld pods, %ld are used, and the "
                             "run needs %zu",
                             swb__kube_text(quota, "metadata.name"), at->config.name_space, hard,
                             used, at->request->node_count);
        }
    }
    return SWB_OK;
}

static int look_at_quotas(checked *at, swb_error *error)
{
    cJSON *list = NULL;
    const cJSON *quota;
    swb__kube_resource resource;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__kube_failure failure = SWB__KUBE_FINE;
    swb__kube_resource_known(&resource, "v1", "ResourceQuota");
    const swb__kube_target target = {&resource, at->config.name_space, NULL};
    int built = swb__kube_list(&request, &target, NULL, 0, NULL, error);
    int status = swb__kube_wait(&list, &failure, &at->waiter, &request, built, error);
    if (failure == SWB__KUBE_FORBIDDEN) {
        return SWB_OK; /* then it is told by what it refuses */
    }
    cJSON_ArrayForEach(quota, swb__kube_member(list, "items"))
    {
        status = status == SWB_OK ? check_quota(at, quota, error) : status;
    }
    cJSON_Delete(list);
    return status;
}

/* A quota counts pods of a run before for a while after they have gone. */
static int check_quotas(checked *at, swb_error *error)
{
    int64_t give_up_ns = swb__clock_ns() + QUOTA_NS;
    int status = look_at_quotas(at, error);
    while (status == SWB_ENOSPACE && swb__clock_ns() < give_up_ns) {
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        status = look_at_quotas(at, error);
    }
    return status;
}

static int check_cluster(checked *at, swb_error *error)
{
    int status = swb__kube_waiter_init(&at->waiter, &at->config, error);
    if (status != SWB_OK) {
        return status;
    }
    status = check_namespace(at, error);
    if (status == SWB_OK) {
        status = check_permissions(at, error);
    }
    if (status == SWB_OK) {
        status = check_quotas(at, error);
    }
    swb__kube_waiter_finish(&at->waiter);
    return status;
}

int swb__kubernetes_check(const swb_site_request *request, swb_error *error)
{
    checked at = {.request = request};
    swb__kubernetes_options_read(&at.options, request->options);
    int status = swb__kubernetes_options_check(&at.options, error);
    if (status == SWB_OK) {
        status = check_programs(&at, error);
    }
    if (status == SWB_OK) {
        status = check_charts(&at, error);
    }
    if (status == SWB_OK) {
        status = check_images(&at, error);
    }
    if (status == SWB_OK) {
        status = swb__kubernetes_config(&at.config, &at.options, error);
    }
    if (status != SWB_OK) {
        if (status == SWB_ENOENT && error != NULL) {
            error->status = SWB_EENV;
        }
        return status == SWB_ENOENT ? SWB_EENV : status;
    }
    status = check_reach(&at, error);
    if (status == SWB_OK) {
        status = check_cluster(&at, error);
    }
    swb__kube_config_finish(&at.config);
    return status;
}
