/* The groups of a run become releases of their charts or overlays, after the agents' token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/kubernetes_site.h"
#include "host/node_process.h"
#include "kube/base64.h"

static void next_group(kubernetes_site *site);

/* True: something is still on its way to the cluster. */
bool swb__kubernetes_end_render(kubernetes_site *site)
{
    kubernetes_release *release = site->release;
    site->release = NULL;
    return swb__kubernetes_release_cancel(release);
}

static void end(kubernetes_site *site, int status, const swb_error *error)
{
    if (status != SWB_OK) {
        swb__kubernetes_fail_up(site, status, error);
        return;
    }
    swb_error own = SWB_ERROR_INIT;
    int followed = swb__kubernetes_follow(site, &own);
    if (followed != SWB_OK) {
        swb__kubernetes_fail_up(site, followed, &own);
    } else {
        swb__kubernetes_look_for_refusals(site);
    }
}

static int note_applied(void *argument, const swb__kube_resource *resource, const char *name_space,
                        const char *name, swb_error *error)
{
    kubernetes_site *site = argument;
    if (site->applied_count == site->applied_capacity) {
        size_t capacity = site->applied_capacity == 0 ? 8 : site->applied_capacity * 2;
        kubernetes_applied *applied = realloc(site->applied, capacity * sizeof *applied);
        if (applied == NULL) {
            return swb__fail_nomem(error);
        }
        site->applied = applied;
        site->applied_capacity = capacity;
    }
    kubernetes_applied *at = &site->applied[site->applied_count++];
    *at = (kubernetes_applied){.resource = *resource};
    snprintf(at->name, sizeof at->name, "%s", name);
    snprintf(at->name_space, sizeof at->name_space, "%s", name_space);
    return strcmp(resource->kind, "StatefulSet") == 0 ? swb__kubernetes_note_set(site, name, error)
                                                      : SWB_OK;
}

/* Whether the site is still on its way up. */
static bool goes_on(kubernetes_site *site)
{
    site->calling = false;
    if (site->closing) {
        swb__kubernetes_applied(site);
        return false;
    }
    return true;
}

/* What the cluster does not allow, it will not allow the next run either. */
static void refuse(kubernetes_site *site, const swb__kube_outcome *outcome)
{
    bool lasts = outcome->failure != SWB__KUBE_FINE && !swb__kube_is_passing(outcome->failure);
    end(site, lasts ? SWB_EENV : outcome->status, outcome->error);
}

/* --- groups --- */

static void on_released(void *argument, int status, const swb_error *error)
{
    kubernetes_site *site = argument;
    site->release = NULL;
    if (!goes_on(site)) {
        return;
    }
    if (status != SWB_OK) {
        end(site, status, error);
        return;
    }
    const kubernetes_group *group = &site->groups[site->rendering];
    if (group->set[0] == '\0') {
        swb_error own = SWB_ERROR_INIT;
        swb__fail(&own, SWB_EINPUT, "what is rendered for driver '%s' has no StatefulSet",
                  group->driver->name);
        end(site, SWB_EINPUT, &own);
        return;
    }
    site->rendering++;
    next_group(site);
}

static kubernetes_release_request release_of(kubernetes_site *site, const char *origin)
{
    return (kubernetes_release_request){
        .client = site->client,
        .work_dir = site->request->work_dir,
        .origin = origin,
        .name = site->groups[site->rendering].release,
        .applies = note_applied,
        .done = on_released,
        .argument = site,
    };
}

static int render_chart(kubernetes_site *site, const kubernetes_group_values *asked,
                        swb_error *error)
{
    char chart[4096];
    kubernetes_release_request request = release_of(site, swb__kubernetes_chart(asked->driver));
    char **sets = swb__kubernetes_values(&site->options, asked);
    if (sets == NULL) {
        return swb__fail_nomem(error);
    }
    swb__kubernetes_chart_path(chart, sizeof chart, &site->options, asked->driver);
    request.program = site->options.helm;
    request.folder = chart;
    request.values[0] = site->options.values;
    request.sets = sets;
    int status = swb__kubernetes_release_start(&site->release, &request, error);
    swb__list_free(sets);
    return status;
}

static int render_overlay(kubernetes_site *site, const kubernetes_group_values *asked,
                          swb_error *error)
{
    char overlay[4096];
    char folder[4096];
    kubernetes_release_request request = release_of(site, swb__kubernetes_chart(asked->driver));
    snprintf(folder, sizeof folder, "%s/kustomize/%s", site->request->work_dir, asked->group);
    swb__kubernetes_overlay_path(overlay, sizeof overlay, &site->options, asked->driver,
                                 asked->role);
    int status = swb__kubernetes_overlay_write(folder, overlay, &site->options, asked, error);
    request.program = site->options.kustomize;
    request.folder = folder;
    return status == SWB_OK ? swb__kubernetes_release_start(&site->release, &request, error)
                            : status;
}

static int render(kubernetes_site *site, swb_error *error)
{
    const kubernetes_group *group = &site->groups[site->rendering];
    const kubernetes_group_values asked = {
        .run = site->id,
        .group = group->release,
        .role = swb__kubernetes_role(group->role),
        .token_secret = site->token_secret,
        .nodes = group->count,
        .data_bytes =
            group->role == SWB_ROLE_SERVICE ? 0 : swb__kubernetes_stored_bytes(site->request),
        .driver = group->driver,
        .options = group->options,
    };
    return site->options.kustomizes ? render_overlay(site, &asked, error)
                                    : render_chart(site, &asked, error);
}

static void next_group(kubernetes_site *site)
{
    swb_error error = SWB_ERROR_INIT;
    if (site->rendering == site->group_count) {
        end(site, SWB_OK, NULL);
        return;
    }
    int status = render(site, &error);
    if (status != SWB_OK) {
        end(site, status, &error);
    }
}

/* --- the token --- */

static void on_token(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_site *site = argument;
    if (!goes_on(site)) {
        return;
    }
    if (outcome->status != SWB_OK) {
        refuse(site, outcome);
        return;
    }
    next_group(site);
}

/* Noted first: what may have been made is removed, whatever came of the call. */
static int send_token(kubernetes_site *site, const swb__buffer *text, swb_error *error)
{
    swb__kube_resource secret;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__kube_resource_known(&secret, "v1", "Secret");
    const swb__kube_target target = {&secret, site->config.name_space, site->token_secret};
    int status = note_applied(site, &secret, site->config.name_space, site->token_secret, error);
    if (status == SWB_OK) {
        status = swb__kube_apply(&request, &target, KUBERNETES_MANAGER, true, text->data,
                                 text->length, error);
    }
    if (status == SWB_OK) {
        status = swb__kube_client_call(NULL, site->client, &request, NULL, on_token, site, error);
        site->calling = status == SWB_OK;
    }
    swb__kube_request_finish(&request);
    return status;
}

static int apply_token(kubernetes_site *site, swb_error *error)
{
    swb__buffer text = SWB__BUFFER_INIT(4096);
    char *coded = NULL;
    int status = swb__base64_encode(&coded, site->token, strlen(site->token));
    swb__buffer_printf(&text,
                       "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels:\n"
                       "    app.kubernetes.io/managed-by: swarmbench\n"
                       "    swarmbench.dev/experiment: %s\n    " KUBERNETES_RUN_LABEL ": %s\n"
                       "type: Opaque\ndata:\n  token: %s\n",
                       site->token_secret, swb__kubernetes_experiment_label(site->id), site->id,
                       coded != NULL ? coded : "");
    free(coded);
    if (status != SWB_OK || text.status != SWB_OK) {
        swb__buffer_finish(&text);
        return swb__fail_nomem(error);
    }
    status = send_token(site, &text, error);
    swb__buffer_finish(&text);
    return status;
}

void swb__kubernetes_apply(kubernetes_site *site)
{
    swb_error error = SWB_ERROR_INIT;
    int status = apply_token(site, &error);
    if (status != SWB_OK) {
        end(site, status, &error);
    }
}
