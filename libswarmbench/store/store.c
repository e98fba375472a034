/* Opening and closing the results file. */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"
#include "store/internal.h"
#include "store/migrate.h"
#include "store/older.h"

#define BUSY_TIMEOUT_MS 10000

static int open_database(swb__store **out, const char *path, int flags, swb_error *error)
{
    swb__store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return swb__fail_nomem(error);
    }
    store->lock.fd = -1;
    if (sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK) {
        int status =
            store->db == NULL
                ? swb__fail_nomem(error)
                : swb__fail_errno(error, SWB_EIO, sqlite3_system_errno(store->db), "open %s", path);
        swb__store_close(store);
        return status;
    }
    store->path = strdup(sqlite3_db_filename(store->db, "main"));
    if (store->path == NULL) {
        swb__store_close(store);
        return swb__fail_nomem(error);
    }
    if (store->path[0] == '\0') {
        swb__store_close(store);
        return swb__fail(error, SWB_EINVAL, "'%s' is no file to keep results in", path);
    }
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    *out = store;
    return SWB_OK;
}

static int prepare_writing(swb__store *store, swb_error *error)
{
    int version = 0;
    int status = swb__lock_take(&store->lock, store->path, error);
    if (status == SWB_OK) {
        status = swb__store_identify(&version, store->db, store->path, SWB__STORE_VERSION, error);
    }
    if (status == SWB_OK) {
        /* FULL: a run that was reported as stored survives a power cut too. */
        status = swb__database_exec(store->db,
                                    "PRAGMA journal_mode = WAL;"
                                    "PRAGMA synchronous = FULL;"
                                    "PRAGMA journal_size_limit = 67108864;"
                                    "PRAGMA foreign_keys = ON",
                                    "set up for writing", error);
    }
    if (status == SWB_OK && version < SWB__STORE_VERSION) {
        status = swb__store_migrate(store->db, store->path, swb__store_steps, version, error);
    }
    store->writing = status == SWB_OK;
    return status;
}

int swb__store_open(swb__store **out, const char *path, swb_error *error)
{
    swb__store *store = NULL;
    int status = open_database(&store, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
    if (status != SWB_OK) {
        return status;
    }
    status = prepare_writing(store, error);
    if (status != SWB_OK) {
        swb__store_close(store);
        return status;
    }
    *out = store;
    return SWB_OK;
}

static int prepare_reading(swb__store *store, swb_error *error)
{
    int version = 0;
    int status = swb__store_identify(&version, store->db, store->path, SWB__STORE_VERSION, error);
    if (status != SWB_OK) {
        return status;
    }
    if (version == 0) {
        return swb__fail(error, SWB_EDB, "%s: no results have been stored in it yet", store->path);
    }
    if (version < SWB__STORE_VERSION) {
        sqlite3 *older = store->db;
        status = swb__older_copy(&store->db, &store->copy, older, store->path, version, error);
        if (status != SWB_OK) {
            return status;
        }
        sqlite3_close(older);
    }
    return swb__database_exec(store->db, "PRAGMA query_only = ON", "set up for reading", error);
}

int swb__store_open_read(swb__store **out, const char *path, swb_error *error)
{
    swb__store *store = NULL;
    struct stat info;
    if (stat(path, &info) != 0) {
        return swb__fail_errno(error, errno == ENOENT ? SWB_ENOENT : SWB_EIO, errno, "open %s",
                               path);
    }
    /* Read-write where the file system lets us, so that the last reader of a file whose writer was
     * killed tidies it up; no statement writes. */
    int status = open_database(&store, path, SQLITE_OPEN_READWRITE, error);
    if (status != SWB_OK) {
        return status;
    }
    status = prepare_reading(store, error);
    if (status != SWB_OK) {
        swb__store_close(store);
        return status;
    }
    *out = store;
    return SWB_OK;
}

/* Leaves one plain file behind where nobody reads it now: it can be copied, and read where the
 * directory is read-only. */
static void settle(swb__store *store)
{
    sqlite3_busy_timeout(store->db, 0);
    sqlite3_exec(store->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
}

void swb__store_close(swb__store *store)
{
    if (store == NULL) {
        return;
    }
    swb__store_run_abandon(store);
    for (size_t i = 0; i < SWB__STATEMENTS_MAX; i++) {
        sqlite3_finalize(store->statements[i].statement);
    }
    if (store->writing) {
        settle(store);
    }
    int code = sqlite3_close(store->db);
    assert(code == SQLITE_OK);
    (void)code;
    swb__lock_give(&store->lock);
    if (store->copy != NULL) {
        unlink(store->copy);
    }
    free(store->copy);
    free(store->path);
    free(store);
}

sqlite3 *swb__store_database(swb__store *store)
{
    return store->db;
}

const char *swb__store_database_path(const swb__store *store)
{
    return store->copy != NULL ? store->copy : store->path;
}

int swb__store_snapshot(swb__store *store, swb_error *error)
{
    return swb__database_exec(store->db, "BEGIN", "begin to read", error);
}

void swb__store_release(swb__store *store)
{
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool swb__store_written(const swb__store *store)
{
    return swb__lock_held(store->path);
}
