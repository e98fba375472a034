/* --help: the list of commands, and one command explained. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH 80

/* Writes words from `column` on, breaking lines before LINE_WIDTH and indenting the next ones. */
static void write_wrapped(FILE *out, const char *text, size_t column, size_t indent)
{
    bool first = true;
    while (*text != '\0') {
        if (*text == '\n') {
            fprintf(out, "\n\n%*s", (int)indent, "");
            column = indent;
            first = true;
            text++;
        }
        size_t length = strcspn(text, " \n");
        if (!first && column + 1 + length > LINE_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)length, text);
        column += length + (first ? 0 : 1);
        first = false;
        text += length;
        text += *text == ' ';
    }
    fputc('\n', out);
}

const cli_option cli_help_option = {"help", 'h', NULL, "explain this command", NULL, false};

const char *cli_exit_text(int code)
{
    switch (code) {
    case CLI_DONE:
        return "done";
    case CLI_RUNS_FAILED:
        return "some runs failed";
    case CLI_BAD_INPUT:
        return "bad input: the command line, the experiment or the results file";
    case CLI_ENVIRONMENT:
        return "this machine lacks something";
    case CLI_INTERRUPTED:
        return "interrupted";
    default:
        return "";
    }
}

void cli_help_list(FILE *out)
{
    fputs("swarmbench measures how a peer-to-peer content network moves a file.\n\n"
          "Usage: swarmbench COMMAND [OPTIONS] [FILE]\n\nCommands:\n",
          out);
    const cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            fprintf(out, "  %-15s %s\n", command->name, command->summary);
        }
    }
    fputs("\n'swarmbench COMMAND --help' explains a command.\n", out);
}

const char *cli_option_describe(char *out, size_t size, const cli_option *option)
{
    int length = snprintf(out, size, "%s", option->summary);
    const char *choice;
    for (size_t i = 0; option->choice != NULL && (choice = option->choice(i)) != NULL; i++) {
        if (length < 0 || (size_t)length >= size) {
            break;
        }
        length += snprintf(out + length, size - (size_t)length, "%s%s",
                           i == 0 ? "; one of: " : ", ", choice);
    }
    return out;
}

static void write_option(FILE *out, const cli_option *option)
{
    char text[CLI_DESCRIPTION_MAX];
    char left[48];
    char letter[5] = "    ";
    if (option->letter != '\0') {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name,
             option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    fprintf(out, "  %-20s  ", left);
    write_wrapped(out, cli_option_describe(text, sizeof text, option), 24, 24);
}

static void write_exits(FILE *out, const cli_command *command)
{
    fprintf(out, "\nExit codes:\n  %3d  %s\n", CLI_DONE, cli_exit_text(CLI_DONE));
    for (const char *at = command->exits; *at != '\0';) {
        char *end;
        int code = (int)strtol(at, &end, 10);
        fprintf(out, "  %3d  %s\n", code, cli_exit_text(code));
        at = end;
    }
}

static void write_example(FILE *out, const char *example)
{
    fputs("\nExample:\n", out);
    while (*example != '\0') {
        size_t length = strcspn(example, "\n");
        fprintf(out, "  %.*s\n", (int)length, example);
        example += length + (example[length] == '\n');
    }
}

void cli_help_command(FILE *out, const cli_command *command)
{
    const char *operand = cli_operand_name(command);
    fprintf(out, "Usage: swarmbench %s%s%s%s\n\n", command->name, operand[0] != '\0' ? " " : "",
            operand, command->options[0].name != NULL ? " [OPTIONS]" : "");
    write_wrapped(out, command->description, 0, 0);
    fputs("\nOptions:\n", out);
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        write_option(out, option);
    }
    write_option(out, &cli_help_option);
    write_exits(out, command);
    write_example(out, command->example);
}
