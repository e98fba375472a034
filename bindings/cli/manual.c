/* The manual page swarmbench(1), in mdoc, made from the table of commands. */
#include "cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH 79
#define PAGE_DATE "November 23, 2026"

/* A word with what roff would take for its own made harmless. */
static void write_word(FILE *out, const char *word, size_t length, bool line_start)
{
    if (line_start && (*word == '.' || *word == '\'')) {
        fputs("\\&", out);
    }
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '\\') {
            fputs("\\e", out);
        } else {
            fputc(word[i], out);
        }
    }
}

/* Text in lines; '\n' begins a paragraph, and a new sentence a new line, as mdoc wants it. */
static void write_text(FILE *out, const char *text)
{
    size_t column = 0;
    bool sentence_ends = false;
    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        bool breaks = sentence_ends || column + 1 + length > LINE_WIDTH;
        if (column > 0) {
            fputc(breaks ? '\n' : ' ', out);
            column = breaks ? 0 : column + 1;
        }
        write_word(out, text, length, column == 0);
        column += length;
        sentence_ends = length > 0 && strchr(".?!", text[length - 1]) != NULL;
        text += length;
        if (*text == '\n') {
            fputs("\n.Pp\n", out);
            column = 0;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}

static void write_option(FILE *out, const cli_option *option)
{
    char text[CLI_DESCRIPTION_MAX];
    fputs(".It ", out);
    if (option->letter != '\0') {
        fprintf(out, "Fl %c , ", option->letter);
    }
    fprintf(out, "Fl Fl %s", option->name);
    if (option->value != NULL) {
        fprintf(out, " Ar %s", option->value);
    }
    fputc('\n', out);
    cli_option_describe(text, sizeof text, option);
    text[0] = (char)toupper((unsigned char)text[0]);
    write_text(out, text);
}

static void write_command(FILE *out, const cli_command *command)
{
    bool optional = command->operand == CLI_OPERAND_COMMAND;
    const char *operand = optional ? "" : cli_operand_name(command);
    fprintf(out, ".Ss swarmbench %s%s%s\n", command->name, operand[0] != '\0' ? " " : "", operand);
    write_text(out, command->description);
    if (command->options[0].name == NULL) {
        return;
    }
    fputs(".Bl -tag -width Ds\n", out);
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        write_option(out, option);
    }
    fputs(".El\n", out);
}

static void write_exits(FILE *out)
{
    static const int codes[] = {CLI_DONE, CLI_RUNS_FAILED, CLI_BAD_INPUT, CLI_ENVIRONMENT,
                                CLI_INTERRUPTED};
    fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fprintf(out, ".It %d\n%s\n", codes[i], cli_exit_text(codes[i]));
    }
    fputs(".El\n", out);
}

static void write_examples(FILE *out)
{
    const cli_command *command;
    fputs(".Sh EXAMPLES\n.Bd -literal\n", out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            fprintf(out, "%s\n", command->example);
        }
    }
    fputs(".Ed\n", out);
}

static const char head[] =
    ".Dd " PAGE_DATE "\n"
    ".Dt SWARMBENCH 1\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm swarmbench\n"
    ".Nd measure how a peer-to-peer content network moves a file\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Ar command\n"
    ".Op Ar option ...\n"
    ".Op Ar file\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "reads an experiment, one YAML file, starts the swarms that it describes,\n"
    "has them move real bytes, verifies every byte, and stores what was observed\n"
    "in an SQLite file.\n"
    "Every command understands\n"
    ".Fl Fl help .\n";

static const char tail[] = ".Sh ENVIRONMENT\n"
                           ".Bl -tag -width XDG_STATE_HOME\n"
                           ".It Ev NO_COLOR\n"
                           "If set, nothing is coloured.\n"
                           ".It Ev TERM\n"
                           "If\n"
                           ".Dq dumb\n"
                           "or unset, progress is written as plain lines.\n"
                           ".It Ev TMPDIR\n"
                           "Where nodes keep their data; otherwise\n"
                           ".Pa /var/tmp .\n"
                           ".It Ev XDG_STATE_HOME\n"
                           "Where runners keep the journals that\n"
                           ".Cm clean\n"
                           "reads; otherwise\n"
                           ".Pa ~/.local/state .\n"
                           ".El\n";

void cli_manual_write(FILE *out)
{
    const cli_command *command;
    fputs(head, out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            write_command(out, command);
        }
    }
    fputs(tail, out);
    write_exits(out);
    write_examples(out);
}

cli_exit cmd_manual(const cli_arguments *arguments)
{
    (void)arguments;
    cli_manual_write(stdout);
    return CLI_DONE;
}
