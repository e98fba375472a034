/* A Kustomize overlay for one group of nodes: it stands on a base or on a user's own overlay, and
 * lays over it what differs from run to run. JSON is YAML, too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/buffer.h"
#include "base/file.h"
#include "deploy/kubernetes_options.h"

#define PATH_SIZE 4096
#define GIB ((uint64_t)1 << 30)
#define IMAGES "localhost/swarmbench/" /* in the bases */

static bool is_overlay(const char *path)
{
    static const char *const names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};
    char file[PATH_SIZE];
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        found = found || access(file, R_OK) == 0;
    }
    return found;
}

/* The user's own one; NULL. */
static const char *named(size_t *length_out, const kubernetes_options *options,
                         const swb_driver *driver, const char *role)
{
    char key[256];
    snprintf(key, sizeof key, "%s-%s", driver->name, role);
    const char *own = swb__kubernetes_listed(length_out, options->overlays, key);
    return own != NULL ? own : swb__kubernetes_listed(length_out, options->overlays, driver->name);
}

bool swb__kubernetes_overlay_path(char *out, size_t size, const kubernetes_options *options,
                                  const swb_driver *driver, const char *role)
{
    size_t length = 0;
    char charts[PATH_SIZE];
    const char *own = named(&length, options, driver, role);
    if (own != NULL) {
        snprintf(out, size, "%.*s", (int)length, own);
    } else {
        swb__kubernetes_charts(charts, sizeof charts, options);
        snprintf(out, size, "%s/kustomize/base/%s", charts, swb__kubernetes_chart(driver));
    }
    return is_overlay(out);
}

/* Kustomize takes no absolute paths. */
static int make_relative(swb__buffer *out, const char *from, const char *to, swb_error *error)
{
    char *directory = realpath(from, NULL);
    char *target = realpath(to, NULL);
    int status = directory != NULL && target != NULL
                     ? SWB_OK
                     : swb__fail_errno(error, SWB_EIO, errno, "%s", directory == NULL ? from : to);
    for (const char *at = directory; status == SWB_OK && *at != '\0'; at++) {
        if (*at == '/' && at[1] != '\0') {
            swb__buffer_text(out, "../");
        }
    }
    if (status == SWB_OK) {
        swb__buffer_text(out, target + 1);
    }
    free(directory);
    free(target);
    return status;
}

static cJSON *put_object(cJSON *in, const char *key)
{
    return cJSON_AddObjectToObject(in, key);
}

static cJSON *add_object(cJSON *list)
{
    cJSON *made = cJSON_CreateObject();
    return cJSON_AddItemToArray(list, made) ? made : NULL;
}

static void put_text(cJSON *in, const char *key, const char *text)
{
    if (text != NULL) {
        cJSON_AddStringToObject(in, key, text);
    }
}

/* --- the set of pods --- */

static cJSON *put_container(cJSON *list, const char *name, const kubernetes_options *options)
{
    cJSON *made = add_object(list);
    put_text(made, "name", name);
    put_text(made, "imagePullPolicy", options->pull_policy);
    return made;
}

static void put_resources(cJSON *container, const kubernetes_options *options)
{
    cJSON *resources = put_object(container, "resources");
    cJSON *requests = put_object(resources, "requests");
    put_text(requests, "cpu", options->cpu);
    put_text(requests, "memory", options->memory);
    put_text(put_object(resources, "limits"), "memory", options->memory_limit);
}

static void put_containers(cJSON *pod, const kubernetes_options *options,
                           const kubernetes_group_values *group)
{
    cJSON *containers = cJSON_AddArrayToObject(pod, "containers");
    cJSON *node = put_container(containers, "node", options);
    put_text(node, "image", swb__kubernetes_image(group->driver, group->options));
    put_resources(node, options);
    put_container(containers, "agent", options);
    put_container(cJSON_AddArrayToObject(pod, "initContainers"), "install", options);
}

/* The disk of a user's own overlay stays as it is, unless the experiment has a size. */
static void put_volumes(cJSON *pod, const kubernetes_options *options,
                        const kubernetes_group_values *group)
{
    size_t length;
    char size[32];
    cJSON *volumes = cJSON_AddArrayToObject(pod, "volumes");
    cJSON *token = add_object(volumes);
    put_text(token, "name", "token");
    put_text(put_object(token, "secret"), "secretName", group->token_secret);
    if (options->data_size_bytes == 0 &&
        named(&length, options, group->driver, group->role) != NULL) {
        return;
    }
    snprintf(size, sizeof size, "%llu",
             (unsigned long long)(options->data_size_bytes != 0 ? options->data_size_bytes
                                                                : 2 * group->data_bytes + GIB));
    cJSON *data = add_object(volumes);
    put_text(data, "name", "data");
    put_text(put_object(data, "emptyDir"), "sizeLimit", size);
}

static void put_selector(cJSON *pod, const char *list)
{
    cJSON *selector = list != NULL ? put_object(pod, "nodeSelector") : NULL;
    for (const char *at = list; at != NULL && *at != '\0';) {
        char key[256];
        char value[256];
        size_t length = strcspn(at, ",");
        size_t name = strcspn(at, "=");
        snprintf(key, sizeof key, "%.*s", (int)name, at);
        snprintf(value, sizeof value, "%.*s", (int)(length - name - 1), at + name + 1);
        put_text(selector, key, value);
        at += length + (at[length] == ',');
    }
}

/* Lists are merged by their items' names. */
static char *set_patch(const kubernetes_options *options, const kubernetes_group_values *group)
{
    cJSON *set = cJSON_CreateObject();
    put_text(set, "apiVersion", "apps/v1");
    put_text(set, "kind", "StatefulSet");
    put_text(put_object(set, "metadata"), "name", "any");
    cJSON *spec = put_object(set, "spec");
    cJSON_AddNumberToObject(spec, "replicas", (double)group->nodes);
    cJSON *pod = put_object(put_object(spec, "template"), "spec");
    put_containers(pod, options, group);
    put_volumes(pod, options, group);
    put_selector(pod, options->node_selector);
    put_text(pod, "priorityClassName", options->priority_class);
    if (options->pull_secret != NULL) {
        put_text(add_object(cJSON_AddArrayToObject(pod, "imagePullSecrets")), "name",
                 options->pull_secret);
    }
    char *text = cJSON_PrintUnformatted(set);
    cJSON_Delete(set);
    return text;
}

/* --- the overlay --- */

static void put_labels(cJSON *overlay, const kubernetes_group_values *group)
{
    cJSON *labels = cJSON_AddArrayToObject(overlay, "labels");
    cJSON *selected = add_object(labels);
    put_text(put_object(selected, "pairs"), "app.kubernetes.io/instance", group->group);
    cJSON_AddTrueToObject(selected, "includeSelectors");
    cJSON *told = add_object(labels);
    cJSON *pairs = put_object(told, "pairs");
    put_text(pairs, "app.kubernetes.io/managed-by", "swarmbench");
    put_text(pairs, "swarmbench.dev/experiment", swb__kubernetes_experiment_label(group->run));
    put_text(pairs, "swarmbench.dev/run", group->run);
    put_text(pairs, "swarmbench.dev/group", group->group);
    put_text(pairs, "swarmbench.dev/role", group->role);
    cJSON_AddTrueToObject(told, "includeTemplates");
}

/* Only the bases' own: an image that an overlay has put in its place stays. */
static void put_image(cJSON *images, const kubernetes_options *options, const char *name)
{
    char text[PATH_SIZE];
    size_t length = 0;
    cJSON *image = add_object(images);
    const char *digest = swb__kubernetes_listed(&length, options->image_digests, name);
    snprintf(text, sizeof text, IMAGES "%s", name);
    put_text(image, "name", text);
    snprintf(text, sizeof text, "%s%s", options->image_prefix, name);
    put_text(image, "newName", text);
    if (digest != NULL) {
        snprintf(text, sizeof text, "%.*s", (int)length, digest);
        put_text(image, "digest", text);
    } else {
        put_text(image, "newTag", options->image_tag);
    }
}

static char *overlay_text(const char *base, const kubernetes_options *options,
                          const kubernetes_group_values *group)
{
    char prefix[64];
    cJSON *overlay = cJSON_CreateObject();
    put_text(overlay, "apiVersion", "kustomize.config.k8s.io/v1beta1");
    put_text(overlay, "kind", "Kustomization");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(overlay, "resources"), cJSON_CreateString(base));
    snprintf(prefix, sizeof prefix, "%s-", group->group);
    put_text(overlay, "namePrefix", prefix);
    put_labels(overlay, group);
    cJSON *images = cJSON_AddArrayToObject(overlay, "images");
    put_image(images, options, swb__kubernetes_image_name(group->driver));
    put_image(images, options, "agent");
    cJSON *patch = add_object(cJSON_AddArrayToObject(overlay, "patches"));
    put_text(put_object(patch, "target"), "kind", "StatefulSet");
    char *set = set_patch(options, group);
    put_text(patch, "patch", set);
    char *text = set != NULL ? cJSON_Print(overlay) : NULL;
    free(set);
    cJSON_Delete(overlay);
    return text;
}

int swb__kubernetes_overlay_write(const char *directory, const char *overlay,
                                  const kubernetes_options *options,
                                  const kubernetes_group_values *group, swb_error *error)
{
    char path[PATH_SIZE];
    swb__buffer base = SWB__BUFFER_INIT(2 * PATH_SIZE);
    snprintf(path, sizeof path, "%s/kustomization.yaml", directory);
    int status = swb__make_dirs(directory, 0755, error);
    if (status == SWB_OK) {
        status = make_relative(&base, directory, overlay, error);
    }
    char *text = status == SWB_OK && base.status == SWB_OK
                     ? overlay_text(swb__buffer_string(&base), options, group)
                     : NULL;
    if (status == SWB_OK) {
        status = text == NULL ? swb__fail_nomem(error)
                              : swb__write_file(path, 0644, text, strlen(text), error);
    }
    swb__buffer_finish(&base);
    free(text);
    return status;
}
