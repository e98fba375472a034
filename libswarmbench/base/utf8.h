/* UTF-8 (RFC 3629): telling text from bytes that only look like it. */
#ifndef SWB_BASE_UTF8_H
#define SWB_BASE_UTF8_H

#include <stddef.h>

/* U+FFFD, what stands for bytes that are no UTF-8. */
#define SWB__UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Length in bytes of the well-formed sequence at `at`, 1..4; 0 where there is none. Reads no
 * further than the first byte that does not belong to it, so a NUL ends it. */
size_t swb__utf8_length(const char *at);

#endif
