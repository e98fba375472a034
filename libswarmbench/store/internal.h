/* The open results file, as the files of store/ share it. */
#ifndef SWB_STORE_INTERNAL_H
#define SWB_STORE_INTERNAL_H

#include <stdbool.h>

#include <sqlite3.h>

#include "store/lock.h"
#include "store/store.h"

#define SWB__STATEMENTS_MAX 64

/* Longer lists of values of a fact lose their end: those of hundreds of machines. */
#define SWB__STORE_FACT_MAX "4000"

struct swb__store {
    sqlite3 *db;
    char *path;     /* absolute; owned */
    char *copy;     /* what `db` is instead, where the file is of an older format; owned, or NULL */
    swb__lock lock; /* held by a writer */
    bool writing;   /* opened for writing, and all is well */
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } statements[SWB__STATEMENTS_MAX];
    int64_t run;       /* row of the run that is open; 0: none */
    int64_t origin_ns; /* when it was begun, on the monotonic clock */
};

#endif
