#include "store/older.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/database.h"
#include "store/migrate.h"

static int make_file(char **out, const char *path, swb_error *error)
{
    const char *folder = getenv("TMPDIR");
    char name[4096];
    int length = snprintf(name, sizeof name, "%s/swarmbench-older-XXXXXX",
                          folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    int fd = length > 0 && (size_t)length < sizeof name ? mkstemp(name) : -1;
    if (fd < 0) {
        return swb__fail_errno(error, SWB_EIO, errno, "a copy of %s to read it by: %s", path, name);
    }
    close(fd);
    *out = strdup(name);
    if (*out == NULL) {
        unlink(name);
        return swb__fail_nomem(error);
    }
    return SWB_OK;
}

static int copy_pages(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL) {
        return sqlite3_errcode(to);
    }
    sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup);
}

static int fill(sqlite3 *copy, sqlite3 *older, const char *path, int version, swb_error *error)
{
    /* It need not outlive a power cut. */
    if (sqlite3_exec(copy, "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK ||
        copy_pages(copy, older) != SQLITE_OK ||
        sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK) {
        return swb__database_fail(copy, error, "copy %s to read it", path);
    }
    return swb__store_migrate(copy, path, swb__store_steps, version, error);
}

int swb__older_copy(sqlite3 **out, char **copy_out, sqlite3 *older, const char *path, int version,
                    swb_error *error)
{
    char *name = NULL;
    sqlite3 *copy = NULL;
    int status = make_file(&name, path, error);
    if (status != SWB_OK) {
        return status;
    }
    if (sqlite3_open_v2(name, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL) !=
        SQLITE_OK) {
        status = swb__fail(error, SWB_EIO, "cannot open %s, to read %s by", name, path);
    } else {
        status = fill(copy, older, path, version, error);
    }
    if (status != SWB_OK) {
        sqlite3_close(copy);
        unlink(name);
        free(name);
        return status;
    }
    *out = copy;
    *copy_out = name;
    return SWB_OK;
}
