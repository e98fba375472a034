/* What content is made of, and a cursor that makes it. */
#ifndef SWB_CONTENT_GENERATOR_H
#define SWB_CONTENT_GENERATOR_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <swarmbench/content.h>

#define SWB__CONTENT_KEY_BYTES 16
#define SWB__PAGE_BYTES 4096

struct swb_content {
    uint64_t seed;
    uint64_t size_bytes;
    EVP_CIPHER *cipher; /* looked up once: that costs more than a read */
    uint8_t key[SWB__CONTENT_KEY_BYTES];
};

/*
 * One thread's cursor over content. Reading on from where the last read ended costs no set-up.
 * Ranges are asserted to lie within the content. What can fail gives SWB_ENOMEM.
 */
typedef struct swb__reader {
    const swb_content *content;
    EVP_CIPHER_CTX *state;
    uint64_t next; /* the offset that the cipher stands at */
} swb__reader;

int swb__reader_init(swb__reader *reader, const swb_content *content);
/* Also right after a failed init. */
void swb__reader_finish(swb__reader *reader);
int swb__reader_read(swb__reader *reader, uint64_t offset, void *buffer, size_t length);
/* SWB_EMISMATCH with `*bad_offset_out` set to the first offset that differs. */
int swb__reader_compare(uint64_t *bad_offset_out, swb__reader *reader, uint64_t offset,
                        const void *bytes, size_t length);

/* Memory for a block of content, to be freed with free(); NULL where there is none. It begins at a
 * page: the kernel reads files into it up to three times as fast as to an odd address. `length` is
 * a multiple of SWB__PAGE_BYTES. */
void *swb__block_alloc(size_t length);

#endif
