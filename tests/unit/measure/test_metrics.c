/* measure/metrics: the page of the project that tells what each metric means is the table's. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "measure/metrics.h"
#include "support/golden.h"

static void page_of_metrics_is_up_to_date(void **state)
{
    (void)state;
    int fd = golden_open();
    swb__writer writer;
    swb__writer_init(&writer, fd);
    swb__metrics_write_page(&writer);
    assert_int_equal(swb__writer_finish(&writer, NULL), SWB_OK);
    char *page = golden_take(fd);
    golden_compare("docs/metrics.md", page);
    free(page);
}

static void every_metric_is_defined_in_one_sentence(void **state)
{
    (void)state;
    size_t count = 0;
    for (const swb__metric *metric; (metric = swb__metric_at(count)) != NULL; count++) {
        size_t length = strlen(metric->definition);
        assert_true(length > 0 && metric->definition[length - 1] == '.');
        assert_non_null(metric->unit);
        assert_null(strchr(metric->definition, '|'));
    }
    assert_true(count > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_of_metrics_is_up_to_date),
        cmocka_unit_test(every_metric_is_defined_in_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
