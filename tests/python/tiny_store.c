/*
 * The least store there is, for tests that need thousands of nodes: it starts in a millisecond,
 * keeps one content in memory, and fetches it from the node whose address is the content's handle.
 *
 *     tiny_store ADDRESS PORT
 *
 * GET /id, GET /content/HANDLE (from the node itself, or fetched), PUT /content, DELETE /content,
 * GET /bytes, GET /silence (no answer while the caller waits). One connection at a time, one
 * request a connection.
 */
#define _GNU_SOURCE /* strcasestr */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 8192
#define CONTENT_MAX (64u << 20)

typedef struct store {
    char name[64];
    char *bytes;
    size_t length;
} store;

static void put_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);
        if (put <= 0) {
            return;
        }
        bytes += put;
        length -= (size_t)put;
    }
}

static void answer(int fd, int status, const char *body, size_t length)
{
    char head[128];
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
                        length);
    put_all(fd, head, (size_t)size);
    put_all(fd, body, length);
}

/* Reads a head and what came of the body with it; the length of the head, 0 where it is none. */
static size_t read_head(char *head, size_t *length_out, int fd)
{
    size_t length = 0;
    while (length < HEAD_MAX) {
        ssize_t got = read(fd, head + length, HEAD_MAX - length);
        if (got <= 0) {
            return 0;
        }
        length += (size_t)got;
        head[length] = '\0';
        char *end = strstr(head, "\r\n\r\n");
        if (end != NULL) {
            *length_out = length;
            return (size_t)(end - head) + 4;
        }
    }
    return 0;
}

static size_t field(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    return at == NULL ? 0 : strtoul(at + strlen(name), NULL, 10);
}

/* The body of a message of which `length` bytes are in `head` already. */
static int keep_body(store *out, int fd, const char *head, size_t head_length, size_t length)
{
    size_t wanted = field(head, "content-length:");
    size_t have = length - head_length;
    char *bytes = wanted > 0 && wanted <= CONTENT_MAX ? malloc(wanted) : NULL;
    if (bytes == NULL || have > wanted) {
        free(bytes);
        return -1;
    }
    memcpy(bytes, head + head_length, have);
    while (have < wanted) {
        ssize_t got = read(fd, bytes + have, wanted - have);
        if (got <= 0) {
            free(bytes);
            return -1;
        }
        have += (size_t)got;
    }
    free(out->bytes);
    out->bytes = bytes;
    out->length = wanted;
    return 0;
}

static int open_to(const char *name)
{
    char host[64];
    struct sockaddr_in to = {.sin_family = AF_INET};
    snprintf(host, sizeof host, "%.60s", name);
    char *port = strchr(host, '-');
    if (port == NULL) {
        return -1;
    }
    *port = '\0';
    to.sin_port = htons((uint16_t)atol(port + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Fetches the content from the node that its handle names. */
static int fetch(store *out, const char *name)
{
    char head[HEAD_MAX + 1];
    size_t length = 0;
    int fd = open_to(name);
    if (fd < 0) {
        return -1;
    }
    int size = snprintf(head, sizeof head, "GET /content/%s HTTP/1.1\r\n\r\n", name);
    put_all(fd, head, (size_t)size);
    size_t head_length = read_head(head, &length, fd);
    int status = head_length == 0 || strncmp(head, "HTTP/1.1 200", 12) != 0
                     ? -1
                     : keep_body(out, fd, head, head_length, length);
    close(fd);
    return status;
}

static void serve_content(store *own, int fd, char *name)
{
    name[strcspn(name, " ?/")] = '\0';
    if (own->bytes == NULL && (strcmp(name, own->name) == 0 || fetch(own, name) != 0)) {
        answer(fd, 404, "", 0);
        return;
    }
    answer(fd, 200, own->bytes, own->length);
}

static void serve(store *own, int fd)
{
    char head[HEAD_MAX + 1];
    char text[32];
    size_t length = 0;
    size_t head_length = read_head(head, &length, fd);
    if (head_length == 0) {
        return;
    }
    if (strncmp(head, "GET /id ", 8) == 0) {
        answer(fd, 200, own->name, strlen(own->name));
    } else if (strncmp(head, "GET /bytes ", 11) == 0) {
        answer(fd, 200, text, (size_t)snprintf(text, sizeof text, "%zu", own->length));
    } else if (strncmp(head, "GET /silence ", 13) == 0) {
        while (read(fd, head, HEAD_MAX) > 0) {
        }
    } else if (strncmp(head, "GET /content/", 13) == 0) {
        serve_content(own, fd, head + 13);
    } else if (strncmp(head, "PUT /content ", 13) == 0) {
        int status = keep_body(own, fd, head, head_length, length);
        answer(fd, status == 0 ? 200 : 400, own->name, strlen(own->name));
    } else if (strncmp(head, "DELETE /content ", 16) == 0) {
        free(own->bytes);
        own->bytes = NULL;
        own->length = 0;
        answer(fd, 200, "", 0);
    } else {
        answer(fd, 404, "", 0);
    }
}

int main(int argc, char **argv)
{
    store own = {.bytes = NULL};
    struct sockaddr_in at = {.sin_family = AF_INET};
    int one = 1;
    if (argc != 3 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
        fprintf(stderr, "usage: tiny_store ADDRESS PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    snprintf(own.name, sizeof own.name, "%s-%s", argv[1], argv[2]);
    at.sin_port = htons((uint16_t)atol(argv[2]));
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listening, (struct sockaddr *)&at, sizeof at) != 0 || listen(listening, 64) != 0) {
        perror("tiny_store");
        return 1;
    }
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        if (fd >= 0) {
            serve(&own, fd);
            shutdown(fd, SHUT_WR);
            close(fd);
        }
    }
}
