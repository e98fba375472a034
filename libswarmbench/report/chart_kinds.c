/* The table of charts, and the public way to them. */
#include <stdio.h>
#include <string.h>

#include "report/assets.h"
#include "report/chart.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ROWS_LEAST 1000
#define ROWS_MOST 100000

static const swb__chart_kind kinds[] = {
    {{"completion", "Downloads completed over time",
      "Share of all downloads that were complete and verified, by the time since their intended "
      "start. A curve that ends under 100 % has failed downloads: its cross tells how many, at the "
      "time when the last was given up."},
     swb__asset_completion,
     true,
     false,
     600,
     12,
     200,
     swb__chart_completion,
     NULL},
    {{"progress", "Progress of downloads",
      "Time by which the median download had a share of its content, with a band from the 10th to "
      "the 90th percentile of downloads. A curve ends where fewer than half of the downloads came, "
      "a band where fewer than 90 % did; a cross marks modes with downloads that never completed."},
     swb__asset_progress,
     true,
     false,
     600,
     11,
     21,
     swb__chart_progress,
     NULL},
    {{"first-byte", "Time to first byte",
      "Each tick is a download; the bar reaches from the first to the third quartile, its line "
      "from "
      "the 5th to the 95th percentile, the thick tick is the median. Downloads of a run depend on "
      "each other: intervals and verdicts are never made from this distribution."},
     swb__asset_first_byte,
     false,
     false,
     440,
     8,
     60,
     swb__chart_first_byte,
     NULL},
    {{"ratio", "Makespan against the baseline",
      "Ratio of median makespans with its two-sided bootstrap interval, over blocks that both "
      "modes "
      "have. In the shaded band a mode is slower than the baseline by less than the margin; the "
      "verdict is one-sided and corrected over the cells."},
     swb__asset_ratio,
     false,
     true,
     440,
     1,
     1,
     swb__chart_ratio,
     NULL},
    {{"bytes", "Bytes moved, in copies of the content",
      "What all seeders of a run sent together, and what a leecher received, threw away and had on "
      "its wire, over the size of the content: medians over completed runs with bootstrap "
      "intervals. What a client or a place does not count is left out."},
     swb__asset_bytes,
     false,
     false,
     150,
     4,
     4,
     swb__chart_bytes,
     NULL},
    {{"cpu", "CPU time of a node",
      "CPU time that a seeder and a leecher used in a run: medians over completed runs of the mean "
      "over a run's nodes, with bootstrap intervals."},
     swb__asset_cpu,
     false,
     false,
     220,
     2,
     2,
     swb__chart_cpu,
     NULL},
    {{"reliability", "Reliability",
      "Downloads completed and verified byte for byte, over downloads attempted, those of retried "
      "runs included, with Wilson 95 % intervals."},
     swb__asset_reliability,
     false,
     false,
     440,
     1,
     1,
     swb__chart_reliability,
     NULL},
    {{"matrix", "Median makespan over the matrix",
      "Median over runs of the time from the intended start to the last leecher's completion, for "
      "each point of the matrix; the darker, the longer. Where a median lies among failed runs the "
      "field is grey."},
     swb__asset_matrix,
     false,
     false,
     0,
     1,
     1,
     swb__chart_matrix,
     swb__chart_matrix_name},
};

const swb__chart_kind *swb__chart_kind_at(size_t index)
{
    return index < COUNT(kinds) ? &kinds[index] : NULL;
}

const swb_chart *swb_chart_at(size_t index)
{
    return index < COUNT(kinds) ? &kinds[index].info : NULL;
}

static int find_kind(const swb__chart_kind **out, const char *name, swb_error *error)
{
    char names[200] = "";
    size_t length = 0;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].info.name, name) == 0) {
            *out = &kinds[i];
            return SWB_OK;
        }
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                   i == 0 ? "" : ", ", kinds[i].info.name);
    }
    return swb__fail(error, SWB_ENOENT, "no chart '%s'; there are %s", name, names);
}

static int check_options(const swb_chart_options *options, swb_error *error)
{
    if (options->version != SWB_CHART_OPTIONS_VERSION) {
        return swb__fail(error, SWB_EINVAL, "chart options of version %u; this library knows %u",
                         options->version, SWB_CHART_OPTIONS_VERSION);
    }
    if (options->rows_max != 0 &&
        (options->rows_max < ROWS_LEAST || options->rows_max > ROWS_MOST)) {
        return swb__fail(error, SWB_EINVAL, "rows_max is %u; a chart has %d to %d rows",
                         options->rows_max, ROWS_LEAST, ROWS_MOST);
    }
    if (options->width_px != 0 && (options->width_px < 100 || options->width_px > 4000)) {
        return swb__fail(error, SWB_EINVAL, "width_px is %u; a plot is 100 to 4000 wide",
                         options->width_px);
    }
    return SWB_OK;
}

static int write_chart(swb__writer *writer, swb_results *results, const swb__chart_kind *kind,
                       const swb_chart_options *options, swb_error *error)
{
    swb__report report;
    const swb__report_experiment *experiment = NULL;
    int status = swb__report_load(&report, results->store, error);
    if (status != SWB_OK) {
        return status;
    }
    status = swb__chart_experiment(&experiment, &report, options->experiment, error);
    if (status == SWB_OK) {
        status =
            swb__chart_write(writer, kind, &report, experiment, options, 5, results->store, error);
        swb__writer_text(writer, status == SWB_OK ? "\n" : "");
    }
    swb__report_finish(&report);
    return status;
}

int swb_results_chart(swb_results *results, const char *name, const swb_chart_options *options,
                      int fd, swb_error *error)
{
    const swb_chart_options defaults = SWB_CHART_OPTIONS_INIT;
    const swb__chart_kind *kind = NULL;
    swb__writer writer;
    if (results == NULL || name == NULL) {
        return swb__fail(error, SWB_EINVAL, "swb_results_chart: results and name are needed");
    }
    options = options == NULL ? &defaults : options;
    int status = check_options(options, error);
    if (status == SWB_OK) {
        status = find_kind(&kind, name, error);
    }
    if (status == SWB_OK) {
        status = swb__store_snapshot(results->store, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    swb__writer_init(&writer, fd);
    status = write_chart(&writer, results, kind, options, error);
    swb__store_release(results->store);
    int written = swb__writer_finish(&writer, status == SWB_OK ? error : NULL);
    return status == SWB_OK ? written : status;
}
