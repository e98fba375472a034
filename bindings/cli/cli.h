/* The swarmbench command: its table of commands, its arguments, and what its files share. */
#ifndef SWB_CLI_H
#define SWB_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <swarmbench/swarmbench.h>

/* What the command exits with. */
typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_RUNS_FAILED = 1,
    CLI_BAD_INPUT = 2,
    CLI_ENVIRONMENT = 3,
    CLI_INTERRUPTED = 130,
} cli_exit;

#define CLI_OPTIONS_MAX 12
#define CLI_OPERANDS_MAX 4096

/* One option of a command. `--help` is understood by all and stands in no table. */
typedef struct cli_option {
    const char *name;                    /* without the dashes; NULL ends a table */
    char letter;                         /* its short form, 0: none */
    const char *value;                   /* stands for its value in the help; NULL: a switch */
    const char *summary;                 /* half a sentence, without a full stop */
    const char *(*choice)(size_t index); /* its permitted values, NULL past the end; or NULL */
    bool is_file;                        /* its value is a file or directory: for completion */
} cli_option;

/* What a command's operand is: for its usage line and for completion. */
typedef enum cli_operand {
    CLI_OPERAND_NONE,
    CLI_OPERAND_EXPERIMENT,
    CLI_OPERAND_RESULTS,
    CLI_OPERAND_TWO_RESULTS,
    CLI_OPERAND_COMMAND, /* may be left out */
    CLI_OPERAND_SHELL,
    CLI_OPERAND_MERGE, /* the results file to merge into, and those to merge */
} cli_operand;

typedef struct cli_arguments cli_arguments;

/* One command. Parsing, help, the manual and the completions are all made from this row. */
typedef struct cli_command {
    const char *name;
    const char *summary;     /* half a sentence, as the list of commands shows it */
    const char *description; /* whole sentences; paragraphs are separated by '\n' */
    const char *example;     /* command lines, separated by '\n' */
    cli_operand operand;
    bool hidden; /* left out of lists; for the build */
    const cli_option *options;
    const char *exits; /* the exit codes beside 0, separated by blanks */
    cli_exit (*function)(const cli_arguments *arguments);
} cli_command;

/* What was given on the command line, checked against the command's row. */
struct cli_arguments {
    const cli_command *command;
    const char *operand; /* the first; NULL where none was given */
    const char *operands[CLI_OPERANDS_MAX];
    size_t operand_count;
    const char *values[CLI_OPTIONS_MAX]; /* by row of the option table; a switch has "" */
    bool help;
};

/* commands.c: the table. */
const cli_command *cli_command_at(size_t index); /* NULL past the end */
const cli_command *cli_command_find(const char *name);
const char *cli_operand_name(const cli_command *command); /* "FILE"; "" where there is none */

/* arguments.c: `argv` begins behind the command's name. Tells what is wrong on stderr. */
cli_exit cli_arguments_parse(cli_arguments *out, const cli_command *command, int argc,
                             char *const *argv);
/* The value of an option of the command's table; NULL where it was not given. */
const char *cli_value(const cli_arguments *arguments, const char *option);
bool cli_switch(const cli_arguments *arguments, const char *option);

/* nearest.c: the candidate that a misspelt word most likely meant. */
typedef struct cli_nearest {
    const char *word;
    const char *best; /* NULL while none is near enough */
    size_t distance;
} cli_nearest;
void cli_nearest_offer(cli_nearest *nearest, const char *candidate);

/* help.c */
void cli_help_list(FILE *out);
void cli_help_command(FILE *out, const cli_command *command);
/* Meaning of an exit code. */
const char *cli_exit_text(int code);
/* The option that every command has. */
extern const cli_option cli_help_option;
/* An option's summary with its permitted values; CLI_DESCRIPTION_MAX bytes are enough. */
const char *cli_option_describe(char *out, size_t size, const cli_option *option);
#define CLI_DESCRIPTION_MAX 512

/* manual.c, completion.c */
void cli_manual_write(FILE *out);
void cli_completion_bash(FILE *out);
void cli_completion_zsh(FILE *out);
void cli_completion_fish(FILE *out);

/* output.c: errors, and where output goes. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes what went wrong and returns the exit code that stands for it. */
cli_exit cli_failed(const swb_error *error);
cli_exit cli_exit_of(int status);
/* Where `--output` leads: a new file, or stdout without the option. Not CLI_DONE after a complaint;
 * a file that is read by the same command is not written to. */
cli_exit cli_output_open(int *fd, const cli_arguments *arguments);
/* Closes it; after a failure the unfinished file is removed. Returns the exit code of all. */
cli_exit cli_output_close(const cli_arguments *arguments, int fd, int status,
                          const swb_error *error);

/* format.c: numbers for people; both write to `out` and return it. */
char *cli_format_bytes(char *out, size_t size, double bytes);
char *cli_format_duration(char *out, size_t size, double ns);
/* Puts '?' in place of bytes that are no UTF-8: text of a client, cut anywhere. */
void cli_make_utf8(char *text);

/* The commands: one function each, in cmd_*.c. */
cli_exit cmd_plan(const cli_arguments *arguments);
cli_exit cmd_run(const cli_arguments *arguments);
cli_exit cmd_status(const cli_arguments *arguments);
cli_exit cmd_report(const cli_arguments *arguments);
cli_exit cmd_chart(const cli_arguments *arguments);
cli_exit cmd_compare(const cli_arguments *arguments);
cli_exit cmd_export(const cli_arguments *arguments);
cli_exit cmd_merge(const cli_arguments *arguments);
cli_exit cmd_export_workflow(const cli_arguments *arguments);
cli_exit cmd_doctor(const cli_arguments *arguments);
cli_exit cmd_clean(const cli_arguments *arguments);
cli_exit cmd_schema(const cli_arguments *arguments);
cli_exit cmd_reference(const cli_arguments *arguments);
cli_exit cmd_drivers(const cli_arguments *arguments);
cli_exit cmd_completion(const cli_arguments *arguments);
cli_exit cmd_manual(const cli_arguments *arguments);
cli_exit cmd_version(const cli_arguments *arguments);
cli_exit cmd_help(const cli_arguments *arguments);

#endif
