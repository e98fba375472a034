/* make_torrent SEED BYTES PIECE_BYTES PRIVATE FILE: writes the content to FILE and its metainfo to
 * FILE.torrent and prints the infohash, for infohash.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <swarmbench/content.h>

static int save(const swb_torrent *torrent, const char *file_path)
{
    char path[4096];
    size_t length = 0;
    const uint8_t *metainfo = swb_torrent_metainfo(&length, torrent);
    snprintf(path, sizeof path, "%s.torrent", file_path);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t written = fwrite(metainfo, 1, length, file);
    return fclose(file) == 0 && written == length ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: make_torrent SEED BYTES PIECE_BYTES PRIVATE FILE\n");
        return 2;
    }
    swb_error error = SWB_ERROR_INIT;
    swb_content *content = NULL;
    swb_torrent *torrent = NULL;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.piece_bytes = strtoull(argv[3], NULL, 10);
    options.is_private = strcmp(argv[4], "1") == 0;
    options.announce = "http://127.0.0.1:6969/announce";
    options.file_path = argv[5];
    int result = 1;
    if (swb_content_create(&content, strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10),
                           &error) != SWB_OK ||
        swb_torrent_create(&torrent, content, &options, &error) != SWB_OK) {
        fprintf(stderr, "make_torrent: %s\n", error.message);
    } else {
        result = save(torrent, options.file_path);
        printf("%s\n", swb_torrent_infohash(torrent));
    }
    swb_torrent_destroy(torrent);
    swb_content_destroy(content);
    return result;
}
