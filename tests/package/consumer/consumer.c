/* A program of somebody else's: it includes the library, links it and calls across it. */
#include <stdio.h>
#include <string.h>

#include <swarmbench/swarmbench.h>
#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>

int main(void)
{
    static const char text[] = "swarmbench: 1\nname: x\nnonsense: 1\n";
    swb_error error = SWB_ERROR_INIT;
    swb_experiment *experiment = NULL;
    int status = swb_experiment_parse(&experiment, text, strlen(text), "x.yaml", &error);
    printf("%s %s %s\n", swb_version(), swb_status_name(status), error.message);
    int ok = status == SWB_EINPUT && error.line == 3 && swb_driver_find("deluge") != NULL &&
             strcmp(swb_version(), SWB_VERSION_STRING) == 0;
    return ok ? 0 : 1;
}
