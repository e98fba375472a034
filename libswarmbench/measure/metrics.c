/* What each metric means, once. */
#include "measure/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const swb__metric metrics[] = {
    {"accepted", "ns", SWB__DIRECTION_LESS,
     "From a leecher's intended start to the node's acknowledgement of the download command."},
    {"time to first byte", "ns", SWB__DIRECTION_LESS,
     "From a leecher's intended start to the first content byte on the node: written to its data "
     "directory, or handed to the reader where the node streams."},
    {"time to 50, 90, 100 %", "ns", SWB__DIRECTION_LESS,
     "From a leecher's intended start to the moment that this share of the content is on the "
     "node."},
    {"makespan", "ns", SWB__DIRECTION_LESS,
     "From the run's intended start to the completion of its last leecher."},
    {"spread", "ns", SWB__DIRECTION_LESS,
     "The last leecher's completion minus the first leecher's."},
    {"upload time", "ns", SWB__DIRECTION_LESS,
     "From the command to seed to the moment that the node serves the content."},
    {"coding time", "ns", SWB__DIRECTION_LESS,
     "From asking a seeder's client to erasure-code what it was given to the coded dataset; it is "
     "apart from upload time and download."},
    {"coded size", "bytes", SWB__DIRECTION_LESS,
     "Size of the whole erasure code of the content, k + m parts; over the file's size it is the "
     "code's overhead."},
    {"decoding time", "ns", SWB__DIRECTION_LESS,
     "Computing the content from its parts once any k are there, measured while nothing is "
     "fetched. The time to 100 % of such a download is the k-th part's completion and this."},
    {"bytes beyond need", "bytes", SWB__DIRECTION_LESS,
     "Bytes that a leecher fetched of parts that were not among the k it decoded."},
    {"start skew", "ns", SWB__DIRECTION_LESS,
     "The latest minus the earliest actual start among leechers meant to start together; it is "
     "never subtracted from a time."},
    {"bandwidth", "bit/s", SWB__DIRECTION_MORE,
     "Content bits over time to 100 %; 0 for a download that failed."},
    {"wire bytes", "bytes", SWB__DIRECTION_LESS,
     "Bytes in and out counted outside the client, at its interface, with all overhead; where the "
     "place cannot count them, those on its connections that the client counts, if it does."},
    {"payload bytes, waste", "bytes", SWB__DIRECTION_LESS,
     "Content bytes that the client says it received and sent, and those of them received again "
     "or thrown away."},
    {"seeder share", "ratio", SWB__DIRECTION_LESS,
     "Content bytes that all seeders of a run sent, over the file's size."},
    {"CPU", "ns", SWB__DIRECTION_LESS,
     "CPU time of a node's processes, their children included; of a run: all its nodes together."},
    {"memory", "bytes", SWB__DIRECTION_LESS,
     "Resident memory of a node's processes: RSS, and RssAnon, which leaves out file pages that "
     "the kernel could drop."},
    {"disk", "bytes", SWB__DIRECTION_LESS,
     "Bytes that a node's processes read from and wrote to disk."},
    {"stalls", "count, ns", SWB__DIRECTION_LESS,
     "Periods longer than 2 s without progress before completion: how many, and their total."},
    {"stability", "ratio", SWB__DIRECTION_LESS,
     "Coefficient of variation (standard deviation over mean) of the makespans of a mode's "
     "completed runs in a cell."},
    {"reliability", "ratio", SWB__DIRECTION_MORE,
     "Downloads completed and verified byte for byte, over downloads attempted, those of retried "
     "runs included, with a Wilson 95 % interval."},
    {"ratio", "ratio", SWB__DIRECTION_LESS,
     "Median makespan over the baseline's median makespan in the same cell, over the blocks that "
     "have both, with a bootstrap interval that resamples blocks."},
    {"Cliff's delta", "-1..1", SWB__DIRECTION_LESS,
     "The share of pairs of runs in which the candidate takes longer than the baseline, minus the "
     "share in which it takes less."},
    {"harness cost", "ns, bytes", SWB__DIRECTION_LESS,
     "The runner's own CPU time and memory in the same run."},
};

const swb__metric *swb__metric_at(size_t index)
{
    return index < COUNT(metrics) ? &metrics[index] : NULL;
}

const char *swb__direction_name(swb__direction direction)
{
    switch (direction) {
    case SWB__DIRECTION_LESS:
        return "less";
    case SWB__DIRECTION_MORE:
        return "more";
    case SWB__DIRECTION_NONE:
        break;
    }
    return "";
}

void swb__metrics_write_table(swb__writer *writer)
{
    swb__writer_text(writer, "| metric | unit | better | definition |\n|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT(metrics); i++) {
        const swb__metric *metric = &metrics[i];
        swb__writer_printf(writer, "| %s | %s | %s | %s |\n", metric->name, metric->unit,
                           swb__direction_name(metric->better), metric->definition);
    }
}

void swb__metrics_write_page(swb__writer *writer)
{
    swb__writer_text(
        writer,
        "# Metrics\n"
        "\n"
        "<!-- Made from libswarmbench/measure/metrics.c; a test holds this page against it. -->\n"
        "\n"
        "All times are nanoseconds on the runner's monotonic clock. A time that was observed, not\n"
        "caused, is an interval: the last moment it was known not to have happened and the first\n"
        "at which it was known to have. Where one number stands for it, it is the latter. Every\n"
        "such time names its source: `stream`, `inotify`, `blocks`, `api` or `event`.\n"
        "\n");
    swb__metrics_write_table(writer);
    swb__writer_text(
        writer,
        "\n"
        "The unit of repetition is the run, never the leecher. A quantity of a mode in a cell is\n"
        "the median over its runs with the bootstrap percentile interval of that median (10,000\n"
        "seeded resamples); where a run has many leechers, its value is the median over them.\n"
        "A run or download that failed is censored: it counts as longer than every one that was\n"
        "seen, so that medians stay true, and an end of an interval that lies among failures is\n"
        "unbounded.\n");
}
