/* Regression between two results files: each mode in each cell that both have. */
#include "report/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "measure/series.h"

/* Makespans of a mode in a cell, before and after. */
typedef struct value_pair {
    swb__series before;
    swb__series after;
} value_pair;

static void values_finish(value_pair *values)
{
    swb__series_finish(&values->before);
    swb__series_finish(&values->after);
}

static bool is_alike(const swb__run_values *a, const swb__run_values *b)
{
    return a->content_seed == b->content_seed && a->seeder_set == b->seeder_set &&
           a->repetition == b->repetition;
}

static size_t known_makespans(const swb__report_row *row)
{
    size_t count = 0;
    for (size_t i = 0; i < row->run_count; i++) {
        count += isnan(row->runs[i].makespan_ns) ? 0 : 1;
    }
    return count;
}

static int add_pair(value_pair *out, const swb__run_values *before, const swb__run_values *after)
{
    int status = swb__series_add(&out->before, before->makespan_ns);
    return status == SWB_OK ? swb__series_add(&out->after, after->makespan_ns) : status;
}

static int add_pairs(value_pair *out, const swb__report_row *before, const swb__report_row *after)
{
    int status = SWB_OK;
    for (size_t i = 0; i < before->run_count; i++) {
        for (size_t j = 0; j < after->run_count; j++) {
            if (is_alike(&before->runs[i], &after->runs[j]) &&
                !isnan(before->runs[i].makespan_ns) && !isnan(after->runs[j].makespan_ns)) {
                status = add_pair(out, &before->runs[i], &after->runs[j]);
                break;
            }
        }
        if (status != SWB_OK) {
            break;
        }
    }
    return status;
}

static int add_all(swb__series *out, const swb__report_row *row)
{
    int status = SWB_OK;
    for (size_t i = 0; i < row->run_count && status == SWB_OK; i++) {
        if (!isnan(row->runs[i].makespan_ns)) {
            status = swb__series_add(out, row->runs[i].makespan_ns);
        }
    }
    return status;
}

/* The row's values: paired where enough runs have a partner. */
static int gather(value_pair *out, swb__files_row *row)
{
    size_t before = known_makespans(row->before);
    size_t after = known_makespans(row->after);
    int status = add_pairs(out, row->before, row->after);
    row->paired = 2 * out->before.count >= (before < after ? before : after);
    if (status == SWB_OK && !row->paired) {
        values_finish(out);
        *out = (value_pair){{NULL, 0, 0}, {NULL, 0, 0}};
        status = add_all(&out->before, row->before);
        if (status == SWB_OK) {
            status = add_all(&out->after, row->after);
        }
    }
    return status;
}

static int judge_gathered(swb__files_experiment *experiment, value_pair *all,
                          swb__comparison *cells)
{
    for (size_t i = 0; i < experiment->row_count; i++) {
        swb__files_row *row = &experiment->rows[i];
        int status = gather(&all[i], row);
        if (status != SWB_OK) {
            return status;
        }
        cells[i] = (swb__comparison){
            .candidate = all[i].after.values,
            .baseline = all[i].before.values,
            .blocks = all[i].after.count,
            .baseline_count = row->paired ? 0 : all[i].before.count,
            .seed = swb__random_derive(experiment->before->seed, row->before->summary.mode,
                                       row->before->cell),
        };
    }
    int status =
        swb__judge(cells, experiment->row_count, experiment->margin, experiment->confidence);
    for (size_t i = 0; i < experiment->row_count && status == SWB_OK; i++) {
        cells[i].candidate = cells[i].baseline = NULL;
        experiment->rows[i].comparison = cells[i];
    }
    return status;
}

static int judge(swb__files_experiment *experiment)
{
    value_pair *all = calloc(experiment->row_count + 1, sizeof *all);
    swb__comparison *cells = calloc(experiment->row_count + 1, sizeof *cells);
    int status = SWB_ENOMEM;
    if (all != NULL && cells != NULL) {
        status = judge_gathered(experiment, all, cells);
    }
    for (size_t i = 0; all != NULL && i < experiment->row_count; i++) {
        values_finish(&all[i]);
    }
    free(all);
    free(cells);
    return status;
}

static const swb__report_row *row_like(const swb__report *report,
                                       const swb__report_experiment *experiment,
                                       const swb__report_row *wanted)
{
    for (size_t i = 0; i < experiment->row_count; i++) {
        const swb__report_row *row = &report->rows[experiment->first_row + i];
        if (strcmp(row->summary.mode, wanted->summary.mode) == 0 &&
            strcmp(row->summary.cell, wanted->summary.cell) == 0) {
            return row;
        }
    }
    return NULL;
}

/* Numbers of a stand-in or a simulation say nothing about those of the real program; and a label
 * names only what varies in its experiment. */
static bool may_compare(const swb__report_row *before, const swb__report_row *after)
{
    const swb_summary_row *a = &before->summary;
    const swb_summary_row *b = &after->summary;
    return before->stand_in == after->stand_in && a->simulated == b->simulated &&
           a->file_size_bytes == b->file_size_bytes && a->size == b->size &&
           a->seeders == b->seeders;
}

static int match_rows(swb__files *files, swb__files_experiment *experiment)
{
    const swb__report_experiment *before = experiment->before;
    bool same_place = strcmp(before->place, experiment->after->place) == 0;
    size_t in_both = 0;
    experiment->rows = calloc(before->row_count + 1, sizeof *experiment->rows);
    if (experiment->rows == NULL) {
        return SWB_ENOMEM;
    }
    for (size_t i = 0; i < before->row_count; i++) {
        const swb__report_row *row = &files->before.rows[before->first_row + i];
        const swb__report_row *like = row_like(&files->after, experiment->after, row);
        in_both += like != NULL;
        if (like != NULL && same_place && may_compare(row, like)) {
            experiment->rows[experiment->row_count++] =
                (swb__files_row){.before = row, .after = like};
        }
    }
    files->counts.left_out += in_both - experiment->row_count;
    files->counts.only_before += before->row_count - in_both;
    files->counts.only_after += experiment->after->row_count - in_both;
    return SWB_OK;
}

static void count_verdicts(swb_compare_counts *counts, const swb__files_experiment *experiment)
{
    for (size_t i = 0; i < experiment->row_count; i++) {
        swb__verdict verdict = experiment->rows[i].comparison.verdict;
        counts->rows++;
        counts->inferior += verdict == SWB__VERDICT_INFERIOR;
        counts->not_inferior += verdict == SWB__VERDICT_NOT_INFERIOR;
        counts->undecided += verdict == SWB__VERDICT_UNDECIDED;
    }
}

/* The newest experiment of a name; NULL: none. */
static const swb__report_experiment *newest(const swb__report *report, const char *name)
{
    for (size_t i = report->experiment_count; i > 0; i--) {
        if (strcmp(report->experiments[i - 1].name, name) == 0) {
            return &report->experiments[i - 1];
        }
    }
    return NULL;
}

static int compare_experiment(swb__files *files, const swb__report_experiment *before,
                              const swb__report_experiment *after,
                              const swb_compare_options *options)
{
    swb__files_experiment *experiment = &files->experiments[files->experiment_count++];
    *experiment = (swb__files_experiment){
        .before = before,
        .after = after,
        .margin = options->margin > 0 ? options->margin : before->margin,
        .confidence = options->confidence > 0 ? options->confidence : before->confidence,
    };
    int status = match_rows(files, experiment);
    if (status == SWB_OK) {
        status = judge(experiment);
    }
    if (status == SWB_OK) {
        count_verdicts(&files->counts, experiment);
    }
    return status;
}

int swb__files_compare(swb__files *files, const swb_compare_options *options, swb_error *error)
{
    const swb__report *before = &files->before;
    files->experiments = calloc(before->experiment_count + 1, sizeof *files->experiments);
    int status = files->experiments == NULL ? SWB_ENOMEM : SWB_OK;
    for (size_t i = 0; i < before->experiment_count && status == SWB_OK; i++) {
        const swb__report_experiment *experiment = &before->experiments[i];
        const swb__report_experiment *after = newest(&files->after, experiment->name);
        bool wanted =
            options->experiment == NULL || strcmp(options->experiment, experiment->name) == 0;
        if (wanted && after != NULL && newest(before, experiment->name) == experiment) {
            status = compare_experiment(files, experiment, after, options);
        }
    }
    if (status != SWB_OK) {
        return swb__fail_nomem(error);
    }
    if (files->experiment_count == 0) {
        return swb__fail(error, SWB_ENOENT, "the two files have no experiment%s%s%s in common",
                         options->experiment != NULL ? " '" : "",
                         options->experiment != NULL ? options->experiment : "",
                         options->experiment != NULL ? "'" : "");
    }
    return SWB_OK;
}

void swb__files_finish(swb__files *files)
{
    for (size_t i = 0; i < files->experiment_count; i++) {
        free(files->experiments[i].rows);
    }
    free(files->experiments);
    swb__report_finish(&files->before);
    swb__report_finish(&files->after);
}

static int load(swb__report *out, swb_results *results, swb_error *error)
{
    int status = swb__store_snapshot(results->store, error);
    if (status == SWB_OK) {
        status = swb__report_load(out, results->store, error);
        swb__store_release(results->store);
    }
    return status;
}

static int check(const swb_compare_options *options, swb_format format, swb_error *error)
{
    if (format != SWB_FORMAT_TEXT && format != SWB_FORMAT_MARKDOWN && format != SWB_FORMAT_JSON) {
        return swb__fail(error, SWB_EINVAL, "a comparison is written as text, Markdown or JSON");
    }
    if (options->version != SWB_COMPARE_OPTIONS_VERSION) {
        return swb__fail(error, SWB_EINVAL, "compare options of version %u; this library knows %u",
                         options->version, SWB_COMPARE_OPTIONS_VERSION);
    }
    if (!(options->margin >= 0 && options->margin <= 10)) {
        return swb__fail(error, SWB_EINVAL, "margin is %g; it is a share over 0, such as 0.2",
                         options->margin);
    }
    if (options->confidence != 0 &&
        !(options->confidence >= 0.5 && options->confidence <= 0.9999)) {
        return swb__fail(error, SWB_EINVAL, "confidence is %g; it is from 0.5 to 0.9999",
                         options->confidence);
    }
    return SWB_OK;
}

int swb_results_compare(swb_compare_counts *counts_out, swb_results *before, swb_results *after,
                        const swb_compare_options *options, swb_format format, int fd,
                        swb_error *error)
{
    const swb_compare_options defaults = SWB_COMPARE_OPTIONS_INIT;
    swb__files files = {.experiments = NULL};
    swb__writer writer;
    if (before == NULL || after == NULL) {
        return swb__fail(error, SWB_EINVAL, "swb_results_compare: before and after are needed");
    }
    options = options == NULL ? &defaults : options;
    int status = check(options, format, error);
    if (status == SWB_OK) {
        status = load(&files.before, before, error);
    }
    if (status == SWB_OK) {
        status = load(&files.after, after, error);
    }
    if (status == SWB_OK) {
        status = swb__files_compare(&files, options, error);
    }
    if (status == SWB_OK) {
        swb__writer_init(&writer, fd);
        status = swb__files_write(&writer, &files, format, error);
        int written = swb__writer_finish(&writer, status == SWB_OK ? error : NULL);
        status = status == SWB_OK ? written : status;
    }
    if (status == SWB_OK && counts_out != NULL) {
        *counts_out = files.counts;
    }
    swb__files_finish(&files);
    return status;
}
