/* Files that an agent hands out: the log of its node, what a runner left. */
#include "deploy/agent_client_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "host/wire.h"

#define LIST_NS (600 * (uint64_t)SWB__NS_PER_S)
#define FILE_NS (600 * (uint64_t)SWB__NS_PER_S)

static void end_well(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    (void)json;
    (void)reply;
    swb__agent_call_end(call, SWB_OK, NULL);
}

/* No half file is left. */
static void tell_file(swb__agent_call *call, int status, const swb_error *error)
{
    if (status != SWB_OK) {
        unlink(call->file_path);
    }
    call->done.plain(call->argument, status, error);
}

/* What is asked for by `request` becomes a new file at `path`. */
static int fetch(swb__agent *agent, const char *request, const char *path, swb_done done,
                 void *argument, swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        return swb__fail_errno(told, SWB_EIO, errno, "create %s", path);
    }
    swb__agent_call *call = swb__agent_call_new(agent, tell_file, argument, told);
    if (call == NULL) {
        close(file);
        unlink(path);
        return told->status;
    }
    call->done.plain = done;
    call->file = file;
    call->raw = true;
    call->file_path = strdup(path);
    int status = SWB_ENOMEM;
    if (call->file_path == NULL) {
        swb__fail_nomem(told);
        swb__agent_call_drop(call);
    } else {
        status = swb__agent_call_begin(call, "GET", request, NULL, FILE_NS, end_well, told);
    }
    if (status != SWB_OK) {
        unlink(path);
    }
    return status;
}

int swb__agent_log(swb__agent *agent, const char *path, swb_done done, void *argument,
                   swb_error *error)
{
    return fetch(agent, "/v1/log", path, done, argument, error);
}

/* Names of files may hold anything. */
static void add_escaped(swb__buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char at = (unsigned char)*text;
        bool plain = (at >= '0' && at <= '9') || (at >= 'A' && at <= 'Z') ||
                     (at >= 'a' && at <= 'z') || strchr("-._/", at) != NULL;
        if (plain) {
            swb__buffer_char(out, *text);
        } else {
            swb__buffer_printf(out, "%%%02X", (unsigned)at);
        }
    }
}

int swb__agent_file(swb__agent *agent, const char *name, const char *path, swb_done done,
                    void *argument, swb_error *error)
{
    swb__buffer request = SWB__BUFFER_INIT((size_t)3 * SWB__WIRE_MAX_PATH + 64);
    swb__buffer_text(&request, "/v1/file?path=");
    add_escaped(&request, name);
    int status = request.status == SWB_OK
                     ? fetch(agent, swb__buffer_string(&request), path, done, argument, error)
                     : swb__fail_nomem(error);
    swb__buffer_finish(&request);
    return status;
}

static void tell_files_failed(swb__agent_call *call, int status, const swb_error *error)
{
    call->done.files(call->argument, status, NULL, error);
}

static void tell_nothing(swb__agent_call *call, int status, const swb_error *error)
{
    (void)call;
    (void)status;
    (void)error;
}

static void on_files(swb__agent_call *call, const cJSON *json, const swb__http_reply *reply)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "files");
    (void)reply;
    if (!cJSON_IsArray(list)) {
        swb__agent_call_malformed(call);
        return;
    }
    call->tell = tell_nothing;
    call->done.files(call->argument, SWB_OK, list, NULL);
    swb__agent_call_end(call, SWB_OK, NULL);
}

int swb__agent_files(swb__agent *agent, swb__agent_files_done done, void *argument,
                     swb_error *error)
{
    swb_error own = SWB_ERROR_INIT;
    swb_error *told = error != NULL ? error : &own;
    swb__agent_call *call = swb__agent_call_new(agent, tell_files_failed, argument, told);
    if (call == NULL) {
        return told->status;
    }
    call->done.files = done;
    return swb__agent_call_begin(call, "GET", "/v1/files", NULL, LIST_NS, on_files, told);
}
