/* Completion scripts for shells, made from the table of commands. */
#include "cli.h"

#include <string.h>

/* What completes a file operand, as a glob; NULL: the operand is no file. */
static const char *operand_glob(cli_operand operand)
{
    switch (operand) {
    case CLI_OPERAND_EXPERIMENT:
        return "*.y?(a)ml";
    case CLI_OPERAND_RESULTS:
    case CLI_OPERAND_MERGE:
        return "*.db";
    default:
        return NULL;
    }
}

static void write_commands(FILE *out)
{
    const cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            fprintf(out, "%s%s", i > 0 ? " " : "", command->name);
        }
    }
}

static void write_choices(FILE *out, const cli_option *option)
{
    const char *choice;
    for (size_t i = 0; (choice = option->choice(i)) != NULL; i++) {
        fprintf(out, "%s%s", i > 0 ? " " : "", choice);
    }
}

/* Words that complete an operand which is no file. */
static void write_operands(FILE *out, cli_operand operand)
{
    if (operand == CLI_OPERAND_COMMAND) {
        write_commands(out);
    } else if (operand == CLI_OPERAND_SHELL) {
        fputs("bash zsh fish", out);
    }
}

/* bash: one case for each command; within it one for each option with a value. */
static void bash_command(FILE *out, const cli_command *command)
{
    const char *glob = operand_glob(command->operand);
    fprintf(out, "    %s)\n        case $previous in\n", command->name);
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        if (option->value == NULL) {
            continue;
        }
        fprintf(out, "        --%s", option->name);
        if (option->letter != '\0') {
            fprintf(out, "|-%c", option->letter);
        }
        if (option->choice != NULL) {
            fputs(") _swarmbench_words '", out);
            write_choices(out, option);
            fputs("'; return ;;\n", out);
        } else {
            fprintf(out, ") %s; return ;;\n",
                    option->is_file ? "compopt -o default" : "COMPREPLY=()");
        }
    }
    fputs("        esac\n        options='", out);
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        fprintf(out, "--%s ", option->name);
    }
    fputs("--help'\n", out);
    if (glob != NULL) {
        fprintf(out, "        files='%s'\n", glob);
    } else {
        fputs("        words='", out);
        write_operands(out, command->operand);
        fputs("'\n", out);
    }
    fputs("        ;;\n", out);
}

void cli_completion_bash(FILE *out)
{
    const cli_command *command;
    fputs("# bash completion of swarmbench\n"
          "_swarmbench_words()\n{\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\")\n}\n\n"
          "_swarmbench()\n{\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local options='' words='' files=''\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        _swarmbench_words '",
          out);
    write_commands(out);
    fputs("'\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            bash_command(out, command);
        }
    }
    fputs("    esac\n"
          "    case $current in\n"
          "    -*) _swarmbench_words \"$options\" ;;\n"
          "    *)\n"
          "        _swarmbench_words \"$words\"\n"
          "        if [ -n \"$files\" ]; then\n"
          "            local restore\n"
          "            restore=$(shopt -p extglob)\n"
          "            shopt -s extglob\n"
          "            mapfile -t COMPREPLY < <(compgen -f -X \"!$files\" -- \"$current\"\n"
          "                compgen -d -S / -- \"$current\")\n"
          "            $restore\n"
          "            compopt -o nospace -o filenames\n"
          "        fi\n"
          "        ;;\n"
          "    esac\n}\n"
          "complete -F _swarmbench swarmbench\n",
          out);
}

/* Text within single quotes, where brackets and colons mean something to zsh's _arguments. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", out);
        } else {
            fprintf(out, "%s%c", strchr("[]:\\", *text) != NULL ? "\\" : "", *text);
        }
    }
}

static void zsh_option_value(FILE *out, const cli_option *option)
{
    if (option->value == NULL) {
        return;
    }
    fprintf(out, ":%s:", option->value);
    if (option->choice != NULL) {
        fputc('(', out);
        write_choices(out, option);
        fputc(')', out);
    } else if (option->is_file) {
        fputs("_files", out);
    }
}

static void zsh_option(FILE *out, const cli_option *option)
{
    if (option->letter != '\0') {
        fprintf(out, "            '(-%c --%s)'{-%c,--%s}'[", option->letter, option->name,
                option->letter, option->name);
    } else {
        fprintf(out, "            '--%s[", option->name);
    }
    zsh_text(out, option->summary);
    fputc(']', out);
    zsh_option_value(out, option);
    fputs("' \\\n", out);
}

static void zsh_command(FILE *out, const cli_command *command)
{
    fprintf(out, "    %s)\n        _arguments \\\n", command->name);
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        zsh_option(out, option);
    }
    if (command->operand == CLI_OPERAND_EXPERIMENT) {
        fputs("            ':experiment:_files -g \"*.(yaml|yml)\"' \\\n", out);
    } else if (command->operand == CLI_OPERAND_RESULTS) {
        fputs("            ':results:_files -g \"*.db\"' \\\n", out);
    } else if (command->operand == CLI_OPERAND_MERGE) {
        fputs("            '*:results:_files -g \"*.db\"' \\\n", out);
    } else if (command->operand != CLI_OPERAND_NONE) {
        fputs("            ':operand:(", out);
        write_operands(out, command->operand);
        fputs(")' \\\n", out);
    }
    fputs("            '(-h --help)'{-h,--help}'[explain this command]'\n        ;;\n", out);
}

void cli_completion_zsh(FILE *out)
{
    const cli_command *command;
    fputs("#compdef swarmbench\n\n_swarmbench()\n{\n"
          "    if (( CURRENT == 2 )); then\n"
          "        local -a commands=(\n",
          out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            fprintf(out, "            '%s:", command->name);
            zsh_text(out, command->summary);
            fputs("'\n", out);
        }
    }
    fputs("        )\n        _describe command commands\n        return\n    fi\n"
          "    local command=$words[2]\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $command in\n",
          out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            zsh_command(out, command);
        }
    }
    fputs("    esac\n}\n\n"
          "if [ \"$funcstack[1]\" = _swarmbench ]; then\n    _swarmbench \"$@\"\n"
          "else\n    compdef _swarmbench swarmbench\nfi\n",
          out);
}

static void fish_text(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        fprintf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
    }
    fputc('\'', out);
}

static void fish_option(FILE *out, const cli_command *command, const cli_option *option)
{
    fprintf(out, "complete -c swarmbench -n '__fish_seen_subcommand_from %s' -l %s", command->name,
            option->name);
    if (option->letter != '\0') {
        fprintf(out, " -s %c", option->letter);
    }
    if (option->choice != NULL) {
        fputs(" -x -a '", out);
        write_choices(out, option);
        fputc('\'', out);
    } else if (option->value != NULL) {
        fputs(option->is_file ? " -r -F" : " -x", out);
    }
    fputs(" -d ", out);
    fish_text(out, option->summary);
    fputc('\n', out);
}

static void fish_command(FILE *out, const cli_command *command)
{
    fprintf(out, "complete -c swarmbench -f -n __fish_use_subcommand -a %s -d ", command->name);
    fish_text(out, command->summary);
    fputc('\n', out);
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        fish_option(out, command, option);
    }
    fish_option(out, command, &cli_help_option);
    bool is_file = operand_glob(command->operand) != NULL;
    fprintf(out, "complete -c swarmbench -n '__fish_seen_subcommand_from %s' %s", command->name,
            is_file ? "-F" : "-f");
    if (!is_file) {
        fputs(" -a '", out);
        write_operands(out, command->operand);
        fputc('\'', out);
    }
    fputc('\n', out);
}

void cli_completion_fish(FILE *out)
{
    const cli_command *command;
    fputs("# fish completion of swarmbench\n", out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!command->hidden) {
            fish_command(out, command);
        }
    }
}

cli_exit cmd_completion(const cli_arguments *arguments)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *out);
    } shells[] = {
        {"bash", cli_completion_bash}, {"zsh", cli_completion_zsh}, {"fish", cli_completion_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].shell, arguments->operand) == 0) {
            shells[i].write(stdout);
            return CLI_DONE;
        }
    }
    cli_complain("completion: there is no script for '%s'; there is one for bash, zsh and fish",
                 arguments->operand);
    return CLI_BAD_INPUT;
}
