/* What programs that serve an API have in common: the token from its file, and a loop until they
 * are asked to end. */
#ifndef SWB_AGENT_SERVICE_H
#define SWB_AGENT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "io/loop.h"

/* The first line of a file, of 1024 bytes at most; `*out` is freed with
 * swb__service_forget_token(). SWB_EINVAL for a longer one, else as swb__read_file(). */
int swb__service_read_token(char **out, const char *path, swb_error *error);
/* Wipes and frees it; accepts NULL. */
void swb__service_forget_token(char *token);

/* Steps the loop until SIGTERM or SIGINT, or until `*ending` is set otherwise. Prints "WHAT on port
 * N" once it may be asked to end. */
void swb__service_run(swb_loop *loop, bool *ending, const char *what, uint16_t port);

#endif
