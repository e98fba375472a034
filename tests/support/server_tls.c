#include "support/server_tls.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

void *test_tls_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = self_signed(key);
    bool fine = SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!fine) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

char *test_tls_certificate(void *context)
{
    char *pem = NULL;
    char *bytes = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio != NULL && PEM_write_bio_X509(bio, SSL_CTX_get0_certificate(context)) == 1) {
        long length = BIO_get_mem_data(bio, &bytes);
        pem = calloc(1, (size_t)length + 1);
        memcpy(pem, bytes, (size_t)length);
    }
    BIO_free(bio);
    return pem;
}

void test_tls_context_free(void *context)
{
    SSL_CTX_free(context);
}

void *test_tls_accept(void *context, int fd)
{
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    if (SSL_accept(tls) != 1) {
        SSL_free(tls);
        return NULL;
    }
    return tls;
}

void test_tls_free(void *tls)
{
    SSL_free(tls);
}

size_t test_tls_read(void *tls, void *buffer, size_t size)
{
    size_t got = 0;
    return SSL_read_ex(tls, buffer, size, &got) == 1 ? got : 0;
}

bool test_tls_write(void *tls, const void *bytes, size_t length)
{
    size_t written = 0;
    return SSL_write_ex(tls, bytes, length, &written) == 1;
}

void test_tls_goodbye(void *tls)
{
    SSL_shutdown(tls);
}
