#include "report/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/findings.h"
#include "report/notes.h"

static void write_number(swb__writer *writer, const char *key, double value)
{
    swb__json_key(writer, key);
    swb__json_number(writer, value);
}

static void write_count(swb__writer *writer, const char *key, uint64_t value)
{
    swb__json_key(writer, key);
    swb__json_uint(writer, value);
}

static void write_string(swb__writer *writer, const char *key, const char *value)
{
    swb__json_key(writer, key);
    swb__json_string(writer, value);
}

static void write_bool(swb__writer *writer, const char *key, bool value)
{
    swb__json_key(writer, key);
    swb__json_bool(writer, value);
}

static void write_quantity(swb__writer *writer, const char *key, const swb_quantity *quantity)
{
    swb__json_key(writer, key);
    swb__json_open(writer, '{');
    write_number(writer, "median", quantity->median);
    write_number(writer, "low", quantity->low);
    write_number(writer, "high", quantity->high);
    write_number(writer, "p25", quantity->p25);
    write_number(writer, "p75", quantity->p75);
    swb__json_close(writer, '}');
}

void swb__json_comparison(swb__writer *writer, const swb__comparison *comparison)
{
    swb__json_key(writer, "comparison");
    if (comparison == NULL) {
        swb__json_null(writer);
        return;
    }
    swb__json_open(writer, '{');
    write_count(writer, "blocks", comparison->blocks);
    write_number(writer, "ratio", comparison->ratio);
    write_number(writer, "low", comparison->interval.low);
    write_number(writer, "high", comparison->interval.high);
    write_number(writer, "cliffs_delta", comparison->delta);
    write_number(writer, "p_not_inferior", comparison->p_not_inferior);
    write_number(writer, "p_inferior", comparison->p_inferior);
    write_string(writer, "verdict", swb__verdict_name(comparison->verdict));
    swb__json_key(writer, "further_blocks");
    if (comparison->further == SWB__FURTHER_UNKNOWN) {
        swb__json_null(writer);
    } else {
        swb__json_uint(writer, comparison->further);
    }
    swb__json_close(writer, '}');
}

static void write_row(swb__writer *writer, const swb__report_row *row)
{
    const swb_summary_row *summary = &row->summary;
    swb__json_open(writer, '{');
    write_count(writer, "cell", row->cell);
    write_string(writer, "cell_label", summary->cell);
    write_string(writer, "mode", summary->mode);
    write_bool(writer, "baseline", row->is_baseline);
    write_bool(writer, "simulated", summary->simulated);
    write_count(writer, "file_size_bytes", summary->file_size_bytes);
    write_count(writer, "size", summary->size);
    write_count(writer, "seeders", summary->seeders);
    write_count(writer, "runs", summary->runs);
    write_count(writer, "runs_failed", summary->runs_failed);
    write_count(writer, "downloads", summary->downloads);
    write_count(writer, "downloads_verified", summary->downloads_verified);
    write_number(writer, "reliability_low", summary->reliability_low);
    write_number(writer, "reliability_high", summary->reliability_high);
    write_quantity(writer, "makespan_ns", &summary->makespan_ns);
    write_quantity(writer, "first_byte_ns", &summary->first_byte_ns);
    write_quantity(writer, "completion_ns", &summary->completion_ns);
    write_quantity(writer, "bandwidth_bps", &summary->bandwidth_bps);
    write_number(writer, "stability", summary->stability);
    write_number(writer, "spread_ns", row->spread_ns);
    write_number(writer, "start_skew_ns", summary->start_skew_ns);
    write_count(writer, "stalls", row->stalls);
    write_number(writer, "seeder_share", summary->seeder_share);
    write_number(writer, "cpu_ns", summary->cpu_ns);
    write_number(writer, "memory_bytes", row->memory_bytes);
    write_number(writer, "harness_core_share", row->harness_share);
    write_number(writer, "harness_bytes", row->harness_bytes);
    swb__json_comparison(writer, row->compared ? &row->comparison : NULL);
    swb__json_close(writer, '}');
}

static void write_progress(swb__writer *writer, const swb_progress *progress)
{
    swb__json_key(writer, "runs");
    swb__json_open(writer, '{');
    write_count(writer, "planned", progress->runs_planned);
    write_count(writer, "done", progress->runs_done);
    write_count(writer, "failed", progress->runs_failed);
    write_count(writer, "unfinished", progress->runs_unfinished);
    write_bool(writer, "running", progress->running);
    write_bool(writer, "ended", progress->ended);
    swb__json_close(writer, '}');
    swb__json_key(writer, "cells");
    swb__json_open(writer, '{');
    write_count(writer, "planned", progress->cells_planned);
    write_count(writer, "begun", progress->cells_begun);
    swb__json_close(writer, '}');
}

static void write_head(swb__writer *writer, const swb__report_experiment *experiment)
{
    char seed[24];
    /* A string: few readers of JSON keep 64 bits. */
    snprintf(seed, sizeof seed, "%" PRIu64, experiment->seed);
    write_string(writer, "name", experiment->name);
    write_string(writer, "place", experiment->place);
    write_string(writer, "seed", seed);
    write_string(writer, "baseline", experiment->baseline);
    write_number(writer, "margin", experiment->margin);
    write_number(writer, "confidence", experiment->confidence);
    swb__json_key(writer, "begun_wall_ns");
    swb__json_int(writer, experiment->begun_wall_ns);
    write_string(writer, "ending", experiment->ending[0] == '\0' ? NULL : experiment->ending);
    write_progress(writer, &experiment->progress);
}

static int write_notes(swb__writer *writer, const swb__report *report,
                       const swb__report_experiment *experiment, swb_error *error)
{
    swb__buffer notes = SWB__BUFFER_INIT(1 << 20);
    swb__report_notes(&notes, report, experiment);
    int status = notes.status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
    swb__json_key(writer, "notes");
    swb__json_open(writer, '[');
    for (size_t at = 0; status == SWB_OK && at < notes.length; at += strlen(notes.data + at) + 1) {
        swb__json_string(writer, notes.data + at);
    }
    swb__json_close(writer, ']');
    swb__buffer_finish(&notes);
    return status;
}

static int write_experiment(swb__writer *writer, const swb__report *report,
                            const swb__report_experiment *experiment, swb__store *store,
                            swb_error *error)
{
    const swb__finding *finding;
    swb__json_open(writer, '{');
    write_head(writer, experiment);
    swb__json_key(writer, "rows");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < experiment->row_count; i++) {
        write_row(writer, &report->rows[experiment->first_row + i]);
    }
    swb__json_close(writer, ']');
    int status = write_notes(writer, report, experiment, error);
    for (size_t i = 0; status == SWB_OK && (finding = swb__finding_at(i)) != NULL; i++) {
        status = swb__finding_write_json(writer, finding, store, experiment->id, error);
    }
    swb__json_close(writer, '}');
    return status;
}

int swb__report_write_json(swb__writer *writer, const swb__report *report, swb__store *store,
                           swb_error *error)
{
    int status = SWB_OK;
    swb__json_open(writer, '{');
    swb__json_key(writer, "experiments");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < report->experiment_count && status == SWB_OK; i++) {
        status = write_experiment(writer, report, &report->experiments[i], store, error);
    }
    swb__json_close(writer, ']');
    swb__json_close(writer, '}');
    swb__writer_text(writer, "\n");
    return status;
}
