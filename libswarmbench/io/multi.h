/* libcurl's multi handle on the loop; private to this folder. */
#ifndef SWB_IO_MULTI_H
#define SWB_IO_MULTI_H

#include <sys/queue.h>

#include <curl/curl.h>

#include "io/loop_state.h"

/* A transfer in the multi handle. `ended` is called from the loop when it is over; an entry stays
 * until swb__multi_remove(), which `ended` must call where `code` is not CURLE_OK. */
struct swb__multi_entry {
    CURL *easy;
    void (*ended)(void *argument, CURLcode code);
    void *argument;
    LIST_ENTRY(swb__multi_entry) link;
};

int swb__multi_open(swb_loop *loop, swb_error *error);
void swb__multi_close(swb_loop *loop);

/* Starts the transfer in the loop's current round or the next. SWB_ENOMEM, SWB_EINVAL (called from
 * within libcurl). */
int swb__multi_add(swb_loop *loop, struct swb__multi_entry *entry, swb_error *error);
void swb__multi_remove(swb_loop *loop, struct swb__multi_entry *entry);

/* Options that all handles need: no signals, no proxies, sockets that children do not inherit. */
CURLcode swb__easy_prepare(CURL *easy);
/* A CURLSH that keeps the connections of its handles apart from all others; NULL: no memory. */
CURLSH *swb__share_create(void);

/* The status that a libcurl code is told as. */
int swb__curl_status(CURL *easy, CURLcode code);
/* Milliseconds as libcurl takes them, rounded up. */
long swb__curl_ms(uint64_t ns);

#endif
