/* The public way to a results file: open, close, sum up. */
#include <stdlib.h>

#include "report/model.h"
#include "store/database.h"

int swb_results_open(swb_results **out, const char *path, swb_error *error)
{
    if (out == NULL || path == NULL) {
        return swb__fail(error, SWB_EINVAL, "swb_results_open: out and path are needed");
    }
    swb_results *results = calloc(1, sizeof *results);
    if (results == NULL) {
        return swb__fail_nomem(error);
    }
    int status = swb__store_open_read(&results->store, path, error);
    if (status != SWB_OK) {
        free(results);
        return status;
    }
    *out = results;
    return SWB_OK;
}

void swb_results_close(swb_results *results)
{
    if (results != NULL) {
        swb__store_close(results->store);
        free(results);
    }
}

const char *swb_results_database(const swb_results *results)
{
    return swb__store_database_path(results->store);
}

int swb_results_summary(swb_summary_row **rows_out, size_t *count_out, swb_results *results,
                        swb_error *error)
{
    swb__report report;
    if (rows_out == NULL || count_out == NULL || results == NULL) {
        return swb__fail(error, SWB_EINVAL,
                         "swb_results_summary: rows_out, count_out and results are needed");
    }
    int status = swb__store_snapshot(results->store, error);
    if (status != SWB_OK) {
        return status;
    }
    status = swb__report_load(&report, results->store, error);
    swb__store_release(results->store);
    if (status != SWB_OK) {
        return status;
    }
    swb_summary_row *rows = calloc(report.row_count + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < report.row_count; i++) {
        rows[i] = report.rows[i].summary;
    }
    if (rows != NULL) {
        *rows_out = rows;
        *count_out = report.row_count;
    }
    swb__report_finish(&report);
    return rows == NULL ? swb__fail_nomem(error) : SWB_OK;
}

void swb_results_free_summary(swb_summary_row *rows)
{
    free(rows);
}

static int experiment_at(int64_t *id_out, swb__store *store, size_t index, swb_error *error)
{
    swb__binding row;
    int status = swb__bind(&row, store, "SELECT id FROM experiment ORDER BY id LIMIT 1 OFFSET ?",
                           "read the experiments", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_count(&row, index);
    status = swb__bound_next(&row, error);
    if (status == 1) {
        *id_out = sqlite3_column_int64(row.statement, 0);
    }
    swb__bound_finish(&row);
    if (status == 0) {
        return swb__fail(error, SWB_ENOENT, "the file holds no experiment %zu", index);
    }
    return status < 0 ? status : SWB_OK;
}

int swb_results_progress(swb_progress *out, swb_results *results, size_t index, swb_error *error)
{
    int64_t id = 0;
    if (out == NULL || results == NULL) {
        return swb__fail(error, SWB_EINVAL, "swb_results_progress: out and results are needed");
    }
    int status = experiment_at(&id, results->store, index, error);
    return status == SWB_OK ? swb__report_progress(out, results->store, id, error) : status;
}
