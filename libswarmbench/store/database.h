/* SQLite as the store uses it: errors as statuses, statements kept, values bound in order. */
#ifndef SWB_STORE_DATABASE_H
#define SWB_STORE_DATABASE_H

#include <stdint.h>

#include <sqlite3.h>

#include "base/error.h"
#include "store/store.h"

/* Fails with the database's last error behind the message: SWB_ENOSPACE, SWB_ENOMEM, SWB_EBUSY,
 * SWB_EIO or, for all else, SWB_EDB. */
int swb__database_fail(sqlite3 *db, swb_error *error, const char *format, ...) SWB__PRINTF(3, 4);

/* Runs statements that give no rows. `what` for the message. */
int swb__database_exec(sqlite3 *db, const char *sql, const char *what, swb_error *error);

/* A statement whose values are bound one after the other; NULL in the database is what is unknown
 * here. */
typedef struct swb__binding {
    sqlite3 *db;
    sqlite3_stmt *statement;
    const char *what; /* for messages: "store a node" */
    int at;
    int code; /* SQLITE_OK, or the first failure */
} swb__binding;

/* Takes the statement of `sql` from the store's, preparing it the first time; `sql` is known by its
 * address, so give a literal. */
int swb__bind(swb__binding *out, swb__store *store, const char *sql, const char *what,
              swb_error *error);
/* As above, for a row of the run that is open: its first value, the run, is bound. */
int swb__bind_in_run(swb__binding *out, swb__store *store, const char *sql, const char *what,
                     swb_error *error);
void swb__bind_int(swb__binding *binding, int64_t value);
void swb__bind_null(swb__binding *binding);
/* A count, NULL where it is SWB_COUNT_UNKNOWN. */
void swb__bind_count(swb__binding *binding, uint64_t value);
/* An amount that is negative where it is unknown. */
void swb__bind_amount(swb__binding *binding, int64_t value);
/* A moment relative to `origin`; NULL where either is SWB__TIME_UNKNOWN. */
void swb__bind_time(swb__binding *binding, int64_t time_ns, int64_t origin_ns);
/* NULL where it is NaN or infinite. */
void swb__bind_real(swb__binding *binding, double value);
/* Bytes that are no UTF-8 become U+FFFD, so that every reader can read them. */
void swb__bind_text(swb__binding *binding, const char *text);
/* NULL where it is empty. */
void swb__bind_word(swb__binding *binding, const char *text);
/* As decimal text: SQLite has no unsigned 64-bit integers. */
void swb__bind_seed(swb__binding *binding, uint64_t seed);

/* Runs a statement that gives no row, and lets go of it. */
int swb__bound_run(swb__binding *binding, swb_error *error);
/* Steps to the next row: 1, 0 at the end, or a status. End with swb__bound_finish(). */
int swb__bound_next(swb__binding *binding, swb_error *error);
void swb__bound_finish(swb__binding *binding);

#endif
