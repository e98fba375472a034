/* An HTTP server on the loop: libmicrohttpd, polled from outside, so that all runs on one thread.
 */
#ifndef SWB_AGENT_SERVER_H
#define SWB_AGENT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "io/loop.h"

typedef struct swb__server swb__server;
typedef struct swb__request swb__request;

/*
 * Answers a request by one of the swb__reply_*() calls and returns true; or returns false, and is
 * called again when swb__server_changed() says that something has happened, or its deadline is
 * over. It must answer then.
 */
typedef bool (*swb__handler)(void *agent, swb__request *request);

typedef struct swb__route {
    const char *method;
    /* Ends with "/#" where a number follows, with a slash and a star where a text does. */
    const char *path;
    swb__handler handler;
    bool is_open; /* needs no token */
} swb__route;

typedef struct swb__server_options {
    const char *address; /* IPv4 or IPv6 */
    uint16_t port;       /* 0: any */
    const char *token;
    const swb__route *routes;
    size_t route_count;
    void *agent; /* handed to the handlers */
} swb__server_options;

/* `options` is borrowed until stop. SWB_EINVAL (address), SWB_EENV (port in use), SWB_ENOMEM. */
int swb__server_start(swb__server **out, swb_loop *loop, const swb__server_options *options,
                      swb_error *error);
uint16_t swb__server_port(const swb__server *server);
/* Answers what waits, with SWB_ECANCELED, and frees the server. Accepts NULL. */
void swb__server_stop(swb__server *server);
/* Has the handlers of all waiting requests called again, soon. */
void swb__server_changed(swb__server *server);

/* What handlers see of a request. */
/* The body; NULL where there is none. Always an object. */
const cJSON *swb__request_body(const swb__request *request);
/* The number at the path's end. */
uint64_t swb__request_number(const swb__request *request);
/* The text at the path's end, 1 to SWB__REQUEST_TAIL_BYTES long and without a slash. Borrowed. */
#define SWB__REQUEST_TAIL_BYTES 64
const char *swb__request_tail(const swb__request *request);
/* When its head was read, on our clock. */
int64_t swb__request_came_ns(const swb__request *request);
/* A whole number of the query, at most `limit`; `value` is left as it is where it is missing. False
 * where it is malformed: then the request has been answered. */
bool swb__request_query(uint64_t *value, swb__request *request, const char *name, uint64_t limit);
/* A text of the query; NULL where it is missing. Borrowed. */
const char *swb__request_text(const swb__request *request, const char *name);
/* Kept between calls of the handler; zeroed at first. */
typedef struct swb__progress {
    int step;
    uint64_t number;
} swb__progress;
swb__progress *swb__request_progress(swb__request *request);
/* Sets the deadline, on our clock; without one it waits for ever. */
void swb__request_wait_until(swb__request *request, int64_t deadline_ns);
bool swb__request_is_due(const swb__request *request);

/* All return true. `object` is moved; NULL: memory ran out. */
bool swb__reply_json(swb__request *request, cJSON *object);
/* {"status", "message"}, with the HTTP status that fits. */
bool swb__reply_error(swb__request *request, int status, const char *format, ...) SWB__PRINTF(3, 4);
/* `length` bytes of the file from `offset` on, as text. `fd` is moved. */
bool swb__reply_file(swb__request *request, int fd, uint64_t offset, uint64_t length);

#endif
