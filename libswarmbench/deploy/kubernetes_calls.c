/* The completions that a site owes. */
#include <stdlib.h>

#include "deploy/kubernetes_site.h"

kubernetes_owed *swb__kubernetes_owe(kubernetes_site *site, swb_done done, void *argument)
{
    kubernetes_owed *owed = calloc(1, sizeof *owed);
    if (owed == NULL) {
        swb_error error = SWB_ERROR_INIT;
        swb__fail_nomem(&error);
        done(argument, SWB_ENOMEM, &error);
        return NULL;
    }
    owed->site = site;
    owed->done = done;
    owed->argument = argument;
    TAILQ_INSERT_TAIL(&site->owed, owed, link);
    return owed;
}

void swb__kubernetes_tell(kubernetes_owed *owed, int status, const swb_error *error)
{
    kubernetes_site *site = owed->site;
    TAILQ_REMOVE(&site->owed, owed, link);
    swb__timer_stop(owed->timer);
    owed->done(owed->argument, status, status == SWB_OK ? NULL : error);
    free(owed);
    if (site->closing) {
        swb__kubernetes_go_on(site);
    }
}

static void on_soon(void *argument)
{
    kubernetes_owed *owed = argument;
    const swb_error error = owed->error;
    swb__kubernetes_tell(owed, owed->status, &error);
}

void swb__kubernetes_tell_soon(kubernetes_owed *owed, int status, const swb_error *error)
{
    owed->status = status;
    if (status != SWB_OK) {
        owed->error = *error;
    }
    if (swb__timer_start(&owed->timer, owed->site->loop, 0, on_soon, owed) != SWB_OK) {
        owed->timer = NULL;
        on_soon(owed);
    }
}

void swb__kubernetes_cancel(kubernetes_owed *owed)
{
    swb_error error = SWB_ERROR_INIT;
    if (owed != NULL) {
        swb__fail(&error, SWB_ECANCELED, "the run was ended");
        swb__kubernetes_tell_soon(owed, SWB_ECANCELED, &error);
    }
}
