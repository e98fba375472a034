/* Writes the JSON schema ("schema") or the reference page ("reference") to the standard output, as
 * they are with drivers and a place of the examples' names. For check_schema.py. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <swarmbench/experiment.h>

#include "support/fake_deployer.h"
#include "support/fake_driver.h"

int main(int argc, char **argv)
{
    swb_error error = SWB_ERROR_INIT;
    int (*write_page)(int, swb_error *) =
        argc == 2 && strcmp(argv[1], "schema") == 0 ? swb_schema_write : swb_reference_write;
    if (fake_drivers_register() != SWB_OK || fake_real_drivers_register() != SWB_OK ||
        fake_deployers_register() != SWB_OK || fake_local_register() != SWB_OK ||
        write_page(STDOUT_FILENO, &error) != SWB_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    return 0;
}
