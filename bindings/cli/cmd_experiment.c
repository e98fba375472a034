/* plan, schema, reference, drivers: what can be said before anything runs. */
#include "cli.h"

#include <unistd.h>

static swb_format text_or_json(const cli_arguments *arguments)
{
    return cli_switch(arguments, "json") ? SWB_FORMAT_JSON : SWB_FORMAT_TEXT;
}

cli_exit cmd_plan(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_experiment *experiment = NULL;
    swb_plan *plan = NULL;
    int status = swb_experiment_load(&experiment, arguments->operand, &error);
    if (status == SWB_OK) {
        status = swb_plan_create(&plan, experiment, &error);
    }
    if (status == SWB_OK) {
        status = swb_plan_write(plan, text_or_json(arguments), STDOUT_FILENO, &error);
    }
    swb_plan_destroy(plan);
    swb_experiment_destroy(experiment);
    return status < 0 ? cli_failed(&error) : CLI_DONE;
}

cli_exit cmd_drivers(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    int status = swb_drivers_write(text_or_json(arguments), STDOUT_FILENO, &error);
    return status < 0 ? cli_failed(&error) : CLI_DONE;
}

static cli_exit write_page(const cli_arguments *arguments, int (*write)(int fd, swb_error *error))
{
    swb_error error = SWB_ERROR_INIT;
    int fd = cli_output_open(arguments);
    if (fd < 0) {
        return CLI_ENVIRONMENT;
    }
    return cli_output_close(arguments, fd, write(fd, &error), &error);
}

cli_exit cmd_schema(const cli_arguments *arguments)
{
    return write_page(arguments, swb_schema_write);
}

cli_exit cmd_reference(const cli_arguments *arguments)
{
    return write_page(arguments, swb_reference_write);
}
