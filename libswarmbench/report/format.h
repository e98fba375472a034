/* Values as a report writes them, and columns as it reads them. */
#ifndef SWB_REPORT_FORMAT_H
#define SWB_REPORT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "measure/statistics.h"

/* A short text by value, to be used in place. */
typedef struct swb__text {
    char text[96];
} swb__text;

/* "1.24 s", "402 ms"; "-" where it is NaN, "failed" where it is infinite. */
swb__text swb__text_time(double ns);
/* "1.24 [1.20, 1.31] s": the unit is that of the median; an end may be "inf". */
swb__text swb__text_time_interval(double median, swb__interval interval);
/* "1.04 [0.99, 1.10]". */
swb__text swb__text_ratio_interval(double ratio, swb__interval interval);
/* "1.04"; "1.9 %"; "812 Mbit/s"; "62.1 MB": "-" where it is NaN. */
swb__text swb__text_number(double value);
swb__text swb__text_percent(double share);
swb__text swb__text_rate(double bps);
swb__text swb__text_bytes(double bytes);
/* "41/42 (88-100 %)". */
swb__text swb__text_share(uint64_t hits, uint64_t trials, swb__interval interval);
/* "2023-11-14 22:13:20 UTC". */
swb__text swb__text_wall(int64_t wall_ns);

/* Columns of a result row. A real column is NaN where it is NULL, a count 0, a text "". */
double swb__column_real(sqlite3_stmt *row, int column);
uint64_t swb__column_count(sqlite3_stmt *row, int column);
void swb__column_copy(char *out, size_t size, sqlite3_stmt *row, int column);
/* Never NULL; borrowed until the next step. */
const char *swb__column_text(sqlite3_stmt *row, int column);

#endif
