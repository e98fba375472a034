#include "host/hash.h"

#include <unistd.h>

#include <openssl/evp.h>

bool swb__hash_file(char hex[SWB__WIRE_HASH_SIZE], int fd)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char bytes[65536];
    unsigned length = 0;
    ssize_t got = 0;
    off_t at = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    while (good && (got = pread(fd, bytes, sizeof bytes, at)) > 0) {
        good = EVP_DigestUpdate(context, bytes, (size_t)got) == 1;
        at += got;
    }
    good = good && got == 0 && EVP_DigestFinal_ex(context, digest, &length) == 1;
    EVP_MD_CTX_free(context);
    for (unsigned i = 0; good && i < length; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[good ? 2 * length : 0] = '\0';
    return good;
}
