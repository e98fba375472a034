/* Merging results files: whole runs of the same experiment, as parts of it were run apart. */
#include <swarmbench/results.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/database.h"
#include "store/internal.h"

#define SQL_MAX ((size_t)64 * 1024)

/* Ids of an experiment in both files; parameters ?1 and ?2 of every statement here. */
typedef struct pair {
    int64_t into;
    int64_t from;
} pair;

typedef struct merge {
    swb__store *store;
    swb__store *source;
    const char *from; /* the other file's path */
    bool skip_existing;
    bool empty; /* the file holds no experiment yet */
    swb_merge_report report;
} merge;

static int prepare(sqlite3_stmt **out, merge *m, const char *sql, const pair *ids, swb_error *error)
{
    if (sqlite3_prepare_v2(m->store->db, sql, -1, out, NULL) != SQLITE_OK) {
        return swb__database_fail(m->store->db, error, "merge %s into %s", m->from, m->store->path);
    }
    int parameters = sqlite3_bind_parameter_count(*out);
    if (parameters >= 1) {
        sqlite3_bind_int64(*out, 1, ids->into);
    }
    if (parameters >= 2) {
        sqlite3_bind_int64(*out, 2, ids->from);
    }
    return SWB_OK;
}

/* Runs a statement; `number_out` gets the first column of its first row, where it has one. */
static int run(int64_t *number_out, merge *m, const char *sql, const pair *ids, swb_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = prepare(&statement, m, sql, ids, error);
    if (status != SWB_OK) {
        return status;
    }
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && number_out != NULL) {
        *number_out = sqlite3_column_int64(statement, 0);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status =
            swb__database_fail(m->store->db, error, "merge %s into %s", m->from, m->store->path);
    }
    sqlite3_finalize(statement);
    return status;
}

static int run_all(merge *m, const char *const *statements, size_t count, const pair *ids,
                   swb_error *error)
{
    int status = SWB_OK;
    for (size_t i = 0; i < count && status == SWB_OK; i++) {
        status = run(NULL, m, statements[i], ids, error);
    }
    return status;
}

/* Appends the columns of a table but those that are named, ", t.a, t.b", with `prefix` "t.". Asked
 * of the file itself: a column that a later format adds is not lost here. */
static int add_columns(swb__buffer *sql, merge *m, const char *table, const char *prefix,
                       const char *left_out, swb_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(m->store->db,
                                  "SELECT name FROM pragma_table_info(?1, 'main')"
                                  " WHERE instr(?2, ' ' || name || ' ') = 0 ORDER BY cid",
                                  -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, left_out, -1, SQLITE_STATIC);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            swb__buffer_printf(sql, ", %s%s", prefix,
                               (const char *)sqlite3_column_text(statement, 0));
        }
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE) {
        return swb__database_fail(m->store->db, error, "%s: columns of %s", m->store->path, table);
    }
    return sql->status == SWB_OK ? SWB_OK : swb__fail_nomem(error);
}

/* Copies rows of `table`: `keys` are columns that get `values`, all others are taken as they are;
 * `source` names the other file's table as t, and what belongs to it. */
static int copy(merge *m, const char *table, const char *keys, const char *values,
                const char *left_out, const char *source, const pair *ids, swb_error *error)
{
    swb__buffer sql = SWB__BUFFER_INIT(SQL_MAX);
    swb__buffer_printf(&sql, "INSERT INTO main.%s (%s", table, keys);
    int status = add_columns(&sql, m, table, "", left_out, error);
    swb__buffer_printf(&sql, ") SELECT %s", values);
    if (status == SWB_OK) {
        status = add_columns(&sql, m, table, "t.", left_out, error);
    }
    swb__buffer_printf(&sql, " FROM %s", source);
    if (status == SWB_OK && sql.status != SWB_OK) {
        status = swb__fail_nomem(error);
    }
    if (status == SWB_OK) {
        status = run(NULL, m, swb__buffer_string(&sql), ids, error);
    }
    swb__buffer_finish(&sql);
    return status;
}

/* The runs of the other file, by their number in the plan. A run is whole where one of its attempts
 * ended for good; the attempts before that one belong to it. */
#define WHOLE(database, id)                                                                        \
    "SELECT plan_index FROM " database ".run WHERE experiment = " id                               \
    " AND state IN ('done', 'failed')"

static int refuse_duplicate(merge *m, const pair *ids, swb_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = prepare(&statement, m,
                         "SELECT t.plan_index, t.mode, cell.label FROM source.run AS t"
                         " JOIN source.cell ON cell.id = t.cell WHERE t.experiment = ?2"
                         " AND t.state IN ('done', 'failed')"
                         " AND t.plan_index IN (" WHOLE("main", "?1") ") ORDER BY 1 LIMIT 1",
                         ids, error);
    if (status == SWB_OK && sqlite3_step(statement) == SQLITE_ROW) {
        status = swb__fail(error, SWB_EEXIST,
                           "%s: run %lld (%s, %s) is in %s already; runs that are there are passed "
                           "over only where that is asked for (--skip-existing)",
                           m->from, sqlite3_column_int64(statement, 0),
                           (const char *)sqlite3_column_text(statement, 1),
                           (const char *)sqlite3_column_text(statement, 2), m->store->path);
    }
    sqlite3_finalize(statement);
    return status;
}

static int count_runs(merge *m, const pair *ids, swb_error *error)
{
    int64_t there = 0;
    int64_t whole = 0;
    int64_t unfinished = 0;
    int status =
        run(&whole, m, "SELECT count(DISTINCT plan_index) FROM (" WHOLE("source", "?2") ")", ids,
            error);
    if (status == SWB_OK) {
        status = run(&there, m,
                     "SELECT count(DISTINCT plan_index) FROM (" WHOLE(
                         "source", "?2") ")"
                                         " WHERE plan_index IN (" WHOLE("main", "?1") ")",
                     ids, error);
    }
    if (status == SWB_OK) {
        status = run(&unfinished, m,
                     "SELECT count(DISTINCT plan_index) FROM source.run WHERE experiment = ?2"
                     " AND plan_index NOT IN (" WHOLE("source", "?2") ")",
                     ids, error);
    }
    m->report.runs_added += (uint64_t)(whole - there);
    m->report.runs_skipped += (uint64_t)there;
    m->report.runs_unfinished += (uint64_t)unfinished;
    return status == SWB_OK && there > 0 && !m->skip_existing ? refuse_duplicate(m, ids, error)
                                                              : status;
}

/* Which rows of run are copied, under which id, and how far their attempts move: failed ones of a
 * run that never ended may be here already, and stay. */
static const char *const choose_runs[] = {
    "DELETE FROM temp.chosen",
    "DELETE FROM main.run WHERE experiment = ?1 AND state IN ('running', 'interrupted')"
    " AND plan_index IN (" WHOLE("source", "?2") ")",
    "INSERT INTO temp.chosen SELECT t.id,"
    " (SELECT coalesce(max(id), 0) FROM main.run) + row_number() OVER (ORDER BY t.id),"
    " (SELECT coalesce(max(attempt), 0) FROM main.run AS old"
    "  WHERE old.experiment = ?1 AND old.plan_index = t.plan_index)"
    " FROM source.run AS t WHERE t.experiment = ?2 AND t.state IN ('done', 'failed', 'retried')"
    " AND t.plan_index IN (" WHOLE("source", "?2") ")"
                                                   " AND t.plan_index NOT IN (" WHOLE("main",
                                                                                      "?1") ")",
};

static int copy_cells_and_runs(merge *m, const pair *ids, swb_error *error)
{
    int status = copy(m, "cell", "experiment", "?1", " id experiment ",
                      "source.cell AS t WHERE t.experiment = ?2"
                      " AND t.plan_index NOT IN (SELECT plan_index FROM main.cell"
                      "                          WHERE experiment = ?1)"
                      " AND t.id IN (SELECT cell FROM source.run WHERE id IN"
                      "              (SELECT old FROM temp.chosen)) ORDER BY t.plan_index",
                      ids, error);
    if (status == SWB_OK) {
        /* Whose repetitions went on elsewhere ends as they did. */
        status = run(NULL, m,
                     "UPDATE main.cell SET ending = (SELECT t.ending FROM source.cell AS t"
                     " WHERE t.experiment = ?2 AND t.plan_index = main.cell.plan_index)"
                     " WHERE experiment = ?1 AND ending IS NULL",
                     ids, error);
    }
    if (status == SWB_OK) {
        status = copy(m, "run", "id, experiment, cell, attempt",
                      "chosen.new, ?1, (SELECT mine.id FROM main.cell AS mine JOIN source.cell AS"
                      " other ON other.plan_index = mine.plan_index WHERE other.id = t.cell"
                      " AND mine.experiment = ?1), t.attempt + chosen.earlier",
                      " id experiment cell attempt ",
                      "source.run AS t JOIN temp.chosen ON chosen.old = t.id WHERE ?2 = ?2"
                      " ORDER BY chosen.new",
                      ids, error);
    }
    return status;
}

/* Every table whose rows belong to a run, those of later formats too. */
static int copy_rows(merge *m, const pair *ids, swb_error *error)
{
    sqlite3_stmt *tables = NULL;
    int status = prepare(&tables, m,
                         "SELECT s.name FROM main.sqlite_schema AS s WHERE s.type = 'table'"
                         " AND EXISTS (SELECT 1 FROM pragma_table_info(s.name, 'main') AS c"
                         "             WHERE c.name = 'run') ORDER BY s.name",
                         ids, error);
    while (status == SWB_OK && sqlite3_step(tables) == SQLITE_ROW) {
        char source[160];
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        snprintf(source, sizeof source,
                 "source.%s AS t JOIN temp.chosen ON chosen.old = t.run WHERE ?1 = ?1 AND ?2 = ?2"
                 " ORDER BY chosen.new",
                 table);
        status = copy(m, table, "run", "chosen.new", " run id ", source, ids, error);
    }
    sqlite3_finalize(tables);
    return status;
}

/* Facts that differ are all kept, in one value. */
#define THEIR_FACT                                                                                 \
    "(SELECT t.value FROM source.environment AS t"                                                 \
    " WHERE t.experiment = ?2 AND t.name = main.environment.name)"
static const char *const join_facts[] = {
    "INSERT INTO main.environment (experiment, name, value) SELECT ?1, t.name, t.value"
    " FROM source.environment AS t WHERE t.experiment = ?2"
    " AND t.name NOT IN (SELECT name FROM main.environment WHERE experiment = ?1)",
    "UPDATE main.environment SET value = value || '; ' || " THEIR_FACT " WHERE experiment = ?1"
    " AND " THEIR_FACT " IS NOT NULL AND length(value) < " SWB__STORE_FACT_MAX
    " AND instr('; ' || value || '; ', '; ' || " THEIR_FACT " || '; ') = 0",
};

/* It ended where all parts ended, and as the one that ended otherwise than by being done. */
static const char *const join_endings[] = {
    "UPDATE main.experiment SET"
    " begun_wall_ns = min(main.experiment.begun_wall_ns, t.begun_wall_ns),"
    " ended_wall_ns = max(main.experiment.ended_wall_ns, t.ended_wall_ns),"
    " ending = CASE WHEN main.experiment.ending IS NULL OR t.ending IS NULL THEN NULL"
    " WHEN main.experiment.ending = 'done' THEN t.ending ELSE main.experiment.ending END"
    ", cells_planned = coalesce(main.experiment.cells_planned, t.cells_planned)"
    " FROM (SELECT begun_wall_ns, ended_wall_ns, ending, cells_planned FROM source.experiment"
    " WHERE id = ?2) AS t"
    " WHERE main.experiment.id = ?1",
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static int merge_experiment(merge *m, const pair *ids, swb_error *error)
{
    int status = count_runs(m, ids, error);
    if (status == SWB_OK) {
        status = run_all(m, choose_runs, COUNT(choose_runs), ids, error);
    }
    if (status == SWB_OK) {
        status = copy_cells_and_runs(m, ids, error);
    }
    if (status == SWB_OK) {
        status = copy_rows(m, ids, error);
    }
    if (status == SWB_OK) {
        status = run_all(m, join_facts, COUNT(join_facts), ids, error);
    }
    return status == SWB_OK ? run_all(m, join_endings, COUNT(join_endings), ids, error) : status;
}

/* A file that holds no experiment yet takes that of the first one that is merged into it. */
static int add_experiment(merge *m, pair *ids, const char *name, swb_error *error)
{
    if (!m->empty) {
        return swb__fail(
            error, SWB_EINPUT,
            "%s: its experiment '%s' is none of those in %s: only parts of one and the "
            "same experiment can be merged",
            m->from, name, m->store->path);
    }
    int status = copy(
        m, "experiment", "session", "1 + (SELECT coalesce(max(session), -1) FROM main.experiment)",
        " id session ", "source.experiment AS t WHERE ?1 = ?1 AND t.id = ?2", ids, error);
    ids->into = sqlite3_last_insert_rowid(m->store->db);
    return status;
}

/* Another place is another measurement. */
static int check_place(merge *m, const char *name, const char *mine, const char *other,
                       swb_error *error)
{
    if (strcmp(mine, other) != 0) {
        return swb__fail(error, SWB_EINPUT,
                         "%s: '%s' was run on %s, in %s on %s: results of different places are not "
                         "merged",
                         m->from, name, other, m->store->path, mine);
    }
    return SWB_OK;
}

static int merge_one(merge *m, sqlite3_stmt *row, swb_error *error)
{
    const char *name = (const char *)sqlite3_column_text(row, 1);
    pair ids = {.into = sqlite3_column_int64(row, 3), .from = sqlite3_column_int64(row, 0)};
    int status = SWB_OK;
    if (sqlite3_column_type(row, 3) == SQLITE_NULL) {
        status = add_experiment(m, &ids, name, error);
    } else {
        status = check_place(m, name, (const char *)sqlite3_column_text(row, 4),
                             (const char *)sqlite3_column_text(row, 2), error);
    }
    return status == SWB_OK ? merge_experiment(m, &ids, error) : status;
}

static int merge_all(merge *m, swb_error *error)
{
    sqlite3_stmt *rows = NULL;
    pair none = {0, 0};
    int64_t mine = 0;
    int code = SQLITE_DONE;
    int status = run(&mine, m, "SELECT count(*) FROM main.experiment", &none, error);
    m->empty = mine == 0;
    if (status == SWB_OK) {
        status = prepare(&rows, m,
                         "SELECT t.id, t.name, t.place, mine.id, mine.place"
                         " FROM source.experiment AS t LEFT JOIN main.experiment AS mine"
                         " ON mine.digest = t.digest ORDER BY t.id",
                         &none, error);
    }
    while (status == SWB_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        status = merge_one(m, rows, error);
    }
    if (status == SWB_OK && code != SQLITE_DONE) {
        status = swb__database_fail(m->store->db, error, "%s: its experiments", m->from);
    }
    sqlite3_finalize(rows);
    return status;
}

static int attach(merge *m, swb_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(m->store->db, "ATTACH ?1 AS source", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, swb__store_database_path(m->source), -1, SQLITE_STATIC);
        code = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE) {
        return swb__database_fail(m->store->db, error, "open %s", m->from);
    }
    return swb__database_exec(m->store->db,
                              "CREATE TEMP TABLE chosen (old INTEGER PRIMARY KEY, new INTEGER,"
                              " earlier INTEGER)",
                              "prepare the merging", error);
}

/* The file is merged whole, or nothing of it. */
static int merge_file(merge *m, swb_error *error)
{
    int status = attach(m, error);
    if (status == SWB_OK) {
        status = swb__database_exec(m->store->db, "BEGIN IMMEDIATE", "begin", error);
    }
    if (status != SWB_OK) {
        return status;
    }
    status = merge_all(m, error);
    if (status == SWB_OK) {
        status = swb__database_exec(m->store->db, "COMMIT", "store what was merged", error);
    }
    if (status != SWB_OK) {
        sqlite3_exec(m->store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}

/* Opens the other file: is it there, a results file, and another one? */
static int open_source(swb__store **out, bool *existed_out, const char *into, const char *from,
                       swb_error *error)
{
    struct stat mine;
    struct stat other;
    swb__store *store = NULL;
    int status = swb__store_open_read(&store, from, error);
    if (status != SWB_OK) {
        return status;
    }
    *existed_out = stat(into, &mine) == 0;
    if (*existed_out && stat(from, &other) == 0 && mine.st_dev == other.st_dev &&
        mine.st_ino == other.st_ino) {
        swb__store_close(store);
        return swb__fail(error, SWB_EINVAL, "%s: cannot be merged into itself", from);
    }
    *out = store;
    return SWB_OK;
}

int swb_results_merge(swb_merge_report *out, const char *into, const char *from, int skip_existing,
                      swb_error *error)
{
    bool existed = false;
    merge m = {.from = from, .skip_existing = skip_existing != 0};
    if (into == NULL || from == NULL) {
        return swb__fail(error, SWB_EINVAL, "into and from are required");
    }
    int status = open_source(&m.source, &existed, into, from, error);
    if (status != SWB_OK) {
        return status;
    }
    status = swb__store_open(&m.store, into, error);
    if (status != SWB_OK) {
        swb__store_close(m.source);
        return status;
    }
    status = merge_file(&m, error);
    swb__store_close(m.store);
    swb__store_close(m.source);
    if (status != SWB_OK) {
        if (!existed) {
            unlink(into);
        }
        return status;
    }
    if (out != NULL) {
        *out = m.report;
    }
    return SWB_OK;
}
