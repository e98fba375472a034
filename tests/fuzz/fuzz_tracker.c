/* What opentracker answers: a reply that is read must be within its bounds. The first byte chooses
 * the kind of reply. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tracker/replies.h"

#define ROOM 4

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    swb__tracker_torrent torrents[ROOM];
    swb__tracker_counters counters;
    size_t count = 0;
    bool served;
    if (size == 0) {
        return 0;
    }
    /* Copies, so that a byte too far is seen. */
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) {
        return 0;
    }
    memcpy(bytes, data + 1, size - 1);
    bytes[size - 1] = '\0';
    if (data[0] == 'c') {
        swb__tracker_read_counters(&counters, (const char *)bytes, NULL);
    } else if (data[0] == 'a') {
        swb__tracker_read_announce(&served, bytes, size - 1, NULL);
    } else if (swb__tracker_read_scrape(torrents, &count, ROOM, bytes, size - 1, NULL) == SWB_OK &&
               count > ROOM) {
        abort();
    }
    free(bytes);
    return 0;
}
