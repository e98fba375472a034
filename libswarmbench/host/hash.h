/* The hash of a file, as files are told from one another on their way. */
#ifndef SWB_HOST_HASH_H
#define SWB_HOST_HASH_H

#include <stdbool.h>

#include "host/wire.h"

/* SHA-256 of all that can be read from `fd`, in hexadecimal; its offset stays. False where it
 * cannot be read or there is no memory. */
bool swb__hash_file(char hex[SWB__WIRE_HASH_SIZE], int fd);

#endif
