#include "spec/matrix.h"

#include <inttypes.h>
#include <string.h>

#include "spec/read.h"
#include "spec/rows.h"

#define BIT(setting) (UINT64_C(1) << (setting))
#define EXCLUDES_MAX 1000
/* Cells times rows of `exclude`: some seconds. */
#define COMPARISONS_MAX UINT64_C(100000000)

static int read_excludes(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    int status =
        swb__expect(reader, node, YAML_SEQUENCE_NODE, "exclude", "[{file_size: 5GB, size: 32}]");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(node);
    experiment->exclude_place = swb__place_of(node);
    if (count > EXCLUDES_MAX) {
        return swb__refuse(reader, node, "%zu rows of exclude; at most %d", count, EXCLUDES_MAX);
    }
    experiment->excludes = swb__arena_array(reader->arena, count, sizeof *experiment->excludes);
    if (experiment->excludes == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        swb__rows *rows = &experiment->excludes[experiment->exclude_count];
        status = swb__expect(reader, m.value, YAML_MAPPING_NODE, "a row of exclude",
                             "{file_size: 5GB, size: 32}");
        if (status == SWB_OK) {
            status = swb__rows_read(rows, reader, "", m.value);
        }
        if (status != SWB_OK) {
            return status;
        }
        experiment->exclude_count++;
        if (rows->width == 0) {
            return swb__refuse(reader, m.value, "an empty row excludes every cell");
        }
    }
    return SWB_OK;
}

/* Each cell is compared with each alternative of each row. */
static int check_excludes(const swb_experiment *experiment, swb__reader *reader)
{
    uint64_t points = swb__matrix_points(experiment);
    uint64_t rows = 0;
    for (size_t i = 0; i < experiment->exclude_count; i++) {
        rows += experiment->excludes[i].count;
    }
    if (rows > COMPARISONS_MAX / points) {
        return swb__refuse_place(reader, experiment->exclude_place,
                                 "'exclude' expands to %" PRIu64 " rows, too many for %" PRIu64
                                 " cells; their product is at most 10^8",
                                 rows, points);
    }
    return SWB_OK;
}

int swb__read_matrix(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    if (node == NULL) {
        return SWB_OK;
    }
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, "matrix", "{size: [2, 8, 16]}");
    for (swb__member m = swb__members(reader, node); status == SWB_OK && swb__next_member(&m);) {
        if (strcmp(swb__node_text(m.key), "exclude") == 0) {
            status = read_excludes(experiment, reader, m.value);
        } else {
            status = swb__read_axis(experiment, reader, m.key, m.value);
        }
    }
    return status != SWB_OK ? status : check_excludes(experiment, reader);
}

void swb__matrix_finish(swb_experiment *experiment)
{
    for (size_t i = 0; i < experiment->axis_count; i++) {
        swb__rows_finish(&experiment->axes[i].rows);
    }
    for (size_t i = 0; i < experiment->exclude_count; i++) {
        swb__rows_finish(&experiment->excludes[i]);
    }
}

static int add_order(swb_experiment *experiment, uint64_t *seen, swb__reader *reader,
                     const yaml_node_t *node)
{
    int status = swb__expect(reader, node, YAML_SCALAR_NODE, "an item of order.by", "file_size");
    if (status != SWB_OK) {
        return status;
    }
    int setting = swb__setting_find("", swb__node_text(node));
    if (setting < 0) {
        swb__names names = {{NULL}, 0};
        char paths[SWB__SETTING_COUNT][64];
        for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
            swb__names_add(&names, swb__setting_path(paths[id], sizeof paths[id], id));
        }
        return swb__refuse_unknown(reader, node, "setting", &names);
    }
    if (setting == SWB__FAULTS) {
        return swb__refuse(reader, node, "faults have no order to sort by");
    }
    if (*seen & BIT(setting)) {
        return swb__refuse(reader, node, "'%s' stands here already", swb__node_text(node));
    }
    *seen |= BIT(setting);
    experiment->order_by[experiment->order_by_count++] = (uint8_t)setting;
    return SWB_OK;
}

int swb__read_order(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    if (node == NULL) {
        return SWB_OK;
    }
    swb__fields fields = {.list = swb__order_options};
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, "order",
                             "{by: [file_size, size], modes: shuffled}");
    if (status == SWB_OK) {
        status = swb__read_options(&fields, 1, "by", reader, node);
    }
    if (status != SWB_OK) {
        return status;
    }
    experiment->modes_listed = fields.values[0].integer != 0;
    const yaml_node_t *by = swb__mapping_get(reader, node, "by");
    if (by == NULL) {
        return SWB_OK;
    }
    status = swb__expect(reader, by, YAML_SEQUENCE_NODE, "order.by", "[file_size, size]");
    uint64_t seen = 0;
    for (swb__member m = swb__members(reader, by); status == SWB_OK && swb__next_member(&m);) {
        status = add_order(experiment, &seen, reader, m.value);
    }
    return status;
}
