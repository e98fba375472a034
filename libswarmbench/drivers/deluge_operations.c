#include "drivers/deluge_operations.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "drivers/deluge_dialogue.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A call without arguments. */
static int send_call(swb_call *call, const char *method)
{
    swb__buffer body = swb__deluge_request(call, method, 0);
    swb__rencode_put_dict(&body, 0);
    return swb__deluge_send(call, &body);
}

static int ask_listen_port(swb_call *call, int index)
{
    return index == 0 ? send_call(call, "core.get_listen_port") : SWB_CALL_DONE;
}

/* The daemon answers before its BitTorrent socket listens. */
static int take_listen_port(swb_call *call, int index, const swb__rencode *result)
{
    char text[128];
    (void)index;
    if (result->kind != SWB__RENCODE_INTEGER) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the port listened on is no number");
    }
    if (!swb_call_node(call)->attached && result->integer != swb_call_node(call)->data_port) {
        snprintf(text, sizeof text, "it listens for peers on port %lld, not yet on %u",
                 (long long)result->integer, swb_call_node(call)->data_port);
        return swb_call_fail(call, SWB_EBUSY, 1, text);
    }
    return SWB_OK;
}

int swb__deluge_ready(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_listen_port, take_listen_port};
    return swb__deluge_run(call, &talk);
}

static int ask_version(swb_call *call, int index)
{
    static const char *const methods[] = {"daemon.info", "core.get_libtorrent_version"};
    return (size_t)index < COUNT(methods) ? send_call(call, methods[index]) : SWB_CALL_DONE;
}

static int take_version(swb_call *call, int index, const swb__rencode *result)
{
    swb_result *found = swb_call_result(call);
    char text[32];
    if (result->kind != SWB__RENCODE_STRING) {
        return swb_call_fail(call, SWB_EPROTO, 0, "a version is no string");
    }
    if (index == 0) {
        swb__rencode_text(found->version, sizeof found->version, result);
    } else {
        snprintf(found->revision, sizeof found->revision, "libtorrent %s",
                 swb__rencode_text(text, sizeof text, result));
    }
    return SWB_OK;
}

int swb__deluge_version(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_version, take_version};
    return swb__deluge_run(call, &talk);
}

static void put_base64(swb__buffer *body, const uint8_t *bytes, size_t length)
{
    size_t encoded = (length + 2) / 3 * 4;
    unsigned char *text = length > INT_MAX / 2 ? NULL : malloc(encoded + 1);
    if (text == NULL) {
        body->status = SWB_ENOMEM;
        return;
    }
    EVP_EncodeBlock(text, bytes, (int)length);
    swb__rencode_put_bytes(body, text, encoded);
    free(text);
}

static int send_torrent(swb_call *call, bool has_content)
{
    const swb_command *command = swb_call_command(call);
    swb__buffer body = swb__deluge_request(call, "core.add_torrent_file", 3);
    swb__rencode_put_text(&body, swb_call_node(call)->content_name);
    put_base64(&body, command->metainfo, command->metainfo_length);
    swb__rencode_put_dict(&body, 2);
    swb__rencode_put_text(&body, "download_location");
    swb__rencode_put_text(&body, swb_call_node(call)->content_dir);
    swb__rencode_put_text(&body, "seed_mode");
    swb__rencode_put_bool(&body, has_content);
    swb__rencode_put_dict(&body, 0);
    return swb__deluge_send(call, &body);
}

static int ask_seed(swb_call *call, int index)
{
    return index == 0 ? send_torrent(call, true) : SWB_CALL_DONE;
}

static int ask_leech(swb_call *call, int index)
{
    return index == 0 ? send_torrent(call, false) : SWB_CALL_DONE;
}

static int take_torrent_id(swb_call *call, int index, const swb__rencode *result)
{
    const char *handle = swb_call_command(call)->handle;
    (void)index;
    if (result->kind != SWB__RENCODE_STRING) {
        return swb_call_fail(call, SWB_EREMOTE, 0, "the torrent was not added");
    }
    if (handle != NULL && !swb__rencode_is(result, handle)) {
        return swb_call_fail(call, SWB_EPROTO, 0, "another torrent was added than was asked for");
    }
    return SWB_OK;
}

int swb__deluge_seed(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_seed, take_torrent_id};
    return swb__deluge_run(call, &talk);
}

int swb__deluge_leech(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_leech, take_torrent_id};
    return swb__deluge_run(call, &talk);
}

static void put_names(swb__buffer *body, const char *const *names, unsigned count)
{
    swb__rencode_put_list(body, count);
    for (unsigned i = 0; i < count; i++) {
        swb__rencode_put_text(body, names[i]);
    }
}

/* The singular get_torrent_status is live; the plural one is cached for over a second. */
static int ask_torrent_status(swb_call *call)
{
    static const char *const keys[] = {
        "state",     "is_seed",   "total_done", "total_payload_download", "total_payload_upload",
        "num_peers", "num_seeds", "message"};
    swb__buffer body = swb__deluge_request(call, "core.get_torrent_status", 2);
    swb__rencode_put_text(&body, swb_call_command(call)->handle);
    put_names(&body, keys, COUNT(keys));
    swb__rencode_put_dict(&body, 0);
    return swb__deluge_send(call, &body);
}

#define REDUNDANT "net.recv_redundant_bytes"
#define FAILED "net.recv_failed_bytes"

/* Waste is told for the whole session only, which has but one torrent. */
static int ask_waste(swb_call *call)
{
    static const char *const keys[] = {REDUNDANT, FAILED};
    swb__buffer body = swb__deluge_request(call, "core.get_session_status", 1);
    put_names(&body, keys, COUNT(keys));
    swb__rencode_put_dict(&body, 0);
    return swb__deluge_send(call, &body);
}

static int ask_status(swb_call *call, int index)
{
    if (index == 0) {
        return ask_torrent_status(call);
    }
    bool complete = swb_call_result(call)->state == SWB_STATE_SERVING;
    bool alone = !swb_call_node(call)->attached;
    return index == 1 && complete && alone ? ask_waste(call) : SWB_CALL_DONE;
}

/* SWB_COUNT_UNKNOWN where it is not told. */
static uint64_t counter(const swb__rencode *dict, const char *key)
{
    swb__rencode value;
    if (swb__rencode_member(&value, dict, key) != SWB_OK || value.kind != SWB__RENCODE_INTEGER ||
        value.integer < 0) {
        return SWB_COUNT_UNKNOWN;
    }
    return (uint64_t)value.integer;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a == SWB_COUNT_UNKNOWN || b == SWB_COUNT_UNKNOWN ? SWB_COUNT_UNKNOWN : a + b;
}

static swb_node_state state_of(const swb__rencode *name, bool complete)
{
    static const struct {
        const char *name;
        swb_node_state state;
    } states[] = {
        {"Downloading", SWB_STATE_FETCHING}, {"Seeding", SWB_STATE_SERVING},
        {"Checking", SWB_STATE_CHECKING},    {"Allocating", SWB_STATE_CHECKING},
        {"Moving", SWB_STATE_CHECKING},      {"Queued", SWB_STATE_PAUSED},
        {"Paused", SWB_STATE_PAUSED},        {"Error", SWB_STATE_FAILED},
    };
    swb_node_state state = SWB_STATE_UNKNOWN;
    for (size_t i = 0; i < COUNT(states); i++) {
        if (swb__rencode_is(name, states[i].name)) {
            state = states[i].state;
        }
    }
    /* The name follows alerts, the flag does not wait for them. */
    return complete && state == SWB_STATE_FETCHING ? SWB_STATE_SERVING : state;
}

static int take_torrent_status(swb_call *call, const swb__rencode *torrent)
{
    swb_result *found = swb_call_result(call);
    swb__rencode state;
    swb__rencode value;
    if (torrent->kind != SWB__RENCODE_DICT) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the torrent's status is no dict");
    }
    if (torrent->count == 0) {
        found->state = SWB_STATE_ABSENT;
        return SWB_OK;
    }
    if (swb__rencode_member(&state, torrent, "state") != SWB_OK) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the torrent's status tells no state");
    }
    bool complete = swb__rencode_member(&value, torrent, "is_seed") == SWB_OK && value.integer == 1;
    found->state = state_of(&state, complete);
    found->bytes_done = counter(torrent, "total_done");
    found->payload_received = counter(torrent, "total_payload_download");
    found->payload_sent = counter(torrent, "total_payload_upload");
    found->peers = sum(counter(torrent, "num_peers"), counter(torrent, "num_seeds"));
    if (found->state == SWB_STATE_FAILED &&
        swb__rencode_member(&value, torrent, "message") == SWB_OK) {
        swb__rencode_text(found->detail, sizeof found->detail, &value);
    }
    return SWB_OK;
}

static int take_status(swb_call *call, int index, const swb__rencode *result)
{
    if (index == 0) {
        return take_torrent_status(call, result);
    }
    swb_call_result(call)->wasted = sum(counter(result, REDUNDANT), counter(result, FAILED));
    return SWB_OK;
}

int swb__deluge_status(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_status, take_status};
    return swb__deluge_run(call, &talk);
}

static int ask_remove(swb_call *call, int index)
{
    if (index > 0) {
        return SWB_CALL_DONE;
    }
    swb__buffer body = swb__deluge_request(call, "core.remove_torrent", 2);
    swb__rencode_put_text(&body, swb_call_command(call)->handle);
    swb__rencode_put_bool(&body, true);
    swb__rencode_put_dict(&body, 0);
    return swb__deluge_send(call, &body);
}

int swb__deluge_remove(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_remove, NULL};
    return swb__deluge_run(call, &talk);
}

static int ask_peer(swb_call *call, int index)
{
    const swb_command *command = swb_call_command(call);
    if ((size_t)index >= command->peer_count) {
        return SWB_CALL_DONE;
    }
    swb__buffer body = swb__deluge_request(call, "core.connect_peer", 3);
    swb__rencode_put_text(&body, command->handle);
    swb__rencode_put_text(&body, command->peers[index].address);
    swb__rencode_put_integer(&body, command->peers[index].port);
    swb__rencode_put_dict(&body, 0);
    return swb__deluge_send(call, &body);
}

int swb__deluge_peers(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_peer, NULL};
    return swb__deluge_run(call, &talk);
}

static int ask_shutdown(swb_call *call, int index)
{
    return index == 0 ? send_call(call, "daemon.shutdown") : SWB_CALL_DONE;
}

int swb__deluge_stop(swb_call *call)
{
    static const swb__deluge_dialogue talk = {ask_shutdown, NULL};
    return swb__deluge_run(call, &talk);
}
