#include "report/page.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "report/assets.h"
#include "report/chart.h"

/* A page has all charts at once: fewer rows than one alone would have. */
#define PAGE_ROWS_MAX 2000
#define PAGE_SCHEMA 6
#define SCRIPTS 4

const char *swb_page_library(void)
{
    return swb__asset_versions[0] != '\0' ? swb__asset_versions : NULL;
}

/* The scripts in their order, without the comment at the end that names a file of the packages. */
static const char *script_at(size_t *length_out, size_t index)
{
    const char *const scripts[SCRIPTS] = {swb__asset_vega, swb__asset_vega_lite,
                                          swb__asset_vega_embed, swb__asset_script};
    static const char comment[] = "\n//# sourceMappingURL=";
    const char *script = scripts[index];
    const char *end = script;
    for (const char *at = script; (at = strstr(at, comment)) != NULL; at++) {
        end = at;
    }
    *length_out = end > script ? (size_t)(end - script) : strlen(script);
    return script;
}

/* A script is allowed by its hash: nothing that a results file may hold can become one. */
static void write_hash(swb__writer *writer, const char *text, size_t length)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char encoded[2 * EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0;
    if (EVP_Digest(text, length, digest, &digest_length, EVP_sha256(), NULL) == 1) {
        EVP_EncodeBlock(encoded, digest, (int)digest_length);
        swb__writer_printf(writer, " 'sha256-%s'", (const char *)encoded);
    }
}

static void write_policy(swb__writer *writer)
{
    swb__writer_text(writer, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                             "'none'; script-src");
    for (size_t i = 0; swb_page_library() != NULL && i < SCRIPTS; i++) {
        size_t length;
        const char *script = script_at(&length, i);
        write_hash(writer, script, length);
    }
    if (swb_page_library() == NULL) {
        swb__writer_text(writer, " 'none'");
    }
    /* The charts' menus bring their style with them. */
    swb__writer_text(writer, "; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
                             "form-action 'none'\">\n");
}

void swb__page_begin(swb__writer *writer, const char *title)
{
    swb__writer_text(writer, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                             "<meta charset=\"utf-8\">\n");
    write_policy(writer);
    swb__writer_text(writer,
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    swb__document_inline(writer, SWB__DOCUMENT_HTML, title, strlen(title));
    swb__writer_text(writer, "</title>\n<style>\n");
    swb__writer_text(writer, swb__asset_style);
    swb__writer_text(writer, "</style>\n</head>\n<body>\n<main>\n");
}

void swb__page_end(swb__writer *writer)
{
    swb__writer_text(writer, "</main>\n");
    if (swb_page_library() != NULL) {
        swb__writer_text(writer, "<!--\nThe charts are drawn by what follows.\n\n");
        swb__writer_text(writer, swb__asset_licenses);
        swb__writer_text(writer, "-->\n");
        for (size_t i = 0; i < SCRIPTS; i++) {
            size_t length;
            const char *script = script_at(&length, i);
            swb__writer_text(writer, "<script>");
            swb__writer_bytes(writer, script, length);
            swb__writer_text(writer, "</script>\n");
        }
    }
    swb__writer_text(writer, "</body>\n</html>\n");
}

static int write_chart(swb__document *document, const swb__chart_kind *kind,
                       const swb__report *report, const swb__report_experiment *experiment,
                       swb__store *store, swb_error *error)
{
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    swb__writer *writer = document->writer;
    options.rows_max = PAGE_ROWS_MAX;
    swb__document_heading(document, 3, kind->info.title);
    swb__writer_printf(writer,
                       "<figure class=\"chart\" data-chart=\"%s\">\n"
                       "<div class=\"plot\"></div>\n<figcaption>",
                       kind->info.name);
    swb__document_inline(writer, SWB__DOCUMENT_HTML, kind->info.description,
                         strlen(kind->info.description));
    swb__writer_text(writer, "</figcaption>\n<script type=\"application/json\">");
    writer->in_html = true;
    writer->has_member = 0; /* the chart before is no part of the same JSON */
    int status =
        swb__chart_write(writer, kind, report, experiment, &options, PAGE_SCHEMA, store, error);
    writer->in_html = false;
    swb__writer_text(writer, "</script>\n</figure>\n");
    return status;
}

static bool any_compared(const swb__report *report, const swb__report_experiment *experiment)
{
    for (size_t i = 0; i < experiment->row_count; i++) {
        if (report->rows[experiment->first_row + i].compared) {
            return true;
        }
    }
    return false;
}

int swb__page_charts(swb__document *document, const swb__report *report,
                     const swb__report_experiment *experiment, swb__store *store, swb_error *error)
{
    const swb__chart_kind *kind;
    int status = SWB_OK;
    swb__document_heading(document, 2, "Charts");
    if (swb_page_library() == NULL) {
        swb__document_paragraph(
            document,
            "This page has no charts: the swarmbench that wrote it was built without what draws "
            "them. 'examples/install-npm.sh' of its sources fetches that; build it again then, and "
            "write the page once more. 'swarmbench chart' writes each chart as a Vega-Lite "
            "specification in any case, for JupyterLab, Altair and other programs.");
        return SWB_OK;
    }
    swb__writer_text(document->writer, "<noscript><p>The charts need JavaScript; everything that "
                                       "they show is in the tables, too.</p></noscript>\n");
    for (size_t i = 0; status == SWB_OK && (kind = swb__chart_kind_at(i)) != NULL; i++) {
        if (!kind->compared_only || any_compared(report, experiment)) {
            status = write_chart(document, kind, report, experiment, store, error);
        }
    }
    return status;
}
