/* `faults:`, the list of what is done to nodes during a run. */
#include "spec/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "spec/read.h"
#include "spec/value.h"

/* Fractions and durations differ by their last character: "50%" and 0.5, but "30s". */
static bool is_fraction(const yaml_node_t *node)
{
    const char *text = swb__node_text(node);
    size_t length = strlen(text);
    return length == 0 || strchr("0123456789.%", text[length - 1]) != NULL;
}

static int read_moment(swb__fault_plan *fault, swb__reader *reader, const yaml_node_t *row)
{
    swb_option_value value;
    const yaml_node_t *at = swb__mapping_get(reader, row, "at");
    if (at == NULL) {
        return swb__refuse(reader, row, "this fault has no moment; write at: 50%% or at: 30s");
    }
    bool fraction = at->type != YAML_SCALAR_NODE || is_fraction(at);
    const swb_option *option =
        fraction ? &swb__fault_options.options[SWB__FAULT_AT] : &swb__fault_at_duration;
    int status = swb__read_value(&value, reader, option, at, "at");
    if (status == SWB_OK) {
        fault->at_fraction = fraction ? value.number : -1;
        fault->at_ns = (uint64_t)value.integer;
    }
    return status;
}

static int read_target(swb__fault_plan *fault, swb__reader *reader, const yaml_node_t *node)
{
    swb__fields fields = {.list = swb__target_options};
    int status = swb__expect(reader, node, YAML_MAPPING_NODE, "whom a fault hits",
                             "{role: seeder, count: 1}");
    if (status == SWB_OK) {
        status = swb__read_options(&fields, 1, NULL, reader, node);
    }
    if (status != SWB_OK) {
        return status;
    }
    bool by_count = fields.places[SWB__TARGET_COUNT].line != 0;
    bool by_fraction = fields.places[SWB__TARGET_FRACTION].line != 0;
    if (by_count == by_fraction) {
        return swb__refuse(reader, node,
                           "write either count or fraction, for example {role: seeder, count: 1}");
    }
    fault->role = (swb__fault_role)fields.values[SWB__TARGET_ROLE].integer;
    fault->count = (uint32_t)fields.values[SWB__TARGET_COUNT].integer;
    fault->fraction = fields.values[SWB__TARGET_FRACTION].number;
    return SWB_OK;
}

/* The one key of a row that says what is done. */
static int read_kind(swb__fault_plan *fault, swb__reader *reader, const yaml_node_t *row)
{
    const yaml_node_t *target = NULL;
    for (swb__member m = swb__members(reader, row); swb__next_member(&m);) {
        int kind = swb__choice_index(SWB__FAULT_KINDS, swb__node_text(m.key));
        if (kind >= 0 && target != NULL) {
            return swb__refuse(reader, m.key, "a row has one fault; begin another row for '%s'",
                               swb__node_text(m.key));
        }
        if (kind >= 0) {
            fault->kind = (swb__fault_kind)kind;
            target = m.value;
        }
    }
    if (target == NULL) {
        return swb__refuse(reader, row,
                           "this row has no fault; write one of kill, stop, restart, partition");
    }
    return read_target(fault, reader, target);
}

static int read_row(swb__fault_plan *out, swb__reader *reader, const yaml_node_t *row)
{
    /* `at` is read apart: it has two types. */
    swb__option_list but_at = {&swb__fault_options.options[SWB__FAULT_FOR], 1};
    swb__fields fields = {.list = but_at};
    swb__fault_plan fault = {0};
    int status = swb__expect(reader, row, YAML_MAPPING_NODE, "a fault",
                             "{at: 50%, kill: {role: seeder, count: 1}}");
    if (status == SWB_OK) {
        status = swb__read_options(&fields, 1, "at|" SWB__FAULT_KINDS, reader, row);
    }
    if (status == SWB_OK) {
        status = read_moment(&fault, reader, row);
    }
    if (status == SWB_OK) {
        status = read_kind(&fault, reader, row);
    }
    if (status != SWB_OK) {
        return status;
    }
    bool lasts = fault.kind == SWB__FAULT_STOP || fault.kind == SWB__FAULT_PARTITION;
    if (fields.places[0].line != 0 && !lasts) {
        return swb__refuse_place(reader, fields.places[0],
                                 "only stop and partition have an end; leave 'for' out");
    }
    fault.for_ns = (uint64_t)fields.values[0].integer;
    *out = fault;
    return SWB_OK;
}

int swb__read_faults(swb__fault_list **out, swb__reader *reader, const yaml_node_t *node)
{
    int status = swb__expect(reader, node, YAML_SEQUENCE_NODE, "faults",
                             "[{at: 50%, kill: {role: seeder, count: 1}}]");
    if (status != SWB_OK) {
        return status;
    }
    swb__fault_list *list = swb__arena_alloc(reader->arena, sizeof *list);
    if (list == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m); list->count++) {
        if (list->count == SWB__FAULTS_MAX) {
            return swb__refuse(reader, m.value, "more than %d faults", SWB__FAULTS_MAX);
        }
        list->places[list->count] = swb__place_of(m.value);
        status = read_row(&list->items[list->count], reader, m.value);
        if (status != SWB_OK) {
            return status;
        }
    }
    *out = list;
    return SWB_OK;
}

static size_t append_fault(char *out, size_t size, const swb__fault_plan *fault)
{
    char kind[16];
    char role[16];
    char whom[24];
    char at[24];
    char lasts[24] = "";
    swb__choice_at(kind, sizeof kind, SWB__FAULT_KINDS, (size_t)fault->kind);
    swb__choice_at(role, sizeof role, swb__target_options.options[SWB__TARGET_ROLE].choices,
                   (size_t)fault->role);
    if (fault->count != 0) {
        snprintf(whom, sizeof whom, "%" PRIu32, fault->count);
    } else {
        snprintf(whom, sizeof whom, "%.10g%%", fault->fraction * 100);
    }
    if (fault->at_fraction >= 0) {
        snprintf(at, sizeof at, "%.10g%%", fault->at_fraction * 100);
    } else {
        swb__format_exact_duration(at, sizeof at, fault->at_ns);
    }
    if (fault->for_ns != 0) {
        lasts[0] = '+';
        swb__format_exact_duration(lasts + 1, sizeof lasts - 1, fault->for_ns);
    }
    return (size_t)snprintf(out, size, "%s(%s,%s)@%s%s", kind, role, whom, at, lasts);
}

char *swb__faults_text(char *out, size_t size, const swb__fault_plan *faults, size_t count)
{
    size_t used = (size_t)snprintf(out, size, "%s", count == 0 ? "none" : "");
    for (size_t i = 0; i < count && used < size; i++) {
        if (i > 0) {
            used += (size_t)snprintf(out + used, size - used, ";");
        }
        used += used < size ? append_fault(out + used, size - used, &faults[i]) : 0;
    }
    return out;
}
