/* libcurl's multi handle on the loop: its sockets are watched and its timer kept by libuv. */
#include "io/multi.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Connections that a client keeps open for later. */
#define KEPT_CONNECTIONS 64L

static void tell_ended(swb_loop *loop)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
        struct swb__multi_entry *entry = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&entry);
        entry->ended(entry->argument, code);
    }
}

/* The multi handle is of no use any more (no memory for a watcher): nothing may wait for ever. */
static void fail_all(swb_loop *loop)
{
    while (!LIST_EMPTY(&loop->entries)) {
        struct swb__multi_entry *entry = LIST_FIRST(&loop->entries);
        entry->ended(entry->argument, CURLE_OUT_OF_MEMORY);
    }
}

static void act(swb_loop *loop, curl_socket_t fd, int flags)
{
    int running;
    CURLMcode code = curl_multi_socket_action(loop->multi, fd, flags, &running);
    tell_ended(loop);
    if (code != CURLM_OK) {
        fail_all(loop);
    }
}

static void on_ready(void *argument, int fd, int events)
{
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    act(argument, fd, flags);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *argument, void *assigned)
{
    (void)easy;
    swb_loop *loop = argument;
    struct swb__poll *poll = assigned;
    if (what == CURL_POLL_REMOVE) {
        swb__poll_close(poll);
        return 0;
    }
    if (poll == NULL) {
        poll = swb__poll_open(loop, fd, on_ready, loop);
        if (poll == NULL) {
            return -1;
        }
        curl_multi_assign(loop->multi, fd, poll);
    }
    swb__poll_set(poll, (what & CURL_POLL_IN ? UV_READABLE : 0) |
                            (what & CURL_POLL_OUT ? UV_WRITABLE : 0));
    return 0;
}

static void on_timeout(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *argument)
{
    (void)multi;
    swb_loop *loop = argument;
    if (timeout_ms < 0) {
        return uv_timer_stop(&loop->multi_timer);
    }
    return uv_timer_start(&loop->multi_timer, on_timeout, (uint64_t)timeout_ms, 0);
}

int swb__multi_open(swb_loop *loop, swb_error *error)
{
    LIST_INIT(&loop->entries);
    uv_timer_init(&loop->uv, &loop->multi_timer);
    loop->multi_timer.data = loop;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return swb__fail(error, SWB_EIO, "libcurl cannot be initialised");
    }
    loop->multi = curl_multi_init();
    if (loop->multi == NULL) {
        curl_global_cleanup();
        return swb__fail_nomem(error);
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    return SWB_OK;
}

void swb__multi_close(swb_loop *loop)
{
    if (loop->multi != NULL) {
        curl_multi_cleanup(loop->multi);
        curl_global_cleanup();
    }
    uv_close((uv_handle_t *)&loop->multi_timer, NULL);
}

int swb__multi_add(swb_loop *loop, struct swb__multi_entry *entry, swb_error *error)
{
    curl_easy_setopt(entry->easy, CURLOPT_PRIVATE, entry);
    CURLMcode code = curl_multi_add_handle(loop->multi, entry->easy);
    if (code == CURLM_RECURSIVE_API_CALL) {
        return swb__fail(error, SWB_EINVAL, "a transfer was started from within a source or sink");
    }
    if (code != CURLM_OK) {
        return swb__fail_nomem(error);
    }
    LIST_INSERT_HEAD(&loop->entries, entry, link);
    return SWB_OK;
}

void swb__multi_remove(swb_loop *loop, struct swb__multi_entry *entry)
{
    LIST_REMOVE(entry, link);
    curl_multi_remove_handle(loop->multi, entry->easy);
}

static curl_socket_t open_socket(void *argument, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    (void)argument;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode swb__easy_prepare(CURL *easy)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    /* A stream on which nothing comes for minutes is dropped by what is in between, unsaid. */
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    return code;
}

CURLSH *swb__share_create(void)
{
    CURLSH *share = curl_share_init();
    if (share != NULL &&
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) != CURLSHE_OK) {
        curl_share_cleanup(share);
        share = NULL;
    }
    return share;
}

int swb__curl_status(CURL *easy, CURLcode code)
{
    long os_error = 0;
    switch (code) {
    case CURLE_OK:
        return SWB_OK;
    case CURLE_OUT_OF_MEMORY:
        return SWB_ENOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return SWB_ETIMEDOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return SWB_ECONNECT;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
        return SWB_ETRUNCATED;
    case CURLE_RECV_ERROR:
        /* Told both of a broken connection and of malformed chunks. */
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
        return os_error != 0 ? SWB_ETRUNCATED : SWB_EPROTO;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return SWB_EPROTO;
    default:
        return SWB_EIO;
    }
}

long swb__curl_ms(uint64_t ns)
{
    uint64_t ms = ns / (uint64_t)SWB__NS_PER_MS + (ns % (uint64_t)SWB__NS_PER_MS != 0);
    return ms > INT_MAX ? INT_MAX : (long)ms;
}
