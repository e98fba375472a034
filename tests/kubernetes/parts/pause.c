/* The first process of a pod: holds its namespaces, and buries the orphans where the containers of
 * the pod share their processes. */
#include <signal.h>
#include <stddef.h>

int main(void)
{
    sigset_t ends;
    int signal_number;
    signal(SIGCHLD, SIG_IGN); /* the kernel buries them */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    return sigwait(&ends, &signal_number) == 0 ? 0 : 1;
}
