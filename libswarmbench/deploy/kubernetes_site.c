/* Opening a site: names, secrets, groups; nothing in the cluster yet. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <swarmbench/erasure.h>

#include "base/file.h"
#include "deploy/kubernetes_site.h"

uint64_t swb__kubernetes_stored_bytes(const swb_site_request *request)
{
    return request->data_parts == 0
               ? request->content_bytes
               : request->content_count *
                     swb_erasure_part_bytes(request->content_bytes, request->data_parts);
}

/* Fills `out` with random characters of [a-z2-7] and a NUL. */
static int make_secret(char *out, size_t size, swb_error *error)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[64];
    if (size > sizeof bytes || getrandom(bytes, size, 0) != (ssize_t)size) {
        return swb__fail_errno(error, SWB_EIO, errno, "random number");
    }
    for (size_t i = 0; i + 1 < size; i++) {
        out[i] = characters[bytes[i] % 32];
    }
    out[size - 1] = '\0';
    return SWB_OK;
}

static int make_names(kubernetes_site *site, swb_error *error)
{
    char random[11];
    int status = make_secret(random, sizeof random, error);
    if (status == SWB_OK) {
        status = make_secret(site->user, sizeof site->user, error);
    }
    if (status == SWB_OK) {
        status = make_secret(site->password, sizeof site->password, error);
    }
    if (status == SWB_OK) {
        status = make_secret(site->token, sizeof site->token, error);
    }
    snprintf(site->id, sizeof site->id, "swb-%s", random);
    swb__kubernetes_token_secret(site->token_secret, sizeof site->token_secret, site->id);
    return status;
}

static bool belongs(const kubernetes_group *group, const swb_node_request *node)
{
    return group->driver == node->driver && group->options == node->options &&
           group->role == node->role;
}

/* Neighbours that are alike share a release. */
static void make_groups(kubernetes_site *site)
{
    for (size_t i = 0; i < site->request->node_count; i++) {
        const swb_node_request *request = &site->request->nodes[i];
        kubernetes_node *node = &site->nodes[i];
        kubernetes_group *group =
            site->group_count > 0 ? &site->groups[site->group_count - 1] : NULL;
        if (group == NULL || !belongs(group, request)) {
            group = &site->groups[site->group_count];
            *group = (kubernetes_group){.driver = request->driver,
                                        .options = request->options,
                                        .role = request->role,
                                        .first = i};
            snprintf(group->release, sizeof group->release, "%s-%zu", site->id,
                     site->group_count++);
        }
        node->site = site;
        node->request = request;
        snprintf(node->pod, sizeof node->pod, "%s-%zu", group->release, group->count++);
        site->swarm_size += request->role != SWB_ROLE_SERVICE;
    }
}

static int make_nodes(kubernetes_site *site, swb_error *error)
{
    size_t count = site->request->node_count;
    site->groups = calloc(count + 1, sizeof *site->groups);
    site->nodes = calloc(count + 1, sizeof *site->nodes);
    site->torrents = calloc(site->request->content_count + 1, sizeof *site->torrents);
    if (site->groups == NULL || site->nodes == NULL || site->torrents == NULL) {
        return swb__fail_nomem(error);
    }
    make_groups(site);
    return SWB_OK;
}

/* Credentials end; what goes through the API server must be let through all the same. */
static void on_access(void *argument)
{
    kubernetes_site *site = argument;
    swb__kube_client_access(&site->access, site->headers, &site->bearer, site->client);
}

static int reach_cluster(kubernetes_site *site, swb_error *error)
{
    int status = swb__kubernetes_config(&site->config, &site->options, error);
    site->has_config = status == SWB_OK;
    if (status == SWB_OK) {
        status = swb__kube_client_create(&site->client, site->loop, &site->config, error);
    }
    site->proxies = status == SWB_OK && swb__kubernetes_proxies(&site->options, &site->config);
    if (site->proxies) {
        on_access(site);
        status =
            swb__timer_repeat(&site->accessing, site->loop, SWB__KUBE_ACCESS_NS, on_access, site);
    }
    return status == SWB_ENOMEM ? swb__fail_nomem(error) : status;
}

/* Noted before anything is made. */
static int note(kubernetes_site *site, swb_error *error)
{
    char *text = NULL;
    int status = swb__journal_open(&site->journal, error);
    if (status == SWB_OK) {
        status = swb__kubernetes_clean_text(&text, site, error);
    }
    if (status == SWB_OK && !site->request->keep_data) {
        status = swb__journal_cluster(site->journal, text, error);
    }
    free(text);
    return status;
}

void swb__kubernetes_free(kubernetes_site *site)
{
    swb__kubernetes_end_render(site);
    for (size_t i = 0; site->nodes != NULL && i < site->request->node_count; i++) {
        swb__timer_stop(site->nodes[i].verdict);
        free(site->nodes[i].tail);
        free(site->nodes[i].api_url);
        free(site->nodes[i].extra_url);
    }
    for (size_t i = 0; site->torrents != NULL && i < site->request->content_count; i++) {
        swb_torrent_destroy(site->torrents[i]);
    }
    swb__timer_stop(site->patience);
    swb__timer_stop(site->accessing);
    swb__kube_client_destroy(site->client);
    if (site->has_config) {
        swb__kube_config_finish(&site->config);
    }
    swb__buffer_finish(&site->bearer);
    free(site->torrents);
    free(site->nodes);
    free(site->groups);
    free(site->applied);
    free(site);
}

static int open_all(kubernetes_site *site, swb_error *error)
{
    int status = swb__make_dirs(site->request->work_dir, 0755, error);
    if (status == SWB_OK) {
        status = swb__make_dirs(site->request->log_dir, 0755, error);
    }
    if (status == SWB_OK) {
        status = make_names(site, error);
    }
    if (status == SWB_OK) {
        status = make_nodes(site, error);
    }
    if (status == SWB_OK) {
        status = reach_cluster(site, error);
    }
    return status == SWB_OK ? note(site, error) : status;
}

int swb__kubernetes_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                         const swb_site_events *events, swb_error *error)
{
    kubernetes_site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        return swb__fail_nomem(error);
    }
    TAILQ_INIT(&site->owed);
    site->loop = loop;
    site->request = request;
    site->events = *events;
    site->bearer = (swb__buffer)SWB__BUFFER_INIT((size_t)2 << 20);
    swb__kubernetes_options_read(&site->options, request->options);
    int status = open_all(site, error);
    if (status != SWB_OK) {
        swb__journal_close(site->journal, true);
        swb__kubernetes_free(site);
        return status;
    }
    *site_out = site;
    return SWB_OK;
}
