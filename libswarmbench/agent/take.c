#include "agent/take.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/erasure.h>

#include "agent/root.h"
#include "host/wire.h"

#define PLACE(type, out, take) ((type *)(void *)((char *)(out) + (take)->at))
#define MAX_ANNOUNCE 2048
#define MAX_STRING ((size_t)128 << 10) /* the kernel's own limit of one argument */

static int refuse(const swb__take *take, const char *wanted, swb_error *error)
{
    return swb__fail(error, SWB_EINVAL, "'%s' must be %s", take->name, wanted);
}

static int take_text(void *out, const cJSON *object, const swb__take *take, swb_error *error)
{
    const char *text;
    if (!swb__wire_text(&text, object, take->name)) {
        return refuse(take, "a string", error);
    }
    if (strlen(text) < take->least || strlen(text) > take->most) {
        return swb__fail(error, SWB_EINVAL, "'%s' must have %" PRIu64 " to %" PRIu64 " bytes",
                         take->name, take->least, take->most);
    }
    *PLACE(const char *, out, take) = text;
    return SWB_OK;
}

static int take_number(void *out, const cJSON *object, const swb__take *take, swb_error *error)
{
    uint64_t value;
    if (!swb__wire_number(&value, object, take->name) || value < take->least ||
        value > take->most) {
        return swb__fail(error, SWB_EINVAL,
                         "'%s' must be a whole number from %" PRIu64 " to %" PRIu64, take->name,
                         take->least, take->most);
    }
    *PLACE(uint64_t, out, take) = value;
    return SWB_OK;
}

static int take_array(void *out, const cJSON *item, const swb__take *take, swb_error *error)
{
    int count = cJSON_GetArraySize(item);
    if (!cJSON_IsArray(item) || (uint64_t)count < take->least || (uint64_t)count > take->most) {
        return swb__fail(error, SWB_EINVAL,
                         "'%s' must be an array of %" PRIu64 " to %" PRIu64 " items", take->name,
                         take->least, take->most);
    }
    *PLACE(const cJSON *, out, take) = item;
    return SWB_OK;
}

static int take_one(void *out, const cJSON *object, const cJSON *item, const swb__take *take,
                    swb_error *error)
{
    switch (take->kind) {
    case SWB__TAKE_TEXT:
        return take_text(out, object, take, error);
    case SWB__TAKE_NUMBER:
        return take_number(out, object, take, error);
    case SWB__TAKE_UINT64:
        return swb__wire_uint64(PLACE(uint64_t, out, take), object, take->name)
                   ? SWB_OK
                   : refuse(take, "a string of digits, at most 2^64 - 1", error);
    case SWB__TAKE_INT64:
        return swb__wire_int64(PLACE(int64_t, out, take), object, take->name)
                   ? SWB_OK
                   : refuse(take, "a string of digits, at most 2^63 - 1", error);
    case SWB__TAKE_BOOL:
        if (!cJSON_IsBool(item)) {
            return refuse(take, "true or false", error);
        }
        *PLACE(bool, out, take) = cJSON_IsTrue(item);
        return SWB_OK;
    case SWB__TAKE_OBJECT:
        if (!cJSON_IsObject(item)) {
            return refuse(take, "an object", error);
        }
        *PLACE(const cJSON *, out, take) = item;
        return SWB_OK;
    case SWB__TAKE_ARRAY:
        return take_array(out, item, take, error);
    }
    return SWB_EINVAL;
}

static int check_names(const cJSON *object, const swb__take *takes, size_t count, swb_error *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        size_t i = 0;
        while (i < count && strcmp(takes[i].name, item->string) != 0) {
            i++;
        }
        if (i == count) {
            return swb__fail(error, SWB_EINVAL, "'%.80s' is not known here", item->string);
        }
    }
    return SWB_OK;
}

int swb__take_object(void *out, const cJSON *object, const swb__take *takes, size_t count,
                     swb_error *error)
{
    int status = check_names(object, takes, count, error);
    for (size_t i = 0; status == SWB_OK && i < count; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, takes[i].name);
        if (item != NULL) {
            status = take_one(out, object, item, &takes[i], error);
        } else if (takes[i].required) {
            status = swb__fail(error, SWB_EINVAL, "'%s' is missing", takes[i].name);
        }
    }
    return status;
}

static int take_erasure(swb__content_spec *spec, const cJSON *object, swb_error *error)
{
    struct erasure {
        uint64_t data;
        uint64_t parity;
        uint64_t part;
    } erasure;
    static const swb__take takes[] = {
        {"data", SWB__TAKE_NUMBER, true, offsetof(struct erasure, data), 1, 255},
        {"parity", SWB__TAKE_NUMBER, true, offsetof(struct erasure, parity), 0, 255},
        {"part", SWB__TAKE_NUMBER, true, offsetof(struct erasure, part), 0, 254},
    };
    int status = swb__take_object(&erasure, object, takes, sizeof takes / sizeof takes[0], error);
    if (status != SWB_OK) {
        return swb__error_context(error, "'erasure'");
    }
    spec->data_parts = (uint32_t)erasure.data;
    spec->parity_parts = (uint32_t)erasure.parity;
    spec->part = (uint32_t)erasure.part;
    return SWB_OK;
}

int swb__take_content_body(swb__take_content *out, swb__content_spec *spec_out, const cJSON *body,
                           swb__content_use use, swb_error *error)
{
    static const swb__take takes[] = {
        {"name", SWB__TAKE_TEXT, true, offsetof(swb__take_content, name), 1, 255},
        {"seed", SWB__TAKE_UINT64, true, offsetof(swb__take_content, seed), 0, 0},
        {"bytes", SWB__TAKE_NUMBER, true, offsetof(swb__take_content, bytes), 1,
         SWB_CONTENT_MAX_BYTES},
        {"erasure", SWB__TAKE_OBJECT, false, offsetof(swb__take_content, erasure), 0, 0},
        /* Of one use each. */
        {"announce", SWB__TAKE_TEXT, false, offsetof(swb__take_content, announce), 1, MAX_ANNOUNCE},
        {"write", SWB__TAKE_BOOL, false, offsetof(swb__take_content, write), 0, 0},
        {"begin_ns", SWB__TAKE_INT64, true, offsetof(swb__take_content, begin_ns), 0, 0},
        {"files", SWB__TAKE_ARRAY, true, offsetof(swb__take_content, files), 1,
         SWB_ERASURE_MAX_PARTS},
    };
    static const char *const members[] = {
        [SWB__USE_PLAIN] = "name seed bytes erasure",
        [SWB__USE_TORRENT] = "name seed bytes erasure announce write",
        [SWB__USE_WATCH] = "name seed bytes erasure begin_ns",
        [SWB__USE_DECODE] = "seed bytes erasure files",
    };
    swb__take all[sizeof takes / sizeof takes[0]];
    size_t count = 0;
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        if (strstr(members[use], takes[i].name) != NULL) {
            all[count++] = takes[i];
        }
    }
    swb__take_content content = {.name = ""};
    int status = swb__take_object(&content, body, all, count, error);
    if (status != SWB_OK) {
        return status;
    }
    if (use != SWB__USE_DECODE && !swb__is_file_name(content.name)) {
        return swb__fail(error, SWB_EINVAL,
                         "'name' must be a file name without '/', not beginning with '.'");
    }
    swb__content_spec spec = {.name = content.name, .seed = content.seed, .bytes = content.bytes};
    if (content.erasure != NULL) {
        status = take_erasure(&spec, content.erasure, error);
    }
    if (status == SWB_OK && use == SWB__USE_DECODE && spec.data_parts == 0) {
        status = swb__fail(error, SWB_EINVAL, "'erasure' is missing");
    }
    if (status == SWB_OK) {
        *out = content;
        *spec_out = spec;
    }
    return status;
}

int swb__take_parts(swb__take_part *out, size_t count, const cJSON *array, swb_error *error)
{
    static const swb__take takes[] = {
        {"part", SWB__TAKE_NUMBER, true, offsetof(swb__take_part, part), 0,
         SWB_ERASURE_MAX_PARTS - 1},
        {"name", SWB__TAKE_TEXT, true, offsetof(swb__take_part, name), 1, 255},
    };
    const cJSON *item;
    if ((size_t)cJSON_GetArraySize(array) != count) {
        return swb__fail(error, SWB_EINVAL, "'files' must name as many parts as 'data' says: %zu",
                         count);
    }
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsObject(item)) {
            return swb__fail(error, SWB_EINVAL, "'files' must hold objects");
        }
        int status = swb__take_object(out, item, takes, 2, error);
        if (status != SWB_OK) {
            return swb__error_context(error, "'files'");
        }
        if (!swb__is_file_name(out->name)) {
            return swb__fail(error, SWB_EINVAL,
                             "'files': 'name' must be a file name without '/', not beginning with "
                             "'.'");
        }
        out++;
    }
    return SWB_OK;
}

int swb__take_list(const char ***out, const cJSON *array, const char *name, swb_error *error)
{
    size_t count = 0;
    const cJSON *item;
    const char **list = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof *list);
    if (list == NULL) {
        return swb__fail_nomem(error);
    }
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item) || strlen(item->valuestring) > MAX_STRING) {
            free(list);
            return swb__fail(error, SWB_EINVAL, "'%s' must hold strings of at most %zu bytes", name,
                             MAX_STRING);
        }
        list[count++] = item->valuestring;
    }
    *out = list;
    return SWB_OK;
}
