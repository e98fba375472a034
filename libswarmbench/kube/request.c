#include "kube/request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static const swb__kube_resource pods = {"v1", "Pod", "pods", true};

void swb__kube_request_finish(swb__kube_request *request)
{
    swb__buffer_finish(&request->path);
    swb__buffer_finish(&request->body);
    *request = (swb__kube_request)SWB__KUBE_REQUEST_INIT;
}

static void lower(char *out, size_t size, const char *text)
{
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < size; i++) {
        out[i] = (char)tolower((unsigned char)text[i]);
    }
    out[i] = '\0';
}

static void describe(swb__kube_request *out, const swb__kube_target *target)
{
    char kind[SWB__KUBE_KIND_SIZE];
    const char *name_space = target->resource->namespaced ? target->name_space : NULL;
    lower(kind, sizeof kind, target->resource->kind);
    int used = target->name != NULL
                   ? snprintf(out->what, sizeof out->what, "%s %s", kind, target->name)
                   : snprintf(out->what, sizeof out->what, "%s", target->resource->plural);
    if (name_space != NULL && used > 0 && (size_t)used < sizeof out->what) {
        snprintf(out->what + used, sizeof out->what - (size_t)used, " in namespace %s", name_space);
    }
    snprintf(out->resource, sizeof out->resource, "%s", target->resource->plural);
    snprintf(out->name_space, sizeof out->name_space, "%s", name_space != NULL ? name_space : "");
}

static int begin(swb__kube_request *out, const char *method, const char *verb,
                 const swb__kube_target *target, swb_error *error)
{
    out->method = method;
    out->verb = verb;
    describe(out, target);
    return swb__kube_path(&out->path, target->resource, target->name_space, target->name, error);
}

static int end(const swb__kube_request *out, swb_error *error)
{
    if (out->path.status == SWB_ENOSPACE) {
        return swb__fail(error, SWB_EINVAL, "%s: its path is longer than %zu bytes", out->what,
                         out->path.limit);
    }
    if (out->body.status == SWB_ENOSPACE) {
        return swb__fail(error, SWB_EINVAL, "%s: its document is larger than %zu bytes", out->what,
                         out->body.limit);
    }
    return out->path.status == SWB_OK && out->body.status == SWB_OK ? SWB_OK
                                                                    : swb__fail_nomem(error);
}

/* Adds NAME=VALUE to the query, escaped. */
static void parameter(swb__kube_request *out, const char *name, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    const char *path = swb__buffer_string(&out->path);
    swb__buffer_printf(&out->path, "%c%s=", strchr(path, '?') != NULL ? '&' : '?', name);
    for (; *value != '\0'; value++) {
        if (strchr(plain, *value) != NULL) {
            swb__buffer_char(&out->path, *value);
        } else {
            swb__buffer_printf(&out->path, "%%%02X", (unsigned char)*value);
        }
    }
}

static void number(swb__kube_request *out, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    parameter(out, name, text);
}

int swb__kube_apply(swb__kube_request *out, const swb__kube_target *target, const char *manager,
                    bool force, const void *document, size_t length, swb_error *error)
{
    int status = begin(out, "PATCH", "patch", target, error);
    if (status != SWB_OK) {
        return status;
    }
    parameter(out, "fieldManager", manager);
    parameter(out, "force", force ? "true" : "false");
    out->body_type = "application/apply-patch+yaml";
    swb__buffer_append(&out->body, document, length);
    return end(out, error);
}

int swb__kube_get(swb__kube_request *out, const swb__kube_target *target, swb_error *error)
{
    int status = begin(out, "GET", "get", target, error);
    return status == SWB_OK ? end(out, error) : status;
}

int swb__kube_list(swb__kube_request *out, const swb__kube_target *target, const char *selector,
                   unsigned limit, const char *next, swb_error *error)
{
    int status = begin(out, "GET", "list", target, error);
    if (status != SWB_OK) {
        return status;
    }
    if (selector != NULL) {
        parameter(out, "labelSelector", selector);
    }
    if (limit > 0) {
        number(out, "limit", limit);
    }
    if (next != NULL) {
        parameter(out, "continue", next);
    }
    return end(out, error);
}

int swb__kube_events(swb__kube_request *out, const char *name_space, const char *object,
                     const char *reason, swb_error *error)
{
    char selector[2 * SWB__KUBE_NAME_SIZE];
    swb__kube_resource events;
    swb__kube_resource_known(&events, "v1", "Event");
    const swb__kube_target target = {&events, name_space, NULL};
    int status = begin(out, "GET", "list", &target, error);
    if (status == SWB_OK) {
        snprintf(selector, sizeof selector, "involvedObject.name=%s%s%s", object,
                 reason != NULL ? ",reason=" : "", reason != NULL ? reason : "");
        parameter(out, "fieldSelector", selector);
        status = end(out, error);
    }
    return status;
}

int swb__kube_watch_from(swb__kube_request *out, const swb__kube_target *target,
                         const char *selector, const char *version, unsigned seconds,
                         swb_error *error)
{
    int status = begin(out, "GET", "watch", target, error);
    if (status != SWB_OK) {
        return status;
    }
    parameter(out, "watch", "true");
    parameter(out, "allowWatchBookmarks", "true");
    parameter(out, "resourceVersion", version);
    number(out, "timeoutSeconds", seconds);
    if (selector != NULL) {
        parameter(out, "labelSelector", selector);
    }
    return end(out, error);
}

static void delete_options(swb__kube_request *out, swb__kube_propagation propagation, int grace_s)
{
    static const char *const names[] = {"Background", "Foreground", "Orphan"};
    swb__buffer_printf(
        &out->body,
        "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"%s\"",
        names[propagation]);
    if (grace_s >= 0) {
        swb__buffer_printf(&out->body, ",\"gracePeriodSeconds\":%d", grace_s);
    }
    swb__buffer_char(&out->body, '}');
    out->body_type = "application/json";
}

int swb__kube_delete(swb__kube_request *out, const swb__kube_target *target,
                     swb__kube_propagation propagation, int grace_s, swb_error *error)
{
    if (target->name == NULL) {
        return swb__fail(error, SWB_EINVAL, "an object without a name cannot be deleted");
    }
    int status = begin(out, "DELETE", "delete", target, error);
    if (status == SWB_OK) {
        delete_options(out, propagation, grace_s);
        status = end(out, error);
    }
    return status;
}

int swb__kube_delete_all(swb__kube_request *out, const swb__kube_target *target,
                         const char *selector, swb__kube_propagation propagation, swb_error *error)
{
    if (selector == NULL || *selector == '\0' || target->name_space == NULL ||
        target->name != NULL) {
        return swb__fail(error, SWB_EINVAL,
                         "objects are deleted together only by a selector in a namespace");
    }
    int status = begin(out, "DELETE", "deletecollection", target, error);
    if (status == SWB_OK) {
        parameter(out, "labelSelector", selector);
        delete_options(out, propagation, -1);
        status = end(out, error);
    }
    return status;
}

int swb__kube_create_object(swb__kube_request *out, const swb__kube_target *target,
                            const void *json, size_t length, swb_error *error)
{
    swb__kube_target collection = *target;
    collection.name = NULL;
    int status = begin(out, "POST", "create", &collection, error);
    if (status == SWB_OK) {
        out->body_type = "application/json";
        swb__buffer_append(&out->body, json, length);
        status = end(out, error);
    }
    return status;
}

int swb__kube_log(swb__kube_request *out, const char *name_space, const char *pod,
                  const char *container, unsigned lines, uint64_t bytes, bool previous,
                  swb_error *error)
{
    const swb__kube_target target = {&pods, name_space, pod};
    int status = begin(out, "GET", "get", &target, error);
    if (status != SWB_OK) {
        return status;
    }
    snprintf(out->resource, sizeof out->resource, "pods/log");
    swb__buffer_text(&out->path, "/log");
    parameter(out, "container", container);
    if (lines > 0) {
        number(out, "tailLines", lines);
    }
    if (bytes > 0) {
        number(out, "limitBytes", bytes);
    }
    if (previous) {
        parameter(out, "previous", "true");
    }
    return end(out, error);
}

int swb__kube_log_follow(swb__kube_request *out, const char *name_space, const char *pod,
                         const char *container, const char *since, swb_error *error)
{
    const swb__kube_target target = {&pods, name_space, pod};
    int status = begin(out, "GET", "get", &target, error);
    if (status != SWB_OK) {
        return status;
    }
    snprintf(out->resource, sizeof out->resource, "pods/log");
    swb__buffer_text(&out->path, "/log");
    parameter(out, "container", container);
    parameter(out, "follow", "true");
    parameter(out, "timestamps", "true");
    if (since != NULL) {
        parameter(out, "sinceTime", since);
    }
    return end(out, error);
}

/* Fills {"resourceAttributes": ...}; "pods/log" is resource and part. */
static bool add_attributes(cJSON *spec, const char *name_space, const char *group,
                           const char *resource, const char *verb)
{
    char plural[SWB__KUBE_KIND_SIZE];
    const char *slash = strchr(resource, '/');
    cJSON *at = cJSON_AddObjectToObject(spec, "resourceAttributes");
    snprintf(plural, sizeof plural, "%.*s", (int)strcspn(resource, "/"), resource);
    return at != NULL && cJSON_AddStringToObject(at, "verb", verb) != NULL &&
           cJSON_AddStringToObject(at, "group", group) != NULL &&
           cJSON_AddStringToObject(at, "resource", plural) != NULL &&
           (name_space == NULL || cJSON_AddStringToObject(at, "namespace", name_space) != NULL) &&
           (slash == NULL || cJSON_AddStringToObject(at, "subresource", slash + 1) != NULL);
}

int swb__kube_access(swb__kube_request *out, const char *name_space, const char *group,
                     const char *resource, const char *verb, swb_error *error)
{
    swb__kube_resource review;
    swb__kube_resource_known(&review, "authorization.k8s.io/v1", "SelfSubjectAccessReview");
    const swb__kube_target target = {&review, NULL, NULL};
    cJSON *root = cJSON_CreateObject();
    cJSON *spec = NULL;
    char *json = NULL;
    if (root != NULL && cJSON_AddStringToObject(root, "apiVersion", review.api_version) != NULL &&
        cJSON_AddStringToObject(root, "kind", review.kind) != NULL) {
        spec = cJSON_AddObjectToObject(root, "spec");
    }
    if (spec != NULL && add_attributes(spec, name_space, group, resource, verb)) {
        json = cJSON_PrintUnformatted(root);
    }
    cJSON_Delete(root);
    if (json == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb__kube_create_object(out, &target, json, strlen(json), error);
    free(json);
    return status;
}

int swb__kube_version(swb__kube_request *out, swb_error *error)
{
    out->verb = "get";
    out->method = "GET";
    snprintf(out->what, sizeof out->what, "the version of the API server");
    swb__buffer_text(&out->path, "/version");
    return out->path.status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}

int swb__kube_proxy_path(swb__buffer *out, const char *name_space, const char *pod, uint16_t port,
                         swb_error *error)
{
    int status = swb__kube_path(out, &pods, name_space, pod, error);
    if (status == SWB_OK) {
        swb__buffer_printf(out, ":%u/proxy", (unsigned)port);
        status = out->status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
    }
    return status;
}
