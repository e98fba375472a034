#define _GNU_SOURCE
#include "agent/launcher_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/launch_files.h"

ssize_t swb__launcher_read(char **out, int folder, const char *name, size_t limit)
{
    struct stat info;
    ssize_t length = -1;
    char *text = NULL;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < 0 ||
        (size_t)info.st_size > limit) {
        errno = EFBIG;
    } else if ((text = malloc((size_t)info.st_size + 1)) != NULL) {
        length = read(fd, text, (size_t)info.st_size);
        if (length == info.st_size) {
            text[length] = '\0';
            *out = text;
        } else {
            free(text);
            length = -1;
            errno = EIO;
        }
    }
    close(fd);
    return length;
}

/* Takes `*count` strings from `*at` on into a list of that many and `more`; NULL where they are not
 * there. */
static char **take_list(char **at, const char *end, size_t more, size_t *count)
{
    char *rest;
    if (*at >= end) {
        return NULL;
    }
    unsigned long wanted = strtoul(*at, &rest, 10);
    if (*rest != '\0' || rest == *at || wanted > SWB__SPEC_MAX_BYTES) {
        return NULL;
    }
    *at = rest + 1;
    char **list = calloc(wanted + more + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < wanted; i++) {
        if (*at >= end) {
            free(list);
            return NULL;
        }
        list[i] = *at;
        *at += strlen(*at) + 1;
    }
    *count = wanted;
    return list;
}

void swb__spec_finish(swb__spec *spec)
{
    free(spec->argv);
    free(spec->environment);
    free(spec->text);
}

static bool has_path(char *const *environment)
{
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "PATH=", 5) == 0) {
            return true;
        }
    }
    return false;
}

int swb__spec_read(swb__spec *spec, int folder)
{
    static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
                                 "/bin";
    size_t count = 0;
    *spec = (swb__spec){0};
    ssize_t length = swb__launcher_read(&spec->text, folder, SWB__LAUNCH_SPEC, SWB__SPEC_MAX_BYTES);
    if (length < 0) {
        return errno;
    }
    char *at = spec->text;
    const char *end = spec->text + length;
    if (length == 0 || end[-1] != '\0' || strcmp(at, SWB__SPEC_MAGIC) != 0) {
        return EBADMSG;
    }
    at += strlen(at) + 1;
    spec->directory = at;
    at += at < end ? strlen(at) + 1 : 0;
    spec->argv = take_list(&at, end, 0, &count);
    if (spec->argv == NULL || count == 0) {
        return EBADMSG;
    }
    spec->environment = take_list(&at, end, 1, &count);
    if (spec->environment == NULL || at != end) {
        return EBADMSG;
    }
    if (!has_path(spec->environment)) {
        /* "PATH=..." as it stands in this process's own environment. */
        char *own = getenv("PATH");
        spec->environment[count] = own != NULL && own[0] != '\0' ? own - 5 : default_path;
    }
    return 0;
}
