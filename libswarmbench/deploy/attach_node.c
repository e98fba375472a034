/* Opening and closing a site of attached nodes, and their part in the run's life. */
#include "deploy/attach_site.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- opening --- */

static int make_text(char **out, swb_error *error, const char *directory, const char *run,
                     const char *name)
{
    size_t size = strlen(directory) + strlen(run) + strlen(name) + 3;
    *out = malloc(size);
    if (*out == NULL) {
        return swb__fail_nomem(error);
    }
    snprintf(*out, size, "%s/%s-%s", directory, run, name);
    return SWB_OK;
}

/* A directory of the run's own inside the node's, so that all that is in it can go with the run. */
static int take_directory(attach_node *node, const char *run, swb_error *error)
{
    const char *here = node->row[ATTACH_CONTENT_DIR].string;
    const char *there = node->row[ATTACH_DIR_ON_NODE].string;
    if (here == NULL) {
        return SWB_OK;
    }
    int status = make_text(&node->content_dir, error, here, run, node->request->name);
    return status == SWB_OK ? make_text(&node->dir_on_node, error, there != NULL ? there : here,
                                        run, node->request->name)
                            : status;
}

static int take_addresses(attach_node *node, swb_error *error)
{
    const swb_option_value *row = node->row;
    int status = swb__attach_url(&node->url, row[ATTACH_URL].string, error);
    if (status == SWB_OK && row[ATTACH_METRICS].string != NULL) {
        status = swb__attach_url(&node->metrics, row[ATTACH_METRICS].string, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    bool v6 = strchr(node->url.host, ':') != NULL;
    snprintf(node->api_host, sizeof node->api_host, "%s%s%s", v6 ? "[" : "", node->url.host,
             v6 ? "]" : "");
    snprintf(node->address, sizeof node->address, "%s", node->url.host);
    return row[ATTACH_DATA].string == NULL
               ? SWB_OK
               : swb__attach_data(node->address, &node->data_port, row[ATTACH_DATA].string, error);
}

static int take_row(attach_node *node, const char *run, swb_error *error)
{
    if (node->row == NULL) {
        return node->request->role == SWB_ROLE_SERVICE
                   ? SWB_OK
                   : swb__fail(error, SWB_EINPUT, "no row of deploy.nodes is given for %s",
                               node->request->name);
    }
    int status = take_addresses(node, error);
    if (status == SWB_OK) {
        status = take_directory(node, run, error);
    }
    return status == SWB_OK ? swb__attach_password(&node->password, node->row, error) : status;
}

static void free_site(attach_site *site)
{
    for (size_t i = 0; site->nodes != NULL && i < site->node_count; i++) {
        attach_node *node = &site->nodes[i];
        free(node->password);
        free(node->content_dir);
        free(node->dir_on_node);
    }
    free(site->nodes);
    free(site);
}

static int open_nodes(attach_site *site, const swb_site_request *request, swb_error *error)
{
    int status = SWB_OK;
    site->node_count = request->node_count;
    site->nodes = calloc(request->node_count + 1, sizeof *site->nodes);
    if (site->nodes == NULL) {
        return swb__fail_nomem(error);
    }
    for (size_t i = 0; status == SWB_OK && i < request->node_count; i++) {
        attach_node *node = &site->nodes[i];
        node->site = site;
        node->index = i;
        node->request = &request->nodes[i];
        node->row = node->request->role == SWB_ROLE_SERVICE ? NULL : node->request->attached;
        status = take_row(node, request->run_name, error);
    }
    return status;
}

/* The local site's nodes store where ours do. */
static void hand_over(attach_site *site)
{
    for (size_t i = 0; i < site->node_count; i++) {
        local_node *local = &site->local->nodes[i];
        if (site->nodes[i].content_dir != NULL) {
            free(local->content_dir);
            local->content_dir = site->nodes[i].content_dir;
            site->nodes[i].content_dir = NULL;
        }
    }
}

int swb__attach_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                     const swb_site_events *events, swb_error *error)
{
    void *local = NULL;
    attach_site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        return swb__fail_nomem(error);
    }
    site->events = *events;
    int status = open_nodes(site, request, error);
    if (status == SWB_OK) {
        status = swb__local_open(&local, loop, request, events, error);
    }
    if (status != SWB_OK) {
        free_site(site);
        return status;
    }
    site->local = local;
    hand_over(site);
    *site_out = site;
    return SWB_OK;
}

/* --- content and start --- */

/* A client of another user must be able to write there. */
static int make_directory(attach_node *node, swb_error *error)
{
    local_site *local = node->site->local;
    local_node *of_local = &local->nodes[node->index];
    const char *outside = node->row[ATTACH_CONTENT_DIR].string;
    struct stat info;
    if (outside == NULL || node->has_directory) {
        return SWB_OK;
    }
    of_local->outer_dir = strdup(of_local->content_dir);
    if (of_local->outer_dir == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb__journal_directory(local->journal, of_local->outer_dir, error);
    if (status == SWB_OK && stat(outside, &info) == 0 && info.st_uid != geteuid() &&
        chmod(of_local->outer_dir, 0777) != 0) {
        status = swb__fail_errno(error, SWB_EIO, errno, "chmod %s", of_local->outer_dir);
    }
    if (status == SWB_OK) {
        status = swb__watcher_create(&of_local->watcher, local->loop, of_local->outer_dir, error);
    }
    node->has_directory = status == SWB_OK;
    return status;
}

void swb__attach_prepare(void *argument, size_t index, size_t content, swb_done done,
                         void *done_argument)
{
    attach_site *site = argument;
    local_call *call = &site->local->nodes[index].calls[LOCAL_PREPARE];
    swb_error error = SWB_ERROR_INIT;
    int status = make_directory(&site->nodes[index], &error);
    if (status == SWB_OK) {
        swb__local_prepare(site->local, index, content, done, done_argument);
        return;
    }
    swb__local_begin(call, done, done_argument);
    swb__local_finish(site->local, call, status, &error);
}

static void on_lost(void *argument, const char *why)
{
    const attach_node *node = argument;
    node->site->events.exited(node->site->events.argument, node->index, -1, 0, why);
}

void swb__attach_start(void *argument, size_t index, const swb_launch *launch, swb_done done,
                       void *done_argument)
{
    attach_site *site = argument;
    attach_node *node = &site->nodes[index];
    local_call *call = &site->local->nodes[index].calls[LOCAL_START];
    swb_error error = SWB_ERROR_INIT;
    if (node->row == NULL) {
        swb__local_start(site->local, index, launch, done, done_argument);
        return;
    }
    swb__local_begin(call, done, done_argument);
    int status = make_directory(node, &error);
    if (status == SWB_OK) {
        status = swb__attach_probe_start(&node->probe, node, on_lost, node, &error);
    }
    swb__local_finish(site->local, call, status, &error);
}

/* --- closing --- */

static void on_closed(void *argument, int status, const swb_error *error)
{
    attach_site *site = argument;
    swb_done done = site->closed;
    void *done_argument = site->closed_argument;
    free_site(site);
    done(done_argument, status, error);
}

void swb__attach_close(void *argument, swb_done done, void *done_argument)
{
    attach_site *site = argument;
    site->closed = done;
    site->closed_argument = done_argument;
    for (size_t i = 0; i < site->node_count; i++) {
        swb__attach_probe_stop(&site->nodes[i].probe);
    }
    swb__local_close(site->local, on_closed, site);
}
