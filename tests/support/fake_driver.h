/* Drivers that are only tables: for tests of what reads experiments. They launch nothing. */
#ifndef SWB_TESTS_FAKE_DRIVER_H
#define SWB_TESTS_FAKE_DRIVER_H

#include <swarmbench/sys/driver.h>

/* Registers "fake-torrent" (options binary, slots, choke, rate, cache.size; wants "fake-tracker"),
 * "fake-torrent2" (no options, the same service), "fake-store" and "fake-tracker" (option port).
 * Once a process; later calls do nothing. Returns the status of swb_driver_register(). */
int fake_drivers_register(void);

/* Registers tables named "deluge", "qbittorrent" and "opentracker" where the library has none. */
int fake_real_drivers_register(void);

#endif
