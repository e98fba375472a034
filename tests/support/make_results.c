#include "support/make_results.h"

#include "support/cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

#define MS SWB__NS_PER_MS

char *make_path(void)
{
    char directory[] = "/tmp/swb-results-XXXXXX";
    char *path = malloc(64);
    assert_non_null(path);
    assert_non_null(mkdtemp(directory));
    snprintf(path, 64, "%s/results.db", directory);
    return path;
}

void make_path_remove(char *path)
{
    *strrchr(path, '/') = '\0';
    assert_int_equal(swb__remove_tree(path, NULL), SWB_OK);
    free(path);
}

swb__store *make_store(int64_t *experiment_out, const char *path, const char *name)
{
    swb__store *store = NULL;
    swb_error error = SWB_ERROR_INIT;
    if (swb__store_open(&store, path, &error) != SWB_OK) {
        fail_msg("%s", error.message);
    }
    const swb__store_experiment_row row = {
        .name = name,
        .digest = name,
        .text = "swarmbench: 1\n",
        .seed = 42,
        .cells_planned = 2,
        .runs_planned = 80,
        .place = "local",
        .resume = true,
        .baseline = "deluge",
        .margin = 0.2,
        .confidence = 0.95,
    };
    assert_int_equal(swb__store_experiment(experiment_out, store, &row, &error), SWB_OK);
    return store;
}

swb__store_run make_run(uint64_t index, uint64_t cell, uint32_t size, const char *mode,
                        uint32_t repetition)
{
    static const char *const labels[] = {"file_size=100MB size=2 seeders=1",
                                         "file_size=100MB size=8 seeders=1"};
    return (swb__store_run){
        .index = index,
        .cell = {cell, labels[cell % 2], MAKE_FILE_BYTES, size, 1},
        .mode = mode,
        .block = cell * 1000 + repetition,
        .repetition = repetition,
        .attempt = 1,
        .content_seed = UINT64_MAX - repetition,
        .run_seed = index,
    };
}

static void store_node(swb__store *store, uint32_t node, const swb__store_run *run, int64_t begin,
                       const make_story *story)
{
    swb__node_row row = {
        .node = node,
        .started_ns = begin,
        .ready_ns = begin + 400 * MS,
        .seed_begin_ns = node == 0 ? begin + 410 * MS : SWB__TIME_UNKNOWN,
        .seed_end_ns = node == 0 ? begin + 650 * MS : SWB__TIME_UNKNOWN,
        .code_begin_ns = SWB__TIME_UNKNOWN,
        .code_end_ns = SWB__TIME_UNKNOWN,
        .stored_bytes = SWB_COUNT_UNKNOWN,
        .payload_sent = node == 0 ? MAKE_FILE_BYTES : SWB_COUNT_UNKNOWN,
        .exit_code = -1,
        .stand_in = story->stand_in,
        .location = {.clock_error_ns = -1},
    };
    snprintf(row.name, sizeof row.name, "%s-%02u", run->mode, node);
    snprintf(row.role, sizeof row.role, "%s", node == 0 ? "seeder" : "leecher");
    snprintf(row.driver, sizeof row.driver, "%s", run->mode);
    snprintf(row.version, sizeof row.version, "2.0.3");
    snprintf(row.address, sizeof row.address, "127.0.0.%u", node + 2);
    assert_int_equal(swb__store_node(store, &row, NULL), SWB_OK);
}

static void store_series(swb__store *store, uint32_t node, int64_t intended, int64_t length)
{
    for (int i = 1; i <= 4; i++) {
        swb_sample sample = {
            .time_ns = intended + i * length / 4,
            .cpu_ns = (uint64_t)(i * length / 32),
            .rss_bytes = 60000000,
            .rss_anon_bytes = 40000000,
            .disk_read_bytes = 0,
            .disk_written_bytes = MAKE_FILE_BYTES / 4 * (uint64_t)i,
            .wire_in_bytes = SWB_COUNT_UNKNOWN,
            .wire_out_bytes = SWB_COUNT_UNKNOWN,
        };
        assert_int_equal(swb__store_sample(store, node, &sample, NULL), SWB_OK);
        assert_int_equal(swb__store_progress(store, node, sample.time_ns,
                                             MAKE_FILE_BYTES / 4 * (uint64_t)i, NULL),
                         SWB_OK);
    }
}

static swb_moment moment(int64_t time_ns, swb_source source)
{
    return (swb_moment){time_ns - MS, time_ns, source};
}

static const swb_moment never = {0, 0, SWB_SOURCE_NONE};

static swb__download download_of(uint32_t node, int64_t intended, int64_t length)
{
    return (swb__download){
        .node = node,
        .bytes = MAKE_FILE_BYTES,
        .intended_ns = intended,
        .started_ns = intended + MS / 2,
        .accepted_ns = intended + 3 * MS,
        .first_byte = moment(intended + length / 20, SWB_SOURCE_INOTIFY),
        .half = moment(intended + length / 2, SWB_SOURCE_BLOCKS),
        .ninety = moment(intended + length * 9 / 10, SWB_SOURCE_BLOCKS),
        .completion = moment(intended + length, SWB_SOURCE_BLOCKS),
        .ended_ns = intended + length,
        .bytes_done = MAKE_FILE_BYTES,
        .payload_received = MAKE_FILE_BYTES + 16384,
        .payload_sent = SWB_COUNT_UNKNOWN,
        .wasted = 16384,
        .decode_ns = -1,
        .verified = true,
        .bad_offset = UINT64_MAX,
    };
}

static void stall(swb__download *download)
{
    download->ninety = download->completion = never;
    download->bytes_done = MAKE_FILE_BYTES / 2;
    download->stalls = 1;
    download->stalled_ns = 120 * UINT64_C(1000000000);
    download->verified = false;
    download->status = SWB_ESTALLED;
    snprintf(download->cause, sizeof download->cause, "no progress for 2 min at 50 %%");
}

static void spoil(swb__download *download)
{
    download->verified = false;
    download->bad_offset = 4711;
    download->status = SWB_EMISMATCH;
    snprintf(download->cause, sizeof download->cause, "content differs from byte 4711 on");
}

/* As of a content in parts. */
static void store_part(swb__store *store, int64_t intended, int64_t length)
{
    const swb__part_row part = {
        .node = 1,
        .part = 5,
        .fate = SWB__PART_STALLED,
        .bytes = MAKE_FILE_BYTES / 4,
        .bytes_done = MAKE_FILE_BYTES / 8,
        .begun_ns = intended,
        .completion = never,
        .ended_ns = intended + length / 2,
        .cause = "no progress for erasure.part_stall",
    };
    assert_int_equal(swb__store_part(store, &part, NULL), SWB_OK);
}

void make_run_rows(swb__store *store, int64_t experiment, const swb__store_run *run,
                   const make_story *story)
{
    int64_t begin = swb__clock_ns();
    int64_t intended = begin + 700 * MS;
    int64_t last = 0;
    bool ok = story->failing == 0 && story->mismatching == 0;
    uint32_t leechers = run->cell.size - 1;
    assert_int_equal(swb__store_run_begin(store, experiment, run, NULL), SWB_OK);
    store_node(store, 0, run, begin, story);
    for (uint32_t i = 1; i <= leechers; i++) {
        double place = leechers == 1 ? 0 : (double)(i - 1) / (leechers - 1) - 0.5;
        int64_t length = (int64_t)(story->completion_ms * (1 + 0.1 * place) * (double)MS);
        swb__download download = download_of(i, intended, length);
        if (i <= story->mismatching) {
            spoil(&download);
        }
        if (i > leechers - story->failing) {
            stall(&download);
        }
        last = length;
        store_node(store, i, run, begin, story);
        store_series(store, i, intended, length);
        assert_int_equal(swb__store_download(store, &download, NULL), SWB_OK);
    }
    store_part(store, intended, last);
    assert_int_equal(swb__store_event(store, begin, UINT32_MAX, "phase", "deploy", NULL), SWB_OK);
    assert_int_equal(swb__store_event(store, intended, UINT32_MAX, "phase", "leech", NULL), SWB_OK);
    swb__run_result result = {
        .status = ok                   ? SWB_OK
                  : story->failing > 0 ? SWB_ESTALLED
                                       : SWB_EMISMATCH,
        .started_ns = begin,
        .intended_ns = intended,
        .ended_ns = intended + last + 200 * MS,
        .start_skew_ns = 2 * MS,
        .makespan_ns = story->failing == 0 ? last : -1,
        .spread_ns = story->failing == 0 ? last / 11 : -1,
        .seeder_share = story->failing == 0 ? 1.04 : (double)NAN,
        .deploy_ns = (uint64_t)(400 * MS),
        .content_ns = (uint64_t)(100 * MS),
        .coded_bytes = SWB_COUNT_UNKNOWN,
        .infohash = "0123456789abcdef0123456789abcdef01234567",
    };
    if (!ok) {
        snprintf(result.cause, sizeof result.cause, "%u of %u downloads failed",
                 story->failing + story->mismatching, leechers);
    }
    const swb__harness_cost cost = {(uint64_t)(50 * MS), (uint64_t)(20 * MS),
                                    (uint64_t)(last > 0 ? last : MS), 21000000, 20000000};
    assert_int_equal(swb__store_run_end(store, story->ending, &result, &cost, NULL), SWB_OK);
}

static void store_environment(swb__store *store, int64_t experiment)
{
    static const char *const facts[][2] = {
        {"kernel", "Linux 6.1.0-18-amd64"},
        {"cpu_model", "Example CPU | 3 GHz"},
        {"cpu_count", "2"},
        {"memory_bytes", "8000000000"},
        {"congestion_control", "cubic"},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        assert_int_equal(swb__store_environment(store, experiment, facts[i][0], facts[i][1], NULL),
                         SWB_OK);
    }
}

/* Six blocks of four modes in a cell: the baseline, one as fast, one slower, and a stand-in. */
static uint64_t store_cell(swb__store *store, int64_t experiment, uint64_t index, uint64_t cell,
                           uint32_t size)
{
    static const struct {
        const char *mode;
        double scale;
    } modes[] = {{"deluge", 1}, {"qbittorrent", 1.04}, {"codex", 1.6}, {"codex-ec", 0.8}};
    for (uint32_t repetition = 0; repetition < 6; repetition++) {
        for (size_t i = 0; i < 4; i++) {
            make_story story = {
                .completion_ms = 1000 * size * modes[i].scale * (1 + 0.01 * repetition),
                .stand_in = i == 3,
            };
            if (size > 2 && i == 1 && repetition >= 4) {
                story.ending = SWB__ENDING_FAILED;
                story.failing = repetition == 4 ? 2 : 0;
                story.mismatching = repetition == 4 ? 0 : 1;
            }
            swb__store_run run = make_run(index++, cell, size, modes[i].mode, repetition);
            make_run_rows(store, experiment, &run, &story);
        }
    }
    return index;
}

void make_results(const char *path)
{
    int64_t experiment = 0;
    swb__store *store = make_store(&experiment, path, "example");
    store_environment(store, experiment);
    uint64_t index = store_cell(store, experiment, 0, 0, 2);
    index = store_cell(store, experiment, index, 1, 8);
    assert_int_equal(swb__store_cell_end(store, experiment, 0, "half-width 1.8 % reached", NULL),
                     SWB_OK);
    /* One that failed first and then was cut short. */
    swb__store_run run = make_run(index, 1, 8, "deluge", 6);
    make_run_rows(
        store, experiment, &run,
        &(make_story){.completion_ms = 8000, .ending = SWB__ENDING_RETRIED, .failing = 7});
    run.attempt = 2;
    make_run_rows(
        store, experiment, &run,
        &(make_story){.completion_ms = 8000, .ending = SWB__ENDING_INTERRUPTED, .failing = 7});
    assert_int_equal(swb__store_experiment_end(store, experiment, "interrupted", NULL), SWB_OK);
    /* The one column that the clock decides and the report shows. */
    assert_int_equal(sqlite3_exec(swb__store_database(store),
                                  "UPDATE experiment SET begun_wall_ns = 1700000000000000000,"
                                  " ended_wall_ns = 1700003600000000000",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    swb__store_close(store);
}
