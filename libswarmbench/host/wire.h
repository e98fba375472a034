/*
 * What swarmbench-agent and its client write to each other: JSON over HTTP, below /v1.
 *
 * A number of 64 bits, such as a seed or a time in ns, is a decimal string: JSON's own numbers
 * carry 53 bits. Bytes of files are base64. An unknown counter is null. A failure is
 * {"status": "SWB_ENOENT", "message": "..."}.
 */
#ifndef SWB_HOST_WIRE_H
#define SWB_HOST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include <swarmbench/sys/deployer.h>

#include "host/content_spec.h"

#define SWB__WIRE_API 1
/* Also taken as "Authorization: Bearer", which a proxy may keep for itself. */
#define SWB__WIRE_TOKEN_HEADER "X-Swarmbench-Token"
#define SWB__WIRE_MAX_BODY ((size_t)8 << 20)
#define SWB__WIRE_MAX_WAIT_MS 30000
#define SWB__WIRE_MAX_GRACE_MS 60000
#define SWB__WIRE_MAX_TAIL ((size_t)1 << 20)
#define SWB__WIRE_MAX_FILES 50000 /* their list fits into a reply of 16 MiB */
#define SWB__WIRE_MAX_PATH 1024
#define SWB__WIRE_HASH_SIZE 65 /* of SHA-256 in hexadecimal digits */

/* These return false where memory runs out. */
bool swb__wire_add_int64(cJSON *object, const char *name, int64_t value);
bool swb__wire_add_uint64(cJSON *object, const char *name, uint64_t value);
/* SWB_COUNT_UNKNOWN becomes null. */
bool swb__wire_add_count(cJSON *object, const char *name, uint64_t value);
bool swb__wire_add_bytes(cJSON *object, const char *name, const void *bytes, size_t length);
/* Without a name where that is NULL. */
bool swb__wire_add_spec(cJSON *object, const swb__content_spec *spec);

/* These return false, with `*out` untouched, where the member is missing or something else. */
bool swb__wire_int64(int64_t *out, const cJSON *object, const char *name);
bool swb__wire_uint64(uint64_t *out, const cJSON *object, const char *name);
bool swb__wire_count(uint64_t *out, const cJSON *object, const char *name);
/* A whole number of 0 to 2^53. */
bool swb__wire_number(uint64_t *out, const cJSON *object, const char *name);
/* Borrowed from the object. */
bool swb__wire_text(const char **out, const cJSON *object, const char *name);
/* To be freed with free(); a NUL follows the bytes. */
bool swb__wire_bytes(uint8_t **out, size_t *length_out, const cJSON *object, const char *name);

/* A text of digits, at most 2^64 - 1. */
bool swb__wire_parse_uint64(uint64_t *out, const char *text);
bool swb__wire_decode(uint8_t **out, size_t *length_out, const char *base64);

/* "SWB_ENOENT" -> SWB_ENOENT; false for what is none. */
bool swb__wire_status(int *out, const char *name);
/* "inotify" and the like. */
const char *swb__wire_source_name(swb_source source);
swb_source swb__wire_source(const char *name);
/* "TERM" and the like; NULL and 0 for what may not be sent. */
const char *swb__wire_signal_name(int signal);
int swb__wire_signal(const char *name);

#endif
