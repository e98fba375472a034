/* Charts to objects to the cluster: helm renders each group, each object is applied. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "deploy/kubernetes_site.h"
#include "host/node_process.h"
#include "kube/base64.h"

#define OUTPUT_MAX_BYTES ((size_t)16 << 20)

extern char **environ;

static void next_group(kubernetes_site *site);
static void next_object(kubernetes_site *site);

static void close_outputs(kubernetes_site *site)
{
    if (site->output >= 0) {
        close(site->output);
    }
    if (site->complaints >= 0) {
        close(site->complaints);
    }
    site->output = site->complaints = -1;
}

void swb__kubernetes_end_render(kubernetes_site *site)
{
    swb__process_destroy(site->helm);
    site->helm = NULL;
    close_outputs(site);
    free(site->objects);
    free(site->manifest);
    site->objects = NULL;
    site->manifest = NULL;
}

static void end(kubernetes_site *site, int status, const swb_error *error)
{
    swb__kubernetes_end_render(site);
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

/* --- applying --- */

static int note_applied(kubernetes_site *site, const swb__kube_resource *resource,
                        const char *name_space, const char *name, swb_error *error)
{
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
    return SWB_OK;
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

static void on_applied(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_site *site = argument;
    if (!goes_on(site)) {
        return;
    }
    if (outcome->status != SWB_OK) {
        refuse(site, outcome);
        return;
    }
    site->applying++;
    next_object(site);
}

/* Noted first: what may have been made is removed, whatever came of the call. */
static int apply(kubernetes_site *site, const swb__kube_resource *resource, const char *name_space,
                 const char *name, const char *text, size_t length, swb__kube_done done,
                 swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {resource, resource->namespaced ? name_space : NULL, name};
    int status = note_applied(site, resource, name_space, name, error);
    if (status == SWB_OK) {
        status = swb__kube_apply(&request, &target, KUBERNETES_MANAGER, true, text, length, error);
    }
    if (status == SWB_OK) {
        status = swb__kube_client_call(NULL, site->client, &request, NULL, done, site, error);
        site->calling = status == SWB_OK;
    }
    swb__kube_request_finish(&request);
    return status;
}

static const char *name_space_of(const kubernetes_site *site, const swb__kube_object *object)
{
    return object->name_space[0] != '\0' ? object->name_space : site->config.name_space;
}

static int apply_object(kubernetes_site *site, const swb__kube_resource *resource, swb_error *error)
{
    const swb__kube_object *object = &site->objects[site->applying];
    return apply(site, resource, name_space_of(site, object), object->name, object->text,
                 object->length, on_applied, error);
}

static void on_discovered(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_site *site = argument;
    swb__kube_resource resource;
    swb_error error = SWB_ERROR_INIT;
    if (!goes_on(site)) {
        return;
    }
    const swb__kube_object *object = &site->objects[site->applying];
    int status = outcome->status;
    if (status != SWB_OK) {
        error = *outcome->error;
    } else {
        status = swb__kube_resource_discovered(&resource, object->api_version, object->kind,
                                               outcome->text, outcome->length, &error);
    }
    if (status == SWB_OK) {
        status = apply_object(site, &resource, &error);
    }
    if (status != SWB_OK) {
        end(site, status, &error);
    }
}

/* A kind that not every cluster has. */
static int discover(kubernetes_site *site, const swb__kube_object *object, swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    request.method = "GET";
    request.verb = "get";
    snprintf(request.what, sizeof request.what, "kinds of %s", object->api_version);
    int status = swb__kube_discovery_path(&request.path, object->api_version, error);
    if (status == SWB_OK) {
        status =
            swb__kube_client_call(NULL, site->client, &request, NULL, on_discovered, site, error);
        site->calling = status == SWB_OK;
    }
    swb__kube_request_finish(&request);
    return status;
}

static void next_object(kubernetes_site *site)
{
    swb__kube_resource resource;
    swb_error error = SWB_ERROR_INIT;
    if (site->applying == site->object_count) {
        swb__kubernetes_end_render(site);
        site->rendering++;
        next_group(site);
        return;
    }
    const swb__kube_object *object = &site->objects[site->applying];
    int status = swb__kube_resource_known(&resource, object->api_version, object->kind)
                     ? apply_object(site, &resource, &error)
                     : discover(site, object, &error);
    if (status != SWB_OK) {
        end(site, status, &error);
    }
}

/* --- helm --- */

/* The charts may be anybody's: their texts stay ours alone. */
static int open_nameless(const kubernetes_site *site, swb_error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/.helm-XXXXXX", site->request->work_dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        swb__fail_errno(error, SWB_EIO, errno, "temporary file %s", path);
        return -1;
    }
    unlink(path);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static char *read_back(int fd, size_t *length_out)
{
    swb__buffer all = SWB__BUFFER_INIT(OUTPUT_MAX_BYTES);
    char *to;
    ssize_t got;
    lseek(fd, 0, SEEK_SET);
    swb__buffer_text(&all, "");
    while ((to = swb__buffer_reserve(&all, 65536)) != NULL && (got = read(fd, to, 65536)) > 0) {
        all.length += (size_t)got;
        to[got] = '\0';
    }
    *length_out = all.length;
    return swb__buffer_take(&all);
}

/* One line of what the program complained about. */
static void complaint(char *out, size_t size, int fd)
{
    size_t length = 0;
    char *text = read_back(fd, &length);
    size_t used = 0;
    /* Warnings come before what went wrong. */
    const char *error = text != NULL ? strstr(text, "Error:") : NULL;
    for (const char *at = error != NULL ? error : text;
         at != NULL && *at != '\0' && used + 1 < size; at++) {
        bool blank = (unsigned char)*at <= ' ';
        if (!blank || (used > 0 && out[used - 1] != ' ')) {
            out[used++] = blank ? ' ' : *at;
        }
    }
    out[used] = '\0';
    free(text);
}

static int take_rendered(kubernetes_site *site, swb_error *error)
{
    size_t length = 0;
    char origin[128];
    snprintf(origin, sizeof origin, "chart %s",
             swb__kubernetes_chart(site->groups[site->rendering].driver));
    site->manifest = read_back(site->output, &length);
    if (site->manifest == NULL) {
        return swb__fail(error, SWB_EINPUT, "%s renders more than %zu bytes", origin,
                         OUTPUT_MAX_BYTES);
    }
    site->applying = 0;
    return swb__kube_manifest(&site->objects, &site->object_count, origin, site->manifest, length,
                              error);
}

static void on_rendered(void *argument, int exit_code, int signal)
{
    kubernetes_site *site = argument;
    char words[600];
    swb_error error = SWB_ERROR_INIT;
    int status = SWB_OK;
    if (exit_code != 0 || signal != 0) {
        complaint(words, sizeof words, site->complaints);
        status = swb__fail(&error, SWB_EENV, "%s template failed (%s %d): %s", site->options.helm,
                           signal != 0 ? "signal" : "exit code", signal != 0 ? signal : exit_code,
                           words);
    } else {
        status = take_rendered(site, &error);
    }
    swb__process_destroy(site->helm);
    site->helm = NULL;
    if (status != SWB_OK) {
        end(site, status, &error);
        return;
    }
    next_object(site);
}

#define ARGUMENTS_MAX 128

static size_t fill_arguments(const char **argv, const kubernetes_site *site, const char *chart,
                             char *const *values)
{
    size_t count = 0;
    argv[count++] = site->options.helm;
    argv[count++] = "template";
    argv[count++] = site->groups[site->rendering].release;
    argv[count++] = chart;
    argv[count++] = "--namespace";
    argv[count++] = site->config.name_space;
    if (site->options.values != NULL) {
        argv[count++] = "--values";
        argv[count++] = site->options.values;
    }
    for (size_t i = 0; values[i] != NULL && count + 3 < ARGUMENTS_MAX; i++) {
        argv[count++] = "--set-json";
        argv[count++] = values[i];
    }
    argv[count] = NULL;
    return count;
}

static int run_helm(kubernetes_site *site, char *const *values, swb_error *error)
{
    char chart[4096];
    char output[32];
    char complaints[32];
    const char *argv[ARGUMENTS_MAX];
    swb__kubernetes_chart_path(chart, sizeof chart, &site->options,
                               site->groups[site->rendering].driver);
    fill_arguments(argv, site, chart, values);
    site->output = open_nameless(site, error);
    site->complaints = site->output >= 0 ? open_nameless(site, error) : -1;
    if (site->complaints < 0) {
        return SWB_EIO;
    }
    snprintf(output, sizeof output, "/proc/self/fd/%d", site->output);
    snprintf(complaints, sizeof complaints, "/proc/self/fd/%d", site->complaints);
    const swb__process_options options = {.argv = argv,
                                          .environment = (const char *const *)environ,
                                          .directory = ".",
                                          .output_path = output,
                                          .error_path = complaints};
    return swb__process_start(&site->helm, site->loop, &options, on_rendered, site, error);
}

static const char *role_name(swb_role role)
{
    return role == SWB_ROLE_SEEDER ? "seeder" : role == SWB_ROLE_LEECHER ? "leecher" : "service";
}

static int render(kubernetes_site *site, swb_error *error)
{
    const kubernetes_group *group = &site->groups[site->rendering];
    const kubernetes_group_values asked = {
        .run = site->id,
        .group = group->release,
        .role = role_name(group->role),
        .token_secret = site->token_secret,
        .nodes = group->count,
        .data_bytes =
            group->role == SWB_ROLE_SERVICE ? 0 : swb__kubernetes_stored_bytes(site->request),
        .driver = group->driver,
        .options = group->options,
    };
    char **values = swb__kubernetes_values(&site->options, &asked);
    if (values == NULL) {
        return swb__fail_nomem(error);
    }
    int status = run_helm(site, values, error);
    swb__list_free(values);
    return status;
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

static int apply_token(kubernetes_site *site, swb_error *error)
{
    swb__kube_resource secret;
    swb__buffer text = SWB__BUFFER_INIT(4096);
    char *coded = NULL;
    int status = swb__base64_encode(&coded, site->token, strlen(site->token));
    swb__kube_resource_known(&secret, "v1", "Secret");
    swb__buffer_printf(&text,
                       "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels:\n"
                       "    app.kubernetes.io/managed-by: swarmbench\n"
                       "    swarmbench.dev/experiment: %s\n    " KUBERNETES_RUN_LABEL ": %s\n"
                       "type: Opaque\ndata:\n  token: %s\n",
                       site->token_secret, site->id, site->id, coded != NULL ? coded : "");
    free(coded);
    if (status != SWB_OK || text.status != SWB_OK) {
        swb__buffer_finish(&text);
        return swb__fail_nomem(error);
    }
    status = apply(site, &secret, site->config.name_space, site->token_secret, text.data,
                   text.length, on_token, error);
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
