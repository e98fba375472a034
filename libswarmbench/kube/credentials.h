/* Who we are to an API server, kept fresh: token, token file, or what a program hands out. */
#ifndef SWB_KUBE_CREDENTIALS_H
#define SWB_KUBE_CREDENTIALS_H

#include "io/loop.h"
#include "kube/config.h"

typedef struct swb__kube_credentials swb__kube_credentials;

/* `config` is borrowed for its life. SWB_ENOMEM. */
int swb__kube_credentials_create(swb__kube_credentials **out, swb_loop *loop,
                                 const swb__kube_config *config, swb_error *error);
/* A renewal under way is given up; its `done` is not called. Accepts NULL. */
void swb__kube_credentials_destroy(swb__kube_credentials *credentials);

/* Whether they can be used now; a token file that has changed is read anew. `*error` tells why a
 * token file cannot be read: then false, and a renewal tells the same. */
bool swb__kube_credentials_fresh(swb__kube_credentials *credentials);
/* Makes them be renewed, because the server does not take them. False where there is no other way
 * to get any. */
bool swb__kube_credentials_reject(swb__kube_credentials *credentials);
/* Renews them; `done` comes once, from the loop. One at a time. SWB_EAUTH (the program fails; its
 * words and the install hint are in the message), SWB_EIO, SWB_ENOMEM, SWB_ETIMEDOUT. */
void swb__kube_credentials_renew(swb__kube_credentials *credentials,
                                 void (*done)(void *argument, int status, const swb_error *error),
                                 void *argument);

/* Borrowed until the next renewal; NULL where there is none. */
const char *swb__kube_credentials_token(const swb__kube_credentials *credentials);
const char *swb__kube_credentials_certificate(const swb__kube_credentials *credentials);
const char *swb__kube_credentials_key(const swb__kube_credentials *credentials);
/* Counts up whenever certificate or key change. */
unsigned swb__kube_credentials_generation(const swb__kube_credentials *credentials);

/* What a program wrote (an ExecCredential), taken apart: no I/O. The texts are to be freed; what
 * was not told is NULL, `*expires_s_out` then INT64_MAX. SWB_EPROTO. */
typedef struct swb__exec_credential {
    char *token;
    char *certificate;
    char *key;
    int64_t expires_s; /* since 1970 */
} swb__exec_credential;
int swb__exec_credential_read(swb__exec_credential *out, const char *api_version, const char *json,
                              size_t length, swb_error *error);
void swb__exec_credential_finish(swb__exec_credential *credential);
/* What is told to the program in KUBERNETES_EXEC_INFO; to be freed. NULL: no memory. */
char *swb__exec_info(const swb__kube_config *config);

/* "expired on 2026-01-02" where the first certificate of a PEM has; false where it has not. */
bool swb__certificate_expired(char *out, size_t size, const char *pem);

#endif
