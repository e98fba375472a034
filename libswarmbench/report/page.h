/* The report as one HTML page that needs nothing else: style, charts and what draws them are in it.
 */
#ifndef SWB_REPORT_PAGE_H
#define SWB_REPORT_PAGE_H

#include "report/document.h"
#include "report/model.h"

/* What stands before and after the documents of a page. */
void swb__page_begin(swb__writer *writer, const char *title);
void swb__page_end(swb__writer *writer);

/* The charts of an experiment, under a heading; where nothing can draw them, how to get that. */
int swb__page_charts(swb__document *document, const swb__report *report,
                     const swb__report_experiment *experiment, swb__store *store, swb_error *error);

#endif
