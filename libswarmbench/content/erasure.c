/* The code and its inverse, block for block. */
#include "content/erasure.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct swb_erasure_decoder {
    const swb__galois *galois;
    uint32_t data_parts;
    uint32_t missing_count;
    uint32_t missing[SWB_ERASURE_MAX_PARTS];
    uint8_t *tables; /* of the rows that give the missing parts */
};

const char *swb_erasure_library(void)
{
    const swb__galois *galois = swb__galois_find();
    return galois == NULL ? NULL : galois->name;
}

uint64_t swb_erasure_part_bytes(uint64_t content_bytes, uint32_t data_parts)
{
    if (data_parts == 0) {
        return 0;
    }
    uint64_t bytes = content_bytes / data_parts + (content_bytes % data_parts != 0);
    return (bytes + SWB_ERASURE_UNIT_BYTES - 1) / SWB_ERASURE_UNIT_BYTES * SWB_ERASURE_UNIT_BYTES;
}

int swb__erasure_check(const swb__galois **out, uint32_t data_parts, uint32_t parity_parts,
                       swb_error *error)
{
    if (data_parts == 0 || parity_parts == 0 ||
        (uint64_t)data_parts + parity_parts > SWB_ERASURE_MAX_PARTS) {
        return swb__fail(error, SWB_EINVAL,
                         "erasure coding with %" PRIu32 " data and %" PRIu32
                         " parity parts: there must be 1 or more of each and at most %d together",
                         data_parts, parity_parts, SWB_ERASURE_MAX_PARTS);
    }
    const swb__galois *galois = swb__galois_find();
    if (galois == NULL) {
        return swb__fail(error, SWB_EUNSUPPORTED,
                         "this build has no erasure coding: install ISA-L (Debian: libisal-dev) "
                         "and build swarmbench again");
    }
    *out = galois;
    return SWB_OK;
}

int swb__erasure_check_index(uint32_t data_parts, uint32_t parity_parts, uint32_t index,
                             swb_error *error)
{
    uint32_t parts = data_parts + parity_parts;
    return index < parts ? SWB_OK
                         : swb__fail(error, SWB_EINVAL,
                                     "there is no part %" PRIu32 ": %" PRIu32 "+%" PRIu32
                                     " has the parts 0 to %" PRIu32,
                                     index, data_parts, parity_parts, parts - 1);
}

int swb_erasure_create(swb_erasure **out, uint32_t data_parts, uint32_t parity_parts,
                       swb_error *error)
{
    const swb__galois *galois = NULL;
    int status = swb__erasure_check(&galois, data_parts, parity_parts, error);
    if (status != SWB_OK) {
        return status;
    }
    size_t data = data_parts;
    size_t parity = parity_parts;
    swb_erasure *erasure = calloc(1, sizeof *erasure);
    if (erasure == NULL) {
        return swb__fail_nomem(error);
    }
    *erasure = (swb_erasure){galois, data_parts, parity_parts, malloc((data + parity) * data),
                             malloc(parity * data * SWB__GALOIS_TABLE_BYTES)};
    if (erasure->matrix == NULL || erasure->tables == NULL) {
        swb_erasure_destroy(erasure);
        return swb__fail_nomem(error);
    }
    galois->cauchy_matrix(erasure->matrix, (int)(data + parity), (int)data);
    galois->make_tables((int)data, (int)parity, erasure->matrix + data * data, erasure->tables);
    *out = erasure;
    return SWB_OK;
}

void swb_erasure_destroy(swb_erasure *erasure)
{
    if (erasure != NULL) {
        free(erasure->matrix);
        free(erasure->tables);
        free(erasure);
    }
}

uint32_t swb_erasure_data_parts(const swb_erasure *erasure)
{
    return erasure->data_parts;
}

uint32_t swb_erasure_parity_parts(const swb_erasure *erasure)
{
    return erasure->parity_parts;
}

int swb_erasure_encode(const swb_erasure *erasure, uint8_t *const *parity,
                       const uint8_t *const *data, size_t length)
{
    if (length > INT_MAX) {
        return SWB_EINVAL;
    }
    erasure->galois->multiply((int)length, (int)erasure->data_parts, (int)erasure->parity_parts,
                              erasure->tables, (uint8_t **)data, (uint8_t **)parity);
    return SWB_OK;
}

static int check_indices(const swb_erasure *erasure, const uint32_t *indices, size_t count,
                         swb_error *error)
{
    bool seen[SWB_ERASURE_MAX_PARTS] = {false};
    if (count != erasure->data_parts) {
        return swb__fail(error, SWB_EINVAL,
                         "%zu parts were given: %" PRIu32 "+%" PRIu32 " is decoded from %" PRIu32,
                         count, erasure->data_parts, erasure->parity_parts, erasure->data_parts);
    }
    for (size_t i = 0; i < count; i++) {
        int status =
            swb__erasure_check_index(erasure->data_parts, erasure->parity_parts, indices[i], error);
        if (status != SWB_OK) {
            return status;
        }
        if (seen[indices[i]]) {
            return swb__fail(error, SWB_EINVAL, "part %" PRIu32 " was given twice", indices[i]);
        }
        seen[indices[i]] = true;
    }
    return SWB_OK;
}

static void find_missing(swb_erasure_decoder *decoder, const uint32_t *given)
{
    bool seen[SWB_ERASURE_MAX_PARTS] = {false};
    for (uint32_t i = 0; i < decoder->data_parts; i++) {
        seen[given[i]] = true;
    }
    for (uint32_t i = 0; i < decoder->data_parts; i++) {
        if (!seen[i]) {
            decoder->missing[decoder->missing_count++] = i;
        }
    }
}

/* The given parts are their rows of the matrix times the data. So the data are the inverse of
 * those rows times the parts, and what is missing needs its rows of the inverse only. */
static int invert(swb_erasure_decoder *decoder, const uint8_t *matrix, const uint32_t *given)
{
    size_t size = decoder->data_parts;
    int status = SWB_ENOMEM;
    uint8_t *rows = malloc(size * size);
    uint8_t *inverse = malloc(size * size);
    decoder->tables = malloc(decoder->missing_count * size * SWB__GALOIS_TABLE_BYTES);
    if (rows == NULL || inverse == NULL || decoder->tables == NULL) {
        goto out;
    }
    for (size_t i = 0; i < size; i++) {
        memcpy(rows + i * size, matrix + given[i] * size, size);
    }
    int singular = decoder->galois->invert(rows, inverse, (int)size);
    assert(singular == 0); /* there are no such rows in a Cauchy matrix */
    (void)singular;
    for (size_t i = 0; i < decoder->missing_count; i++) {
        memcpy(rows + i * size, inverse + decoder->missing[i] * size, size);
    }
    decoder->galois->make_tables((int)size, (int)decoder->missing_count, rows, decoder->tables);
    status = SWB_OK;
out:
    free(rows);
    free(inverse);
    return status;
}

int swb_erasure_decoder_create(swb_erasure_decoder **out, const swb_erasure *erasure,
                               const uint32_t *indices, size_t count, swb_error *error)
{
    int status = check_indices(erasure, indices, count, error);
    if (status != SWB_OK) {
        return status;
    }
    swb_erasure_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        return swb__fail_nomem(error);
    }
    decoder->galois = erasure->galois;
    decoder->data_parts = erasure->data_parts;
    find_missing(decoder, indices);
    if (decoder->missing_count > 0 && invert(decoder, erasure->matrix, indices) != SWB_OK) {
        swb_erasure_decoder_destroy(decoder);
        return swb__fail_nomem(error);
    }
    *out = decoder;
    return SWB_OK;
}

void swb_erasure_decoder_destroy(swb_erasure_decoder *decoder)
{
    if (decoder != NULL) {
        free(decoder->tables);
        free(decoder);
    }
}

size_t swb_erasure_decoder_missing(const uint32_t **indices_out, const swb_erasure_decoder *decoder)
{
    if (indices_out != NULL) {
        *indices_out = decoder->missing;
    }
    return decoder->missing_count;
}

int swb_erasure_decode(const swb_erasure_decoder *decoder, uint8_t *const *missing,
                       const uint8_t *const *given, size_t length)
{
    if (length > INT_MAX) {
        return SWB_EINVAL;
    }
    if (decoder->missing_count > 0) {
        decoder->galois->multiply((int)length, (int)decoder->data_parts,
                                  (int)decoder->missing_count, decoder->tables, (uint8_t **)given,
                                  (uint8_t **)missing);
    }
    return SWB_OK;
}
