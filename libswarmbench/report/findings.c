#include "report/findings.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/format.h"
#include "report/table.h"
#include "store/database.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ROWS_SHOWN 20

static const swb__finding findings[] = {
    {"failed_downloads", "Failed downloads by cause",
     "SELECT count(*) AS downloads, run.mode, cell.label AS cell, run.state AS run_state,"
     " download.status, coalesce(download.cause, '') AS cause"
     " FROM run JOIN cell ON cell.id = run.cell JOIN download ON download.run = run.id"
     " WHERE run.experiment = ? AND NOT verified AND state IN ('done', 'failed', 'retried')"
     " GROUP BY cell.plan_index, run.mode, run.state, download.status, download.cause"
     " ORDER BY cell.plan_index, run.mode, downloads DESC, cause"},
    {"failed_runs", "Failed runs by cause",
     "SELECT count(*) AS runs, run.mode, cell.label AS cell, run.state AS run_state, run.status,"
     " coalesce(run.cause, '') AS cause FROM run JOIN cell ON cell.id = run.cell"
     " WHERE run.experiment = ? AND state IN ('failed', 'retried')"
     " GROUP BY cell.plan_index, run.mode, run.state, run.status, run.cause"
     " ORDER BY cell.plan_index, run.mode, runs DESC, cause"},
    {"unfinished_runs", "Unfinished runs",
     "SELECT run.plan_index AS run, run.attempt, run.mode, cell.label AS cell,"
     " run.state AS run_state FROM run JOIN cell ON cell.id = run.cell"
     " WHERE run.experiment = ?1 AND (state IN ('running', 'interrupted') OR (state = 'retried'"
     " AND NOT EXISTS (SELECT 1 FROM run AS later WHERE later.experiment = ?1"
     " AND later.plan_index = run.plan_index AND later.attempt > run.attempt)))"
     " ORDER BY run.plan_index, run.attempt"},
    {"erasure", "Erasure coding",
     "WITH coded AS (SELECT run.id, run.mode, cell.plan_index, cell.label, run.coding,"
     " round(run.coded_bytes * 1.0 / cell.file_size_bytes, 3) AS overhead,"
     " (SELECT max(code_end_ns - code_begin_ns) FROM node WHERE node.run = run.id) AS coding_ns,"
     " (SELECT max(decode_ns) FROM download WHERE download.run = run.id) AS decode_ns,"
     " (SELECT sum(beyond_bytes) * 1.0 / sum(bytes) FROM download WHERE download.run = run.id"
     "  AND run.coding LIKE '%library')"
     " AS beyond,"
     " (SELECT count(*) FROM part WHERE part.run = run.id AND fate IN ('stalled', 'failed'))"
     " AS given_up"
     " FROM run JOIN cell ON cell.id = run.cell"
     " WHERE run.experiment = ? AND run.coding IS NOT NULL AND run.state IN ('done', 'failed'))"
     " SELECT mode, label AS cell, coding, max(overhead) AS 'stored / file',"
     " coalesce(round(max(coding_ns) / 1e9, 3), '') AS 'coding by client, s',"
     " coalesce(round(max(decode_ns) / 1e6, 1), '') AS 'decoding, ms',"
     " coalesce(round(100.0 * avg(beyond), 1), '') AS 'fetched beyond need, %',"
     " sum(given_up) AS 'parts given up'"
     " FROM coded GROUP BY plan_index, mode, coding ORDER BY plan_index, mode"},
    /* The text of an event says it all: "status=200 at_ms=9 late_ms=0 latency_ms=1 GET /a: why". */
    {"actions", "Actions beside the swarm",
     "WITH read AS (SELECT run.mode, cell.plan_index, cell.label, node.group_name,"
     " event.text NOT LIKE 'status=failed %' AS right,"
     " CAST(substr(event.text, instr(event.text, ' late_ms=') + 9) AS REAL) AS late_ms,"
     " CAST(substr(event.text, instr(event.text, ' latency_ms=') + 12) AS REAL) AS latency_ms,"
     " substr(event.text, instr(event.text, ' latency_ms=') + 12) AS rest"
     " FROM run JOIN cell ON cell.id = run.cell JOIN event ON event.run = run.id"
     " JOIN node ON node.run = run.id AND node.node = event.node"
     " WHERE run.experiment = ? AND event.kind = 'action' AND run.state IN ('done', 'failed')),"
     " named AS (SELECT *, substr(rest, instr(rest, ' ') + 1) AS line FROM read),"
     " asked AS (SELECT *, CASE WHEN right OR instr(line, ': ') = 0 THEN line"
     "  ELSE substr(line, 1, instr(line, ': ') - 1) END AS request FROM named),"
     " ranked AS (SELECT *, cume_dist() OVER (PARTITION BY plan_index, mode, group_name, request,"
     "  right ORDER BY latency_ms) AS rank FROM asked)"
     " SELECT mode, label AS cell, group_name AS 'group', request, count(*) AS requests,"
     " sum(NOT right) AS failed,"
     " coalesce(min(latency_ms) FILTER (WHERE right AND rank >= 0.5), '') AS 'median, ms',"
     " coalesce(min(latency_ms) FILTER (WHERE right AND rank >= 0.95), '') AS '95 %, ms',"
     " coalesce(max(latency_ms) FILTER (WHERE right), '') AS 'slowest, ms',"
     " max(late_ms) AS 'left late by up to, ms'"
     " FROM ranked GROUP BY plan_index, mode, group_name, request"
     " ORDER BY plan_index, mode, group_name, request"},
    /* "name{label=\"a b\"} 3": the value stands behind the last space. */
    {"metrics_beside", "Metrics of nodes beside the swarm",
     "WITH read AS (SELECT run.id AS run, run.mode, cell.plan_index, cell.label, node.node,"
     " node.group_name, event.id AS event, event.text,"
     " length(rtrim(event.text, replace(event.text, ' ', ''))) AS split"
     " FROM run JOIN cell ON cell.id = run.cell JOIN event ON event.run = run.id"
     " JOIN node ON node.run = run.id AND node.node = event.node"
     " WHERE run.experiment = ? AND event.kind = 'metric' AND run.state IN ('done', 'failed')),"
     " told AS (SELECT *, substr(text, 1, split - 1) AS metric,"
     " CAST(substr(text, split + 1) AS REAL) AS value FROM read),"
     " ends AS (SELECT *, first_value(value) OVER same AS first, last_value(value) OVER same AS "
     "last"
     "  FROM told WINDOW same AS (PARTITION BY run, node, metric ORDER BY event"
     "  ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)),"
     " each AS (SELECT plan_index, mode, label, group_name, metric, count(*) AS readings,"
     "  min(value) AS least, max(value) AS most, last, last - first AS rise"
     "  FROM ends GROUP BY run, node, metric)"
     " SELECT mode, label AS cell, group_name AS 'group', metric, sum(readings) AS readings,"
     " min(least) AS least, max(most) AS most, round(avg(last), 3) AS 'at the end, mean',"
     " round(avg(rise), 3) AS 'rise in a run, mean'"
     " FROM each GROUP BY plan_index, mode, group_name, metric"
     " ORDER BY plan_index, mode, group_name, metric"},
    {"cells_ended", "Why repetitions ended",
     "SELECT label AS cell, ending AS reason FROM cell"
     " WHERE experiment = ? AND ending IS NOT NULL ORDER BY plan_index"},
    {"clients", "Clients",
     "SELECT run.mode, node.driver, coalesce(version, 'unknown') AS version,"
     " coalesce(api_version, '') AS api, coalesce(revision, '') AS revision,"
     " CASE stand_in WHEN 0 THEN '' ELSE 'stand-in' END AS remark"
     " FROM run JOIN node ON node.run = run.id WHERE run.experiment = ?"
     " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"},
    {"environment", "Environment",
     "SELECT name, value FROM environment WHERE experiment = ? ORDER BY name"},
};

const swb__finding *swb__finding_at(size_t index)
{
    return index < COUNT(findings) ? &findings[index] : NULL;
}

static int open_finding(swb__binding *out, const swb__finding *finding, swb__store *store,
                        int64_t experiment, swb_error *error)
{
    int status = swb__bind(out, store, finding->sql, finding->heading, error);
    if (status == SWB_OK) {
        swb__bind_int(out, experiment);
    }
    return status;
}

/* Gathers the rows that are shown; `*count_out`: how many there are. */
static int gather(swb__table *table, uint64_t *count_out, const swb__finding *finding,
                  swb__binding *rows, swb_error *error)
{
    int status;
    const char *titles[SWB__COLUMNS_MAX + 1] = {NULL};
    int columns = sqlite3_column_count(rows->statement);
    for (int i = 0; i < columns; i++) {
        titles[i] = sqlite3_column_name(rows->statement, i);
    }
    swb__table_begin(table, finding->heading, titles);
    *count_out = 0;
    while ((status = swb__bound_next(rows, error)) == 1) {
        for (int i = 0; i < columns && *count_out < ROWS_SHOWN; i++) {
            swb__table_cell(table, swb__column_text(rows->statement, i));
        }
        (*count_out)++;
    }
    return status;
}

int swb__finding_write(swb__document *document, const swb__finding *finding, swb__store *store,
                       int64_t experiment, swb_error *error)
{
    swb__binding rows;
    swb__table table;
    uint64_t count = 0;
    char more[64];
    int status = open_finding(&rows, finding, store, experiment, error);
    if (status != SWB_OK) {
        return status;
    }
    status = gather(&table, &count, finding, &rows, error);
    if (status == SWB_OK && count > 0) {
        swb__document_heading(document, 3, finding->heading);
        status = swb__table_end(&table, document) == SWB_OK ? SWB_OK : swb__fail_nomem(error);
    } else {
        swb__table_drop(&table);
    }
    if (status == SWB_OK && count > ROWS_SHOWN) {
        snprintf(more, sizeof more, "... and %" PRIu64 " more.", count - ROWS_SHOWN);
        swb__document_paragraph(document, more);
    }
    swb__bound_finish(&rows);
    return status;
}

void swb__json_row(swb__writer *writer, sqlite3_stmt *statement)
{
    swb__json_open(writer, '{');
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        swb__json_key(writer, sqlite3_column_name(statement, i));
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_NULL:
            swb__json_null(writer);
            break;
        case SQLITE_INTEGER:
            swb__json_int(writer, sqlite3_column_int64(statement, i));
            break;
        case SQLITE_FLOAT:
            swb__json_number(writer, sqlite3_column_double(statement, i));
            break;
        default:
            swb__json_string(writer, swb__column_text(statement, i));
        }
    }
    swb__json_close(writer, '}');
}

int swb__finding_write_json(swb__writer *writer, const swb__finding *finding, swb__store *store,
                            int64_t experiment, swb_error *error)
{
    swb__binding rows;
    int status = open_finding(&rows, finding, store, experiment, error);
    if (status != SWB_OK) {
        return status;
    }
    swb__json_key(writer, finding->key);
    swb__json_open(writer, '[');
    while ((status = swb__bound_next(&rows, error)) == 1) {
        swb__json_row(writer, rows.statement);
    }
    swb__json_close(writer, ']');
    swb__bound_finish(&rows);
    return status;
}
