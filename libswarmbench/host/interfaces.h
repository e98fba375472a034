/* Bytes on the wire, as the network interfaces count them. */
#ifndef SWB_HOST_INTERFACES_H
#define SWB_HOST_INTERFACES_H

#include <stdint.h>

/*
 * Bytes that came in and went out since the interfaces were made: of the one named `only`, or of
 * all but the loopback where that is NULL. With all overhead, as far as the kernel counts it: where
 * the card cuts segments (TSO), the headers of the pieces are missing. Read from `path`, which is
 * /proc/net/dev or made like it. SWB_ENOENT (no such interface), SWB_EIO.
 */
int swb__interfaces_count(uint64_t *in_out, uint64_t *out_out, const char *path, const char *only);

#endif
