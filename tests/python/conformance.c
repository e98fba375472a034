/*
 * A conformance suite as a module that a Python process loads: it holds a driver written in Python
 * to the contract of all drivers. The suite's `main` is compiled as conformance_main.
 */
#include <stdio.h>

#include <swarmbench/sys/driver.h>

int conformance_main(int argc, char **argv);

int swb_conformance(const swb_driver *driver);

int swb_conformance(const swb_driver *driver)
{
    char name[64];
    char *argv[] = {"conformance", name, NULL};
    snprintf(name, sizeof name, "%s", driver->name);
    if (swb_driver_find(name) == NULL) {
        swb_error error = SWB_ERROR_INIT;
        if (swb_driver_register(driver, &error) != SWB_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 2;
        }
    }
    int status = conformance_main(2, argv);
    fflush(stdout);
    return status;
}
