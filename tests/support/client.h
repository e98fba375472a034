/* A blocking transport for tests, independent of io/: performs a driver's operations by libcurl. */
#ifndef SWB_TESTS_CLIENT_H
#define SWB_TESTS_CLIENT_H

#include <stdbool.h>
#include <stdio.h>

#include <curl/curl.h>

#include "base/buffer.h"
#include "drivers/call.h"

typedef struct test_client {
    const swb_driver *driver;
    const swb_node *node;
    void *session;
    CURL *curl;        /* HTTP: with its cookies; TLS: the stream, where it is open */
    bool connected;    /* TLS: a frame went both ways */
    swb__buffer input; /* TLS: bytes that are no whole frame yet; HTTP: the body */
    FILE *tape;        /* where exchanges are recorded; or NULL */
} test_client;

void test_client_open(test_client *client, const swb_driver *driver, const swb_node *node);
void test_client_close(test_client *client);

/* The directory in the variable SWB_RECORD: each operation is then recorded there in a tape of its
 * own, on a connection of its own. NULL where it is not set. */
const char *test_recordings(void);

/* Performs one operation. `*result_out` and
 * `*retriable_out` may be NULL. SWB_ECONNECT where the node does not answer at all. */
int test_client_run(swb_result *result_out, bool *retriable_out, test_client *client,
                    const swb_command *command, swb_error *error);

#endif
