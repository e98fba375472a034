/* The table of commands: the one place where a command and its options are declared. */
#include "cli.h"

#include <string.h>

static const char *report_format(size_t index)
{
    static const char *const names[] = {"text", "markdown", "html", "json", NULL};
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

static const char *export_format(size_t index)
{
    static const char *const names[] = {"csv", "json", "parquet-ready", NULL};
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

static const char *document_format(size_t index)
{
    static const char *const names[] = {"text", "markdown", "json", NULL};
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

static const char *chart_name(size_t index)
{
    const swb_chart *chart = swb_chart_at(index);
    return chart != NULL ? chart->name : NULL;
}

#define OPTION_JSON                                                                                \
    {                                                                                              \
        "json", 0, NULL, "write JSON", NULL, false                                                 \
    }
#define OPTION_OUTPUT                                                                              \
    {                                                                                              \
        "output", 'o', "FILE", "write to FILE instead of the terminal", NULL, true                 \
    }
#define OPTIONS_END                                                                                \
    {                                                                                              \
        NULL, 0, NULL, NULL, NULL, false                                                           \
    }

static const cli_option json_options[] = {OPTION_JSON, OPTIONS_END};
static const cli_option output_options[] = {OPTION_OUTPUT, OPTIONS_END};
static const cli_option no_options[] = {OPTIONS_END};

static const cli_option run_options[] = {
    {"output", 'o', "FILE",
     "results file; made where it is missing (default: NAME.db, after the "
     "experiment's name, in the current directory)",
     NULL, true},
    {"resume", 'r', NULL, "go on with what is missing in the results file", NULL, false},
    {"only", 0, "CELL", "only the cells whose number or label is CELL, as `plan` shows them", NULL,
     false},
    {"on", 0, "PLACE", "run on PLACE instead of the experiment's own (see `drivers`)", NULL, false},
    {"work-dir", 0, "DIR", "where nodes keep their data (default: $TMPDIR, else /var/tmp)", NULL,
     true},
    {"keep-data", 0, NULL, "keep the nodes' data directories, for a look at them later", NULL,
     false},
    {"detach", 0, NULL,
     "leave a runner that was brought to a cluster once it has begun; the same command without "
     "this comes back to it",
     NULL, false},
    {"quiet", 'q', NULL, "write nothing but errors", NULL, false},
    {"json", 0, NULL, "write one JSON object a line for each event, and no summary", NULL, false},
    OPTIONS_END,
};

static const cli_option report_options[] = {
    {"format", 'f', "FORMAT",
     "form of the report (default: by the ending of the output file, else "
     "text)",
     report_format, false},
    OPTION_OUTPUT,
    OPTIONS_END,
};

static const cli_option chart_options[] = {
    {"name", 'n', "CHART", "which chart to write (required)", chart_name, false},
    {"experiment", 'e', "NAME", "of this experiment, by name or number (default: the newest)", NULL,
     false},
    {"cell", 'c', "CELL", "only the cell whose number or label is CELL, as `plan` shows them", NULL,
     false},
    {"modes", 'm', "NAMES", "only these modes, separated by commas", NULL, false},
    {"rows", 0, "N", "rows of data at most, 1000 to 100000 (default: 5000)", NULL, false},
    {"width", 0, "PIXELS", "width of a plot", NULL, false},
    OPTION_OUTPUT,
    OPTIONS_END,
};

static const cli_option compare_options[] = {
    {"experiment", 'e', "NAME", "only experiments of this name (default: all that both have)", NULL,
     false},
    {"margin", 0, "SHARE",
     "how much slower is still no regression, such as 10% (default: the margin of the experiment "
     "in "
     "the first file)",
     NULL, false},
    {"confidence", 0, "SHARE",
     "of what is said of all rows together, 50% to 99.99% (default: that of the experiment in the "
     "first file)",
     NULL, false},
    {"format", 'f', "FORMAT", "form of the comparison (default: by the ending of the output file)",
     document_format, false},
    OPTION_JSON,
    OPTION_OUTPUT,
    OPTIONS_END,
};

static const cli_option export_options[] = {
    {"table", 't', "NAME", "which table to write (required)", swb_results_table_name, false},
    {"format", 'f', "FORMAT", "form of the table (default: csv)", export_format, false},
    OPTION_OUTPUT,
    OPTIONS_END,
};

static const cli_option merge_options[] = {
    {"skip-existing", 's', NULL, "pass over runs that OUT has already, instead of refusing them",
     NULL, false},
    OPTIONS_END,
};

static const cli_option workflow_options[] = {
    OPTION_OUTPUT,
    {"parallel", 'p', "N",
     "cells at once (default: 1; more of them share the cluster, and their numbers tell it)", NULL,
     false},
    {"claim", 0, "NAME", "volume claim of the results (default: swarmbench-results)", NULL, false},
    {"template", 0, "NAME", "WorkflowTemplate of the steps (default: swarmbench)", NULL, false},
    {"namespace", 0, "NAME", "namespace of the objects (default: the one they are made in)", NULL,
     false},
    OPTIONS_END,
};

static const cli_option clean_options[] = {
    {"dry-run", 'n', NULL, "only tell what would be done", NULL, false},
    OPTION_JSON,
    OPTIONS_END,
};

static const cli_command commands[] = {
    {"plan", "show the cells, the runs and the cost of an experiment",
     "Reads and checks the experiment FILE, expands it, and shows what `run` would do: the cells "
     "in "
     "their order, the number of runs, and an estimate of time, disk, memory and traffic. Starts "
     "nothing.\n"
     "With --json writes one object with \"experiment\", \"estimate\", \"cells\" and \"runs\".",
     "swarmbench plan examples/bittorrent-local.yaml\n"
     "swarmbench plan --json experiment.yaml | jq '.runs | length'",
     CLI_OPERAND_EXPERIMENT, false, json_options, "2", cmd_plan},
    {"run", "perform an experiment and store its results",
     "Performs the runs of the experiment FILE one after the other and stores what was measured in "
     "an SQLite file as it comes. On a terminal it shows progress; elsewhere it writes a line for "
     "each thing that happens. At the end it prints a summary.\n"
     "The first interrupt (Ctrl-C) or SIGTERM tears the current run down and ends; a second one "
     "ends at once. What was measured is kept, and --resume goes on from there, also after a "
     "crash: it runs what is missing and nothing twice.",
     "swarmbench run examples/bittorrent-local.yaml -o results.db\n"
     "swarmbench run examples/bittorrent-local.yaml -o results.db --resume",
     CLI_OPERAND_EXPERIMENT, false, run_options, "1 2 3 130", cmd_run},
    {"status", "tell how far the experiments in a results file have come",
     "Shows for each experiment in the results file FILE how many of its runs are done, failed and "
     "left. A runner may be writing to the file meanwhile.",
     "swarmbench status results.db", CLI_OPERAND_RESULTS, false, json_options, "2 3", cmd_status},
    {"report", "sum a results file up",
     "Writes the summary of the results file FILE: for each cell and mode the reliability, the "
     "time "
     "to first byte, the completion time and the bandwidth with their intervals, and the "
     "verdicts.\n"
     "As HTML it is one page with charts that opens from disk and needs no network; `doctor` tells "
     "whether this build can draw charts.",
     "swarmbench report results.db\nswarmbench report results.db -o report.html",
     CLI_OPERAND_RESULTS, false, report_options, "2 3", cmd_report},
    {"chart", "write one chart of a results file as a Vega-Lite specification",
     "Writes a chart of the results file FILE as a Vega-Lite specification (JSON) with its data in "
     "it, for JupyterLab, Altair, an editor of such charts, or a page of one's own.",
     "swarmbench chart results.db --name completion --cell 0 -o completion.vl.json",
     CLI_OPERAND_RESULTS, false, chart_options, "2 3", cmd_chart},
    {"compare", "tell whether one results file is slower than another",
     "Compares the makespans of results file B with those of A, each mode in each cell that both "
     "have: a ratio with its interval, and whether B is slower by more than the margin, corrected "
     "over all of them.\n"
     "Exits with 1 where a regression was shown, and with 0 where none was: then, too, when there "
     "are too few runs to say.",
     "swarmbench compare before.db after.db\n"
     "swarmbench compare before.db after.db --json | jq '.counts.inferior'",
     CLI_OPERAND_TWO_RESULTS, false, compare_options, "1 2 3", cmd_compare},
    {"export", "write one table of a results file as CSV or JSON",
     "Writes one table of the results file FILE, a row a line, for a spreadsheet or a program. "
     "Times are nanoseconds, sizes bytes.\n"
     "The format parquet-ready is an object a line with every column in it, a column of one type "
     "throughout, so that DuckDB, pyarrow or Polars make Parquet of it without being told types.",
     "swarmbench export results.db --table downloads --format csv -o downloads.csv",
     CLI_OPERAND_RESULTS, false, export_options, "2 3", cmd_export},
    {"merge", "join results files of one experiment",
     "Merges results files into OUT, which is made where it is missing: the parts of an experiment "
     "whose cells were run apart. Whole runs are taken, those that were cut short are left out and "
     "counted. Each FILE is merged whole or not at all. Files of another experiment or another "
     "place are refused, and so is a run that OUT has already, unless --skip-existing is given: "
     "then merging again changes nothing.\n"
     "A FILE that cannot be merged is complained about, and the others are merged all the same; "
     "the exit code is that of the worst.\n"
     "A FILE that does not exist may be a pattern, for where no shell expands it.",
     "swarmbench run experiment.yaml --only 0 -o a.db\n"
     "swarmbench run experiment.yaml --only 1 -o b.db\n"
     "swarmbench merge all.db a.db b.db",
     CLI_OPERAND_MERGE, false, merge_options, "2 3", cmd_merge},
    {"export-workflow", "write an experiment as an Argo Workflow",
     "Writes the experiment FILE as two objects for a Kubernetes cluster, in YAML: a ConfigMap "
     "with the experiment and the file that its deploy.values names, and an Argo Workflow in which "
     "each cell is a step, grouped by the size of its swarm. A step runs its cell with --resume, "
     "so that a workflow that is retried goes on "
     "with what is missing; the last one merges the results. The steps themselves are in a "
     "WorkflowTemplate, see charts/argo-workflows.",
     "swarmbench export-workflow examples/full-matrix.yaml | kubectl apply -f -",
     CLI_OPERAND_EXPERIMENT, false, workflow_options, "2 3", cmd_export_workflow},
    {"doctor", "tell what this machine can do, and how to get the rest",
     "Looks for the clients that drivers need, at what this build left out, and at the kernel, the "
     "limits, disk and memory. "
     "Starts nothing but `--version` of the clients.",
     "swarmbench doctor", CLI_OPERAND_NONE, false, json_options, "3", cmd_doctor},
    {"clean", "end and remove what runners that died left behind",
     "Ends processes and removes directories of runners that were killed, as their journals tell. "
     "Processes are known by number and start time, so nobody else's are touched; runners that are "
     "alive are left alone. What they left on attached nodes is told, once: to remove it takes "
     "credentials, and none are kept.",
     "swarmbench clean --dry-run", CLI_OPERAND_NONE, false, clean_options, "3", cmd_clean},
    {"schema", "write the JSON Schema of the experiment format",
     "Writes the JSON Schema (draft 2020-12) of experiment files, for editors.",
     "swarmbench schema -o swarmbench.schema.json", CLI_OPERAND_NONE, false, output_options, "3",
     cmd_schema},
    {"reference", "write the reference of the experiment format",
     "Writes the page on every key of the experiment format, in Markdown; it is "
     "docs/experiment-format.md.",
     "swarmbench reference | less", CLI_OPERAND_NONE, false, output_options, "3", cmd_reference},
    {"drivers", "list the systems and places that this build knows, and their options",
     "Lists the drivers (systems that can be measured) and the deployers (places where nodes can "
     "live) of this build, with their options.",
     "swarmbench drivers", CLI_OPERAND_NONE, false, json_options, "3", cmd_drivers},
    {"completion", "write the completion script of a shell",
     "Writes a script that completes commands, options and their values, for bash, zsh or fish.",
     "source <(swarmbench completion bash)\n"
     "swarmbench completion fish > ~/.config/fish/completions/swarmbench.fish",
     CLI_OPERAND_SHELL, false, no_options, "2", cmd_completion},
    {"version", "print the version", "Prints the version of the command and of its library.",
     "swarmbench version", CLI_OPERAND_NONE, false, no_options, "", cmd_version},
    {"help", "explain a command", "Explains COMMAND, or lists the commands.", "swarmbench help run",
     CLI_OPERAND_COMMAND, false, no_options, "2", cmd_help},
    {"manual", "write the manual page", "Writes the manual page swarmbench(1), in mdoc.",
     "swarmbench manual | mandoc -l", CLI_OPERAND_NONE, true, no_options, "", cmd_manual},
};

const cli_command *cli_command_at(size_t index)
{
    return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}

const cli_command *cli_command_find(const char *name)
{
    const cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

const char *cli_operand_name(const cli_command *command)
{
    switch (command->operand) {
    case CLI_OPERAND_EXPERIMENT:
    case CLI_OPERAND_RESULTS:
        return "FILE";
    case CLI_OPERAND_TWO_RESULTS:
        return "A B";
    case CLI_OPERAND_COMMAND:
        return "[COMMAND]";
    case CLI_OPERAND_SHELL:
        return "bash|zsh|fish";
    case CLI_OPERAND_MERGE:
        return "OUT FILES";
    case CLI_OPERAND_NONE:
        break;
    }
    return "";
}
