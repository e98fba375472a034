/* Experiments, their environment, and the endings of their cells. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/database.h"
#include "store/internal.h"

/* Whether the file may take the experiment: one that it holds already only goes on, where it was.
 */
static int check_known(swb__store *store, const swb__store_experiment_row *wanted, swb_error *error)
{
    char place[64] = "";
    swb__binding row;
    int status = swb__bind(&row, store, "SELECT place FROM experiment WHERE digest = ?",
                           "find the experiment", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_text(&row, wanted->digest);
    status = swb__bound_next(&row, error);
    if (status == 1) {
        snprintf(place, sizeof place, "%s", (const char *)sqlite3_column_text(row.statement, 0));
    }
    swb__bound_finish(&row);
    if (status != 1) {
        return status;
    }
    if (strcmp(place, wanted->place) != 0) {
        return swb__fail(error, SWB_EINPUT,
                         "%s: experiment '%s' was run on %s: another place (%s) is another "
                         "measurement, and takes a file of its own",
                         store->path, wanted->name, place, wanted->place);
    }
    return wanted->resume ? SWB_OK
                          : swb__fail(error, SWB_EEXIST,
                                      "%s holds this experiment already: go on with it "
                                      "(--resume), or name another file",
                                      store->path);
}

/* Of one that is known, what may be changed without another digest is taken from the newest text.
 */
static int put(int64_t *id_out, swb__store *store, const swb__store_experiment_row *experiment,
               swb_error *error)
{
    swb__binding row;
    int status = swb__bind(
        &row, store,
        "INSERT INTO experiment (name, digest, text, seed, cells_planned, runs_planned, place,"
        " baseline, margin, confidence, allow_stand_in, session, begun_wall_ns)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"
        " ON CONFLICT (digest) DO UPDATE SET name = excluded.name, text = excluded.text,"
        " cells_planned = excluded.cells_planned, baseline = excluded.baseline,"
        " margin = excluded.margin, confidence = excluded.confidence,"
        " allow_stand_in = excluded.allow_stand_in"
        " RETURNING id",
        "store the experiment", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_text(&row, experiment->name);
    swb__bind_text(&row, experiment->digest);
    swb__bind_text(&row, experiment->text);
    swb__bind_seed(&row, experiment->seed);
    swb__bind_count(&row, experiment->cells_planned);
    swb__bind_count(&row, experiment->runs_planned);
    swb__bind_text(&row, experiment->place);
    swb__bind_text(&row, experiment->baseline);
    swb__bind_real(&row, experiment->margin);
    swb__bind_real(&row, experiment->confidence);
    swb__bind_int(&row, experiment->allow_stand_in);
    swb__bind_int(&row, swb__wall_ns());
    status = swb__bound_next(&row, error);
    *id_out = status == 1 ? sqlite3_column_int64(row.statement, 0) : 0;
    swb__bound_finish(&row);
    return status < 0 ? status : SWB_OK;
}

/* The experiment goes on from here: it is the one that is worked on, and has no ending yet. */
static int open_session(swb__store *store, int64_t id, swb_error *error)
{
    swb__binding row;
    int status = swb__bind(&row, store,
                           "UPDATE experiment SET ending = NULL, ended_wall_ns = NULL,"
                           " session = 1 + (SELECT max(session) FROM experiment) WHERE id = ?",
                           "open the experiment", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, id);
    return swb__bound_run(&row, error);
}

int swb__store_experiment(int64_t *id_out, swb__store *store,
                          const swb__store_experiment_row *experiment, swb_error *error)
{
    int64_t id = 0;
    assert(store->run == 0);
    int status = swb__database_exec(store->db, "BEGIN IMMEDIATE", "begin", error);
    if (status != SWB_OK) {
        return status;
    }
    status = check_known(store, experiment, error);
    if (status == SWB_OK) {
        status = put(&id, store, experiment, error);
    }
    if (status == SWB_OK) {
        status = open_session(store, id, error);
    }
    if (status == SWB_OK) {
        /* Holding the writer's lock, whoever began these is dead. */
        status = swb__database_exec(
            store->db, "UPDATE run SET state = 'interrupted' WHERE state = 'running'; COMMIT",
            "open the experiment", error);
    }
    if (status != SWB_OK) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    *id_out = id;
    return SWB_OK;
}

int swb__store_experiment_end(swb__store *store, int64_t experiment, const char *ending,
                              swb_error *error)
{
    swb__binding row;
    assert(store->run == 0);
    int status =
        swb__bind(&row, store, "UPDATE experiment SET ending = ?, ended_wall_ns = ? WHERE id = ?",
                  "end the experiment", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_text(&row, ending);
    swb__bind_int(&row, swb__wall_ns());
    swb__bind_int(&row, experiment);
    return swb__bound_run(&row, error);
}

/* What is another one at each moment: the newest is enough. */
#define MOMENTARY "'load_average', 'memory_available_bytes', 'work_dir_free_bytes'"

int swb__store_environment(swb__store *store, int64_t experiment, const char *name,
                           const char *value, swb_error *error)
{
    swb__binding row;
    int status = swb__bind(&row, store,
                           "INSERT INTO environment (experiment, name, value) VALUES (?, ?, ?)"
                           " ON CONFLICT DO UPDATE SET value = CASE WHEN name IN (" MOMENTARY ")"
                           " THEN excluded.value ELSE value || '; ' || excluded.value END"
                           " WHERE length(value) < " SWB__STORE_FACT_MAX
                           " AND instr('; ' || value || '; ', '; ' || excluded.value || '; ') = 0",
                           "store the environment", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, experiment);
    swb__bind_text(&row, name);
    swb__bind_text(&row, value);
    return swb__bound_run(&row, error);
}

int swb__store_cell_end(swb__store *store, int64_t experiment, uint64_t index, const char *ending,
                        swb_error *error)
{
    swb__binding row;
    int status =
        swb__bind(&row, store, "UPDATE cell SET ending = ? WHERE experiment = ? AND plan_index = ?",
                  "end the cell", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_text(&row, ending);
    swb__bind_int(&row, experiment);
    swb__bind_count(&row, index);
    status = swb__bound_run(&row, error);
    if (status == SWB_OK && sqlite3_changes(store->db) == 0) {
        return swb__fail(error, SWB_ENOENT, "%s: cell %llu has no run that could end it",
                         store->path, (unsigned long long)index);
    }
    return status;
}
