/* Opening and closing a site, and the completions of its calls. */
#include "deploy/local_site.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/file.h"
#include "host/node_process.h"

#define PATH_LIMIT 4096

void swb__local_begin(local_call *call, swb_done done, void *argument)
{
    assert(!call->busy);
    *call = (local_call){.done = done, .argument = argument, .busy = true};
}

void swb__local_finish(local_site *site, local_call *call, int status, const swb_error *error)
{
    if (!call->busy || call->queued) {
        return;
    }
    call->queued = true;
    call->status = status;
    if (status != SWB_OK) {
        call->error = *error;
    }
    *site->last = call;
    site->last = &call->next;
    uv_async_send(&site->wake);
}

/* A completion may begin new calls, which then are queued behind. */
static void make_completions(local_site *site)
{
    while (site->first != NULL) {
        local_call *call = site->first;
        const local_call made = *call;
        site->first = call->next;
        if (site->first == NULL) {
            site->last = &site->first;
        }
        call->busy = false;
        made.done(made.argument, made.status, made.status == SWB_OK ? NULL : &made.error);
    }
}

static void on_wake(uv_async_t *wake)
{
    make_completions(wake->data);
}

static int make_path(char **out, swb_error *error, const char *format, ...) SWB__PRINTF(3, 4);

/* A path made by a format, to be freed with free(). */
static int make_path(char **out, swb_error *error, const char *format, ...)
{
    char path[PATH_LIMIT];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(path, sizeof path, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof path) {
        return swb__fail(error, SWB_EINVAL, "path too long: %.80s...", path);
    }
    *out = strdup(path);
    return *out != NULL ? SWB_OK : swb__fail_nomem(error);
}

/* Fills `out` with random characters of [a-z0-9] and a NUL. */
static int make_secret(char *out, size_t size, swb_error *error)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[64];
    assert(size <= sizeof bytes);
    if (getrandom(bytes, size, 0) != (ssize_t)size) {
        return swb__fail_errno(error, SWB_EIO, errno, "random number");
    }
    for (size_t i = 0; i + 1 < size; i++) {
        out[i] = characters[bytes[i] % 32];
    }
    out[size - 1] = '\0';
    return SWB_OK;
}

/* Makes one directory for nodes whatever the umask: a client that drops its privileges must get to
 * its files. */
static int make_open_dir(const char *path, swb_error *error)
{
    if (mkdir(path, 0755) != 0 || chmod(path, 0755) != 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "make directory %s", path);
    }
    return SWB_OK;
}

static int make_node_paths(local_node *node, swb_error *error)
{
    const char *name = node->request->name;
    const local_site *site = node->site;
    int status = make_path(&node->home_dir, error, "%s/%s", site->directory, name);
    if (status == SWB_OK) {
        status = make_path(&node->content_dir, error, "%s/content", node->home_dir);
    }
    if (status == SWB_OK) {
        status = make_path(&node->log_path, error, "%s/%s.log", site->request->log_dir, name);
    }
    return status;
}

static int open_files(local_node *node, swb_error *error)
{
    size_t count = node->site->request->content_count;
    node->files = calloc(count, sizeof *node->files);
    for (size_t i = 0; node->files != NULL && i < count; i++) {
        node->files[i].node = node;
    }
    return node->files != NULL ? SWB_OK : swb__fail_nomem(error);
}

static int open_node(local_site *site, size_t index, swb_error *error)
{
    local_node *node = &site->nodes[index];
    const swb_node_request *request = &site->request->nodes[index];
    node->site = site;
    node->request = request;
    node->address = &site->addresses[index];
    site->swarm_size += request->role != SWB_ROLE_SERVICE;
    if (strchr(request->name, '/') != NULL || strchr(".", request->name[0]) != NULL) {
        return swb__fail(error, SWB_EINVAL, "'%s' cannot name a node's directory", request->name);
    }
    int status = make_node_paths(node, error);
    if (status == SWB_OK) {
        status = open_files(node, error);
    }
    if (status == SWB_OK) {
        status = make_open_dir(node->home_dir, error);
    }
    return status == SWB_OK ? make_open_dir(node->content_dir, error) : status;
}

static int open_nodes(local_site *site, swb_error *error)
{
    size_t count = site->request->node_count;
    site->addresses = calloc(count + 1, sizeof *site->addresses);
    site->nodes = calloc(count + 1, sizeof *site->nodes);
    site->torrents = calloc(site->request->content_count, sizeof *site->torrents);
    if (site->addresses == NULL || site->nodes == NULL || site->torrents == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb__addresses_choose(site->addresses, count, error);
    for (size_t i = 0; status == SWB_OK && i < count; i++) {
        status = open_node(site, i, error);
    }
    return status;
}

/* Data that is kept is not noted in the journal: cleaning must leave it alone too. */
static int make_site_dir(local_site *site, swb_error *error)
{
    return site->request->keep_data ? make_open_dir(site->directory, error)
                                    : swb__journal_directory(site->journal, site->directory, error);
}

static int open_directories(local_site *site, swb_error *error)
{
    const swb_site_request *request = site->request;
    char work_dir[PATH_LIMIT];
    int status = swb__make_dirs(request->work_dir, 0755, error);
    if (status == SWB_OK) {
        status = swb__make_dirs(request->log_dir, 0755, error);
    }
    if (status == SWB_OK && realpath(request->work_dir, work_dir) == NULL) {
        status = swb__fail_errno(error, SWB_EIO, errno, "%s", request->work_dir);
    }
    if (status == SWB_OK) {
        status = make_path(&site->directory, error, "%s/%s", work_dir, request->run_name);
    }
    if (status == SWB_OK) {
        status = make_site_dir(site, error);
        site->made_directory = status == SWB_OK;
    }
    /* No node can have this name. */
    if (status == SWB_OK) {
        status = make_path(&site->content_dir, error, "%s/.content", site->directory);
    }
    return status == SWB_OK ? make_open_dir(site->content_dir, error) : status;
}

static int open_all(local_site *site, swb_error *error)
{
    int status = make_secret(site->user, sizeof site->user, error);
    if (status == SWB_OK) {
        status = make_secret(site->password, sizeof site->password, error);
    }
    if (status == SWB_OK) {
        status = swb__journal_open(&site->journal, error);
    }
    if (status == SWB_OK) {
        status = open_directories(site, error);
    }
    if (status == SWB_OK) {
        status = open_nodes(site, error);
    }
    if (status == SWB_OK) {
        status = swb__watcher_create(&site->watcher, site->loop, site->directory, error);
    }
    if (status == SWB_OK) {
        int result = uv_async_init(swb__loop_uv(site->loop), &site->wake, on_wake);
        status =
            result == 0 ? SWB_OK : swb__fail(error, SWB_EIO, "wake-up: %s", uv_strerror(result));
    }
    return status;
}

static void free_site(local_site *site)
{
    for (size_t i = 0; site->nodes != NULL && i < site->request->node_count; i++) {
        local_node *node = &site->nodes[i];
        free(node->home_dir);
        free(node->content_dir);
        free(node->outer_dir);
        free(node->files);
        free(node->log_path);
        swb__list_free(node->argv);
        swb__list_free(node->environment);
    }
    for (size_t i = 0; site->torrents != NULL && i < site->request->content_count; i++) {
        swb_torrent_destroy(site->torrents[i]);
    }
    free(site->torrents);
    free(site->nodes);
    free(site->addresses);
    free(site->content_dir);
    free(site->directory);
    free(site);
}

/* What clients of other owners have put there may be left: the first failure is told. */
static int remove_outer(local_site *site, swb_error *error)
{
    int status = SWB_OK;
    for (size_t i = 0; site->nodes != NULL && i < site->request->node_count; i++) {
        const char *path = site->nodes[i].outer_dir;
        swb_error failure = SWB_ERROR_INIT;
        int removed = path == NULL ? SWB_OK : swb__journal_remove_directory(path, &failure);
        if (removed != SWB_OK && removed != SWB_ENOENT && status == SWB_OK) {
            status = swb__fail(error, removed, "%s", failure.message);
        }
    }
    return status;
}

static int remove_data(local_site *site, swb_error *error)
{
    int status = remove_outer(site, error);
    if (site->made_directory && !site->request->keep_data) {
        int removed =
            swb__journal_remove_directory(site->directory, status == SWB_OK ? error : NULL);
        status = status == SWB_OK ? removed : status;
    }
    /* That it is gone already is no lack. */
    return status == SWB_ENOENT ? SWB_OK : status;
}

int swb__local_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                    const swb_site_events *events, swb_error *error)
{
    local_site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        return swb__fail_nomem(error);
    }
    site->loop = loop;
    site->request = request;
    site->events = *events;
    site->last = &site->first;
    int status = open_all(site, error);
    if (status != SWB_OK) {
        swb__watcher_destroy(site->watcher);
        swb__journal_close(site->journal, remove_data(site, NULL) == SWB_OK);
        free_site(site);
        return status;
    }
    site->wake.data = site;
    *site_out = site;
    return SWB_OK;
}

static void cancel(local_site *site, local_call *call)
{
    swb_error error = SWB_ERROR_INIT;
    swb__fail(&error, SWB_ECANCELED, "the run was ended");
    swb__local_finish(site, call, SWB_ECANCELED, &error);
}

static void on_wake_closed(uv_handle_t *handle)
{
    local_site *site = handle->data;
    const local_call closed = site->closed;
    free_site(site);
    closed.done(closed.argument, closed.status, closed.status == SWB_OK ? NULL : &closed.error);
}

static void remove_on_thread(void *argument)
{
    local_site *site = argument;
    site->closed.status = remove_data(site, &site->closed.error);
}

static void on_removed(void *argument)
{
    local_site *site = argument;
    swb__journal_close(site->journal, site->closed.status == SWB_OK && site->held == 0);
    make_completions(site);
    uv_close((uv_handle_t *)&site->wake, on_wake_closed);
}

void swb__local_go_on(local_site *site)
{
    if (!site->closing || site->running > 0 || site->working > 0) {
        return;
    }
    if (swb__work_submit(site->loop, remove_on_thread, on_removed, site) != SWB_OK) {
        remove_on_thread(site);
        on_removed(site);
    }
}

void swb__local_close(void *argument, swb_done done, void *done_argument)
{
    local_site *site = argument;
    assert(!site->closing);
    swb__local_begin(&site->closed, done, done_argument);
    site->closing = true;
    swb__watcher_destroy(site->watcher);
    cancel(site, &site->making);
    for (size_t i = 0; i < site->request->node_count; i++) {
        local_node *node = &site->nodes[i];
        swb__watcher_destroy(node->watcher);
        node->watcher = NULL;
        for (unsigned kind = 0; kind < LOCAL_KINDS; kind++) {
            cancel(site, &node->calls[kind]);
        }
        if (node->process != NULL) {
            swb__process_end(node->process, LOCAL_CLOSE_GRACE_NS);
        }
    }
    swb__local_go_on(site);
}
