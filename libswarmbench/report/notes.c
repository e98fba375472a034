#include "report/notes.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/format.h"

/* What the rows of an experiment have in common. */
typedef struct tally {
    size_t rows;
    size_t rows_of_few; /* too few runs for an interval that means much */
    size_t rows_simulated;
    uint64_t runs;
    uint64_t runs_failed;
    uint64_t downloads;
    uint64_t downloads_verified;
    uint64_t stalls;
    double start_skew_ns;
    double uncertainty_ns;
    double cpu_share; /* largest: of all cores, while content moved */
    double harness_share;
    double harness_bytes;
} tally;

static tally count(const swb__report *report, const swb__report_experiment *experiment)
{
    size_t few = swb__verdict_blocks(experiment->confidence);
    tally t = {.start_skew_ns = NAN,
               .uncertainty_ns = NAN,
               .cpu_share = NAN,
               .harness_share = NAN,
               .harness_bytes = NAN};
    for (size_t i = 0; i < experiment->row_count; i++) {
        const swb__report_row *row = &report->rows[experiment->first_row + i];
        const swb_summary_row *summary = &row->summary;
        t.rows++;
        t.rows_of_few += summary->runs < few;
        t.rows_simulated += summary->simulated != 0;
        t.runs += summary->runs;
        t.runs_failed += summary->runs_failed;
        t.downloads += summary->downloads;
        t.downloads_verified += summary->downloads_verified;
        t.stalls += row->stalls;
        t.start_skew_ns = fmax(t.start_skew_ns, summary->start_skew_ns);
        t.uncertainty_ns = fmax(t.uncertainty_ns, row->uncertainty_ns);
        t.harness_share = fmax(t.harness_share, row->harness_share);
        t.harness_bytes = fmax(t.harness_bytes, row->harness_bytes);
        t.cpu_share = fmax(t.cpu_share, row->busy_cores / experiment->cores);
    }
    return t;
}

static void end(swb__buffer *out)
{
    swb__buffer_append(out, "", 1);
}

static void note_place(swb__buffer *out, const swb__report_experiment *experiment, const tally *t)
{
    if (strcmp(experiment->place, "local") != 0) {
        return;
    }
    swb__buffer_text(out, "All nodes shared one machine");
    if (experiment->cores > 0) {
        swb__buffer_printf(out, " of %.0f core%s", experiment->cores,
                           experiment->cores > 1 ? "s" : "");
    }
    swb__buffer_text(out, " and spoke over its loopback: the times tell what CPU, disk and the "
                          "clients' own pacing allow, not what a network would.");
    if (isfinite(t->cpu_share)) {
        swb__buffer_printf(
            out,
            " While content moved the nodes used %s of what the cores had to give in "
            "the busiest run%s.",
            swb__text_percent(t->cpu_share).text,
            t->cpu_share > 0.8 ? ": there, it is the CPU that was measured" : "");
    }
    end(out);
}

static void note_warm(swb__buffer *out, const swb__report_experiment *experiment)
{
    if (strcmp(experiment->place, "attach") == 0) {
        swb__buffer_text(out, "The nodes were attached: they ran before the first run and went on "
                              "between runs, so they were warm, not fresh, and whatever else they "
                              "did or had set up is in the figures. What their owner's machines "
                              "used is known only where a process was named.");
        end(out);
    }
}

static void note_observation(swb__buffer *out, const tally *t)
{
    swb__buffer_text(out, "A time is the first moment at which a thing was known to have happened");
    if (isfinite(t->uncertainty_ns)) {
        swb__buffer_printf(out, "; it may have happened up to %s earlier",
                           swb__text_time(t->uncertainty_ns).text);
    }
    swb__buffer_text(out, ".");
    if (isfinite(t->start_skew_ns)) {
        swb__buffer_printf(out,
                           " Leechers that were meant to start together started up to %s "
                           "apart.",
                           swb__text_time(t->start_skew_ns).text);
    }
    end(out);
}

static void note_failures(swb__buffer *out, const tally *t)
{
    if (t->runs_failed > 0) {
        swb__buffer_printf(out,
                           "%" PRIu64 " of %" PRIu64 " runs failed. A failed run or download "
                           "counts as slower than every other: where so many failed that a "
                           "median lies among them, it reads \"failed\", and an end of an "
                           "interval that does reads \"inf\".",
                           t->runs_failed, t->runs);
        end(out);
    }
    if (t->downloads > 0) {
        swb__buffer_printf(out,
                           "%" PRIu64 " of %" PRIu64 " downloads were completed and verified "
                           "byte for byte, those of retried runs included.",
                           t->downloads_verified, t->downloads);
        end(out);
    }
    if (t->stalls > 0) {
        swb__buffer_printf(out, "%" PRIu64 " time%s a download stood still for over 2 s.",
                           t->stalls, t->stalls == 1 ? "" : "s");
        end(out);
    }
}

static void note_statistics(swb__buffer *out, const swb__report_experiment *experiment,
                            const tally *t)
{
    swb__buffer_text(out,
                     "Values are medians over runs, in brackets the 95 % bootstrap interval of "
                     "the median; a run's first byte and time to 100 % are medians over its "
                     "leechers.");
    end(out);
    if (t->rows_of_few > 0) {
        swb__buffer_printf(out,
                           "%zu of %zu rows have fewer than %zu runs: their intervals are "
                           "unknown or too narrow to be trusted, and no verdict is given.",
                           t->rows_of_few, t->rows, swb__verdict_blocks(experiment->confidence));
        end(out);
    }
    if (t->rows_simulated > 0) {
        swb__buffer_printf(out,
                           "%zu of %zu rows, marked *, come from stand-ins or a simulation, not "
                           "from the real program; %s.",
                           t->rows_simulated, t->rows,
                           experiment->allow_stand_in
                               ? "the experiment allows stand-ins in its verdicts"
                               : "no verdict is given on stand-ins");
        end(out);
    }
}

static void note_harness(swb__buffer *out, const tally *t)
{
    if (isfinite(t->harness_share) && isfinite(t->harness_bytes)) {
        swb__buffer_printf(out,
                           "The runner itself used at most %s of one core while content moved, "
                           "and %s of memory.",
                           swb__text_percent(t->harness_share).text,
                           swb__text_bytes(t->harness_bytes).text);
        end(out);
    }
}

void swb__report_notes(swb__buffer *out, const swb__report *report,
                       const swb__report_experiment *experiment)
{
    tally t = count(report, experiment);
    if (t.rows == 0) {
        return;
    }
    note_place(out, experiment, &t);
    note_warm(out, experiment);
    note_failures(out, &t);
    note_statistics(out, experiment, &t);
    note_observation(out, &t);
    note_harness(out, &t);
}
