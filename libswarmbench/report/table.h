/* A table of a document: cells are gathered, then written with their columns aligned. */
#ifndef SWB_REPORT_TABLE_H
#define SWB_REPORT_TABLE_H

#include "base/buffer.h"
#include "report/document.h"

#define SWB__COLUMNS_MAX 12

/* Titles of the columns; a title that begins with '>' is without it, over a column of numbers. */
typedef struct swb__table {
    const char *caption;
    const char *titles[SWB__COLUMNS_MAX];
    size_t column_count;
    bool grouped;
    swb__buffer cells; /* one after the other, each with its NUL */
} swb__table;

/* `titles` ends with NULL; borrowed, as is the caption: what the table is of, for who cannot see
 * the heading above it (only HTML has it). */
void swb__table_begin(swb__table *table, const char *caption, const char *const *titles);
/* The next cell, row by row. */
void swb__table_cell(swb__table *table, const char *text);
/* A row of one cell that stands over the rows that follow; to be put where a row begins. */
void swb__table_group(swb__table *table, const char *text);
/* Writes the table and frees it; the last row must be full. SWB_OK or SWB_ENOMEM. */
int swb__table_end(swb__table *table, swb__document *document);
/* Frees it unwritten. */
void swb__table_drop(swb__table *table);

#endif
