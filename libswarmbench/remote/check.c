/* What a runner in the cluster needs of this machine, of us and of the cluster. Makes nothing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "deploy/kubernetes_wait.h"
#include "remote/state.h"

swb__kube_resource swb__remote_kind(const char *api_version, const char *kind)
{
    swb__kube_resource resource = {.kind = ""};
    swb__kube_resource_known(&resource, api_version, kind);
    return resource;
}

bool swb__remote_job_holds(const cJSON *job)
{
    const cJSON *volume;
    cJSON_ArrayForEach(volume, swb__kube_member(job, "spec.template.spec.volumes"))
    {
        if (strcmp(swb__kube_text(volume, "name"), "results") == 0) {
            return swb__kube_member(volume, "emptyDir") != NULL;
        }
    }
    return false;
}

static int check_machine(const swb__remote *remote, swb_error *error)
{
    char path[4096];
    if (remote->kubernetes.kustomizes) {
        return swb__fail(error, SWB_EINPUT,
                         "deploy.render: kustomize needs a runner that has the overlays: write "
                         "deploy: {runner: here} or deploy: {reach: direct}");
    }
    if (!swb__find_program(path, sizeof path, remote->kubernetes.helm)) {
        return swb__fail(error, SWB_EENV,
                         "program '%s' is missing (it renders the charts): install Helm 3.10 or "
                         "later, or name it by deploy.helm",
                         remote->kubernetes.helm);
    }
    if (!swb__kubernetes_chart_folder(path, sizeof path, &remote->kubernetes, "swarmbench")) {
        return swb__fail(error, SWB_EENV,
                         "there is no chart %.200s: name the folder of the charts by "
                         "deploy.charts or SWARMBENCH_CHARTS",
                         path);
    }
    const char *const files[][2] = {{"values", remote->kubernetes.values},
                                    {"runner_values", remote->kubernetes.runner_values}};
    for (size_t i = 0; i < 2; i++) {
        if (files[i][1] != NULL && access(files[i][1], R_OK) != 0) {
            return swb__fail(error, SWB_EENV, "deploy.%s: there is no file '%.300s'", files[i][0],
                             files[i][1]);
        }
    }
    return swb__make_dirs(remote->work_dir, 0755, error);
}

/* What we do there beside removing it. What the runner does itself is granted to it by a Role,
 * which only somebody can make who may do all of it: that the server says when it is made. */
static const struct {
    const char *group;
    const char *resource;
    const char *verbs[4];
    bool with_volume; /* only */
} needs[] = {
    {"batch", "jobs", {"create", "patch", "get", "watch"}, false},
    {"", "configmaps", {"create", "patch"}, false},
    {"", "secrets", {"create", "patch", "get"}, false},
    {"", "serviceaccounts", {"create", "patch"}, false},
    {"rbac.authorization.k8s.io", "roles", {"create", "patch"}, false},
    {"rbac.authorization.k8s.io", "rolebindings", {"create", "patch"}, false},
    {"", "pods", {"watch"}, false},
    {"", "pods/log", {"get"}, false},
    {"", "pods/proxy", {"get"}, false},
    {"apps", "deployments", {"create", "patch"}, true},
    {"", "persistentvolumeclaims", {"create", "patch"}, true},
};

typedef struct lacks {
    char text[600];
    size_t used;
} lacks;

static int ask(lacks *out, const swb__remote *remote, swb__kube_waiter *waiter, const char *group,
               const char *resource, const char *verb, swb_error *error)
{
    bool allowed;
    int status = swb__kube_wait_allowed(&allowed, waiter, remote->config.name_space, group,
                                        resource, verb, error);
    if (status == SWB_OK && !allowed && out->used < sizeof out->text) {
        out->used += (size_t)snprintf(out->text + out->used, sizeof out->text - out->used,
                                      "%s%s %s", out->used > 0 ? ", " : "", verb, resource);
    }
    return status;
}

static int check_permissions(const swb__remote *remote, swb__kube_waiter *waiter, swb_error *error)
{
    lacks missing = {.used = 0};
    swb__kube_resource kind;
    int status = SWB_OK;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        bool asked = !needs[i].with_volume || !remote->holds;
        for (size_t j = 0; status == SWB_OK && asked && j < 4 && needs[i].verbs[j] != NULL; j++) {
            status = ask(&missing, remote, waiter, needs[i].group, needs[i].resource,
                         needs[i].verbs[j], error);
        }
    }
    for (size_t i = 0; status == SWB_OK && swb__remote_removed_kind(&kind, i); i++) {
        char group[sizeof kind.api_version];
        swb__kube_group(group, sizeof group, &kind);
        status = ask(&missing, remote, waiter, group, kind.plural, "list", error);
        if (status == SWB_OK) {
            status = ask(&missing, remote, waiter, group, kind.plural, "deletecollection", error);
        }
    }
    if (status == SWB_OK && missing.used > 0) {
        status = swb__fail(error, SWB_EENV,
                           "permissions are missing in namespace '%s': %s; grant them by a Role "
                           "and a RoleBinding",
                           remote->config.name_space, missing.text);
    }
    return status;
}

static bool is_default(const cJSON *storage_class)
{
    const cJSON *notes = swb__kube_member(storage_class, "metadata.annotations");
    const char *mark = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(notes, "storageclass.kubernetes.io/is-default-class"));
    return mark != NULL && strcmp(mark, "true") == 0;
}

/* Without a class nobody makes a volume. */
static int look_for_storage(swb__remote *remote, swb__kube_waiter *waiter, swb_error *error)
{
    cJSON *list = NULL;
    const cJSON *item;
    swb__kube_failure failure = SWB__KUBE_FINE;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_resource classes = swb__remote_kind("storage.k8s.io/v1", "StorageClass");
    const swb__kube_target target = {&classes, NULL, NULL};
    if (remote->kubernetes.results_class != NULL) {
        return SWB_OK;
    }
    int built = swb__kube_list(&request, &target, NULL, 0, NULL, error);
    int status = swb__kube_wait(&list, &failure, waiter, &request, built, error);
    if (status == SWB_OK) {
        remote->holds = true;
        cJSON_ArrayForEach(item, swb__kube_member(list, "items"))
        {
            remote->holds = remote->holds && !is_default(item);
        }
    }
    cJSON_Delete(list);
    /* Who may not look has most probably one. */
    return failure == SWB__KUBE_FORBIDDEN ? SWB_OK : status;
}

/* The results file must not be somebody else's. */
static int check_results(const swb__remote *remote, bool known, swb_error *error)
{
    if (access(remote->results_path, F_OK) != 0) {
        return SWB_OK;
    }
    if (known && remote->options.resume) {
        return SWB_OK;
    }
    if (known) {
        return swb__fail(error, SWB_EEXIST,
                         "%s is there already, and release %s in namespace %s has results too: "
                         "fetch these over it (--resume), or name another file (-o)",
                         remote->results_path, remote->release, remote->config.name_space);
    }
    return swb__fail(error, SWB_EEXIST,
                     "%s is there already: name another file (-o); a runner in the cluster goes on "
                     "with what is in the cluster only (deploy.runner: here goes on with a file)",
                     remote->results_path);
}

static int find_job(bool *known, swb__remote *remote, swb__kube_waiter *waiter, swb_error *error)
{
    cJSON *job = NULL;
    swb__kube_failure failure = SWB__KUBE_FINE;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {&remote->jobs, remote->config.name_space, remote->release};
    int built = swb__kube_get(&request, &target, error);
    int status = swb__kube_wait(&job, &failure, waiter, &request, built, error);
    *known = status == SWB_OK;
    remote->holds = *known && swb__remote_job_holds(job);
    cJSON_Delete(job);
    return failure == SWB__KUBE_NOT_FOUND || failure == SWB__KUBE_FORBIDDEN ? SWB_OK : status;
}

static int look(swb__remote *remote, swb__kube_waiter *waiter, swb_error *error)
{
    bool known = false;
    int status = find_job(&known, remote, waiter, error);
    if (status == SWB_OK) {
        status = check_results(remote, known, error);
    }
    if (status == SWB_OK && !known) {
        status = look_for_storage(remote, waiter, error);
    }
    return status == SWB_OK ? check_permissions(remote, waiter, error) : status;
}

int swb__remote_look_around(swb__remote *remote, swb_error *error)
{
    swb__kube_waiter waiter;
    int status = check_machine(remote, error);
    if (status == SWB_OK) {
        status = swb__kube_waiter_init(&waiter, &remote->config, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    status = look(remote, &waiter, error);
    swb__kube_waiter_finish(&waiter);
    return status;
}
