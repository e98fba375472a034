/* What content is made of, and a cursor that makes it. */
#ifndef SWB_CONTENT_GENERATOR_H
#define SWB_CONTENT_GENERATOR_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/content.h>

#include "content/keystream.h"
#include "content/part.h"

#define SWB__PAGE_BYTES 4096

struct swb_content {
    uint64_t seed;
    uint64_t size_bytes; /* a part's own */
    EVP_CIPHER *cipher;  /* looked up once: that costs more than a read */
    uint8_t key[SWB__CONTENT_KEY_BYTES];
    swb__part *part; /* what this is of erasure-coded content; NULL: the whole content */
};

/*
 * One thread's cursor over content or a part of it. Reading on from where the last read ended costs
 * least. Ranges are asserted to lie within the content. What can fail gives SWB_ENOMEM.
 */
typedef struct swb__reader {
    const swb_content *content;
    swb__keystream stream;
} swb__reader;

int swb__reader_init(swb__reader *reader, const swb_content *content);
/* Also right after a failed init. */
void swb__reader_finish(swb__reader *reader);
int swb__reader_read(swb__reader *reader, uint64_t offset, void *buffer, size_t length);
/* SWB_EMISMATCH with `*bad_offset_out` set to the first offset that differs. */
int swb__reader_compare(uint64_t *bad_offset_out, swb__reader *reader, uint64_t offset,
                        const void *bytes, size_t length);

enum { SWB__CONTENT_TEXT_BYTES = 160 };
/* What content it is, for messages: "content of 100 bytes with seed 1". */
void swb__content_describe(char text[SWB__CONTENT_TEXT_BYTES], const swb_content *content);

/* Memory for a block of content, to be freed with free(); NULL where there is none. It begins at a
 * page: the kernel reads files into it up to three times as fast as to an odd address. `length` is
 * a multiple of SWB__PAGE_BYTES. */
void *swb__block_alloc(size_t length);

#endif
