/* A transfer of the HTTP client; private to this folder. */
#ifndef SWB_IO_HTTP_TRANSFER_H
#define SWB_IO_HTTP_TRANSFER_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "io/http.h"
#include "io/multi.h"

struct swb__http_client {
    swb_loop *loop;
    char *base_url;
    struct swb__http_identity *identity; /* NULL: as libcurl has it */
    CURLSH *share;                       /* its cookies and connections */
    bool closing;
    bool any_certificate;
    LIST_HEAD(, swb__http_transfer) transfers;
};

struct swb__http_transfer {
    struct swb__multi_entry entry;
    struct swb__deferred cancellation;
    swb__http_client *client;
    LIST_ENTRY(swb__http_transfer) link;

    struct curl_slist *headers;
    struct curl_slist *connect_to;
    curl_mime *mime;
    int (*source)(void *argument, uint64_t offset, void *buffer, size_t length);
    uint64_t source_offset;
    uint64_t source_bytes;

    int (*sink)(void *argument, const void *bytes, size_t length);
    void (*accepted)(void *argument);
    size_t header_bytes;
    bool headers_ended;
    swb__buffer body;

    swb__http_done done;
    void *argument;
    bool canceled;
    int64_t sent_ns;
    int failure;     /* why a callback ended the transfer */
    swb_error error; /* its message */
    char label[160]; /* method and address, for messages */
    char message[CURL_ERROR_SIZE];
};

/* Makes libcurl's handle say what the request says. SWB_ENOMEM, SWB_EINVAL. */
int swb__http_compose(swb__http_transfer *transfer, const swb__http_request *request,
                      swb_error *error);

/* http_security.c: a client's certificates and proxy, put on a transfer. SWB_ENOMEM. */
int swb__http_identify(swb__http_transfer *transfer, swb_error *error);
/* Accepts NULL. */
void swb__http_identity_free(struct swb__http_identity *identity);

#endif
