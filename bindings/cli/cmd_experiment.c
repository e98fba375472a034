/* plan, export-workflow, schema, reference, drivers: what can be said before anything runs. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
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

/* The value of --parallel; 0 where it was not given, -1 after a complaint. */
static long parallel_of(const cli_arguments *arguments)
{
    const char *text = cli_value(arguments, "parallel");
    char *end;
    if (text == NULL) {
        return 0;
    }
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 1 || value > 1000) {
        cli_complain("export-workflow: '%s' is no number of cells for --parallel: 1 to 1000", text);
        return -1;
    }
    return value;
}

static cli_exit write_workflow(const cli_arguments *arguments, const swb_plan *plan, long parallel)
{
    swb_error error = SWB_ERROR_INIT;
    swb_workflow_options options = SWB_WORKFLOW_OPTIONS_INIT;
    int fd;
    cli_exit opened = cli_output_open(&fd, arguments);
    if (opened != CLI_DONE) {
        return opened;
    }
    options.parallel = (uint32_t)parallel;
    options.claim = cli_value(arguments, "claim");
    options.template_name = cli_value(arguments, "template");
    options.name_space = cli_value(arguments, "namespace");
    return cli_output_close(arguments, fd, swb_plan_workflow_write(plan, &options, fd, &error),
                            &error);
}

cli_exit cmd_export_workflow(const cli_arguments *arguments)
{
    swb_error error = SWB_ERROR_INIT;
    swb_experiment *experiment = NULL;
    swb_plan *plan = NULL;
    long parallel = parallel_of(arguments);
    if (parallel < 0) {
        return CLI_BAD_INPUT;
    }
    int status = swb_experiment_load(&experiment, arguments->operand, &error);
    if (status == SWB_OK) {
        status = swb_plan_create(&plan, experiment, &error);
    }
    cli_exit result = status < 0 ? cli_failed(&error) : write_workflow(arguments, plan, parallel);
    swb_plan_destroy(plan);
    swb_experiment_destroy(experiment);
    return result;
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
    int fd;
    cli_exit opened = cli_output_open(&fd, arguments);
    if (opened != CLI_DONE) {
        return opened;
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
