/* The TLS side of the test server. */
#ifndef SWB_TESTS_SERVER_TLS_H
#define SWB_TESTS_SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* A context with a fresh self-signed certificate; NULL on failure. */
void *test_tls_context(void);
/* Its certificate as PEM, to be freed; for "test", which is its name. */
char *test_tls_certificate(void *context);
void test_tls_context_free(void *context);
/* The server's side of a handshake; NULL where it fails. */
void *test_tls_accept(void *context, int fd);
void test_tls_free(void *tls);
size_t test_tls_read(void *tls, void *buffer, size_t size);
bool test_tls_write(void *tls, const void *bytes, size_t length);
/* Says goodbye (close_notify). */
void test_tls_goodbye(void *tls);

#endif
