/* Cleaning a cluster: everything that carries the label of a run, or of an experiment, whose runner
 * died. */
#include "deploy/kubernetes_clean.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "deploy/kubernetes_site.h"
#include "deploy/kubernetes_wait.h"

#define PAGE 500u
#define LOOK_AGAIN_NS (300 * SWB__NS_PER_MS)
#define MANAGED "app.kubernetes.io/managed-by=swarmbench,"

/* What charts are made of; what makes others comes first. */
static const struct {
    const char *api_version;
    const char *kind;
} kinds[] = {
    {"apps/v1", "StatefulSet"},
    {"apps/v1", "Deployment"},
    {"batch/v1", "Job"},
    {"v1", "Service"},
    {"v1", "ConfigMap"},
    {"networking.k8s.io/v1", "NetworkPolicy"},
    {"v1", "PersistentVolumeClaim"},
    {"v1", "Pod"},
};

typedef struct cleaning {
    swb__kube_config config;
    swb__kube_waiter waiter;
    const char *name_space;
    char selector[256];
    char token_secret[SWB__KUBE_NAME_SIZE]; /* may not be listed, and is known by its name */
    bool dry_run;
    uint32_t count;
    int status; /* the first failure that does not keep from going on */
    swb_error *error;
} cleaning;

/* What is forbidden keeps nothing else from being cleaned. */
static int note(cleaning *at, int status, swb__kube_failure failure, const swb_error *error)
{
    if (at->status == SWB_OK) {
        at->status = status;
        if (at->error != NULL) {
            *at->error = *error;
        }
    }
    return failure == SWB__KUBE_FORBIDDEN ? SWB_OK : status;
}

/* --- deleting --- */

static int delete_one(cleaning *at, const swb__kube_resource *resource, const char *name)
{
    swb_error error = SWB_ERROR_INIT;
    swb__kube_failure failure;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {resource, at->name_space, name};
    int built = swb__kube_delete(&request, &target, SWB__KUBE_FOREGROUND, -1, &error);
    int status = swb__kube_wait(NULL, &failure, &at->waiter, &request, built, &error);
    at->count += status == SWB_OK;
    return status == SWB_OK || failure == SWB__KUBE_NOT_FOUND ? SWB_OK
                                                              : note(at, status, failure, &error);
}

/* One that is on its way out already is left to it. */
static int delete_listed(cleaning *at, const swb__kube_resource *resource, const cJSON *list)
{
    const cJSON *item;
    int status = SWB_OK;
    cJSON_ArrayForEach(item, swb__kube_member(list, "items"))
    {
        if (status != SWB_OK || *swb__kube_text(item, "metadata.deletionTimestamp") != '\0') {
            continue;
        }
        if (at->dry_run) {
            at->count++;
        } else {
            status = delete_one(at, resource, swb__kube_text(item, "metadata.name"));
        }
    }
    return status;
}

/* `*list_out` is to be freed; NULL on failure. */
static int list(cleaning *at, cJSON **list_out, swb__kube_failure *failure_out,
                const swb__kube_resource *resource, unsigned limit, swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {resource, at->name_space, NULL};
    int built = swb__kube_list(&request, &target, at->selector, limit, NULL, error);
    return swb__kube_wait(list_out, failure_out, &at->waiter, &request, built, error);
}

/* --- kinds --- */

/* Who may not make objects of a kind has left none. */
static bool may_have_made(cleaning *at, const swb__kube_resource *resource)
{
    bool may;
    char group[SWB__KUBE_VERSION_SIZE];
    swb__kube_group(group, sizeof group, resource);
    int status = swb__kube_wait_allowed(&may, &at->waiter, at->name_space, group, resource->plural,
                                        "create", NULL);
    return may || status != SWB_OK;
}

static int clean_kind(cleaning *at, size_t kind)
{
    cJSON *listed = NULL;
    swb_error error = SWB_ERROR_INIT;
    swb__kube_failure failure;
    swb__kube_resource resource;
    swb__kube_resource_known(&resource, kinds[kind].api_version, kinds[kind].kind);
    int status = list(at, &listed, &failure, &resource, PAGE, &error);
    if (status == SWB_OK) {
        status = delete_listed(at, &resource, listed);
    } else if (failure == SWB__KUBE_FORBIDDEN && !may_have_made(at, &resource)) {
        status = SWB_OK;
    } else {
        status = note(at, status, failure, &error);
    }
    cJSON_Delete(listed);
    return status;
}

/* A runner with the fewest rights may write and delete Secrets, and not read them. */
static int clean_secrets(cleaning *at)
{
    cJSON *listed = NULL;
    swb_error error = SWB_ERROR_INIT;
    swb__kube_failure failure;
    swb__kube_resource secret;
    swb__kube_resource_known(&secret, "v1", "Secret");
    int status = list(at, &listed, &failure, &secret, PAGE, &error);
    if (status == SWB_OK) {
        status = delete_listed(at, &secret, listed);
    } else if (failure != SWB__KUBE_FORBIDDEN) {
        status = note(at, status, failure, &error);
    } else {
        status = at->dry_run ? SWB_OK : delete_one(at, &secret, at->token_secret);
    }
    cJSON_Delete(listed);
    return status;
}

static int clean(cleaning *at)
{
    int status = SWB_OK;
    for (size_t i = 0; status == SWB_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
        status = clean_kind(at, i);
    }
    if (status == SWB_OK) {
        status = clean_secrets(at);
    }
    return at->status;
}

/* --- by the journal --- */

/* The files of $KUBECONFIG, each by its absolute path; NULL where it names none. */
static char *absolute_list(const char *paths)
{
    char one[PATH_MAX];
    swb__buffer all = SWB__BUFFER_INIT((size_t)64 << 10);
    for (const char *at = paths; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ":");
        snprintf(one, sizeof one, "%.*s", (int)length, at);
        char *path = length > 0 ? swb__absolute_path(one) : NULL;
        if (path != NULL) {
            swb__buffer_printf(&all, "%s%s", all.length > 0 ? ":" : "", path);
        }
        free(path);
        at += length + (at[length] == ':');
    }
    return swb__buffer_take(&all);
}

/* Who the journal's line is about; JSON on one line. Whoever cleans may have another environment.
 */
int swb__kubernetes_clean_text(char **out, const kubernetes_site *site, swb_error *error)
{
    bool in_files = !site->config.in_cluster;
    bool named = site->options.kubeconfig != NULL;
    char *file = in_files && named ? swb__absolute_path(site->options.kubeconfig) : NULL;
    char *files = in_files && !named ? absolute_list(getenv("KUBECONFIG")) : NULL;
    cJSON *line = cJSON_CreateObject();
    const char *const texts[][2] = {{"run", site->id},
                                    {"namespace", site->config.name_space},
                                    {"kubeconfig", file},
                                    {"context", site->config.context},
                                    {"variable", files},
                                    {"server", site->config.server},
                                    {"secret", site->token_secret}};
    bool made = line != NULL;
    for (size_t i = 0; made && i < sizeof texts / sizeof texts[0]; i++) {
        made =
            texts[i][1] == NULL || cJSON_AddStringToObject(line, texts[i][0], texts[i][1]) != NULL;
    }
    char *text = made ? cJSON_PrintUnformatted(line) : NULL;
    cJSON_Delete(line);
    free(files);
    free(file);
    if (text == NULL) {
        return swb__fail_nomem(error);
    }
    *out = text;
    return SWB_OK;
}

static const char *given(const cJSON *line, const char *key)
{
    const char *text = swb__kube_text(line, key);
    return *text != '\0' ? text : NULL;
}

/* Another cluster by now would have none of it, and say so as if all were well. */
static int reach(cleaning *at, const cJSON *line, swb_error *error)
{
    const char *server = given(line, "server");
    const swb__kube_places places = {.kubeconfig = given(line, "kubeconfig"),
                                     .variable = given(line, "variable"),
                                     .context = given(line, "context"),
                                     .name_space = at->name_space};
    int status = swb__kube_config_load(&at->config, &places, error);
    if (status == SWB_OK && server != NULL && strcmp(server, at->config.server) != 0) {
        status = swb__fail(error, SWB_EINPUT,
                           "it is in the cluster at %.200s, and %.200s leads to %.200s now", server,
                           at->config.source, at->config.server);
    }
    return status == SWB_OK ? swb__kube_waiter_init(&at->waiter, &at->config, error) : status;
}

int swb__kubernetes_clean(uint32_t *count_out, const char *text, bool dry_run, swb_error *error)
{
    cJSON *line = cJSON_Parse(text);
    const char *run = swb__kube_text(line, "run");
    cleaning at = {
        .name_space = swb__kube_text(line, "namespace"), .dry_run = dry_run, .error = error};
    snprintf(at.selector, sizeof at.selector, MANAGED KUBERNETES_RUN_LABEL "=%s", run);
    const char *secret = given(line, "secret");
    snprintf(at.token_secret, sizeof at.token_secret, "%.200s%s", secret != NULL ? secret : run,
             secret != NULL ? "" : "-token");
    int status = swb__kube_is_name(run) && swb__kube_is_name(at.name_space)
                     ? reach(&at, line, error)
                     : swb__fail(error, SWB_EINPUT, "'%.200s' names no run in a cluster", text);
    if (status == SWB_OK) {
        status = clean(&at);
        swb__kube_waiter_finish(&at.waiter);
    }
    if (status != SWB_OK) {
        swb__error_context(error, "clean run '%.40s' in namespace '%.60s'", run, at.name_space);
    }
    *count_out = at.count;
    swb__kube_config_finish(&at.config);
    cJSON_Delete(line);
    return status;
}

/* --- by the experiment --- */

/* Pods count in quotas until they are gone. */
static int wait_until_gone(cleaning *at, uint64_t limit_ns, swb_error *error)
{
    swb__kube_resource pod;
    swb__kube_failure failure;
    int64_t give_up_ns = swb__clock_ns() + (int64_t)limit_ns;
    swb__kube_resource_known(&pod, "v1", "Pod");
    for (;;) {
        cJSON *listed = NULL;
        int status = list(at, &listed, &failure, &pod, 1, error);
        int left = cJSON_GetArraySize(swb__kube_member(listed, "items"));
        cJSON_Delete(listed);
        if (status != SWB_OK || left == 0) {
            return status;
        }
        if (swb__clock_ns() > give_up_ns) {
            return swb__fail(error, SWB_ETIMEDOUT,
                             "pods of a runner before are still there after deploy.close_timeout");
        }
        nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_NS}, NULL);
    }
}

int swb__kubernetes_recover(uint32_t *count_out, const swb_option_value *values, swb_error *error)
{
    kubernetes_options options;
    const char *label = swb__kubernetes_experiment_label(NULL);
    cleaning at = {.error = error};
    *count_out = 0;
    if (label == NULL) {
        return SWB_OK; /* the journal tells */
    }
    swb__kubernetes_options_read(&options, values);
    int status = swb__kubernetes_config(&at.config, &options, error);
    if (status == SWB_OK) {
        status = swb__kube_waiter_init(&at.waiter, &at.config, error);
    }
    if (status != SWB_OK) {
        swb__kube_config_finish(&at.config);
        return status;
    }
    at.name_space = at.config.name_space;
    snprintf(at.selector, sizeof at.selector,
             MANAGED KUBERNETES_EXPERIMENT_LABEL "=%.63s," KUBERNETES_RUN_LABEL, label);
    swb__kubernetes_token_secret(at.token_secret, sizeof at.token_secret, NULL);
    status = clean(&at);
    if (status == SWB_OK) {
        status = wait_until_gone(&at, options.close_timeout_ns, error);
    }
    *count_out = at.count;
    swb__kube_waiter_finish(&at.waiter);
    swb__kube_config_finish(&at.config);
    return status;
}
