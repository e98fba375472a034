#include "report/table.h"

#include <assert.h>
#include <string.h>

#define CELLS_LIMIT ((size_t)1 << 30)

/* Stands before the text of a group's row. */
#define GROUP_MARK '\x01'

void swb__table_begin(swb__table *table, const char *const *titles)
{
    *table = (swb__table){.cells = SWB__BUFFER_INIT(CELLS_LIMIT)};
    while (titles[table->column_count] != NULL) {
        assert(table->column_count < SWB__COLUMNS_MAX);
        table->titles[table->column_count] = titles[table->column_count];
        table->column_count++;
    }
}

void swb__table_cell(swb__table *table, const char *text)
{
    swb__buffer_append(&table->cells, text, strlen(text) + 1);
}

void swb__table_group(swb__table *table, const char *text)
{
    table->grouped = true;
    swb__buffer_char(&table->cells, GROUP_MARK);
    swb__table_cell(table, text);
}

static bool is_number(const swb__table *table, size_t column)
{
    return table->titles[column][0] == '>';
}

static const char *title(const swb__table *table, size_t column)
{
    return table->titles[column] + is_number(table, column);
}

static size_t width_of(const char *text, bool markdown)
{
    return swb__document_inline(NULL, markdown, text, strlen(text));
}

static void measure(size_t *widths, const swb__table *table, bool markdown)
{
    const char *end = table->cells.data + table->cells.length;
    size_t column = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = width_of(title(table, i), markdown);
    }
    for (const char *at = table->cells.data; at < end; at += strlen(at) + 1) {
        if (*at == GROUP_MARK) {
            continue;
        }
        size_t width = width_of(at, markdown);
        widths[column] = width > widths[column] ? width : widths[column];
        column = (column + 1) % table->column_count;
    }
    assert(column == 0);
}

static void pad(swb__writer *writer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        swb__writer_text(writer, " ");
    }
}

/* What stands before a cell: rows under a group are indented on a terminal. */
static const char *separator(const swb__table *table, bool markdown, size_t column)
{
    if (column == 0) {
        return markdown ? "| " : table->grouped ? "  " : "";
    }
    return markdown ? " | " : "  ";
}

static void write_row(swb__document *document, const swb__table *table, const size_t *widths,
                      const char *const *texts)
{
    swb__writer *writer = document->writer;
    bool markdown = document->markdown;
    size_t count = table->column_count;
    size_t spaces = 0; /* put before the next text, so that no line ends with them */
    for (size_t i = 0; i < count; i++) {
        size_t missing = widths[i] - width_of(texts[i], markdown);
        const char *before = separator(table, markdown, i);
        if (!markdown && texts[i][0] == '\0') {
            spaces += strlen(before) + missing;
            continue;
        }
        pad(writer, spaces);
        swb__writer_text(writer, before);
        pad(writer, is_number(table, i) ? missing : 0);
        swb__document_inline(writer, markdown, texts[i], strlen(texts[i]));
        spaces = is_number(table, i) ? 0 : missing;
    }
    pad(writer, markdown ? spaces : 0);
    swb__writer_text(writer, markdown ? " |\n" : "\n");
}

static void write_head(swb__document *document, const swb__table *table, const size_t *widths)
{
    const char *titles[SWB__COLUMNS_MAX];
    for (size_t i = 0; i < table->column_count; i++) {
        titles[i] = title(table, i);
    }
    swb__document_separate(document);
    write_row(document, table, widths, titles);
    for (size_t i = 0; document->markdown && i < table->column_count; i++) {
        swb__writer_text(document->writer, is_number(table, i) ? "|---:" : "|---");
    }
    swb__writer_text(document->writer, document->markdown ? "|\n" : "");
}

static void write_group(swb__document *document, const swb__table *table, const char *text)
{
    swb__writer *writer = document->writer;
    swb__writer_text(writer, document->markdown ? "| **" : "");
    swb__document_inline(writer, document->markdown, text, strlen(text));
    swb__writer_text(writer, document->markdown ? "** " : "");
    for (size_t i = 1; document->markdown && i < table->column_count; i++) {
        swb__writer_text(writer, "| ");
    }
    swb__writer_text(writer, document->markdown ? "|\n" : "\n");
}

void swb__table_drop(swb__table *table)
{
    swb__buffer_finish(&table->cells);
}

static void write_rows(swb__document *document, const swb__table *table, const size_t *widths)
{
    const char *texts[SWB__COLUMNS_MAX];
    const char *end = table->cells.data + table->cells.length;
    size_t column = 0;
    for (const char *at = table->cells.data; at < end; at += strlen(at) + 1) {
        if (*at == GROUP_MARK) {
            write_group(document, table, at + 1);
            continue;
        }
        texts[column++] = at;
        if (column == table->column_count) {
            write_row(document, table, widths, texts);
            column = 0;
        }
    }
}

int swb__table_end(swb__table *table, swb__document *document)
{
    size_t widths[SWB__COLUMNS_MAX];
    int status = table->cells.status;
    if (status == SWB_OK) {
        measure(widths, table, document->markdown);
        write_head(document, table, widths);
        write_rows(document, table, widths);
    }
    swb__table_drop(table);
    return status;
}
