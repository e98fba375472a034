/* Writes a results file that no run has made, for tests of the command. usage: make_results_file
 * PATH [CELLS] Without CELLS: the results of the golden files; else so many cells of three modes.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/make_results.h"

/* One mode in one cell, four times; one of the modes is slower in each cell than in the one before,
 * and loses leechers in the last cells. */
static uint64_t store_mode(swb__store *store, int64_t experiment, uint64_t index, uint64_t cell,
                           const char *mode, double scale)
{
    char label[64];
    uint32_t size = (uint32_t)(2 + 2 * (cell % 8));
    snprintf(label, sizeof label, "file_size=%uMB size=%u seeders=1", cell < 8 ? 100 : 1000, size);
    for (uint32_t repetition = 0; repetition < 6; repetition++) {
        make_story story = {.completion_ms = 900 * (double)size * scale * (1 + 0.02 * repetition)};
        swb__store_run run = make_run(index++, cell, size, mode, repetition);
        run.cell.label = label;
        if (scale > 1.5 && cell > 5) {
            story.failing = size / 2;
            story.ending = SWB__ENDING_FAILED;
        }
        make_run_rows(store, experiment, &run, &story);
    }
    return index;
}

int main(int argc, char **argv)
{
    int64_t experiment = 0;
    uint64_t index = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: make_results_file PATH [CELLS]\n");
        return 2;
    }
    if (argc == 2) {
        make_results(argv[1]);
        return 0;
    }
    swb__store *store = make_store(&experiment, argv[1], "</script><b>many & 'odd'");
    uint64_t cells = strtoull(argv[2], NULL, 10);
    for (uint64_t cell = 0; cell < cells; cell++) {
        index = store_mode(store, experiment, index, cell, "deluge", 1);
        index = store_mode(store, experiment, index, cell, "qbittorrent", 0.9);
        index = store_mode(store, experiment, index, cell, "codex", 1.1 + 0.1 * (double)cell);
    }
    swb__store_close(store);
    return 0;
}
