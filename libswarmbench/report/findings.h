/* Lists of a report that are one query each: failures, what is unfinished, the environment. */
#ifndef SWB_REPORT_FINDINGS_H
#define SWB_REPORT_FINDINGS_H

#include "report/document.h"
#include "report/model.h"

typedef struct swb__finding {
    const char *key;     /* in JSON */
    const char *heading; /* over its table */
    const char *sql;     /* its one parameter: the experiment */
} swb__finding;

/* Finding `index` in the order of a report; NULL past the end. */
const swb__finding *swb__finding_at(size_t index);

/* As a table under its heading; nothing where the list is empty. A long one is cut, and says so. */
int swb__finding_write(swb__document *document, const swb__finding *finding, swb__store *store,
                       int64_t experiment, swb_error *error);
/* As an array of objects, whole. */
int swb__finding_write_json(swb__writer *writer, const swb__finding *finding, swb__store *store,
                            int64_t experiment, swb_error *error);

/* The row that a statement stands on, as a JSON object. */
void swb__json_row(swb__writer *writer, sqlite3_stmt *statement);

#endif
