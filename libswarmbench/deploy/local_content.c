#include "deploy/local_site.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "host/maker.h"

static void on_made(void *argument, int status, swb_torrent *torrent, const swb_error *error)
{
    local_site *site = argument;
    site->torrent = torrent;
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

void swb__local_make_torrent(void *argument, const char *announce, swb_done done,
                             void *done_argument)
{
    local_site *site = argument;
    const swb_site_request *request = site->request;
    swb_error error = SWB_ERROR_INIT;
    assert(site->torrent == NULL);
    swb__local_begin(&site->making, done, done_argument);
    const char *path = needs_file(site) ? site->content_path : NULL;
    int status = swb__maker_torrent(site->loop, request->content_seed, request->content_bytes,
                                    LOCAL_CONTENT_NAME, announce, path, on_made, site, &error);
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
    const char *source = node->site->content_path;
    if (link(source, node->content_path) == 0) {
        node->copy_status = SWB_OK;
        return;
    }
    int result = uv_fs_copyfile(NULL, &request, source, node->content_path,
                                UV_FS_COPYFILE_EXCL | UV_FS_COPYFILE_FICLONE, NULL);
    uv_fs_req_cleanup(&request);
    node->copy_status =
        result == 0
            ? SWB_OK
            : swb__fail(&node->copy_error, result == UV_ENOSPC ? SWB_ENOSPACE : SWB_EIO,
                        "copy %s to %s: %s", source, node->content_path, uv_strerror(result));
}

static void on_put(void *argument)
{
    local_node *node = argument;
    local_site *site = node->site;
    swb__local_finish(site, &node->calls[LOCAL_PREPARE], node->copy_status, &node->copy_error);
    site->working--;
    swb__local_go_on(site);
}

void swb__local_prepare(void *argument, size_t index, swb_done done, void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    swb__local_begin(&node->calls[LOCAL_PREPARE], done, done_argument);
    int status = swb__work_submit(site->loop, put_content, on_put, node);
    if (status == SWB_OK) {
        site->working++;
    } else {
        swb__fail(&error, status, "hand work to a thread: %s", swb_status_text(status));
        swb__local_finish(site, &node->calls[LOCAL_PREPARE], status, &error);
    }
}

static void on_verified(void *argument, int status, uint64_t bad_offset, const swb_error *error)
{
    local_node *node = argument;
    local_site *site = node->site;
    /* A cancelled call has had its completion: the place is the caller's again. */
    if (status == SWB_EMISMATCH && node->bad_offset != NULL && !site->closing) {
        *node->bad_offset = bad_offset;
    }
    swb__local_finish(site, &node->calls[LOCAL_VERIFY], status, error);
    site->working--;
    swb__local_go_on(site);
}

void swb__local_verify(void *argument, size_t index, uint64_t *bad_offset, swb_done done,
                       void *done_argument)
{
    local_site *site = argument;
    local_node *node = &site->nodes[index];
    swb_error error = SWB_ERROR_INIT;
    swb__local_begin(&node->calls[LOCAL_VERIFY], done, done_argument);
    node->bad_offset = bad_offset;
    int status =
        swb__maker_verify(site->loop, site->request->content_seed, site->request->content_bytes,
                          node->content_path, on_verified, node, &error);
    if (status == SWB_OK) {
        site->working++;
    } else {
        swb__local_finish(site, &node->calls[LOCAL_VERIFY], status, &error);
    }
}
