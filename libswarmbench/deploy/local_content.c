/* Contents on the nodes of a local site: made, put in place, watched, verified. */
#include "deploy/local_site.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/maker.h"

static char *path_of(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s/%s", directory, name);
    }
    return path;
}

static uint64_t content_bytes(const swb_site_request *request)
{
    return request->data_parts == 0
               ? request->content_bytes
               : swb_erasure_part_bytes(request->content_bytes, request->data_parts);
}

static void on_made(void *argument, int status, swb_torrent *torrent, const swb_error *error)
{
    local_site *site = argument;
    site->torrents[site->making_content] = torrent;
    swb__local_finish(site, &site->making, status, error);
    site->working--;
    swb__local_go_on(site);
}

static bool needs_file(const local_site *site)
{
    for (size_t i = 0; i < site->request->node_count; i++) {
        if (swb__local_seeds_file(&site->request->nodes[i])) {
            return true;
        }
    }
    return false;
}

static int begin_making(local_site *site, size_t content, const char *announce, swb_error *error)
{
    swb__maker_source source = swb__maker_source_of(site->request, content);
    const char *name = site->request->content_names[content];
    char *path = needs_file(site) ? path_of(site->content_dir, name) : NULL;
    if (path == NULL && needs_file(site)) {
        return swb__fail_nomem(error);
    }
    int status =
        swb__maker_torrent(site->loop, &source, name, announce, path, on_made, site, error);
    free(path);
    return status;
}

void swb__local_make_torrent(void *argument, size_t content, const char *announce, swb_done done,
                             void *done_argument)
{
    local_site *site = argument;
    swb_error error = SWB_ERROR_INIT;
    assert(site->torrents[content] == NULL);
    swb__local_begin(&site->making, done, done_argument);
    site->making_content = content;
    int status = begin_making(site, content, announce, &error);
    if (status == SWB_OK) {
        site->working++;
    } else {
        swb__local_finish(site, &site->making, status, &error);
    }
}

/*
 * Seeders get the one file that was made, by a hard link: they only read it, so they can share its
 * bytes and its pages in memory; what is measured is the leechers, and every byte of theirs is
 * verified. Where links cannot be, it is cloned or copied.
 */
static void put_content(void *argument)
{
    local_node *node = argument;
    uv_fs_t request;
    if (link(node->copy_from, node->copy_to) == 0) {
        node->copy_status = SWB_OK;
        return;
    }
    int result = uv_fs_copyfile(NULL, &request, node->copy_from, node->copy_to,
                                UV_FS_COPYFILE_EXCL | UV_FS_COPYFILE_FICLONE, NULL);
    uv_fs_req_cleanup(&request);
    node->copy_status =
        result == 0
            ? SWB_OK
            : swb__fail(&node->copy_error, result == UV_ENOSPC ? SWB_ENOSPACE : SWB_EIO,
                        "copy %s to %s: %s", node->copy_from, node->copy_to, uv_strerror(result));
}

static void free_copy(local_node *node)
{
    free(node->copy_from);
    free(node->copy_to);
    node->copy_from = node->copy_to = NULL;
}

static void on_put(void *argument)
{
    local_node *node = argument;
    local_site *site = node->site;
    free_copy(node);
    swb__local_finish(site, &node->calls[LOCAL_PREPARE], node->copy_status, &node->copy_error);
    site->working--;
    swb__local_go_on(site);
}

static int begin_copy(local_node *node, size_t content, swb_error *error)
{
    const char *name = node->site->request->content_names[content];
    node->copy_from = path_of(node->site->content_dir, name);
    node->copy_to = path_of(node->content_dir, name);
    int status = node->copy_from == NULL || node->copy_to == NULL
                     ? SWB_ENOMEM
                     : swb__work_submit(node->site->loop, put_content, on_put, node);
    if (status != SWB_OK) {
        free_copy(node);
        swb__fail(error, status, "hand work to a thread: %s", swb_status_text(status));
    }
    return status;
}

void swb__local_prepare(void *argument, size_t index, size_t content, swb_done done,
                        void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    swb__local_begin(&node->calls[LOCAL_PREPARE], done, done_argument);
    int status = begin_copy(node, content, &error);
    if (status == SWB_OK) {
        site->working++;
    } else {
        swb__local_finish(site, &node->calls[LOCAL_PREPARE], status, &error);
    }
}

static void on_watched(void *argument, const swb_watch_event *event)
{
    const local_file *file = argument;
    const local_node *node = file->node;
    const local_site *site = node->site;
    site->events.watched(site->events.argument, (size_t)(node - site->nodes),
                         (size_t)(file - node->files), event);
}

int swb__local_watch(void *argument, size_t index, size_t content, int64_t begin_ns,
                     swb_error *error)
{
    local_site *site = argument;
    const swb_site_request *request = site->request;
    local_file *file = &site->nodes[index].files[content];
    swb__watch_stop(file->watch);
    file->watch = NULL;
    swb__watcher *watcher = file->node->watcher != NULL ? file->node->watcher : site->watcher;
    return swb__watch_start(&file->watch, watcher, file->node->content_dir,
                            request->content_names[content], content_bytes(request), begin_ns,
                            on_watched, file, error);
}

/* Ends what verifying or decoding a node's files came to. */
static void end_verifying(local_node *node, int status, const swb_error *error)
{
    local_site *site = node->site;
    swb__local_finish(site, &node->calls[LOCAL_VERIFY], status, error);
    site->working--;
    swb__local_go_on(site);
}

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    local_node *node = argument;
    /* A cancelled call has had its completion: the place is the caller's again. */
    if (status == SWB_EMISMATCH && node->bad_offset != NULL && !node->site->closing) {
        *node->bad_offset = bad_offset;
    }
    end_verifying(node, status, error);
}

static int begin_verifying(local_node *node, swb_error *error)
{
    const swb_site_request *request = node->site->request;
    swb__maker_source source = swb__maker_source_of(request, 0);
    char *path = path_of(node->content_dir, request->content_names[0]);
    int status = path == NULL
                     ? swb__fail_nomem(error)
                     : swb__maker_verify(node->site->loop, &source, path, on_verified, node, error);
    free(path);
    return status;
}

void swb__local_verify(void *argument, size_t index, uint64_t *bad_offset, swb_done done,
                       void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    swb__local_begin(&node->calls[LOCAL_VERIFY], done, done_argument);
    node->bad_offset = bad_offset;
    int status = begin_verifying(node, &error);
    if (status == SWB_OK) {
        site->working++;
    } else {
        swb__local_finish(site, &node->calls[LOCAL_VERIFY], status, &error);
    }
}

static void on_decoded(void *argument, int status, const swb_decoded *decoded,
                       const swb_error *error)
{
    local_node *node = argument;
    if (!node->site->closing) {
        *node->decoded = *decoded;
    }
    end_verifying(node, status, error);
}

static int begin_decoding(local_node *node, const uint32_t *parts, swb_error *error)
{
    const swb_site_request *request = node->site->request;
    swb__maker_source source = swb__maker_source_of(request, 0);
    swb_erasure_file files[SWB_ERASURE_MAX_PARTS] = {{0, NULL}};
    int status = SWB_OK;
    for (uint32_t i = 0; status == SWB_OK && i < request->data_parts; i++) {
        char *path = path_of(node->content_dir, request->content_names[parts[i]]);
        files[i] = (swb_erasure_file){parts[i], path};
        status = path != NULL ? SWB_OK : swb__fail_nomem(error);
    }
    if (status == SWB_OK) {
        status = swb__maker_decode(node->site->loop, &source, files, on_decoded, node, error);
    }
    for (uint32_t i = 0; i < request->data_parts; i++) {
        free((char *)files[i].path);
    }
    return status;
}

void swb__local_decode(void *argument, size_t index, const uint32_t *parts, swb_decoded *out,
                       swb_done done, void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    swb__local_begin(&node->calls[LOCAL_VERIFY], done, done_argument);
    node->decoded = out;
    int status = begin_decoding(node, parts, &error);
    if (status == SWB_OK) {
        site->working++;
    } else {
        swb__local_finish(site, &node->calls[LOCAL_VERIFY], status, &error);
    }
}
