/* The report: the same story for a terminal, as Markdown and as a page. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure/metrics.h"
#include "report/document.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/json.h"
#include "report/model.h"
#include "report/notes.h"
#include "report/page.h"
#include "report/table.h"

static swb__interval interval_of(const swb_quantity *quantity)
{
    return (swb__interval){quantity->low, quantity->high};
}

static void cell_text(swb__table *table, swb__text text)
{
    swb__table_cell(table, text.text);
}

/* The first cell of a row: its mode, marked where its numbers are no real ones. */
static void cell_mode(swb__table *table, const swb__report_row *row)
{
    char text[80];
    snprintf(text, sizeof text, "%s%s", row->summary.mode, row->summary.simulated ? " *" : "");
    swb__table_cell(table, text);
}

static void cell_ratio(swb__table *table, const swb__report_row *row)
{
    if (row->is_baseline) {
        swb__table_cell(table, "baseline");
    } else if (!row->compared) {
        swb__table_cell(table, "-");
    } else {
        cell_text(table, swb__text_ratio_interval(row->comparison.ratio, row->comparison.interval));
    }
}

static void speed_row(swb__table *table, const swb__report_row *row)
{
    const swb_summary_row *summary = &row->summary;
    char runs[40];
    cell_mode(table, row);
    snprintf(runs, sizeof runs, "%" PRIu32 "/%" PRIu32, summary->runs - summary->runs_failed,
             summary->runs);
    swb__table_cell(table, runs);
    cell_text(table, swb__text_share(
                         summary->downloads_verified, summary->downloads,
                         (swb__interval){summary->reliability_low, summary->reliability_high}));
    cell_text(table, swb__text_time(summary->first_byte_ns.median));
    cell_text(table, swb__text_time_interval(summary->completion_ns.median,
                                             interval_of(&summary->completion_ns)));
    cell_text(table, swb__text_time_interval(summary->makespan_ns.median,
                                             interval_of(&summary->makespan_ns)));
    cell_ratio(table, row);
}

static void cost_row(swb__table *table, const swb__report_row *row)
{
    const swb_summary_row *summary = &row->summary;
    char stalls[24];
    cell_mode(table, row);
    cell_text(table, swb__text_rate(summary->bandwidth_bps.median));
    cell_text(table, swb__text_number(summary->seeder_share));
    cell_text(table, swb__text_time(summary->cpu_ns));
    cell_text(table, swb__text_bytes(row->memory_bytes > 0 ? row->memory_bytes : (double)NAN));
    cell_text(table, swb__text_percent(summary->stability));
    cell_text(table, swb__text_time(row->spread_ns));
    cell_text(table, swb__text_time(summary->start_skew_ns));
    snprintf(stalls, sizeof stalls, "%" PRIu64, row->stalls);
    swb__table_cell(table, stalls);
}

static void verdict_row(swb__table *table, const swb__report_row *row)
{
    const swb__comparison *comparison = &row->comparison;
    char text[80];
    cell_mode(table, row);
    snprintf(text, sizeof text, "%zu", comparison->blocks);
    swb__table_cell(table, text);
    cell_ratio(table, row);
    cell_text(table, swb__text_number(comparison->delta));
    if (comparison->verdict != SWB__VERDICT_UNDECIDED) {
        snprintf(text, sizeof text, "%s", swb__verdict_name(comparison->verdict));
    } else if (comparison->further == SWB__FURTHER_UNKNOWN) {
        snprintf(text, sizeof text, "undecided; more runs may not decide it");
    } else {
        snprintf(text, sizeof text, "undecided; about %" PRIu32 " more block%s would decide it",
                 comparison->further, comparison->further == 1 ? "" : "s");
    }
    swb__table_cell(table, text);
}

/* One table over all cells of an experiment: a row for each mode under its cell's label. */
static int write_rows(swb__document *document, const swb__report *report,
                      const swb__report_experiment *experiment, const char *caption,
                      const char *const *titles,
                      void (*write_row)(swb__table *, const swb__report_row *), bool only_compared)
{
    swb__table table;
    const char *cell = NULL;
    swb__table_begin(&table, caption, titles);
    for (size_t i = 0; i < experiment->row_count; i++) {
        const swb__report_row *row = &report->rows[experiment->first_row + i];
        if (only_compared && !row->compared) {
            continue;
        }
        if (cell == NULL || strcmp(cell, row->summary.cell) != 0) {
            cell = row->summary.cell;
            swb__table_group(&table, cell);
        }
        write_row(&table, row);
    }
    return swb__table_end(&table, document);
}

static int write_speed(swb__document *document, const swb__report *report,
                       const swb__report_experiment *experiment)
{
    static const char *const titles[] = {"mode",          "runs ok",  "verified", ">first byte",
                                         "time to 100 %", "makespan", "ratio",    NULL};
    swb__document_heading(document, 2, "Speed and reliability");
    return write_rows(document, report, experiment, "Speed and reliability", titles, speed_row,
                      false);
}

static int write_cost(swb__document *document, const swb__report *report,
                      const swb__report_experiment *experiment)
{
    static const char *const titles[] = {"mode",    ">bandwidth", ">seeder share", ">CPU",
                                         ">memory", ">variation", ">spread",       ">start skew",
                                         ">stalls", NULL};
    swb__document_heading(document, 2, "Cost and steadiness");
    return write_rows(document, report, experiment, "Cost and steadiness", titles, cost_row, false);
}

static bool any_compared(const swb__report *report, const swb__report_experiment *experiment)
{
    for (size_t i = 0; i < experiment->row_count; i++) {
        if (report->rows[experiment->first_row + i].compared) {
            return true;
        }
    }
    return false;
}

static int write_verdicts(swb__document *document, const swb__report *report,
                          const swb__report_experiment *experiment)
{
    static const char *const titles[] = {"mode",           ">blocks", "ratio",
                                         ">Cliff's delta", "verdict", NULL};
    char text[512];
    if (!any_compared(report, experiment)) {
        return SWB_OK;
    }
    snprintf(text, sizeof text,
             "Not inferior: slower than %s by less than %s, at %s confidence, corrected over the "
             "cells (Holm). Inferior: slower by more than that. Ratio of median makespans, paired "
             "by block, with its two-sided interval.",
             experiment->baseline, swb__text_percent(experiment->margin).text,
             swb__text_percent(experiment->confidence).text);
    swb__document_heading(document, 2, "Verdict");
    swb__document_paragraph(document, text);
    return write_rows(document, report, experiment, "Verdict", titles, verdict_row, true);
}

static int write_notes(swb__document *document, const swb__report *report,
                       const swb__report_experiment *experiment)
{
    swb__buffer notes = SWB__BUFFER_INIT(1 << 20);
    swb__report_notes(&notes, report, experiment);
    int status = notes.status;
    if (status == SWB_OK && notes.length > 0) {
        swb__document_heading(document, 2, "What these numbers allow to say");
        for (size_t at = 0; at < notes.length; at += strlen(notes.data + at) + 1) {
            swb__document_item(document, notes.data + at);
        }
    }
    swb__buffer_finish(&notes);
    return status;
}

static void write_head(swb__document *document, const swb__report_experiment *experiment)
{
    const swb_progress *progress = &experiment->progress;
    char text[600];
    char cells[80] = "";
    swb__document_heading(document, 1, experiment->name);
    if (progress->cells_begun < progress->cells_planned) {
        snprintf(cells, sizeof cells, " in %" PRIu64 " of %" PRIu64 " cells", progress->cells_begun,
                 progress->cells_planned);
    }
    snprintf(text, sizeof text,
             "%" PRIu64 " runs done, %" PRIu64 " failed, %" PRIu64
             " unfinished%s, of at most %" PRIu64 " planned; on %s, seed %" PRIu64
             ", begun %s, %s%s.",
             progress->runs_done, progress->runs_failed, progress->runs_unfinished, cells,
             progress->runs_planned, experiment->place, experiment->seed,
             swb__text_wall(experiment->begun_wall_ns).text,
             progress->running               ? "running now"
             : experiment->ending[0] == '\0' ? "cut short"
                                             : "ended: ",
             progress->running ? "" : experiment->ending);
    swb__document_paragraph(document, text);
}

static int write_experiment(swb__document *document, const swb__report *report,
                            const swb__report_experiment *experiment, swb__store *store,
                            swb_error *error)
{
    const swb__finding *finding;
    int status = SWB_OK;
    write_head(document, experiment);
    if (experiment->row_count > 0) {
        status = write_speed(document, report, experiment);
        status = status == SWB_OK ? write_cost(document, report, experiment) : status;
        status = status == SWB_OK ? write_verdicts(document, report, experiment) : status;
    }
    if (status != SWB_OK) {
        return swb__fail_nomem(error);
    }
    if (document->kind == SWB__DOCUMENT_HTML && experiment->row_count > 0) {
        status = swb__page_charts(document, report, experiment, store, error);
    }
    if (status == SWB_OK && write_notes(document, report, experiment) != SWB_OK) {
        status = swb__fail_nomem(error);
    }
    for (size_t i = 0; status == SWB_OK && (finding = swb__finding_at(i)) != NULL; i++) {
        status = swb__finding_write(document, finding, store, experiment->id, error);
    }
    return status;
}

static int write_metrics(swb__document *document)
{
    static const char *const titles[] = {"metric", "unit", "better", "definition", NULL};
    const swb__metric *metric;
    swb__table table;
    swb__document_heading(document, 2, "Metrics");
    if (document->kind == SWB__DOCUMENT_MARKDOWN) {
        swb__writer_text(document->writer, "\n");
        swb__metrics_write_table(document->writer);
        return SWB_OK;
    }
    swb__table_begin(&table, "Metrics", titles);
    for (size_t i = 0; (metric = swb__metric_at(i)) != NULL; i++) {
        swb__table_cell(&table, metric->name);
        swb__table_cell(&table, metric->unit);
        swb__table_cell(&table, swb__direction_name(metric->better));
        swb__table_cell(&table, metric->definition);
    }
    return swb__table_end(&table, document);
}

static int write_document(swb__document *document, const swb__report *report, swb__store *store,
                          swb_error *error)
{
    int status = SWB_OK;
    if (report->experiment_count == 0) {
        swb__document_paragraph(document, "The file holds no experiment.");
    }
    for (size_t i = 0; i < report->experiment_count && status == SWB_OK; i++) {
        status = write_experiment(document, report, &report->experiments[i], store, error);
    }
    if (status == SWB_OK && document->kind != SWB__DOCUMENT_TEXT) {
        status = write_metrics(document) == SWB_OK ? SWB_OK : swb__fail_nomem(error);
    }
    return status;
}

static int write_page(swb__writer *writer, const swb__report *report, swb__store *store,
                      swb_error *error)
{
    swb__document document = {.writer = writer, .kind = SWB__DOCUMENT_HTML};
    size_t count = report->experiment_count;
    char title[160];
    snprintf(title, sizeof title, "%s: swarmbench report",
             count == 1 ? report->experiments[0].name : "several experiments");
    swb__page_begin(writer, count == 0 ? "swarmbench report" : title);
    int status = write_document(&document, report, store, error);
    swb__document_separate(&document);
    swb__page_end(writer);
    return status;
}

static int write_report(swb__writer *writer, swb__store *store, swb_format format, swb_error *error)
{
    swb__report report;
    swb__document document = {.writer = writer,
                              .kind = format == SWB_FORMAT_MARKDOWN ? SWB__DOCUMENT_MARKDOWN
                                                                    : SWB__DOCUMENT_TEXT};
    int status = swb__report_load(&report, store, error);
    if (status != SWB_OK) {
        return status;
    }
    if (format == SWB_FORMAT_JSON) {
        status = swb__report_write_json(writer, &report, store, error);
    } else if (format == SWB_FORMAT_HTML) {
        status = write_page(writer, &report, store, error);
    } else {
        status = write_document(&document, &report, store, error);
    }
    swb__report_finish(&report);
    return status;
}

int swb_results_report(swb_results *results, swb_format format, int fd, swb_error *error)
{
    swb__writer writer;
    if (results == NULL || (format != SWB_FORMAT_TEXT && format != SWB_FORMAT_MARKDOWN &&
                            format != SWB_FORMAT_JSON && format != SWB_FORMAT_HTML)) {
        return swb__fail(error, SWB_EINVAL, "a report is written as text, Markdown, HTML or JSON");
    }
    int status = swb__store_snapshot(results->store, error);
    if (status != SWB_OK) {
        return status;
    }
    swb__writer_init(&writer, fd);
    status = write_report(&writer, results->store, format, error);
    swb__store_release(results->store);
    int written = swb__writer_finish(&writer, status == SWB_OK ? error : NULL);
    return status == SWB_OK ? written : status;
}
