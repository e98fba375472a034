/* The format that programs for credentials speak (client.authentication.k8s.io). */
#include "kube/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "kube/base64.h"
#include "kube/reply.h"
#include "kube/timestamp.h"

void swb__exec_credential_finish(swb__exec_credential *credential)
{
    free(credential->token);
    free(credential->certificate);
    free(credential->key);
    *credential = (swb__exec_credential){.expires_s = INT64_MAX};
}

static int copy(char **out, const cJSON *root, const char *path, swb_error *error)
{
    const char *text = swb__kube_text(root, path);
    if (*text == '\0') {
        return SWB_OK;
    }
    *out = strdup(text);
    return *out != NULL ? SWB_OK : swb__fail_nomem(error);
}

static int check(const swb__exec_credential *credential, swb_error *error)
{
    if (credential->token == NULL && credential->certificate == NULL) {
        return swb__fail(error, SWB_EPROTO, "it tells neither a token nor a client certificate");
    }
    if ((credential->certificate == NULL) != (credential->key == NULL)) {
        return swb__fail(error, SWB_EPROTO, "it tells a client certificate or its key alone");
    }
    if (credential->token != NULL && strpbrk(credential->token, "\r\n") != NULL) {
        return swb__fail(error, SWB_EPROTO, "its token has more than one line");
    }
    return SWB_OK;
}

static int take(swb__exec_credential *out, const cJSON *root, const char *api_version,
                swb_error *error)
{
    const char *expires = swb__kube_text(root, "status.expirationTimestamp");
    if (strcmp(swb__kube_text(root, "kind"), "ExecCredential") != 0 ||
        strcmp(swb__kube_text(root, "apiVersion"), api_version) != 0) {
        return swb__fail(
            error, SWB_EPROTO, "it tells '%.40s' of '%.80s' instead of ExecCredential of %s",
            swb__kube_text(root, "kind"), swb__kube_text(root, "apiVersion"), api_version);
    }
    if (*expires != '\0' && !swb__timestamp_read(&out->expires_s, expires)) {
        return swb__fail(error, SWB_EPROTO, "its expirationTimestamp '%.40s' is no time", expires);
    }
    int status = copy(&out->token, root, "status.token", error);
    if (status == SWB_OK) {
        status = copy(&out->certificate, root, "status.clientCertificateData", error);
    }
    if (status == SWB_OK) {
        status = copy(&out->key, root, "status.clientKeyData", error);
    }
    return status == SWB_OK ? check(out, error) : status;
}

int swb__exec_credential_read(swb__exec_credential *out, const char *api_version, const char *json,
                              size_t length, swb_error *error)
{
    cJSON *root = NULL;
    swb__exec_credential credential = {.expires_s = INT64_MAX};
    int status = swb__kube_parse(&root, "credentials", json, length, error);
    if (status != SWB_OK) {
        return status;
    }
    status = take(&credential, root, api_version, error);
    cJSON_Delete(root);
    if (status != SWB_OK) {
        swb__exec_credential_finish(&credential);
        return status;
    }
    *out = credential;
    return SWB_OK;
}

static bool add(cJSON *object, const char *key, const char *value)
{
    return value == NULL || cJSON_AddStringToObject(object, key, value) != NULL;
}

static bool add_cluster(cJSON *spec, const swb__kube_config *config)
{
    char *ca = NULL;
    cJSON *cluster = cJSON_AddObjectToObject(spec, "cluster");
    if (config->ca != NULL && swb__base64_encode(&ca, config->ca, strlen(config->ca)) != SWB_OK) {
        return false;
    }
    bool made =
        cluster != NULL && add(cluster, "server", config->server) &&
        add(cluster, "tls-server-name", config->server_name) &&
        add(cluster, "proxy-url", config->proxy) &&
        add(cluster, "certificate-authority-data", ca) &&
        (!config->insecure || cJSON_AddTrueToObject(cluster, "insecure-skip-tls-verify") != NULL);
    free(ca);
    return made;
}

char *swb__exec_info(const swb__kube_config *config)
{
    cJSON *root = cJSON_CreateObject();
    char *text = NULL;
    cJSON *spec = NULL;
    if (root != NULL && add(root, "apiVersion", config->exec.api_version) &&
        add(root, "kind", "ExecCredential")) {
        spec = cJSON_AddObjectToObject(root, "spec");
    }
    /* It has no terminal to ask at. */
    if (spec != NULL && cJSON_AddFalseToObject(spec, "interactive") != NULL &&
        (!config->exec.cluster_info || add_cluster(spec, config))) {
        text = cJSON_PrintUnformatted(root);
    }
    cJSON_Delete(root);
    return text;
}

bool swb__certificate_expired(char *out, size_t size, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    struct tm end = {0};
    bool expired = certificate != NULL &&
                   X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 &&
                   ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;
    if (expired) {
        snprintf(out, size, "expired on %04d-%02d-%02d", end.tm_year + 1900, end.tm_mon + 1,
                 end.tm_mday);
    }
    X509_free(certificate);
    BIO_free(bio);
    return expired;
}
