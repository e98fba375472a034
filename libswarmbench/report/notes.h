/* Notes: what the numbers of an experiment allow to say, in sentences. */
#ifndef SWB_REPORT_NOTES_H
#define SWB_REPORT_NOTES_H

#include "base/buffer.h"
#include "report/model.h"

/* Appends each note with a NUL behind it; the buffer keeps a failure. */
void swb__report_notes(swb__buffer *out, const swb__report *report,
                       const swb__report_experiment *experiment);

#endif
