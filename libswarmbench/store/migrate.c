#include "store/migrate.h"

#include <stdio.h>

#include "store/database.h"

static int read_number(int *out, sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        *out = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

int swb__store_identify(int *version_out, sqlite3 *db, const char *path, int newest,
                        swb_error *error)
{
    int application = 0;
    int version = 0;
    int objects = 0;
    if (read_number(&objects, db, "SELECT count(*) FROM sqlite_schema") != SQLITE_OK ||
        read_number(&application, db, "PRAGMA application_id") != SQLITE_OK ||
        read_number(&version, db, "PRAGMA user_version") != SQLITE_OK) {
        return swb__database_fail(db, error, "%s: cannot be read as a results file", path);
    }
    if (application != SWB__STORE_APPLICATION_ID &&
        (application != 0 || version != 0 || objects > 0)) {
        return swb__fail(error, SWB_EDB, "%s: another program's database, not a results file",
                         path);
    }
    if (version > newest) {
        return swb__fail(error, SWB_EDB,
                         "%s: results of format %d; this version reads up to %d: use a newer one",
                         path, version, newest);
    }
    *version_out = version;
    return SWB_OK;
}

static int apply(sqlite3 *db, const swb__store_step *steps, int version)
{
    char pragmas[96];
    int newest = version;
    int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (; code == SQLITE_OK && steps->sql != NULL; steps++) {
        if (steps->version > version) {
            code = sqlite3_exec(db, steps->sql, NULL, NULL, NULL);
            newest = steps->version;
        }
    }
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             SWB__STORE_APPLICATION_ID, newest);
    return code == SQLITE_OK ? sqlite3_exec(db, pragmas, NULL, NULL, NULL) : code;
}

int swb__store_migrate(sqlite3 *db, const char *path, const swb__store_step *steps, int version,
                       swb_error *error)
{
    if (apply(db, steps, version) != SQLITE_OK) {
        int status = swb__database_fail(db, error, "%s: bring format %d up to date", path, version);
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    return SWB_OK;
}
