#include "run/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/erasure.h>

static int make_item(swb__contents *contents, size_t index, swb_error *error)
{
    if (contents->data_parts == 0) {
        contents->items[index] = contents->whole;
        snprintf(contents->names[index], sizeof contents->names[index], "content.bin");
        return SWB_OK;
    }
    snprintf(contents->names[index], sizeof contents->names[index], "content.part-%03zu", index);
    return swb_content_create_part(&contents->items[index], contents->whole, contents->data_parts,
                                   contents->parity_parts, (uint32_t)index, error);
}

int swb__contents_init(swb__contents *contents, uint64_t seed, uint64_t bytes,
                       const swb__coding *coding, swb_error *error)
{
    bool parts = coding->coder == SWB__CODER_LIBRARY;
    memset(contents, 0, sizeof *contents);
    contents->data_parts = parts ? coding->data_parts : 0;
    contents->parity_parts = parts ? coding->parity_parts : 0;
    contents->count = parts ? coding->data_parts + coding->parity_parts : 1;
    contents->items = calloc(contents->count, sizeof *contents->items);
    contents->names = calloc(contents->count, sizeof *contents->names);
    contents->name_list = calloc(contents->count, sizeof *contents->name_list);
    int status = contents->items == NULL || contents->names == NULL || contents->name_list == NULL
                     ? swb__fail_nomem(error)
                     : swb_content_create(&contents->whole, seed, bytes, error);
    for (size_t i = 0; status == SWB_OK && i < contents->count; i++) {
        status = make_item(contents, i, error);
        contents->name_list[i] = contents->names[i];
    }
    if (status != SWB_OK) {
        swb__contents_finish(contents);
    }
    return status;
}

void swb__contents_finish(swb__contents *contents)
{
    for (size_t i = 0; contents->items != NULL && contents->data_parts > 0 && i < contents->count;
         i++) {
        swb_content_destroy(contents->items[i]);
    }
    swb_content_destroy(contents->whole);
    free(contents->items);
    free(contents->names);
    free(contents->name_list);
    memset(contents, 0, sizeof *contents);
}

void swb__contents_tell(swb_site_request *request, const swb__contents *contents)
{
    request->content_seed = swb_content_seed(contents->whole);
    request->content_bytes = swb_content_size_bytes(contents->whole);
    request->data_parts = contents->data_parts;
    request->parity_parts = contents->parity_parts;
    request->content_names = contents->name_list;
    request->content_count = contents->count;
}

uint64_t swb__contents_stored_bytes(const swb__contents *contents)
{
    return contents->count * swb_content_size_bytes(contents->items[0]);
}
