/* Cleaning a cluster: everything that carries the label of a run whose runner died. */
#include "deploy/kubernetes_clean.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/kubernetes_site.h"
#include "deploy/kubernetes_wait.h"

#define PAGE 500u

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
    {"v1", "Secret"},
    {"networking.k8s.io/v1", "NetworkPolicy"},
    {"v1", "PersistentVolumeClaim"},
    {"v1", "Pod"},
};

/* Who the journal's line is about; JSON on one line. */
int swb__kubernetes_clean_text(char **out, const kubernetes_site *site, swb_error *error)
{
    cJSON *line = cJSON_CreateObject();
    const char *const texts[][2] = {{"run", site->id},
                                    {"namespace", site->config.name_space},
                                    {"context", site->config.context},
                                    {"kubeconfig", site->options.kubeconfig}};
    bool made = line != NULL;
    for (size_t i = 0; made && i < sizeof texts / sizeof texts[0]; i++) {
        made =
            texts[i][1] == NULL || cJSON_AddStringToObject(line, texts[i][0], texts[i][1]) != NULL;
    }
    char *text = made ? cJSON_PrintUnformatted(line) : NULL;
    cJSON_Delete(line);
    if (text == NULL) {
        return swb__fail_nomem(error);
    }
    *out = text;
    return SWB_OK;
}

static int delete_one(swb__kube_waiter *waiter, const swb__kube_resource *resource,
                      const cJSON *item, swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__kube_failure failure = SWB__KUBE_FINE;
    const swb__kube_target target = {resource, swb__kube_text(item, "metadata.namespace"),
                                     swb__kube_text(item, "metadata.name")};
    int status = swb__kube_delete(&request, &target, SWB__KUBE_FOREGROUND, -1, error);
    if (status == SWB_OK) {
        status = swb__kube_wait(NULL, &failure, waiter, &request, error);
    }
    swb__kube_request_finish(&request);
    return failure == SWB__KUBE_NOT_FOUND ? SWB_OK : status;
}

/* One that is on its way out already is left to it. */
static int delete_listed(uint32_t *count, swb__kube_waiter *waiter,
                         const swb__kube_resource *resource, const cJSON *list, bool dry_run,
                         swb_error *error)
{
    const cJSON *item;
    int status = SWB_OK;
    cJSON_ArrayForEach(item, swb__kube_member(list, "items"))
    {
        if (status != SWB_OK || *swb__kube_text(item, "metadata.deletionTimestamp") != '\0') {
            continue;
        }
        status = dry_run ? SWB_OK : delete_one(waiter, resource, item, error);
        *count += status == SWB_OK;
    }
    return status;
}

static int clean_kind(uint32_t *count, swb__kube_waiter *waiter, const char *name_space,
                      const char *selector, const swb__kube_resource *resource, bool dry_run,
                      swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {resource, name_space, NULL};
    cJSON *list = NULL;
    int status = swb__kube_list(&request, &target, selector, PAGE, NULL, error);
    if (status == SWB_OK) {
        status = swb__kube_wait(&list, NULL, waiter, &request, error);
    }
    swb__kube_request_finish(&request);
    if (status == SWB_OK) {
        status = delete_listed(count, waiter, resource, list, dry_run, error);
    }
    cJSON_Delete(list);
    return status;
}

static int clean_run(uint32_t *count, swb__kube_waiter *waiter, const char *name_space,
                     const char *run, bool dry_run, swb_error *error)
{
    char selector[128];
    int status = SWB_OK;
    snprintf(selector, sizeof selector,
             "app.kubernetes.io/managed-by=swarmbench," KUBERNETES_RUN_LABEL "=%s", run);
    for (size_t i = 0; status == SWB_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
        swb__kube_resource resource;
        swb__kube_resource_known(&resource, kinds[i].api_version, kinds[i].kind);
        status = clean_kind(count, waiter, name_space, selector, &resource, dry_run, error);
    }
    return status;
}

int swb__kubernetes_clean(uint32_t *count_out, const char *text, bool dry_run, swb_error *error)
{
    cJSON *line = cJSON_Parse(text);
    const char *run = swb__kube_text(line, "run");
    const char *context = swb__kube_text(line, "context");
    const char *kubeconfig = swb__kube_text(line, "kubeconfig");
    swb__kube_config config = {0};
    swb__kube_waiter waiter = {NULL, NULL};
    int status = SWB_OK;
    *count_out = 0;
    const swb__kube_places places = {.kubeconfig = *kubeconfig != '\0' ? kubeconfig : NULL,
                                     .context = *context != '\0' ? context : NULL,
                                     .name_space = swb__kube_text(line, "namespace")};
    if (!swb__kube_is_name(run) || !swb__kube_is_name(places.name_space)) {
        status = swb__fail(error, SWB_EINPUT, "'%.200s' names no run in a cluster", text);
    }
    if (status == SWB_OK) {
        status = swb__kube_config_load(&config, &places, error);
    }
    if (status == SWB_OK) {
        status = swb__kube_waiter_init(&waiter, &config, error);
    }
    if (status == SWB_OK) {
        status = clean_run(count_out, &waiter, places.name_space, run, dry_run, error);
        swb__kube_waiter_finish(&waiter);
    }
    if (status != SWB_OK) {
        swb__error_context(error, "clean run '%.40s' in namespace '%.60s'", run, places.name_space);
    }
    swb__kube_config_finish(&config);
    cJSON_Delete(line);
    return status;
}
