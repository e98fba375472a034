/* Feeds a fuzz target the files, and the files of the folders, that are named. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define INPUT_MAX_BYTES ((size_t)64 << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replay_file(const char *path)
{
    char *data = NULL;
    size_t length = 0;
    if (swb__read_file(&data, &length, path, INPUT_MAX_BYTES, NULL) != SWB_OK) {
        return 0;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, length);
    free(data);
    return 1;
}

static size_t replay(const char *path)
{
    char below[4096];
    size_t count = 0;
    const struct dirent *entry;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return replay_file(path);
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            count += replay_file(below);
        }
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    if (LLVMFuzzerInitialize(&argc, &argv) != 0) {
        fprintf(stderr, "the target cannot be prepared\n");
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        count += replay(argv[i]);
    }
    printf("%zu inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
