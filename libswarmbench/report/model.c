/* Loading the model: experiments and their progress; rows and comparisons follow. */
#include "report/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/format.h"
#include "store/database.h"

int swb__report_progress(swb_progress *out, swb__store *store, int64_t experiment, swb_error *error)
{
    swb__binding row;
    /* A run is one of the plan, whatever number of attempts it took. */
    int status =
        swb__bind(&row, store,
                  "SELECT name, runs_planned,"
                  " (SELECT count(*) FROM run WHERE experiment = e.id AND state = 'done'),"
                  " (SELECT count(*) FROM run WHERE experiment = e.id AND state = 'failed'),"
                  " (SELECT count(DISTINCT plan_index) FROM run WHERE experiment = e.id),"
                  " ending IS NULL AND session = (SELECT max(session) FROM experiment),"
                  " ending IS 'done', cells_planned,"
                  " (SELECT count(DISTINCT cell) FROM run WHERE experiment = e.id)"
                  " FROM experiment AS e WHERE id = ?",
                  "read the progress", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    status = swb__bound_next(&row, error);
    if (status == 1) {
        swb_progress progress = {.runs_planned = swb__column_count(row.statement, 1)};
        swb__column_copy(progress.experiment, sizeof progress.experiment, row.statement, 0);
        progress.runs_done = swb__column_count(row.statement, 2);
        progress.runs_failed = swb__column_count(row.statement, 3);
        progress.runs_unfinished =
            swb__column_count(row.statement, 4) - progress.runs_done - progress.runs_failed;
        progress.running = sqlite3_column_int(row.statement, 5) && swb__store_written(store);
        progress.cells_planned = (uint64_t)sqlite3_column_int64(row.statement, 7);
        progress.cells_begun = swb__column_count(row.statement, 8);
        progress.ended = sqlite3_column_int(row.statement, 6) && progress.runs_unfinished == 0 &&
                         progress.cells_begun >= progress.cells_planned;
        *out = progress;
    }
    swb__bound_finish(&row);
    return status < 0 ? status : SWB_OK;
}

static void fill_experiment(swb__report_experiment *out, sqlite3_stmt *row)
{
    char seed[24];
    memset(out, 0, sizeof *out);
    out->id = sqlite3_column_int64(row, 0);
    swb__column_copy(out->name, sizeof out->name, row, 1);
    swb__column_copy(out->place, sizeof out->place, row, 2);
    swb__column_copy(out->baseline, sizeof out->baseline, row, 3);
    swb__column_copy(out->ending, sizeof out->ending, row, 4);
    swb__column_copy(seed, sizeof seed, row, 5);
    out->seed = strtoull(seed, NULL, 10);
    out->margin = sqlite3_column_double(row, 6);
    /* Within what a verdict can be made at, whatever the file says. */
    out->confidence = fmin(fmax(sqlite3_column_double(row, 7), 0.5), 0.9999);
    out->begun_wall_ns = sqlite3_column_int64(row, 8);
    out->cores = swb__column_real(row, 9);
    out->allow_stand_in = sqlite3_column_int(row, 10) != 0;
}

static int load_experiments(swb__report *report, swb__store *store, swb_error *error)
{
    swb__binding row;
    int status = swb__bind(&row, store,
                           "SELECT id, experiment.name, place, baseline, ending, seed, margin,"
                           " confidence, begun_wall_ns,"
                           /* "2; 8": of machines that differ no share can be told. */
                           " CASE WHEN instr(cores.value, ';') = 0"
                           " THEN CAST(cores.value AS REAL) END, allow_stand_in"
                           " FROM experiment"
                           " LEFT JOIN environment AS cores"
                           " ON cores.experiment = id AND cores.name = 'cpu_count' ORDER BY id",
                           "read the experiments", error);
    if (status != SWB_OK) {
        return status;
    }
    while ((status = swb__bound_next(&row, error)) == 1) {
        size_t count = report->experiment_count;
        swb__report_experiment *grown = realloc(report->experiments, (count + 1) * sizeof *grown);
        if (grown == NULL) {
            status = swb__fail_nomem(error);
            break;
        }
        report->experiments = grown;
        fill_experiment(&grown[count], row.statement);
        report->experiment_count++;
    }
    swb__bound_finish(&row);
    return status;
}

static int load(swb__report *report, swb__store *store, swb_error *error)
{
    int status = load_experiments(report, store, error);
    for (size_t i = 0; i < report->experiment_count && status == SWB_OK; i++) {
        swb__report_experiment *experiment = &report->experiments[i];
        status = swb__report_progress(&experiment->progress, store, experiment->id, error);
        if (status == SWB_OK) {
            status = swb__report_load_rows(report, experiment, store, error);
        }
        if (status == SWB_OK) {
            status = swb__report_compare(report, experiment, error);
        }
    }
    return status;
}

int swb__report_load(swb__report *out, swb__store *store, swb_error *error)
{
    swb__report report = {0};
    int status = load(&report, store, error);
    if (status != SWB_OK) {
        swb__report_finish(&report);
        return status;
    }
    *out = report;
    return SWB_OK;
}

void swb__report_finish(swb__report *report)
{
    for (size_t i = 0; i < report->row_count; i++) {
        free(report->rows[i].runs);
    }
    free(report->rows);
    free(report->experiments);
}
