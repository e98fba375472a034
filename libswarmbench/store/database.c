#include "store/database.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <swarmbench/sys/driver.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "store/internal.h"

static int status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return SWB_ENOSPACE;
    case SQLITE_NOMEM:
        return SWB_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SWB_EBUSY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return SWB_EIO;
    default:
        return SWB_EDB;
    }
}

int swb__database_fail(sqlite3 *db, swb_error *error, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return swb__fail(error, status_of(sqlite3_errcode(db)), "%s: %s", what, sqlite3_errmsg(db));
}

int swb__database_exec(sqlite3 *db, const char *sql, const char *what, swb_error *error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return swb__database_fail(db, error, "%s: %s", sqlite3_db_filename(db, "main"), what);
    }
    return SWB_OK;
}

int swb__bind(swb__binding *out, swb__store *store, const char *sql, const char *what,
              swb_error *error)
{
    size_t i = 0;
    while (i < SWB__STATEMENTS_MAX && store->statements[i].sql != NULL &&
           store->statements[i].sql != sql) {
        i++;
    }
    assert(i < SWB__STATEMENTS_MAX);
    if (store->statements[i].sql == NULL) {
        if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i].statement, NULL) != SQLITE_OK) {
            return swb__database_fail(store->db, error, "%s: %s", store->path, what);
        }
        store->statements[i].sql = sql;
    }
    *out = (swb__binding){store->db, store->statements[i].statement, what, 0, SQLITE_OK};
    return SWB_OK;
}

static void keep(swb__binding *binding, int code)
{
    if (binding->code == SQLITE_OK) {
        binding->code = code;
    }
}

void swb__bind_int(swb__binding *binding, int64_t value)
{
    keep(binding, sqlite3_bind_int64(binding->statement, ++binding->at, value));
}

void swb__bind_null(swb__binding *binding)
{
    keep(binding, sqlite3_bind_null(binding->statement, ++binding->at));
}

void swb__bind_count(swb__binding *binding, uint64_t value)
{
    if (value > INT64_MAX) {
        swb__bind_null(binding);
    } else {
        swb__bind_int(binding, (int64_t)value);
    }
}

void swb__bind_amount(swb__binding *binding, int64_t value)
{
    if (value < 0) {
        swb__bind_null(binding);
    } else {
        swb__bind_int(binding, value);
    }
}

void swb__bind_time(swb__binding *binding, int64_t time_ns, int64_t origin_ns)
{
    if (time_ns == SWB__TIME_UNKNOWN || origin_ns == SWB__TIME_UNKNOWN) {
        swb__bind_null(binding);
    } else {
        swb__bind_int(binding, time_ns - origin_ns);
    }
}

void swb__bind_real(swb__binding *binding, double value)
{
    if (!isfinite(value)) {
        swb__bind_null(binding);
    } else {
        keep(binding, sqlite3_bind_double(binding->statement, ++binding->at, value));
    }
}

static bool is_utf8(const char *text)
{
    size_t length = 1;
    while (*text != '\0' && length > 0) {
        length = swb__utf8_length(text);
        text += length;
    }
    return length > 0;
}

static void bind_repaired(swb__binding *binding, const char *text)
{
    swb__buffer repaired = SWB__BUFFER_INIT((size_t)1 << 30);
    while (*text != '\0') {
        size_t length = swb__utf8_length(text);
        if (length == 0) {
            swb__buffer_text(&repaired, SWB__UTF8_REPLACEMENT);
        } else {
            swb__buffer_append(&repaired, text, length);
        }
        text += length == 0 ? 1 : length;
    }
    keep(binding, repaired.status == SWB_OK
                      ? sqlite3_bind_text(binding->statement, ++binding->at,
                                          swb__buffer_string(&repaired), -1, SQLITE_TRANSIENT)
                      : SQLITE_NOMEM);
    swb__buffer_finish(&repaired);
}

void swb__bind_text(swb__binding *binding, const char *text)
{
    if (is_utf8(text)) {
        /* Not copied: it outlives the statement's run, after which the binding is cleared. */
        keep(binding,
             sqlite3_bind_text(binding->statement, ++binding->at, text, -1, SQLITE_STATIC));
    } else {
        bind_repaired(binding, text);
    }
}

void swb__bind_word(swb__binding *binding, const char *text)
{
    if (text == NULL || *text == '\0') {
        swb__bind_null(binding);
    } else {
        swb__bind_text(binding, text);
    }
}

void swb__bind_seed(swb__binding *binding, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    keep(binding, sqlite3_bind_text(binding->statement, ++binding->at, text, -1, SQLITE_TRANSIENT));
}

int swb__bound_next(swb__binding *binding, swb_error *error)
{
    int code = binding->code == SQLITE_OK ? sqlite3_step(binding->statement) : binding->code;
    if (code == SQLITE_ROW) {
        return 1;
    }
    if (code == SQLITE_DONE) {
        return 0;
    }
    if (binding->code == SQLITE_NOMEM) {
        return swb__fail_nomem(error);
    }
    return swb__database_fail(binding->db, error, "%s: %s",
                              sqlite3_db_filename(binding->db, "main"), binding->what);
}

void swb__bound_finish(swb__binding *binding)
{
    sqlite3_reset(binding->statement);
    sqlite3_clear_bindings(binding->statement);
}

int swb__bound_run(swb__binding *binding, swb_error *error)
{
    int status = swb__bound_next(binding, error);
    assert(status <= 0);
    swb__bound_finish(binding);
    return status;
}
