/* Two results files against each other: what was before, and what came after. */
#ifndef SWB_REPORT_FILES_H
#define SWB_REPORT_FILES_H

#include "report/model.h"

#include "base/writer.h"

/* A mode in a cell that both files have. */
typedef struct swb__files_row {
    const swb__report_row *before;
    const swb__report_row *after;
    bool paired;
    swb__comparison comparison; /* its inputs are NULL */
} swb__files_row;

/* An experiment that both files have. */
typedef struct swb__files_experiment {
    const swb__report_experiment *before;
    const swb__report_experiment *after;
    double margin;
    double confidence;
    swb__files_row *rows;
    size_t row_count;
} swb__files_experiment;

typedef struct swb__files {
    swb__report before;
    swb__report after;
    swb__files_experiment *experiments;
    size_t experiment_count;
    swb_compare_counts counts;
} swb__files;

/* Both files' reports have been loaded into `files`. SWB_ENOENT where they share no experiment. */
int swb__files_compare(swb__files *files, const swb_compare_options *options, swb_error *error);
void swb__files_finish(swb__files *files);

/* files_write.c */
int swb__files_write(swb__writer *writer, const swb__files *files, swb_format format,
                     swb_error *error);

#endif
