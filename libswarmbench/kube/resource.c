#include "kube/resource.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

typedef struct row {
    const char *api_version;
    const char *kind;
    const char *plural;
    bool namespaced;
} row;

static const row table[] = {
    {"v1", "Pod", "pods", true},
    {"v1", "Service", "services", true},
    {"v1", "ConfigMap", "configmaps", true},
    {"v1", "Secret", "secrets", true},
    {"v1", "ServiceAccount", "serviceaccounts", true},
    {"v1", "PersistentVolumeClaim", "persistentvolumeclaims", true},
    {"v1", "Event", "events", true},
    {"v1", "Endpoints", "endpoints", true},
    {"v1", "ResourceQuota", "resourcequotas", true},
    {"v1", "LimitRange", "limitranges", true},
    {"v1", "ReplicationController", "replicationcontrollers", true},
    {"v1", "Namespace", "namespaces", false},
    {"v1", "Node", "nodes", false},
    {"v1", "PersistentVolume", "persistentvolumes", false},
    {"apps/v1", "StatefulSet", "statefulsets", true},
    {"apps/v1", "Deployment", "deployments", true},
    {"apps/v1", "DaemonSet", "daemonsets", true},
    {"apps/v1", "ReplicaSet", "replicasets", true},
    {"apps/v1", "ControllerRevision", "controllerrevisions", true},
    {"batch/v1", "Job", "jobs", true},
    {"batch/v1", "CronJob", "cronjobs", true},
    {"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true},
    {"networking.k8s.io/v1", "Ingress", "ingresses", true},
    {"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true},
    {"rbac.authorization.k8s.io/v1", "Role", "roles", true},
    {"rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true},
    {"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false},
    {"scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false},
    {"storage.k8s.io/v1", "StorageClass", "storageclasses", false},
    {"authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false},
    {"authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false},
};

static bool fill(swb__kube_resource *out, const char *api_version, const char *kind,
                 const char *plural, bool namespaced)
{
    if (strlen(api_version) >= sizeof out->api_version || strlen(kind) >= sizeof out->kind ||
        strlen(plural) >= sizeof out->plural) {
        return false;
    }
    snprintf(out->api_version, sizeof out->api_version, "%s", api_version);
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    snprintf(out->plural, sizeof out->plural, "%s", plural);
    out->namespaced = namespaced;
    return true;
}

bool swb__kube_resource_known(swb__kube_resource *out, const char *api_version, const char *kind)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const row *at = &table[i];
        if (strcmp(at->kind, kind) == 0 && strcmp(at->api_version, api_version) == 0) {
            return fill(out, api_version, kind, at->plural, at->namespaced);
        }
    }
    return false;
}

bool swb__kube_is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length >= SWB__KUBE_NAME_SIZE || strcmp(text, ".") == 0 ||
        strcmp(text, "..") == 0) {
        return false;
    }
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") ==
           length;
}

/* "v1" or "GROUP/VERSION", each part a name. */
static bool is_api_version(const char *text)
{
    char group[SWB__KUBE_VERSION_SIZE];
    const char *slash = strchr(text, '/');
    if (slash == NULL) {
        return swb__kube_is_name(text);
    }
    if ((size_t)(slash - text) >= sizeof group) {
        return false;
    }
    snprintf(group, sizeof group, "%.*s", (int)(slash - text), text);
    return swb__kube_is_name(group) && swb__kube_is_name(slash + 1);
}

void swb__kube_group(char *out, size_t size, const swb__kube_resource *resource)
{
    const char *slash = strchr(resource->api_version, '/');
    snprintf(out, size, "%.*s", slash != NULL ? (int)(slash - resource->api_version) : 0,
             resource->api_version);
}

int swb__kube_discovery_path(swb__buffer *out, const char *api_version, swb_error *error)
{
    if (!is_api_version(api_version)) {
        return swb__fail(error, SWB_EINVAL,
                         "apiVersion '%.80s' is neither VERSION nor GROUP/VERSION", api_version);
    }
    swb__buffer_printf(out, "%s%s", strchr(api_version, '/') != NULL ? "/apis/" : "/api/",
                       api_version);
    return out->status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text != NULL ? text : "";
}

int swb__kube_resource_discovered(swb__kube_resource *out, const char *api_version,
                                  const char *kind, const char *json, size_t length,
                                  swb_error *error)
{
    cJSON *root = cJSON_ParseWithLength(json, length);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "resources");
    const cJSON *item;
    int status = SWB_ENOENT;
    if (!cJSON_IsArray(list)) {
        cJSON_Delete(root);
        return swb__fail(error, SWB_EPROTO, "%s tells no list of resources", api_version);
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *plural = text_of(item, "name");
        bool namespaced = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "namespaced")) != 0;
        /* "pods/log" and the like are parts of a resource. */
        if (strcmp(text_of(item, "kind"), kind) == 0 && swb__kube_is_name(plural) &&
            fill(out, api_version, kind, plural, namespaced)) {
            status = SWB_OK;
            break;
        }
    }
    cJSON_Delete(root);
    return status == SWB_OK ? SWB_OK
                            : swb__fail(error, status, "the cluster has no kind '%.63s' in %s",
                                        kind, api_version);
}

int swb__kube_path(swb__buffer *out, const swb__kube_resource *resource, const char *name_space,
                   const char *name, swb_error *error)
{
    if (name_space != NULL && !swb__kube_is_name(name_space)) {
        return swb__fail(error, SWB_EINVAL, "'%.80s' is no name of a namespace", name_space);
    }
    if (name != NULL && !swb__kube_is_name(name)) {
        return swb__fail(error, SWB_EINVAL, "'%.80s' is no name of an object (%s)", name,
                         resource->kind);
    }
    int status = swb__kube_discovery_path(out, resource->api_version, error);
    if (status != SWB_OK) {
        return status;
    }
    if (resource->namespaced && name_space != NULL) {
        swb__buffer_printf(out, "/namespaces/%s", name_space);
    }
    swb__buffer_printf(out, "/%s", resource->plural);
    if (name != NULL) {
        swb__buffer_printf(out, "/%s", name);
    }
    return out->status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}
