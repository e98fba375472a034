#include "kube/base64.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define MAX_BYTES ((size_t)1 << 30)

/* The letters alone; returns how many. */
static size_t squeeze(char *out, const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (!isspace((unsigned char)*text)) {
            out[length++] = *text;
        }
    }
    return length;
}

int swb__base64_decode(char **out, size_t *length_out, const char *text)
{
    size_t size = strlen(text);
    if (size >= MAX_BYTES) {
        return SWB_EINVAL;
    }
    char *letters = malloc(size + 1);
    char *bytes = malloc(size + 1);
    if (letters == NULL || bytes == NULL) {
        free(letters);
        free(bytes);
        return SWB_ENOMEM;
    }
    size_t count = squeeze(letters, text);
    int length = count == 0 ? 0
                            : EVP_DecodeBlock((unsigned char *)bytes,
                                              (const unsigned char *)letters, (int)count);
    /* OpenSSL counts the padding as bytes. */
    for (size_t i = 0; length > 0 && i < 2 && i < count && letters[count - 1 - i] == '='; i++) {
        length--;
    }
    free(letters);
    if (length < 0) {
        free(bytes);
        return SWB_EINVAL;
    }
    bytes[length] = '\0';
    *out = bytes;
    if (length_out != NULL) {
        *length_out = (size_t)length;
    }
    return SWB_OK;
}

int swb__base64_encode(char **out, const void *bytes, size_t length)
{
    if (length >= MAX_BYTES) {
        return SWB_EINVAL;
    }
    char *text = malloc((length + 2) / 3 * 4 + 1);
    if (text == NULL) {
        return SWB_ENOMEM;
    }
    text[EVP_EncodeBlock((unsigned char *)text, bytes, (int)length)] = '\0';
    *out = text;
    return SWB_OK;
}
