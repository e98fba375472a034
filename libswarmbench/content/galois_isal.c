/* Built where ISA-L was found. It picks the processor's widest instructions by itself. */
#include "content/galois.h"

#include <stddef.h>

#include <isa-l.h>

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const swb__galois *swb__galois_find(void)
{
    static const swb__galois isal = {
        .name = "ISA-L " VERSION(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION),
        .cauchy_matrix = gf_gen_cauchy1_matrix,
        .invert = gf_invert_matrix,
        .make_tables = ec_init_tables,
        .multiply = ec_encode_data,
        .add_column = ec_encode_data_update,
    };
    return &isal;
}
