/* Comparisons: the modes of an experiment against its baseline, cell by cell, paired by block. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "measure/series.h"
#include "report/model.h"

/* The makespans of the blocks that both have, in one order. */
typedef struct paired {
    swb__series candidate;
    swb__series baseline;
} paired;

static int pair(paired *out, const swb__report_row *candidate, const swb__report_row *baseline)
{
    int status = SWB_OK;
    for (size_t i = 0, j = 0; i < candidate->run_count && j < baseline->run_count;) {
        const swb__run_values *a = &candidate->runs[i];
        const swb__run_values *b = &baseline->runs[j];
        if (a->block == b->block && !isnan(a->makespan_ns) && !isnan(b->makespan_ns)) {
            status = swb__series_add(&out->candidate, a->makespan_ns);
            if (status == SWB_OK) {
                status = swb__series_add(&out->baseline, b->makespan_ns);
            }
            if (status != SWB_OK) {
                return status;
            }
        }
        i += a->block <= b->block;
        j += b->block <= a->block;
    }
    return SWB_OK;
}

/* The baseline's row of the cell that row `index` is in: it stands first in it. NULL: none. */
static const swb__report_row *baseline_of(const swb__report *report,
                                          const swb__report_experiment *experiment, size_t index)
{
    uint64_t cell = report->rows[index].cell;
    while (index > experiment->first_row && report->rows[index - 1].cell == cell) {
        index--;
    }
    return report->rows[index].is_baseline ? &report->rows[index] : NULL;
}

/* Room for one candidate's comparisons: the rows they are of, their pairs, and the family. */
typedef struct mode_family {
    size_t count;
    size_t *rows;
    paired *pairs;
    swb__comparison *cells;
} mode_family;

static void family_finish(mode_family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        swb__series_finish(&family->pairs[i].candidate);
        swb__series_finish(&family->pairs[i].baseline);
    }
    free(family->rows);
    free(family->pairs);
    free(family->cells);
}

static int family_init(mode_family *family, size_t capacity)
{
    family->count = 0;
    family->rows = calloc(capacity, sizeof *family->rows);
    family->pairs = calloc(capacity, sizeof *family->pairs);
    family->cells = calloc(capacity, sizeof *family->cells);
    if (family->rows == NULL || family->pairs == NULL || family->cells == NULL) {
        family_finish(family);
        return SWB_ENOMEM;
    }
    return SWB_OK;
}

/* Stand-ins say nothing about the programs that they stand for, unless the experiment is about
 * them. (A simulated experiment has no real numbers to be held against.) */
static bool may_compare(const swb__report_experiment *experiment, const swb__report_row *row,
                        const swb__report_row *baseline)
{
    return experiment->allow_stand_in || (!row->stand_in && !baseline->stand_in);
}

/* Adds row `index` where there is a baseline to hold it against. */
static int family_add(mode_family *family, const swb__report *report,
                      const swb__report_experiment *experiment, size_t index)
{
    const swb__report_row *row = &report->rows[index];
    const swb__report_row *baseline = baseline_of(report, experiment, index);
    if (baseline == NULL || !may_compare(experiment, row, baseline)) {
        return SWB_OK;
    }
    paired *pairs = &family->pairs[family->count];
    family->rows[family->count++] = index;
    int status = pair(pairs, row, baseline);
    family->cells[family->count - 1] = (swb__comparison){
        .candidate = pairs->candidate.values,
        .baseline = pairs->baseline.values,
        .blocks = pairs->candidate.count,
        .seed = swb__random_derive(experiment->seed, row->summary.mode, row->cell),
    };
    return status;
}

static void take_over(swb__report *report, const mode_family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        swb__report_row *row = &report->rows[family->rows[i]];
        row->comparison = family->cells[i];
        row->comparison.candidate = row->comparison.baseline = NULL;
        row->compared = true;
        row->summary.ratio = row->comparison.ratio;
    }
}

/* All cells of one candidate, from its first row on. */
static int compare_mode(swb__report *report, const swb__report_experiment *experiment, size_t first)
{
    mode_family family;
    size_t end = experiment->first_row + experiment->row_count;
    const char *mode = report->rows[first].summary.mode;
    int status = family_init(&family, end - first);
    if (status != SWB_OK) {
        return status;
    }
    for (size_t i = first; i < end && status == SWB_OK; i++) {
        if (strcmp(report->rows[i].summary.mode, mode) == 0) {
            status = family_add(&family, report, experiment, i);
        }
    }
    if (status == SWB_OK) {
        status = swb__judge(family.cells, family.count, experiment->margin, experiment->confidence);
    }
    if (status == SWB_OK) {
        take_over(report, &family);
    }
    family_finish(&family);
    return status;
}

static bool is_first_of_mode(const swb__report *report, size_t first_row, size_t index)
{
    for (size_t i = first_row; i < index; i++) {
        if (strcmp(report->rows[i].summary.mode, report->rows[index].summary.mode) == 0) {
            return false;
        }
    }
    return true;
}

int swb__report_compare(swb__report *report, const swb__report_experiment *experiment,
                        swb_error *error)
{
    size_t end = experiment->first_row + experiment->row_count;
    for (size_t i = experiment->first_row; i < end; i++) {
        if (!report->rows[i].is_baseline && is_first_of_mode(report, experiment->first_row, i) &&
            compare_mode(report, experiment, i) != SWB_OK) {
            return swb__fail_nomem(error);
        }
    }
    return SWB_OK;
}
