/* The values of a chart, from the options of the experiment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/buffer.h"
#include "deploy/addresses.h"
#include "deploy/kubernetes_options.h"
#include "host/node_process.h"

#define GIB ((uint64_t)1 << 30)
#define VALUES_MAX 32

typedef struct values {
    char *list[VALUES_MAX + 1];
    size_t count;
    bool failed;
} values;

/* Takes `item`. */
static void put(values *all, const char *key, cJSON *item)
{
    swb__buffer text = SWB__BUFFER_INIT(64u << 10);
    char *json = item != NULL ? cJSON_PrintUnformatted(item) : NULL;
    swb__buffer_printf(&text, "%s=%s", key, json != NULL ? json : "");
    char *whole = json != NULL ? swb__buffer_take(&text) : NULL;
    swb__buffer_finish(&text);
    free(json);
    cJSON_Delete(item);
    if (whole == NULL || all->count == VALUES_MAX) {
        free(whole);
        all->failed = true;
        return;
    }
    all->list[all->count++] = whole;
}

static void put_text(values *all, const char *key, const char *text)
{
    if (text != NULL) {
        put(all, key, cJSON_CreateString(text));
    }
}

static void put_part(values *all, const char *key, const char *text, size_t length)
{
    char *copy = strndup(text, length);
    put_text(all, key, copy != NULL ? copy : "");
    all->failed = all->failed || copy == NULL;
    free(copy);
}

const char *swb__kubernetes_image_name(const swb_driver *driver)
{
    return strcmp(driver->name, "tracker") == 0 ? "opentracker" : driver->name;
}

/* `key`: "image" or "agent.image". */
static void put_image(values *all, const kubernetes_options *options, const char *key,
                      const char *name)
{
    char path[64];
    size_t length = 0;
    swb__buffer repository = SWB__BUFFER_INIT(4096);
    const char *digest = swb__kubernetes_listed(&length, options->image_digests, name);
    swb__buffer_printf(&repository, "%s%s", options->image_prefix, name);
    snprintf(path, sizeof path, "%s.repository", key);
    put_text(all, path, swb__buffer_string(&repository));
    swb__buffer_finish(&repository);
    snprintf(path, sizeof path, "%s.tag", key);
    put_text(all, path, options->image_tag);
    snprintf(path, sizeof path, "%s.digest", key);
    if (digest != NULL) {
        put_part(all, path, digest, length);
    }
    snprintf(path, sizeof path, "%s.pullPolicy", key);
    put_text(all, path, options->pull_policy);
}

/* NAME:TAG, NAME@DIGEST or NAME:TAG@DIGEST; the name may begin with HOST:PORT/. */
static void put_named_image(values *all, const kubernetes_options *options, const char *image)
{
    const char *slash = strrchr(image, '/');
    const char *rest = slash != NULL ? slash : image;
    size_t name = (size_t)(rest - image) + strcspn(rest, ":@");
    const char *digest = strchr(image, '@');
    put_part(all, "image.repository", image, name);
    if (image[name] == ':') {
        put_part(all, "image.tag", image + name + 1, strcspn(image + name + 1, "@"));
    }
    if (digest != NULL) {
        put_text(all, "image.digest", digest + 1);
    }
    put_text(all, "image.pullPolicy", options->pull_policy);
}

static void put_selector(values *all, const char *list)
{
    cJSON *object = cJSON_CreateObject();
    for (const char *at = list; object != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        size_t name = strcspn(at, "=");
        char *key = strndup(at, name);
        char *value = strndup(at + name + 1, length - name - 1);
        bool added =
            key != NULL && value != NULL && cJSON_AddStringToObject(object, key, value) != NULL;
        all->failed = all->failed || !added;
        free(key);
        free(value);
        at += length + (at[length] == ',');
    }
    put(all, "nodeSelector", object);
}

static void put_data(values *all, const kubernetes_options *options,
                     const kubernetes_group_values *group)
{
    char size[32];
    uint64_t bytes = options->data_size_bytes;
    if (bytes == 0) {
        bytes = 2 * group->data_bytes + GIB;
    }
    snprintf(size, sizeof size, "%llu", (unsigned long long)bytes);
    put_text(all, "data.size", size);
    put_text(all, "data.storageClass", options->storage_class);
}

static void put_ports(values *all)
{
    put(all, "ports.data", cJSON_CreateNumber(SWB__DATA_PORT));
    put(all, "ports.api", cJSON_CreateNumber(SWB__API_PORT));
}

char **swb__kubernetes_values(const kubernetes_options *options,
                              const kubernetes_group_values *group)
{
    values all = {.count = 0};
    put(&all, "nodes", cJSON_CreateNumber((double)group->nodes));
    put_text(&all, "run.experiment", swb__kubernetes_experiment_label(group->run));
    put_text(&all, "run.id", group->run);
    put_text(&all, "run.group", group->group);
    put_text(&all, "run.role", group->role);
    put_text(&all, "agent.tokenSecret", group->token_secret);
    const char *image = swb__kubernetes_image(group->driver, group->options);
    if (image != NULL) {
        put_named_image(&all, options, image);
    } else {
        put_image(&all, options, "image", swb__kubernetes_image_name(group->driver));
    }
    if (group->driver->program == NULL) {
        put_text(&all, "launch", "runner"); /* not by the image itself, which is that chart's way */
    }
    put_image(&all, options, "agent.image", "agent");
    put_data(&all, options, group);
    put_ports(&all);
    put_text(&all, "resources.requests.cpu", options->cpu);
    put_text(&all, "resources.requests.memory", options->memory);
    put_text(&all, "resources.limits.memory", options->memory_limit);
    put_text(&all, "antiAffinity", options->anti_affinity);
    put_text(&all, "priorityClassName", options->priority_class);
    if (options->network_policy) {
        put(&all, "networkPolicy.enabled", cJSON_CreateTrue());
    }
    if (options->node_selector != NULL) {
        put_selector(&all, options->node_selector);
    }
    if (options->pull_secret != NULL) {
        cJSON *list = cJSON_CreateArray();
        cJSON *secret = cJSON_CreateObject();
        cJSON_AddStringToObject(secret, "name", options->pull_secret);
        cJSON_AddItemToArray(list, secret);
        put(&all, "imagePullSecrets", list);
    }
    char **list = all.failed ? NULL : swb__list_copy((const char *const *)all.list);
    for (size_t i = 0; i < all.count; i++) {
        free(all.list[i]);
    }
    return list;
}
