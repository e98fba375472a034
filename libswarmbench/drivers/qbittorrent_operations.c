#include "drivers/qbittorrent_operations.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "drivers/http_reply.h"
#include "drivers/qbittorrent_dialogue.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define API SWB__QBITTORRENT_API
/* A torrent that was taken is there within milliseconds: so many looks are seconds. */
#define LOOKS_MAX 500

/* A GET of `path` with the command's handle behind it. */
static int get_of_handle(swb_call *call, const char *path)
{
    char text[640];
    snprintf(text, sizeof text, "%s%s", path, swb_call_command(call)->handle);
    return swb_call_http(call, "GET", text);
}

static int take_success(swb_call *call, int index)
{
    (void)index;
    return swb__reply_expect_success(call);
}

static int ask_ready(swb_call *call, int index)
{
    return index == 0 ? swb_call_http(call, "GET", API "app/webapiVersion") : SWB_CALL_DONE;
}

/* "2.8.19", or "v4.5.2" for the program's own. */
static int take_version_text(char *out, size_t size, swb_call *call)
{
    char text[64];
    int status = swb__reply_text(text, sizeof text, call);
    if (status == SWB_OK && !isdigit((unsigned char)text[text[0] == 'v'])) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply is no version");
    }
    if (status == SWB_OK) {
        snprintf(out, size, "%s", text);
    }
    return status;
}

static int take_ready(swb_call *call, int index)
{
    char version[32];
    (void)index;
    return take_version_text(version, sizeof version, call);
}

int swb__qbittorrent_ready(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_ready, take_ready};
    return swb__qbittorrent_run(call, &talk);
}

static int ask_version(swb_call *call, int index)
{
    static const char *const paths[] = {API "app/version", API "app/webapiVersion",
                                        API "app/buildInfo"};
    return (size_t)index < COUNT(paths) ? swb_call_http(call, "GET", paths[index]) : SWB_CALL_DONE;
}

static int take_build(swb_call *call)
{
    swb_result *found = swb_call_result(call);
    cJSON *build = NULL;
    int status = swb__reply_json(&build, call);
    const char *libtorrent = swb__json_member_text(build, "libtorrent");
    if (libtorrent != NULL) {
        snprintf(found->revision, sizeof found->revision, "libtorrent %s", libtorrent);
    }
    cJSON_Delete(build);
    return status;
}

static int take_version(swb_call *call, int index)
{
    swb_result *found = swb_call_result(call);
    switch (index) {
    case 0:
        return take_version_text(found->version, sizeof found->version, call);
    case 1:
        return take_version_text(found->api_version, sizeof found->api_version, call);
    default:
        return take_build(call);
    }
}

int swb__qbittorrent_version(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_version, take_version};
    return swb__qbittorrent_run(call, &talk);
}

static void add_part(swb_call *call, const char *name, const char *value)
{
    swb_call_part(call, name, NULL, NULL, value, strlen(value));
}

/* Both spellings of what was renamed between versions; the other one is ignored. */
static int send_torrent(swb_call *call, bool has_content)
{
    const swb_command *command = swb_call_command(call);
    int answer = swb_call_http(call, "POST", API "torrents/add");
    swb_call_part(call, "torrents", "content.torrent", "application/x-bittorrent",
                  command->metainfo, command->metainfo_length);
    add_part(call, "savepath", swb_call_node(call)->content_dir);
    add_part(call, "autoTMM", "false");
    add_part(call, "contentLayout", "Original");
    add_part(call, "paused", "false");
    add_part(call, "stopped", "false");
    add_part(call, "skip_checking", has_content ? "true" : "false");
    add_part(call, "seedMode", has_content ? "true" : "false");
    return answer;
}

/* A torrent that is there already, and one that is bad, are refused in the same words. */
static bool add_was_refused(const swb_call *call)
{
    return swb_call_reply(call)->http_status == 409 || swb__reply_is(call, "Fails.");
}

/* Without this the torrent waits for libtorrent's queue, which is looked at once a second; until
 * then it turns peers away, though its state says that it serves. */
static int send_start(swb_call *call)
{
    int answer = swb_call_http(call, "POST", API "torrents/setForceStart");
    swb_call_field(call, "hashes", swb_call_command(call)->handle);
    swb_call_field(call, "value", "true");
    return answer;
}

static int ask_add(swb_call *call, int index, bool has_content)
{
    swb__qbittorrent_session *session = swb_call_session(call);
    if (index == 0) {
        session->add = SWB__ADD_SENT;
        return send_torrent(call, has_content);
    }
    if (session->add == SWB__ADD_STARTED) {
        return SWB_CALL_DONE;
    }
    if (session->add == SWB__ADD_SEEN) {
        return send_start(call);
    }
    if (index > LOOKS_MAX) {
        return swb_call_fail(call, SWB_EREMOTE, 0, "the torrent was taken, but does not appear");
    }
    return get_of_handle(call, API "torrents/info?hashes=");
}

static int ask_seed(swb_call *call, int index)
{
    return ask_add(call, index, true);
}

static int ask_leech(swb_call *call, int index)
{
    return ask_add(call, index, false);
}

/* The torrents of torrents/info, owned by the caller. */
static int take_torrents(cJSON **out, swb_call *call)
{
    cJSON *torrents = NULL;
    int status = swb__reply_json(&torrents, call);
    if (status == SWB_OK && !cJSON_IsArray(torrents)) {
        cJSON_Delete(torrents);
        return swb_call_fail(call, SWB_EPROTO, 0, "the list of torrents is no array");
    }
    *out = torrents;
    return status;
}

/* What is there after the torrent was sent tells why it was refused, or that it was taken. */
static int take_look(swb_call *call, swb__qbittorrent_session *session)
{
    cJSON *torrents = NULL;
    int status = take_torrents(&torrents, call);
    if (status != SWB_OK) {
        return status;
    }
    bool there = cJSON_GetArraySize(torrents) > 0;
    cJSON_Delete(torrents);
    if (session->add == SWB__ADD_REFUSED) {
        return there ? swb_call_fail(call, SWB_EEXIST, 0, "the torrent is there already")
                     : swb_call_fail(call, SWB_EREMOTE, 0, "the torrent was refused");
    }
    session->add = there ? SWB__ADD_SEEN : SWB__ADD_TAKEN;
    return SWB_OK;
}

/* 5.2: {"success_count": 1, "failure_count": 0, ...} */
static int take_counts(swb_call *call)
{
    cJSON *counts = NULL;
    int status = swb__reply_json(&counts, call);
    if (status == SWB_OK && swb__json_counter(counts, "failure_count") != 0) {
        status = swb_call_fail(call, SWB_EREMOTE, 0, "the torrent was refused");
    }
    cJSON_Delete(counts);
    return status;
}

static int take_addition(swb_call *call, swb__qbittorrent_session *session)
{
    if (add_was_refused(call)) {
        session->add = SWB__ADD_REFUSED;
        return SWB_OK;
    }
    session->add = SWB__ADD_TAKEN;
    int status = swb__reply_expect_success(call);
    return status != SWB_OK || swb__reply_is(call, "Ok.") ? status : take_counts(call);
}

static int take_add(swb_call *call, int index)
{
    swb__qbittorrent_session *session = swb_call_session(call);
    (void)index;
    switch (session->add) {
    case SWB__ADD_SENT:
        return take_addition(call, session);
    case SWB__ADD_SEEN:
        session->add = SWB__ADD_STARTED;
        return swb__reply_expect_success(call);
    default:
        return take_look(call, session);
    }
}

int swb__qbittorrent_seed(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_seed, take_add};
    return swb__qbittorrent_run(call, &talk);
}

int swb__qbittorrent_leech(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_leech, take_add};
    return swb__qbittorrent_run(call, &talk);
}

/* Waste is told by the torrent's properties only: asked for once, when it no longer grows. */
static int ask_status(swb_call *call, int index)
{
    if (index == 0) {
        return get_of_handle(call, API "torrents/info?hashes=");
    }
    bool complete = swb_call_result(call)->state == SWB_STATE_SERVING;
    return index == 1 && complete ? get_of_handle(call, API "torrents/properties?hash=")
                                  : SWB_CALL_DONE;
}

/* Names of 4.x and 5.x. */
static swb_node_state state_of(const char *name)
{
    static const struct {
        const char *name;
        swb_node_state state;
    } states[] = {
        {"downloading", SWB_STATE_FETCHING},  {"forcedDL", SWB_STATE_FETCHING},
        {"stalledDL", SWB_STATE_FETCHING},    {"metaDL", SWB_STATE_FETCHING},
        {"forcedMetaDL", SWB_STATE_FETCHING}, {"uploading", SWB_STATE_SERVING},
        {"forcedUP", SWB_STATE_SERVING},      {"stalledUP", SWB_STATE_SERVING},
        {"checkingDL", SWB_STATE_CHECKING},   {"checkingUP", SWB_STATE_CHECKING},
        {"allocating", SWB_STATE_CHECKING},   {"checkingResumeData", SWB_STATE_CHECKING},
        {"moving", SWB_STATE_CHECKING},       {"pausedDL", SWB_STATE_PAUSED},
        {"pausedUP", SWB_STATE_PAUSED},       {"stoppedDL", SWB_STATE_PAUSED},
        {"stoppedUP", SWB_STATE_PAUSED},      {"queuedDL", SWB_STATE_PAUSED},
        {"queuedUP", SWB_STATE_PAUSED},       {"error", SWB_STATE_FAILED},
        {"missingFiles", SWB_STATE_FAILED},
    };
    for (size_t i = 0; i < COUNT(states); i++) {
        if (strcmp(name, states[i].name) == 0) {
            return states[i].state;
        }
    }
    return SWB_STATE_UNKNOWN;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a == SWB_COUNT_UNKNOWN || b == SWB_COUNT_UNKNOWN ? SWB_COUNT_UNKNOWN : a + b;
}

static int read_torrent(swb_call *call, const cJSON *torrent)
{
    swb_result *found = swb_call_result(call);
    const char *state = swb__json_member_text(torrent, "state");
    if (state == NULL) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the torrent has no state");
    }
    found->state = state_of(state);
    found->bytes_done = swb__json_counter(torrent, "completed");
    found->payload_received = swb__json_counter(torrent, "downloaded");
    found->payload_sent = swb__json_counter(torrent, "uploaded");
    found->peers =
        sum(swb__json_counter(torrent, "num_seeds"), swb__json_counter(torrent, "num_leechs"));
    if (found->state == SWB_STATE_FAILED) {
        snprintf(found->detail, sizeof found->detail, "%s", state);
    }
    return SWB_OK;
}

static int take_info(swb_call *call)
{
    cJSON *torrents = NULL;
    int status = take_torrents(&torrents, call);
    if (status == SWB_OK) {
        if (cJSON_GetArraySize(torrents) == 0) {
            swb_call_result(call)->state = SWB_STATE_ABSENT;
        } else {
            status = read_torrent(call, cJSON_GetArrayItem(torrents, 0));
        }
    }
    cJSON_Delete(torrents);
    return status;
}

static int take_properties(swb_call *call)
{
    cJSON *properties = NULL;
    int status = swb__reply_json(&properties, call);
    if (status == SWB_OK) {
        swb_call_result(call)->wasted = swb__json_counter(properties, "total_wasted");
    }
    cJSON_Delete(properties);
    return status;
}

static int take_status(swb_call *call, int index)
{
    return index == 0 ? take_info(call) : take_properties(call);
}

int swb__qbittorrent_status(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_status, take_status};
    return swb__qbittorrent_run(call, &talk);
}

/* A torrent appears a moment after the reply to its addition, so that trying again may help. */
static int fail_absent(swb_call *call)
{
    return swb_call_fail(call, SWB_ENOENT, 1, "there is no such torrent");
}

/* Deleting an unknown torrent succeeds, so we look whether it is there first. */
static int ask_remove(swb_call *call, int index)
{
    if (index == 0) {
        return get_of_handle(call, API "torrents/info?hashes=");
    }
    if (index > 1) {
        return SWB_CALL_DONE;
    }
    int answer = swb_call_http(call, "POST", API "torrents/delete");
    swb_call_field(call, "hashes", swb_call_command(call)->handle);
    swb_call_field(call, "deleteFiles", "true");
    return answer;
}

static int take_remove(swb_call *call, int index)
{
    if (index > 0) {
        return swb__reply_expect_success(call);
    }
    int status = take_info(call);
    if (status == SWB_OK && swb_call_result(call)->state == SWB_STATE_ABSENT) {
        return fail_absent(call);
    }
    return status;
}

int swb__qbittorrent_remove(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_remove, take_remove};
    return swb__qbittorrent_run(call, &talk);
}

static int ask_peers(swb_call *call, int index)
{
    const swb_command *command = swb_call_command(call);
    if (index > 0 || command->peer_count == 0) {
        return SWB_CALL_DONE;
    }
    swb__buffer peers = SWB__BUFFER_INIT(1u << 20);
    for (size_t i = 0; i < command->peer_count; i++) {
        bool v6 = strchr(command->peers[i].address, ':') != NULL;
        swb__buffer_printf(&peers, "%s%s%s%s:%u", i == 0 ? "" : "|", v6 ? "[" : "",
                           command->peers[i].address, v6 ? "]" : "", command->peers[i].port);
    }
    int answer = peers.status;
    if (answer == SWB_OK) {
        answer = swb_call_http(call, "POST", API "torrents/addPeers");
        swb_call_field(call, "hashes", command->handle);
        swb_call_field(call, "peers", peers.data);
    } else {
        answer = swb_call_fail(call, answer, 0, "the list of peers cannot be built");
    }
    swb__buffer_finish(&peers);
    return answer;
}

/* {"HASH": {"added": 2, "failed": 0}}; unknown torrents are left out. */
static int take_peers(swb_call *call, int index)
{
    cJSON *torrents = NULL;
    (void)index;
    int status = swb__reply_json(&torrents, call);
    if (status == SWB_OK && cJSON_GetObjectItem(torrents, swb_call_command(call)->handle) == NULL) {
        status = fail_absent(call);
    }
    cJSON_Delete(torrents);
    return status;
}

int swb__qbittorrent_peers(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_peers, take_peers};
    return swb__qbittorrent_run(call, &talk);
}

static int ask_shutdown(swb_call *call, int index)
{
    return index == 0 ? swb_call_http(call, "POST", API "app/shutdown") : SWB_CALL_DONE;
}

int swb__qbittorrent_stop(swb_call *call)
{
    static const swb__qbittorrent_dialogue talk = {ask_shutdown, take_success};
    return swb__qbittorrent_run(call, &talk);
}
