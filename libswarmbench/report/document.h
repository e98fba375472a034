/* A document written once, as text for a terminal, as Markdown or as HTML. */
#ifndef SWB_REPORT_DOCUMENT_H
#define SWB_REPORT_DOCUMENT_H

#include <stdbool.h>

#include "base/writer.h"

typedef enum swb__document_kind {
    SWB__DOCUMENT_TEXT,
    SWB__DOCUMENT_MARKDOWN,
    SWB__DOCUMENT_HTML, /* what stands in an element; the page around it is its caller's */
} swb__document_kind;

typedef struct swb__document {
    swb__writer *writer;
    swb__document_kind kind;
    bool begun;
    bool after_heading;
    bool in_list;
} swb__document;

/* Ends what is open and puts the empty line that stands between blocks; every block begins with it,
 * and an HTML document ends with it. */
void swb__document_separate(swb__document *document);

/* Texts may be of any length and hold any bytes: what a terminal would obey, and what Markdown
 * or HTML would take for markup, is made harmless. */
void swb__document_heading(swb__document *document, int level, const char *text);
void swb__document_paragraph(swb__document *document, const char *text);
/* One item of a list; items that follow each other are one list. */
void swb__document_item(swb__document *document, const char *text);

/* Writes text as one line of the document's kind; returns its width in characters. With a NULL
 * writer it only measures. */
size_t swb__document_inline(swb__writer *writer, swb__document_kind kind, const char *text,
                            size_t length);

#endif
