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

/* What stands for a character that would be markup; NULL where it stands for itself. */
static const char *escape_of(swb__document_kind kind, char character)
{
    static const char html[][2] = {"&", "<", ">", "\"", "'"};
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    static const char markdown[] = "\\|`*<>&[]~";
    static const char *const escapes[] = {"\\\\", "\\|", "\\`", "\\*", "\\<",
                                          "\\>",  "\\&", "\\[", "\\]", "\\~"};
    if (kind == SWB__DOCUMENT_HTML) {
        for (size_t i = 0; i < sizeof html / sizeof html[0]; i++) {
            if (html[i][0] == character) {
                return entities[i];
            }
        }
    }
    const char *at = kind == SWB__DOCUMENT_MARKDOWN ? strchr(markdown, character) : NULL;
    return at != NULL ? escapes[at - markdown] : NULL;
}

size_t swb__document_inline(swb__writer *writer, swb__document_kind kind, const char *text,
                            size_t length)
{
    size_t width = 0;
    const char *end = text + length;
    while (text < end) {
        const char *shown;
        size_t shown_length;
        text += next_character(&shown, &shown_length, text);
        const char *escape = shown_length == 1 ? escape_of(kind, shown[0]) : NULL;
        if (writer != NULL && escape != NULL) {
            swb__writer_text(writer, escape);
        } else if (writer != NULL) {
            swb__writer_bytes(writer, shown, shown_length);
        }
        width += escape != NULL ? strlen(escape) : 1;
    }
    return width;
}

/* Breaks at spaces so that lines stay under LINE_WIDTH, later lines indented by `indent`. */
static void wrapped(swb__writer *writer, const char *text, size_t indent)
{
    size_t column = indent;
    while (*(text += strspn(text, " ")) != '\0') {
        size_t length = strcspn(text, " ");
        size_t width = swb__document_inline(NULL, SWB__DOCUMENT_TEXT, text, length);
        if (column > indent && column + 1 + width > LINE_WIDTH) {
            swb__writer_printf(writer, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            swb__writer_text(writer, " ");
            column++;
        }
        column += swb__document_inline(writer, SWB__DOCUMENT_TEXT, text, length);
        text += length;
    }
    swb__writer_text(writer, "\n");
}

/* HTML: an element with text in it. */
static void element(swb__document *document, const char *name, const char *text)
{
    swb__writer_printf(document->writer, "<%s>", name);
    swb__document_inline(document->writer, SWB__DOCUMENT_HTML, text, strlen(text));
    swb__writer_printf(document->writer, "</%s>\n", name);
}

static void block(swb__document *document, size_t indent, const char *text)
{
    if (document->kind == SWB__DOCUMENT_TEXT) {
        wrapped(document->writer, text, indent);
    } else {
        swb__document_inline(document->writer, document->kind, text, strlen(text));
        swb__writer_text(document->writer, "\n");
    }
}

void swb__document_separate(swb__document *document)
{
    bool markdown = document->kind == SWB__DOCUMENT_MARKDOWN;
    if (document->kind == SWB__DOCUMENT_HTML) {
        swb__writer_text(document->writer, document->in_list ? "</ul>\n" : "");
    } else if (document->begun && (markdown || !document->after_heading)) {
        swb__writer_text(document->writer, "\n");
    }
    document->begun = true;
    document->after_heading = document->in_list = false;
}

void swb__document_heading(swb__document *document, int level, const char *text)
{
    swb__writer *writer = document->writer;
    char name[3] = {'h', (char)('0' + level), '\0'};
    swb__document_separate(document);
    document->after_heading = true;
    if (document->kind == SWB__DOCUMENT_HTML) {
        element(document, name, text);
        return;
    }
    bool markdown = document->kind == SWB__DOCUMENT_MARKDOWN;
    if (markdown) {
        swb__writer_printf(writer, "%.*s ", level, "######");
    }
    size_t width = swb__document_inline(writer, document->kind, text, strlen(text));
    swb__writer_text(writer, "\n");
    for (size_t i = 0; !markdown && i < width; i++) {
        swb__writer_text(writer, level == 1 ? "=" : "-");
    }
    swb__writer_text(writer, markdown ? "" : "\n");
}

void swb__document_paragraph(swb__document *document, const char *text)
{
    swb__document_separate(document);
    if (document->kind == SWB__DOCUMENT_HTML) {
        element(document, "p", text);
    } else {
        block(document, 0, text);
    }
}

void swb__document_item(swb__document *document, const char *text)
{
    bool html = document->kind == SWB__DOCUMENT_HTML;
    if (!document->in_list) {
        swb__document_separate(document);
        swb__writer_text(document->writer, html ? "<ul>\n" : "");
    }
    document->in_list = true;
    if (html) {
        element(document, "li", text);
    } else {
        swb__writer_text(document->writer, "- ");
        block(document, 2, text);
    }
}
