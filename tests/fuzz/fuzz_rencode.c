/*
 * A fuzz target: whatever the bytes, a Deluge frame and the rencode in it are read within bounds or
 * refused. Built as fuzz_experiment is:
 *   build/fuzz/tests/fuzz/fuzz_rencode CORPUS tests/fuzz/rencode
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "drivers/deluge_rpc.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* Looks at a value as the driver does: its text, its items, a member. */
static void look(const swb__rencode *value)
{
    char text[16];
    swb__rencode item;
    swb__rencode_text(text, sizeof text, value);
    if (value->kind == SWB__RENCODE_LIST) {
        must(swb__rencode_item(&item, value, value->count) == SWB_ENOENT);
    }
    for (size_t i = 0; i < 8 && swb__rencode_item(&item, value, i) == SWB_OK; i++) {
        swb__rencode_text(text, sizeof text, &item);
    }
    swb__rencode_member(&item, value, "state");
}

static void read_body(const swb__buffer *body)
{
    swb__rencode value;
    swb__deluge_message message;
    if (swb__rencode_read(&value, body->data, body->length) == SWB_OK) {
        look(&value);
    }
    if (swb__deluge_read(&message, body) == SWB_OK && message.kind == SWB__DELUGE_RESULT) {
        look(&message.result);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    swb__buffer plain = SWB__BUFFER_INIT(SWB__DELUGE_REPLY_MAX);
    swb__buffer inflated = SWB__BUFFER_INIT(SWB__DELUGE_REPLY_MAX);
    size_t length = 0;
    swb__buffer_append(&plain, data, size);
    if (plain.status == SWB_OK && plain.length > 0) {
        read_body(&plain);
    }
    if (swb__deluge_frame(&length, data, size) == SWB_OK && length == size && length > 0 &&
        swb__deluge_unpack(&inflated, data, size) == SWB_OK) {
        must(inflated.length <= SWB__DELUGE_REPLY_MAX);
        if (inflated.length > 0) {
            read_body(&inflated);
        }
    }
    swb__buffer_finish(&inflated);
    swb__buffer_finish(&plain);
    return 0;
}
