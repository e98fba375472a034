/* Times content, its torrent and its verification: one line a result, for content.py. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <swarmbench/content.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int make_torrent(const swb_content *content, const swb_torrent_options *options)
{
    swb_torrent *torrent = NULL;
    swb_error error = SWB_ERROR_INIT;
    double start_s = now_s();
    if (swb_torrent_create(&torrent, content, options, &error) != SWB_OK) {
        fprintf(stderr, "content_bench: %s\n", error.message);
        return 1;
    }
    printf("%.6f %s\n", now_s() - start_s, swb_torrent_infohash(torrent));
    swb_torrent_destroy(torrent);
    return 0;
}

static int write_file(const swb_content *content, const char *path)
{
    swb_error error = SWB_ERROR_INIT;
    double start_s = now_s();
    if (swb_content_write_file(content, path, &error) != SWB_OK) {
        fprintf(stderr, "content_bench: %s\n", error.message);
        return 1;
    }
    printf("%.6f written\n", now_s() - start_s);
    return 0;
}

static int verify(const swb_content *content, const char *path)
{
    swb_error error = SWB_ERROR_INIT;
    double start_s = now_s();
    if (swb_content_verify_file(NULL, content, path, &error) != SWB_OK) {
        fprintf(stderr, "content_bench: %s\n", error.message);
        return 1;
    }
    printf("%.6f verified\n", now_s() - start_s);
    return 0;
}

int main(int argc, char **argv)
{
    swb_content *content = NULL;
    if (argc < 5 || swb_content_create(&content, strtoull(argv[2], NULL, 10),
                                       strtoull(argv[3], NULL, 10), NULL) != SWB_OK) {
        fprintf(stderr,
                "usage: content_bench torrent|write|verify SEED BYTES PIECE_BYTES [FILE]\n");
        return 2;
    }
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.piece_bytes = strtoull(argv[4], NULL, 10);
    options.file_path = argc > 5 ? argv[5] : NULL;
    int result = 2;
    if (strcmp(argv[1], "torrent") == 0) {
        result = make_torrent(content, &options);
    } else if (options.file_path != NULL && strcmp(argv[1], "write") == 0) {
        result = write_file(content, options.file_path);
    } else if (options.file_path != NULL && strcmp(argv[1], "verify") == 0) {
        result = verify(content, options.file_path);
    }
    swb_content_destroy(content);
    return result;
}
