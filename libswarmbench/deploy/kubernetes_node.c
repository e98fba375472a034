/* What is asked of a node, asked of the agent of its pod. */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "deploy/kubernetes_site.h"
#include "host/maker.h"

#define STOP_GRACE_NS (UINT64_C(5000) * 1000000)

static swb__content_spec spec_of(const kubernetes_site *site, size_t content)
{
    const swb_site_request *request = site->request;
    return (swb__content_spec){.name = request->content_names[content],
                               .seed = request->content_seed,
                               .bytes = request->content_bytes,
                               .data_parts = request->data_parts,
                               .parity_parts = request->parity_parts,
                               .part = (uint32_t)content};
}

/* Owes a completion for a node whose agent can be asked; NULL where it was settled already. */
static kubernetes_owed *owe(kubernetes_site *site, size_t index, swb_done done, void *argument)
{
    kubernetes_node *node = &site->nodes[index];
    kubernetes_owed *owed = swb__kubernetes_owe(site, done, argument);
    swb_error error = SWB_ERROR_INIT;
    if (owed == NULL) {
        return NULL;
    }
    owed->node = node;
    if (node->stage != KUBERNETES_UP) {
        swb__fail(&error, SWB_EEXITED, "pod %s is gone", node->pod);
        swb__kubernetes_tell_soon(owed, SWB_EEXITED, &error);
        return NULL;
    }
    return owed;
}

/* A call that could not even begin. */
static void settle(kubernetes_owed *owed, int status, const swb_error *error)
{
    if (status != SWB_OK) {
        swb__kubernetes_tell_soon(owed, status, error);
    }
}

/* A call is cancelled, by closing, before its agent's client is: then nobody waits any more. */
static void on_done(void *argument, int status, const swb_error *error)
{
    swb__kubernetes_tell(argument, status, error);
}

void swb__kubernetes_prepare(void *argument, size_t index, size_t content, swb_done done,
                             void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__content_spec spec = spec_of(site, content);
    kubernetes_owed *owed = owe(site, index, done, done_argument);
    if (owed != NULL) {
        settle(owed, swb__agent_prepare(owed->node->agent, &spec, on_done, owed, &error), &error);
    }
}

static void on_started(void *argument, int status, const swb_error *error)
{
    kubernetes_owed *owed = argument;
    owed->node->runs = owed->node->runs && status == SWB_OK;
    swb__kubernetes_tell(owed, status, error);
}

static void on_restarted(void *argument, int status, const swb_error *error)
{
    kubernetes_owed *owed = argument;
    owed->node->runs = status == SWB_OK;
    swb__kubernetes_tell(owed, status, error);
}

void swb__kubernetes_start(void *argument, size_t index, const swb_launch *launch, swb_done done,
                           void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    kubernetes_owed *owed = owe(site, index, done, done_argument);
    if (owed != NULL) {
        owed->node->runs = true; /* it may end before its start is told */
        settle(owed, swb__agent_start(owed->node->agent, launch, on_started, owed, &error), &error);
    }
}

/* That a watch could not begin is no failure of the node: its client is asked instead. */
static void on_watching(void *argument, int status, const swb_error *error)
{
    (void)argument;
    (void)status;
    (void)error;
}

int swb__kubernetes_watch(void *argument, size_t index, size_t content, int64_t begin_ns,
                          swb_error *error)
{
    kubernetes_site *site = argument;
    kubernetes_node *node = &site->nodes[index];
    swb__content_spec spec = spec_of(site, content);
    if (node->stage != KUBERNETES_UP) {
        return swb__fail(error, SWB_EEXITED, "pod %s is gone", node->pod);
    }
    return swb__agent_watch(node->agent, &spec, begin_ns, on_watching, node, error);
}

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    kubernetes_owed *owed = argument;
    if (status == SWB_EMISMATCH && owed->bad_offset != NULL) {
        *owed->bad_offset = bad_offset;
    }
    swb__kubernetes_tell(owed, status, error);
}

void swb__kubernetes_verify(void *argument, size_t index, uint64_t *bad_offset, swb_done done,
                            void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__content_spec spec = spec_of(site, 0);
    kubernetes_owed *owed = owe(site, index, done, done_argument);
    if (owed != NULL) {
        owed->bad_offset = bad_offset;
        settle(owed, swb__agent_verify(owed->node->agent, &spec, on_verified, owed, &error),
               &error);
    }
}

static void on_decoded(void *argument, int status, const swb_decoded *decoded,
                       const swb_error *error)
{
    kubernetes_owed *owed = argument;
    if (status == SWB_OK || status == SWB_EMISMATCH) {
        *owed->decoded = *decoded;
    }
    swb__kubernetes_tell(owed, status, error);
}

void swb__kubernetes_decode(void *argument, size_t index, const uint32_t *parts, swb_decoded *out,
                            swb_done done, void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__agent_part named[SWB_ERASURE_MAX_PARTS];
    swb__content_spec spec = spec_of(site, 0);
    kubernetes_owed *owed = owe(site, index, done, done_argument);
    if (owed == NULL) {
        return;
    }
    owed->decoded = out;
    for (uint32_t i = 0; i < spec.data_parts; i++) {
        named[i] = (swb__agent_part){parts[i], site->request->content_names[parts[i]]};
    }
    settle(owed, swb__agent_decode(owed->node->agent, &spec, named, on_decoded, owed, &error),
           &error);
}

static void on_sampled(void *argument, int status, const swb_sample *sample, const swb_error *error)
{
    kubernetes_node *node = argument;
    const kubernetes_site *site = node->site;
    (void)error;
    node->sampling = false;
    if (status == SWB_OK && !site->closing && site->events.sampled != NULL) {
        site->events.sampled(site->events.argument, (size_t)(node - site->nodes), sample);
    }
}

int swb__kubernetes_sample(void *argument, size_t index, swb_sample *out)
{
    kubernetes_site *site = argument;
    kubernetes_node *node = &site->nodes[index];
    (void)out; /* it is told when the agent has answered */
    if (node->stage != KUBERNETES_UP || !node->runs || site->closing) {
        return SWB_ENOENT;
    }
    if (!node->sampling) {
        node->sampling = swb__agent_sample(node->agent, on_sampled, node, NULL) == SWB_OK;
    }
    return node->sampling ? SWB_EBUSY : SWB_ENOENT;
}

/* A kill is asked for: what the agent then tells as `asked` is no surprise. */
static int inflict(kubernetes_owed *owed, swb_fault fault, swb_error *error)
{
    swb__agent *agent = owed->node->agent;
    switch (fault) {
    case SWB_FAULT_KILL:
        return swb__agent_signal(agent, SIGKILL, on_done, owed, error);
    case SWB_FAULT_STOP:
        return swb__agent_signal(agent, SIGSTOP, on_done, owed, error);
    case SWB_FAULT_CONTINUE:
        return swb__agent_signal(agent, SIGCONT, on_done, owed, error);
    case SWB_FAULT_RESTART:
        return swb__agent_restart(agent, on_restarted, owed, error);
    default:
        return swb__fail(error, SWB_EUNSUPPORTED, "'kubernetes' cannot cut nodes off the network");
    }
}

void swb__kubernetes_fault(void *argument, size_t index, swb_fault fault, swb_done done,
                           void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    kubernetes_owed *owed = owe(site, index, done, done_argument);
    if (owed != NULL) {
        settle(owed, inflict(owed, fault, &error), &error);
    }
}

void swb__kubernetes_stop(void *argument, size_t index, swb_done done, void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    kubernetes_owed *owed = swb__kubernetes_owe(site, done, done_argument);
    if (owed == NULL) {
        return;
    }
    owed->node = &site->nodes[index];
    if (owed->node->stage != KUBERNETES_UP) {
        swb__kubernetes_tell_soon(owed, SWB_OK, NULL); /* it is gone with its pod */
        return;
    }
    owed->node->runs = false;
    settle(owed, swb__agent_stop(owed->node->agent, STOP_GRACE_NS, on_done, owed, &error), &error);
}

/* --- torrents: made here, from the seed --- */

static void on_made(void *argument, int status, swb_torrent *torrent, const swb_error *error)
{
    kubernetes_site *site = argument;
    kubernetes_owed *owed = site->making;
    const swb_error own = error != NULL ? *error : (swb_error)SWB_ERROR_INIT;
    site->maker_works = false;
    site->making = NULL;
    if (site->closing) {
        swb_torrent_destroy(torrent);
        swb__kubernetes_go_on(site);
        return;
    }
    site->torrents[owed->content] = torrent;
    swb__kubernetes_tell(owed, status, &own);
}

void swb__kubernetes_make_torrent(void *argument, size_t content, const char *announce,
                                  swb_done done, void *done_argument)
{
    kubernetes_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    swb__maker_source source = swb__maker_source_of(site->request, content);
    kubernetes_owed *owed = swb__kubernetes_owe(site, done, done_argument);
    assert(site->torrents[content] == NULL && site->making == NULL);
    if (owed == NULL) {
        return;
    }
    owed->content = content;
    int status = swb__maker_torrent(site->loop, &source, site->request->content_names[content],
                                    announce, NULL, on_made, site, &error);
    site->maker_works = status == SWB_OK;
    site->making = status == SWB_OK ? owed : NULL;
    settle(owed, status, &error);
}
