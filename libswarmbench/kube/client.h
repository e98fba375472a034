/* A client of an API server on the loop: one completion for each call. */
#ifndef SWB_KUBE_CLIENT_H
#define SWB_KUBE_CLIENT_H

#include "io/http.h"
#include "io/loop.h"
#include "kube/config.h"
#include "kube/reply.h"
#include "kube/request.h"

typedef struct swb__kube_client swb__kube_client;
typedef struct swb__kube_call swb__kube_call;

/* What a call came to; borrowed until the completion returns. */
typedef struct swb__kube_outcome {
    int status; /* SWB_OK where the server replied 2xx */
    swb__kube_failure failure;
    const swb_error *error; /* never NULL; empty on SWB_OK */
    int http_status;        /* of a reply that broke off, too; 0 where none came */
    const cJSON *object; /* the reply where it is a JSON object and was wanted as one, else NULL */
    const char *text;    /* the reply as it came, NUL-terminated */
    size_t length;
} swb__kube_outcome;
typedef void (*swb__kube_done)(void *argument, const swb__kube_outcome *outcome);

typedef struct swb__kube_call_options {
    uint64_t deadline_ns; /* of the call with all its tries; 0: 30 s */
    bool raw;             /* the reply is text, not an object */
    /* The reply goes here as it comes, in one try; as swb__http_request.sink. */
    int (*sink)(void *argument, const void *bytes, size_t length);
    size_t max_reply_bytes; /* 0: 64 MiB */
} swb__kube_call_options;

/* `config` is borrowed for its life. Connects to nothing yet. SWB_ENOMEM, SWB_EINVAL. */
int swb__kube_client_create(swb__kube_client **out, swb_loop *loop, const swb__kube_config *config,
                            swb_error *error);
/* Each call completes with SWB_ECANCELED, from within this. Its watches must have been stopped.
 * Accepts NULL. Not from a completion. */
void swb__kube_client_destroy(swb__kube_client *client);

/*
 * Sends a request, whose content is taken and which is empty afterwards, also on failure. What
 * passes (429 with its Retry-After, 5xx, no connection) is tried again until the deadline; after a
 * 401 once, with new credentials, where there is a way to get them. `done` never comes from within.
 * `*out` (may be NULL) is valid until `done`. SWB_ENOMEM, SWB_EINVAL: then no `done`.
 */
int swb__kube_client_call(swb__kube_call **out, swb__kube_client *client,
                          swb__kube_request *request, const swb__kube_call_options *options,
                          swb__kube_done done, void *argument, swb_error *error);
/* Completes it with SWB_ECANCELED, soon. */
void swb__kube_call_cancel(swb__kube_call *call);

swb_loop *swb__kube_client_loop(const swb__kube_client *client);
const swb__kube_config *swb__kube_client_config(const swb__kube_client *client);
/* For what the API server passes on to pods: the HTTP client with its certificates, and how others
 * are let through, as things stand: the headers that say who we are (at most two, in `headers`,
 * their text in `scratch`) and certificates, all borrowed until the next call. Credentials end, so
 * this is asked every SWB__KUBE_ACCESS_NS; what ends soon is renewed meanwhile. */
#define SWB__KUBE_ACCESS_NS (INT64_C(5) * 1000000000)
swb__http_client *swb__kube_client_http(swb__kube_client *client);
void swb__kube_client_access(struct swb__http_access *out, swb__http_pair headers[2],
                             swb__buffer *scratch, swb__kube_client *client);

#endif
