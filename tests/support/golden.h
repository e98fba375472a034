/* Golden files: what the library writes, held against what it is known to write. */
#ifndef SWB_TESTS_GOLDEN_H
#define SWB_TESTS_GOLDEN_H

/* Fails the test where `text` differs from the file at `path` (from the project's root). With
 * SWB_UPDATE_GOLDEN=1 in the environment it writes the file instead: read the difference then. */
void golden_compare(const char *path, const char *text);

/* An open descriptor of an empty file without a name; what was written to it, to be freed. */
int golden_open(void);
char *golden_take(int fd);

#endif
