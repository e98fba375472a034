#include "host/node_process.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_LINES 20

void swb__list_free(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

/* As swb__list_copy(), with room for `more`. */
static char **copy_list(const char *const *list, size_t *count_out, size_t more)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    char **copy = calloc(count + more + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = strdup(list[i]);
        if (copy[i] == NULL) {
            swb__list_free(copy);
            return NULL;
        }
    }
    *count_out = count;
    return copy;
}

char **swb__list_copy(const char *const *list)
{
    size_t count;
    return copy_list(list, &count, 0);
}

/* Appends NAME=VALUE to a list of `count` that has room. */
static bool add_variable(char **list, size_t *count, const char *name, const char *value)
{
    size_t length = strlen(name) + 1 + strlen(value) + 1;
    char *text = malloc(length);
    if (text == NULL) {
        return false;
    }
    snprintf(text, length, "%s=%s", name, value);
    list[(*count)++] = text;
    return true;
}

static bool has_variable(char *const *list, const char *name)
{
    size_t length = strlen(name);
    for (; *list != NULL; list++) {
        if (strncmp(*list, name, length) == 0 && (*list)[length] == '=') {
            return true;
        }
    }
    return false;
}

char **swb__node_environment(const char *const *given, const char *home_dir, const char *path)
{
    const struct {
        const char *name;
        const char *value;
    } base[] = {
        {"PATH", path},
        {"HOME", home_dir},
        {"LANG", "C.UTF-8"},
        {"TZ", "UTC"},
    };
    size_t count;
    char **list = copy_list(given, &count, sizeof base / sizeof base[0]);
    for (size_t i = 0; list != NULL && i < sizeof base / sizeof base[0]; i++) {
        if (base[i].value != NULL && !has_variable(list, base[i].name) &&
            !add_variable(list, &count, base[i].name, base[i].value)) {
            swb__list_free(list);
            return NULL;
        }
    }
    return list;
}

void swb__log_tail(char out[SWB__TAIL_BYTES + 1], int fd)
{
    struct stat info;
    off_t from = fstat(fd, &info) == 0 && info.st_size > SWB__TAIL_BYTES
                     ? info.st_size - SWB__TAIL_BYTES
                     : 0;
    ssize_t got = pread(fd, out, SWB__TAIL_BYTES, from);
    size_t length = got > 0 ? (size_t)got : 0;
    out[length] = '\0';
    size_t begin = length;
    for (unsigned lines = 0; begin > 0; begin--) {
        /* The last line's own end does not count. */
        if (out[begin - 1] == '\n' && begin < length && ++lines == TAIL_LINES) {
            break;
        }
    }
    memmove(out, out + begin, length - begin + 1);
}
