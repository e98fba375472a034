/* Exports: one view of the results file, streamed as CSV, JSON or lines of JSON. */
#include <string.h>

#include "base/buffer.h"
#include "base/writer.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/model.h"
#include "store/database.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *name;
    const char *sql; /* the view that has its rows */
} tables[] = {
    {"experiments", "SELECT * FROM experiment_view"},
    {"environment", "SELECT * FROM environment_view"},
    {"cells", "SELECT * FROM cell_view"},
    {"runs", "SELECT * FROM run_view"},
    {"nodes", "SELECT * FROM node_view"},
    {"downloads", "SELECT * FROM download_view"},
    {"parts", "SELECT * FROM part_view"},
    {"progress", "SELECT * FROM progress_view"},
    {"samples", "SELECT * FROM sample_view"},
    {"events", "SELECT * FROM event_view"},
    {"harness", "SELECT * FROM harness_view"},
};

const char *swb_results_table_name(size_t index)
{
    return index < COUNT(tables) ? tables[index].name : NULL;
}

static int find_table(size_t *out, const char *name, swb_error *error)
{
    swb__buffer names = SWB__BUFFER_INIT(512);
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (strcmp(tables[i].name, name) == 0) {
            *out = i;
            swb__buffer_finish(&names);
            return SWB_OK;
        }
        swb__buffer_printf(&names, "%s%s", i == 0 ? "" : ", ", tables[i].name);
    }
    int status = swb__fail(error, SWB_ENOENT, "no table '%s'; there are %s", name,
                           swb__buffer_string(&names));
    swb__buffer_finish(&names);
    return status;
}

static void write_csv_head(swb__writer *writer, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        swb__writer_text(writer, i == 0 ? "" : ",");
        swb__csv_field(writer, sqlite3_column_name(statement, i));
    }
    swb__writer_text(writer, "\r\n");
}

static void write_csv_row(swb__writer *writer, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        swb__writer_text(writer, i == 0 ? "" : ",");
        swb__csv_field(writer, swb__column_text(statement, i));
    }
    swb__writer_text(writer, "\r\n");
}

static int write_csv(swb__writer *writer, swb__binding *rows, swb_error *error)
{
    int status;
    write_csv_head(writer, rows->statement);
    while ((status = swb__bound_next(rows, error)) == 1 && writer->status == SWB_OK) {
        write_csv_row(writer, rows->statement);
    }
    return status;
}

static int write_json(swb__writer *writer, swb__binding *rows, swb_error *error)
{
    int status;
    swb__json_open(writer, '[');
    while ((status = swb__bound_next(rows, error)) == 1 && writer->status == SWB_OK) {
        swb__writer_text(writer, "\n");
        swb__json_row(writer, rows->statement);
    }
    swb__writer_text(writer, "\n");
    swb__json_close(writer, ']');
    swb__writer_text(writer, "\n");
    return status;
}

static int write_lines(swb__writer *writer, swb__binding *rows, swb_error *error)
{
    int status;
    while ((status = swb__bound_next(rows, error)) == 1 && writer->status == SWB_OK) {
        writer->has_member = 0;
        swb__json_row(writer, rows->statement);
        swb__writer_text(writer, "\n");
    }
    return status;
}

int swb_results_export(swb_results *results, const char *table, swb_format format, int fd,
                       swb_error *error)
{
    size_t index = 0;
    swb__binding rows;
    swb__writer writer;
    if (results == NULL || table == NULL ||
        (format != SWB_FORMAT_CSV && format != SWB_FORMAT_JSON &&
         format != SWB_FORMAT_JSON_LINES)) {
        return swb__fail(error, SWB_EINVAL, "a table is exported as CSV, JSON or lines of JSON");
    }
    int status = find_table(&index, table, error);
    if (status == SWB_OK) {
        status = swb__bind(&rows, results->store, tables[index].sql, "export", error);
    }
    if (status != SWB_OK) {
        return status;
    }
    swb__writer_init(&writer, fd);
    if (format == SWB_FORMAT_CSV) {
        status = write_csv(&writer, &rows, error);
    } else if (format == SWB_FORMAT_JSON) {
        status = write_json(&writer, &rows, error);
    } else {
        writer.real_point = true;
        status = write_lines(&writer, &rows, error);
    }
    swb__bound_finish(&rows);
    int written = swb__writer_finish(&writer, status < 0 ? NULL : error);
    return status < 0 ? status : written;
}
