/*
 * A server on 127.0.0.1 that a test scripts: each connection runs the script on a thread of its
 * own, and is closed where the script returns. A script must not assert: it has no test to fail.
 */
#ifndef SWB_TESTS_SERVER_H
#define SWB_TESTS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct test_server test_server;

typedef struct test_connection {
    test_server *server;
    void *argument; /* as given to the start */
    unsigned index; /* from 0, in the order of arrival */
    int fd;
    void *tls; /* NULL on a plain server */
} test_connection;

typedef void (*test_script)(test_connection *connection);

/* Ends the program where it cannot start. */
test_server *test_server_start(test_script script, void *argument);
/* With a certificate of its own that nobody signed. */
test_server *test_server_start_tls(test_script script, void *argument);
/* Its certificate as PEM, to be freed; its name is "test". */
char *test_server_certificate(const test_server *server);
uint16_t test_server_port(const test_server *server);
unsigned test_server_connections(test_server *server);
/* Breaks what is open, waits for the scripts and frees the server. */
void test_server_stop(test_server *server);

/* What came, at most `size` bytes; 0 where the connection ended. */
size_t test_read(test_connection *connection, void *buffer, size_t size);
bool test_write(test_connection *connection, const void *bytes, size_t length);
bool test_write_text(test_connection *connection, const char *text);
/* Returns once the peer has closed, or the server is stopped. */
void test_hang(test_connection *connection);
/* The end of the script resets the connection instead of closing it. */
void test_reset(test_connection *connection);
/* Ends TLS by its close_notify; without it the connection is merely closed. */
void test_goodbye(test_connection *connection);

/* An HTTP request as it came. */
typedef struct test_request {
    char *head; /* with its blank line, NUL-terminated */
    char *body; /* NUL-terminated */
    size_t body_length;
    int64_t began_ns; /* when its first bytes were read */
} test_request;

/* False where none came. Bodies are told by Content-Length. */
bool test_read_request(test_request *out, test_connection *connection);
void test_request_free(test_request *request);
/* "HTTP/1.1 STATUS", the headers (each with its CRLF), a Content-Length and the body. */
bool test_reply(test_connection *connection, const char *status, const char *headers,
                const char *body);

#endif
