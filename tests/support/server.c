/* accept4() */
#define _GNU_SOURCE
#include "support/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/server_tls.h"

#define MAX_CONNECTIONS 256

struct served {
    test_connection connection;
    pthread_t thread;
};

struct test_server {
    test_script script;
    void *argument;
    void *tls_context;
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    bool stopping;
    unsigned count;
    struct served *served[MAX_CONNECTIONS];
};

static void die(const char *what)
{
    perror(what);
    abort();
}

static void *serve(void *argument)
{
    struct served *served = argument;
    test_connection *connection = &served->connection;
    test_server *server = connection->server;
    if (server->tls_context != NULL) {
        connection->tls = test_tls_accept(server->tls_context, connection->fd);
    }
    if (server->tls_context == NULL || connection->tls != NULL) {
        server->script(connection);
    }
    test_tls_free(connection->tls);
    pthread_mutex_lock(&server->lock);
    close(connection->fd);
    connection->fd = -1;
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void add(test_server *server, int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct served *served = calloc(1, sizeof *served);
    pthread_mutex_lock(&server->lock);
    if (served == NULL || server->stopping || server->count == MAX_CONNECTIONS) {
        close(fd);
        free(served);
    } else {
        served->connection = (test_connection){
            .server = server, .argument = server->argument, .index = server->count, .fd = fd};
        server->served[server->count++] = served;
        if (pthread_create(&served->thread, NULL, serve, served) != 0) {
            die("pthread_create");
        }
    }
    pthread_mutex_unlock(&server->lock);
}

static void *listen_on(void *argument)
{
    test_server *server = argument;
    int fd;
    while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        add(server, fd);
    }
    return NULL;
}

static test_server *start(test_script script, void *argument, void *tls_context)
{
    test_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server == NULL) {
        die("calloc");
    }
    /* A client that went away must not end the test program: TLS writes without MSG_NOSIGNAL. */
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    server->script = script;
    server->argument = argument;
    server->tls_context = tls_context;
    pthread_mutex_init(&server->lock, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->fd, 128) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &length) != 0) {
        die("listen");
    }
    server->port = ntohs(address.sin_port);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before); /* its threads inherit it */
    if (pthread_create(&server->thread, NULL, listen_on, server) != 0) {
        die("pthread_create");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return server;
}

test_server *test_server_start(test_script script, void *argument)
{
    return start(script, argument, NULL);
}

test_server *test_server_start_tls(test_script script, void *argument)
{
    void *context = test_tls_context();
    if (context == NULL) {
        die("TLS context");
    }
    return start(script, argument, context);
}

char *test_server_certificate(const test_server *server)
{
    return test_tls_certificate(server->tls_context);
}

uint16_t test_server_port(const test_server *server)
{
    return server->port;
}

unsigned test_server_connections(test_server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

void test_server_stop(test_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    for (unsigned i = 0; i < server->count; i++) {
        if (server->served[i]->connection.fd >= 0) {
            shutdown(server->served[i]->connection.fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->lock);
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
    for (unsigned i = 0; i < server->count; i++) {
        pthread_join(server->served[i]->thread, NULL);
        free(server->served[i]);
    }
    test_tls_context_free(server->tls_context);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

size_t test_read(test_connection *connection, void *buffer, size_t size)
{
    if (connection->tls != NULL) {
        return test_tls_read(connection->tls, buffer, size);
    }
    ssize_t got = recv(connection->fd, buffer, size, 0);
    return got > 0 ? (size_t)got : 0;
}

bool test_write(test_connection *connection, const void *bytes, size_t length)
{
    const char *at = bytes;
    if (connection->tls != NULL) {
        return test_tls_write(connection->tls, bytes, length);
    }
    while (length > 0) {
        ssize_t sent = send(connection->fd, at, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

bool test_write_text(test_connection *connection, const char *text)
{
    return test_write(connection, text, strlen(text));
}

void test_hang(test_connection *connection)
{
    char ignored[4096];
    while (test_read(connection, ignored, sizeof ignored) > 0) {
    }
}

void test_reset(test_connection *connection)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void test_goodbye(test_connection *connection)
{
    test_tls_goodbye(connection->tls);
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static size_t announced_length(const char *head)
{
    for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, "Content-Length:", 15) == 0) {
            return strtoul(line + 16, NULL, 10);
        }
    }
    return 0;
}

/* Byte by byte, so that nothing of the body is taken. */
static bool read_head(test_request *out, test_connection *connection)
{
    size_t size = 64u << 10;
    size_t length = 0;
    out->head = calloc(1, size);
    while (out->head != NULL && length + 1 < size && strstr(out->head, "\r\n\r\n") == NULL) {
        if (test_read(connection, out->head + length, 1) == 0) {
            return false;
        }
        if (length++ == 0) {
            out->began_ns = clock_ns();
        }
    }
    return true;
}

bool test_read_request(test_request *out, test_connection *connection)
{
    memset(out, 0, sizeof *out);
    if (!read_head(out, connection)) {
        test_request_free(out);
        return false;
    }
    size_t announced = announced_length(out->head);
    out->body = calloc(1, announced + 1);
    while (out->body != NULL && out->body_length < announced) {
        size_t got =
            test_read(connection, out->body + out->body_length, announced - out->body_length);
        if (got == 0) {
            test_request_free(out);
            return false;
        }
        out->body_length += got;
    }
    return true;
}

void test_request_free(test_request *request)
{
    free(request->head);
    free(request->body);
    memset(request, 0, sizeof *request);
}

bool test_reply(test_connection *connection, const char *status, const char *headers,
                const char *body)
{
    char head[2048];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
             strlen(body));
    return test_write_text(connection, head) && test_write_text(connection, body);
}
