/*
 * A fuzz target: whatever the bytes, they are read within bounds or refused: as a kubeconfig, as
 * the output of helm, as a reply of the API server, as a watch, and as what a program for
 * credentials writes. Built as fuzz_experiment is:
 *   build/fuzz/tests/fuzz/fuzz_kube CORPUS tests/fuzz/kube
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kube/config_read.h"
#include "kube/credentials.h"
#include "kube/manifest.h"
#include "kube/reply.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void as_config(const char *text, size_t size)
{
    swb__kubeconfig_set set = {.count = 0};
    swb__kube_config config = {0};
    swb_error error = SWB_ERROR_INIT;
    int status = swb__kubeconfig_parse(&set.files[0], "/nowhere/config", text, size, &error);
    if (status == SWB_OK) {
        set.count = 1;
        status = swb__kube_config_read(&config, &set, NULL, &error);
        must(status != SWB_OK || config.server != NULL);
        swb__kube_config_finish(&config);
        swb__kubeconfig_close(&set.files[0]);
    }
    must(status == SWB_OK || error.message[0] != '\0');
}

static void as_manifest(const char *text, size_t size)
{
    swb__kube_object *objects = NULL;
    size_t count = 0;
    if (swb__kube_manifest(&objects, &count, "fuzz", text, size, NULL) != SWB_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        must(objects[i].text >= text && objects[i].text + objects[i].length <= text + size);
        must(swb__kube_is_name(objects[i].name));
    }
    free(objects);
}

static void as_reply(const char *text, size_t size)
{
    static const int statuses[] = {401, 403, 404, 409, 410, 422, 429, 500, 503, 0};
    const swb__kube_request request = {.verb = "get", .what = "fuzz", .resource = "pods"};
    swb__kube_resource resource;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        swb_error error = SWB_ERROR_INIT;
        must(swb__kube_judge(&request, statuses[i], text, size, 0, &error) != SWB__KUBE_FINE);
        must(error.status != SWB_OK && strchr(error.message, '\n') == NULL);
    }
    swb__kube_resource_discovered(&resource, "apps/v1", "StatefulSet", text, size, NULL);
}

static int on_change(void *argument, swb__kube_change change, const cJSON *object)
{
    const swb__kube_request request = {.verb = "watch", .what = "fuzz", .resource = "pods"};
    size_t *count = argument;
    ++*count;
    must(object != NULL);
    if (change == SWB__KUBE_ERROR) {
        must(swb__kube_judge_status(&request, object, NULL) != SWB__KUBE_FINE);
    }
    return SWB_OK;
}

/* In one piece and byte by byte it is the same. */
static void as_watch(const char *text, size_t size)
{
    size_t counts[2] = {0, 0};
    int status[2] = {SWB_OK, SWB_OK};
    swb__kube_lines lines;
    swb__kube_lines_init(&lines, 4096);
    status[0] = swb__kube_lines_feed(&lines, text, size, on_change, &counts[0], NULL);
    swb__kube_lines_finish(&lines);
    swb__kube_lines_init(&lines, 4096);
    for (size_t i = 0; status[1] == SWB_OK && i < size; i++) {
        status[1] = swb__kube_lines_feed(&lines, text + i, 1, on_change, &counts[1], NULL);
    }
    swb__kube_lines_finish(&lines);
    must(counts[0] == counts[1] && status[0] == status[1]);
}

static void as_credential(const char *text, size_t size)
{
    swb__exec_credential credential;
    if (swb__exec_credential_read(&credential, "client.authentication.k8s.io/v1", text, size,
                                  NULL) == SWB_OK) {
        must(credential.token != NULL || credential.key != NULL);
        swb__exec_credential_finish(&credential);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of the very size, so that a read past its end is seen. */
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    as_config(text, size);
    as_manifest(text, size);
    as_reply(text, size);
    as_watch(text, size);
    as_credential(text, size);
    free(text);
    return 0;
}
