/* Timestamps as the API writes them (RFC 3339). */
#ifndef SWB_KUBE_TIMESTAMP_H
#define SWB_KUBE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

/* "2026-01-02T03:04:05Z", also with a fraction or an offset such as +01:00; seconds since 1970. */
bool swb__timestamp_read(int64_t *out_s, const char *text);

#endif
