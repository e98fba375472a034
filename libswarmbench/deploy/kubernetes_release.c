/* Rendering and applying: helm or kustomize renders, each object goes by server-side apply. */
#include "deploy/kubernetes_release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "io/process.h"
#include "kube/manifest.h"

#define OUTPUT_MAX_BYTES ((size_t)16 << 20)
#define ARGUMENTS_MAX 128
#define CAUSE_MAX_BYTES 200

extern char **environ;

struct kubernetes_release {
    kubernetes_release_request request;
    bool kustomizes;
    swb__process *renderer;
    int output;
    int complaints;
    char *manifest;
    swb__kube_object *objects;
    size_t object_count;
    size_t applying; /* object */
    bool calling;    /* the cluster */
    bool cancelled;
};

static void next_object(kubernetes_release *release);

static void close_outputs(kubernetes_release *release)
{
    if (release->output >= 0) {
        close(release->output);
    }
    if (release->complaints >= 0) {
        close(release->complaints);
    }
    release->output = release->complaints = -1;
}

static void free_release(kubernetes_release *release)
{
    swb__process_destroy(release->renderer);
    close_outputs(release);
    free(release->objects);
    free(release->manifest);
    free(release);
}

static void end(kubernetes_release *release, int status, const swb_error *error)
{
    const kubernetes_release_request request = release->request;
    free_release(release);
    request.done(request.argument, status, error);
}

/* --- applying --- */

static const char *name_space(const kubernetes_release *release)
{
    return swb__kube_client_config(release->request.client)->name_space;
}

/* Whether it is still wanted. */
static bool goes_on(kubernetes_release *release)
{
    release->calling = false;
    if (release->cancelled) {
        swb_error error = SWB_ERROR_INIT;
        swb__fail(&error, SWB_ECANCELED, "release %s: cancelled", release->request.name);
        end(release, SWB_ECANCELED, &error);
        return false;
    }
    return true;
}

static int call(kubernetes_release *release, swb__kube_request *request, swb__kube_done done,
                swb_error *error)
{
    int status =
        swb__kube_client_call(NULL, release->request.client, request, NULL, done, release, error);
    release->calling = status == SWB_OK;
    return status;
}

static void on_applied(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_release *release = argument;
    if (!goes_on(release)) {
        return;
    }
    if (outcome->status != SWB_OK) {
        /* What the cluster does not allow, it will not allow the next time either. */
        bool lasts = outcome->failure != SWB__KUBE_FINE && !swb__kube_is_passing(outcome->failure);
        end(release, lasts ? SWB_EENV : outcome->status, outcome->error);
        return;
    }
    release->applying++;
    next_object(release);
}

static int apply(kubernetes_release *release, const swb__kube_resource *resource, swb_error *error)
{
    const swb__kube_object *object = &release->objects[release->applying];
    const kubernetes_release_request *asked = &release->request;
    const char *where = object->name_space[0] != '\0' ? object->name_space : name_space(release);
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {resource, resource->namespaced ? where : NULL, object->name};
    int status = asked->applies(asked->argument, resource, where, object->name, error);
    if (status == SWB_OK) {
        status = swb__kube_apply(&request, &target, KUBERNETES_MANAGER, true, object->text,
                                 object->length, error);
    }
    if (status == SWB_OK) {
        status = call(release, &request, on_applied, error);
    }
    swb__kube_request_finish(&request);
    return status;
}

static void on_discovered(void *argument, const swb__kube_outcome *outcome)
{
    kubernetes_release *release = argument;
    swb__kube_resource resource;
    swb_error error = SWB_ERROR_INIT;
    if (!goes_on(release)) {
        return;
    }
    const swb__kube_object *object = &release->objects[release->applying];
    int status = outcome->status;
    if (status != SWB_OK) {
        error = *outcome->error;
    } else {
        status = swb__kube_resource_discovered(&resource, object->api_version, object->kind,
                                               outcome->text, outcome->length, &error);
    }
    if (status == SWB_OK) {
        status = apply(release, &resource, &error);
    }
    if (status != SWB_OK) {
        end(release, status, &error);
    }
}

/* A kind that not every cluster has. */
static int discover(kubernetes_release *release, const swb__kube_object *object, swb_error *error)
{
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    request.method = "GET";
    request.verb = "get";
    snprintf(request.what, sizeof request.what, "kinds of %s", object->api_version);
    int status = swb__kube_discovery_path(&request.path, object->api_version, error);
    if (status == SWB_OK) {
        status = call(release, &request, on_discovered, error);
    }
    swb__kube_request_finish(&request);
    return status;
}

static void next_object(kubernetes_release *release)
{
    swb__kube_resource resource;
    swb_error error = SWB_ERROR_INIT;
    if (release->applying == release->object_count) {
        end(release, SWB_OK, NULL);
        return;
    }
    const swb__kube_object *object = &release->objects[release->applying];
    int status = swb__kube_resource_known(&resource, object->api_version, object->kind)
                     ? apply(release, &resource, &error)
                     : discover(release, object, &error);
    if (status != SWB_OK) {
        end(release, status, &error);
    }
}

/* --- rendering --- */

/* The charts may be anybody's: their texts stay ours alone. */
static int open_nameless(const kubernetes_release *release, swb_error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/.rendered-XXXXXX", release->request.work_dir);
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

static int take_rendered(kubernetes_release *release, swb_error *error)
{
    size_t length = 0;
    char origin[128];
    snprintf(origin, sizeof origin, "%s %.100s", release->kustomizes ? "overlay" : "chart",
             release->request.origin);
    release->manifest = read_back(release->output, &length);
    if (release->manifest == NULL) {
        return swb__fail(error, SWB_EINPUT, "%s renders more than %zu bytes", origin,
                         OUTPUT_MAX_BYTES);
    }
    return swb__kube_manifest(&release->objects, &release->object_count, origin, release->manifest,
                              length, error);
}

static void on_rendered(void *argument, int exit_code, int signal)
{
    kubernetes_release *release = argument;
    char words[4096];
    swb_error error = SWB_ERROR_INIT;
    int status = SWB_OK;
    if (exit_code != 0 || signal != 0) {
        complaint(words, sizeof words, release->complaints);
        size_t length = strlen(words);
        /* Kustomize tells where it was first, and the cause last. */
        size_t skipped =
            release->kustomizes && length > CAUSE_MAX_BYTES ? length - CAUSE_MAX_BYTES : 0;
        status = swb__fail(&error, SWB_EENV, "%s failed (%s %d): %s%s", release->request.program,
                           signal != 0 ? "signal" : "exit code", signal != 0 ? signal : exit_code,
                           skipped > 0 ? "..." : "", words + skipped);
    } else {
        status = take_rendered(release, &error);
    }
    swb__process_destroy(release->renderer);
    release->renderer = NULL;
    if (status != SWB_OK) {
        end(release, status, &error);
        return;
    }
    next_object(release);
}

static void fill_helm_arguments(const char **argv, const kubernetes_release *release)
{
    const kubernetes_release_request *asked = &release->request;
    size_t count = 0;
    argv[count++] = asked->program;
    argv[count++] = "template";
    argv[count++] = asked->name;
    argv[count++] = asked->folder;
    argv[count++] = "--namespace";
    argv[count++] = name_space(release);
    for (size_t i = 0; i < KUBERNETES_VALUES; i++) {
        if (asked->values[i] != NULL) {
            argv[count++] = "--values";
            argv[count++] = asked->values[i];
        }
    }
    for (size_t i = 0; asked->sets[i] != NULL && count + 3 < ARGUMENTS_MAX; i++) {
        argv[count++] = "--set-json";
        argv[count++] = asked->sets[i];
    }
    argv[count] = NULL;
}

/* `kubectl kustomize DIR`, `kustomize build DIR`. */
static void fill_kustomize_arguments(const char **argv, const kubernetes_release *release)
{
    const char *program = release->request.program;
    const char *slash = strrchr(program, '/');
    bool is_own = strncmp(slash != NULL ? slash + 1 : program, "kustomize", 9) == 0;
    argv[0] = program;
    argv[1] = is_own ? "build" : "kustomize";
    argv[2] = release->request.folder;
    argv[3] = NULL;
}

static int run_renderer(kubernetes_release *release, swb_error *error)
{
    char output[32];
    char complaints[32];
    const char *argv[ARGUMENTS_MAX];
    if (release->kustomizes) {
        fill_kustomize_arguments(argv, release);
    } else {
        fill_helm_arguments(argv, release);
    }
    release->output = open_nameless(release, error);
    release->complaints = release->output >= 0 ? open_nameless(release, error) : -1;
    if (release->complaints < 0) {
        return SWB_EIO;
    }
    snprintf(output, sizeof output, "/proc/self/fd/%d", release->output);
    snprintf(complaints, sizeof complaints, "/proc/self/fd/%d", release->complaints);
    const swb__process_options options = {.argv = argv,
                                          .environment = (const char *const *)environ,
                                          .directory = ".",
                                          .output_path = output,
                                          .error_path = complaints};
    return swb__process_start(&release->renderer, swb__kube_client_loop(release->request.client),
                              &options, on_rendered, release, error);
}

int swb__kubernetes_release_start(kubernetes_release **out,
                                  const kubernetes_release_request *request, swb_error *error)
{
    kubernetes_release *release = calloc(1, sizeof *release);
    if (release == NULL) {
        return swb__fail_nomem(error);
    }
    release->request = *request;
    release->kustomizes = request->sets == NULL;
    release->output = release->complaints = -1;
    int status = run_renderer(release, error);
    if (status != SWB_OK) {
        free_release(release);
        return status;
    }
    *out = release;
    return SWB_OK;
}

bool swb__kubernetes_release_cancel(kubernetes_release *release)
{
    if (release == NULL) {
        return false;
    }
    release->cancelled = true;
    if (!release->calling) {
        free_release(release);
        return false;
    }
    return true;
}
