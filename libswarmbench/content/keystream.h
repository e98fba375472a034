/* The key stream that content is made of. */
#ifndef SWB_CONTENT_KEYSTREAM_H
#define SWB_CONTENT_KEYSTREAM_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#define SWB__CONTENT_KEY_BYTES 16

/* One thread's place in a key stream. Going on from where the last read ended costs no set-up.
 * What can fail gives SWB_ENOMEM. */
typedef struct swb__keystream {
    EVP_CIPHER_CTX *state;
    uint64_t next; /* the offset that the cipher stands at */
} swb__keystream;

int swb__keystream_init(swb__keystream *stream, const EVP_CIPHER *cipher, const uint8_t *key);
/* Also right after a failed init. */
void swb__keystream_finish(swb__keystream *stream);
int swb__keystream_read(swb__keystream *stream, uint64_t offset, void *buffer, size_t length);

#endif
