#include "agent/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <uv.h>

#include "base/file.h"

#define TOKEN_MAX_BYTES 1024

int swb__service_read_token(char **out, const char *path, swb_error *error)
{
    int status = swb__read_file(out, NULL, path, TOKEN_MAX_BYTES + 2, error);
    if (status == SWB_OK) {
        (*out)[strcspn(*out, "\r\n")] = '\0';
    }
    if (status == SWB_OK && strlen(*out) > TOKEN_MAX_BYTES) {
        status = swb__fail(error, SWB_EINVAL, "%s: the token is longer than %d bytes", path,
                           TOKEN_MAX_BYTES);
        swb__service_forget_token(*out);
        *out = NULL;
    }
    return status;
}

void swb__service_forget_token(char *token)
{
    if (token != NULL) {
        OPENSSL_cleanse(token, strlen(token));
    }
    free(token);
}

static void on_signal(uv_signal_t *handle, int signal)
{
    bool *ending = handle->data;
    (void)signal;
    *ending = true;
}

void swb__service_run(swb_loop *loop, bool *ending, const char *what, uint16_t port)
{
    uv_signal_t signals[2];
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(swb__loop_uv(loop), &signals[i]);
        signals[i].data = ending;
        uv_signal_start(&signals[i], on_signal, numbers[i]);
    }
    printf("%s on port %u\n", what, port);
    fflush(stdout);
    while (!*ending) {
        swb__loop_step(loop, -1);
    }
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&signals[i], NULL);
    }
    swb__loop_step(loop, 0);
}
