/* The swarmbench command: finds the command that is meant and calls it. */
#include "cli.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Keeps files that are opened later from the numbers of standard streams that the caller closed:
 * they would be taken for those, and libuv aborts on closing one. Writing to them stays an error.
 */
static void hold_standard_streams(void)
{
    int fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDONLY);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static cli_exit unknown_command(const char *name)
{
    const cli_command *command;
    cli_nearest nearest = {name + strspn(name, "-"), NULL, 0};
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            cli_nearest_offer(&nearest, command->name);
        }
    }
    const char *what = name[0] == '-' ? "option" : "command";
    if (nearest.best != NULL) {
        cli_complain("unknown %s '%s'; did you mean '%s'?", what, name, nearest.best);
    } else {
        cli_complain("unknown %s '%s'; see 'swarmbench help'", what, name);
    }
    return CLI_BAD_INPUT;
}

/* What the customary options in a command's place stand for. */
static const char *command_name(const char *argument)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        return "help";
    }
    if (strcmp(argument, "--version") == 0 || strcmp(argument, "-V") == 0) {
        return "version";
    }
    return argument;
}

/* Output that could not be written is an error too. */
static cli_exit finish(cli_exit result)
{
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && result == CLI_DONE) {
        cli_complain("cannot write to stdout");
        return CLI_ENVIRONMENT;
    }
    return result;
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    if (argc < 2) {
        cli_help_list(stderr);
        return CLI_BAD_INPUT;
    }
    const cli_command *command = cli_command_find(command_name(argv[1]));
    if (command == NULL) {
        return (int)unknown_command(argv[1]);
    }
    cli_arguments arguments;
    cli_exit result = cli_arguments_parse(&arguments, command, argc - 2, argv + 2);
    if (result != CLI_DONE) {
        return (int)result;
    }
    if (arguments.help) {
        cli_help_command(stdout, command);
        return (int)finish(CLI_DONE);
    }
    return (int)finish(command->function(&arguments));
}

cli_exit cmd_help(const cli_arguments *arguments)
{
    if (arguments->operand == NULL) {
        cli_help_list(stdout);
        return CLI_DONE;
    }
    const cli_command *command = cli_command_find(arguments->operand);
    if (command == NULL) {
        return unknown_command(arguments->operand);
    }
    cli_help_command(stdout, command);
    return CLI_DONE;
}

cli_exit cmd_version(const cli_arguments *arguments)
{
    (void)arguments;
    printf("swarmbench %s\n", SWB_VERSION_STRING);
    if (strcmp(swb_version(), SWB_VERSION_STRING) != 0) {
        printf("libswarmbench %s\n", swb_version());
    }
    return CLI_DONE;
}
