/* report/document and table: the same content for a terminal and as Markdown, whatever it holds. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "report/format.h"
#include "report/table.h"
#include "support/golden.h"

#include <math.h>

typedef struct test_sheet {
    int fd;
    swb__writer writer;
    swb__document document;
} test_sheet;

static void sheet_begin(test_sheet *sheet, swb__document_kind kind)
{
    sheet->fd = golden_open();
    swb__writer_init(&sheet->writer, sheet->fd);
    sheet->document = (swb__document){.writer = &sheet->writer, .kind = kind};
}

static void assert_sheet(test_sheet *sheet, const char *wanted)
{
    assert_int_equal(swb__writer_finish(&sheet->writer, NULL), SWB_OK);
    char *text = golden_take(sheet->fd);
    assert_string_equal(text, wanted);
    free(text);
}

static void write_table(test_sheet *sheet, swb__document_kind kind)
{
    static const char *const titles[] = {"name", ">n", "note", NULL};
    swb__table table;
    sheet_begin(sheet, kind);
    swb__table_begin(&table, "a & b", titles);
    swb__table_group(&table, "a|group");
    swb__table_cell(&table, "\xc3\xa4\xc3\xb6");
    swb__table_cell(&table, "7");
    swb__table_cell(&table, "x | y");
    swb__table_cell(&table, "longer");
    swb__table_cell(&table, "1000");
    swb__table_cell(&table, "");
    assert_int_equal(swb__table_end(&table, &sheet->document), SWB_OK);
}

static void columns_are_aligned_by_characters(void **state)
{
    (void)state;
    test_sheet sheet;
    write_table(&sheet, SWB__DOCUMENT_TEXT);
    assert_sheet(&sheet, "  name       n  note\n"
                         "a|group\n"
                         "  \xc3\xa4\xc3\xb6         7  x | y\n"
                         "  longer  1000\n");
}

static void markdown_tables_escape_what_would_end_a_cell(void **state)
{
    (void)state;
    test_sheet sheet;
    write_table(&sheet, SWB__DOCUMENT_MARKDOWN);
    assert_sheet(&sheet, "| name   |    n | note   |\n"
                         "|---|---:|---|\n"
                         "| **a\\|group** | | |\n"
                         "| \xc3\xa4\xc3\xb6     |    7 | x \\| y |\n"
                         "| longer | 1000 |        |\n");
}

static void control_characters_never_reach_the_terminal(void **state)
{
    (void)state;
    test_sheet sheet;
    sheet_begin(&sheet, SWB__DOCUMENT_TEXT);
    swb__document_heading(&sheet.document, 2, "a\x1b[31m\x7f\xc2\x9b\xff\nb");
    assert_sheet(&sheet, "a [31m  \xef\xbf\xbd b\n-----------\n");
}

static void paragraphs_are_wrapped_and_lists_indented(void **state)
{
    (void)state;
    test_sheet sheet;
    char words[240] = "";
    for (int i = 0; i < 23; i++) {
        memcpy(words + strlen(words), "ninechars ", 11);
    }
    sheet_begin(&sheet, SWB__DOCUMENT_TEXT);
    swb__document_item(&sheet.document, words);
    swb__document_item(&sheet.document, "end");
    assert_int_equal(swb__writer_finish(&sheet.writer, NULL), SWB_OK);
    char *text = golden_take(sheet.fd);
    size_t longest = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        longest = strlen(line) > longest ? strlen(line) : longest;
        assert_true(strncmp(line, "- ", 2) == 0 || strncmp(line, "  n", 3) == 0);
    }
    assert_true(longest > 80 && longest <= 100);
    free(text);
}

static void times_share_the_unit_of_their_median(void **state)
{
    (void)state;
    assert_string_equal(swb__text_time(1.2345e9).text, "1.23 s");
    assert_string_equal(swb__text_time(9.9996e8).text, "1.00 s");
    assert_string_equal(swb__text_time(4.2e7).text, "42.0 ms");
    assert_string_equal(swb__text_time(1.5e11).text, "150 s");
    assert_string_equal(swb__text_time(NAN).text, "-");
    assert_string_equal(swb__text_time(INFINITY).text, "failed");
    assert_string_equal(swb__text_time_interval(1.05e9, (swb__interval){9.5e8, 12.25e9}).text,
                        "1.05 [0.95, 12.2] s");
    assert_string_equal(swb__text_time_interval(1.05e9, (swb__interval){9.5e8, INFINITY}).text,
                        "1.05 [0.95, inf] s");
    assert_string_equal(swb__text_time_interval(1.05e9, (swb__interval){NAN, NAN}).text, "1.05 s");
    assert_string_equal(swb__text_percent(0.0187).text, "1.9 %");
    assert_string_equal(swb__text_percent(0.2).text, "20 %");
}

static void html_holds_no_markup_but_its_own(void **state)
{
    (void)state;
    test_sheet sheet;
    sheet_begin(&sheet, SWB__DOCUMENT_HTML);
    swb__document_heading(&sheet.document, 2, "a <b> & \"c\"");
    swb__document_paragraph(&sheet.document, "it's\x1b[1m \xff");
    swb__document_item(&sheet.document, "one");
    swb__document_item(&sheet.document, "</li><script>");
    swb__document_separate(&sheet.document);
    assert_sheet(&sheet, "<h2>a &lt;b&gt; &amp; &quot;c&quot;</h2>\n"
                         "<p>it&#39;s [1m \xef\xbf\xbd</p>\n"
                         "<ul>\n<li>one</li>\n<li>&lt;/li&gt;&lt;script&gt;</li>\n</ul>\n");
}

static void html_tables_have_a_caption_and_heads(void **state)
{
    (void)state;
    test_sheet sheet;
    write_table(&sheet, SWB__DOCUMENT_HTML);
    assert_sheet(&sheet,
                 "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"a &amp; b\">"
                 "<table><caption>a &amp; b</caption>\n"
                 "<thead><tr><th scope=\"col\">name</th><th scope=\"col\" class=\"number\">n</th>"
                 "<th scope=\"col\">note</th></tr></thead>\n<tbody></tbody>\n"
                 "<tbody><tr><th scope=\"rowgroup\" class=\"group\" colspan=\"3\">a|group</th>"
                 "</tr>\n"
                 "<tr><th scope=\"row\">\xc3\xa4\xc3\xb6</th><td class=\"number\">7</td>"
                 "<td>x | y</td></tr>\n"
                 "<tr><th scope=\"row\">longer</th><td class=\"number\">1000</td><td></td></tr>\n"
                 "</tbody></table></div>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_by_characters),
        cmocka_unit_test(html_holds_no_markup_but_its_own),
        cmocka_unit_test(html_tables_have_a_caption_and_heads),
        cmocka_unit_test(markdown_tables_escape_what_would_end_a_cell),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(paragraphs_are_wrapped_and_lists_indented),
        cmocka_unit_test(times_share_the_unit_of_their_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
