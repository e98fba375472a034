/* Runs: what is stored of one, its begin, and its end, which commits all of it at once. */
#include <assert.h>
#include <inttypes.h>

#include "base/clock.h"
#include "measure/series.h"
#include "store/database.h"
#include "store/internal.h"

int swb__store_run_state(swb__run_state *out, swb__store *store, int64_t experiment, uint64_t index,
                         swb_error *error)
{
    swb__binding row;
    int status = swb__bind(&row, store,
                           "SELECT count(*) FILTER (WHERE state = 'done'),"
                           " count(*) FILTER (WHERE state = 'failed')"
                           " FROM run WHERE experiment = ? AND plan_index = ?",
                           "look up a run", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    swb__bind_count(&row, index);
    status = swb__bound_next(&row, error);
    if (status == 1) {
        *out = sqlite3_column_int(row.statement, 0) > 0   ? SWB__RUN_DONE
               : sqlite3_column_int(row.statement, 1) > 0 ? SWB__RUN_FAILED
                                                          : SWB__RUN_ABSENT;
    }
    swb__bound_finish(&row);
    return status < 0 ? status : SWB_OK;
}

int swb__store_makespans(double **values_out, size_t *count_out, swb__store *store,
                         int64_t experiment, uint64_t cell, const char *mode, swb_error *error)
{
    swb__series makespans = {NULL, 0, 0};
    swb__binding row;
    int status = swb__bind(&row, store,
                           "SELECT run.makespan_ns FROM cell JOIN run ON run.cell = cell.id"
                           " WHERE cell.experiment = ? AND cell.plan_index = ? AND run.mode = ?"
                           " AND run.state = 'done' AND run.makespan_ns IS NOT NULL"
                           " ORDER BY run.plan_index",
                           "read makespans", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    swb__bind_count(&row, cell);
    swb__bind_text(&row, mode);
    while ((status = swb__bound_next(&row, error)) == 1) {
        double value = (double)sqlite3_column_int64(row.statement, 0);
        if (swb__series_add(&makespans, value) != SWB_OK) {
            status = swb__fail_nomem(error);
            break;
        }
    }
    swb__bound_finish(&row);
    if (status != SWB_OK) {
        swb__series_finish(&makespans);
        return status;
    }
    *values_out = makespans.values;
    *count_out = makespans.count;
    return SWB_OK;
}

static int store_cell(int64_t *id_out, swb__store *store, int64_t experiment,
                      const swb__store_cell *cell, swb_error *error)
{
    swb__binding row;
    /* The update changes nothing; it is there so that RETURNING gives the row in either case. */
    int status = swb__bind(&row, store,
                           "INSERT INTO cell (experiment, plan_index, label, file_size_bytes,"
                           " size, seeders) VALUES (?, ?, ?, ?, ?, ?)"
                           " ON CONFLICT DO UPDATE SET label = label RETURNING id",
                           "store a cell", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    swb__bind_count(&row, cell->index);
    swb__bind_text(&row, cell->label);
    swb__bind_count(&row, cell->file_size_bytes);
    swb__bind_int(&row, cell->size);
    swb__bind_int(&row, cell->seeders);
    status = swb__bound_next(&row, error);
    if (status == 1) {
        *id_out = sqlite3_column_int64(row.statement, 0);
    }
    swb__bound_finish(&row);
    return status < 0 ? status : SWB_OK;
}

static int drop_interrupted(swb__store *store, int64_t experiment, uint64_t index, swb_error *error)
{
    swb__binding row;
    int status = swb__bind(&row, store,
                           "DELETE FROM run WHERE experiment = ? AND plan_index = ?"
                           " AND state IN ('interrupted', 'running')",
                           "replace an interrupted run", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    swb__bind_count(&row, index);
    return swb__bound_run(&row, error);
}

static int insert_run(swb__store *store, int64_t experiment, int64_t cell,
                      const swb__store_run *run, swb_error *error)
{
    swb__binding row;
    int status =
        swb__bind(&row, store,
                  "INSERT INTO run (experiment, cell, plan_index, attempt, mode, block, seeder_set,"
                  " repetition, content_seed, run_seed, state, begun_wall_ns, coding)"
                  " VALUES (?1, ?2, ?3, max(?4, 1 + (SELECT coalesce(max(attempt), 0) FROM run"
                  " WHERE experiment = ?1 AND plan_index = ?3)), ?5, ?6, ?7, ?8, ?9, ?10, "
                  "'running', ?11, ?12)",
                  "begin a run", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    swb__bind_int(&row, cell);
    swb__bind_count(&row, run->index);
    swb__bind_int(&row, run->attempt);
    swb__bind_text(&row, run->mode);
    swb__bind_count(&row, run->block);
    swb__bind_int(&row, run->seeder_set);
    swb__bind_int(&row, run->repetition);
    swb__bind_seed(&row, run->content_seed);
    swb__bind_seed(&row, run->run_seed);
    swb__bind_int(&row, swb__wall_ns());
    swb__bind_word(&row, run->coding);
    return swb__bound_run(&row, error);
}

static int begin_row(int64_t *id_out, swb__store *store, int64_t experiment,
                     const swb__store_run *run, swb_error *error)
{
    swb__run_state state = SWB__RUN_ABSENT;
    int64_t cell = 0;
    int status = swb__store_run_state(&state, store, experiment, run->index, error);
    if (status == SWB_OK && state != SWB__RUN_ABSENT) {
        status = swb__fail(error, SWB_EEXIST, "%s: run %" PRIu64 " has ended already", store->path,
                           run->index);
    }
    if (status == SWB_OK) {
        status = drop_interrupted(store, experiment, run->index, error);
    }
    if (status == SWB_OK) {
        status = store_cell(&cell, store, experiment, &run->cell, error);
    }
    if (status == SWB_OK) {
        status = insert_run(store, experiment, cell, run, error);
    }
    if (status == SWB_OK) {
        *id_out = sqlite3_last_insert_rowid(store->db);
        status = swb__database_exec(store->db, "COMMIT", "begin a run", error);
    }
    return status;
}

int swb__store_run_begin(swb__store *store, int64_t experiment, const swb__store_run *run,
                         swb_error *error)
{
    int64_t id = 0;
    assert(store->run == 0);
    int status = swb__database_exec(store->db, "BEGIN IMMEDIATE", "begin a run", error);
    if (status != SWB_OK) {
        return status;
    }
    status = begin_row(&id, store, experiment, run, error);
    if (status != SWB_OK) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    status = swb__database_exec(store->db, "BEGIN IMMEDIATE", "begin a run", error);
    if (status == SWB_OK) {
        store->run = id;
        store->origin_ns = swb__clock_ns();
    }
    return status;
}

static const char *state_of(swb__run_ending ending)
{
    switch (ending) {
    case SWB__ENDING_DONE:
        return "done";
    case SWB__ENDING_FAILED:
        return "failed";
    case SWB__ENDING_RETRIED:
        return "retried";
    case SWB__ENDING_INTERRUPTED:
        break;
    }
    return "interrupted";
}

static int store_result(swb__store *store, swb__run_ending ending, const swb__run_result *result,
                        swb_error *error)
{
    swb__binding row;
    int status =
        swb__bind_in_run(&row, store,
                         "UPDATE run SET state = ?2, started_ns = ?3, intended_ns = ?4,"
                         " ended_ns = ?5, start_skew_ns = ?6, makespan_ns = ?7, spread_ns = ?8,"
                         " seeder_share = ?9, deploy_ns = ?10, content_ns = ?11, infohash = ?12,"
                         " coded_bytes = ?13, status = ?14, cause = ?15 WHERE id = ?1",
                         "end a run", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_text(&row, state_of(ending));
    swb__bind_time(&row, result->started_ns, store->origin_ns);
    swb__bind_time(&row, result->intended_ns, store->origin_ns);
    swb__bind_time(&row, result->ended_ns, store->origin_ns);
    swb__bind_amount(&row, result->start_skew_ns);
    swb__bind_amount(&row, result->makespan_ns);
    swb__bind_amount(&row, result->spread_ns);
    swb__bind_real(&row, result->seeder_share);
    swb__bind_count(&row, result->deploy_ns);
    swb__bind_count(&row, result->content_ns);
    swb__bind_word(&row, result->infohash);
    swb__bind_count(&row, result->coded_bytes);
    swb__bind_text(&row, swb_status_name(result->status));
    swb__bind_word(&row, result->cause);
    return swb__bound_run(&row, error);
}

static int store_cost(swb__store *store, const swb__harness_cost *cost, swb_error *error)
{
    swb__binding row;
    int status = swb__bind_in_run(&row, store,
                                  "INSERT OR REPLACE INTO harness (run, cpu_ns, leech_cpu_ns,"
                                  " leech_wall_ns, rss_peak_bytes, rss_bytes)"
                                  " VALUES (?, ?, ?, ?, ?, ?)",
                                  "store the harness's cost", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_count(&row, cost->cpu_ns);
    swb__bind_count(&row, cost->leech_cpu_ns);
    swb__bind_count(&row, cost->leech_wall_ns);
    swb__bind_count(&row, cost->rss_peak_bytes);
    swb__bind_count(&row, cost->rss_bytes);
    return swb__bound_run(&row, error);
}

/* Counters of a node begin anew when it is restarted: a total is the sum of what they grew by, and
 * of what they stood at after a fall. Samples that do not know a counter are no part of it. */
#define TOTAL(column)                                                                              \
    "UPDATE node SET " column " = total.grown FROM (SELECT node,"                                  \
    " sum(" column " - CASE WHEN " column " >= last THEN last ELSE 0 END) AS grown"                \
    " FROM (SELECT node, " column ", lag(" column ", 1, 0) OVER"                                   \
    " (PARTITION BY node ORDER BY time_ns) AS last"                                                \
    " FROM sample WHERE run = ?1 AND " column " IS NOT NULL) GROUP BY node) AS total"              \
    " WHERE node.run = ?1 AND node.node = total.node"

static int sum_up_samples(swb__store *store, swb_error *error)
{
    static const char *const statements[] = {
        "UPDATE node SET rss_peak_bytes = total.rss, rss_anon_peak_bytes = total.anon"
        " FROM (SELECT node, max(rss_bytes) AS rss, max(rss_anon_bytes) AS anon"
        " FROM sample WHERE run = ?1 GROUP BY node) AS total"
        " WHERE node.run = ?1 AND node.node = total.node",
        TOTAL("cpu_ns"),
        TOTAL("disk_read_bytes"),
        TOTAL("disk_written_bytes"),
        TOTAL("wire_in_bytes"),
        TOTAL("wire_out_bytes"),
    };
    int status = SWB_OK;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0] && status == SWB_OK; i++) {
        swb__binding row;
        status = swb__bind_in_run(&row, store, statements[i], "sum up samples", error);
        status = status == SWB_OK ? swb__bound_run(&row, error) : status;
    }
    return status;
}

int swb__store_run_end(swb__store *store, swb__run_ending ending, const swb__run_result *result,
                       const swb__harness_cost *cost, swb_error *error)
{
    assert(store->run != 0);
    int status = store_result(store, ending, result, error);
    if (status == SWB_OK) {
        status = store_cost(store, cost, error);
    }
    if (status == SWB_OK) {
        status = sum_up_samples(store, error);
    }
    if (status == SWB_OK) {
        status = swb__database_exec(store->db, "COMMIT", "commit a run", error);
    }
    if (status != SWB_OK) {
        swb__store_run_abandon(store);
    }
    store->run = 0;
    return status;
}

void swb__store_run_abandon(swb__store *store)
{
    if (store->run != 0) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        store->run = 0;
    }
}
