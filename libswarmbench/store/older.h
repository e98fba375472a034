/* Reading a file of an older format: through a copy that is brought up to date. The file itself may
 * be read-only, or another version's, so it stays as it is. */
#ifndef SWB_STORE_OLDER_H
#define SWB_STORE_OLDER_H

#include <sqlite3.h>

#include "base/error.h"

/* Makes the copy, as of now, in TMPDIR or /tmp, and opens it. `*copy_out` is its path, to be freed
 * with free() and removed by the caller, who also closes `*out`. SWB_EIO, SWB_ENOSPACE, SWB_EDB,
 * SWB_ENOMEM. */
int swb__older_copy(sqlite3 **out, char **copy_out, sqlite3 *older, const char *path, int version,
                    swb_error *error);

#endif
