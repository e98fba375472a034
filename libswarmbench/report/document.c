#include "report/document.h"

#include <string.h>

#include "base/utf8.h"

#define LINE_WIDTH 100

/* Length of the character at `at`, and what stands for it: itself, or something harmless. */
static size_t next_character(const char **shown_out, size_t *shown_length_out, const char *at)
{
    size_t length = swb__utf8_length(at);
    unsigned char first = (unsigned char)at[0];
    *shown_out = at;
    *shown_length_out = length;
    if (length == 0) {
        *shown_out = SWB__UTF8_REPLACEMENT;
        *shown_length_out = 3;
    } else if (first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)at[1] < 0xa0)) {
        *shown_out = " "; /* control characters, C1 included */
        *shown_length_out = 1;
    }
    return length == 0 ? 1 : length;
}

size_t swb__document_inline(swb__writer *writer, bool markdown, const char *text, size_t length)
{
    size_t width = 0;
    const char *end = text + length;
    while (text < end) {
        const char *shown;
        size_t shown_length;
        text += next_character(&shown, &shown_length, text);
        bool escaped = markdown && shown_length == 1 && strchr("\\|`*<>&[]~", shown[0]) != NULL;
        if (writer != NULL) {
            swb__writer_bytes(writer, "\\", escaped);
            swb__writer_bytes(writer, shown, shown_length);
        }
        width += 1 + escaped;
    }
    return width;
}

/* Breaks at spaces so that lines stay under LINE_WIDTH, later lines indented by `indent`. */
static void wrapped(swb__writer *writer, const char *text, size_t indent)
{
    size_t column = indent;
    while (*(text += strspn(text, " ")) != '\0') {
        size_t length = strcspn(text, " ");
        size_t width = swb__document_inline(NULL, false, text, length);
        if (column > indent && column + 1 + width > LINE_WIDTH) {
            swb__writer_printf(writer, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            swb__writer_text(writer, " ");
            column++;
        }
        column += swb__document_inline(writer, false, text, length);
        text += length;
    }
    swb__writer_text(writer, "\n");
}

static void block(swb__document *document, size_t indent, const char *text)
{
    if (document->markdown) {
        swb__document_inline(document->writer, true, text, strlen(text));
        swb__writer_text(document->writer, "\n");
    } else {
        wrapped(document->writer, text, indent);
    }
}

void swb__document_separate(swb__document *document)
{
    if (document->begun && (document->markdown || !document->after_heading)) {
        swb__writer_text(document->writer, "\n");
    }
    document->begun = true;
    document->after_heading = document->in_list = false;
}

void swb__document_heading(swb__document *document, int level, const char *text)
{
    swb__writer *writer = document->writer;
    swb__document_separate(document);
    if (document->markdown) {
        swb__writer_printf(writer, "%.*s ", level, "######");
    }
    size_t width = swb__document_inline(writer, document->markdown, text, strlen(text));
    swb__writer_text(writer, "\n");
    for (size_t i = 0; !document->markdown && i < width; i++) {
        swb__writer_text(writer, level == 1 ? "=" : "-");
    }
    swb__writer_text(writer, document->markdown ? "" : "\n");
    document->after_heading = true;
}

void swb__document_paragraph(swb__document *document, const char *text)
{
    swb__document_separate(document);
    block(document, 0, text);
}

void swb__document_item(swb__document *document, const char *text)
{
    if (!document->in_list) {
        swb__document_separate(document);
    }
    document->in_list = true;
    swb__writer_text(document->writer, "- ");
    block(document, 2, text);
}
