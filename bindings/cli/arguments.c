/* Reading a command's arguments by the rows of its option table. */
#include "cli.h"

#include <assert.h>
#include <string.h>

static bool option_is(const cli_option *option, const char *name, size_t length)
{
    return strncmp(option->name, name, length) == 0 && option->name[length] == '\0';
}

const char *cli_value(const cli_arguments *arguments, const char *option)
{
    const cli_option *options = arguments->command->options;
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (strcmp(options[i].name, option) == 0) {
            return arguments->values[i];
        }
    }
    assert(false); /* the command's table lacks the option */
    return NULL;
}

bool cli_switch(const cli_arguments *arguments, const char *option)
{
    return cli_value(arguments, option) != NULL;
}

static cli_exit unknown_option(const cli_command *command, const char *argument, size_t length)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), argument);
    cli_nearest nearest = {name + strspn(name, "-"), NULL, 0};
    cli_nearest_offer(&nearest, "help");
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        cli_nearest_offer(&nearest, option->name);
    }
    if (nearest.best != NULL) {
        cli_complain("%s: unknown option '%s'; did you mean '--%s'?", command->name, name,
                     nearest.best);
    } else {
        cli_complain("%s: unknown option '%s'; see 'swarmbench %s --help'", command->name, name,
                     command->name);
    }
    return CLI_BAD_INPUT;
}

static cli_exit check_choice(const cli_command *command, const cli_option *option,
                             const char *value)
{
    const char *choice;
    cli_nearest nearest = {value, NULL, 0};
    for (size_t i = 0; (choice = option->choice(i)) != NULL; i++) {
        if (strcmp(choice, value) == 0) {
            return CLI_DONE;
        }
        cli_nearest_offer(&nearest, choice);
    }
    if (nearest.best != NULL) {
        cli_complain("%s: '%s' is no %s of --%s; did you mean '%s'?", command->name, value,
                     option->value, option->name, nearest.best);
    } else {
        cli_complain("%s: '%s' is no %s of --%s; see 'swarmbench %s --help'", command->name, value,
                     option->value, option->name, command->name);
    }
    return CLI_BAD_INPUT;
}

/* Where the reading of the command line stands. */
typedef struct argument_cursor {
    cli_arguments *out;
    char *const *argv;
    int argc;
    int at;
} argument_cursor;

/* Stores an option; `attached` is a value that stood in the same argument, or NULL. */
static cli_exit take_option(argument_cursor *cursor, size_t index, const char *attached)
{
    const cli_command *command = cursor->out->command;
    const cli_option *option = &command->options[index];
    if (option->value == NULL) {
        if (attached != NULL) {
            cli_complain("%s: --%s takes no value", command->name, option->name);
            return CLI_BAD_INPUT;
        }
        cursor->out->values[index] = "";
        return CLI_DONE;
    }
    if (attached == NULL && cursor->at < cursor->argc) {
        attached = cursor->argv[cursor->at++];
    }
    if (attached == NULL || attached[0] == '\0') {
        cli_complain("%s: --%s needs a %s", command->name, option->name, option->value);
        return CLI_BAD_INPUT;
    }
    cursor->out->values[index] = attached;
    return option->choice != NULL ? check_choice(command, option, attached) : CLI_DONE;
}

/* "--name", "--name=value". */
static cli_exit take_long(argument_cursor *cursor, const char *argument)
{
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    const char *attached = name[length] == '=' ? name + length + 1 : NULL;
    const cli_option *options = cursor->out->command->options;
    if (length == 4 && strncmp(name, "help", 4) == 0) {
        cursor->out->help = true;
        return CLI_DONE;
    }
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (option_is(&options[i], name, length)) {
            return take_option(cursor, i, attached);
        }
    }
    return unknown_option(cursor->out->command, argument, length + 2);
}

/* "-q", "-qr", "-o FILE", "-oFILE". */
static cli_exit take_short(argument_cursor *cursor, const char *argument)
{
    const cli_option *options = cursor->out->command->options;
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        if (*letter == 'h') {
            cursor->out->help = true;
            continue;
        }
        size_t i = 0;
        while (options[i].name != NULL && options[i].letter != *letter) {
            i++;
        }
        if (options[i].name == NULL) {
            return unknown_option(cursor->out->command, argument, strlen(argument));
        }
        bool takes_rest = options[i].value != NULL && letter[1] != '\0';
        cli_exit result = take_option(cursor, i, takes_rest ? letter + 1 : NULL);
        if (result != CLI_DONE || takes_rest) {
            return result;
        }
    }
    return CLI_DONE;
}

static cli_exit take_operand(cli_arguments *out, const char *argument)
{
    size_t most = out->command->operand == CLI_OPERAND_MERGE  ? CLI_OPERANDS_MAX
                  : out->command->operand == CLI_OPERAND_NONE ? 0
                                                              : 1;
    if (out->operand_count == most) {
        cli_complain("%s: unexpected argument '%s'; see 'swarmbench %s --help'", out->command->name,
                     argument, out->command->name);
        return CLI_BAD_INPUT;
    }
    out->operands[out->operand_count++] = argument;
    out->operand = out->operands[0];
    return CLI_DONE;
}

static cli_exit check_operand(const cli_arguments *arguments)
{
    cli_operand operand = arguments->command->operand;
    bool optional = operand == CLI_OPERAND_NONE || operand == CLI_OPERAND_COMMAND;
    bool merges = operand == CLI_OPERAND_MERGE;
    size_t least = optional ? 0 : merges ? 2 : 1;
    if (arguments->operand_count < least && !arguments->help) {
        const char *first = merges ? "OUT" : cli_operand_name(arguments->command);
        cli_complain("%s: %s is missing; see 'swarmbench %s --help'", arguments->command->name,
                     arguments->operand_count == 0 ? first : "FILE", arguments->command->name);
        return CLI_BAD_INPUT;
    }
    return CLI_DONE;
}

cli_exit cli_arguments_parse(cli_arguments *out, const cli_command *command, int argc,
                             char *const *argv)
{
    *out = (cli_arguments){.command = command};
    argument_cursor cursor = {out, argv, argc, 0};
    bool only_operands = false;
    while (cursor.at < argc) {
        const char *argument = argv[cursor.at++];
        cli_exit result;
        if (only_operands || argument[0] != '-' || argument[1] == '\0') {
            result = take_operand(out, argument);
        } else if (strcmp(argument, "--") == 0) {
            only_operands = true;
            continue;
        } else if (argument[1] == '-') {
            result = take_long(&cursor, argument);
        } else {
            result = take_short(&cursor, argument);
        }
        if (result != CLI_DONE) {
            return result;
        }
    }
    return check_operand(out);
}
