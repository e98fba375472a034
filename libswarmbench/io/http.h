/* HTTP/1.1 client on the loop. One client for each node: its own connections and cookies. */
#ifndef SWB_IO_HTTP_H
#define SWB_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__http_client swb__http_client;
typedef struct swb__http_transfer swb__http_transfer;

/* `base_url`: scheme, host, port and what begins each path, without a trailing slash:
 * "http://127.0.3.1:8080". Proxies of the environment are used only where
 * swb__http_client_secure() says so. SWB_ENOMEM, SWB_EINVAL. */
int swb__http_client_create(swb__http_client **out, swb_loop *loop, const char *base_url,
                            swb_error *error);
/* Its https: is no longer refused where a certificate cannot be verified. */
void swb__http_client_take_any_certificate(swb__http_client *client);
/* Cancels what is under way: each transfer completes with SWB_ECANCELED, from within this call.
 * May be called from a completion, not from a source or sink. Accepts NULL. */
void swb__http_client_destroy(swb__http_client *client);

/* How a client trusts and is trusted; certificates and keys are PEM, NULL where not wanted. */
typedef struct swb__http_security {
    const char *ca; /* the only authorities that count; NULL: those of this machine */
    const char *certificate;
    const char *key;
    const char *server_name; /* asked for and verified instead of the URL's host; NULL */
    bool insecure;           /* the server is not verified */
    const char *proxy;       /* URL of an HTTP or SOCKS proxy; NULL: none */
    bool usual_proxy;        /* without one: that of https_proxy and no_proxy, as curl does */
} swb__http_security;

/* How requests get to a server behind another one that wants to know who asks. */
struct swb__http_access {
    swb__http_security security;
    const struct swb__http_pair *headers; /* for each request */
    size_t header_count;
};

/* Copied; counts for the transfers that are sent from now on. SWB_ENOMEM. */
int swb__http_client_secure(swb__http_client *client, const swb__http_security *security,
                            swb_error *error);

typedef struct swb__http_pair {
    const char *name;
    const char *value;
} swb__http_pair;

typedef struct swb__http_part {
    const char *name;
    const char *filename; /* or NULL */
    const char *type;     /* or NULL */
    const void *bytes;
    size_t length;
} swb__http_part;

/* Everything is copied by swb__http_send() but `argument`. At most one of body, fields, parts and
 * source is given. A source or sink may cancel its transfer, but neither send nor destroy. */
typedef struct swb__http_request {
    const char *method;
    const char *path; /* with its query, percent-encoded */
    const swb__http_pair *headers;
    size_t header_count;
    const char *body_type; /* NULL: send no Content-Type */
    const void *body;
    size_t body_length;
    bool has_body;
    const swb__http_pair *fields; /* form-urlencoded */
    size_t field_count;
    const swb__http_part *parts; /* multipart/form-data */
    size_t part_count;
    /* Streamed request body of `source_bytes` bytes: fills `buffer`, returns a status. */
    int (*source)(void *argument, uint64_t offset, void *buffer, size_t length);
    uint64_t source_bytes;
    /* Streamed reply body, only of a 2xx reply: returns SWB_OK to go on, SWB_EBUSY to be given
     * these same bytes again after swb__http_resume(), else the transfer ends with that status.
     * Other replies are collected as without it. */
    int (*sink)(void *argument, const void *bytes, size_t length);
    /* The headers of a reply that goes to `sink` are in. May be NULL; as a sink otherwise. */
    void (*accepted)(void *argument);
    uint64_t deadline_ns;   /* from now; 0: none */
    uint64_t connect_ns;    /* of the connection alone, TLS included; 0: libcurl's 5 minutes */
    size_t max_reply_bytes; /* a longer reply ends the transfer with SWB_EPROTO; 0: 16 MiB */
    void *argument;
} swb__http_request;

typedef struct swb__http_reply {
    int status;               /* 100-599; 0 where none came */
    const char *content_type; /* lower case, no parameters; "" */
    const uint8_t *body;      /* followed by a NUL byte; never NULL */
    size_t length;
    int64_t content_length; /* as announced; -1 unknown */
    int64_t retry_after_s;  /* Retry-After, dates too; 0 where there is none */
    bool unverified;        /* with SWB_ECONNECT: the server's certificate is not to be trusted */
    /* Right before the request was written to the socket (tens of microseconds, and never late);
     * where that did not happen, when it was asked for. */
    int64_t sent_ns;
    int64_t done_ns;
} swb__http_reply;

/* The one completion of a transfer. status: SWB_OK (a reply came, whatever its HTTP status),
 * SWB_ECONNECT, SWB_ETIMEDOUT, SWB_ETRUNCATED, SWB_EPROTO, SWB_ECANCELED, SWB_EIO, SWB_ENOMEM or
 * what source/sink returned. `reply` is never NULL, its times always set; nor is
 * `error`, empty on SWB_OK. Borrowed until return. */
typedef void (*swb__http_done)(void *argument, int status, const swb__http_reply *reply,
                               const swb_error *error);

/* Never calls `done` from within. `*out` (may be NULL) is valid until `done`. SWB_ENOMEM,
 * SWB_EINVAL. */
int swb__http_send(swb__http_transfer **out, swb__http_client *client,
                   const swb__http_request *request, swb__http_done done, swb_error *error);
/* Goes on with a reply whose sink was busy; nothing where it was not. Not from within a source or
 * sink; the sink may be called from within. */
void swb__http_resume(swb__http_transfer *transfer);
/* Completes the transfer with SWB_ECANCELED, soon (not from within). */
void swb__http_cancel(swb__http_transfer *transfer);

#endif
