#include "tracker/whitelist.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned digit(char character)
{
    return isdigit((unsigned char)character) ? (unsigned)(character - '0')
                                             : (unsigned)(tolower(character) - 'a') + 10;
}

bool swb__infohash_parse(swb__infohash *out, const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    if (strlen(text) != SWB__INFOHASH_TEXT - 1 || strspn(text, digits) != SWB__INFOHASH_TEXT - 1) {
        return false;
    }
    for (size_t i = 0; i < SWB__INFOHASH_BYTES; i++) {
        out->bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    }
    return true;
}

void swb__infohash_text(char out[SWB__INFOHASH_TEXT], const swb__infohash *infohash)
{
    for (size_t i = 0; i < SWB__INFOHASH_BYTES; i++) {
        snprintf(out + 2 * i, 3, "%02x", infohash->bytes[i]);
    }
}

/* Where it is, or where it belongs. */
static size_t place(bool *found, const swb__whitelist *list, const swb__infohash *infohash)
{
    size_t low = 0;
    size_t high = list->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(list->entries[middle].bytes, infohash->bytes, SWB__INFOHASH_BYTES);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int swb__whitelist_add(swb__whitelist *list, const swb__infohash *infohash, swb_error *error)
{
    bool found;
    size_t at = place(&found, list, infohash);
    if (found) {
        return SWB_OK;
    }
    if (list->count == SWB__WHITELIST_MAX) {
        return swb__fail(error, SWB_ENOSPACE, "the whitelist is full: %u infohashes",
                         SWB__WHITELIST_MAX);
    }
    if (list->entries == NULL) {
        list->entries = calloc(SWB__WHITELIST_MAX, sizeof *list->entries);
        if (list->entries == NULL) {
            return swb__fail_nomem(error);
        }
    }
    memmove(list->entries + at + 1, list->entries + at, (list->count - at) * sizeof *list->entries);
    list->entries[at] = *infohash;
    list->count++;
    return SWB_OK;
}

int swb__whitelist_remove(swb__whitelist *list, const swb__infohash *infohash, swb_error *error)
{
    bool found;
    size_t at = place(&found, list, infohash);
    if (!found) {
        return swb__fail(error, SWB_ENOENT, "the whitelist does not have this infohash");
    }
    list->count--;
    memmove(list->entries + at, list->entries + at + 1, (list->count - at) * sizeof *list->entries);
    return SWB_OK;
}

static int add_item(swb__whitelist *list, const cJSON *item, swb_error *error)
{
    swb__infohash infohash;
    if (!cJSON_IsString(item) || !swb__infohash_parse(&infohash, item->valuestring)) {
        return swb__fail(
            error, SWB_EINVAL, "an infohash must be a string of 40 hex digits%s%.60s%s",
            cJSON_IsString(item) ? ", not '" : "", cJSON_IsString(item) ? item->valuestring : "",
            cJSON_IsString(item) ? "'" : "");
    }
    return swb__whitelist_add(list, &infohash, error);
}

int swb__whitelist_replace(swb__whitelist *list, const cJSON *array, swb_error *error)
{
    swb__whitelist new = {0};
    const cJSON *item;
    int status = SWB_OK;
    cJSON_ArrayForEach(item, array)
    {
        status = add_item(&new, item, error);
        if (status != SWB_OK) {
            swb__whitelist_finish(&new);
            return status;
        }
    }
    swb__whitelist_finish(list);
    *list = new;
    return SWB_OK;
}

int swb__whitelist_copy(swb__whitelist *out, const swb__whitelist *list, swb_error *error)
{
    swb__whitelist copy = {.count = list->count};
    if (list->count > 0) {
        copy.entries = calloc(SWB__WHITELIST_MAX, sizeof *copy.entries);
        if (copy.entries == NULL) {
            return swb__fail_nomem(error);
        }
        memcpy(copy.entries, list->entries, list->count * sizeof *copy.entries);
    }
    *out = copy;
    return SWB_OK;
}

void swb__whitelist_finish(swb__whitelist *list)
{
    free(list->entries);
    *list = (swb__whitelist){0};
}
