#include "support/golden.h"

#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

void golden_compare(const char *path, const char *text)
{
    char *wanted = NULL;
    const char *update = getenv("SWB_UPDATE_GOLDEN");
    if (update != NULL && strcmp(update, "1") == 0) {
        assert_int_equal(swb__write_file(path, 0644, text, strlen(text), NULL), SWB_OK);
    }
    assert_int_equal(swb__read_file(&wanted, NULL, path, 1 << 24, NULL), SWB_OK);
    if (strcmp(wanted, text) != 0) {
        print_error("%s differs. Now it is:\n%s\n", path, text);
    }
    assert_true(strcmp(wanted, text) == 0);
    free(wanted);
}

int golden_open(void)
{
    char path[] = "/tmp/swb-golden-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

char *golden_take(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    assert_true(size >= 0);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    text[size] = '\0';
    close(fd);
    return text;
}
