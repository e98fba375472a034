#include "host/wire.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

bool swb__wire_add_int64(cJSON *object, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

bool swb__wire_add_uint64(cJSON *object, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

bool swb__wire_add_count(cJSON *object, const char *name, uint64_t value)
{
    return value == SWB_COUNT_UNKNOWN ? cJSON_AddNullToObject(object, name) != NULL
                                      : swb__wire_add_uint64(object, name, value);
}

bool swb__wire_add_bytes(cJSON *object, const char *name, const void *bytes, size_t length)
{
    if (length > INT32_MAX / 2) {
        return false;
    }
    char *text = malloc((length + 2) / 3 * 4 + 1);
    if (text == NULL) {
        return false;
    }
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    bool added = cJSON_AddStringToObject(object, name, text) != NULL;
    free(text);
    return added;
}

bool swb__wire_add_spec(cJSON *object, const swb__content_spec *spec)
{
    bool added =
        (spec->name == NULL || cJSON_AddStringToObject(object, "name", spec->name) != NULL) &&
        swb__wire_add_uint64(object, "seed", spec->seed) &&
        cJSON_AddNumberToObject(object, "bytes", (double)spec->bytes) != NULL;
    if (spec->data_parts > 0) {
        cJSON *erasure = cJSON_AddObjectToObject(object, "erasure");
        added = added && erasure != NULL &&
                cJSON_AddNumberToObject(erasure, "data", spec->data_parts) != NULL &&
                cJSON_AddNumberToObject(erasure, "parity", spec->parity_parts) != NULL &&
                cJSON_AddNumberToObject(erasure, "part", spec->part) != NULL;
    }
    return added;
}

bool swb__wire_parse_uint64(uint64_t *out, const char *text)
{
    uint64_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool swb__wire_text(const char **out, const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (text == NULL) {
        return false;
    }
    *out = text;
    return true;
}

bool swb__wire_uint64(uint64_t *out, const cJSON *object, const char *name)
{
    const char *text;
    return swb__wire_text(&text, object, name) && swb__wire_parse_uint64(out, text);
}

bool swb__wire_int64(int64_t *out, const cJSON *object, const char *name)
{
    const char *text;
    uint64_t value;
    if (!swb__wire_text(&text, object, name)) {
        return false;
    }
    bool negative = *text == '-';
    if (!swb__wire_parse_uint64(&value, text + negative) || value > INT64_MAX) {
        return false;
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool swb__wire_count(uint64_t *out, const cJSON *object, const char *name)
{
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, name))) {
        *out = SWB_COUNT_UNKNOWN;
        return true;
    }
    return swb__wire_uint64(out, object, name);
}

bool swb__wire_number(uint64_t *out, const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 0x1p53 ||
        item->valuedouble != floor(item->valuedouble)) {
        return false;
    }
    *out = (uint64_t)item->valuedouble;
    return true;
}

bool swb__wire_decode(uint8_t **out, size_t *length_out, const char *base64)
{
    size_t length = strlen(base64);
    if (length % 4 != 0 || length > INT32_MAX / 2) {
        return false;
    }
    size_t padding = 0;
    while (padding < 2 && padding < length && base64[length - 1 - padding] == '=') {
        padding++;
    }
    /* OpenSSL would take padding and spaces at other places too. */
    if (strspn(base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
        length - padding) {
        return false;
    }
    uint8_t *bytes = malloc(length / 4 * 3 + 1);
    if (bytes == NULL) {
        return false;
    }
    int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)length);
    if (decoded < 0 || (size_t)decoded < padding) {
        free(bytes);
        return false;
    }
    *length_out = (size_t)decoded - padding;
    bytes[*length_out] = '\0';
    *out = bytes;
    return true;
}

bool swb__wire_bytes(uint8_t **out, size_t *length_out, const cJSON *object, const char *name)
{
    const char *text;
    return swb__wire_text(&text, object, name) && swb__wire_decode(out, length_out, text);
}

bool swb__wire_status(int *out, const char *name)
{
    static const int codes[] = {
#define CODE(code, value, text) (value),
        SWB_STATUS_MAP(CODE)
#undef CODE
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(swb_status_name(codes[i]), name) == 0) {
            *out = codes[i];
            return true;
        }
    }
    return false;
}

static const char *const sources[] = {
    [SWB_SOURCE_NONE] = "none",       [SWB_SOURCE_STREAM] = "stream",
    [SWB_SOURCE_INOTIFY] = "inotify", [SWB_SOURCE_BLOCKS] = "blocks",
    [SWB_SOURCE_API] = "api",         [SWB_SOURCE_EVENT] = "event",
};

const char *swb__wire_source_name(swb_source source)
{
    size_t index = (size_t)source;
    return index < sizeof sources / sizeof sources[0] ? sources[index] : sources[0];
}

swb_source swb__wire_source(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (strcmp(sources[i], name) == 0) {
            return (swb_source)i;
        }
    }
    return SWB_SOURCE_NONE;
}

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"TERM", SIGTERM}, {"KILL", SIGKILL}, {"STOP", SIGSTOP}, {"CONT", SIGCONT},
    {"INT", SIGINT},   {"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
};

const char *swb__wire_signal_name(int signal)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (signals[i].number == signal) {
            return signals[i].name;
        }
    }
    return NULL;
}

int swb__wire_signal(const char *name)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (strcmp(signals[i].name, name) == 0) {
            return signals[i].number;
        }
    }
    return 0;
}
