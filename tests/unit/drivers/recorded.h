/* The torrent that the recordings are about, and commands about it. */
#ifndef SWB_TESTS_RECORDED_H
#define SWB_TESTS_RECORDED_H

#include "support/cmocka_all.h"

#include <swarmbench/content.h>

#include "support/player.h"

#define RECORDED_BYTES 3000001
#define RECORDED_HANDLE "9b2e2bffe9900fcc59f581bf5f222a615e8f7ebc"

/* The test's state: the torrent. */
static int make_recorded_torrent(void **state)
{
    swb_content *content = NULL;
    swb_torrent *torrent = NULL;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.piece_bytes = UINT64_C(1) << 20;
    assert_int_equal(swb_content_create(&content, 7, RECORDED_BYTES, NULL), SWB_OK);
    assert_int_equal(swb_torrent_create(&torrent, content, &options, NULL), SWB_OK);
    assert_string_equal(swb_torrent_infohash(torrent), RECORDED_HANDLE);
    swb_content_destroy(content);
    *state = torrent;
    return 0;
}

static int free_recorded_torrent(void **state)
{
    swb_torrent_destroy(*state);
    return 0;
}

static swb_command recorded_command(void **state, swb_operation operation)
{
    static const swb_peer peer = {"127.77.7.1", 17001};
    swb_command command = {.operation = operation, .handle = RECORDED_HANDLE};
    command.metainfo = swb_torrent_metainfo(&command.metainfo_length, *state);
    command.peers = &peer;
    command.peer_count = 1;
    return command;
}

#endif
