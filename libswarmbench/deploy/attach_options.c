/* The row of an attached node: its options, and whether they are sound. */
#include "deploy/attach_site.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define PASSWORD_LIMIT 4096

const swb_option swb__attach_options[ATTACH_OPTIONS] = {
    [ATTACH_URL] = {"url", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                    "Where the node's API answers: http://HOST:PORT or https://HOST:PORT. "
                    "Required."},
    [ATTACH_USER] = {"user", SWB_OPTION_STRING, NULL, 0, 0, NULL, "Name to log in with."},
    [ATTACH_PASSWORD_ENV] = {"password_env", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                             "Environment variable of the runner that holds the password."},
    [ATTACH_PASSWORD_FILE] = {"password_file", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                              "File whose first line is the password."},
    [ATTACH_INSECURE] = {"insecure", SWB_OPTION_BOOL, "false", 0, 0, NULL,
                         "Whether an https: API may show a certificate that cannot be verified."},
    [ATTACH_DATA] = {"data", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                     "ADDRESS:PORT at which peers reach the node. Required of a torrent client "
                     "where there is no tracker."},
    [ATTACH_METRICS] = {"metrics", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                        "Where the node's metrics answer, http://HOST:PORT; not given: its "
                        "counters stay unknown where the driver takes them from there."},
    [ATTACH_CONTENT_DIR] = {"content_dir", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                            "Directory in which the node may store, as this machine sees it. "
                            "Required of a torrent client."},
    [ATTACH_DIR_ON_NODE] = {"dir_on_node", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                            "The same directory as the node sees it. Not given: as content_dir."},
    [ATTACH_WATCH] = {"watch", SWB_OPTION_BOOL, "true", 0, 0, NULL,
                      "Whether files in content_dir are watched for first byte and completion; "
                      "false, of a network file system: the client is asked instead."},
    [ATTACH_PID] = {"pid", SWB_OPTION_INTEGER, NULL, 2, 4194304, NULL,
                    "Process of the node on this machine, whose resources are sampled."},
};

/* A part of a URL; "" where it has none. False where it does not fit. */
static bool url_part(char out[ATTACH_TEXT], CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    out[0] = '\0';
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return true;
    }
    size_t length = strlen(text);
    if (length < ATTACH_TEXT) {
        memcpy(out, text, length + 1);
    }
    curl_free(text);
    return length < ATTACH_TEXT;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char text[ATTACH_TEXT];
    return !url_part(text, url, part, 0) || text[0] != '\0';
}

static void strip_brackets(char *host)
{
    size_t length = strlen(host);
    if (host[0] == '[' && length > 2) {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
}

static int take_url(attach_url *out, CURLU *url, const char *text, swb_error *error)
{
    char scheme[ATTACH_TEXT];
    char path[ATTACH_TEXT];
    char port[ATTACH_TEXT];
    bool fits = url_part(scheme, url, CURLUPART_SCHEME, 0) &&
                url_part(out->host, url, CURLUPART_HOST, 0) &&
                url_part(port, url, CURLUPART_PORT, CURLU_DEFAULT_PORT) &&
                url_part(path, url, CURLUPART_PATH, 0);
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
        return swb__fail(error, SWB_EINPUT,
                         "a URL here holds no credentials: write user: and password_env:");
    }
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT)) {
        return swb__fail(error, SWB_EINPUT, "'%.100s' goes on after the path", text);
    }
    out->https = strcmp(scheme, "https") == 0;
    if (!out->https && strcmp(scheme, "http") != 0) {
        return swb__fail(error, SWB_EINPUT, "'%.100s' is neither http:// nor https://", text);
    }
    while (path[0] != '\0' && path[strlen(path) - 1] == '/') {
        path[strlen(path) - 1] = '\0';
    }
    out->has_path = path[0] != '\0';
    out->port = (uint16_t)strtoul(port, NULL, 10);
    int length = snprintf(out->base, sizeof out->base, "%s://%s:%u%s", scheme, out->host,
                          (unsigned)out->port, path);
    strip_brackets(out->host);
    return fits && out->port != 0 && length > 0 && (size_t)length < sizeof out->base
               ? SWB_OK
               : swb__fail(error, SWB_EINPUT, "'%.100s' is too long, or has port 0", text);
}

int swb__attach_url(attach_url *out, const char *text, swb_error *error)
{
    CURLU *url = curl_url();
    if (url == NULL) {
        return swb__fail_nomem(error);
    }
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
    int status =
        code == CURLUE_OK
            ? take_url(out, url, text, error)
            : swb__fail(error, SWB_EINPUT, "'%.100s' is no URL such as http://127.0.0.1:8080 (%s)",
                        text, curl_url_strerror(code));
    curl_url_cleanup(url);
    return status;
}

int swb__attach_data(char *host_out, uint16_t *port_out, const char *text, swb_error *error)
{
    unsigned char bytes[16];
    char *end = NULL;
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
    if (length > 0 && length < ATTACH_TEXT) {
        memcpy(host_out, text, length);
        host_out[length] = '\0';
        bool brackets = host_out[0] == '[';
        strip_brackets(host_out);
        if (inet_pton(brackets ? AF_INET6 : AF_INET, host_out, bytes) == 1 && port >= 1 &&
            port <= 65535 && *end == '\0' && colon[1] >= '0' && colon[1] <= '9') {
            *port_out = (uint16_t)port;
            return SWB_OK;
        }
    }
    return swb__fail(error, SWB_EINPUT,
                     "'%.100s' is no IP address and port such as 10.0.0.5:6881 or [fd00::5]:6881",
                     text);
}

static int check_url(const swb_option_value *row, const swb_driver *driver, swb_error *error)
{
    attach_url url;
    int status = swb__attach_url(&url, row[ATTACH_URL].string, error);
    if (status == SWB_OK && driver->transport == SWB_TRANSPORT_TLS &&
        (!url.https || url.has_path)) {
        return swb__fail(error, SWB_EINPUT,
                         "driver '%s' speaks over TLS and knows no paths: write "
                         "https://HOST:PORT",
                         driver->name);
    }
    return status;
}

static int check_metrics(const swb_option_value *row, const swb_driver *driver, swb_error *error)
{
    attach_url url;
    (void)driver;
    return row[ATTACH_METRICS].string == NULL
               ? SWB_OK
               : swb__attach_url(&url, row[ATTACH_METRICS].string, error);
}

static int check_data(const swb_option_value *row, const swb_driver *driver, swb_error *error)
{
    char host[ATTACH_TEXT];
    uint16_t port;
    (void)driver;
    return row[ATTACH_DATA].string == NULL
               ? SWB_OK
               : swb__attach_data(host, &port, row[ATTACH_DATA].string, error);
}

static int check_user(const swb_option_value *row, const swb_driver *driver, swb_error *error)
{
    bool password =
        row[ATTACH_PASSWORD_ENV].string != NULL || row[ATTACH_PASSWORD_FILE].string != NULL;
    if (driver->transport == SWB_TRANSPORT_TLS && (row[ATTACH_USER].string == NULL || !password)) {
        return swb__fail(error, SWB_EINPUT,
                         "driver '%s' logs in: write user: and password_env: (or password_file:)",
                         driver->name);
    }
    return SWB_OK;
}

static int check_password(const swb_option_value *row, const swb_driver *driver, swb_error *error)
{
    (void)driver;
    if (row[ATTACH_PASSWORD_ENV].string != NULL && row[ATTACH_PASSWORD_FILE].string != NULL) {
        return swb__fail(error, SWB_EINPUT,
                         "both password_file and password_env are given: which "
                         "one holds the password?");
    }
    return SWB_OK;
}

static int check_content_dir(const swb_option_value *row, const swb_driver *driver,
                             swb_error *error)
{
    const char *path = row[ATTACH_CONTENT_DIR].string;
    if (driver->kind != SWB_DRIVER_TORRENT) {
        return path == NULL ? SWB_OK
                            : swb__fail(error, SWB_EINPUT,
                                        "driver '%s' takes and gives content by its API alone: "
                                        "leave content_dir out",
                                        driver->name);
    }
    if (path == NULL) {
        return swb__fail(error, SWB_EINPUT,
                         "a node of driver '%s' needs content_dir, the directory where it stores: "
                         "what it fetched could not be verified without it, nor a seeder be given "
                         "the content",
                         driver->name);
    }
    return path[0] == '/' ? SWB_OK
                          : swb__fail(error, SWB_EINPUT, "'%.100s' is no absolute path", path);
}

static int check_dir_on_node(const swb_option_value *row, const swb_driver *driver,
                             swb_error *error)
{
    const char *path = row[ATTACH_DIR_ON_NODE].string;
    if (path == NULL) {
        return SWB_OK;
    }
    if (driver->kind != SWB_DRIVER_TORRENT || path[0] != '/') {
        return swb__fail(error, SWB_EINPUT,
                         "'%.100s' must be the absolute path at which a torrent client sees its "
                         "content_dir",
                         path);
    }
    return SWB_OK;
}

int swb__attach_check_node(size_t *option_out, const swb_option_value *values,
                           const swb_driver *driver, swb_error *error)
{
    static const struct {
        attach_option option;
        int (*check)(const swb_option_value *, const swb_driver *, swb_error *);
    } checks[] = {
        {ATTACH_URL, check_url},
        {ATTACH_METRICS, check_metrics},
        {ATTACH_DATA, check_data},
        {ATTACH_USER, check_user},
        {ATTACH_PASSWORD_FILE, check_password},
        {ATTACH_CONTENT_DIR, check_content_dir},
        {ATTACH_DIR_ON_NODE, check_dir_on_node},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        int status = checks[i].check(values, driver, error);
        if (status != SWB_OK) {
            *option_out = checks[i].option;
            return status;
        }
    }
    return SWB_OK;
}

int swb__attach_password(char **out, const swb_option_value *row, swb_error *error)
{
    const char *name = row[ATTACH_PASSWORD_ENV].string;
    const char *path = row[ATTACH_PASSWORD_FILE].string;
    char *text = NULL;
    if (path != NULL) {
        int status = swb__read_file(&text, NULL, path, PASSWORD_LIMIT, error);
        if (status != SWB_OK) {
            return swb__error_context(error, "password_file");
        }
        text[strcspn(text, "\r\n")] = '\0';
        *out = text;
        return SWB_OK;
    }
    const char *value = name == NULL ? "" : getenv(name);
    if (value == NULL) {
        return swb__fail(error, SWB_EENV,
                         "the environment variable %.100s, which is to hold the password, is not "
                         "set",
                         name);
    }
    *out = strdup(value);
    return *out != NULL ? SWB_OK : swb__fail_nomem(error);
}
