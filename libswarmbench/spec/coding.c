/* `erasure:` of a mode: a content that moves as the parts of an erasure code. */
#include "spec/modes.h"

#include <stdio.h>

#include <swarmbench/erasure.h>

const char *swb__coder_name(swb__coder coder)
{
    static const char *const names[] = {"", "library", "storage-request"};
    return names[coder];
}

const char *swb__coding_text(char out[SWB__CODING_TEXT_SIZE], const swb__coding *coding)
{
    out[0] = '\0';
    if (coding->coder != SWB__CODER_NONE) {
        snprintf(out, SWB__CODING_TEXT_SIZE, "%u+%u by %s", coding->data_parts,
                 coding->parity_parts, swb__coder_name(coding->coder));
    }
    return out;
}

static const char *missing_number(const swb__coding *coding)
{
    return coding->data_parts == 0 ? "data" : coding->parity_parts == 0 ? "parity" : NULL;
}

static int check_library(const swb__coding *coding, swb__reader *reader, const yaml_node_t *node)
{
    if (coding->extra > coding->parity_parts) {
        return swb__refuse(reader, node,
                           "extra: %u parts beyond the %u that are needed, but only %u are left; "
                           "write at most extra: %u",
                           coding->extra, coding->data_parts, coding->parity_parts,
                           coding->parity_parts);
    }
    if (swb_erasure_library() == NULL) {
        return swb__refuse(reader, node,
                           "this library was built without erasure coding; build it with ISA-L "
                           "(package libisal-dev)");
    }
    return SWB_OK;
}

/* The bounds are those of the client's own code: Leopard needs 1 < k >= m. */
static int check_client(const swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    const swb__coding *coding = &mode->coding;
    for (size_t i = 0; i < mode->group_count; i++) {
        const swb_driver *driver = mode->groups[i].driver;
        if (!driver->codes) {
            return swb__refuse(reader, node,
                               "driver '%s' has no erasure coding of its own; write via: library, "
                               "which works over every driver",
                               driver->name);
        }
    }
    if (coding->data_parts < 2 || coding->data_parts < coding->parity_parts) {
        return swb__refuse(reader, node,
                           "data: %u, parity: %u cannot be coded by the client; data must be at "
                           "least 2 and not less than parity",
                           coding->data_parts, coding->parity_parts);
    }
    return SWB_OK;
}

int swb__read_coding(swb__mode *mode, const swb__fields *fields, swb__reader *reader,
                     const yaml_node_t *node)
{
    const swb_option_value *values = fields->values;
    bool by_client = values[SWB__CODING_VIA].integer != 0;
    if (node == NULL) {
        return SWB_OK;
    }
    mode->coding = (swb__coding){
        .coder = by_client ? SWB__CODER_CLIENT : SWB__CODER_LIBRARY,
        .data_parts = (uint32_t)values[SWB__CODING_DATA].integer,
        .parity_parts = (uint32_t)values[SWB__CODING_PARITY].integer,
        .data_first = values[SWB__CODING_PICK].integer != 0,
        .extra = (uint32_t)values[SWB__CODING_EXTRA].integer,
        .part_stall_ns = (uint64_t)values[SWB__CODING_PART_STALL].integer,
    };
    const char *missing = missing_number(&mode->coding);
    if (missing != NULL) {
        return swb__refuse(reader, node,
                           "'%s' is not given; write for example erasure: {data: 4, parity: 2}",
                           missing);
    }
    if (mode->coding.data_parts + mode->coding.parity_parts > SWB_ERASURE_MAX_PARTS) {
        return swb__refuse(
            reader, node, "data %u and parity %u are %u parts; a code has at most %d",
            mode->coding.data_parts, mode->coding.parity_parts,
            mode->coding.data_parts + mode->coding.parity_parts, SWB_ERASURE_MAX_PARTS);
    }
    return by_client ? check_client(mode, reader, node)
                     : check_library(&mode->coding, reader, node);
}
