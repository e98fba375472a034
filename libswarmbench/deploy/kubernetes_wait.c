#include "deploy/kubernetes_wait.h"

#define DEADLINE_NS (UINT64_C(10) * 1000000000)

struct answer {
    bool done;
    int status;
    swb__kube_failure failure;
    cJSON *object;
    swb_error error;
};

int swb__kube_waiter_init(swb__kube_waiter *out, const swb__kube_config *config, swb_error *error)
{
    swb__kube_waiter waiter = {NULL, NULL};
    int status = swb__loop_create(&waiter.loop, error);
    if (status == SWB_OK) {
        status = swb__kube_client_create(&waiter.client, waiter.loop, config, error);
    }
    if (status != SWB_OK) {
        swb__loop_destroy(waiter.loop);
        return status;
    }
    *out = waiter;
    return SWB_OK;
}

void swb__kube_waiter_finish(swb__kube_waiter *waiter)
{
    swb__kube_client_destroy(waiter->client);
    swb__loop_destroy(waiter->loop);
}

static void on_done(void *argument, const swb__kube_outcome *outcome)
{
    struct answer *answer = argument;
    answer->done = true;
    answer->status = outcome->status;
    answer->failure = outcome->failure;
    answer->error = *outcome->error;
    if (outcome->object != NULL) {
        answer->object = cJSON_Duplicate(outcome->object, 1);
    }
}

int swb__kube_wait(cJSON **object_out, swb__kube_failure *failure_out, swb__kube_waiter *waiter,
                   swb__kube_request *request, int built, swb_error *error)
{
    struct answer answer = {.error = SWB_ERROR_INIT};
    const swb__kube_call_options options = {.deadline_ns = DEADLINE_NS};
    int status = built;
    if (failure_out != NULL) {
        *failure_out = SWB__KUBE_FINE;
    }
    if (object_out != NULL) {
        *object_out = NULL;
    }
    if (status == SWB_OK) {
        status =
            swb__kube_client_call(NULL, waiter->client, request, &options, on_done, &answer, error);
    }
    swb__kube_request_finish(request);
    if (status != SWB_OK) {
        return status;
    }
    while (!answer.done) {
        swb__loop_step(waiter->loop, -1);
    }
    if (failure_out != NULL) {
        *failure_out = answer.failure;
    }
    if (object_out != NULL) {
        *object_out = answer.object;
    } else {
        cJSON_Delete(answer.object);
    }
    if (answer.status != SWB_OK && error != NULL) {
        *error = answer.error;
    }
    return answer.status;
}

int swb__kube_wait_allowed(bool *out, swb__kube_waiter *waiter, const char *name_space,
                           const char *group, const char *resource, const char *verb,
                           swb_error *error)
{
    cJSON *review = NULL;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    int built = swb__kube_access(&request, name_space, group, resource, verb, error);
    int status = swb__kube_wait(&review, NULL, waiter, &request, built, error);
    *out = cJSON_IsTrue(swb__kube_member(review, "status.allowed"));
    cJSON_Delete(review);
    return status;
}
