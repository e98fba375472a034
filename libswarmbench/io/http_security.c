/* Certificates, verification and the proxy of an HTTP client. */
#include "io/http_transfer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct swb__http_identity {
    char *ca;
    char *certificate;
    char *key;
    char *server_name;
    char *proxy;
    bool insecure;
    bool usual_proxy;
};

void swb__http_identity_free(struct swb__http_identity *identity)
{
    if (identity == NULL) {
        return;
    }
    free(identity->ca);
    free(identity->certificate);
    free(identity->key);
    free(identity->server_name);
    free(identity->proxy);
    free(identity);
}

static bool copy(char **out, const char *text)
{
    *out = text == NULL ? NULL : strdup(text);
    return text == NULL || *out != NULL;
}

int swb__http_client_secure(swb__http_client *client, const swb__http_security *security,
                            swb_error *error)
{
    struct swb__http_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL || !copy(&identity->ca, security->ca) ||
        !copy(&identity->certificate, security->certificate) ||
        !copy(&identity->key, security->key) ||
        !copy(&identity->server_name, security->server_name) ||
        !copy(&identity->proxy, security->proxy)) {
        swb__http_identity_free(identity);
        return swb__fail_nomem(error);
    }
    identity->insecure = security->insecure;
    identity->usual_proxy = security->usual_proxy;
    swb__http_identity_free(client->identity);
    client->identity = identity;
    return SWB_OK;
}

static CURLcode set_blob(CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob blob = {(void *)(uintptr_t)pem, pem == NULL ? 0 : strlen(pem), CURL_BLOB_COPY};
    return pem == NULL ? CURLE_OK : curl_easy_setopt(easy, option, &blob);
}

static bool names_host(const swb__http_transfer *transfer)
{
    for (const struct curl_slist *at = transfer->headers; at != NULL; at = at->next) {
        if (strncasecmp(at->data, "Host:", 5) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * libcurl verifies the host of the URL and has no option for another name: so the URL gets the
 * name, the connection goes to where the URL pointed, and the Host header stays as it was.
 */
static CURLcode rename_server(swb__http_transfer *transfer, const char *name)
{
    CURL *easy = transfer->entry.easy;
    char *url = NULL;
    char *host = NULL;
    char *port = NULL;
    char *renamed = NULL;
    swb__buffer line = SWB__BUFFER_INIT(4096);
    CURLU *parts = curl_url();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    if (parts == NULL || curl_url_set(parts, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
        curl_url_set(parts, CURLUPART_HOST, name, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_URL, &renamed, 0) != CURLUE_OK) {
        goto out;
    }
    swb__buffer_printf(&line, "%s:%s:%s:%s", name, port, host, port);
    struct curl_slist *to = curl_slist_append(NULL, swb__buffer_string(&line));
    swb__buffer_clear(&line);
    swb__buffer_printf(&line, "Host: %s:%s", host, port);
    /* Not where the request says itself what it is. */
    struct curl_slist *headers =
        names_host(transfer) ? transfer->headers
                             : curl_slist_append(transfer->headers, swb__buffer_string(&line));
    transfer->connect_to = to;
    if (to == NULL || headers == NULL) {
        goto out;
    }
    transfer->headers = headers;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, to);
    code = curl_easy_setopt(easy, CURLOPT_URL, renamed);
out:
    swb__buffer_finish(&line);
    curl_free(renamed);
    curl_free(port);
    curl_free(host);
    curl_url_cleanup(parts);
    return code;
}

int swb__http_identify(swb__http_transfer *transfer, swb_error *error)
{
    const struct swb__http_identity *identity = transfer->client->identity;
    CURL *easy = transfer->entry.easy;
    if (identity == NULL) {
        return SWB_OK;
    }
    CURLcode codes[] = {
        set_blob(easy, CURLOPT_CAINFO_BLOB, identity->ca),
        set_blob(easy, CURLOPT_SSLCERT_BLOB, identity->certificate),
        set_blob(easy, CURLOPT_SSLKEY_BLOB, identity->key),
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, identity->insecure ? 0L : 1L),
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, identity->insecure ? 0L : 2L),
        identity->ca == NULL ? CURLE_OK : curl_easy_setopt(easy, CURLOPT_CAPATH, NULL),
        identity->proxy == NULL && !identity->usual_proxy
            ? CURLE_OK
            : curl_easy_setopt(easy, CURLOPT_PROXY, identity->proxy),
        curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L),
        identity->server_name == NULL ? CURLE_OK : rename_server(transfer, identity->server_name),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] != CURLE_OK) {
            return codes[i] == CURLE_OUT_OF_MEMORY
                       ? swb__fail_nomem(error)
                       : swb__fail(error, SWB_EINVAL, "%s: %s", transfer->client->base_url,
                                   curl_easy_strerror(codes[i]));
        }
    }
    return SWB_OK;
}
