/* What the files of the HTTP server share. */
#ifndef SWB_AGENT_SERVER_STATE_H
#define SWB_AGENT_SERVER_STATE_H

#include <sys/queue.h>

#include <microhttpd.h>

#include "agent/server.h"
#include "base/buffer.h"

#define SWB__TOKEN_DIGEST_BYTES 32

struct swb__request {
    swb__server *server;
    struct MHD_Connection *connection;
    const swb__route *route;
    uint64_t number;
    char tail[SWB__REQUEST_TAIL_BYTES + 1];
    int64_t came_ns;
    int64_t deadline_ns;
    swb__progress progress;
    swb__buffer body;
    cJSON *json;
    bool begun; /* the body is whole and was read */
    bool waits;
    struct MHD_Response *response;
    unsigned http_status;
    TAILQ_ENTRY(swb__request) link; /* among those that wait */
};

struct swb__server {
    swb_loop *loop;
    const swb__server_options *options;
    uint8_t token_digest[SWB__TOKEN_DIGEST_BYTES];
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer; /* libmicrohttpd's own timeouts */
    uv_timer_t due;   /* the nearest deadline of those that wait */
    unsigned open_handles;
    bool stopping;
    TAILQ_HEAD(, swb__request) waiting;
};

/* As swb__reply_error(), with an HTTP status of one's own. */
bool swb__reply_failure(swb__request *request, unsigned http_status, int status,
                        const char *message);

#endif
