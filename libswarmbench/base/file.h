/* Small file system helpers. All paths are UTF-8 without a trailing slash. */
#ifndef SWB_BASE_FILE_H
#define SWB_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Makes a directory and its parents; one that exists is fine. */
int swb__make_dirs(const char *path, mode_t mode, swb_error *error);
/* Removes a file or a whole tree, following no link and crossing into no other file system; what is
 * not there is fine. */
int swb__remove_tree(const char *path, swb_error *error);
/* Writes a whole file, replacing what is there. */
int swb__write_file(const char *path, mode_t mode, const void *bytes, size_t length,
                    swb_error *error);
/* Reads a whole file of at most `limit` bytes; `*data_out` is NUL-terminated, to be freed with
 * free(). SWB_ENOENT, SWB_EIO, SWB_ENOSPACE (longer than limit), SWB_ENOMEM. */
int swb__read_file(char **data_out, size_t *length_out, const char *path, size_t limit,
                   swb_error *error);
/* Writes all bytes to a descriptor. */
int swb__write_all(int fd, const void *bytes, size_t length, swb_error *error);
/* The absolute form of a path, whose last part need not exist; freed by the caller. NULL: no
 * memory.
 */
char *swb__absolute_path(const char *path);
/* Path of a program: itself where it has a '/', else looked up in PATH. False where none is
 * executable. */
bool swb__find_program(char *out, size_t size, const char *program);
/* Free bytes for this user on the file system of `path`. SWB_EIO. */
int swb__free_bytes(uint64_t *out, const char *path, swb_error *error);

#endif
