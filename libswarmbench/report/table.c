#include "report/table.h"

#include <assert.h>
#include <string.h>

#define CELLS_LIMIT ((size_t)1 << 30)

/* Stands before the text of a group's row. */
#define GROUP_MARK '\x01'

void swb__table_begin(swb__table *table, const char *caption, const char *const *titles)
{
    *table = (swb__table){.caption = caption, .cells = SWB__BUFFER_INIT(CELLS_LIMIT)};
    while (titles[table->column_count] != NULL) {
        assert(table->column_count < SWB__COLUMNS_MAX);
        table->titles[table->column_count] = titles[table->column_count];
        table->column_count++;
    }
}

static void add_text(swb__table *table, const char *text)
{
    swb__buffer_append(&table->cells, text, strlen(text) + 1);
}

/* What comes from a node may begin with anything. */
void swb__table_cell(swb__table *table, const char *text)
{
    add_text(table, *text == GROUP_MARK ? text + 1 : text);
}

void swb__table_group(swb__table *table, const char *text)
{
    table->grouped = true;
    swb__buffer_char(&table->cells, GROUP_MARK);
    add_text(table, text);
}

static bool is_number(const swb__table *table, size_t column)
{
    return table->titles[column][0] == '>';
}

static const char *title(const swb__table *table, size_t column)
{
    return table->titles[column] + is_number(table, column);
}

static size_t width_of(const char *text, swb__document_kind kind)
{
    return swb__document_inline(NULL, kind, text, strlen(text));
}

static void measure(size_t *widths, const swb__table *table, swb__document_kind kind)
{
    const char *end = table->cells.data + table->cells.length;
    size_t column = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = width_of(title(table, i), kind);
    }
    for (const char *at = table->cells.data; at < end; at += strlen(at) + 1) {
        if (*at == GROUP_MARK) {
            continue;
        }
        size_t width = width_of(at, kind);
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
    bool markdown = document->kind == SWB__DOCUMENT_MARKDOWN;
    size_t count = table->column_count;
    size_t spaces = 0; /* put before the next text, so that no line ends with them */
    for (size_t i = 0; i < count; i++) {
        size_t missing = widths[i] - width_of(texts[i], document->kind);
        const char *before = separator(table, markdown, i);
        if (!markdown && texts[i][0] == '\0') {
            spaces += strlen(before) + missing;
            continue;
        }
        pad(writer, spaces);
        swb__writer_text(writer, before);
        pad(writer, is_number(table, i) ? missing : 0);
        swb__document_inline(writer, document->kind, texts[i], strlen(texts[i]));
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
    bool markdown = document->kind == SWB__DOCUMENT_MARKDOWN;
    swb__document_separate(document);
    write_row(document, table, widths, titles);
    for (size_t i = 0; markdown && i < table->column_count; i++) {
        swb__writer_text(document->writer, is_number(table, i) ? "|---:" : "|---");
    }
    swb__writer_text(document->writer, markdown ? "|\n" : "");
}

static void write_group(swb__document *document, const swb__table *table, const char *text)
{
    swb__writer *writer = document->writer;
    bool markdown = document->kind == SWB__DOCUMENT_MARKDOWN;
    swb__writer_text(writer, markdown ? "| **" : "");
    swb__document_inline(writer, document->kind, text, strlen(text));
    swb__writer_text(writer, markdown ? "** " : "");
    for (size_t i = 1; markdown && i < table->column_count; i++) {
        swb__writer_text(writer, "| ");
    }
    swb__writer_text(writer, markdown ? "|\n" : "\n");
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

static void html_cell(swb__document *document, const swb__table *table, size_t column,
                      const char *text, const char *element)
{
    swb__writer_printf(document->writer, "<%s%s>", element,
                       is_number(table, column) ? " class=\"number\"" : "");
    swb__document_inline(document->writer, SWB__DOCUMENT_HTML, text, strlen(text));
    swb__writer_printf(document->writer, "</%.2s>", element);
}

static void html_head(swb__document *document, const swb__table *table)
{
    swb__writer *writer = document->writer;
    swb__document_separate(document);
    swb__writer_text(writer, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    swb__document_inline(writer, SWB__DOCUMENT_HTML, table->caption, strlen(table->caption));
    swb__writer_text(writer, "\"><table><caption>");
    swb__document_inline(writer, SWB__DOCUMENT_HTML, table->caption, strlen(table->caption));
    swb__writer_text(writer, "</caption>\n<thead><tr>");
    for (size_t i = 0; i < table->column_count; i++) {
        html_cell(document, table, i, title(table, i), "th scope=\"col\"");
    }
    swb__writer_text(writer, "</tr></thead>\n");
}

/* The rows under a group are a body of their own, which the group's row heads. */
static void html_group(swb__document *document, const swb__table *table, const char *text)
{
    swb__writer_printf(
        document->writer,
        "</tbody>\n<tbody><tr><th scope=\"rowgroup\" class=\"group\" colspan=\"%zu\">",
        table->column_count);
    swb__document_inline(document->writer, SWB__DOCUMENT_HTML, text, strlen(text));
    swb__writer_text(document->writer, "</th></tr>\n");
}

static void html_rows(swb__document *document, const swb__table *table)
{
    swb__writer *writer = document->writer;
    const char *end = table->cells.data + table->cells.length;
    size_t column = 0;
    swb__writer_text(writer, "<tbody>");
    for (const char *at = table->cells.data; at < end; at += strlen(at) + 1) {
        if (*at == GROUP_MARK) {
            html_group(document, table, at + 1);
            continue;
        }
        swb__writer_text(writer, column == 0 ? "<tr>" : "");
        html_cell(document, table, column, at, column == 0 ? "th scope=\"row\"" : "td");
        column = (column + 1) % table->column_count;
        swb__writer_text(writer, column == 0 ? "</tr>\n" : "");
    }
    swb__writer_text(writer, "</tbody></table></div>\n");
}

int swb__table_end(swb__table *table, swb__document *document)
{
    size_t widths[SWB__COLUMNS_MAX];
    int status = table->cells.status;
    if (status == SWB_OK && document->kind == SWB__DOCUMENT_HTML) {
        html_head(document, table);
        html_rows(document, table);
    } else if (status == SWB_OK) {
        measure(widths, table, document->kind);
        write_head(document, table, widths);
        write_rows(document, table, widths);
    }
    swb__table_drop(table);
    return status;
}
