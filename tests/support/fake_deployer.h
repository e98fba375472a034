/* Deployers that are only tables: for tests of what reads experiments. They bring up nothing. */
#ifndef SWB_TESTS_FAKE_DEPLOYER_H
#define SWB_TESTS_FAKE_DEPLOYER_H

#include <swarmbench/sys/deployer.h>

/* Registers "fake-place" (option root; shapes the network, knows all faults) and "fake-plain"
 * (shapes nothing, can only kill). Once a process; later calls do nothing. */
int fake_deployers_register(void);

/* Registers a table named "local" where the library has none: it shapes nothing and can kill, stop
 * and restart. */
int fake_local_register(void);

#endif
