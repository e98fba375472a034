/* The launcher's reading of what the agent wrote. Only libc is used here. */
#ifndef SWB_AGENT_LAUNCHER_SPEC_H
#define SWB_AGENT_LAUNCHER_SPEC_H

#include <stddef.h>
#include <sys/types.h>

/* What is to be started. */
typedef struct swb__spec {
    char *text; /* holds what the others point to */
    const char *directory;
    char **argv;
    char **environment;
} swb__spec;

/* Reads a regular file of at most `limit` bytes; a NUL follows it; to be freed with free(). Returns
 * its length, or -1 with errno set. */
ssize_t swb__launcher_read(char **out, int folder, const char *name, size_t limit);

/* Reads the spec in `folder`; the node gets our own PATH where it is given none. 0 or an errno:
 * EBADMSG where it is malformed. To be finished in any case. */
int swb__spec_read(swb__spec *spec, int folder);
void swb__spec_finish(swb__spec *spec);

#endif
