/* The site of the `attach` deployer: what its files share. */
#ifndef SWB_DEPLOY_ATTACH_SITE_H
#define SWB_DEPLOY_ATTACH_SITE_H

#include <stdbool.h>

#include "deploy/local_site.h"
#include "io/http.h"
#include "io/stream.h"

/* Options of a node's row. */
typedef enum attach_option {
    ATTACH_URL,
    ATTACH_USER,
    ATTACH_PASSWORD_ENV,
    ATTACH_PASSWORD_FILE,
    ATTACH_INSECURE,
    ATTACH_DATA,
    ATTACH_METRICS,
    ATTACH_CONTENT_DIR,
    ATTACH_DIR_ON_NODE,
    ATTACH_WATCH,
    ATTACH_PID,
    ATTACH_OPTIONS,
} attach_option;

extern const swb_option swb__attach_options[ATTACH_OPTIONS];

#define ATTACH_TEXT 256

typedef struct attach_url {
    char base[ATTACH_TEXT]; /* without a slash at its end */
    char host[ATTACH_TEXT]; /* an IPv6 address without brackets */
    uint16_t port;
    bool https;
    bool has_path;
} attach_url;

typedef struct attach_site attach_site;

/* Whether a node that runs can still be reached. */
typedef struct attach_probe {
    swb__timer *timer;
    swb__http_client *http;
    swb__stream *stream;
    bool busy;
    unsigned misses;
    void (*lost)(void *argument, const char *why);
    void *argument;
    swb_error error; /* of the last miss */
} attach_probe;

typedef struct attach_node {
    attach_site *site;
    size_t index;
    const swb_node_request *request;
    const swb_option_value *row; /* NULL: a service, the local site's own */
    attach_url url;
    attach_url metrics;
    char api_host[ATTACH_TEXT + 2]; /* as it stands in a URL */
    char address[ATTACH_TEXT];      /* for peers */
    uint16_t data_port;
    char *password;
    char *content_dir; /* of the run; the local site's once that is open */
    char *dir_on_node; /* the run's content directory as the node sees it */
    bool has_directory;
    attach_probe probe;
    swb__sampled sampled;
    swb__sampled first; /* of its process, where that is known */
} attach_node;

/* Services, content and completions are those of a local site of the same nodes. */
struct attach_site {
    local_site *local;
    swb_site_events events;
    attach_node *nodes;
    size_t node_count;
    size_t numbers;  /* of contents that were told by holds() */
    swb_done closed; /* of close() */
    void *closed_argument;
};

/* attach_options.c: what a row says. SWB_EINPUT. */
int swb__attach_url(attach_url *out, const char *text, swb_error *error);
/* "10.0.0.5:7000", "[fd00::5]:7000": `host_out` has room for ATTACH_TEXT. SWB_EINPUT. */
int swb__attach_data(char *host_out, uint16_t *port_out, const char *text, swb_error *error);
int swb__attach_check_node(size_t *option_out, const swb_option_value *values,
                           const swb_driver *driver, swb_error *error);
/* The password, "" where none is given; freed by the caller. SWB_EENV, SWB_ENOMEM. */
int swb__attach_password(char **out, const swb_option_value *row, swb_error *error);

/* attach_check.c */
int swb__attach_check(const swb_site_request *request, swb_error *error);

/* attach_node.c */
int swb__attach_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                     const swb_site_events *events, swb_error *error);
void swb__attach_prepare(void *site, size_t node, size_t content, swb_done done, void *argument);
void swb__attach_start(void *site, size_t node, const swb_launch *launch, swb_done done,
                       void *argument);
void swb__attach_close(void *site, swb_done done, void *argument);

/* attach_probe.c: looks every few seconds; `lost` is called once at most. SWB_ENOMEM. */
int swb__attach_probe_start(attach_probe *probe, const attach_node *node,
                            void (*lost)(void *argument, const char *why), void *argument,
                            swb_error *error);
void swb__attach_probe_stop(attach_probe *probe);

#endif
