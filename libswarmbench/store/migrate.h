/* The format of the results file, and the way from an older one to it. */
#ifndef SWB_STORE_MIGRATE_H
#define SWB_STORE_MIGRATE_H

#include <stddef.h>

#include <sqlite3.h>

#include "base/error.h"

/* SQLite's application_id of a results file: "SWBR". */
#define SWB__STORE_APPLICATION_ID 0x53574252

/* SQL that is one part of the way to a version of the format. */
typedef struct swb__store_step {
    int version;
    const char *sql;
} swb__store_step;

/* All steps, in order. Append only; ends with a NULL. */
extern const swb__store_step swb__store_steps[];

/* Version of the file: 0 where it is empty. SWB_EDB: no database, damaged, another program's
 * database, or newer than `newest`. `path` for messages. */
int swb__store_identify(int *version_out, sqlite3 *db, const char *path, int newest,
                        swb_error *error);

/* Applies the steps that a file of `version` lacks, all in one transaction. Fails as
 * swb__database_fail(). */
int swb__store_migrate(sqlite3 *db, const char *path, const swb__store_step *steps, int version,
                       swb_error *error);

#endif
