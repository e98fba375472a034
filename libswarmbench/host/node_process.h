/* What a node's process is given, and its last words. */
#ifndef SWB_HOST_NODE_PROCESS_H
#define SWB_HOST_NODE_PROCESS_H

/* A copy of a NULL-terminated list of strings (NULL: an empty one), to be freed with
 * swb__list_free(); NULL where memory runs out. */
char **swb__list_copy(const char *const *list);
/* Accepts NULL. */
void swb__list_free(char **list);

/* The whole environment of a node: what its launch says and, where that does not name them, PATH,
 * HOME, LANG and TZ; nothing of ours. `path` NULL leaves PATH to whoever starts it. As
 * swb__list_copy(). */
char **swb__node_environment(const char *const *given, const char *home_dir, const char *path);

/* The last 20 lines at most of the log that is open as `fd`; "" where there are none. */
#define SWB__TAIL_BYTES 4096
void swb__log_tail(char out[SWB__TAIL_BYTES + 1], int fd);

#endif
