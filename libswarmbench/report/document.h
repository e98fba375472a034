/* A document written once, as text for a terminal or as Markdown. */
#ifndef SWB_REPORT_DOCUMENT_H
#define SWB_REPORT_DOCUMENT_H

#include <stdbool.h>

#include "base/writer.h"

typedef struct swb__document {
    swb__writer *writer;
    bool markdown;
    bool begun;
    bool after_heading;
    bool in_list;
} swb__document;

/* Puts the empty line that stands between blocks; every block begins with it. */
void swb__document_separate(swb__document *document);

/* Texts may be of any length and hold any bytes: what a terminal would obey, and what Markdown
 * would take for markup, is made harmless. */
void swb__document_heading(swb__document *document, int level, const char *text);
void swb__document_paragraph(swb__document *document, const char *text);
/* One item of a list; items that follow each other are one list. */
void swb__document_item(swb__document *document, const char *text);

/* Writes text as one line of the document's kind; returns its width in characters. With a NULL
 * writer it only measures. */
size_t swb__document_inline(swb__writer *writer, bool markdown, const char *text, size_t length);

#endif
