/* Results that no run has made: for tests of the store, the report and what reads them. */
#ifndef SWB_TESTS_MAKE_RESULTS_H
#define SWB_TESTS_MAKE_RESULTS_H

#include "store/store.h"

#define MAKE_FILE_BYTES UINT64_C(100000000)

/* A path in a new directory of its own; free both with make_path_remove(). */
char *make_path(void);
void make_path_remove(char *path);

/* Opens `path` for writing and adds (or finds) an experiment of this name; fails the test where
 * that fails. Baseline "deluge", margin 20 %, confidence 95 %, seed 42. */
swb__store *make_store(int64_t *experiment_out, const char *path, const char *name);

/* A run to be begun: cell `cell` is a swarm of `size` nodes with one seeder. */
swb__store_run make_run(uint64_t index, uint64_t cell, uint32_t size, const char *mode,
                        uint32_t repetition);

/* How a made-up run goes. */
typedef struct make_story {
    double completion_ms; /* of its median leecher; others differ by up to 5 % */
    swb__run_ending ending;
    uint32_t failing;     /* leechers that stall half way, the last ones */
    uint32_t mismatching; /* leechers that end with a wrong byte, the first ones */
    bool stand_in;
} make_story;

/* Stores nodes, downloads, progress, samples and events of a run, and ends it. */
void make_run_rows(swb__store *store, int64_t experiment, const swb__store_run *run,
                   const make_story *story);

/* The results that the golden files are of: two cells, four modes, failures of several kinds. */
void make_results(const char *path);

#endif
