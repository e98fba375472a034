/* Base64 (RFC 4648, section 4) by OpenSSL. */
#ifndef SWB_KUBE_BASE64_H
#define SWB_KUBE_BASE64_H

#include <stddef.h>

#include "base/error.h"

/* `*out` is NUL-terminated, to be freed with free(); white space in `text` is skipped. `length_out`
 * may be NULL. SWB_EINVAL (not base64, or 1 GiB and more), SWB_ENOMEM. */
int swb__base64_decode(char **out, size_t *length_out, const char *text);
/* To be freed with free(). SWB_EINVAL (1 GiB and more), SWB_ENOMEM. */
int swb__base64_encode(char **out, const void *bytes, size_t length);

#endif
