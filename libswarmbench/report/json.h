/* The report as JSON. */
#ifndef SWB_REPORT_JSON_H
#define SWB_REPORT_JSON_H

#include "report/model.h"

#include "base/writer.h"

/* One object; fails as the store does. */
int swb__report_write_json(swb__writer *writer, const swb__report *report, swb__store *store,
                           swb_error *error);

/* The member "comparison" of an object; NULL: null. */
void swb__json_comparison(swb__writer *writer, const swb__comparison *comparison);

#endif
