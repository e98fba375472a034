/* The agent's directory: ROOT/home, ROOT/home/content, ROOT/launch. Nothing outside is touched. */
#ifndef SWB_AGENT_ROOT_H
#define SWB_AGENT_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SWB__ROOT_PATH_SIZE 4096
#define SWB__CONTENT_FOLDER "content"

/* The node may write here too, so each way is gone afresh, following no link. */
typedef struct swb__root {
    int fd;
    char home[SWB__ROOT_PATH_SIZE];   /* absolute, for the node */
    char launch[SWB__ROOT_PATH_SIZE]; /* absolute */
} swb__root;

/* Makes what is missing. SWB_EINVAL (not absolute, too long), SWB_EIO. */
int swb__root_open(swb__root *out, const char *path, swb_error *error);
void swb__root_close(swb__root *root);

/* A path to the content directory, or to a file in it where `name` is not NULL, that leads through
 * a descriptor and so cannot be bent; valid until `*fd_out` is closed, which is the caller's.
 * SWB_EIO, SWB_ENOENT. */
int swb__root_content(int *fd_out, char path[SWB__ROOT_PATH_SIZE], const swb__root *root,
                      const char *name, swb_error *error);
/* The same to an existing regular file. SWB_ENOENT, SWB_EIO. */
int swb__root_content_file(int *fd_out, char path[SWB__ROOT_PATH_SIZE], const swb__root *root,
                           const char *name, swb_error *error);
/* Opens a file in ROOT/launch to read it. SWB_ENOENT, SWB_EIO. */
int swb__root_launch_file(int *fd_out, const swb__root *root, const char *name, swb_error *error);

/* Writes a file in ROOT/launch, which appears whole. SWB_EIO, SWB_ENOSPACE. */
int swb__root_put_launch_file(const swb__root *root, const char *name, const void *bytes,
                              size_t length, swb_error *error);
/* Removes one. */
void swb__root_drop_launch_file(const swb__root *root, const char *name);

/* A file name: 1 to 255 bytes, no '/', no '.' at its begin. */
bool swb__is_file_name(const char *name);

#endif
