/* A process held on to by a descriptor, so that the one that was examined is the one that is ended.
 * Linux 5.3. */
#ifndef SWB_DEPLOY_PIDFD_H
#define SWB_DEPLOY_PIDFD_H

#include <stdbool.h>
#include <sys/types.h>

/* -1 where there is no such process. To be closed with close(). */
int swb__pidfd_open(pid_t pid);
/* Whether it still runs: a zombie does not. */
bool swb__pidfd_runs(int pidfd);
/* SIGKILL to it and to the group that it leads, and waits for its end, for a few seconds. */
void swb__pidfd_end(int pidfd, pid_t pid);

#endif
