/* The comparison of two results files, for people and for programs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/document.h"
#include "report/files.h"
#include "report/format.h"
#include "report/json.h"
#include "report/table.h"

/* What the verdicts on a mode against itself mean. */
static const char *verdict_text(swb__verdict verdict)
{
    switch (verdict) {
    case SWB__VERDICT_NOT_INFERIOR:
        return "no slower";
    case SWB__VERDICT_INFERIOR:
        return "SLOWER";
    case SWB__VERDICT_UNDECIDED:
        break;
    }
    return "undecided";
}

static void write_verdict(char *out, size_t size, const swb__comparison *comparison)
{
    const char *verdict = verdict_text(comparison->verdict);
    if (comparison->verdict != SWB__VERDICT_UNDECIDED) {
        snprintf(out, size, "%s", verdict);
    } else if (comparison->further == SWB__FURTHER_UNKNOWN) {
        snprintf(out, size, "%s; more runs may not decide it", verdict);
    } else {
        snprintf(out, size, "%s; about %" PRIu32 " more run%s of each would decide it", verdict,
                 comparison->further, comparison->further == 1 ? "" : "s");
    }
}

static void table_row(swb__table *table, const swb__files_row *row)
{
    const swb_summary_row *before = &row->before->summary;
    const swb_summary_row *after = &row->after->summary;
    char text[96];
    snprintf(text, sizeof text, "%s%s", before->mode, before->simulated ? " *" : "");
    swb__table_cell(table, text);
    snprintf(text, sizeof text, "%" PRIu32 " / %" PRIu32 "%s", before->runs, after->runs,
             row->paired ? ", paired" : "");
    swb__table_cell(table, text);
    swb__table_cell(table, swb__text_time(before->makespan_ns.median).text);
    swb__table_cell(table, swb__text_time(after->makespan_ns.median).text);
    swb__table_cell(table,
                    swb__text_ratio_interval(row->comparison.ratio, row->comparison.interval).text);
    swb__table_cell(table, swb__text_number(row->comparison.delta).text);
    write_verdict(text, sizeof text, &row->comparison);
    swb__table_cell(table, text);
}

static int write_rows(swb__document *document, const swb__files_experiment *experiment)
{
    static const char *const titles[] = {"mode",         "runs A / B", ">makespan A",
                                         ">makespan B",  "ratio B/A",  ">Cliff's delta",
                                         "verdict on B", NULL};
    swb__table table;
    const char *cell = NULL;
    swb__table_begin(&table, "Comparison", titles);
    for (size_t i = 0; i < experiment->row_count; i++) {
        const swb__files_row *row = &experiment->rows[i];
        if (cell == NULL || strcmp(cell, row->before->summary.cell) != 0) {
            cell = row->before->summary.cell;
            swb__table_group(&table, cell);
        }
        table_row(&table, row);
    }
    return swb__table_end(&table, document);
}

static int write_experiment(swb__document *document, const swb__files_experiment *experiment)
{
    char text[512];
    swb__document_heading(document, 1, experiment->before->name);
    snprintf(text, sizeof text,
             "A begun %s, B begun %s. No slower: B takes longer than A by less than %s, at %s "
             "confidence, corrected over all rows (Holm). SLOWER: it takes longer by more than "
             "that. Ratio of median makespans, with its two-sided interval.",
             swb__text_wall(experiment->before->begun_wall_ns).text,
             swb__text_wall(experiment->after->begun_wall_ns).text,
             swb__text_percent(experiment->margin).text,
             swb__text_percent(experiment->confidence).text);
    swb__document_paragraph(document, text);
    if (experiment->row_count == 0) {
        swb__document_paragraph(document, "A and B have no mode in a cell in common.");
        return SWB_OK;
    }
    return write_rows(document, experiment);
}

static bool any_simulated(const swb__files *files)
{
    for (size_t i = 0; i < files->experiment_count; i++) {
        for (size_t j = 0; j < files->experiments[i].row_count; j++) {
            if (files->experiments[i].rows[j].before->summary.simulated) {
                return true;
            }
        }
    }
    return false;
}

static void write_counts(swb__document *document, const swb__files *files)
{
    const swb_compare_counts *counts = &files->counts;
    char text[512];
    if (any_simulated(files)) {
        swb__document_paragraph(
            document, "Modes marked * are stand-ins or simulations in both, not the real program.");
    }
    snprintf(text, sizeof text,
             "%" PRIu64 " compared: %" PRIu64 " slower, %" PRIu64 " no slower, %" PRIu64
             " undecided. Not compared: %" PRIu64 " only in A, %" PRIu64 " only in B, %" PRIu64
             " of another file size, swarm or place, or of a stand-in or a simulation beside the "
             "real program.",
             counts->rows, counts->inferior, counts->not_inferior, counts->undecided,
             counts->only_before, counts->only_after, counts->left_out);
    swb__document_paragraph(document, text);
}

static int write_document(swb__writer *writer, const swb__files *files, bool markdown)
{
    swb__document document = {.writer = writer,
                              .kind = markdown ? SWB__DOCUMENT_MARKDOWN : SWB__DOCUMENT_TEXT};
    int status = SWB_OK;
    for (size_t i = 0; i < files->experiment_count && status == SWB_OK; i++) {
        status = write_experiment(&document, &files->experiments[i]);
    }
    write_counts(&document, files);
    return status;
}

static void count(swb__writer *writer, const char *key, uint64_t value)
{
    swb__json_key(writer, key);
    swb__json_uint(writer, value);
}

static void number(swb__writer *writer, const char *key, double value)
{
    swb__json_key(writer, key);
    swb__json_number(writer, value);
}

static void json_row(swb__writer *writer, const swb__files_row *row)
{
    const swb_summary_row *before = &row->before->summary;
    const swb_summary_row *after = &row->after->summary;
    swb__json_open(writer, '{');
    swb__json_key(writer, "cell_label");
    swb__json_string(writer, before->cell);
    swb__json_key(writer, "mode");
    swb__json_string(writer, before->mode);
    swb__json_key(writer, "simulated");
    swb__json_bool(writer, before->simulated);
    swb__json_key(writer, "paired");
    swb__json_bool(writer, row->paired);
    count(writer, "runs_before", before->runs);
    count(writer, "runs_after", after->runs);
    count(writer, "runs_failed_before", before->runs_failed);
    count(writer, "runs_failed_after", after->runs_failed);
    number(writer, "makespan_before_ns", before->makespan_ns.median);
    number(writer, "makespan_after_ns", after->makespan_ns.median);
    swb__json_comparison(writer, &row->comparison);
    swb__json_close(writer, '}');
}

static void json_experiment(swb__writer *writer, const swb__files_experiment *experiment)
{
    swb__json_open(writer, '{');
    swb__json_key(writer, "name");
    swb__json_string(writer, experiment->before->name);
    number(writer, "margin", experiment->margin);
    number(writer, "confidence", experiment->confidence);
    swb__json_key(writer, "begun_before_wall_ns");
    swb__json_int(writer, experiment->before->begun_wall_ns);
    swb__json_key(writer, "begun_after_wall_ns");
    swb__json_int(writer, experiment->after->begun_wall_ns);
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < experiment->row_count; i++) {
        json_row(writer, &experiment->rows[i]);
    }
    swb__json_close(writer, ']');
    swb__json_close(writer, '}');
}

static void write_json(swb__writer *writer, const swb__files *files)
{
    const swb_compare_counts *counts = &files->counts;
    swb__json_open(writer, '{');
    swb__json_key(writer, "counts");
    swb__json_open(writer, '{');
    count(writer, "rows", counts->rows);
    count(writer, "not_inferior", counts->not_inferior);
    count(writer, "inferior", counts->inferior);
    count(writer, "undecided", counts->undecided);
    count(writer, "only_before", counts->only_before);
    count(writer, "only_after", counts->only_after);
    count(writer, "left_out", counts->left_out);
    swb__json_close(writer, '}');
    swb__json_key(writer, "experiments");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < files->experiment_count; i++) {
        json_experiment(writer, &files->experiments[i]);
    }
    swb__json_close(writer, ']');
    swb__json_close(writer, '}');
    swb__writer_text(writer, "\n");
}

int swb__files_write(swb__writer *writer, const swb__files *files, swb_format format,
                     swb_error *error)
{
    if (format == SWB_FORMAT_JSON) {
        write_json(writer, files);
        return SWB_OK;
    }
    int status = write_document(writer, files, format == SWB_FORMAT_MARKDOWN);
    return status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}
