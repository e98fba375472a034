/*
 * A fuzz target: whatever the bytes, a page of metrics is read within bounds and to its end, and a
 * text with placeholders is filled in within its limit. Built as fuzz_experiment is:
 *   build/fuzz/tests/fuzz/fuzz_metrics CORPUS tests/fuzz/metrics
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/exec_metrics.h"
#include "drivers/exec_template.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void read_page(const char *page, size_t size)
{
    swb__metric_line line;
    const char *at = page;
    while (swb__metric_next(&line, &at, page + size)) {
        must(at <= page + size && isfinite(line.value));
        must(strlen(line.name) < sizeof line.name && line.bare_length <= strlen(line.name));
    }
    must(at == page + size);
}

static void fill_in(const char *text, size_t size)
{
    const swb_node node = {.name = "n", .address = "127.0.0.1", .home_dir = "/h"};
    swb__buffer out = SWB__BUFFER_INIT(4096);
    if (swb__template_check(text, size, NULL) == SWB_OK) {
        swb__template_fill(&out, text, size, &node);
        swb__template_lacks(text, size, &node);
        must(out.length <= 4096);
    }
    swb__buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* its end is one that a sanitizer guards */
    must(copy != NULL);
    memcpy(copy, data, size);
    read_page(copy, size);
    fill_in(copy, size);
    free(copy);
    return 0;
}
